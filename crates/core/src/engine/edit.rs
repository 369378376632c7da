//! Files on hosts that are changed in place.

use bowline_sftp::SftpPath;

use super::Engine;
use super::files::{at, is_lost, join};
use crate::error::Result;
use crate::files::edit::look::{self, Read, hash};
use crate::files::edit::open::{OpenEdit, Saving, refused};
use crate::files::edit::save::{Save, Saved};
use crate::files::edit::text::{Text, TextEncoding};
use crate::files::edit::view::{EditOpened, EditSave, EditSaved, EditText, EditThere, EditWords, SaveHow};
use crate::files::look::ShownPath;
use crate::files::session::Files;
use crate::host::HostId;

/// The largest text that is changed in the window.
const EDIT_MAX_BYTES: u64 = 8 * 1024 * 1024;

impl Engine {
    /// Reads a text to change it: in the encoding that it seems to have, or in one that a person chose.
    ///
    /// # Errors
    /// See [`Engine::files_home`]; [`crate::error::ErrorCode::EditRefused`].
    pub async fn file_edit_open(
        &self,
        host: HostId,
        path: String,
        encoding: Option<TextEncoding>,
    ) -> Result<EditOpened> {
        let (path, read, read_only) = match self.edit_read(&host, &path).await {
            Err(error) if is_lost(&error) => self.edit_read(&host, &path).await?,
            read => read?,
        };
        let (real, bytes, stamp) = match read {
            Read::File { real, bytes, stamp } => (real, bytes, stamp),
            Read::TooLarge(size) => return Ok(EditOpened::TooLarge { size: size as f64 }),
            Read::NoFile => return Ok(EditOpened::NoFile),
            Read::Gone => return self.edit_gone(host, path).await,
        };
        let text = match encoding {
            Some(encoding) => {
                let text = Text::read_as(&bytes, encoding);
                text.ok_or_else(|| refused("encoding", "it is not in that encoding"))?
            }
            None => match Text::read(&bytes) {
                Some(text) => text,
                None => return Ok(EditOpened::Binary { size: bytes.len() as f64 }),
            },
        };
        let shown = ShownPath::new(&path);
        let target = (real != path).then(|| ShownPath::new(&real));
        let text = words(text);
        let draft = self.draft_of(&host, &shown.path, &text, &stamp).await;
        let id = self.inner.edits.add(OpenEdit::new(host, path, Some(stamp)))?;
        let edit = EditText { id, path: shown, target, text, read_only, draft, gone: false };
        Ok(EditOpened::Text { edit })
    }

    /// A file that somebody deleted: what was changed in it here can still be had.
    async fn edit_gone(&self, host: HostId, path: SftpPath) -> Result<EditOpened> {
        let shown = ShownPath::new(&path);
        let Some(draft) = self.draft_of_gone(&host, &shown.path).await else {
            return Err(refused("deleted", "it is not there any more"));
        };
        let text = EditWords { text: String::new(), ..draft.words.clone() };
        let id = self.inner.edits.add(OpenEdit::new(host, path, None))?;
        let draft = Some(draft);
        let edit = EditText { id, path: shown, target: None, text, read_only: false, draft, gone: true };
        Ok(EditOpened::Text { edit })
    }

    async fn edit_read(&self, host: &HostId, path: &str) -> Result<(SftpPath, Read, bool)> {
        let files = self.used(host).await?;
        let path = at(&files, path)?;
        let read = match look::read(&files, &path, EDIT_MAX_BYTES).await {
            Ok(read) => read,
            Err(error) => return Err(files.problem(&error).await),
        };
        let read_only = match &read {
            Read::File { real, .. } => look::is_read_only(&files, real).await,
            Read::TooLarge(_) | Read::NoFile | Read::Gone => false,
        };
        Ok((path, read, read_only))
    }

    /// Saves one. What stands in its way is an answer and no error, and then nothing was written.
    ///
    /// # Errors
    /// See [`Engine::file_edit_open`]. The old file is whole, and the text may be saved again.
    pub async fn file_edit_save(&self, id: u32, save: EditSave) -> Result<EditSaved> {
        let text = Text { text: save.text, encoding: save.encoding, line_ends: save.line_ends };
        let bytes = match text.write() {
            Ok(bytes) => bytes,
            Err(lacking) => {
                let character = lacking.character.to_string();
                return Ok(EditSaved::Unencodable { character, line: lacking.line });
            }
        };
        let mut saving = self.inner.edits.begin(id)?;
        let files = self.used(&saving.edit.host).await?;
        match &save.how {
            SaveHow::IfUnchanged => {}
            SaveHow::Overwrite => {
                if let Some(shown) = saving.edit.shown.take() {
                    saving.edit.known = shown;
                }
            }
            SaveHow::AsCopy { name } => return save_copy(&files, &mut saving, name, &bytes).await,
        }
        let path = saving.edit.path.clone();
        save_over(&files, &mut saving, &path, &bytes, save.in_place).await
    }

    /// Whether something else stands there by now; None if not. What it shows is what [`SaveHow::Overwrite`] goes over.
    ///
    /// # Errors
    /// See [`Engine::file_edit_open`].
    pub async fn file_edit_look(&self, id: u32) -> Result<Option<EditThere>> {
        let mut saving = self.inner.edits.begin(id)?;
        let files = self.used(&saving.edit.host).await?;
        let OpenEdit { path, known, sent, .. } = &saving.edit;
        let now = look::compare(&files, path, known.as_ref(), sent.as_ref(), EDIT_MAX_BYTES).await;
        match now {
            Ok(look::Now::Same { .. }) => Ok(None),
            Ok(look::Now::Gone) if known.is_none() => Ok(None),
            Ok(look::Now::Gone) => Ok(Some(show(&mut saving, Read::Gone))),
            Ok(look::Now::Other(there)) => Ok(Some(show(&mut saving, there))),
            Err(error) => Err(files.problem(&error).await),
        }
    }

    /// Nobody changes it any more.
    pub async fn file_edit_close(&self, id: u32) -> Result<()> {
        self.inner.edits.close(id);
        Ok(())
    }
}

async fn save_over(
    files: &Files,
    saving: &mut Saving,
    path: &SftpPath,
    bytes: &[u8],
    in_place: bool,
) -> Result<EditSaved> {
    let OpenEdit { known, sent, token, like, .. } = &saving.edit;
    let (over, sent) = (known.as_ref(), sent.as_ref());
    let save = Save { files, path, bytes, over, sent, like, in_place, token, most: EDIT_MAX_BYTES };
    match save.run().await {
        Ok(Saved::Done { stamp, owner_changed }) => {
            saving.edit.path = path.clone();
            saving.edit.like = stamp.attributes;
            saving.edit.known = Some(stamp);
            saving.edit.shown = None;
            saving.edit.sent = None;
            Ok(EditSaved::Saved { path: ShownPath::new(path), owner_changed })
        }
        Ok(Saved::Conflict(there)) => Ok(EditSaved::Conflict { there: show(saving, there) }),
        Ok(Saved::NeedsInPlace) => Ok(EditSaved::InPlace),
        Err(error) => {
            // It may have arrived, and then it is no change of anybody else's.
            saving.edit.sent = Some(hash(bytes));
            Err(error)
        }
    }
}

/// Beside what was opened, never over anything.
async fn save_copy(files: &Files, saving: &mut Saving, name: &str, bytes: &[u8]) -> Result<EditSaved> {
    let folder = saving.edit.path.parent().ok_or_else(|| refused("name", "it has no folder"))?;
    let path = join(files, &folder, name)?;
    let copy = OpenEdit { known: None, shown: None, sent: None, ..saving.edit.clone() };
    let before = std::mem::replace(&mut saving.edit, copy);
    let saved = save_over(files, saving, &path, bytes, false).await;
    let taken = matches!(saved, Ok(EditSaved::Conflict { .. }));
    if !matches!(saved, Ok(EditSaved::Saved { .. })) {
        saving.edit = before;
    }
    if taken { Err(crate::files::change::taken(files, &path)) } else { saved }
}

/// What a conflict shows, which is remembered as shown.
fn show(saving: &mut Saving, there: Read) -> EditThere {
    match there {
        Read::File { bytes, stamp, .. } => {
            saving.edit.shown = Some(Some(stamp));
            Text::read(&bytes).map_or(EditThere::Other, |text| EditThere::Text { words: words(text) })
        }
        Read::TooLarge(_) | Read::NoFile => {
            saving.edit.shown = None;
            EditThere::Other
        }
        Read::Gone => {
            saving.edit.shown = Some(None);
            EditThere::Deleted
        }
    }
}

fn words(text: Text) -> EditWords {
    EditWords { text: text.text, encoding: text.encoding, line_ends: text.line_ends }
}
