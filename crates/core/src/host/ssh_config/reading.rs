//! Goes through config files line by line with one name in mind, as `read_config_file_depth` of OpenSSH does. Where it would
//! end, this notes a problem and goes on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::algorithms::Algorithms;
use super::files::{FileFault, Files};
use super::keywords::{Keyword, keyword};
use super::local::Local;
use super::matching::{self, Subject};
use super::options::{Jump, Line, Options, Place, is_ignored};
use super::resolved::{Problem, Stage, conn_hash};
use super::tokens::Tokens;
use super::{Content, Directive, Fault, parse_line};
use crate::host::pattern::matches;

/// OpenSSH's READCONF_MAX_DEPTH.
const DEPTH_MAX: usize = 16;
/// More are not worth reading, and a file can have a million.
const PROBLEMS_MAX: usize = 100;
/// Files that one name pulls in, each time counted: without it, files that include each other's neighbours twice would grow
/// by powers of two.
const VISITS_MAX: usize = 4096;

/// A command of `Match exec` that somebody has to agree to.
#[derive(Debug, Clone, Copy)]
pub struct ExecRequest<'a> {
    /// With its tokens replaced, for a shell.
    pub command: &'a str,
    pub place: &'a Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecAnswer {
    /// It was run; whether it ended with 0.
    Ran { success: bool },
    /// It was not run. The condition does not match, negated or not.
    Declined,
}

/// Asked for every command that decides about a `Match`, in the order of the config and again in a second pass.
pub type Exec<'a> = dyn FnMut(&ExecRequest<'_>) -> ExecAnswer + 'a;

/// Which kind of file a line is in.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    pub of_user: bool,
    /// Others must not be able to write it. Included files are always looked at that way.
    pub checked: bool,
}

pub struct Reading<'a> {
    pub local: &'a Local,
    pub algorithms: &'a Algorithms,
    pub files: &'a mut Files,
    pub exec: &'a mut Exec<'a>,
    pub original_host: &'a str,
    /// What `Host` is compared with: the name as typed, in the second pass the one to connect to.
    pub host: String,
    /// The command to run there, empty for a shell.
    pub command: &'a str,
    pub final_pass: bool,
    pub options: Options,
    pub wants_final: bool,
    pub problems: Vec<Problem>,
    pub declined: Vec<(String, Place)>,
    open: Vec<PathBuf>,
    visits: usize,
}

impl<'a> Reading<'a> {
    pub fn new(
        local: &'a Local,
        algorithms: &'a Algorithms,
        files: &'a mut Files,
        exec: &'a mut Exec<'a>,
        original_host: &'a str,
        command: &'a str,
    ) -> Self {
        Self {
            local,
            algorithms,
            files,
            exec,
            original_host,
            host: original_host.to_owned(),
            command,
            final_pass: false,
            options: Options::default(),
            wants_final: false,
            problems: Vec::new(),
            declined: Vec::new(),
            open: Vec::new(),
            visits: 0,
        }
    }

    /// A line of `-o`.
    pub fn take_override(&mut self, text: &str) -> Result<(), String> {
        let directive = match parse_line(text) {
            Content::Empty => return Ok(()),
            Content::Fault(fault) => return Err(fault.to_string()),
            Content::Directive(directive) => directive,
        };
        let name = directive.keyword.to_ascii_lowercase();
        let place = Place { path: None, line: 0 };
        match keyword(&name) {
            Some(keyword) => self.set(&directive, &name, keyword, &place, true, true),
            None if is_ignored(&self.options, &name) => Ok(()),
            None => Err("it is no keyword".to_owned()),
        }
    }

    /// Reads one file with all that it includes. None of it applies by chance: the caller says which file it is.
    pub fn read(&mut self, path: &Path, origin: Origin) -> Result<(), FileFault> {
        self.read_at(path, origin, true)
    }

    /// `reachable`: whether the place of the `Include` applies. If not, the lines are checked only (SSHCONF_NEVERMATCH).
    fn read_at(&mut self, path: &Path, origin: Origin, reachable: bool) -> Result<(), FileFault> {
        let file = self.files.get(path)?;
        if origin.checked && file.open_to_others {
            return Err(FileFault::Permissions);
        }
        self.open.push(std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
        let path = Arc::new(path.to_owned());
        if file.config.lossy {
            let place = Place { path: Some(path.clone()), line: 0 };
            self.note(place, None, "some of it is no UTF-8".to_owned(), Stage::Connecting);
        }
        // What stands before the first Host or Match applies to all.
        let mut active = reachable;
        for (index, line) in file.config.lines.iter().enumerate() {
            let place = || Place { path: Some(path.clone()), line: index + 1 };
            match &line.content {
                Content::Empty => {}
                Content::Fault(fault) => self.fault(place(), *fault),
                Content::Directive(directive) => {
                    self.line(directive, &place(), origin, reachable, &mut active)
                }
            }
        }
        self.open.pop();
        Ok(())
    }

    fn fault(&mut self, place: Place, fault: Fault) {
        self.note(place, None, fault.to_string(), Stage::Reading);
    }

    fn line(
        &mut self,
        directive: &Directive,
        place: &Place,
        origin: Origin,
        reachable: bool,
        active: &mut bool,
    ) {
        let name = directive.keyword.to_ascii_lowercase();
        let result = match keyword(&name) {
            Some(Keyword::Host) => {
                let (applies, result) = self.host(&directive.arguments);
                *active = reachable && applies;
                result
            }
            Some(Keyword::Match) => match self.conditions(&directive.arguments, place) {
                Ok(applies) => {
                    *active = reachable && applies;
                    Ok(())
                }
                Err(message) => {
                    // OpenSSH ends here. A block whose conditions nobody understands must not apply.
                    *active = false;
                    Err(message)
                }
            },
            Some(Keyword::Include) => self.include(&directive.arguments, place, origin, *active),
            Some(keyword) => self.set(directive, &name, keyword, place, *active, origin.of_user),
            None if is_ignored(&self.options, &name) => Ok(()),
            None => Err("it is no keyword that OpenSSH knows".to_owned()),
        };
        if let Err(message) = result {
            self.note(place.clone(), Some(&directive.keyword), message, Stage::Reading);
        }
    }

    fn set(
        &mut self,
        directive: &Directive,
        name: &str,
        keyword: Keyword,
        place: &Place,
        active: bool,
        of_user: bool,
    ) -> Result<(), String> {
        let line = Line {
            name,
            keyword,
            arguments: &directive.arguments,
            rest: &directive.rest,
            place,
            active,
            of_user,
        };
        self.options.take(&line, self.algorithms, &self.local.environment)
    }

    /// Whether a `Host` line applies. A pattern after `!` that matches ends the line.
    fn host(&self, patterns: &[String]) -> (bool, Result<(), String>) {
        let mut applies = false;
        for pattern in patterns {
            if pattern.is_empty() {
                return (false, Err("empty argument".to_owned()));
            }
            let (negated, pattern) = match pattern.strip_prefix('!') {
                Some(pattern) => (true, pattern),
                None => (false, pattern.as_str()),
            };
            if matches(pattern, &self.host) {
                if negated {
                    return (false, Ok(()));
                }
                applies = true;
            }
        }
        (applies, Ok(()))
    }

    fn conditions(&mut self, arguments: &[String], place: &Place) -> Result<bool, String> {
        let host = self.host_so_far()?;
        // Copies, since running a command needs the options too.
        let user = self.options.user.clone().unwrap_or_else(|| self.local.user.clone());
        let tag = self.options.tag.clone().unwrap_or_default();
        let subject = Subject {
            host: &host,
            original_host: self.original_host,
            user: &user,
            local_user: &self.local.user,
            tag: &tag,
            command: self.command,
            session_type: self.options.session_type,
            addresses: &self.local.addresses,
            final_pass: self.final_pass,
        };
        let mut declined_here = false;
        let matched = matching::evaluate(arguments, &subject, &mut |command, wanted| {
            let command = self.expand(command, false)?;
            if !wanted || declined_here {
                return Ok(false);
            }
            match (self.exec)(&ExecRequest { command: &command, place }) {
                ExecAnswer::Ran { success } => Ok(success),
                ExecAnswer::Declined => {
                    declined_here = true;
                    let entry = (command, place.clone());
                    if !self.declined.contains(&entry) && self.declined.len() < PROBLEMS_MAX {
                        self.declined.push(entry);
                    }
                    Ok(false)
                }
            }
        })?;
        self.wants_final |= matched.wants_final;
        Ok(matched.matches && !declined_here)
    }

    /// The name to connect to, as far as the lines before this one tell.
    fn host_so_far(&self) -> Result<String, String> {
        match &self.options.host_name {
            Some(host) if self.final_pass => Ok(host.clone()),
            Some(host) => expand_host_name(host, &self.host),
            None => Ok(self.host.clone()),
        }
    }

    /// `expand_match_exec_or_include_path`.
    fn expand(&self, text: &str, environment: bool) -> Result<String, String> {
        let options = &self.options;
        let host = self.host_so_far()?;
        let user = options.user.clone().unwrap_or_else(|| self.local.user.clone());
        let port = options.port.unwrap_or(22).to_string();
        let jump = match &options.proxy_jump {
            Some(Jump::Chain(chain)) => chain.last().map(|last| last.host.clone()).unwrap_or_default(),
            Some(Jump::None) | None => String::new(),
        };
        let local = self.local;
        let tokens = [
            ('C', conn_hash(&local.host_name, &host, &port, &user, &jump)),
            ('L', short(&local.host_name).to_owned()),
            ('d', local.account_home.to_string_lossy().into_owned()),
            ('k', options.host_key_alias.clone().unwrap_or_else(|| host.clone())),
            ('h', host),
            ('l', local.host_name.clone()),
            ('n', self.original_host.to_owned()),
            ('p', port),
            ('r', user),
            ('u', local.user.clone()),
            ('i', local.uid.to_string()),
            ('j', jump),
        ];
        let environment = environment.then_some(&local.environment);
        let expanded = Tokens { percent: Some(&tokens), environment }.expand(text);
        expanded.map_err(|fault| format!("{text}: {fault}"))
    }

    fn include(
        &mut self,
        arguments: &[String],
        place: &Place,
        origin: Origin,
        active: bool,
    ) -> Result<(), String> {
        for argument in arguments {
            if argument.is_empty() {
                return Err("empty argument".to_owned());
            }
            let pattern = match self.expand(argument, true) {
                Ok(pattern) => anchored(&pattern, self.local, origin.of_user)?,
                // OpenSSH says so and goes on with what follows.
                Err(message) => {
                    self.note(place.clone(), Some("Include"), message, Stage::Connecting);
                    continue;
                }
            };
            for path in files_matching(&pattern)? {
                self.include_file(&path, place, origin, active);
            }
        }
        Ok(())
    }

    fn include_file(&mut self, path: &Path, place: &Place, origin: Origin, active: bool) {
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        self.visits += 1;
        let refusal = if self.open.contains(&real) {
            Some(format!("{} includes itself", path.display()))
        } else if self.open.len() > DEPTH_MAX {
            Some(format!("{} is included too deeply", path.display()))
        } else if self.visits > VISITS_MAX {
            Some(format!("{} is one file too many", path.display()))
        } else {
            let checked = Origin { checked: true, ..origin };
            let read = self.read_at(path, checked, active);
            read.err().map(|fault| format!("{}: {fault}", path.display()))
        };
        if let Some(message) = refusal {
            self.note(place.clone(), Some("Include"), message, Stage::Reading);
        }
    }

    pub fn note(&mut self, place: Place, keyword: Option<&str>, message: String, stage: Stage) {
        let problem = Problem { place, keyword: keyword.map(str::to_owned), message, stage };
        // A second pass says the same again.
        if self.problems.len() < PROBLEMS_MAX && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// `HostName` knows one token.
pub fn expand_host_name(host_name: &str, original: &str) -> Result<String, String> {
    let tokens = [('h', original.to_owned())];
    let expanded = Tokens { percent: Some(&tokens), environment: None }.expand(host_name);
    expanded.map_err(|fault| format!("{host_name}: {fault}"))
}

/// `%L`.
pub fn short(host_name: &str) -> &str {
    host_name.split('.').next().unwrap_or_default()
}

/// The whole path: relative ones lie beside the config, and only a person's config may say `~`.
fn anchored(path: &str, local: &Local, of_user: bool) -> Result<String, String> {
    match (path.starts_with('~'), of_user) {
        (true, false) => Err(format!("{path}: a config of the system cannot say ~")),
        (true, true) => {
            local.expand_include_tilde(path).ok_or_else(|| format!("{path}: there is no such person"))
        }
        (false, _) if Path::new(path).is_absolute() => Ok(path.to_owned()),
        (false, true) => Ok(format!("{}/.ssh/{path}", local.home.display())),
        (false, false) => Ok(format!("{}/{path}", local.system_folder.display())),
    }
}

/// What an `Include` without tokens searches for, and the folder in which new files would be found.
pub fn include_pattern(argument: &str, local: &Local, of_user: bool) -> Result<(String, PathBuf), String> {
    let tokens = Tokens { percent: None, environment: Some(&local.environment) };
    let path = tokens.expand(argument).map_err(|fault| format!("{argument}: {fault}"))?;
    let pattern = anchored(&path, local, of_user)?;
    let literal = pattern.split(['*', '?', '[']).next().unwrap_or_default();
    let folder = literal.rsplit_once('/').map_or("/", |(folder, _)| folder);
    let folder = PathBuf::from(folder);
    Ok((pattern, folder))
}

/// In the order of their names; none at all is no problem.
pub fn files_matching(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let found = glob::glob_with(pattern, options).map_err(|error| format!("{pattern}: {}", error.msg))?;
    Ok(found.filter_map(Result::ok).take(VISITS_MAX).collect())
}
