//! How the web view draws. On Linux without a GPU, WebKit would composite with OpenGL in software: that costs 100 MiB and is
//! no faster than drawing directly.
//!
//! It is told so by its environment, before there is any web view. Told by the settings of a view that is there already, WebKit
//! 2.50 sometimes crashed: the size of the new window reached a compositor that was just being taken away, one time in twenty
//! windows.

/// Has this process run as suits the machine: it starts itself again where WebKit is to be told something.
#[cfg(target_os = "linux")]
pub fn suit() {
    use std::os::unix::process::CommandExt;

    const NO_COMPOSITING: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

    if has_gpu() || std::env::var_os(NO_COMPOSITING).is_some() {
        return;
    }
    let Ok(this) = std::env::current_exe() else { return };
    // It returns only if it failed, and then the app is as good as without.
    let error =
        std::process::Command::new(this).args(std::env::args_os().skip(1)).env(NO_COMPOSITING, "1").exec();
    tracing::warn!(%error, "the web view draws with OpenGL in software");
}

/// Elsewhere the system's web view chooses well by itself.
#[cfg(not(target_os = "linux"))]
pub fn suit() {}

/// A render node is what a GPU driver offers to programs (drm(7)).
#[cfg(target_os = "linux")]
fn has_gpu() -> bool {
    let Ok(nodes) = std::fs::read_dir("/dev/dri") else { return false };
    nodes.flatten().any(|node| node.file_name().to_string_lossy().starts_with("renderD"))
}
