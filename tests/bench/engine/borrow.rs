//! How soon a command runs on a connection that the app holds already: `bowline ssh host true` beside `ssh` on a master's
//! connection (ControlPath) and beside both without one, on loopback and 50 ms away.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bowline_core::exec::ExecRequest;
use bowline_core::host::HostId;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::fault_proxy::{Direction, FaultProxy};
use bowline_tests::sshd::Sshd;

use super::{line, median};

const RUNS: usize = 15;
/// Where the command looks for the app's things, below the folder for data.
const APP: &str = "dev.bowline.desktop";

pub fn run() {
    let Some(command) = command() else {
        println!("  borrowed connections: skipped, `cargo build --release -p bowline-cli` makes the command");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for far in [Duration::ZERO, Duration::from_millis(25)] {
        runtime.block_on(measure(&command, far));
    }
}

/// The command of the same build: it lies beside the folder of this program.
fn command() -> Option<PathBuf> {
    let this = std::env::current_exe().ok()?;
    Some(this.parent()?.parent()?.join("bowline")).filter(|path| path.exists())
}

async fn measure(command: &Path, one_way: Duration) {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    let home = desk.ssh_dir().parent().expect("a home").to_owned();
    let port = proxy.address().port().to_string();
    let known = sshd.known_hosts().replace(&sshd.address().port().to_string(), &port);
    std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("known_hosts is written");
    let config = format!(
        "Host far\n  HostName 127.0.0.1\n  Port {port}\n  User {}\n  IdentityFile {}\n  IdentitiesOnly yes\n  IdentityAgent none\n  HashKnownHosts no\n  \
         UserKnownHostsFile {}\n",
        sshd.user(),
        sshd.client_key_file().display(),
        desk.ssh_dir().join("known_hosts").display()
    );
    let file = desk.ssh_dir().join("config");
    std::fs::write(&file, config).expect("the config is written");
    let data = home.join("share");
    std::fs::create_dir_all(data.join(APP)).expect("a folder for data");
    desk.engine.lend(&data.join(APP)).await;
    let far = HostId("config:far".to_owned());
    // What nobody uses is given up after a while; an app lends while a terminal is open.
    let _terminal = desk.engine.exec(&far, ExecRequest::command("sleep 600")).await.expect("it runs");
    let master = home.join("master");
    let control = format!("-oControlPath={}", master.display());
    let config = file.display().to_string();
    let held = ["-F", &config, "-fNM", &control, "far"];
    assert!(start("ssh", &held, &home, &data).status().is_ok_and(|status| status.success()), "a master");

    proxy.delay(Direction::ToServer, one_way);
    proxy.delay(Direction::ToClient, one_way);
    let command = command.display().to_string();
    let ways: [(&str, &str, Vec<&str>); 4] = [
        ("bowline ssh, borrowed", &command, vec!["ssh", "far", "true"]),
        ("ssh, ControlPath", "ssh", vec!["-F", &config, &control, "far", "true"]),
        ("bowline ssh, its own", &command, vec!["ssh", "-oBowlineBorrow=no", "far", "true"]),
        ("ssh, its own", "ssh", vec!["-F", &config, "far", "true"]),
    ];
    let mut took: Vec<Vec<f64>> = vec![Vec::new(); ways.len()];
    for _ in 0..RUNS {
        for ((name, program, args), took) in ways.iter().zip(&mut took) {
            let started = Instant::now();
            let ran = tokio::task::block_in_place(|| start(program, args, &home, &data).status());
            took.push(started.elapsed().as_secs_f64() * 1e3);
            assert!(ran.is_ok_and(|status| status.success()), "{name}");
        }
    }
    let stopped = start("ssh", &["-F", &config, "-Oexit", &control, "far"], &home, &data)
        .stderr(Stdio::null())
        .status();
    assert!(stopped.is_ok_and(|status| status.success()), "the master ends");
    let figures: Vec<String> =
        ways.iter().zip(&took).map(|((name, ..), took)| format!("{name} {:.0} ms", median(took))).collect();
    line(
        &format!("`true` on a host {} ms away", one_way.as_millis() * 2),
        &figures.join(", "),
        "one round trip when borrowed",
    );
}

fn start(program: &str, args: &[&str], home: &Path, data: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env("HOME", home)
        .env("XDG_DATA_HOME", data)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}
