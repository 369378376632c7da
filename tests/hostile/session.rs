//! Packets and messages after the login that are wrong in themselves or make no sense there.

use bowline_core::error::ErrorCode;
use bowline_core::terminal::state::TerminalEnd;
use bowline_tests::raw_ssh::{Message, SHELL, Shape, msg};
use tokio::time::timeout;

use super::{MEMORY_MIB, Meeting, TIME, data, ended, is_control_free, shell};

/// A message to send, given the client's number of the shell's channel.
type Wrong = Box<dyn Fn(u32) -> Message + Send + Sync>;

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
