//! Servers that break the protocol on purpose, before, during and after the login. Each ends with a message of ours or is
//! survived, in bounded memory, without a panic, within half a minute.

use std::future::Future;
use std::io;
use std::time::Duration;

use bowline_core::connection::state::ConnectionState;
use bowline_core::error::{ErrorCode, Problem};
use bowline_core::host::AuthMethod;
use bowline_core::host::HostDraft;
use bowline_core::prompt::{Answer, Question};
use bowline_core::terminal::state::TerminalEnd;
use bowline_tests::desk::{Desk, Screen, at, trusting};
use bowline_tests::memory::Watch;
use bowline_tests::raw_ssh::{Message, Offer, RawPeer, RawServer, SHELL, Shape, msg};
use tokio::time::{Instant, timeout};

/// By how much memory may grow for one hostile server.
const MEMORY_MIB: f64 = 16.0;
/// How long one may keep us.
const TIME: Duration = Duration::from_secs(30);

/// A desk that trusts what it meets, and a terminal that is opened at this server.
struct Meeting {
    desk: Desk,
    watch: Watch,
    _server: RawServer,
    host: bowline_core::host::HostId,
}

impl Meeting {
    async fn with<F, S>(script: S) -> Meeting
    where
        S: Fn(RawPeer) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let server = RawServer::start(script).await;
        let desk = Desk::new().await;
        desk.answer_with("secret");
        let draft = HostDraft { auth: AuthMethod::Password, ..at(server.address()) };
        let host = desk.save_draft(draft).await;
        Meeting { desk, watch: Watch::start(), _server: server, host }
    }

    /// Meets a server with which no shell comes about.
    async fn fails(&self) -> Problem {
        let problem = timeout(TIME, self.ends()).await.expect("within the time");
        self.watch.check(MEMORY_MIB);
        let down = self.desk.states(&self.host);
        assert!(
            down.iter()
                .any(|state| matches!(state, ConnectionState::Down { .. } | ConnectionState::Halted { .. })),
            "{down:?}"
        );
        problem
    }

    async fn ends(&self) -> Problem {
        let screen = self.desk.open(&self.host).await;
        match ended(&screen).await {
            TerminalEnd::Failed { problem } => problem,
            other => panic!("it was to fail, but {other:?}"),
        }
    }

    /// Meets a server that goes on after it did its worst: what it says last is shown.
    async fn survives(&self, last: &str) -> Screen<'_> {
        let screen = self.desk.open(&self.host).await;
        timeout(TIME, screen.shows(last)).await.expect("within the time");
        self.watch.check(MEMORY_MIB);
        screen
    }
}

/// The end of a terminal, or the loss of its connection, however long it takes.
async fn ended(screen: &Screen<'_>) -> TerminalEnd {
    loop {
        if let Ok(end) = timeout(Duration::from_secs(15), screen.gone()).await {
            return end;
        }
    }
}

/// A message to send, given the client's number of the shell's channel.
type Wrong = Box<dyn Fn(u32) -> Message + Send + Sync>;

fn is_control_free(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn data(channel: u32, text: impl AsRef<[u8]>) -> Message {
    Message::of(msg::CHANNEL_DATA).u32(channel).string(text)
}

/// Logs anybody in and gives a shell.
async fn shell(peer: &mut RawPeer) -> io::Result<u32> {
    peer.key_exchange().await?;
    peer.accept_login().await?;
    peer.accept_shell().await
}

#[tokio::test]
async fn the_kit_s_own_server_is_a_server_when_it_behaves() {
    let meeting = Meeting::with(|mut peer| async move {
        let channel = shell(&mut peer).await?;
        peer.send(data(channel, "hello from a raw server")).await?;
        peer.send(Message::of(msg::CHANNEL_REQUEST).u32(channel).string("exit-status").bool(false).u32(44))
            .await?;
        peer.send(Message::of(msg::CHANNEL_CLOSE).u32(channel)).await?;
        peer.serve().await
    })
    .await;
    let screen = meeting.survives("hello from a raw server").await;
    assert_eq!(screen.end().await, TerminalEnd::Exited { status: 44 });
}

#[tokio::test]
async fn silence_in_each_phase_is_left_within_its_time() {
    let phases = ["connected", "identified", "exchanging keys", "encrypted", "logging in"];
    let mut meetings = Vec::new();
    for (number, phase) in phases.into_iter().enumerate() {
        let meeting = Meeting::with(move |mut peer| async move {
            if number > 0 {
                peer.identify().await?;
            }
            if number > 1 {
                peer.negotiate(&Offer::default()).await?;
                let client = peer.ephemeral().await?;
                if number > 2 {
                    peer.finish_key_exchange(&client).await?;
                }
            }
            if number > 3 {
                peer.accept_service().await?;
            }
            std::future::pending().await
        });
        meetings.push((phase, meeting.await));
    }
    // All at once, because each takes its time.
    let watch = Watch::start();
    let started = Instant::now();
    let leaving = meetings.iter().map(async |(phase, meeting)| {
        let problem = meeting.ends().await;
        assert_eq!(problem.code, ErrorCode::SilentServer, "{phase}: {}", problem.message);
        // The time for the login begins when the keys are agreed on.
        assert!(started.elapsed() < TIME + Duration::from_secs(5), "{phase}: {:?}", started.elapsed());
    });
    futures::future::join_all(leaving).await;
    watch.check(MEMORY_MIB);
}

#[tokio::test]
async fn packets_of_wrong_lengths_end_the_key_exchange() {
    for shape in [
        Shape::Length(1 << 31),
        Shape::Length(u32::MAX),
        Shape::Length(300 * 1024),
        Shape::Length(0),
        Shape::Length(1),
        Shape::Padding(255),
    ] {
        let meeting = Meeting::with(move |mut peer| async move {
            peer.identify().await?;
            peer.send_shaped(Message::of(msg::KEXINIT).raw(&[0; 16]), shape).await?;
            peer.writer.send_bytes(&[0; 4096]).await?;
            peer.reader.drain().await
        })
        .await;
        let problem = meeting.fails().await;
        let codes = [ErrorCode::Protocol, ErrorCode::ClosedInHandshake];
        assert!(codes.contains(&problem.code), "{shape:?}: {problem:?}");
    }
}

#[tokio::test]
async fn packets_of_wrong_lengths_end_the_session() {
    for shape in [
        Shape::Length(1 << 31),
        Shape::Length(300 * 1024),
        Shape::Length(0),
        Shape::Length(5),
        Shape::Padding(255),
        Shape::Tampered,
    ] {
        let meeting = Meeting::with(move |mut peer| async move {
            let channel = shell(&mut peer).await?;
            peer.send_shaped(data(channel, "x"), shape).await?;
            peer.writer.send_bytes(&[0; 4096]).await?;
            peer.reader.drain().await
        })
        .await;
        let problem = meeting.fails().await;
        assert_eq!(problem.code, ErrorCode::ConnectionLost, "{shape:?}: {}", problem.message);
    }
}

#[tokio::test]
async fn degenerate_points_of_curve25519_end_the_key_exchange() {
    // Of order 1, 2 and 8 (RFC 7748, section 6.1): the shared secret is all zeros, whatever ours is.
    let of_order_eight: [u8; 32] = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ];
    let mut one = vec![0; 32];
    one[0] = 1;
    for point in [vec![0; 32], one, of_order_eight.to_vec(), Vec::new(), vec![9; 31], vec![9; 33]] {
        let public = point.clone();
        let meeting = Meeting::with(move |mut peer| {
            let public = public.clone();
            async move {
                peer.identify().await?;
                peer.negotiate(&Offer::default()).await?;
                let client = peer.ephemeral().await?;
                let reply = peer.reply(&client, Message::default().string(public), &[]);
                peer.send(reply).await?;
                peer.reader.drain().await
            }
        })
        .await;
        let problem = meeting.fails().await;
        assert_eq!(problem.code, ErrorCode::Protocol, "{point:?}: {}", problem.message);
        assert!(meeting.desk.questions().is_empty(), "nobody was asked to trust it");
    }
}

#[tokio::test]
async fn degenerate_values_of_diffie_hellman_end_the_key_exchange() {
    // The prime of group 14 (RFC 3526, section 3), less one.
    let mut prime_less_one = from_hex(GROUP_14);
    *prime_less_one.last_mut().expect("256 bytes") -= 1;
    // With 0 the shared secret is 0, with 1 it is 1, with p-1 it is 1 or p-1: the signature is right for the first two.
    for (public, shared) in [(vec![0], vec![0]), (vec![1], vec![1]), (prime_less_one, vec![1])] {
        let value = public.clone();
        let meeting = Meeting::with(move |mut peer| {
            let (public, shared) = (value.clone(), shared.clone());
            async move {
                peer.identify().await?;
                let offer =
                    Offer { key_exchange: "diffie-hellman-group14-sha256".into(), ..Offer::default() };
                peer.negotiate(&offer).await?;
                let client = peer.ephemeral().await?;
                let public = Message::default().mpint(&public);
                let reply = peer.reply(&client, public.clone(), &shared);
                peer.send(reply).await?;
                peer.new_keys(&client, &public.into_bytes(), &shared).await?;
                peer.accept_login().await?;
                peer.serve().await
            }
        })
        .await;
        let problem = meeting.fails().await;
        let codes = [ErrorCode::Protocol, ErrorCode::NoCommonAlgorithm];
        assert!(codes.contains(&problem.code), "{:?}: {}", public.len(), problem.message);
        assert!(meeting.desk.questions().is_empty(), "nobody was asked to trust it");
    }
}

#[tokio::test]
async fn degenerate_groups_end_the_key_exchange() {
    let even: Vec<u8> = [vec![0x80], vec![0; 511]].concat();
    for (prime, generator) in [
        (vec![0], vec![2]),
        (vec![1], vec![1]),
        (vec![5], vec![2]),
        (even.clone(), vec![0]),
        (even, vec![1]),
        (vec![0xff; 8192], vec![2]),
    ] {
        let size = prime.len();
        let meeting = Meeting::with(move |mut peer| {
            let (prime, generator) = (prime.clone(), generator.clone());
            async move {
                peer.identify().await?;
                let offer =
                    Offer { key_exchange: "diffie-hellman-group-exchange-sha256".into(), ..Offer::default() };
                peer.negotiate(&offer).await?;
                // SSH_MSG_KEX_DH_GEX_REQUEST and _GROUP (RFC 4419, section 5).
                peer.expect(34).await?;
                peer.send(Message::of(31).mpint(&prime).mpint(&generator)).await?;
                // SSH_MSG_KEX_DH_GEX_INIT, if it comes to that, and a reply that is signed by nobody.
                peer.expect(32).await?;
                peer.send(Message::of(33).string("").mpint(&[1]).string("")).await?;
                peer.reader.drain().await
            }
        })
        .await;
        let problem = meeting.fails().await;
        let codes = [ErrorCode::Protocol, ErrorCode::NoCommonAlgorithm, ErrorCode::SilentServer];
        assert!(codes.contains(&problem.code), "{size}: {}", problem.message);
    }
}

#[tokio::test]
async fn messages_before_new_keys_end_a_strict_key_exchange() {
    // The Terrapin attack (CVE-2023-48795) hides such messages; with strict key exchange any of them is the end.
    let injected = [
        Message::of(msg::IGNORE).string(""),
        Message::of(msg::DEBUG).bool(true).string("x").string(""),
        Message::of(msg::UNIMPLEMENTED).u32(0),
        Message::of(msg::EXT_INFO).u32(0),
        Message::of(msg::USERAUTH_SUCCESS),
        Message::of(msg::CHANNEL_OPEN).string("session").u32(0).u32(0).u32(0),
    ];
    for (number, message) in injected.into_iter().enumerate() {
        for before_kexinit in [true, false] {
            let message = message.clone();
            let meeting = Meeting::with(move |mut peer| {
                let message = message.clone();
                async move {
                    peer.identify().await?;
                    if before_kexinit {
                        peer.send(message.clone()).await?;
                    }
                    peer.negotiate(&Offer::default()).await?;
                    let client = peer.ephemeral().await?;
                    if !before_kexinit {
                        peer.send(message).await?;
                    }
                    peer.finish_key_exchange(&client).await?;
                    peer.accept_login().await?;
                    peer.serve().await
                }
            })
            .await;
            let problem = meeting.fails().await;
            let codes = [ErrorCode::Protocol, ErrorCode::ClosedInHandshake];
            assert!(codes.contains(&problem.code), "{number}, {before_kexinit}: {problem:?}");
            assert!(meeting.desk.questions().is_empty(), "{number}: somebody was asked to trust it");
        }
    }
}

#[tokio::test]
async fn compression_is_not_offered_so_there_are_no_bombs() {
    let meeting = Meeting::with(|mut peer| async move {
        peer.identify().await?;
        peer.negotiate(&Offer { compression: "zlib,zlib@openssh.com".into(), ..Offer::default() }).await?;
        let offers = peer.client_offers();
        // Lists 6 and 7 of RFC 4253, section 7.1.
        assert_eq!(&offers[6..8], ["none", "none"]);
        peer.reader.drain().await
    })
    .await;
    let problem = meeting.fails().await;
    assert_eq!(problem.code, ErrorCode::NoCommonAlgorithm, "{}", problem.message);
    assert_eq!(problem.params["kind"], "Compression");
}

#[tokio::test]
async fn a_flood_before_the_login_ends_at_a_bounded_number_of_bytes() {
    for flood in [
        Message::of(msg::IGNORE).string([0; 1000]),
        Message::of(msg::USERAUTH_BANNER).string("please wait\r\n".repeat(80)).string(""),
        Message::of(msg::USERAUTH_FAILURE).string("password").bool(false),
    ] {
        let meeting = Meeting::with(move |mut peer| {
            let flood = flood.clone();
            async move {
                peer.key_exchange().await?;
                peer.accept_service().await?;
                peer.writer.flood(flood, 1_000_000).await?;
                peer.reader.drain().await
            }
        })
        .await;
        // Nobody answers the question for the password: the flood alone has to end it.
        meeting.desk.answer(|prompt| match &prompt.question {
            Question::Password { .. } => None,
            _ => Some(trusting(prompt, "")),
        });
        let problem = meeting.fails().await;
        assert!(problem.code != ErrorCode::SilentServer, "{}", problem.message);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_ignored_messages_after_the_login_are_survived() {
    let times = 1_000_000;
    let meeting = Meeting::with(move |mut peer| async move {
        let channel = shell(&mut peer).await?;
        peer.writer.flood(Message::of(msg::IGNORE).string("x"), times).await?;
        peer.writer.flood(Message::of(msg::DEBUG).bool(true).string("\u{1b}[2J").string(""), 10_000).await?;
        peer.send(data(channel, "after the flood")).await?;
        peer.serve().await
    })
    .await;
    let screen = meeting.desk.open(&meeting.host).await;
    let started = Instant::now();
    while !screen.text().contains("after the flood") {
        assert!(started.elapsed() < 4 * TIME, "{:?}", screen.text());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eprintln!("{times} messages in {:?}, {:.1} MiB", started.elapsed(), meeting.watch.grown_mib());
    meeting.watch.check(MEMORY_MIB);
    assert!(!screen.text().contains('\u{1b}'), "a debug message was shown");
}

#[tokio::test]
async fn channels_that_the_server_opens_are_refused_however_many() {
    let meeting = Meeting::with(|mut peer| async move {
        let channel = shell(&mut peer).await?;
        let (mut reader, mut writer) = (peer.reader, peer.writer);
        let refusals = tokio::spawn(async move {
            let mut refused = 0;
            while refused < 2100 {
                let message = reader.receive().await?;
                assert_ne!(message.first(), Some(&msg::CHANNEL_OPEN_CONFIRMATION), "it was accepted");
                refused += usize::from(message.first() == Some(&msg::CHANNEL_OPEN_FAILURE));
            }
            Ok::<_, io::Error>(reader)
        });
        let kinds = [
            Message::default().string("session"),
            Message::default().string("auth-agent@openssh.com"),
            Message::default().string("x11"),
            Message::default().string("forwarded-tcpip"),
            Message::default().string("forwarded-streamlocal@openssh.com"),
            Message::default().string("direct-tcpip"),
            Message::default().string("\u{1b}[31mno-such-channel\u{202e}"),
        ];
        for kind in kinds {
            let open = Message::of(msg::CHANNEL_OPEN).raw(&kind.clone().into_bytes());
            let open = open.u32(9).u32(1 << 20).u32(1 << 15);
            let name = kind.into_bytes();
            let open = match &name[4..] {
                b"x11" => open.string("::1").u32(1),
                b"forwarded-tcpip" | b"direct-tcpip" => open.string("h").u32(1).string("o").u32(2),
                b"forwarded-streamlocal@openssh.com" => open.string("/s").string(""),
                _ => open,
            };
            writer.flood(open, 300).await?;
        }
        let mut reader = refusals.await.expect("no panic")?;
        writer.send(data(channel, "all refused")).await?;
        reader.drain().await
    })
    .await;
    meeting.survives("all refused").await;
}

#[tokio::test]
async fn more_data_than_the_window_allows_is_bounded() {
    // 8 MiB into a window of 512 KiB, without a look at how it opens.
    let meeting = Meeting::with(|mut peer| async move {
        let channel = shell(&mut peer).await?;
        let (mut reader, mut writer) = (peer.reader, peer.writer);
        let reading = tokio::spawn(async move { reader.drain().await });
        writer.flood(data(channel, [0x07; 32 * 1024]), 8 * 32).await?;
        writer.send(data(channel, "still here")).await?;
        reading.await.expect("no panic")
    })
    .await;
    // The desk keeps what is shown: 8 MiB, twice while its store grows. Up to 4 MiB wait in the channel's queue.
    let screen = meeting.desk.open(&meeting.host).await;
    timeout(TIME, async {
        while !screen.bytes().ends_with(b"still here") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("all of it is shown");
    meeting.watch.check(MEMORY_MIB + 20.0);
}

#[tokio::test]
async fn windows_of_more_than_four_gigabytes_are_no_matter() {
    let meeting = Meeting::with(|mut peer| async move {
        let channel = shell(&mut peer).await?;
        let adjust = |by: u32| Message::of(msg::CHANNEL_WINDOW_ADJUST).u32(channel).u32(by);
        peer.writer.flood(adjust(u32::MAX), 1000).await?;
        peer.send(data(channel, "ready")).await?;
        let typed = peer.expect(msg::CHANNEL_DATA).await?;
        peer.send(data(channel, format!("got {}", String::from_utf8_lossy(&typed[9..])))).await?;
        peer.serve().await
    })
    .await;
    let screen = meeting.survives("ready").await;
    screen.type_in("still typing").await;
    screen.shows("got still typing").await;
    meeting.watch.check(MEMORY_MIB);
}

#[tokio::test]
async fn endless_global_requests_are_answered_in_bounded_memory() {
    let meeting = Meeting::with(|mut peer| async move {
        let channel = shell(&mut peer).await?;
        let (mut reader, mut writer) = (peer.reader, peer.writer);
        let reading = tokio::spawn(async move { reader.drain().await });
        writer
            .flood(Message::of(msg::GLOBAL_REQUEST).string("no-such@example.com").bool(true), 20_000)
            .await?;
        writer
            .flood(Message::of(msg::GLOBAL_REQUEST).string("keepalive@openssh.com").bool(true), 20_000)
            .await?;
        writer.flood(Message::of(msg::REQUEST_SUCCESS), 1000).await?;
        writer.send(data(channel, "enough")).await?;
        reading.await.expect("no panic")
    })
    .await;
    meeting.survives("enough").await;
}

#[tokio::test]
async fn global_requests_whose_answers_nobody_reads_end_with_the_connection() {
    // Our answers fill the socket, so we stop reading; the watcher sees silence with an answer due.
    let meeting = Meeting::with(|mut peer| async move {
        shell(&mut peer).await?;
        peer.take_little()?;
        let request = Message::of(msg::GLOBAL_REQUEST).string("keepalive@openssh.com").bool(true);
        peer.writer.flood(request, 100_000_000).await
    })
    .await;
    let problem = meeting.fails().await;
    assert_eq!(problem.code, ErrorCode::ConnectionSilent, "{}", problem.message);
}

#[tokio::test]
async fn messages_that_make_no_sense_after_the_login_end_it_or_are_passed_over() {
    let exit_status =
        |channel| Message::of(msg::CHANNEL_REQUEST).u32(channel).string("exit-status").bool(false);
    let wrong: Vec<(&str, Wrong)> = vec![
        ("data for an unknown channel", Box::new(|_| data(4711, "x"))),
        (
            "a confirmation that nobody asked for",
            Box::new(|_| Message::of(msg::CHANNEL_OPEN_CONFIRMATION).u32(4711).u32(0).u32(0).u32(0)),
        ),
        (
            "a second confirmation",
            Box::new(|channel| {
                Message::of(msg::CHANNEL_OPEN_CONFIRMATION).u32(channel).u32(SHELL).u32(0).u32(0)
            }),
        ),
        (
            "a refusal of an open channel",
            Box::new(|channel| {
                Message::of(msg::CHANNEL_OPEN_FAILURE).u32(channel).u32(2).string("\u{1b}[2J").string("")
            }),
        ),
        ("a short exit status", Box::new(move |channel| exit_status(channel).raw(&[0, 0]))),
        ("a long exit status", Box::new(move |channel| exit_status(channel).u32(0).u32(0))),
        (
            "an exit signal without its fields",
            Box::new(|channel| {
                Message::of(msg::CHANNEL_REQUEST).u32(channel).string("exit-signal").bool(false)
            }),
        ),
        (
            "a request of 100 kB",
            Box::new(|channel| {
                Message::of(msg::CHANNEL_REQUEST).u32(channel).string(vec![b'x'; 100_000]).bool(true)
            }),
        ),
        ("a login after the login", Box::new(|_| Message::of(msg::USERAUTH_SUCCESS))),
        (
            "questions after the login",
            Box::new(|_| {
                Message::of(msg::USERAUTH_INFO_REQUEST).string("").string("").string("").u32(u32::MAX)
            }),
        ),
        ("a service after the login", Box::new(|_| Message::of(msg::SERVICE_ACCEPT).string("ssh-userauth"))),
        ("new keys without an exchange", Box::new(|_| Message::of(msg::NEWKEYS))),
        (
            "a reply without an exchange",
            Box::new(|_| Message::of(msg::KEXDH_REPLY).string("").string("").string("")),
        ),
        ("an empty KEXINIT", Box::new(|_| Message::of(msg::KEXINIT))),
        ("an unknown message", Box::new(|_| Message::of(192).raw(&[0; 100]))),
        ("message number 0", Box::new(|_| Message::of(0))),
        ("no message at all", Box::new(|_| Message::default())),
        ("data without a text", Box::new(|channel| Message::of(msg::CHANNEL_DATA).u32(channel))),
        (
            "data that claims 4 GiB",
            Box::new(|channel| Message::of(msg::CHANNEL_DATA).u32(channel).u32(u32::MAX).raw(b"x")),
        ),
        ("an EXT_INFO that claims 4 Gi extensions", Box::new(|_| Message::of(msg::EXT_INFO).u32(u32::MAX))),
        (
            "host keys that are none",
            Box::new(|_| {
                Message::of(msg::GLOBAL_REQUEST)
                    .string("hostkeys-00@openssh.com")
                    .bool(false)
                    .string([0; 5000])
                    .u32(9)
            }),
        ),
    ];
    for (what, message) in wrong {
        let message = std::sync::Arc::new(message);
        let meeting = Meeting::with(move |mut peer| {
            let message = std::sync::Arc::clone(&message);
            async move {
                let channel = shell(&mut peer).await?;
                peer.send(message(channel)).await?;
                peer.send(data(channel, "and on it goes")).await?;
                peer.serve().await
            }
        })
        .await;
        let screen = meeting.desk.open(&meeting.host).await;
        let outcome = timeout(TIME, async {
            tokio::select! {
                end = ended(&screen) => Some(end),
                () = screen.shows("and on it goes") => None,
            }
        });
        match outcome.await.unwrap_or_else(|_| panic!("{what}: neither an end nor a life")) {
            Some(TerminalEnd::Failed { problem }) => {
                assert!(is_control_free(&problem.message), "{what}: {:?}", problem.message);
                eprintln!("{what}: {}", problem.message);
            }
            Some(other) => eprintln!("{what}: {other:?}"),
            None => eprintln!("{what}: passed over"),
        }
        meeting.watch.check(MEMORY_MIB);
    }
}

#[tokio::test]
async fn a_channel_that_is_closed_twice_is_closed_once() {
    let meeting = Meeting::with(|mut peer| async move {
        let channel = shell(&mut peer).await?;
        peer.writer.flood(Message::of(msg::CHANNEL_CLOSE).u32(channel), 1000).await?;
        peer.writer.flood(Message::of(msg::CHANNEL_EOF).u32(channel), 1000).await?;
        peer.writer.flood(data(channel, "after the end"), 1000).await?;
        // A second terminal shows that the connection lives.
        let channel = peer.accept_shell().await?;
        peer.send(data(channel, "the second lives")).await?;
        peer.serve().await
    })
    .await;
    let first = meeting.desk.open(&meeting.host).await;
    assert_eq!(first.end().await, TerminalEnd::Closed);
    meeting.survives("the second lives").await;
    assert!(!first.text().contains("after the end"));
}

#[tokio::test]
async fn a_banner_with_escape_sequences_is_shown_as_text() {
    let meeting = Meeting::with(|mut peer| async move {
        peer.key_exchange().await?;
        peer.accept_service().await?;
        let banner = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}Welcome\u{9b}31m";
        peer.send(Message::of(msg::USERAUTH_BANNER).string(banner).string("")).await?;
        peer.send(Message::of(msg::USERAUTH_SUCCESS)).await?;
        let channel = peer.accept_shell().await?;
        peer.send(data(channel, "a shell")).await?;
        peer.serve().await
    })
    .await;
    let screen = meeting.survives("a shell").await;
    let text = screen.text();
    assert!(text.contains("Welcome"), "{text:?}");
    for control in ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'] {
        assert!(!text.contains(control), "{control:?} in {text:?}");
    }
}

#[tokio::test]
async fn prompts_with_escape_sequences_reach_the_person_as_text() {
    let meeting = Meeting::with(|mut peer| async move {
        peer.key_exchange().await?;
        peer.accept_service().await?;
        peer.send(Message::of(msg::USERAUTH_FAILURE).string("keyboard-interactive").bool(false)).await?;
        peer.expect(msg::USERAUTH_REQUEST).await?;
        let evil = "\u{1b}[2J\u{202e}Code\r\n\u{7}";
        let ask = Message::of(msg::USERAUTH_INFO_REQUEST).string(evil).string(evil).string("").u32(1);
        peer.send(ask.string(evil).bool(true)).await?;
        peer.expect(msg::USERAUTH_INFO_RESPONSE).await?;
        peer.send(Message::of(msg::USERAUTH_SUCCESS)).await?;
        let channel = peer.accept_shell().await?;
        peer.send(data(channel, "a shell")).await?;
        peer.serve().await
    })
    .await;
    meeting.survives("a shell").await;
    let asked = meeting.desk.questions();
    let question = asked.iter().find_map(|prompt| match &prompt.question {
        Question::Interactive { name, instructions, fields, .. } => Some((name, instructions, fields)),
        _ => None,
    });
    let (name, instructions, fields) = question.expect("the person was asked");
    for text in [name, instructions, &fields[0].text] {
        assert!(text.contains("Code"), "{text:?}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    }
}

#[tokio::test]
async fn prompts_without_number_or_end_are_left() {
    // Number of prompts claimed, prompts sent, rounds.
    for (claimed, sent, length, rounds) in
        [(u32::MAX, 1, 10, 1), (20_000, 20_000, 1, 1), (1, 1, 200_000, 1), (0, 0, 0, 1000), (1, 1, 10, 1000)]
    {
        let meeting = Meeting::with(move |mut peer| async move {
            peer.key_exchange().await?;
            peer.accept_service().await?;
            peer.send(Message::of(msg::USERAUTH_FAILURE).string("keyboard-interactive").bool(false)).await?;
            peer.expect(msg::USERAUTH_REQUEST).await?;
            for _ in 0..rounds {
                let mut ask =
                    Message::of(msg::USERAUTH_INFO_REQUEST).string("").string("").string("").u32(claimed);
                for _ in 0..sent {
                    ask = ask.string("?".repeat(length)).bool(false);
                }
                peer.send(ask).await?;
                peer.expect(msg::USERAUTH_INFO_RESPONSE).await?;
            }
            peer.send(Message::of(msg::USERAUTH_FAILURE).string("keyboard-interactive").bool(false)).await?;
            peer.reader.drain().await
        })
        .await;
        meeting.desk.answer(|prompt| match &prompt.question {
            Question::Interactive { fields, .. } if fields.iter().any(|field| field.text.len() > 1000) => {
                Some(Answer::Cancel)
            }
            _ => Some(trusting(prompt, "x")),
        });
        let started = Instant::now();
        let screen = meeting.desk.open(&meeting.host).await;
        let end = timeout(TIME, ended(&screen)).await.expect("within the time");
        eprintln!("{claimed} claimed, {sent} sent, {rounds} rounds: {end:?} after {:?}", started.elapsed());
        meeting.watch.check(MEMORY_MIB);
        assert!(
            meeting.desk.questions().len() < 50,
            "the person was asked {} times",
            meeting.desk.questions().len()
        );
    }
}

#[tokio::test]
async fn a_goodbye_with_escape_sequences_is_told_as_text() {
    for during_login in [true, false] {
        let meeting = Meeting::with(move |mut peer| async move {
            if during_login {
                peer.key_exchange().await?;
                peer.accept_service().await?;
            } else {
                shell(&mut peer).await?;
            }
            let words = "\u{1b}[2J\u{202e}Go away\r\n\u{7}";
            peer.send(Message::of(msg::DISCONNECT).u32(11).string(words).string("")).await?;
            peer.reader.drain().await
        })
        .await;
        let problem = meeting.fails().await;
        assert!(is_control_free(&problem.message), "{:?}", problem.message);
        if !during_login {
            assert!(problem.message.contains("Go away"), "{:?}", problem.message);
        }
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect()
}

/// The prime of group 14 (RFC 3526, section 3).
const GROUP_14: &str = "\
    FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD \
    EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245 E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED \
    EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D C2007CB8 A163BF05 98DA4836 1C55D39A 69163FA8 FD24CF5F \
    83655D23 DCA3AD96 1C62F356 208552BB 9ED52907 7096966D 670C354E 4ABC9804 F1746C08 CA18217C 32905E46 2E36CE3B \
    E39E772C 180E8603 9B2783A2 EC07A28F B5C55DF0 6F4C52C9 DE2BCBF6 95581718 3995497C EA956AE5 15D22618 98FA0510 \
    15728E5A 8AACAA68 FFFFFFFF FFFFFFFF";
