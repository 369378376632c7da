use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::*;
use crate::error::Result;
use crate::terminal::source::Beginning;
use crate::terminal::source::SourceControl;
use crate::terminal::state::TerminalEnd;

const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

struct Script(mpsc::Receiver<SourceEvent>);

impl SourceReader for Script {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        async {
            match self.0.recv().await {
                Some(event) => event,
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}

struct Nothing;

impl SourceControl for Nothing {
    fn resize(&self, _: TerminalSize) -> BoxFuture<'_, Result<()>> {
        async { Ok(()) }.boxed()
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}

/// A shell that says what a test says, behind the integration.
struct Bed {
    source: Source,
    says: mpsc::Sender<SourceEvent>,
    typed: tokio::io::DuplexStream,
}

fn bed() -> Bed {
    let (says, script) = mpsc::channel(64);
    let (writer, typed) = tokio::io::duplex(64 * 1024);
    let source = Source {
        greeting: None,
        reader: Box::new(Script(script)),
        writer: Box::new(writer),
        control: Box::new(Nothing),
        beginning: Beginning::default(),
    };
    Bed { source: attach(source, SIZE), says, typed }
}

impl Bed {
    async fn says(&self, text: &str) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        self.says.send(SourceEvent::Output(bytes)).await.expect("it is read");
    }

    /// What is shown within a time.
    async fn shown(&mut self, within: Duration) -> String {
        let mut shown = String::new();
        let reading = async {
            loop {
                match self.source.reader.next().await {
                    SourceEvent::Output(bytes) => shown.push_str(&String::from_utf8_lossy(&bytes)),
                    SourceEvent::Ended(_) => {
                        shown.push_str("<end>");
                        return;
                    }
                }
            }
        };
        let _ = timeout(within, reading).await;
        shown
    }

    async fn typed(&mut self) -> String {
        let mut bytes = vec![0; 64 * 1024];
        let read = timeout(Duration::from_millis(1), self.typed.read(&mut bytes)).await;
        String::from_utf8_lossy(&bytes[..read.map_or(0, |count| count.expect("it is open"))]).into_owned()
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_known_shell_is_taught_and_nothing_odd_is_shown() {
    let mut bed = bed();
    bed.says("Welcome\r\n\x1b[?2004hann@web:~$ ").await;
    assert_eq!(bed.shown(SECOND).await, "Welcome\r\n\x1b[?2004hann@web:~$ ");
    assert_eq!(bed.typed().await, hiding::question());
    bed.says(" printf '\\033]1337;Bow...\r\n\x1b[?2004l\r\x1b]1337;Bowline=5.2.15(1)-release//\x07").await;
    assert_eq!(bed.typed().await, "");
    bed.says("\x1b[?2004hann@web:~$ ").await;
    assert_eq!(bed.shown(SECOND).await, "", "the answer is not shown");
    assert_eq!(bed.typed().await, hiding::hooks(Shell::Bash));
    bed.says(" if [ ...\r\n\x1b[?2004l\r\x1b[?2004h\x1b]133;A\x07ann@web:~$ \x1b]133;B\x07").await;
    assert_eq!(
        bed.shown(SECOND).await,
        "\x1b[?2004l\x1b[?2004h\x1b[?2004l\x1b[?2004h\r\r\x1b[J\x1b]133;A\x07ann@web:~$ \x1b]133;B\x07"
    );
    // From here on nothing is held back or typed.
    bed.says("\x1b]1337;Bowline=5.2/ /\x07$ ").await;
    assert_eq!(bed.shown(60 * SECOND).await, "\x1b]1337;Bowline=5.2/ /\x07$ ");
    assert_eq!(bed.typed().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_of_several_lines_takes_the_place_of_the_one_before() {
    let mut bed = bed();
    bed.says("~/src\r\n❯ ").await;
    bed.shown(SECOND).await;
    bed.says("\x1b]1337;Bowline=/5.9/\x07").await;
    bed.shown(SECOND).await;
    assert_eq!(bed.typed().await, format!("{}{}", hiding::question(), hiding::hooks(Shell::Zsh)));
    bed.says("\x1b]7;file:///old\x1b\\\x1b]1337;CurrentDir=/srv\x07\x1b]133;A\x07~/src\r\n❯ \x1b]133;B\x07")
        .await;
    assert_eq!(
        bed.shown(SECOND).await,
        "\x1b]1337;CurrentDir=/srv\x07\r\x1b[A\r\x1b[J\x1b]133;A\x07~/src\r\n❯ \x1b]133;B\x07"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_no_prompt_is_left_alone() {
    for text in [
        "Password: ",
        "Current password: ",
        "Are you sure? ",
        "Last login: today\r\n",
        "\x1b[?1049h$ ",
        "loading...",
    ] {
        let mut bed = bed();
        bed.says(text).await;
        assert_eq!(bed.shown(60 * SECOND).await, text);
        assert_eq!(bed.typed().await, "", "{text:?}");
    }
    // With a line editor a prompt may end as it likes, but not in a question.
    let mut bed = bed();
    bed.says("\x1b[?2004hpw: ").await;
    bed.shown(60 * SECOND).await;
    assert_eq!(bed.typed().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_sets_marks_by_itself_needs_no_teaching() {
    let mut bed = bed();
    bed.says("\x1b]133;A\x07$ \x1b]133;B\x07").await;
    bed.shown(60 * SECOND).await;
    assert_eq!(bed.typed().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_person_who_types_first_is_not_disturbed() {
    let mut bed = bed();
    bed.says("slow $ ").await;
    bed.source.writer.write_all(b"rm -rf ").await.expect("it is taken");
    bed.shown(60 * SECOND).await;
    assert_eq!(bed.typed().await, "rm -rf ");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_terminal_is_nobody_typing() {
    let mut bed = bed();
    bed.says("\x1b[c$ ").await;
    bed.source.writer.write_all(b"\x1b[?1;2c").await.expect("it is taken");
    bed.shown(SECOND).await;
    assert_eq!(bed.typed().await, format!("\x1b[?1;2c{}", hiding::question()));
    for typed in ["a", "\x1b[A", "\x1b", "\x1bOA", "\r", "\x1b[1;5A"] {
        assert!(!hiding::is_report(typed.as_bytes()), "{typed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_meanwhile_comes_behind_the_lines() {
    let mut bed = bed();
    bed.says("$ ").await;
    bed.shown(SECOND).await;
    bed.typed().await;
    let mut writer = bed.source.writer;
    let typing = tokio::spawn(async move { writer.write_all(b"ls\r").await });
    let (says, mut typed, mut reader) = (bed.says, bed.typed, bed.source.reader);
    let shown = tokio::spawn(async move { (reader.next().await, reader) });
    tokio::time::sleep(SECOND).await;
    assert!(!typing.is_finished(), "it waits");
    says.send(SourceEvent::Output(Bytes::from_static(b"\x1b]1337;Bowline=//3.6.0\x07\x1b[?2004h")))
        .await
        .expect("read");
    tokio::time::sleep(SECOND).await;
    assert!(!typing.is_finished(), "it still waits");
    says.send(SourceEvent::Output(Bytes::from_static(b"\x1b]133;A\x07> \x1b]133;B\x07")))
        .await
        .expect("read");
    let _shown = shown.await.expect("it is shown");
    typing.await.expect("it goes on").expect("it is taken");
    let mut all = vec![0; 4096];
    let count = typed.read(&mut all).await.expect("it is there");
    assert_eq!(String::from_utf8_lossy(&all[..count]), format!("{}ls\r", hiding::hooks(Shell::Fish)));
}

#[tokio::test(start_paused = true)]
async fn another_shell_gets_no_hooks_and_its_prompt_comes_back_clean() {
    for answer in ["//", "4.2.46(2)-release//", "1/2/3", "x/y", ""] {
        let mut bed = bed();
        bed.says("$ ").await;
        bed.shown(SECOND).await;
        assert_eq!(bed.typed().await, hiding::question());
        bed.says(&format!(" printf ...\r\n\x1b]1337;Bowline={answer}\x07$ ")).await;
        assert_eq!(bed.shown(SECOND).await, "\r\x1b[J$ ", "{answer}");
        assert_eq!(bed.typed().await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_everything_is_shown_as_it_came() {
    let mut bed = bed();
    bed.says("router> ").await;
    bed.shown(SECOND).await;
    bed.says(" printf\r\n% Invalid input\r\nrouter> ").await;
    assert_eq!(bed.shown(SECOND).await, "");
    assert_eq!(bed.shown(4 * SECOND).await, " printf\r\n% Invalid input\r\nrouter> ");
    // The person can type again.
    bed.typed().await;
    bed.source.writer.write_all(b"x").await.expect("it is taken");
    assert_eq!(bed.typed().await, "x");
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_is_bounded_and_is_not_lost_at_the_end() {
    let mut bed = bed();
    bed.says("$ ").await;
    bed.shown(SECOND).await;
    let much = "x".repeat(HELD_BYTES / 8);
    for _ in 0..9 {
        bed.says(&much).await;
    }
    assert_eq!(bed.shown(SECOND).await.len(), much.len() * 9);

    let mut bed = self::bed();
    bed.says("$ ").await;
    bed.shown(SECOND).await;
    bed.says("bye").await;
    bed.says.send(SourceEvent::Ended(TerminalEnd::Closed)).await.expect("it is read");
    assert_eq!(bed.shown(SECOND).await, "bye<end>");
}

#[test]
fn the_hooks_are_one_line_each() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let line = hiding::hooks(shell);
        assert!(line.starts_with(' ') && line.ends_with('\r'));
        assert!(!line[..line.len() - 1].contains(['\r', '\n', '\t']), "{line}");
        // A terminal in its usual mode takes lines up to 4096 bytes.
        assert!(line.len() < 2000, "{}", line.len());
    }
}
