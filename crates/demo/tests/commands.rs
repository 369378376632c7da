//! Commands without a terminal.

use std::time::Duration;

use crate::support::{Answer, Bed, PATIENCE, eventually, processes_named, unique_sleep};
use russh::{ChannelMsg, Sig};
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn output_and_errors_are_kept_apart_and_come_before_the_status() {
    let bed = Bed::start().await;
    let answer = bed.run("echo out; echo err >&2; exit 3").await;
    assert_eq!((answer.output.as_str(), answer.errors.as_str()), ("out\n", "err\n"));
    assert_eq!((answer.status, answer.ended, answer.closed), (Some(3), true, true));
}

#[tokio::test]
async fn every_exit_status_arrives() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    for status in (0..=255).step_by(5) {
        let channel = client.channel_open_session().await.expect("a channel");
        channel.exec(true, format!("exit {status}")).await.expect("sent");
        let answer = Answer::of(channel).await;
        assert_eq!((answer.status, answer.signal), (Some(status), None));
    }
}

#[tokio::test]
async fn a_program_that_a_signal_ended_says_which() {
    let bed = Bed::start().await;
    for (command, signal) in
        [("kill -TERM $$", "TERM"), ("kill -KILL $$", "KILL"), ("kill -USR2 $$", "Custom(\"USR2\")")]
    {
        let answer = bed.run(command).await;
        assert_eq!((answer.status, answer.signal.as_deref()), (None, Some(signal)), "{command}");
        assert!(answer.closed);
    }
}

#[tokio::test]
async fn a_signal_from_the_client_reaches_the_program() {
    let bed = Bed::start().await;
    let mut channel = bed.client().await.channel_open_session().await.expect("a channel");
    let command = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.05; done";
    channel.exec(true, command).await.expect("sent");
    loop {
        match timeout(PATIENCE, channel.wait()).await.expect("in time").expect("open") {
            ChannelMsg::Data { data } => {
                assert_eq!(&*data, b"ready\n");
                break;
            }
            _ => continue,
        }
    }
    channel.signal(Sig::INT).await.expect("sent");
    let answer = Answer::of(channel).await;
    assert_eq!((answer.output.as_str(), answer.status), ("caught\n", Some(9)));
}

#[tokio::test]
async fn input_reaches_the_program_and_its_end_too() {
    let bed = Bed::start().await;
    let channel = bed.client().await.channel_open_session().await.expect("a channel");
    channel.exec(true, "wc -c; echo done").await.expect("sent");
    channel.data(&vec![b'x'; 1_000_000][..]).await.expect("sent");
    channel.eof().await.expect("sent");
    let answer = Answer::of(channel).await;
    assert_eq!((answer.output.as_str(), answer.status), ("1000000\ndone\n", Some(0)));
}

#[tokio::test]
async fn a_program_that_reads_nothing_does_not_stop_its_neighbours() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    let deaf = client.channel_open_session().await.expect("a channel");
    deaf.exec(true, unique_sleep()).await.expect("sent");
    deaf.data(&vec![0; 64 * 1024 * 1024][..]).await.expect("sent");
    let channel = client.channel_open_session().await.expect("a channel");
    channel.exec(true, "echo here").await.expect("sent");
    assert_eq!(Answer::of(channel).await.output, "here\n");
}

#[tokio::test]
async fn a_large_echo_through_one_channel_does_not_block_itself() {
    const BYTES: usize = 64 * 1024 * 1024;
    let bed = Bed::start().await;
    // It must outlive the writer: a client that nobody holds any more leaves.
    let client = bed.client().await;
    let channel = client.channel_open_session().await.expect("a channel");
    channel.exec(true, "cat").await.expect("sent");
    let (mut reader, writer) = channel.split();
    let sending = tokio::spawn(async move {
        let chunk = vec![7; 1024 * 1024];
        for _ in 0..BYTES / chunk.len() {
            writer.data(&chunk[..]).await.expect("sent");
        }
        writer.eof().await.expect("sent");
    });
    let mut received = 0;
    while let Some(message) = timeout(PATIENCE, reader.wait()).await.expect("it stands still") {
        if let ChannelMsg::Data { data } = message {
            received += data.len();
        }
    }
    assert_eq!(received, BYTES);
    sending.await.expect("all was sent");
}

#[tokio::test]
async fn two_ends_that_both_write_all_they_can_do_not_wait_for_each_other() {
    const BYTES: usize = 8 * 1024 * 1024;
    let bed = Bed::start().await;
    let client = bed.client_with_small_buffers().await;
    let all = async {
        let mut echoes = Vec::new();
        for _ in 0..8 {
            let channel = client.channel_open_session().await.expect("a channel");
            channel.exec(true, "cat").await.expect("sent");
            let (mut reader, writer) = channel.split();
            let sending = tokio::spawn(async move {
                writer.data(&vec![7; BYTES][..]).await.expect("sent");
                writer.eof().await.expect("sent");
            });
            let receiving = tokio::spawn(async move {
                let mut received = 0;
                while let Some(message) = reader.wait().await {
                    if let ChannelMsg::Data { data } = message {
                        received += data.len();
                    }
                }
                received
            });
            echoes.push((sending, receiving));
        }
        for (sending, receiving) in echoes {
            assert_eq!(receiving.await.expect("an end"), BYTES);
            sending.await.expect("all was sent");
        }
    };
    timeout(PATIENCE * 2, all).await.expect("they stand still");
}

#[tokio::test]
async fn a_shell_without_a_terminal_reads_its_commands() {
    let bed = Bed::start().await;
    let channel = bed.client().await.channel_open_session().await.expect("a channel");
    channel.request_shell(true).await.expect("sent");
    channel.data(&b"echo $0; exit 4\n"[..]).await.expect("sent");
    let answer = Answer::of(channel).await;
    assert_eq!((answer.output.as_str(), answer.status), ("-sh\n", Some(4)));
}

#[tokio::test]
async fn the_persons_own_shell_runs_commands_at_home() {
    let bed = Bed::with_shell(None).await;
    let answer = bed.run("echo $SHELL; pwd").await;
    let shell = std::env::var("SHELL").unwrap_or_else(|_| "/bin/sh".into());
    let home = std::env::home_dir().expect("a home");
    assert_eq!(answer.output, format!("{shell}\n{}\n", home.display()));
}

#[tokio::test]
async fn a_second_program_on_a_channel_is_refused_and_the_first_goes_on() {
    let bed = Bed::start().await;
    let mut channel = bed.client().await.channel_open_session().await.expect("a channel");
    channel.exec(true, "read line; echo $line").await.expect("sent");
    channel.exec(true, "echo second").await.expect("sent");
    assert!(matches!(channel.wait().await, Some(ChannelMsg::WindowAdjusted { .. } | ChannelMsg::Success)));
    let refused = async { while !matches!(channel.wait().await.expect("open"), ChannelMsg::Failure) {} };
    timeout(PATIENCE, refused).await.expect("refused in time");
    channel.data(&b"first\n"[..]).await.expect("sent");
    assert_eq!(Answer::of(channel).await.output, "first\n");
}

#[tokio::test]
async fn requests_sent_without_waiting_are_answered_in_order() {
    let bed = Bed::start().await;
    let mut channel = bed.client().await.channel_open_session().await.expect("a channel");
    channel.set_env(true, "PATH", "/tmp").await.expect("sent");
    channel.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.expect("sent");
    channel.request_subsystem(true, "nothing").await.expect("sent");
    channel.exec(true, "exit 0").await.expect("sent");
    let mut answers = Vec::new();
    while answers.len() < 4 {
        match timeout(PATIENCE, channel.wait()).await.expect("in time").expect("open") {
            ChannelMsg::Success => answers.push(true),
            ChannelMsg::Failure => answers.push(false),
            _ => {}
        }
    }
    assert_eq!(answers, [false, true, false, true]);
}

#[tokio::test]
async fn closing_a_channel_ends_its_program_and_everything_that_it_started() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    let sleeps = [unique_sleep(), unique_sleep(), unique_sleep()];
    for terminal in [false, true] {
        let channel = client.channel_open_session().await.expect("a channel");
        if terminal {
            channel.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.expect("sent");
        }
        // One in the background, one that ignores the end of its terminal, one in front.
        let command = format!("{} & nohup {} >/dev/null 2>&1 & {}", sleeps[0], sleeps[1], sleeps[2]);
        channel.exec(true, command).await.expect("sent");
        for sleep in &sleeps {
            eventually("all sleep", || !processes_named(sleep).is_empty()).await;
        }
        let closed = Instant::now();
        channel.close().await.expect("sent");
        for sleep in &sleeps {
            eventually("none is left", || processes_named(sleep).is_empty()).await;
        }
        assert!(closed.elapsed() < Duration::from_secs(5), "{:?}", closed.elapsed());
    }
    // The connection itself lives.
    let channel = client.channel_open_session().await.expect("a channel");
    channel.exec(true, "echo here").await.expect("sent");
    assert_eq!(Answer::of(channel).await.output, "here\n");
}
