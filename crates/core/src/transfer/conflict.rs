//! What happens where something stands already.

/// What a person chose for a transfer, or for all that is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Ask,
    Replace,
    /// Only if the source is newer than what is there.
    ReplaceOlder,
    /// Only if size or time differ.
    ReplaceDifferent,
    Skip,
    /// Both are kept; the new one gets a number.
    KeepBoth,
}

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    /// A symbolic link: copied as one, and never followed to be written into.
    Link,
    /// A device, a pipe: reading it may never end.
    Other,
}

/// What is known of a source or a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub kind: Kind,
    pub size: Option<u64>,
    /// Seconds since 1970. SFTP has no finer ones.
    pub modified: Option<u64>,
}

/// What to do with one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is there.
    Write,
    /// What is there is replaced at one instant, when the new one is whole.
    Replace,
    /// A folder goes into the one that is there.
    Merge,
    /// Under another name.
    KeepBoth,
    Skip(Skipped),
    Ask,
}

/// Why something is not transferred; a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    Chosen,
    NotNewer,
    Same,
    /// A folder stands where a file should, or the other way round, or what is there is neither. Nothing is removed for
    /// that, whatever the policy says.
    OtherKind,
}

/// Some file systems keep even seconds only (FAT).
const TIME_TOLERANCE_SECONDS: u64 = 2;

/// Decides for one source and what is at its target.
pub fn decide(source: Known, target: Option<Known>, policy: Policy) -> Decision {
    let Some(target) = target else { return Decision::Write };
    match (source.kind, target.kind, policy) {
        (Kind::Directory, Kind::Directory, Policy::Skip) => Decision::Skip(Skipped::Chosen),
        (Kind::Directory, Kind::Directory, Policy::KeepBoth) => Decision::KeepBoth,
        (Kind::Directory, Kind::Directory, _) => Decision::Merge,
        (_, _, Policy::Ask) => Decision::Ask,
        (_, _, Policy::Skip) => Decision::Skip(Skipped::Chosen),
        (_, _, Policy::KeepBoth) => Decision::KeepBoth,
        (Kind::File | Kind::Link, Kind::File | Kind::Link, Policy::Replace) => Decision::Replace,
        (Kind::File, Kind::File, Policy::ReplaceOlder) => match (source.modified, target.modified) {
            (Some(source), Some(target)) if source > target.saturating_add(TIME_TOLERANCE_SECONDS) => {
                Decision::Replace
            }
            // A time that is not known proves nothing.
            (Some(_), Some(_)) => Decision::Skip(Skipped::NotNewer),
            (None, _) | (_, None) => Decision::Ask,
        },
        (Kind::File, Kind::File, Policy::ReplaceDifferent) => {
            match (same_size(source, target), same_time(source, target)) {
                (Some(false), _) | (_, Some(false)) => Decision::Replace,
                (Some(true), Some(true)) => Decision::Skip(Skipped::Same),
                (None, _) | (_, None) => Decision::Ask,
            }
        }
        (_, _, Policy::Replace | Policy::ReplaceOlder | Policy::ReplaceDifferent) => {
            Decision::Skip(Skipped::OtherKind)
        }
    }
}

fn same_size(source: Known, target: Known) -> Option<bool> {
    Some(source.size? == target.size?)
}

fn same_time(source: Known, target: Known) -> Option<bool> {
    Some(source.modified?.abs_diff(target.modified?) <= TIME_TOLERANCE_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICIES: [Policy; 6] = [
        Policy::Ask,
        Policy::Replace,
        Policy::ReplaceOlder,
        Policy::ReplaceDifferent,
        Policy::Skip,
        Policy::KeepBoth,
    ];

    fn file(size: u64, modified: u64) -> Known {
        Known { kind: Kind::File, size: Some(size), modified: Some(modified) }
    }

    fn of_kind(kind: Kind) -> Known {
        Known { kind, ..file(1, 1) }
    }

    #[test]
    fn where_nothing_is_everything_is_written() {
        for policy in POLICIES {
            assert_eq!(decide(file(1, 1), None, policy), Decision::Write);
        }
    }

    #[test]
    fn no_policy_removes_what_is_of_another_kind() {
        for source in [Kind::File, Kind::Directory] {
            for target in [Kind::File, Kind::Directory, Kind::Link, Kind::Other] {
                for policy in POLICIES {
                    let decision = decide(of_kind(source), Some(of_kind(target)), policy);
                    let may_replace = source == Kind::File && matches!(target, Kind::File | Kind::Link);
                    assert!(may_replace || decision != Decision::Replace, "{source:?} {target:?} {policy:?}");
                    let may_merge = source == Kind::Directory && target == Kind::Directory;
                    assert!(may_merge || decision != Decision::Merge, "{source:?} {target:?} {policy:?}");
                }
            }
        }
    }

    #[test]
    fn an_older_one_is_replaced_only_if_that_is_sure() {
        let decide = |source, target| decide(source, Some(target), Policy::ReplaceOlder);
        assert_eq!(decide(file(1, 103), file(1, 100)), Decision::Replace);
        assert_eq!(decide(file(1, 102), file(1, 100)), Decision::Skip(Skipped::NotNewer));
        assert_eq!(decide(file(9, 100), file(1, 100)), Decision::Skip(Skipped::NotNewer));
        assert_eq!(decide(Known { modified: None, ..file(1, 1) }, file(1, 100)), Decision::Ask);
        assert_eq!(decide(file(1, 103), file(1, u64::MAX)), Decision::Skip(Skipped::NotNewer));
    }

    #[test]
    fn a_different_one_is_replaced_and_the_same_is_not() {
        let decide = |source, target| decide(source, Some(target), Policy::ReplaceDifferent);
        assert_eq!(decide(file(1, 100), file(2, 100)), Decision::Replace);
        assert_eq!(decide(file(1, 100), file(1, 90)), Decision::Replace);
        assert_eq!(decide(file(1, 100), file(1, 101)), Decision::Skip(Skipped::Same));
        assert_eq!(decide(Known { size: None, ..file(1, 100) }, file(1, 100)), Decision::Ask);
        assert_eq!(decide(Known { size: None, ..file(1, 100) }, file(1, 50)), Decision::Replace);
    }
}
