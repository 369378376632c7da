//! What of a config is not as it says, for the person: named once, so that nothing is dropped in silence.

use std::path::Path;

use serde::Serialize;
use ts_rs::TS;

use crate::host::HostId;
use crate::host::ssh_config::local::Local;
use crate::host::ssh_config::resolve::{Place, Resolved};
use crate::prompt::visible_line;

/// More than a person reads.
const NOTES_MAX: usize = 100;

/// What a connection to a host found in ssh_config and did not do. Told once in a run for the same host and content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigNotes {
    pub host_id: HostId,
    pub notes: Vec<ConfigNote>,
}

/// One line, with control characters made visible.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, TS)]
pub struct ConfigNote {
    /// None if it is about no keyword.
    pub keyword: Option<String>,
    /// What the line says; for a problem, what is wrong with it; for a declined command, the command.
    pub value: String,
    /// File and line.
    pub place: String,
    pub kind: ConfigNoteKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigNoteKind {
    /// Bowline does not act on it.
    Unsupported,
    /// It could not be understood and was left out.
    Problem,
    /// A command of `Match exec` that was not run, so that its block does not apply.
    Declined,
}

/// The notes on one destination. Unsupported lines of the system's own config are left out: a distribution sets them for
/// everybody, and they are not the person's to change.
pub(super) fn notes(resolved: &Resolved, local: &Local, system: Option<&Path>) -> Vec<ConfigNote> {
    let folder = system.and_then(Path::parent);
    let of_system = |place: &Place| {
        folder.is_some_and(|folder| place.path.as_ref().is_some_and(|path| path.starts_with(folder)))
    };
    let unsupported =
        resolved.unsupported.iter().filter(|one| !of_system(&one.place)).map(|one| ConfigNote {
            keyword: Some(one.keyword.clone()),
            value: visible_line(&one.value),
            place: shown(&one.place, local),
            kind: ConfigNoteKind::Unsupported,
        });
    let problems = resolved.problems.iter().map(|one| ConfigNote {
        keyword: one.keyword.as_deref().map(visible_line),
        value: visible_line(&one.message),
        place: shown(&one.place, local),
        kind: ConfigNoteKind::Problem,
    });
    let declined = resolved.declined.iter().map(|(command, place)| ConfigNote {
        keyword: Some("Match exec".to_owned()),
        value: visible_line(command),
        place: shown(place, local),
        kind: ConfigNoteKind::Declined,
    });
    let mut notes: Vec<ConfigNote> = Vec::new();
    let found: Vec<ConfigNote> = unsupported.chain(problems).chain(declined).collect();
    join(&mut notes, &found);
    notes
}

/// Adds what is not among them yet: a line for every host counts for a jump host and for the host behind it.
pub(super) fn join(notes: &mut Vec<ConfigNote>, more: &[ConfigNote]) {
    for note in more {
        if !notes.contains(note) && notes.len() < NOTES_MAX {
            notes.push(note.clone());
        }
    }
}

fn shown(place: &Place, local: &Local) -> String {
    let Some(path) = &place.path else { return visible_line(&place.to_string()) };
    let path = short_path(path, &local.home);
    if place.line == 0 { path } else { format!("{path}:{}", place.line) }
}

/// A path as people write it, with `~` for the home folder.
pub(super) fn short_path(path: &Path, home: &Path) -> String {
    let shown = match path.strip_prefix(home) {
        Ok(rest) => Path::new("~").join(rest),
        Err(_) => path.to_owned(),
    };
    visible_line(&shown.to_string_lossy())
}
