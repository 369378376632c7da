//! New keys under load: eight busy channels on one connection, every byte compared both ways, across hundreds of key exchanges
//! that the server starts, that we start, by bytes and by time.
//!
//! With `BOWLINE_SOAK=1` three gibibytes go each way instead of a few mebibytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bowline_core::auth::Authenticator;
use bowline_core::auth::secrets::Secrets;
use bowline_core::connection::dial::consent::Consents;
use bowline_core::connection::dial::{DialSettings, Route};
use bowline_core::connection::{Connection, Dialer, Login, Target};
use bowline_core::host::AuthMethod;
use bowline_core::prompt::{Asker, Prompts};
use bowline_core::trust::{TrustPolicy, TrustStore};
use bowline_tests::available;
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::Sshd;
use russh::ChannelMsg;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// As many as a connection carries.
const CHANNELS: u64 = 8;
/// Written at once: what an SSH packet holds.
const WRITE_BYTES: usize = 32 * 1024;
/// Longest time for one channel to say nothing at all; a connection that stalls in a key exchange shows here.
const STALL: Duration = Duration::from_secs(30);
const MIB: u64 = 1024 * 1024;

/// A connection to this sshd, with whatever it needs.
async fn connect(sshd: &Sshd) -> (Arc<Connection>, TempDir) {
    let home = TempDir::with_prefix("rekey-").expect("a home");
    std::fs::write(home.path().join("known_hosts"), sshd.known_hosts()).expect("known_hosts is written");
    let (news, mut told) = mpsc::channel(8);
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    let dialer = Dialer {
        trust: Arc::new(TrustStore::openssh_defaults(home.path())),
        prompts: Prompts::new(news),
        authenticator: Authenticator {
            secrets: Secrets::open(),
            ssh_dir: home.path().to_owned(),
            agent_socket: Some(home.path().join("no-agent")),
        },
        consents: Consents::at(home.path().join("commands.json")),
    };
    let target = Target {
        address: sshd.address().ip().to_string(),
        port: sshd.address().port(),
        user: sshd.user().to_owned(),
        login: Login::Person {
            method: AuthMethod::Key,
            key_path: sshd.client_key_file().to_string_lossy().into_owned(),
            password: None,
            kept_for: None,
            options: Box::default(),
        },
        route: Route::Direct,
        dial: DialSettings::default(),
        pinned_key: None,
        trust: TrustPolicy::default(),
        algorithms: None,
        session: bowline_core::connection::settings::SessionSettings::default(),
        upkeep: bowline_core::connection::settings::Upkeep::default(),
        asker: Asker { host_id: None, host: "soak".into(), address: sshd.address().ip().to_string() },
    };
    let connection = Connection::open(&dialer, target, &|_| {}).await.expect("a connection");
    (connection, home)
}

/// The byte at an offset of a channel's stream: different for each channel, and no two neighbouring blocks are alike.
fn fill(channel: u64, offset: u64, block: &mut [u8]) {
    for (at, eight) in block.chunks_mut(8).enumerate() {
        let word = (channel << 56) ^ (offset / 8 + at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        eight.copy_from_slice(&word.to_le_bytes()[..eight.len()]);
    }
}

/// Sends so many bytes through `cat` on a channel of its own and compares what comes back. The error says what went wrong.
async fn echo(
    connection: Arc<Connection>,
    channel: u64,
    bytes: u64,
    passed: Arc<AtomicU64>,
) -> Result<(), String> {
    let place = connection.reserve().ok_or("no place")?;
    let opened = place.open_channel().await.map_err(|error| error.to_string())?;
    opened.exec(true, "cat").await.map_err(|error| error.to_string())?;
    let (mut reader, writer) = opened.split();
    let mut output = Box::pin(writer.make_writer());
    let ending = Arc::clone(&connection);
    let writing = async move {
        let mut block = vec![0; WRITE_BYTES];
        let mut sent = 0;
        while sent < bytes {
            fill(channel, sent, &mut block);
            tokio::select! {
                written = output.write_all(&block) => written.map_err(|cause| cause.to_string())?,
                cause = ending.ended() => return Err(format!("ended while writing at {sent}: {cause}")),
            }
            sent += block.len() as u64;
        }
        output.shutdown().await.map_err(|cause| cause.to_string())
    };
    let reading = async {
        let mut expected = vec![0; WRITE_BYTES];
        let mut received = 0;
        let mut status = None;
        loop {
            let message =
                timeout(STALL, reader.wait()).await.map_err(|_| format!("stalled at {received}"))?;
            match message {
                Some(ChannelMsg::Data { data }) => {
                    let mut rest = &data[..];
                    while !rest.is_empty() {
                        // Blocks are compared from where their eight bytes begin.
                        let skip = usize::try_from(received % 8).expect("less than eight");
                        let now = rest.len().min(WRITE_BYTES - 8);
                        fill(channel, received - skip as u64, &mut expected);
                        if rest[..now] != expected[skip..skip + now] {
                            return Err(format!("wrong bytes at {received}"));
                        }
                        received += now as u64;
                        passed.fetch_add(now as u64, Ordering::Relaxed);
                        rest = &rest[now..];
                    }
                }
                Some(ChannelMsg::ExitStatus { exit_status }) => status = Some(exit_status),
                Some(_) => {}
                None if received == bytes && status == Some(0) => return Ok(()),
                None => return Err(format!("ended at {received} of {bytes}, status {status:?}")),
            }
        }
    };
    tokio::try_join!(writing, reading).map(|_| ())
}

/// Runs so many busy channels over one connection, and asks for new keys ourselves after so many bytes if wanted.
async fn soak(sshd: &Sshd, name: &str, channels: u64, bytes_each_way: u64, ours_every: Option<u64>) {
    let (connection, _home) = connect(sshd).await;
    let before = connection.key_exchanges();
    let started = Instant::now();
    let passed = Arc::<AtomicU64>::default();
    let each = bytes_each_way / channels / WRITE_BYTES as u64 * WRITE_BYTES as u64;
    let echoes = (0..channels).map(|channel| {
        let (connection, passed) = (Arc::clone(&connection), Arc::clone(&passed));
        tokio::spawn(async move { (channel, echo(connection, channel, each, passed).await) })
    });
    let asking = async {
        let Some(every) = ours_every else { return std::future::pending().await };
        let mut next = every;
        loop {
            while passed.load(Ordering::Relaxed) < next {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            connection.rekey().await;
            next = passed.load(Ordering::Relaxed) + every;
        }
    };
    let outcomes = tokio::select! {
        outcomes = futures::future::join_all(echoes) => outcomes,
        () = asking => unreachable!("it asks for ever"),
    };
    let exchanges = connection.key_exchanges() - before;
    let seconds = started.elapsed().as_secs_f64();
    eprintln!(
        "{name}: {} MiB each way in {seconds:.1} s, {exchanges} key exchanges, {:.1} MiB/s",
        each * channels / MIB,
        (each * channels / MIB) as f64 / seconds,
    );
    let failed: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.expect("no panic"))
        .filter(|(_, result)| result.is_err())
        .collect();
    assert!(failed.is_empty(), "{name}: {failed:?}, {exchanges} exchanges, {}", sshd.log());
    assert!(exchanges > 5, "{name}: only {exchanges} key exchanges");
    connection.close().await;
}

/// How many bytes go each way.
fn amount(short_mib: u64) -> u64 {
    let soak = std::env::var("BOWLINE_SOAK").is_ok_and(|value| value == "1");
    if soak { 3 * 1024 * MIB } else { short_mib * MIB }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_busy_channels_lose_nothing_while_the_server_renews_the_keys() {
    let Some(sshd) = available(Sshd::builder().rekey_limit("256K 5s").start().await) else { return };
    soak(&sshd, "keys by the server every 256 KiB or 5 s", CHANNELS, amount(64), None).await;
}

/// One channel: with two of them busy russh ends some connections at this moment, with three all (`connection/rekey.rs`). So
/// we never ask then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_channel_loses_nothing_while_we_renew_the_keys() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    soak(&sshd, "keys by us every 256 KiB", 1, amount(64), Some(256 * 1024)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_channel_loses_nothing_while_both_sides_renew_the_keys() {
    let Some(sshd) = available(Sshd::builder().rekey_limit("1M 5s").start().await) else { return };
    soak(&sshd, "keys by both sides every 1 MiB", 1, amount(64), Some(MIB)).await;
}

#[tokio::test]
async fn an_idle_connection_lives_across_new_keys_by_time() {
    // As many exchanges as idle hours would bring, with a second in the place of each.
    let Some(sshd) = available(Sshd::builder().rekey_limit("default 1s").start().await) else { return };
    let (connection, _home) = connect(&sshd).await;
    let before = connection.key_exchanges();
    let place = connection.reserve().expect("a place");
    let channel = place.open_channel().await.expect("a channel");
    channel.exec(true, "cat").await.expect("asked");
    let (mut reader, writer) = channel.split();
    let mut output = Box::pin(writer.make_writer());
    eventually("four key exchanges", || connection.key_exchanges() >= before + 4).await;
    output.write_all(b"still here\n").await.expect("written");
    let echoed = timeout(STALL, async {
        loop {
            if let Some(ChannelMsg::Data { data }) = reader.wait().await {
                return data;
            }
        }
    });
    assert_eq!(&echoed.await.expect("in time")[..], b"still here\n");
}
