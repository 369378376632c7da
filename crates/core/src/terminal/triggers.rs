//! Rules that call a person: a regular expression, looked for in every line that a program finishes, in all terminals of the
//! hosts for which the rule is on, shown or not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;
use ts_rs::TS;

use super::screen::Screen;
use super::state::TerminalId;
use crate::error::{Error, ErrorCode, Result};
use crate::host::HostId;
use crate::prompt::visible_line;

/// Rules that are looked for; the window has no more.
const RULES_MAX: usize = 50;
const PATTERN_BYTES_MAX: usize = 2000;
/// A compiled pattern, and the table that it grows while it searches. A pattern of a person takes a few KiB; the search takes
/// time in proportion to the line, whatever the pattern.
const COMPILED_BYTES_MAX: usize = 256 * 1024;
/// A rule that finds something in every line calls once in so long.
const CALL_EVERY: Duration = Duration::from_secs(5);
/// Of a line that is told.
const LINE_CHARS: usize = 200;
/// Finds of one terminal that wait to be told. When it is full further ones are dropped: the person is being called already.
pub const FOUND_MAX: usize = 16;

/// A rule as the window keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TriggerRule {
    pub id: String,
    /// A regular expression as JavaScript reads it.
    pub pattern: String,
    pub case_sensitive: bool,
    /// On every host that is not named in `hosts`.
    pub on: bool,
    /// Hosts for which it is on or off whatever holds elsewhere.
    pub hosts: BTreeMap<String, bool>,
}

/// A rule has found something in a new line of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    pub id: TerminalId,
    pub rule_id: String,
    /// The line, made visible and cut to 200 characters.
    pub line: String,
}

/// What a pattern means here.
///
/// # Errors
/// [`ErrorCode::PatternUnusable`].
pub fn compile(pattern: &str, case_sensitive: bool) -> Result<Regex> {
    let unusable = |cause: String| {
        Error::new(
            ErrorCode::PatternUnusable,
            format!("The pattern cannot be looked for in all terminals: {cause}. Write it in another way."),
        )
        .with("cause", cause)
    };
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(unusable("it is too long".to_owned()));
    }
    let built = RegexBuilder::new(&translate(pattern))
        .case_insensitive(!case_sensitive)
        .size_limit(COMPILED_BYTES_MAX)
        .dfa_size_limit(COMPILED_BYTES_MAX)
        .build();
    built.map_err(|error| {
        // The last line of a syntax error says what is wrong; those above draw the pattern.
        let said = error.to_string();
        unusable(visible_line(said.lines().last().unwrap_or_default().trim_start_matches("error: ")))
    })
}

/// Where JavaScript means something else: classes and word boundaries of ASCII, a bracket in a class.
fn translate(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len() + 16);
    let mut characters = pattern.chars();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match (character, in_class) {
            ('\\', _) => match characters.next() {
                Some('d') => translated.push_str("[0-9]"),
                Some('D') => translated.push_str("[^0-9]"),
                Some('w') => translated.push_str("[0-9A-Za-z_]"),
                Some('W') => translated.push_str("[^0-9A-Za-z_]"),
                Some('b') if in_class => translated.push_str("\\x08"),
                Some('b') => translated.push_str("(?-u:\\b)"),
                Some('B') if !in_class => translated.push_str("(?-u:\\B)"),
                Some('0') => translated.push_str("\\x00"),
                Some(other) => translated.extend(['\\', other]),
                None => translated.push('\\'),
            },
            ('[', true) => translated.push_str("\\["),
            ('&' | '~' | '-', true) if characters.as_str().starts_with(character) => {
                translated.extend(['\\', character])
            }
            ('[', false) => {
                in_class = true;
                translated.push('[');
            }
            (']', true) => {
                in_class = false;
                translated.push(']');
            }
            (other, _) => translated.push(other),
        }
    }
    translated
}

struct Trigger {
    rule: TriggerRule,
    regex: Regex,
}

/// The rules of all terminals. One that cannot be used is as if it were off: the window has said so when it was made.
#[derive(Clone, Default)]
pub struct Triggers(Arc<Vec<Arc<Trigger>>>);

impl std::fmt::Debug for Triggers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Triggers({})", self.0.len())
    }
}

impl Triggers {
    pub fn new(rules: Vec<TriggerRule>) -> Self {
        let compiled = rules.into_iter().take(RULES_MAX).filter_map(|rule| {
            let regex = compile(&rule.pattern, rule.case_sensitive).ok()?;
            Some(Arc::new(Trigger { rule, regex }))
        });
        Self(Arc::new(compiled.collect()))
    }

    /// Those for a terminal on a host. Finds are told through `tell`.
    pub fn of(&self, id: TerminalId, host: &HostId, tell: mpsc::Sender<Found>) -> Watcher {
        let is_on = |trigger: &&Arc<Trigger>| *trigger.rule.hosts.get(&host.0).unwrap_or(&trigger.rule.on);
        let active = self.0.iter().filter(is_on).map(|trigger| (Arc::clone(trigger), None));
        Watcher { id, active: active.collect(), tell }
    }
}

/// Looks at the lines of one terminal.
pub struct Watcher {
    id: TerminalId,
    /// Each with the time when it called last.
    active: Vec<(Arc<Trigger>, Option<Instant>)>,
    tell: mpsc::Sender<Found>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watcher({:?}, {})", self.id, self.active.len())
    }
}

impl Watcher {
    /// Whether there is anything to look for.
    pub fn is_idle(&self) -> bool {
        self.active.is_empty()
    }

    /// Looks at the lines that were finished since the last time.
    pub fn look(&mut self, screen: &mut Screen, now: Instant) {
        for line in screen.take_finished() {
            for (trigger, called) in &mut self.active {
                let rests = called.is_some_and(|called| now.duration_since(called) < CALL_EVERY);
                if rests || !trigger.regex.is_match(&line) {
                    continue;
                }
                *called = Some(now);
                let shown = visible_line(&line).chars().take(LINE_CHARS).collect();
                let found = Found { id: self.id, rule_id: trigger.rule.id.clone(), line: shown };
                let _ = self.tell.try_send(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::state::TerminalSize;

    fn rule(id: &str, pattern: &str) -> TriggerRule {
        TriggerRule {
            id: id.into(),
            pattern: pattern.into(),
            case_sensitive: false,
            on: true,
            hosts: BTreeMap::new(),
        }
    }

    fn told(receiver: &mut mpsc::Receiver<Found>) -> Vec<(String, String)> {
        std::iter::from_fn(|| receiver.try_recv().ok()).map(|found| (found.rule_id, found.line)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_rule_calls_for_a_new_line_and_rests_for_a_while() {
        let (tell, mut finds) = mpsc::channel(FOUND_MAX);
        let triggers = Triggers::new(vec![rule("error", r"\berror\b"), rule("odd", "(")]);
        let mut watcher = triggers.of(TerminalId(7), &HostId("web".to_owned()), tell);
        let mut screen = Screen::new(TerminalSize { cols: 40, rows: 4 });
        screen.watch_lines(true);
        screen.feed(b"terrors\r\nan Error: \x1b[31mdisk\x1b[0m\r\nerror again\r\n");
        watcher.look(&mut screen, Instant::now());
        assert_eq!(told(&mut finds), [("error".to_owned(), "an Error: disk".to_owned())]);
        tokio::time::advance(CALL_EVERY).await;
        screen.feed(b"error later\r\n");
        watcher.look(&mut screen, Instant::now());
        assert_eq!(told(&mut finds), [("error".to_owned(), "error later".to_owned())]);
    }

    #[test]
    fn a_rule_is_on_where_it_was_said_to_be() {
        let (tell, _finds) = mpsc::channel(FOUND_MAX);
        let mut here = rule("x", "x");
        here.hosts.insert("web".into(), false);
        let triggers = Triggers::new(vec![here]);
        assert!(triggers.of(TerminalId(1), &HostId("web".to_owned()), tell.clone()).is_idle());
        assert!(!triggers.of(TerminalId(1), &HostId("db".to_owned()), tell).is_idle());
    }

    #[test]
    fn patterns_of_javascript_mean_the_same() {
        for (pattern, line, matches) in [
            (r"\d+", "٣", false),
            (r"\w", "é", false),
            (r"\bé", "aé", true),
            (r"é\b", "éa", true),
            (r"a\Bb", "ab", true),
            (r"[\d.]+x", "1.2x", true),
            (r"[[]a", "[a", true),
            (r"[^\]]b", "ab", true),
            (r"[a&&b]", "&", true),
            (r"\/var\/log", "/var/log", true),
            (r"(?<name>x)y", "xy", true),
        ] {
            let regex = compile(pattern, true).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(line), matches, "{pattern} in {line}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_and_costs_nothing() {
        for pattern in [r"(a)\1", "(?=a)", "(((a{100}){100}){100}){100}", "(", &"x".repeat(2001)] {
            let error = compile(pattern, true).expect_err(pattern);
            assert_eq!(error.code, ErrorCode::PatternUnusable);
            assert!(!error.message.contains('\n'), "{}", error.message);
        }
    }
}
