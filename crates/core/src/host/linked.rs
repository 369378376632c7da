//! Linked hosts: the names in `~/.ssh/config` and the system's config, shown as they stand there and live when a file changes.
//!
//! They are not saved hosts: nothing is copied. Who connects to one asks [`resolve`] for its alias, so that the config
//! of that moment counts.
//!
//! How the engine uses it: at its start `LinkedHosts::start(LinkedPaths::usual(&local), local)`, the first value kept with
//! the engine (dropped, it ends the thread); a task that awaits `changed()` of the receiver sends a snapshot event with
//! `borrow_and_update()`. For a connection, in `spawn_blocking`: `resolve(&Query::to(alias), &Local::here(), ...)` with
//! a new `Files`, and an `exec` that asks the person and answers `Declined` if there is nobody to ask.
//!
//! A thread looks at the files every two seconds: at the time, length and number of each file that was read or looked
//! for, and of the folders in which an `Include` searches. It needs no facility of the system, works on network drives,
//! and costs a few `stat` calls.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::ssh_config::algorithms::Algorithms;
use super::ssh_config::canonical::{Found, NameLookup};
use super::ssh_config::files::Files;
use super::ssh_config::local::Local;
use super::ssh_config::resolve::{ConfigChoice, ExecAnswer, ExecRequest, Outside, Query, resolve};
use super::ssh_config::values::AddressFamily;
use super::ssh_config::{Content, Directive};

/// More than a person looks through; that there are more is said as a problem.
const HOSTS_MAX: usize = 2000;
/// Each host goes through every line, twice at most: this many are read in a few seconds.
const LINES_READ_MAX: usize = 10_000_000;
const PROBLEMS_MAX: usize = 100;
/// Files and folders that are looked at each time.
const WATCHED_MAX: usize = 2048;
/// How often. A person who saves a config and turns to the window does not wait for this.
const INTERVAL: Duration = Duration::from_secs(2);

/// One name of a `Host` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedHost {
    pub alias: String,
    /// Where a connection would go, without asking the DNS and without running commands of `Match exec`: to be shown.
    pub address: String,
    pub port: u16,
    pub user: String,
    /// The file whose `Host` line names it; the sidebar groups by it.
    pub group_path: PathBuf,
    /// Counted from 1.
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkedList {
    /// In the order of the configs, the person's first, each alias once.
    pub hosts: Vec<LinkedHost>,
    /// What could not be read: file, line and reason.
    pub problems: Vec<String>,
}

/// Which configs. A file that is not there may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedPaths {
    pub user: Option<PathBuf>,
    pub system: Option<PathBuf>,
}

impl LinkedPaths {
    pub fn usual(local: &Local) -> Self {
        Self { user: Some(local.user_config()), system: Some(local.system_config()) }
    }
}

/// Keeps the list up to date as long as it lives.
#[derive(Debug)]
pub struct LinkedHosts {
    /// Dropped, it ends the thread.
    _stop: SyncSender<()>,
}

impl LinkedHosts {
    /// Starts to watch. The list is empty at first and follows at once. The receiver sees the newest list only: a slow
    /// reader misses those between.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(
        paths: LinkedPaths,
        local: Local,
    ) -> std::io::Result<(Self, watch::Receiver<Arc<LinkedList>>)> {
        let (sender, receiver) = watch::channel(Arc::default());
        // Nothing is ever sent in it: it only tells that the other end is gone.
        let (stop, stopped) = sync_channel::<()>(1);
        std::thread::Builder::new().name("linked-hosts".to_owned()).spawn(move || {
            let mut seen = None;
            loop {
                let look = Look::at(&paths, &local, seen.take());
                if let Some(list) = look.list {
                    sender.send_if_modified(|known| {
                        let changed = **known != list;
                        if changed {
                            *known = Arc::new(list);
                        }
                        changed
                    });
                }
                seen = Some(look.stamps);
                match stopped.recv_timeout(INTERVAL) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok((Self { _stop: stop }, receiver))
    }
}

/// What a file looks like from outside. None: it is not there.
type Stamp = Option<(SystemTime, u64, u64)>;
type Stamps = BTreeMap<PathBuf, Stamp>;

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let number = 0;
    Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), number))
}

struct Look {
    /// None: nothing has changed.
    list: Option<LinkedList>,
    stamps: Stamps,
}

impl Look {
    fn at(paths: &LinkedPaths, local: &Local, before: Option<Stamps>) -> Self {
        if let Some(before) = before
            && before.iter().all(|(path, known)| stamp(path) == *known)
        {
            return Self { list: None, stamps: before };
        }
        let (list, watched) = list_hosts(paths, local);
        // A file that changes while it is read is seen the next time: what it looked like is noted before.
        Self { list: Some(list), stamps: watched }
    }
}

/// Reads the configs once. Blocks; see [`LinkedHosts::start`] for a list that stays up to date.
pub fn list(paths: &LinkedPaths, local: &Local) -> LinkedList {
    list_hosts(paths, local).0
}

fn list_hosts(paths: &LinkedPaths, local: &Local) -> (LinkedList, Stamps) {
    let configs = [(&paths.user, true), (&paths.system, false)];
    let mut gathering = Gathering::new(local);
    for (path, of_user) in configs {
        if let Some(path) = path {
            gathering.file(path, of_user, of_user, &mut Vec::new());
        }
    }
    let Gathering { mut files, mut found, lines, stamps, .. } = gathering;
    let mut problems = Vec::new();
    let most = HOSTS_MAX.min(LINES_READ_MAX / lines.max(1));
    if found.len() > most {
        problems.push(format!("only the first {most} hosts are shown"));
        found.truncate(most);
    }
    let mut hosts = Vec::new();
    for Place { alias, path, line } in found {
        let query = Query {
            destination: alias.clone(),
            config: ConfigChoice::Paths { user: paths.user.clone(), system: paths.system.clone() },
            ..Query::default()
        };
        // To show a list nothing is run and nobody is asked.
        let mut exec = |_: &ExecRequest<'_>| ExecAnswer::Declined;
        let outside = Outside { exec: &mut exec, names: &mut NobodyAsked };
        let resolved = match resolve(&query, local, &Algorithms::default(), &mut files, outside) {
            Ok(resolved) => resolved,
            Err(error) => {
                problems.push(format!("{}, line {line}: {error}", path.display()));
                continue;
            }
        };
        for problem in &resolved.problems {
            // Which algorithms there are is no question of a list, so what it says of them is not for it to say.
            let about_algorithms = problem.keyword.as_deref().is_some_and(|keyword| {
                ["ciphers", "macs", "algorithms", "keytypes"]
                    .iter()
                    .any(|end| keyword.to_ascii_lowercase().ends_with(end))
            });
            let text = problem.to_string();
            if !about_algorithms && problems.len() < PROBLEMS_MAX && !problems.contains(&text) {
                problems.push(text);
            }
        }
        hosts.push(LinkedHost {
            alias,
            address: resolved.host_name,
            port: resolved.port,
            user: resolved.user,
            group_path: path,
            line,
        });
    }
    (LinkedList { hosts, problems }, stamps)
}

/// A DNS that knows no name, so that a name stays as it is written.
struct NobodyAsked;

impl NameLookup for NobodyAsked {
    fn look_up(&mut self, _: &str, _: AddressFamily) -> Option<Found> {
        None
    }
}

/// Where a name stands.
struct Place {
    alias: String,
    path: PathBuf,
    line: usize,
}

/// Goes through all files for the names in them, whatever applies.
struct Gathering<'a> {
    local: &'a Local,
    files: Files,
    found: Vec<Place>,
    seen: HashSet<String>,
    lines: usize,
    stamps: Stamps,
}

impl<'a> Gathering<'a> {
    fn new(local: &'a Local) -> Self {
        Self {
            local,
            files: Files::default(),
            found: Vec::new(),
            seen: HashSet::new(),
            lines: 0,
            stamps: Stamps::new(),
        }
    }

    fn watch(&mut self, path: &Path) {
        if self.stamps.len() < WATCHED_MAX && !self.stamps.contains_key(path) {
            self.stamps.insert(path.to_owned(), stamp(path));
        }
    }

    fn file(&mut self, path: &Path, of_user: bool, checked: bool, open: &mut Vec<PathBuf>) {
        self.watch(path);
        // A file that names itself, or one too many, is said by the resolver.
        if open.len() > 16 || open.iter().any(|one| one == path) {
            return;
        }
        let Ok(file) = self.files.get(path) else { return };
        if checked && file.open_to_others {
            return;
        }
        open.push(path.to_owned());
        self.lines += file.config.lines.len();
        for (index, line) in file.config.lines.iter().enumerate() {
            let Content::Directive(directive) = &line.content else { continue };
            if directive.is("Host") {
                self.names(directive, path, index + 1);
            } else if directive.is("Include") {
                for argument in &directive.arguments {
                    self.include(argument, of_user, open);
                }
            }
        }
        open.pop();
    }

    fn names(&mut self, directive: &Directive, path: &Path, line: usize) {
        for name in &directive.arguments {
            let concrete = !name.is_empty() && !name.contains(['*', '?', '!']);
            if concrete && self.found.len() <= HOSTS_MAX && self.seen.insert(name.clone()) {
                self.found.push(Place { alias: name.clone(), path: path.to_owned(), line });
            }
        }
    }

    /// An `Include` that depends on the name has other files for every name, and is left to the resolver.
    fn include(&mut self, argument: &str, of_user: bool, open: &mut Vec<PathBuf>) {
        if argument.is_empty() || argument.contains('%') {
            return;
        }
        let Ok((pattern, folder)) = super::ssh_config::include_pattern(argument, self.local, of_user) else {
            return;
        };
        self.watch(&folder);
        for path in super::ssh_config::files_matching(&pattern).unwrap_or_default() {
            self.watch(path.parent().unwrap_or(&folder));
            if self.stamps.len() < WATCHED_MAX {
                self.file(&path, of_user, true, open);
            }
        }
    }
}

#[cfg(test)]
mod tests;
