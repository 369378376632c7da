//! How the web view draws. On Linux without a GPU, WebKit would composite with OpenGL in software: that costs 100 MiB and is
//! no faster than drawing directly.

use tauri::WebviewWindow;

/// Chooses what suits this machine.
#[cfg(target_os = "linux")]
pub fn suit(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

    if has_gpu() {
        return Ok(());
    }
    window.with_webview(|view| {
        if let Some(settings) = view.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}

/// Elsewhere the system's web view chooses well by itself.
#[cfg(not(target_os = "linux"))]
pub fn suit(_: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// A render node is what a GPU driver offers to programs (drm(7)).
#[cfg(target_os = "linux")]
fn has_gpu() -> bool {
    let Ok(nodes) = std::fs::read_dir("/dev/dri") else { return false };
    nodes.flatten().any(|node| node.file_name().to_string_lossy().starts_with("renderD"))
}
