//! Hosts of ~/.ssh/config, offered for import.

use std::path::Path;

use serde::Serialize;
use ts_rs::TS;

use super::ssh_config::applied::{Applied, Setting, names, unread_matches};
use super::ssh_config::tree::{self, place};
use super::{Host, HostDraft, check};
use crate::error::{Error, ErrorCode, Result};

mod tokens;

/// More than this is no list that a person reads; that there are more is said as a problem.
const CANDIDATES_MAX: usize = 2000;
/// RFC 4253, section 4.
const SSH_PORT: u16 = 22;

/// One `Host` block that names a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImportCandidate {
    /// The name in the `Host` line.
    pub alias: String,
    pub draft: HostDraft,
    /// Keywords of its block that Bowline does not act on yet, named so that nothing is dropped in silence.
    pub ignored: Vec<String>,
    /// A saved host with this name exists already.
    pub saved: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, TS)]
pub struct ImportPreview {
    pub path: String,
    pub candidates: Vec<ImportCandidate>,
    /// Lines that could not be understood: `line 12: missing argument`.
    pub problems: Vec<String>,
}

/// Every machine that a config file names, with what applies to it from all blocks that match, first value first.
///
/// Reads files, so it blocks.
///
/// # Errors
/// [`ErrorCode::ImportFailed`] when the file cannot be read.
pub fn preview(config_path: &Path, existing: &[Host]) -> Result<ImportPreview> {
    preview_at_home(config_path, existing, dirs::home_dir().as_deref())
}

/// How many of them are not saved yet; none if there is no such file.
pub fn count(config_path: &Path, existing: &[Host]) -> usize {
    preview(config_path, existing)
        .map_or(0, |preview| preview.candidates.iter().filter(|one| !one.saved).count())
}

fn preview_at_home(config_path: &Path, existing: &[Host], home: Option<&Path>) -> Result<ImportPreview> {
    let loaded = tree::load(config_path, home).map_err(|error| unreadable(config_path, error))?;
    let mut problems = loaded.problems;
    for (path, line) in unread_matches(&loaded.tree) {
        let said = "Match is not looked at, so what stands under it was left out";
        problems.push(place(config_path, path, line, said));
    }
    let mut candidates = Vec::new();
    for name in names(&loaded.tree) {
        if candidates.len() == CANDIDATES_MAX {
            problems.push(format!("only the first {CANDIDATES_MAX} hosts are shown"));
            break;
        }
        let applied = Applied::to(name, &loaded.tree);
        // A name that only stands where its own block cannot apply (an Include under another host) is no host.
        if !applied.named {
            continue;
        }
        let mut reading =
            Reading { alias: name, applied: &applied, home, ignored: Vec::new(), faults: Vec::new() };
        let draft = reading.draft();
        let Reading { ignored, faults, .. } = reading;
        for (setting, what) in faults {
            let problem = place(config_path, setting.path, setting.line, what);
            // A line of a pattern applies to many hosts.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        match check::accept(&draft) {
            Ok(()) => {
                let saved = existing.iter().any(|host| host.name() == name);
                candidates.push(ImportCandidate { alias: name.to_owned(), draft, ignored, saved });
            }
            Err(error) => problems.push(format!("Host {name}: {}", error.message)),
        }
    }
    Ok(ImportPreview { path: config_path.display().to_string(), candidates, problems })
}

/// What applies to one host, on its way to a draft.
struct Reading<'s, 'a> {
    alias: &'s str,
    applied: &'s Applied<'a>,
    home: Option<&'s Path>,
    ignored: Vec<String>,
    /// Lines that OpenSSH would refuse the whole file for.
    faults: Vec<(&'s Setting<'a>, String)>,
}

impl<'s, 'a> Reading<'s, 'a> {
    fn draft(&mut self) -> HostDraft {
        let user = self.values("User").first().map(|(_, user)| (*user).to_owned()).unwrap_or_default();
        let (address, port) = (self.address(), self.port());
        let key_path = self.key_path(&address, &user);
        for setting in &self.applied.settings {
            let acted_on = ["HostName", "User", "Port", "IdentityFile"];
            if !acted_on.iter().any(|keyword| setting.is(keyword)) {
                self.ignore(setting.keyword);
            }
        }
        HostDraft { label: self.alias.to_owned(), address, port, user, key_path, ..HostDraft::default() }
    }

    fn address(&mut self) -> String {
        let Some((_, host_name)) = self.values("HostName").first().copied() else {
            return self.alias.to_owned();
        };
        tokens::expand(host_name, &[('h', self.alias)]).unwrap_or_else(|| {
            self.ignore("HostName");
            self.alias.to_owned()
        })
    }

    fn port(&mut self) -> u16 {
        for (setting, value) in self.values("Port") {
            match value.parse() {
                Ok(0) | Err(_) => self.faults.push((setting, format!("Port: {value} is no port"))),
                Ok(port) => return port,
            }
        }
        SSH_PORT
    }

    /// The first key file that we can name. OpenSSH tries all of them, so further ones count as ignored.
    fn key_path(&mut self, address: &str, user: &str) -> String {
        let home = self.home.map(|home| home.to_string_lossy().into_owned());
        let mut known = vec![('h', address), ('n', self.alias)];
        known.extend(home.as_deref().map(|home| ('d', home)));
        // Without a User line it is the local user's name, which is not for this file to say.
        known.extend((!user.is_empty()).then_some(('r', user)));
        let (mut first, mut seen) = (None, Vec::new());
        for (_, value) in self.values("IdentityFile") {
            if value.eq_ignore_ascii_case("none") || seen.contains(&value) {
                continue;
            }
            seen.push(value);
            match tokens::expand(value, &known) {
                Some(path) if first.is_none() && !path.contains("${") => first = Some(path),
                Some(_) | None => self.ignore("IdentityFile"),
            }
        }
        first.unwrap_or_default()
    }

    /// The values of a keyword that takes one argument, in order.
    fn values(&mut self, keyword: &str) -> Vec<(&'s Setting<'a>, &'a str)> {
        let mut values = Vec::new();
        for setting in self.applied.settings.iter().filter(|setting| setting.is(keyword)) {
            match setting.arguments {
                [value] if !value.is_empty() => values.push((setting, value.as_str())),
                [_] | [] => self.faults.push((setting, format!("{keyword}: missing argument"))),
                [..] => self.faults.push((setting, format!("{keyword}: extra arguments at end of line"))),
            }
        }
        values
    }

    fn ignore(&mut self, keyword: &str) {
        if !self.ignored.iter().any(|known| known.eq_ignore_ascii_case(keyword)) {
            self.ignored.push(keyword.to_owned());
        }
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let cause = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        _ => error.to_string(),
    };
    Error::new(
        ErrorCode::ImportFailed,
        format!("Hosts could not be imported from {}: {cause}. Choose another file.", path.display()),
    )
    .with("path", path.display())
    .with("cause", cause)
    .because(error)
}

#[cfg(test)]
mod tests;
