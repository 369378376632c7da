//! What OpenSSH would do with a name: command line, the person's config, the system's config, the name completed, both
//! configs once more, defaults, tokens. In the order of `main` in `ssh.c`, whose oracle is `ssh -G`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::algorithms::Algorithms;
use super::canonical::NameLookup;
use super::files::{FileFault, Files};
use super::jump::{self, HostSpec};
use super::local::Local;
use super::options::Options;
pub use super::options::Place;
pub use super::reading::{Exec, ExecAnswer, ExecRequest};
use super::reading::{Origin, Reading};
pub use super::resolved::{AgentSocket, KeyFile, Problem, Proxy, Resolved, Stage, Unsupported};
use super::values::{self, CanonicalizeHostname, Flag};

mod finish;
mod host_name;
mod identities;
mod known_hosts;
mod proxy;
mod unsupported;

use finish::Finish;
use host_name::host_name;

/// RFC 4253, section 4.
const SSH_PORT: u16 = 22;
/// The default of `CanonicalizeMaxDots`.
const CANONICALIZE_MAX_DOTS: u32 = 1;

/// Which configs are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ConfigChoice {
    /// `~/.ssh/config`, then `/etc/ssh/ssh_config`.
    #[default]
    Usual,
    /// These instead. Either may be missing.
    Paths { user: Option<PathBuf>, system: Option<PathBuf> },
    /// `-F`: only this one, and it has to be there.
    Given(PathBuf),
    /// `-F none`.
    None,
}

/// What the person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// `[user@]host` or `ssh://[user@]host[:port]`, as typed.
    pub destination: String,
    /// `-l`.
    pub user: Option<String>,
    /// `-p`.
    pub port: Option<u16>,
    /// `-o`, each `Keyword=value`.
    pub overrides: Vec<String>,
    pub config: ConfigChoice,
    /// The command to run there; empty for a shell. `Match command` and `Match sessiontype` ask for it.
    pub command: String,
}

impl Query {
    pub fn to(destination: &str) -> Self {
        Self { destination: destination.to_owned(), ..Self::default() }
    }
}

/// What the resolver may do outside the files. Both block.
pub struct Outside<'a> {
    /// Runs a command of `Match exec`, if somebody agrees. Never run one without: a config may come from anywhere.
    pub exec: &'a mut Exec<'a>,
    pub names: &'a mut dyn NameLookup,
}

impl std::fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outside")
    }
}

/// What the person typed cannot be used. Problems in files are in [`Resolved::problems`] instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("{0:?} is no address to connect to; write [user@]host")]
    Destination(String),
    #[error("the user name {0:?} holds characters that are not allowed")]
    User(String),
    #[error("the option {option:?} cannot be used: {cause}")]
    Override { option: String, cause: String },
    #[error("the config {} cannot be read: {cause}", path.display())]
    Config { path: PathBuf, cause: FileFault },
}

/// Says everything that OpenSSH would do. Reads files and may wait for the DNS and for [`Outside::exec`], so it blocks: call
/// it on a thread where that is fine.
///
/// # Errors
/// When what was typed is at fault. Problems of the files are in the result, and their lines are left out.
pub fn resolve(
    query: &Query,
    local: &Local,
    algorithms: &Algorithms,
    files: &mut Files,
    outside: Outside<'_>,
) -> Result<Resolved, ResolveError> {
    let typed = destination(&query.destination)?;
    let Outside { exec, names } = outside;
    let mut reading = Reading::new(local, algorithms, files, exec, &typed.host, &query.command);
    reading.options.user = query.user.clone();
    reading.options.port = query.port;
    for option in &query.overrides {
        let cause = reading.take_override(option);
        cause.map_err(|cause| ResolveError::Override { option: option.clone(), cause })?;
    }
    let options = &mut reading.options;
    options.user = options.user.take().or(typed.user);
    options.port = options.port.or(typed.port);
    let user_typed = options.user.is_some();
    if let Some(user) = options.user.as_ref().filter(|user| !values::is_user_name(user)) {
        return Err(ResolveError::User(user.clone()));
    }

    read_configs(&mut reading, &query.config)?;
    let host_name = host_name(&mut reading, names);
    if reading.wants_final || is_on(reading.options.canonicalize_hostname) {
        reading.options.host_name = Some(host_name.clone());
        // What decided about the name is decided (`fill_default_options_for_canonicalization`).
        let options = &mut reading.options;
        options.canonicalize_max_dots.get_or_insert(CANONICALIZE_MAX_DOTS);
        options.canonicalize_fallback_local.get_or_insert(Flag::Yes);
        options.canonicalize_hostname.get_or_insert(CanonicalizeHostname::No);
        reading.host = host_name.clone();
        reading.final_pass = true;
        read_configs(&mut reading, &query.config)?;
    }
    let Reading { options, mut problems, declined, .. } = reading;
    let mut finish = Finish { local, options: &options, problems: &mut problems, tokens: Vec::new() };
    let mut resolved = finish.resolved(&typed.host, host_name, user_typed, algorithms, names);
    resolved.problems = problems;
    resolved.declined = declined;
    Ok(resolved)
}

fn is_on(mode: Option<CanonicalizeHostname>) -> bool {
    mode.is_some_and(|mode| mode != CanonicalizeHostname::No)
}

/// What was typed as the destination.
fn destination(typed: &str) -> Result<HostSpec, ResolveError> {
    let bad = || ResolveError::Destination(typed.to_owned());
    let spec = match typed.strip_prefix("ssh://") {
        Some(uri) => jump::parse_uri(uri).ok_or_else(bad)?,
        None => match typed.rsplit_once('@') {
            Some(("", _)) => return Err(bad()),
            Some((user, host)) => HostSpec { user: Some(user.to_owned()), host: host.to_owned(), port: None },
            None => HostSpec { user: None, host: typed.to_owned(), port: None },
        },
    };
    if spec.host.is_empty() || !values::is_host_name(&spec.host) { Err(bad()) } else { Ok(spec) }
}

/// `process_config_files`.
fn read_configs(reading: &mut Reading<'_>, choice: &ConfigChoice) -> Result<(), ResolveError> {
    let usual = (reading.local.user_config(), reading.local.system_config());
    let (user, system) = match choice {
        ConfigChoice::None => return Ok(()),
        ConfigChoice::Given(path) => {
            let origin = Origin { of_user: true, checked: false };
            let read = reading.read(path, origin);
            return read.map_err(|cause| ResolveError::Config { path: path.clone(), cause });
        }
        ConfigChoice::Usual => (Some(usual.0), Some(usual.1)),
        ConfigChoice::Paths { user, system } => (user.clone(), system.clone()),
    };
    if let Some(path) = user {
        read_optional(reading, &path, Origin { of_user: true, checked: true });
    }
    if let Some(path) = system {
        read_optional(reading, &path, Origin { of_user: false, checked: false });
    }
    Ok(())
}

fn read_optional(reading: &mut Reading<'_>, path: &Path, origin: Origin) {
    let stage = match reading.read(path, origin) {
        Ok(()) | Err(FileFault::Missing) => return,
        Err(fault @ FileFault::Permissions) => (fault, Stage::Reading),
        // OpenSSH passes over it in silence.
        Err(fault @ FileFault::Unreadable(_)) => (fault, Stage::Connecting),
    };
    let place = Place { path: Some(Arc::new(path.to_owned())), line: 0 };
    reading.note(place, None, stage.0.to_string(), stage.1);
}

fn is_none_rule(cnames: &[(String, String)]) -> bool {
    matches!(cnames, [(from, to)] if from.eq_ignore_ascii_case("none") && to.is_empty())
}

fn on(flag: Option<Flag>, default: bool) -> bool {
    flag.map_or(default, |flag| flag == Flag::Yes)
}

fn place_of(options: &Options, keyword: &str) -> Place {
    options.places.get(keyword).cloned().unwrap_or(Place { path: None, line: 0 })
}

#[cfg(test)]
mod tests;
