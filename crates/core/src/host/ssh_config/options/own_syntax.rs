//! Keywords whose arguments have a syntax of their own, and those that collect.

use super::super::forward::{self, Kind};
use super::super::permit::PermitRemoteOpen;
use super::super::tokens::Tokens;
use super::super::values::{self, AddKeys, Flag};
use super::super::{canonical, jump};
use super::take::{Taking, first};
use super::words::{Words, command, list};
use super::{AddKeysToAgent, EscapeChar, Jump, Options};

/// SSH_MAX_IDENTITY_FILES and SSH_MAX_CERTIFICATE_FILES.
const KEY_FILES_MAX: usize = 100;

/// Forwardings, and names of environment variables: more is no config that somebody wrote.
const COLLECTED_MAX: usize = 1024;

impl Taking<'_> {
    pub(super) fn add_keys_to_agent(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (first, second) = (words.needed()?, words.next());
        let bad = || format!("{} is no value for it", self.line.rest);
        let value = match (AddKeys::parse(first), second) {
            (Some(mode @ AddKeys::Confirm), Some(time)) => {
                AddKeysToAgent { mode, lifetime: values::seconds(time).ok_or_else(bad)? }
            }
            (Some(mode), None) => AddKeysToAgent { mode, lifetime: 0 },
            (None, None) => {
                AddKeysToAgent { mode: AddKeys::Yes, lifetime: values::seconds(first).ok_or_else(bad)? }
            }
            (Some(_) | None, Some(_)) => return Err(bad()),
        };
        first!(self, add_keys_to_agent, value)
    }

    pub(super) fn canonical_domains(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let domains = list(words.all(), true)?;
        for domain in &domains {
            canonical::valid_domain(domain).ok_or_else(|| format!("{domain} is no domain"))?;
        }
        let lower = |domain: String| domain.trim_end_matches('.').to_ascii_lowercase();
        if self.line.active && self.options.canonical_domains.is_empty() {
            self.options.canonical_domains = domains.into_iter().map(lower).collect();
        }
        Ok(())
    }

    pub(super) fn permitted_cnames(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let rules = list(words.all(), true)?;
        let mut pairs = Vec::new();
        for rule in rules {
            pairs.push(match rule.as_str() {
                "*" => (rule.clone(), rule.clone()),
                none if none.eq_ignore_ascii_case("none") => (rule.clone(), String::new()),
                _ => {
                    let lower = rule.to_ascii_lowercase();
                    let (from, to) = lower
                        .split_once(':')
                        .filter(|(_, to)| !to.is_empty())
                        .ok_or_else(|| format!("{rule} is no pair of patterns"))?;
                    (from.to_owned(), to.to_owned())
                }
            });
        }
        if self.line.active && self.options.canonicalize_permitted_cnames.is_empty() {
            self.options.canonicalize_permitted_cnames = pairs;
        }
        Ok(())
    }

    pub(super) fn collect_file(
        &mut self,
        file: String,
        field: impl Fn(&mut Options) -> &mut Vec<(String, bool)>,
    ) -> Result<(), String> {
        if !self.line.active {
            return Ok(());
        }
        let files = field(self.options);
        if files.len() >= KEY_FILES_MAX {
            return Err(format!("there are more than {KEY_FILES_MAX} files"));
        }
        let entry = (file, self.line.of_user);
        if !files.contains(&entry) {
            files.push(entry);
        }
        Ok(())
    }

    pub(super) fn files(
        &mut self,
        words: &mut Words<'_>,
        field: impl Fn(&mut Options) -> &mut Vec<String>,
    ) -> Result<(), String> {
        let files = list(words.all(), false)?;
        let known = field(self.options);
        if self.line.active && known.is_empty() {
            *known = files;
        }
        Ok(())
    }

    pub(super) fn forward_agent(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let word = words.needed()?;
        if let Some(flag) = Flag::parse(word) {
            return first!(self, forward_agent, flag);
        }
        // OpenSSH sets the two apart, so `ForwardAgent no` with a later path ends as that path.
        first!(self, forward_agent, Flag::Yes)?;
        self.check_agent_path(word)?;
        first!(self, forward_agent_path, word.to_owned())
    }

    /// A path may name variables by `${NAME}`, which have to be there; or be `$NAME`, which need not.
    pub(super) fn check_agent_path(&self, path: &str) -> Result<(), String> {
        let tokens = Tokens { percent: None, environment: Some(self.environment) };
        tokens.expand(path).map_err(|fault| format!("{path}: {fault}"))?;
        match path.strip_prefix('$') {
            Some(name) if !name.starts_with('{') && !values::is_env_name(name) => {
                Err(format!("{path} is no environment variable"))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn forward(&mut self, kind: Kind, words: &mut Words<'_>) -> Result<(), String> {
        let listen = words.needed()?;
        let connect = match kind {
            Kind::Dynamic => None,
            Kind::Remote => words.next().filter(|target| !target.is_empty()),
            Kind::Local => Some(words.next().filter(|to| !to.is_empty()).ok_or("missing target argument")?),
        };
        let tokens = Tokens { percent: None, environment: Some(self.environment) };
        let expand = |text: &str| tokens.expand(text).map_err(|fault| format!("{text}: {fault}"));
        let connect = connect.map(expand).transpose()?;
        let forward = forward::parse(kind, &expand(listen)?, connect.as_deref())
            .ok_or_else(|| format!("{} is no forwarding", self.line.rest))?;
        if self.line.active && !self.options.forwards.contains(&forward) {
            if self.options.forwards.len() >= COLLECTED_MAX {
                return Err(format!("there are more than {COLLECTED_MAX} forwardings"));
            }
            self.options.forwards.push(forward);
        }
        Ok(())
    }

    pub(super) fn proxy_jump(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        words.consume();
        let text = command(self.line.rest);
        if text.eq_ignore_ascii_case("none") {
            return first!(self, proxy_jump, Jump::None);
        }
        let chain = jump::parse_chain(text).ok_or_else(|| format!("{text} is no chain of hosts"))?;
        let free = self.options.proxy_command.is_none() && self.options.proxy_jump.is_none();
        if self.line.active && free {
            let bare = text.split('#').next().unwrap_or_default().trim_end();
            let last = chain.last().map(ToString::to_string).unwrap_or_default();
            self.options.proxy_jump_written = match bare.rsplit_once(',') {
                Some((before, _)) => format!("{before},{last}"),
                None => last,
            };
            self.options.proxy_jump = Some(Jump::Chain(chain));
            // So that no ProxyCommand counts any more.
            self.options.proxy_command = Some("none".to_owned());
        }
        Ok(())
    }

    pub(super) fn permit_remote_open(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        match PermitRemoteOpen::parse(&words.all()) {
            Ok(permitted) => first!(self, permit_remote_open, permitted),
            // A limit that is not understood must not be lost.
            Err(message) => {
                first!(self, permit_remote_open, PermitRemoteOpen::NONE)?;
                Err(message)
            }
        }
    }

    pub(super) fn rekey_limit(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let bytes = match words.needed()? {
            "default" => 0,
            text => values::scaled(text)
                .filter(|bytes| *bytes == 0 || *bytes >= 16)
                .ok_or_else(|| format!("{text} is no number of bytes for it"))?,
        };
        first!(self, rekey_bytes, bytes)?;
        match words.next() {
            None | Some("none") => Ok(()),
            Some(text) => {
                let seconds = values::seconds(text).ok_or_else(|| format!("{text} is no time"))?;
                first!(self, rekey_seconds, seconds)
            }
        }
    }

    pub(super) fn send_env(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let names = words.all();
        if names.is_empty() {
            return Err("missing argument".to_owned());
        }
        for name in names {
            if name.is_empty() || name.contains('=') {
                return Err(format!("{name} is no name of an environment variable"));
            }
            if !self.line.active {
                continue;
            }
            match name.strip_prefix('-') {
                Some(pattern) => {
                    let kept = |known: &String| !crate::host::pattern::matches(pattern, known);
                    self.options.send_env.retain(kept);
                }
                None if self.options.send_env.len() >= COLLECTED_MAX => {
                    return Err(format!("there are more than {COLLECTED_MAX} variables"));
                }
                None => self.options.send_env.push(name.to_owned()),
            }
        }
        Ok(())
    }

    pub(super) fn set_env(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let mut settings: Vec<String> = Vec::new();
        for setting in words.all() {
            let Some((name, _)) = setting.split_once('=') else {
                return Err(format!("{setting} is no NAME=value"));
            };
            let same = |known: &String| known.split_once('=').is_some_and(|(other, _)| other == name);
            if !settings.iter().any(same) {
                settings.push(setting.to_owned());
            }
        }
        if settings.is_empty() || settings.len() > COLLECTED_MAX {
            return Err("missing argument".to_owned());
        }
        if self.line.active && self.options.set_env.is_empty() {
            self.options.set_env = settings;
        }
        Ok(())
    }
}

pub(super) fn escape_char(text: &str) -> Result<EscapeChar, String> {
    match text.as_bytes() {
        b"none" => Ok(EscapeChar::None),
        [byte] => Ok(EscapeChar::Byte(*byte)),
        [b'^', byte @ 64..=127] => Ok(EscapeChar::Byte(byte & 31)),
        _ => Err(format!("{text} is no escape character")),
    }
}
