//! The words of a command, one by one, and the letters of the options among them.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::{Options, Usage, setting, text, usage};

pub enum Parsed {
    Option,
    Word(OsString),
    Version,
    Help,
    End,
}

/// What a letter means.
enum Letter {
    /// What this one means to ssh(1).
    OfSsh(char),
    Done,
    /// A forwarding, whose value follows.
    Forward(char),
    Unknown,
}

pub struct Words {
    words: std::vec::IntoIter<OsString>,
    /// `--` has passed: what follows are words.
    pub(super) after_dashes: bool,
}

impl Words {
    pub fn new(words: Vec<OsString>) -> Self {
        Self { words: words.into_iter(), after_dashes: false }
    }

    pub(super) fn rest(self) -> impl Iterator<Item = OsString> {
        self.words
    }

    /// The next word, or one word of options. `long` takes those that begin with two dashes.
    pub fn next_option(
        &mut self,
        options: &mut Options,
        long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        self.next_of(options, &mut |letter, _| Letter::OfSsh(letter), &mut Vec::new(), long)
    }

    /// The same with forwardings.
    pub(super) fn next_tunnel_option(
        &mut self,
        options: &mut Options,
        forwards: &mut Vec<(char, String)>,
        long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        let mut letters = |letter, _: &mut Options| match letter {
            'L' | 'R' | 'D' => Letter::Forward(letter),
            // As for ssh(1): no command, no terminal, no input. There are none anyway.
            'N' | 'T' | 'n' => Letter::Done,
            't' | 's' | 'G' | 'e' => Letter::Unknown,
            _ => Letter::OfSsh(letter),
        };
        self.next_of(options, &mut letters, forwards, long)
    }

    /// The same with the letters of scp(1), which has others for a few things.
    pub fn next_copy_option(
        &mut self,
        options: &mut Options,
        recursive: &mut bool,
        long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        let mut own = |letter: char| {
            *recursive |= letter == 'r';
            letter == 'r'
        };
        self.next_sync_option(options, &mut own, long)
    }

    /// The letters of scp(1) but `-r`, and those that `own` takes.
    pub fn next_sync_option(
        &mut self,
        options: &mut Options,
        own: &mut dyn FnMut(char) -> bool,
        long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        let mut letters = |letter: char, options: &mut Options| match letter {
            letter if own(letter) => Letter::Done,
            'B' => {
                options.settings.push(("BatchMode".to_owned(), "yes".to_owned()));
                Letter::Done
            }
            // Times and modes are kept anyway; host to host goes through us, by SFTP, and names are held against what was asked.
            'p' | '3' | 's' | 'T' => Letter::Done,
            'P' => Letter::OfSsh('p'),
            '4' | '6' | 'A' | 'F' | 'J' | 'i' | 'o' | 'q' | 'v' | 'V' => Letter::OfSsh(letter),
            _ => Letter::Unknown,
        };
        self.next_of(options, &mut letters, &mut Vec::new(), long)
    }

    fn next_of(
        &mut self,
        options: &mut Options,
        letters_of: &mut dyn FnMut(char, &mut Options) -> Letter,
        forwards: &mut Vec<(char, String)>,
        mut long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        let Some(word) = self.words.next() else { return Ok(Parsed::End) };
        if self.after_dashes || !word.as_bytes().starts_with(b"-") || word == "-" {
            return Ok(Parsed::Word(word));
        }
        if word == "--" {
            self.after_dashes = true;
            return Ok(Parsed::Option);
        }
        let word = text(word)?;
        if word == "--help" {
            return Ok(Parsed::Help);
        }
        if word.starts_with("--") {
            return if long(&word, self)? {
                Ok(Parsed::Option)
            } else {
                Err(usage(format!("there is no option {word}")))
            };
        }
        let mut letters = word[1..].chars();
        while let Some(typed) = letters.next() {
            let letter = match letters_of(typed, options) {
                Letter::OfSsh(letter) => letter,
                Letter::Done => continue,
                Letter::Forward(letter) => {
                    let joined = letters.as_str();
                    let value = if joined.is_empty() {
                        self.value(&format!("-{letter}"))?
                    } else {
                        joined.to_owned()
                    };
                    forwards.push((letter, value));
                    break;
                }
                Letter::Unknown => return Err(usage(format!("the option -{typed} is not supported"))),
            };
            let set = |options: &mut Options, key: &str, value: String| {
                options.settings.push((key.to_owned(), value));
            };
            match letter {
                'V' => return Ok(Parsed::Version),
                'v' => options.verbose = options.verbose.saturating_add(1),
                'q' => options.quiet = true,
                't' => options.tty_wanted = options.tty_wanted.saturating_add(1),
                'T' => set(options, "RequestTTY", "no".into()),
                'n' => options.no_input = true,
                's' => options.subsystem = true,
                'G' => options.show = true,
                '4' => set(options, "AddressFamily", "inet".into()),
                '6' => set(options, "AddressFamily", "inet6".into()),
                'A' => set(options, "ForwardAgent", "yes".into()),
                'a' => set(options, "ForwardAgent", "no".into()),
                // What they turn off is off.
                'k' | 'x' => {}
                'F' | 'J' | 'b' | 'e' | 'i' | 'l' | 'o' | 'p' => {
                    let joined = letters.as_str();
                    let value =
                        if joined.is_empty() { self.value(&format!("-{typed}"))? } else { joined.to_owned() };
                    match letter {
                        'F' => options.config = Some(value),
                        'o' => options.set(setting(&value)?)?,
                        'J' => set(options, "ProxyJump", value),
                        'b' => set(options, "BindAddress", value),
                        'e' => set(options, "EscapeChar", value),
                        'i' => options.identity_files.push(value),
                        'l' => set(options, "User", value),
                        _ => set(options, "Port", value),
                    }
                    break;
                }
                other => return Err(usage(format!("the option -{other} is not supported"))),
            }
        }
        Ok(Parsed::Option)
    }

    pub fn value(&mut self, option: &str) -> Result<String, Usage> {
        text(self.words.next().ok_or_else(|| usage(format!("{option} needs a value")))?)
    }
}
