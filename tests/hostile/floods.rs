//! More of everything than a server has any reason to send.

use std::io;
use std::time::Duration;

use bowline_core::error::ErrorCode;
use bowline_core::prompt::{Answer, Question};
use bowline_tests::desk::trusting;
use bowline_tests::raw_ssh::{Message, msg};
use tokio::time::{Instant, timeout};

use super::{MEMORY_MIB, Meeting, TIME, data, ended, shell};

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
