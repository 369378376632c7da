//! A gigabyte through a local tunnel beside `ssh -L`, over loopback and with the same cipher. `BENCH_MIB` makes it smaller.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bowline_core::host::AuthMethod;
use bowline_core::host::tunnels::TunnelKind;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::{draft, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{line, median};

const RUNS: usize = 3;
const CIPHER: &str = "aes128-gcm@openssh.com";
/// Time for ssh to listen.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let Some(sshd) = available(Sshd::builder().config_line(&format!("Ciphers {CIPHER}")).start().await)
    else {
        return;
    };
    let mib: usize = std::env::var("BENCH_MIB").ok().and_then(|value| value.parse().ok()).unwrap_or(1024);
    let total = mib * 1024 * 1024;
    let sink = serve(|mut stream| async move {
        let mut buffer = vec![0; 256 * 1024];
        while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        let _ = stream.write_all(b".").await;
    })
    .await;
    let source = serve(move |mut stream| async move {
        let piece = vec![7; 256 * 1024];
        let mut left = total;
        while left > 0 && stream.write_all(&piece[..left.min(piece.len())]).await.is_ok() {
            left -= left.min(piece.len());
        }
        let _ = stream.shutdown().await;
    })
    .await;
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    for (way, target) in [("down", source), ("up", sink)] {
        let (_, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, target)).await;
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("its address");
        let mut ssh = ssh(&sshd, &format!("{free}:{target}"));
        let started = Instant::now();
        while TcpStream::connect(free).await.is_err() {
            assert!(started.elapsed() < PATIENCE, "ssh does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // In turns, so that what else the machine does hits both.
        for _ in 0..RUNS {
            ours.push(once(bound, way, total).await);
            theirs.push(once(free, way, total).await);
        }
        let (ours, theirs) = (median(&ours), median(&theirs));
        let measured = format!("{ours:.0} MB/s, {:.2} x ssh -L ({theirs:.0})", ours / theirs);
        line(&format!("{mib} MiB {way} a local tunnel"), &measured, ">= 0.9 x ssh -L");
        let _ = ssh.kill();
        let _ = ssh.wait();
    }
}

/// Megabytes a second.
async fn once(address: std::net::SocketAddr, way: &str, total: usize) -> f64 {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let started = Instant::now();
    let mut buffer = vec![7; 256 * 1024];
    if way == "down" {
        let mut all = 0;
        loop {
            match stream.read(&mut buffer).await.expect("it goes on") {
                0 => break,
                read => all += read,
            }
        }
        assert_eq!(all, total, "all of it");
    } else {
        let mut left = total;
        while left > 0 {
            let piece = left.min(buffer.len());
            stream.write_all(&buffer[..piece]).await.expect("it goes on");
            left -= piece;
        }
        stream.shutdown().await.expect("the end is sent");
        assert_eq!(stream.read(&mut buffer).await.expect("an answer"), 1);
    }
    total as f64 / 1e6 / started.elapsed().as_secs_f64()
}

fn ssh(sshd: &Sshd, forward: &str) -> std::process::Child {
    let known = sshd.folder().join("known_hosts");
    std::fs::write(&known, sshd.known_hosts()).expect("known_hosts is written");
    let mut command = Command::new("ssh");
    command.args(["-F", "none", "-N", "-oBatchMode=yes", "-oIdentityAgent=none", "-oIdentitiesOnly=yes"]);
    command.arg(format!("-oCiphers={CIPHER}")).arg(format!("-oUserKnownHostsFile={}", known.display()));
    command.arg("-i").arg(sshd.client_key_file()).args(["-L", forward]);
    command.args(["-p", &sshd.address().port().to_string(), "-l", sshd.user()]);
    command.arg(sshd.address().ip().to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("ssh runs")
}
