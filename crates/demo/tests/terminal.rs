//! Shells on a terminal.

use std::time::{Duration, Instant};

use crate::support::{Answer, Bed, Shell, resident_kib};
use russh::{ChannelMsg, Pty};

#[tokio::test]
async fn a_shell_echoes_what_is_typed_and_prints_what_it_runs() {
    let bed = Bed::start().await;
    let mut shell = Shell::open(&bed.client().await).await;
    shell.type_keys("echo an''swer\n").await;
    shell.wait_for("echo an''swer").await;
    shell.wait_for("answer").await;
}

#[tokio::test]
async fn the_shell_is_a_login_shell_at_home_with_a_terminal_of_the_size_asked_for() {
    let bed = Bed::start().await;
    let mut shell = Shell::open(&bed.client().await).await;
    shell.type_keys("echo \"[$0 $TERM $(pwd) $USER]\"; stty size\n").await;
    let home = std::env::home_dir().expect("a home");
    shell.wait_for(&format!("[-sh xterm-256color {} {}]", home.display(), bed.host.user())).await;
    shell.wait_for("24 80").await;
}

#[tokio::test]
async fn a_program_learns_the_new_size_of_its_terminal() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    let channel = client.channel_open_session().await.expect("a channel");
    channel.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.expect("sent");
    let command = "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.05; done";
    channel.exec(true, command).await.expect("sent");
    let mut program = Shell { channel, screen: String::new() };
    program.wait_for("24 80").await;
    program.channel.window_change(132, 43, 0, 0).await.expect("sent");
    program.wait_for("43 132").await;
}

#[tokio::test]
async fn ctrl_c_stops_yes_at_once_and_memory_stays_bounded() {
    let bed = Bed::start().await;
    let mut shell = Shell::open(&bed.client().await).await;
    shell.type_keys("echo rea''dy; yes\n").await;
    shell.wait_for("ready").await;
    shell.wait_for("y\r\ny\r\n").await;
    // Nobody reads from now on. Once every buffer on the way is full, nothing may grow any more; a host that does not wait
    // for the client's window goes on at 15 MiB/s and more.
    let mut before = resident_kib();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if start.elapsed() < Duration::from_secs(1) {
            before = resident_kib();
        }
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "grew by {grown} KiB");

    let pressed = Instant::now();
    shell.type_keys("\x03").await;
    shell.type_keys("echo stop''ped\n").await;
    shell.wait_for("stopped").await;
    assert!(pressed.elapsed() < Duration::from_secs(2), "{:?}", pressed.elapsed());
}

#[tokio::test]
async fn variables_about_language_and_terminal_reach_the_program_and_others_do_not() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    let mut channel = client.channel_open_session().await.expect("a channel");
    let mut granted = Vec::new();
    for name in ["LANG", "LC_TIME", "COLORTERM", "LD_PRELOAD", "BASH_ENV"] {
        channel.set_env(true, name, "of-the-client").await.expect("sent");
        granted.push((name, matches!(channel.wait().await, Some(ChannelMsg::Success))));
    }
    assert_eq!(
        granted,
        [("LANG", true), ("LC_TIME", true), ("COLORTERM", true), ("LD_PRELOAD", false), ("BASH_ENV", false)]
    );
    channel.request_pty(true, "vt220", 80, 24, 0, 0, &[]).await.expect("sent");
    channel.exec(true, "echo $LANG,$LC_TIME,$COLORTERM,$LD_PRELOAD,$BASH_ENV,$TERM").await.expect("sent");
    let answer = Answer::of(channel).await;
    assert_eq!(answer.output, "of-the-client,of-the-client,of-the-client,,,vt220\r\n");
}

#[tokio::test]
async fn nothing_of_this_process_environment_leaks_into_a_shell() {
    let bed = Bed::start().await;
    // Cargo sets this one for every test.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let answer = bed.run("echo \"[$CARGO_MANIFEST_DIR]\"").await;
    assert_eq!(answer.output, "[]\n");
}

#[tokio::test]
async fn a_command_on_a_terminal_has_one_output_and_a_status() {
    let bed = Bed::start().await;
    let channel = bed.client().await.channel_open_session().await.expect("a channel");
    channel.request_pty(true, "xterm", 100, 30, 0, 0, &[]).await.expect("sent");
    channel
        .exec(true, "test -t 0 && test -t 1 && test -t 2; echo $?; echo oops >&2; exit 7")
        .await
        .expect("sent");
    let answer = Answer::of(channel).await;
    assert_eq!((answer.output.as_str(), answer.errors.as_str()), ("0\r\noops\r\n", ""));
    assert_eq!((answer.status, answer.ended, answer.closed), (Some(7), true, true));
}

#[tokio::test]
async fn the_last_line_is_not_lost_when_a_background_process_keeps_the_terminal() {
    let bed = Bed::start().await;
    for round in 0..10 {
        let channel = bed.client().await.channel_open_session().await.expect("a channel");
        channel.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.expect("sent");
        let command = "setsid sleep 1 & seq 1 5000; echo the-end";
        channel.exec(true, command).await.expect("sent");
        let answer = Answer::of(channel).await;
        assert!(answer.output.ends_with("\r\n5000\r\nthe-end\r\n"), "round {round}");
        assert_eq!(answer.status, Some(0));
    }
}

#[tokio::test]
async fn modes_asked_for_with_the_terminal_are_set() {
    let bed = Bed::start().await;
    let channel = bed.client().await.channel_open_session().await.expect("a channel");
    let modes = [(Pty::ECHO, 0), (Pty::IUTF8, 1), (Pty::VINTR, 7)];
    channel.request_pty(true, "xterm", 80, 24, 0, 0, &modes).await.expect("sent");
    channel.exec(true, "stty -a").await.expect("sent");
    let answer = Answer::of(channel).await;
    for mode in [" -echo ", " iutf8", "intr = ^G"] {
        assert!(answer.output.contains(mode), "{mode:?} in {}", answer.output);
    }
}

#[tokio::test]
async fn the_end_of_input_ends_a_shell() {
    let bed = Bed::start().await;
    let mut shell = Shell::open(&bed.client().await).await;
    shell.type_keys("echo rea''dy\n").await;
    shell.wait_for("ready").await;
    shell.channel.eof().await.expect("sent");
    let answer = Answer::of(shell.channel).await;
    assert_eq!((answer.status, answer.closed), (Some(0), true));
}

#[tokio::test]
async fn eight_shells_on_one_connection_work_beside_a_flood() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    let flood = Shell::open(&client).await;
    flood.type_keys("yes\n").await;
    let mut flood = flood.channel;
    let draining = tokio::spawn(async move { while flood.wait().await.is_some() {} });
    let mut shells = Vec::new();
    for _ in 0..7 {
        shells.push(Shell::open(&client).await);
    }
    for (number, shell) in shells.iter_mut().enumerate() {
        shell.type_keys(&format!("echo shell''{number}\n")).await;
    }
    for (number, shell) in shells.iter_mut().enumerate() {
        shell.wait_for(&format!("shell{number}")).await;
    }
    draining.abort();
}

#[tokio::test]
async fn a_shell_that_cannot_be_started_says_so() {
    let bed = Bed::with_shell(Some("/no/such/shell".into())).await;
    for terminal in [true, false] {
        let channel = bed.client().await.channel_open_session().await.expect("a channel");
        if terminal {
            channel.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.expect("sent");
        }
        channel.request_shell(true).await.expect("sent");
        let answer = Answer::of(channel).await;
        assert!(answer.errors.contains("cannot start /no/such/shell"), "{answer:?}");
        assert_eq!((answer.status, answer.closed), (Some(127), true));
    }
}
