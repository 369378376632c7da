//! One line for each thing that a sync would do, in the manner of `rsync -i`.

use bowline_core::transfer::sync::{SyncAction, SyncRow};

use crate::cp::why::why;

/// `is_up` is whether it goes to a host.
pub fn line(row: &SyncRow, is_up: bool) -> String {
    let way = if is_up { '<' } else { '>' };
    let slash = if row.is_folder { "/" } else { "" };
    let what = match row.action {
        SyncAction::Folder => "cd+++++++++".to_owned(),
        SyncAction::New => format!("{way}f+++++++++"),
        SyncAction::Changed => changed(row, way),
        SyncAction::Link if row.old_size.is_none() => "cL+++++++++".to_owned(),
        SyncAction::Link => "cLc........".to_owned(),
        SyncAction::Delete => "*deleting  ".to_owned(),
        SyncAction::Left => "*left out  ".to_owned(),
        SyncAction::Failed => "*failed    ".to_owned(),
    };
    let why = row.problem.as_ref().map_or(String::new(), |problem| format!(": {}", why(problem)));
    format!("{what} {}{slash}{why}", row.shown)
}

/// What differs of a file: its size, its time, or its bytes alone.
fn changed(row: &SyncRow, way: char) -> String {
    let differs = |one: bool, letter: char| if one { letter } else { '.' };
    let size = row.old_size.is_some_and(|old| old != row.size);
    let time = row.old_modified != row.modified;
    format!("{way}f{}{}{}......", differs(!size && !time, 'c'), differs(size, 's'), differs(time, 't'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_differs() {
        let row = SyncRow {
            path: "a".to_owned(),
            shown: "a".to_owned(),
            action: SyncAction::Changed,
            is_folder: false,
            is_link: false,
            size: 1.0,
            modified: Some(5.0),
            old_size: Some(2.0),
            old_modified: Some(5.0),
            problem: None,
        };
        assert_eq!(line(&row, true), "<f.s....... a");
        let same = SyncRow { old_size: Some(1.0), ..row.clone() };
        assert_eq!(line(&same, false), ">fc........ a");
        let gone = SyncRow { action: SyncAction::Delete, is_folder: true, ..row };
        assert_eq!(line(&gone, true), "*deleting   a/");
    }
}
