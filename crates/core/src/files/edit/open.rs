//! The files that are open to be changed, by number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bowline_sftp::{Attributes, SftpPath};
use uuid::Uuid;

use super::look::{Hash, Stamp};
use crate::error::{Error, ErrorCode, Result};
use crate::host::HostId;

/// Nobody works on so many at once; each takes some hundred bytes here.
const OPEN_MAX: usize = 256;

/// One file, and what was last known of it.
#[derive(Debug, Clone)]
pub struct OpenEdit {
    pub host: HostId,
    /// As it was opened; it may lead through links.
    pub path: SftpPath,
    /// What was read or written last; None once it is known to be gone.
    pub known: Option<Stamp>,
    /// Owner and permissions that it had last, for one that takes the place of none.
    pub like: Attributes,
    /// What the last conflict showed; its inner None says that nothing was there.
    pub shown: Option<Option<Stamp>>,
    /// What was sent when the connection was lost.
    pub sent: Option<Hash>,
    /// See [`super::save::Save::token`].
    pub token: String,
}

impl OpenEdit {
    /// `known` is None for one that is not there any more.
    pub fn new(host: HostId, path: SftpPath, known: Option<Stamp>) -> Self {
        let token = Uuid::new_v4().simple().to_string()[..8].to_owned();
        let like = known.as_ref().map(|stamp| stamp.attributes).unwrap_or_default();
        Self { host, path, known, like, shown: None, sent: None, token }
    }
}

#[derive(Debug, Default)]
struct Slots {
    last: u32,
    edits: HashMap<u32, Slot>,
}

#[derive(Debug)]
struct Slot {
    edit: OpenEdit,
    is_saving: bool,
}

/// Clones share them.
#[derive(Debug, Clone, Default)]
pub struct OpenEdits(Arc<Mutex<Slots>>);

impl OpenEdits {
    /// # Errors
    /// [`ErrorCode::EditRefused`]: so many are open.
    pub fn add(&self, edit: OpenEdit) -> Result<u32> {
        let mut slots = self.lock();
        if slots.edits.len() >= OPEN_MAX {
            return Err(refused("too-many", "too many files are open to be changed"));
        }
        slots.last = slots.last.wrapping_add(1);
        let id = slots.last;
        slots.edits.insert(id, Slot { edit, is_saving: false });
        Ok(id)
    }

    /// One as it is now; None if it is not open.
    pub fn get(&self, id: u32) -> Option<OpenEdit> {
        self.lock().edits.get(&id).map(|slot| slot.edit.clone())
    }

    pub fn close(&self, id: u32) {
        self.lock().edits.remove(&id);
    }

    /// Takes one up to save it: nobody else saves it until what is returned is gone.
    ///
    /// # Errors
    /// [`ErrorCode::EditRefused`]: it is not open, or is being saved.
    pub fn begin(&self, id: u32) -> Result<Saving> {
        let mut slots = self.lock();
        let slot =
            slots.edits.get_mut(&id).ok_or_else(|| refused("gone", "the file is not open any more"))?;
        if slot.is_saving {
            return Err(refused("busy", "the file is being saved"));
        }
        slot.is_saving = true;
        Ok(Saving { edits: self.clone(), id, edit: slot.edit.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that is being saved. What is changed in it is remembered when it is gone.
#[derive(Debug)]
pub struct Saving {
    edits: OpenEdits,
    id: u32,
    pub edit: OpenEdit,
}

impl Drop for Saving {
    fn drop(&mut self) {
        if let Some(slot) = self.edits.lock().edits.get_mut(&self.id) {
            slot.is_saving = false;
            slot.edit = self.edit.clone();
        }
    }
}

pub fn refused(reason: &str, said: &str) -> Error {
    Error::new(ErrorCode::EditRefused, format!("The file cannot be changed in place: {said}."))
        .with("reason", reason)
}
