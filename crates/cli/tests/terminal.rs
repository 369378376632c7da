//! The `bowline` command in a terminal, with a person in front of it.

use crate::kit::Home;
use crate::kit::terminal::Terminal;
use bowline_tests::available;
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::Sshd;

/// Runs the command, says its status, and shows how it left the terminal.
fn line(arguments: &str) -> String {
    format!(
        "before=$(stty -g); \"$BOWLINE\" {arguments}; echo status=$?; test \"$(stty -g)\" = \"$before\" && echo restored"
    )
}

#[tokio::test]
async fn a_shell_is_typed_into_follows_the_size_and_passes_its_status_on() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let mut terminal = Terminal::run(&home, &line("connect server"));
    terminal.type_in("echo he''llo $TERM\r");
    terminal.shows("hello xterm\r\n").await;
    terminal.type_in("stty size\r");
    terminal.shows("24 80\r\n").await;
    terminal.resize(40, 132);
    terminal.type_in("while test \"$(stty size)\" != '40 132'; do sleep 0.05; done; echo resi''zed\r");
    terminal.shows("resized\r\n").await;
    terminal.type_in("exit 7\r");
    terminal.shows("status=7\r\nrestored\r\n").await;
    assert_eq!(terminal.end().await, 0);
}

#[tokio::test]
async fn ctrl_c_goes_to_the_remote_program_and_tilde_dot_ends_the_connection() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let mut terminal = Terminal::run(&home, &line("connect server"));
    terminal.type_in("PS1='<''> '\r");
    terminal.type_in("echo rea''dy; sleep 600; echo interru''pted\r");
    terminal.shows("ready\r\n").await;
    terminal.type_in("\u{3}");
    // What is typed before the shell has cleaned up after it, it throws away.
    terminal.shows("^C").await;
    terminal.shows("<> ").await;
    terminal.type_in("echo st''ill here ~.\r");
    terminal.shows("still here ~.\r\n").await;
    terminal.type_in("~?");
    terminal.shows("end the connection").await;
    terminal.type_in("~.");
    terminal.shows("status=255\r\nrestored\r\n").await;
    eventually("the session is closed", || sshd.sessions().is_empty()).await;
}

#[tokio::test]
async fn ctrl_c_at_a_question_ends_its_line() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    std::fs::remove_file(home.known_hosts()).expect("it was there");
    for (command, status) in [("connect server", 255), ("exec server -- true", 130)] {
        let mut terminal = Terminal::run(&home, &line(command));
        terminal.shows("connection, no) ").await;
        terminal.type_in("\u{3}");
        terminal.shows("^C\r\n").await;
        terminal.shows(&format!("status={status}\r\nrestored\r\n")).await;
    }
}

#[tokio::test]
async fn an_unknown_host_key_is_asked_about_and_the_answer_kept() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    std::fs::remove_file(home.known_hosts()).expect("it was there");
    let mut terminal = Terminal::run(&home, &line("connect server true > /dev/null"));
    terminal.shows("SHA256:").await;
    terminal.shows("+----").await;
    terminal.shows("Trust it?").await;
    terminal.type_in("no\r");
    terminal.shows("status=255").await;
    assert!(!home.known_hosts().exists());
    let mut terminal = Terminal::run(&home, &line("connect server true"));
    terminal.shows("Trust it?").await;
    terminal.type_in("what\r");
    terminal.shows("Trust it?").await;
    terminal.type_in("yes\r");
    terminal.shows("status=0").await;
    assert!(home.known_hosts().exists());
}

#[tokio::test]
async fn a_password_is_asked_for_on_the_terminal_and_never_shown() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let home = Home::at(&sshd);
    home.config(&format!(
        "Host server\n HostName 127.0.0.1\n Port {}\n User {}\n",
        sshd.address().port(),
        sshd.user()
    ));
    let password = sshd.password().expect("it has one").to_owned();
    let mut terminal = Terminal::run(&home, &line("connect server 'cat; echo in' < /dev/null"));
    terminal.shows("Password for").await;
    terminal.type_in("wrong\r");
    terminal.shows("try again").await;
    terminal.shows("Password for").await;
    terminal.type_in(&format!("{password}\r"));
    terminal.shows("in\r\nstatus=0\r\nrestored").await;
    assert!(
        !terminal.text().contains(&password) && !terminal.text().contains("wrong"),
        "{}",
        terminal.text()
    );
}

#[tokio::test]
async fn ctrl_c_at_a_question_ends_the_command_with_the_echo_back() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let home = Home::at(&sshd);
    home.config(&format!(
        "Host server\n HostName 127.0.0.1\n Port {}\n User {}\n",
        sshd.address().port(),
        sshd.user()
    ));
    // The shell must outlive the signal that the whole terminal gets.
    let mut terminal = Terminal::run(&home, &format!("trap : INT; {}", line("connect server true")));
    terminal.shows("Password for").await;
    terminal.type_in("\u{3}");
    terminal.shows("status=255\r\nrestored").await;
}

#[tokio::test]
async fn a_lost_shell_offers_to_connect_again_and_does() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let mut terminal = Terminal::run(&home, &line("connect server"));
    terminal.type_in("echo fi''rst\r");
    terminal.shows("first\r\n").await;
    sshd.kill_sessions();
    terminal.shows("lost").await;
    terminal.shows("press Enter").await;
    terminal.type_in("\r");
    terminal.type_in("echo sec''ond\r");
    terminal.shows("second\r\n").await;
    terminal.type_in("exit 3\r");
    terminal.shows("status=3\r\nrestored").await;
}

#[tokio::test]
async fn a_signal_puts_the_terminal_back() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    // In the foreground, with a sibling that sends the signal.
    let script = "before=$(stty -g); (until test -e kill; do sleep 0.05; done; kill -HUP $(cat pid)) & \
                  bash -c 'echo $$ > pid; exec \"$BOWLINE\" connect server'; echo status=$?; \
                  test \"$(stty -g)\" = \"$before\" && echo restored";
    let mut terminal = Terminal::run(&home, script);
    terminal.type_in("echo he''re\r");
    terminal.shows("here\r\n").await;
    std::fs::write(home.path().join("kill"), "").expect("it is written");
    terminal.shows("status=255\r\nrestored").await;
}

#[tokio::test]
async fn a_command_gets_a_terminal_only_if_it_is_asked_for() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let mut terminal = Terminal::run(&home, &line("connect server tty"));
    terminal.shows("not a tty\r\nstatus=1").await;
    let mut terminal = Terminal::run(&home, &line("connect -t server tty"));
    terminal.shows("/dev/pts/").await;
    terminal.shows("status=0").await;
    let mut terminal = Terminal::run(&home, &line("connect -T server < /dev/null"));
    terminal.shows("status=0").await;
}
