//! Files that are changed in place, as the window sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::text::{LineEnds, TextEncoding};
use crate::files::look::ShownPath;
use crate::host::HostId;

/// What came of opening a file to change it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EditOpened {
    Text {
        edit: EditText,
    },
    /// No text: another program may know what to do with it.
    Binary {
        size: f64,
    },
    TooLarge {
        size: f64,
    },
    /// A folder, pipe, socket or device.
    NoFile,
}

/// A file that is open to be changed.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EditText {
    pub id: u32,
    pub path: ShownPath,
    /// Where it is, if the path leads there by a link.
    pub target: Option<ShownPath>,
    #[serde(flatten)]
    pub text: EditWords,
    /// The account may not write to it.
    pub read_only: bool,
    /// What a person changed in it and never saved.
    pub draft: Option<EditDraft>,
    /// It is not on the host any more; there is only the draft, and saving it makes it anew.
    pub gone: bool,
}

/// A file of which a text is kept that was never saved.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeptDraft {
    pub host: HostId,
    pub path: ShownPath,
    pub kept_ms: f64,
}

/// A text that was changed, and kept here until it is saved.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EditDraft {
    #[serde(flatten)]
    pub words: EditWords,
    pub kept_ms: f64,
    /// The file on the host is not any more what the draft was made of.
    pub is_outdated: bool,
}

/// A text and how it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EditWords {
    pub text: String,
    pub encoding: TextEncoding,
    pub line_ends: LineEnds,
}

/// What is to be saved, and over what.
#[derive(Debug, Clone, PartialEq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EditSave {
    pub text: String,
    pub encoding: TextEncoding,
    pub line_ends: LineEnds,
    pub how: SaveHow,
    /// The person knows that the file itself is written to, for want of a place beside it.
    pub in_place: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SaveHow {
    /// Over what was opened or saved last.
    IfUnchanged,
    /// Over what the last conflict showed, and nothing newer.
    Overwrite,
    /// Beside it, under a name that nothing has; the edit goes on there.
    AsCopy { name: String },
}

/// What came of saving.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EditSaved {
    #[serde(rename_all = "camelCase")]
    Saved {
        path: ShownPath,
        /// The file belongs to this account now.
        owner_changed: bool,
    },
    /// Nothing was written: something else is there by now.
    Conflict { there: EditThere },
    /// Nothing was written: the folder takes no new file, so the file itself would have to be written to.
    InPlace,
    /// Nothing was written: the encoding does not have this character. Lines count from 1.
    Unencodable { character: String, line: u32 },
}

/// What stands on the server in place of what was opened.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EditThere {
    Text {
        words: EditWords,
    },
    /// No text any more, or more than is shown.
    Other,
    Deleted,
}
