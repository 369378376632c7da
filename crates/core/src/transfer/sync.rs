//! Making one folder like another, purely: what a person wants of a sync, which paths it is about, when two things count as
//! the same, and when too much would be deleted.

pub mod filter;
pub mod saved;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::conflict::Kind;
use crate::error::{Error, ErrorCode, Problem};

/// Patterns of one kind, and single paths that are left as they are.
pub const PATTERNS_MAX: usize = 200;
pub const LEAVE_MAX: usize = 1000;
/// The longest of them.
pub const PATTERN_MAX_BYTES: usize = 4096;
/// SFTP v3 has whole seconds, which some round up and others down.
pub const TOLERANCE_SECONDS: u64 = 1;
/// FAT keeps even seconds only.
pub const FAT_TOLERANCE_SECONDS: u64 = 2;

/// What a person wants of a sync.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncRules {
    /// What the source does not have is deleted from the target.
    pub delete: bool,
    /// Even if that is more than half of the target.
    pub delete_many: bool,
    /// Never more than so many, which a person has seen and agreed to.
    pub delete_most: Option<u32>,
    /// Files of one size are held against each other by SHA-256 and not by their times.
    pub checksum: bool,
    /// As in .gitignore; what they match is neither copied nor deleted.
    pub exclude: Vec<String>,
    /// What is not left out, though it is excluded.
    pub include: Vec<String>,
    /// Paths below the folder that are left as they are, as text of [`crate::files::path_text`].
    pub leave: Vec<String>,
    /// It goes on: what changes at the source later is copied too.
    pub watch: bool,
}

/// What happens to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum SyncAction {
    /// A folder that is made.
    Folder,
    /// A file that is not there yet.
    New,
    /// A file that is there and differs.
    Changed,
    /// A symbolic link, new or leading elsewhere.
    Link,
    /// Not at the source.
    Delete,
    /// Left out: no file, or a link that leads out of the folder.
    Left,
    /// Something of another kind stands there, or it could not be looked at.
    Failed,
}

/// All of them, in the order in which a person sees them.
pub const ACTIONS: [SyncAction; 7] = [
    SyncAction::Folder,
    SyncAction::New,
    SyncAction::Changed,
    SyncAction::Link,
    SyncAction::Delete,
    SyncAction::Left,
    SyncAction::Failed,
];

/// One path of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SyncRow {
    /// Below the folder, as text of [`crate::files::path_text`].
    pub path: String,
    /// The same, to be shown.
    pub shown: String,
    pub action: SyncAction,
    pub is_folder: bool,
    pub is_link: bool,
    /// Bytes, of what is copied or deleted.
    pub size: f64,
    /// Seconds since 1970.
    pub modified: Option<f64>,
    /// What stands at the target.
    pub old_size: Option<f64>,
    pub old_modified: Option<f64>,
    /// Why it is left out or failed.
    pub problem: Option<Problem>,
}

/// How much there is of each action.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SyncCount {
    pub action: SyncAction,
    pub count: f64,
    pub bytes: f64,
}

/// What a comparison came to, or how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SyncSummary {
    /// Everything was compared.
    pub complete: bool,
    /// Entries that were looked at, on both sides together.
    pub seen: f64,
    /// Only those of which there are any.
    pub counts: Vec<SyncCount>,
    /// Why nothing would be deleted, or nothing be done at all.
    pub refused: Option<Problem>,
}

/// What is known of a file on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub kind: Kind,
    pub size: u64,
    /// Seconds since 1970.
    pub modified: Option<u64>,
}

/// What two files look like without being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    Same,
    Different,
    /// Their bytes have to be compared.
    Unsure,
}

/// Compares two files by what is known of them.
pub fn likeness(source: Stamp, target: Stamp, checksum: bool, tolerance: u64) -> Likeness {
    if source.size != target.size {
        return Likeness::Different;
    }
    match (checksum, source.modified, target.modified) {
        (true, _, _) => Likeness::Unsure,
        (false, Some(source), Some(target)) if source.abs_diff(target) <= tolerance => Likeness::Same,
        // A time that nobody says proves nothing, and it would be copied each time.
        (false, None, _) | (false, _, None) => Likeness::Unsure,
        (false, Some(_), Some(_)) => Likeness::Different,
    }
}

/// Whether so much may be deleted from a target with so many entries.
///
/// # Errors
/// [`ErrorCode::SyncRefused`].
pub fn may_delete(rules: &SyncRules, deletes: u64, entries: u64) -> Result<(), Error> {
    if deletes == 0 {
        return Ok(());
    }
    if rules.delete_most.is_some_and(|most| deletes > u64::from(most)) {
        let message = format!(
            "{deletes} things would be deleted by now, more than you agreed to. Nothing was changed. Look at the preview again."
        );
        return Err(refused("more-deletes", message).with("count", deletes));
    }
    if !rules.delete_many && deletes.saturating_mul(2) > entries {
        let message = format!(
            "{deletes} of {entries} things would be deleted, which is more than half of the target. Nothing was changed."
        );
        return Err(refused("too-many-deletes", message).with("count", deletes).with("entries", entries));
    }
    Ok(())
}

/// A sync that does not begin or does not delete; `reason` is a word of the window's catalogue.
pub fn refused(reason: &'static str, message: String) -> Error {
    Error::new(ErrorCode::SyncRefused, message).with("reason", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: u64, modified: u64) -> Stamp {
        Stamp { kind: Kind::File, size, modified: Some(modified) }
    }

    #[test]
    fn size_and_time_decide_and_a_second_more_or_less_does_not() {
        assert_eq!(likeness(file(5, 100), file(5, 101), false, 1), Likeness::Same);
        assert_eq!(likeness(file(5, 100), file(5, 102), false, 1), Likeness::Different);
        assert_eq!(likeness(file(5, 100), file(5, 102), false, 2), Likeness::Same);
        assert_eq!(likeness(file(5, 100), file(6, 100), false, 1), Likeness::Different);
        assert_eq!(likeness(file(5, 100), file(5, 100), true, 1), Likeness::Unsure);
        assert_eq!(likeness(file(5, 100), file(6, 100), true, 1), Likeness::Different);
        let timeless = Stamp { modified: None, ..file(5, 0) };
        assert_eq!(likeness(timeless, file(5, 100), false, 1), Likeness::Unsure);
    }

    #[test]
    fn more_than_half_is_deleted_only_when_told() {
        let rules = SyncRules { delete: true, ..SyncRules::default() };
        may_delete(&rules, 0, 0).expect("nothing to delete");
        may_delete(&rules, 5, 10).expect("half");
        let error = may_delete(&rules, 6, 10).expect_err("more than half");
        assert_eq!(
            (error.code, error.params["reason"].as_str()),
            (ErrorCode::SyncRefused, "too-many-deletes")
        );
        may_delete(&SyncRules { delete_many: true, ..rules.clone() }, 10, 10).expect("told");
        let agreed = SyncRules { delete_many: true, delete_most: Some(3), ..rules };
        may_delete(&agreed, 3, 3).expect("agreed to");
        assert_eq!(may_delete(&agreed, 4, 100).expect_err("one more").params["reason"], "more-deletes");
    }
}
