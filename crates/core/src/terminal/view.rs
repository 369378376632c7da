//! What goes to the window: output in chunks, never more under way than the window has given credit for. Whatever the window
//! does, output is taken at the speed of the wire: it goes into the engine's own screen as well, and a window that is far
//! behind is given what stands there now in place of what it missed.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Zoned;
use tokio::time::Instant;

use super::directory::Directory;
use super::kept::KeptScreen;
use super::screen::{Query, Screen};
use super::seam;
use super::state::TerminalSize;
use super::typing::TypingElsewhere;

/// Bytes that may be under way to the window. With 64 KiB chunks this gave 15 MiB/s and key presses at 10 ms median
/// (design.md, fact 9).
pub const CREDIT_BYTES: usize = 512 * 1024;
/// The largest chunk.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Output that waits for credit. When there is more, all of it is dropped, and with the next credit the window gets a
/// snapshot of the screen instead (design.md, section 5.1): a tenth of a second of what a window can show.
pub const BEHIND_MAX_BYTES: usize = 2 * 1024 * 1024;
/// While output floods, the window gets a glimpse of the screen so often. A window that draws without a GPU needs 50 ms for
/// one on a busy machine: at 50 ms keys waited for half a second, at 250 ms for 1 ms (tests/bench/window.mjs). The whole
/// scrollback, which takes a window a tenth of a second, comes when the flood is over.
const GLIMPSE_PAUSE: Duration = Duration::from_millis(200);
/// The same while the person types in another terminal: a key that comes while a glimpse is drawn waits for that. With one each
/// 200 ms a key took 61 ms at p95 beside `yes` (tests/bench/terminal.mjs).
const GLIMPSE_PAUSE_BESIDE_TYPING: Duration = Duration::from_secs(1);
/// Output between two glimpses that a window can show by itself: then it is no flood any more.
const GLIMPSE_BYTES: usize = 512 * 1024;
/// A window that has just been attached gets what can be seen first, and all the lines above it when it has had the time to
/// draw that: ten thousand lines take it a tenth of a second, in which a person would look at an empty tab. So does one behind a
/// flood: with everything at once the prompt after Ctrl-C stood there after 196 to 367 ms (tests/bench/terminal.mjs).
const DRAW_TIME: Duration = Duration::from_millis(100);
/// Lines above the screen that are worth two steps.
const MANY_LINES: usize = 1000;
/// Output that pauses for this long is no flood any more either.
const QUIET: Duration = Duration::from_millis(30);
/// Answers to programs that wait until the server takes them. When it is full further ones are dropped: only a flood of
/// questions gets there.
const ANSWERS_MAX_BYTES: usize = 4 * 1024;
/// Questions to the window that go along with a snapshot; each colour is asked once.
const QUESTIONS: usize = 64;
/// Until the terminal knows better.
const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

/// Where chunks go. An error means that nobody looks any more.
pub trait Output: Send + 'static {
    /// Hands one chunk on, without waiting.
    ///
    /// # Errors
    /// [`WindowGone`].
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone>;
}

/// The window that showed a terminal is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the window is gone")]
pub struct WindowGone;

/// Which of a terminal's outputs is meant, counted from 1: whoever lets go of one that was replaced meanwhile does no harm.
pub type Attachment = u32;

/// The output that a terminal was opened with.
pub const FIRST_ATTACHMENT: Attachment = 1;

/// Output on its way to one window, while one is attached. Without one nothing waits: what was said is in the screen, and
/// the next window gets all of that.
pub struct View {
    output: Option<Box<dyn Output>>,
    attachment: Attachment,
    credit: usize,
    /// A snapshot of which so much is still to be sent. It is always sent to its end: a window that only ever got the
    /// beginnings of snapshots would show nothing.
    snapshot: Bytes,
    /// Up to where that snapshot tells of everything, if it is a whole one: what a program asked for until then is in it.
    snapshot_until: Option<u64>,
    /// Output that comes after what the window has, or after the snapshot.
    waiting: BytesMut,
    /// Output was dropped: only a whole snapshot helps.
    missed: bool,
    /// When the window got a glimpse instead, and how much output came since.
    glimpse: Option<(Instant, usize)>,
    /// Since when the window is to have no more than the first look: it was attached, or a flood is over.
    first_look: Option<Instant>,
    /// When output last came.
    heard: Instant,
    screen: Screen,
    typing: Option<TypingElsewhere>,
    /// Its terminal was there in another run of the app.
    returns: bool,
    answers: String,
    /// When the first of those was asked for.
    asked: Instant,
    questions: Vec<String>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("credit", &self.credit)
            .field("waiting", &self.waiting.len())
            .field("snapshot", &self.snapshot.len())
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}

impl View {
    pub fn new(output: Box<dyn Output>) -> Self {
        Self {
            output: Some(output),
            missed: false,
            attachment: FIRST_ATTACHMENT,
            ..Self::of(Screen::new(SIZE))
        }
    }

    /// A view that no window looks at yet, below what a terminal of another run left behind at a moment.
    pub fn brought_back(kept: &KeptScreen, kept_at: &Zoned) -> Self {
        let mut screen = kept.bring_back();
        screen.feed(&seam::since(kept_at));
        screen.forget_shell();
        Self::of(screen)
    }

    /// The same for a terminal of another run: it is as good as lost, and waits for its connection like one that was.
    #[must_use]
    pub fn returning(mut self) -> Self {
        self.returns = true;
        self
    }

    /// Shows a flood less often while the person types elsewhere.
    pub fn give_way_to(&mut self, typing: TypingElsewhere) {
        self.typing = Some(typing);
    }

    fn glimpse_pause(&self) -> Duration {
        match &self.typing {
            Some(typing) if typing.is_going_on() => GLIMPSE_PAUSE_BESIDE_TYPING,
            _ => GLIMPSE_PAUSE,
        }
    }

    /// Whether its terminal was there before it was first opened.
    pub fn returns(&self) -> bool {
        self.returns
    }

    /// A view that no window looks at yet.
    pub fn detached() -> Self {
        Self::of(Screen::new(SIZE))
    }

    fn of(screen: Screen) -> Self {
        Self {
            output: None,
            attachment: 0,
            credit: CREDIT_BYTES,
            snapshot: Bytes::new(),
            snapshot_until: None,
            waiting: BytesMut::new(),
            missed: true,
            glimpse: None,
            first_look: None,
            heard: Instant::now(),
            screen,
            typing: None,
            returns: false,
            answers: String::new(),
            asked: Instant::now(),
            questions: Vec::new(),
        }
    }

    /// Shows everything to another output from now on, beginning with a whole snapshot. What the one before did not get, it
    /// never gets.
    pub fn attach(&mut self, output: Box<dyn Output>) -> Attachment {
        self.let_go();
        self.output = Some(output);
        self.attachment += 1;
        self.credit = CREDIT_BYTES;
        self.first_look = (self.screen.lines_above() > MANY_LINES).then(Instant::now);
        self.attachment
    }

    /// Nobody looks any more, unless that was another output.
    pub fn detach(&mut self, attachment: Attachment) {
        if attachment == self.attachment {
            self.let_go();
        }
    }

    fn let_go(&mut self) {
        self.output = None;
        self.snapshot = Bytes::new();
        self.snapshot_until = None;
        self.waiting = BytesMut::new();
        self.missed = true;
        self.glimpse = None;
        self.first_look = None;
        self.answer_for_window();
        self.forget_questions();
    }

    /// Only a window knows the answer, and a program does not wait until one looks.
    fn forget_questions(&mut self) {
        if self.output.is_none() {
            self.questions.clear();
        }
    }

    /// The terminal as it is known to the engine.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The same, to take from it what it has noticed.
    pub fn screen_mut(&mut self) -> &mut Screen {
        &mut self.screen
    }

    /// Keeps so many lines above the screen.
    pub fn set_scrollback(&mut self, lines: usize) {
        self.screen.set_scrollback(lines);
    }

    /// Whether the window draws pictures.
    pub fn set_pictures(&mut self, shown: bool) {
        self.screen.set_pictures(shown);
    }

    /// Forgets what is above the line with the cursor, as the window that asks for it does.
    pub fn clear(&mut self) {
        self.screen.clear();
    }

    /// Puts the screen in order for another shell below what the one before left.
    pub fn start_afresh(&mut self) {
        self.push(seam::RESET.as_bytes());
        self.screen.forget_shell();
        if self.screen.column() > 0 {
            self.push(b"\r\n");
        }
    }

    /// The window has this size now.
    pub fn resize(&mut self, size: TerminalSize) {
        self.screen.resize(size);
    }

    /// Takes output, however much; [`View::flush`] hands it on.
    pub fn push(&mut self, bytes: &[u8]) {
        self.screen.feed(bytes);
        self.heard = Instant::now();
        if let Some((_, since)) = &mut self.glimpse {
            *since = since.saturating_add(bytes.len());
        }
        if !self.missed {
            self.waiting.extend_from_slice(bytes);
            if self.waiting.len() > BEHIND_MAX_BYTES {
                self.waiting = BytesMut::new();
                self.missed = true;
            }
        }
        if self.missed {
            self.answer_for_window();
            self.forget_questions();
        }
    }

    /// Whether everything was handed on.
    pub fn is_empty(&self) -> bool {
        self.output.is_none()
            || !self.missed && self.snapshot.is_empty() && self.waiting.len() == self.cut_character()
    }

    /// Whether output goes nowhere but into the screen: it need not be looked at piece by piece.
    pub fn is_behind(&self) -> bool {
        self.missed
    }

    /// Whether a whole chunk waits, or more than could be sent; less than that may wait for more that is on its way.
    pub fn has_chunk(&self) -> bool {
        self.output.is_some()
            && (self.missed || !self.snapshot.is_empty() || self.waiting.len() >= CHUNK_BYTES)
    }

    /// The window has shown so many bytes. It cannot give back more than it got.
    pub fn give_credit(&mut self, bytes: usize) {
        self.credit = self.credit.saturating_add(bytes).min(CREDIT_BYTES);
    }

    /// When to flush though nothing comes: the next snapshot waits for that moment.
    pub fn due(&self) -> Option<Instant> {
        if self.output.is_none() || !self.missed || !self.snapshot.is_empty() || self.credit == 0 {
            return None;
        }
        Some(match (self.first_look, self.glimpse) {
            (Some(attached), None) => attached,
            (Some(_), Some((at, _))) => at + DRAW_TIME,
            (None, Some((at, _))) => (at + self.glimpse_pause()).min(self.heard + QUIET),
            (None, None) => self.heard,
        })
    }

    /// What stands there now: all of it, or a glimpse as long as more comes than a window can show.
    fn take_snapshot(&mut self, now: Instant) {
        let is_calm =
            now >= self.heard + QUIET || self.glimpse.is_some_and(|(_, since)| since < GLIMPSE_BYTES);
        let is_first_look = match (self.first_look, self.glimpse) {
            (Some(_), glimpse) => glimpse.is_none(),
            // A flood is over: its last screen, with the prompt that somebody waits for, comes before the lines above it.
            (None, Some((_, since))) => is_calm && since > 0 && self.screen.lines_above() > MANY_LINES,
            (None, None) => false,
        };
        self.first_look = is_first_look.then(|| self.first_look.unwrap_or(now));
        let is_over = is_calm && !is_first_look;
        self.missed = !is_over;
        self.glimpse = (!is_over).then_some((now, 0));
        self.snapshot_until = is_over.then_some(self.screen.offset());
        self.snapshot = if is_over {
            let mut requests = std::mem::take(&mut self.questions);
            // It is forgotten when the snapshot was handed on: a window that goes away before leaves it to the next.
            requests.extend(self.screen.clipboard().map(str::to_owned));
            self.screen.snapshot_to_show(&requests).into()
        } else {
            self.screen.glimpse().into()
        };
    }

    /// Hands on what credit allows. A window that is gone is let go of.
    pub fn flush(&mut self) {
        while self.credit > 0 && self.output.is_some() {
            if self.snapshot.is_empty() && self.missed {
                let now = Instant::now();
                if self.due().is_some_and(|due| now < due) {
                    return;
                }
                self.take_snapshot(now);
            }
            let most = CHUNK_BYTES.min(self.credit);
            let chunk = if self.snapshot.is_empty() {
                self.waiting.split_to(whole_characters(&self.waiting, most)).freeze()
            } else {
                self.snapshot.split_to(whole_characters(&self.snapshot, most))
            };
            if chunk.is_empty() {
                return;
            }
            self.credit -= chunk.len();
            let shown = self.output.as_mut().map(|output| output.show(chunk));
            if let Some(Err(WindowGone)) = shown {
                self.let_go();
                return;
            }
            if self.snapshot.is_empty()
                && let Some(until) = self.snapshot_until.take()
            {
                // Also when so much came meanwhile that there will be another snapshot: nothing is asked for twice.
                self.screen.forget_queries(until);
            }
            if self.snapshot.is_empty() && !self.missed {
                // What the window gets, the window answers.
                self.screen.forget_queries(self.screen.offset() - self.waiting.len() as u64);
            }
        }
    }

    /// Where the shell last said that it was.
    pub fn directory(&self) -> Option<Directory> {
        Directory::parse(self.screen.directory())
    }

    /// Whether there is something to send to the server in the window's place.
    pub fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Since when a program waits for the first of them.
    pub fn asked(&self) -> Instant {
        self.asked
    }

    /// Takes the answers to questions that the window never gets to see.
    pub fn take_answers(&mut self) -> Bytes {
        std::mem::take(&mut self.answers).into()
    }

    fn answer_for_window(&mut self) {
        for query in self.screen.take_queries() {
            match query {
                Query::Answered(answer) if self.answers.len() + answer.len() <= ANSWERS_MAX_BYTES => {
                    if self.answers.is_empty() {
                        self.asked = self.heard;
                    }
                    self.answers.push_str(&answer);
                }
                Query::Window(question)
                    if self.questions.len() < QUESTIONS && !self.questions.contains(&question) =>
                {
                    self.questions.push(question);
                }
                Query::Answered(_) | Query::Window(_) => {}
            }
        }
    }

    fn cut_character(&self) -> usize {
        cut_character(&self.waiting)
    }
}

/// How many bytes to hand on: at most so many, and no character in two parts. Xterm.js 6.0.0 loses a character that
/// comes in two parts if the first part ends with 0x80, as that of every second Chinese comma would. What credit is left may be too
/// little for one: then it waits for more, which comes as soon as the window has shown the rest.
fn whole_characters(bytes: &[u8], most: usize) -> usize {
    let most = most.min(bytes.len());
    most - cut_character(&bytes[..most])
}

/// How many bytes at the end are the beginning of a UTF-8 character whose end is missing.
pub(super) fn cut_character(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let Some(start) = tail.iter().rposition(|byte| byte & 0xc0 != 0x80) else { return 0 };
    let here = tail.len() - start;
    let whole = match tail[start] {
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 => 4,
        _ => 1,
    };
    if here < whole { here } else { 0 }
}

#[cfg(test)]
mod tests;
