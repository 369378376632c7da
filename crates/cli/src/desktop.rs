//! `bowline open`: a tab, or the filled-in form of a new host, in the app.
//!
//! The app is started once more with what is wanted, and hands it to the one that runs, if one does. Names and links are
//! looked at here first, so that a typing error is told where it was typed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use bowline_core::engine::headless::Headless;
use bowline_core::engine::links::OPEN;
use bowline_core::host::link::{self, Link};
use bowline_core::prompt::visible_line;

use crate::command::{FAILED, say};
use crate::open::headless;
use crate::resolve::{Spelled, spelled};

/// The app's program, beside ours or on the path.
const APP: &str = "bowline-desktop";
/// A start on a slow disk takes some of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// A start that hands over ends before this; one that waits for the lock of the hosts in vain does so too.
const HANDED_OVER: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

pub async fn run(wanted: String) -> u8 {
    match open(&wanted).await {
        Ok(()) => 0,
        Err(error) => {
            say(&error);
            FAILED
        }
    }
}

async fn open(wanted: &str) -> Result<(), String> {
    let (engine, _) = headless()?;
    let arguments = arguments(&engine, wanted).await?;
    let app =
        app().ok_or_else(|| format!("the app, {APP}, is neither beside this command nor on the PATH"))?;
    let without_display =
        |name: &str| std::env::var_os(name).is_none_or(|value: std::ffi::OsString| value.is_empty());
    if cfg!(target_os = "linux") && ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().all(without_display) {
        return Err("there is no desktop here to open a window on".to_owned());
    }
    let ran_before = engine.app_runs().await;
    let child =
        start(&app, &arguments).map_err(|error| format!("{} did not start: {error}", app.display()))?;
    started(&engine, child, ran_before).await
}

/// What the app is told: a host by its name, or a link.
async fn arguments(engine: &Headless, wanted: &str) -> Result<Vec<String>, String> {
    if link::is_meant(wanted) {
        let link = link::parse(wanted).map_err(|why| format!("the link was not opened: {}", why.reason()))?;
        return Ok(vec![link.text()]);
    }
    let hosts = engine.hosts().await.map_err(|error| error.message)?.hosts;
    let saved = hosts.iter().filter(|host| host.name() == wanted || host.id.0 == wanted).count();
    if saved > 1 {
        return Err(format!("more than one saved host is called {}", visible_line(wanted)));
    }
    let linked = engine.linked().await.map_err(|error| error.message)?.hosts;
    if saved == 1 || linked.iter().any(|host| host.alias == wanted) {
        return Ok(vec![OPEN.to_owned(), wanted.to_owned()]);
    }
    let Spelled { user, name, port } = spelled(wanted)?;
    let link = Link { address: name, port, user: user.unwrap_or_default() }.text();
    match link::parse(&link) {
        Ok(_) => Ok(vec![link]),
        Err(why) => {
            Err(format!("{} is no saved host and no address: {}", visible_line(wanted), why.reason()))
        }
    }
}

fn app() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|this| Some(this.parent()?.join(APP)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path =
        std::env::split_paths(&path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(APP));
    beside.into_iter().chain(on_path).find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// In a process group of its own: Ctrl-C here is no business of the app's.
fn start(app: &Path, arguments: &[String]) -> std::io::Result<Child> {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(app);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0).spawn()
}

/// Waits until the wish is handed over, or until the app that was started has the hosts open.
async fn started(engine: &Headless, mut child: Child, ran_before: bool) -> Result<(), String> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return ended(status),
            Ok(None) if !ran_before && engine.app_runs().await => return Ok(()),
            // The one that ran was about to end, and this one is the app now.
            Ok(None) if start.elapsed() > HANDED_OVER && has_hosts_open(child.id()) => return Ok(()),
            Ok(None) => {}
            Err(error) => return Err(format!("the app was lost: {error}")),
        }
        if start.elapsed() > PATIENCE {
            return Err("the app did not take it on".to_owned());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether a process has the lock file of the hosts open, where the system tells: only the app opens it.
fn has_hosts_open(process: u32) -> bool {
    let Ok(files) = std::fs::read_dir(format!("/proc/{process}/fd")) else {
        return !cfg!(target_os = "linux");
    };
    let is_lock = |path: PathBuf| path.file_name().is_some_and(|name| name == "hosts.lock");
    files.flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(is_lock))
}

fn ended(status: ExitStatus) -> Result<(), String> {
    if status.success() { Ok(()) } else { Err(format!("the app did not start ({status})")) }
}
