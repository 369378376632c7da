//! The line that starts a shell which is more than a new one: in the directory of the one that was lost, or inside tmux or
//! screen.
//!
//! The server hands the line to the person's login shell, whichever that is. So it is `exec /bin/sh -c '...'` with nothing
//! between the quotes that bash, zsh, dash, tcsh or fish would take apart: no quote, no `!`, no line end, and no backslash
//! before a backslash or at the end. Whatever comes from outside (a directory, a host's name) is encoded byte by byte.
//!
//! A shell that was started so is a login shell in all but one: the server shows neither its message of the day nor the last
//! login, which is why only a terminal that comes back is opened so, or one that was set up for it.

use super::directory::Directory;
use crate::host::options::Multiplexer;

/// The variable that marks the shells of a terminal, so that the directory of a lost one can be looked up. `LC_*` is what
/// OpenSSH's servers take by default on Debian, Fedora (in part) and macOS.
pub const MARK_VARIABLE: &str = "LC_BOWLINE";
/// The OSC by which the line says what it came to; terminals pass over it.
const ARRIVAL_OSC: &str = "5379;bowline;";
/// The socket of our own tmux server, so that the person's is left alone.
const TMUX: &str = "tmux -u -L bowline";
/// Where our own screen has its sockets, for the same reason.
const SCREEN_DIR: &str = r#"SCREENDIR="$HOME/.bowline/screen"; export SCREENDIR"#;

/// What a shell is to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Random, and another one for each shell.
    pub mark: String,
    pub place: Place,
    pub multiplexer: Multiplexer,
    /// The name of the session in tmux or screen: letters, digits and dashes.
    pub session: String,
}

/// In which directory a shell begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Wherever the server puts it.
    Home,
    At(Directory),
    /// Where the shell with this mark is, if it still runs: a server notices late that a client is gone.
    OfShell(String),
}

impl Place {
    /// Puts the directory into `$d`; leaves it empty where it is not known.
    fn find(&self) -> String {
        match self {
            Place::Home => String::new(),
            // A shell on another host names directories of that one.
            Place::At(Directory { host, path }) => format!(
                r#"d={}; h={}; u="$(uname -n 2>/dev/null)"; case "$h" in ""|localhost) ;; *) [ "${{h%%.*}}" = "${{u%%.*}}" ] || d="";; esac; "#,
                printed(path),
                printed(host),
            ),
            // Of the processes with the mark, the shell is the one whose parent has none. /proc is Linux's.
            Place::OfShell(mark) => format!(
                r#"m="{MARK_VARIABLE}={mark}"; q=""; for e in $(grep -ls "$m" /proc/[0-9]*/environ 2>/dev/null); do p="${{e#/proc/}}"; p="${{p%/environ}}"; o="$(sed -n "s/^PPid:[[:space:]]*//p" "/proc/$p/status" 2>/dev/null)"; grep -qs "$m" "/proc/$o/environ" && continue; if [ -z "$q" ] || [ "$p" -lt "$q" ]; then q="$p"; fi; done; [ -z "$q" ] || d="$(readlink "/proc/$q/cwd" 2>/dev/null)"; "#
            ),
        }
    }
}

/// The line that prints the first of these places that there is, or the home folder: behind a word that nothing else prints, and
/// with a zero byte behind it. It starts no shell.
pub fn asking_line(places: &[Place], word: &str) -> String {
    let mut script = r#"f=""; "#.to_owned();
    for place in places {
        script += r#"if [ -z "$f" ]; then d=""; "#;
        script += &place.find();
        script += r#"[ -z "$d" ] || cd -- "$d" 2>/dev/null && [ -n "$d" ] && f=1; fi; "#;
    }
    script += &format!(r#"printf "{word}%s\000" "$(pwd; echo .)""#);
    in_sh(&script)
}

/// What [`asking_line`] printed; it may stand behind what the person's shell writes at its start.
pub fn answered_directory(output: &[u8], word: &str) -> Option<Vec<u8>> {
    let start = output.windows(word.len()).position(|bytes| bytes == word.as_bytes())? + word.len();
    let rest = &output[start..];
    let path = rest[..rest.iter().position(|byte| *byte == 0)?].strip_suffix(b"\n.")?;
    (path.first() == Some(&b'/')).then(|| path.to_vec())
}

/// What came of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrival {
    /// A new shell of its own.
    #[default]
    Shell,
    /// A new session of tmux or screen.
    NewSession,
    /// The session of tmux or screen that was there before.
    SameSession,
    /// A new shell of its own, because tmux or screen is not on the host.
    NoMultiplexer,
}

impl Launch {
    /// The line to run instead of a login shell; nothing if a login shell is all that is wanted.
    pub fn line(&self) -> Option<String> {
        if self.place == Place::Home && self.multiplexer == Multiplexer::None {
            return None;
        }
        let mut script = r#"S="${SHELL:-/bin/sh}"; d=""; "#.to_owned();
        script += &self.place.find();
        script += r#"[ -z "$d" ] || cd -- "$d" 2>/dev/null; "#;
        match self.multiplexer {
            Multiplexer::None => script += &self.say(Arrival::Shell),
            Multiplexer::Tmux => script += &self.tmux(),
            Multiplexer::Screen => script += &self.screen(),
        }
        // dash before 0.5.11 knows no -l.
        script += r#"case "$S" in */sh|*/dash) "$S" -lc : </dev/null >/dev/null 2>&1 || exec "$S";; esac; exec "$S" -l"#;
        Some(in_sh(&script))
    }

    /// The line that ends the session of tmux or screen; nothing where there is none.
    pub fn end_line(&self) -> Option<String> {
        let session = &self.session;
        match self.multiplexer {
            Multiplexer::None => None,
            Multiplexer::Tmux => Some(in_sh(&format!("exec {TMUX} kill-session -t ={session}"))),
            Multiplexer::Screen => Some(in_sh(&format!("{SCREEN_DIR}; exec screen -S {session} -X quit"))),
        }
    }

    /// Has the line say what it comes to.
    fn say(&self, arrival: Arrival) -> String {
        format!(r#"printf "\033]{ARRIVAL_OSC}{};{}\007"; "#, self.mark, word(arrival))
    }

    /// Without a bar, without a prefix key and on the main screen, so that it is not noticed: scrollback and keys are the
    /// terminal's. No file of the person's is read.
    fn tmux(&self) -> String {
        let Launch { session, .. } = self;
        let options = [
            "-gq prefix None",
            "-gq prefix2 None",
            "-gq status off",
            "-gq history-limit 10000",
            "-sq escape-time 0",
            "-sq focus-events on",
            "-gq set-titles on",
            "-gq set-titles-string \"#{pane_title}\"",
            "-gq default-terminal \"$T\"",
            "-sq terminal-overrides \",*:smcup@:rmcup@:Tc\"",
        ];
        let options = options.map(|option| format!(r#"set-option {option} ";" "#)).concat();
        format!(
            r#"if command -v tmux >/dev/null 2>&1; then T=screen-256color; infocmp tmux-256color >/dev/null 2>&1 && T=tmux-256color; if {TMUX} has-session -t ={session} 2>/dev/null; then {}else {}fi; exec {TMUX} -f /dev/null start-server ";" {options}new-session -A -D -s {session}; fi; {}"#,
            self.say(Arrival::SameSession),
            self.say(Arrival::NewSession),
            self.say(Arrival::NoMultiplexer),
        )
    }

    fn screen(&self) -> String {
        let Launch { session, .. } = self;
        // The command key is Ctrl-\, which hardly anything else uses; screen cannot do without.
        let settings = r#"printf "%s\n" "startup_message off" "vbell off" "altscreen on" "defscrollback 10000" "defutf8 on" "escape ^^^^" "termcapinfo xterm* ti@:te@" "hardstatus off" "caption splitonly" > "$HOME/.bowline/screenrc""#;
        format!(
            r#"if command -v screen >/dev/null 2>&1; then {SCREEN_DIR}; (umask 077; mkdir -p "$SCREENDIR"; {settings}); if screen -ls 2>/dev/null | grep -q "[.]{session}[[:space:]]"; then {}else {}fi; exec screen -U -c "$HOME/.bowline/screenrc" -S {session} -D -RR; fi; {}"#,
            self.say(Arrival::SameSession),
            self.say(Arrival::NewSession),
            self.say(Arrival::NoMultiplexer),
        )
    }

    /// Looks for what the line says it came to. It may stand behind what the person's shell writes at its start.
    pub fn find_arrival(&self, output: &[u8]) -> Option<Found> {
        let begin = format!("\x1b]{ARRIVAL_OSC}{};", self.mark).into_bytes();
        let start = output.windows(begin.len()).position(|bytes| bytes == begin)?;
        let rest = &output[start + begin.len()..];
        let length = rest.iter().position(|byte| *byte == 0x07)?;
        let said = &rest[..length];
        let arrival = [Arrival::Shell, Arrival::NewSession, Arrival::SameSession, Arrival::NoMultiplexer]
            .into_iter()
            .find(|arrival| word(*arrival).as_bytes() == said)?;
        Some(Found { arrival, start, end: start + begin.len() + length + 1 })
    }
}

/// Where in the output the line says what it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub arrival: Arrival,
    pub start: usize,
    pub end: usize,
}

fn word(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::Shell => "shell",
        Arrival::NewSession => "new",
        Arrival::SameSession => "same",
        Arrival::NoMultiplexer => "none",
    }
}

fn in_sh(script: &str) -> String {
    format!("exec /bin/sh -c '{script}'")
}

/// A word of sh that prints as these bytes: octal in the form of `printf %b`, which has no other meaning to any shell. The
/// form of printf's first argument would be taken for a conversion by dash where a byte is a percent sign.
fn printed(bytes: &[u8]) -> String {
    let octal: String = bytes.iter().map(|byte| format!(r"\0{byte:03o}")).collect();
    format!(r#""$(printf %b "{octal}")""#)
}

#[cfg(test)]
mod tests;
