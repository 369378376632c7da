//! A gigabyte from one host to another through us, beside `ssh a cat | ssh b 'cat > f'`, over loopback and with the same cipher.
//! `BENCH_MIB` makes it smaller.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use bowline_core::host::{AuthMethod, HostId};
use bowline_core::pipe::saved::{PipeCommand, PipeDraft};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::memory::Watch;
use bowline_tests::sshd::Sshd;

use super::{line, median, setting};

const RUNS: usize = 3;
const CIPHER: &str = "aes128-gcm@openssh.com";

pub fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let server = async || available(Sshd::builder().config_line(&format!("Ciphers {CIPHER}")).start().await);
    let (Some(a), Some(b)) = (server().await, server().await) else { return };
    let mib = usize::try_from(setting("BENCH_MIB", 1024)).unwrap_or(1024);
    let from = a.folder().join("from");
    let made = Command::new("sh")
        .args(["-c", &format!("head -c {mib}M /dev/urandom > {}", from.display())])
        .status();
    assert!(made.is_ok_and(|status| status.success()), "the file is written");
    let desk = Desk::new().await;
    let known = format!("{}{}", a.known_hosts(), b.known_hosts());
    std::fs::write(desk.ssh_dir().join("known_hosts"), &known).expect("known_hosts is written");
    let hosts = [desk.save(&a, AuthMethod::Key).await, desk.save(&b, AuthMethod::Key).await];
    let known_hosts = a.folder().join("known_hosts");
    std::fs::write(&known_hosts, known).expect("known_hosts is written");
    let (mut ours, mut theirs, mut grown) = (Vec::new(), Vec::new(), 0.0_f64);
    // Both files are written anew each time, in turns, so that what else the machine does hits both.
    for _ in 0..RUNS {
        let to = b.folder().join("ours");
        let memory = Watch::start();
        ours.push(once(&desk, &hosts, &from, &to, mib).await);
        grown = grown.max(memory.grown_mib());
        same(&from, &to);
        let to = b.folder().join("theirs");
        theirs.push(peer(&a, &b, &known_hosts, &from, &to, mib));
        same(&from, &to);
    }
    let (ours, theirs) = (median(&ours), median(&theirs));
    let measured = format!("{ours:.0} MB/s, {:.2} x ssh | ssh ({theirs:.0})", ours / theirs);
    line(&format!("{mib} MiB from host to host"), &measured, ">= 0.9 x ssh a cat | ssh b 'cat > f'");
    line("memory for it", &format!("+{grown:.1} MiB"), "<= 32 MiB");
}

fn rate(mib: usize, since: Instant) -> f64 {
    mib as f64 * 1024.0 * 1024.0 / 1e6 / since.elapsed().as_secs_f64()
}

async fn once(desk: &Desk, hosts: &[HostId; 2], from: &Path, to: &Path, mib: usize) -> f64 {
    let command = |host: &HostId, line: String| PipeCommand { host_id: host.clone(), line, tee: None };
    let draft = PipeDraft {
        commands: vec![
            command(&hosts[0], format!("cat {}", from.display())),
            command(&hosts[1], format!("cat > {}", to.display())),
        ],
        ..PipeDraft::default()
    };
    let started = Instant::now();
    // The dials are in both figures.
    let id = desk.pipe(draft).await;
    loop {
        let view = desk.pipe_view(id).await;
        if !view.running {
            assert!(view.well, "{view:?}");
            return rate(mib, started);
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// A shell's pipe of two clients.
fn peer(a: &Sshd, b: &Sshd, known: &Path, from: &Path, to: &Path, mib: usize) -> f64 {
    let ssh = |sshd: &Sshd| {
        format!(
            "ssh -F none -oBatchMode=yes -oIdentityAgent=none -oIdentitiesOnly=yes -oCiphers={CIPHER} \
             -oUserKnownHostsFile={} -i {} -p {} -l {} {}",
            known.display(),
            sshd.client_key_file().display(),
            sshd.address().port(),
            sshd.user(),
            sshd.address().ip()
        )
    };
    let shell = format!("{} cat {} | {} 'cat > {}'", ssh(a), from.display(), ssh(b), to.display());
    let started = Instant::now();
    let ran = Command::new("sh").args(["-c", &shell]).stdin(Stdio::null()).status();
    assert!(ran.is_ok_and(|status| status.success()), "{shell}");
    rate(mib, started)
}

fn same(one: &Path, other: &Path) {
    let same = Command::new("cmp").arg(one).arg(other).status();
    assert!(same.is_ok_and(|status| status.success()), "other bytes");
}
