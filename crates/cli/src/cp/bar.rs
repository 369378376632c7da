//! How far a copy is, as one line on a terminal that is written over and over.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::tty;

/// So often the line is written anew; more is not read.
const REDRAW: Duration = Duration::from_millis(100);
/// Columns of a name that are shown at least.
const NAME_MIN: usize = 8;

/// What is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Safe to be shown.
    pub name: String,
    pub bytes_done: f64,
    pub bytes: f64,
    /// All is counted: there is an end.
    pub counted: bool,
    /// Bytes per second.
    pub rate: f64,
    pub seconds_left: Option<f64>,
}

/// The line, if standard error is a terminal and nobody asked for quiet.
#[derive(Debug)]
pub struct Bar {
    shown: bool,
    drawn: Option<Instant>,
    began: Instant,
}

impl Bar {
    pub fn new(wanted: bool) -> Self {
        Self { shown: wanted && std::io::stderr().is_terminal(), drawn: None, began: Instant::now() }
    }

    pub fn show(&mut self, progress: &Progress) {
        if !self.shown || self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW) {
            return;
        }
        self.draw(progress);
    }

    /// The last state stays, with how fast it was on the whole and how long it took, and what follows begins on a line of its
    /// own.
    pub fn finish(&mut self, progress: &Progress) {
        if self.shown {
            self.draw(&on_the_whole(progress, self.began.elapsed()));
            let _ = writeln!(std::io::stderr());
            self.drawn = None;
        }
    }

    /// Makes room for a line of another kind.
    pub fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    fn draw(&mut self, progress: &Progress) {
        self.drawn = Some(Instant::now());
        let columns = usize::from(tty::size(std::io::stderr()).cols);
        let _ = write!(std::io::stderr(), "\r{}\x1b[K", line(progress, columns));
        let _ = std::io::stderr().flush();
    }
}

fn on_the_whole(progress: &Progress, lasted: Duration) -> Progress {
    let seconds = lasted.as_secs_f64();
    let rate = if seconds > 0.0 { progress.bytes_done / seconds } else { 0.0 };
    Progress { rate, seconds_left: Some(seconds), ..progress.clone() }
}

/// Name on the left, figures on the right, as scp(1) has it.
fn line(progress: &Progress, columns: usize) -> String {
    let percent = if progress.bytes > 0.0 { progress.bytes_done / progress.bytes * 100.0 } else { 100.0 };
    let percent =
        if progress.counted { format!("{:>3.0}%", percent.min(100.0).floor()) } else { "    ".to_owned() };
    let left = progress.seconds_left.map_or_else(|| "  --:--".to_owned(), clock);
    let figures = format!(
        "{percent} {:>8} {:>10} {left}",
        bytes(progress.bytes_done),
        format!("{}/s", bytes(progress.rate))
    );
    // The last column makes some terminals wrap.
    let room = columns.saturating_sub(figures.len() + 2).max(NAME_MIN);
    let mut name: String = progress.name.chars().take(room).collect();
    let width = name.chars().count();
    name.extend(std::iter::repeat_n(' ', room - width));
    let line = format!("{name} {figures}");
    line.chars().take(columns.saturating_sub(1).max(NAME_MIN)).collect()
}

fn clock(seconds: f64) -> String {
    // A saturating cast: longer than a person waits.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let seconds = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours:>2}:{minutes:02}:{seconds:02}")
    } else {
        format!("  {minutes:>2}:{seconds:02}")
    }
}

/// Powers of 1000, as the window has them.
pub fn bytes(count: f64) -> String {
    let (mut value, mut unit) = (count.max(0.0), 0);
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    while value >= 999.5 && unit < UNITS.len() - 1 {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_the_terminal_whatever_the_name() {
        let progress = Progress {
            name: "文件".repeat(100),
            bytes_done: 732e6,
            bytes: 1.2e9,
            counted: true,
            rate: 53e6,
            seconds_left: Some(8.8),
        };
        for columns in [20, 40, 80, 200] {
            assert!(line(&progress, columns).chars().count() < columns.max(NAME_MIN + 1), "{columns}");
        }
        let short = Progress { name: "a.iso".to_owned(), ..progress };
        let over = on_the_whole(
            &Progress { rate: 0.0, seconds_left: None, ..short.clone() },
            Duration::from_secs(61),
        );
        assert_eq!(line(&over, 60), "a.iso                       61%   732 MB    12 MB/s    1:01");
        assert_eq!(line(&short, 60), "a.iso                       61%   732 MB    53 MB/s    0:09");
    }

    #[test]
    fn figures_have_few_digits_and_an_end_only_when_it_is_known() {
        assert_eq!(
            [bytes(0.0), bytes(999.0), bytes(999.6), bytes(1234.0)],
            ["0 B", "999 B", "1.0 kB", "1.2 kB"]
        );
        assert_eq!([clock(5.0), clock(65.0), clock(3700.0)], ["   0:05", "   1:05", " 1:01:40"]);
        let line = line(&Progress { name: "logs".to_owned(), bytes_done: 10.0, ..Progress::default() }, 60);
        assert!(!line.contains('%') && line.ends_with("--:--"), "{line}");
    }
}
