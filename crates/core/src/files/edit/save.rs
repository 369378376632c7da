//! Puts changed bytes in the place of a file: beside it first, whole and on the disk, and then over it at one instant. Until then the
//! old file is as it was.

use bowline_sftp::{Access, Attributes, Error as SftpError, ErrorKind, File, FileName, Owner, SftpPath};

use super::look::{self, Hash, Now, Read, Stamp, hash, is_untouched};
use crate::error::Result;
use crate::files::session::Files;
use crate::transfer::name::part_name;

/// While it is written it is for its owner alone.
const PRIVATE: u32 = 0o600;
/// A new file of whose permissions nothing is known.
const USUAL: u32 = 0o644;
/// Bits that lend the rights of an owner, which are not lent on when the owner is another one.
const SET_ID: u32 = 0o6000;
/// A host with less free than this, beyond what is written, has a full disk, whatever it says about it.
const FULL_BYTES: u64 = 64 * 1024;
/// Whoever writes the file again and again while it is saved is told so, in the end.
const TRIES_MAX: u32 = 3;

/// What is to be saved.
#[derive(Debug, Clone, Copy)]
pub struct Save<'a> {
    pub files: &'a Files,
    /// As it was opened; links are followed.
    pub path: &'a SftpPath,
    pub bytes: &'a [u8],
    /// What it replaces; None for a file that is known to be gone.
    pub over: Option<&'a Stamp>,
    /// What an earlier attempt wrote, of which it is not known whether it arrived.
    pub sent: Option<&'a Hash>,
    /// Whose owner and permissions a file gets that takes the place of none.
    pub like: &'a Attributes,
    /// A person has said that the file itself may be written to.
    pub in_place: bool,
    /// Tells the part from those of others: random, and the same at each attempt.
    pub token: &'a str,
    /// How much is read of what stands there instead.
    pub most: u64,
}

#[derive(Debug)]
pub enum Saved {
    Done {
        stamp: Stamp,
        /// The file belongs to this account now, since the server did not let it be given back.
        owner_changed: bool,
    },
    /// Something else is there. Nothing was written.
    Conflict(Read),
    /// The folder takes no new file, so that the file itself would have to be written to. Nothing was written.
    NeedsInPlace,
}

/// Where the bytes go, and what stands there.
struct Target {
    real: SftpPath,
    there: Option<Attributes>,
}

impl Save<'_> {
    /// # Errors
    /// What the server says, or the end of the connection. The old file is as it was, unless it was written to in place.
    pub async fn run(&self) -> Result<Saved> {
        match self.try_run().await {
            Ok(saved) => Ok(saved),
            Err(error) => Err(self.files.problem(&self.named(error)).await),
        }
    }

    /// What is said of the part is said of the file: nobody has heard of the other.
    fn named(&self, error: SftpError) -> SftpError {
        let token = self.token.as_bytes();
        let is_part = |path: &SftpPath| {
            let name = path.file_name();
            name.is_some_and(|name| name.as_bytes().windows(token.len().max(1)).any(|part| part == token))
        };
        if token.is_empty() || !error.path.as_ref().is_some_and(is_part) {
            return error;
        }
        SftpError { path: Some(self.path.clone()), ..error }
    }

    async fn try_run(&self) -> bowline_sftp::Result<Saved> {
        let mut tries = 0;
        loop {
            tries += 1;
            let now = look::compare(self.files, self.path, self.over, self.sent, self.most).await?;
            let target = match now {
                Now::Other(there) => return Ok(Saved::Conflict(there)),
                Now::Gone if self.over.is_some() => return Ok(Saved::Conflict(Read::Gone)),
                Now::Gone => Target { real: self.path.clone(), there: None },
                Now::Same { real, attributes } => Target { real, there: Some(attributes) },
            };
            if self.in_place && target.there.is_some() {
                return self.write_in_place(&target).await;
            }
            match self.replace(&target).await? {
                Some(saved) => return Ok(saved),
                // It was touched meanwhile: what it is now decides.
                None if tries < TRIES_MAX => {}
                None => {
                    return Ok(Saved::Conflict(look::read(self.files, self.path, self.most).await?));
                }
            }
        }
    }

    /// None if what stands there is not what was looked at any more.
    async fn replace(&self, target: &Target) -> bowline_sftp::Result<Option<Saved>> {
        let (part, aside) = self.beside(&target.real)?;
        let file = match self.create(&part).await {
            Ok(file) => file,
            Err(error) if matches!(error.kind, ErrorKind::PermissionDenied) && target.there.is_some() => {
                return Ok(Some(Saved::NeedsInPlace));
            }
            Err(error) => return Err(error),
        };
        let replaced = self.fill_and_rename(file, &part, &aside, target).await;
        if !matches!(replaced, Ok(Some(_))) && !matches!(&replaced, Err(error) if error.is_fatal()) {
            // What failed says more than this.
            let _ = self.files.sftp.remove(&part).await;
        }
        replaced
    }

    async fn fill_and_rename(
        &self,
        file: File,
        part: &SftpPath,
        aside: &SftpPath,
        target: &Target,
    ) -> bowline_sftp::Result<Option<Saved>> {
        let sftp = &self.files.sftp;
        let file = self.fill(file).await?;
        let owner_changed = self.dress(&file, target.there.as_ref()).await?;
        self.finish(file).await?;
        // What was written had the right size; what bears its name may be something else by now.
        if sftp.lstat(part).await?.size != Some(self.bytes.len() as u64) {
            return Err(self.wrong_size(part));
        }
        let there = look::find(self.files, self.path).await?;
        let is_same = match (&there, &target.there) {
            (None, None) => true,
            (Some((real, now)), Some(before)) => *real == target.real && is_untouched(before, now),
            _ => false,
        };
        if !is_same {
            return Ok(None);
        }
        match target.there {
            None => {
                if let Err(error) = sftp.rename(part, &target.real).await {
                    let is_taken = matches!(error.kind, ErrorKind::AlreadyExists | ErrorKind::Failure { .. });
                    return if is_taken && sftp.lstat(&target.real).await.is_ok() {
                        Ok(None)
                    } else {
                        Err(error)
                    };
                }
            }
            Some(_) if sftp.extensions().posix_rename => sftp.replace(part, &target.real).await?,
            Some(_) => sftp.replace_in_steps(part, &target.real, aside).await?,
        }
        let attributes = sftp.stat(&target.real).await?;
        let stamp = Stamp { attributes, hash: hash(self.bytes) };
        Ok(Some(Saved::Done { stamp, owner_changed }))
    }

    /// Over the bytes of the file itself. They are put back if the new ones cannot all be written.
    async fn write_in_place(&self, target: &Target) -> bowline_sftp::Result<Saved> {
        let sftp = &self.files.sftp;
        let size = target.there.and_then(|there| there.size).unwrap_or(0);
        let old = sftp.fetch(&target.real, size, self.most).await?;
        let file = sftp.open(&target.real, Access::WRITE, &Attributes::default()).await?;
        let written = async {
            let file = self.fill(file).await?;
            file.set_attributes(&sized(self.bytes.len())).await?;
            self.finish(file).await
        };
        if let Err(error) = written.await {
            if !error.is_fatal() {
                let back = sftp.open(&target.real, Access::WRITE, &Attributes::default()).await?;
                back.write(0, &old).await?;
                back.set_attributes(&sized(old.len())).await?;
                back.close().await?;
            }
            return Err(error);
        }
        let attributes = sftp.stat(&target.real).await?;
        Ok(Saved::Done { stamp: Stamp { attributes, hash: hash(self.bytes) }, owner_changed: false })
    }

    async fn fill(&self, file: File) -> bowline_sftp::Result<File> {
        let mut upload = file.upload(0);
        let sent = upload.send(&mut &self.bytes[..]).await;
        self.written(sent).await?;
        let finished = upload.finish().await;
        self.written(finished).await
    }

    /// Gives a new file owner and permissions of the one whose place it takes. True if the owner could not be kept.
    async fn dress(&self, file: &File, there: Option<&Attributes>) -> bowline_sftp::Result<bool> {
        let known = there.unwrap_or(self.like);
        let mut mode = known.permissions().unwrap_or(USUAL);
        let own = file.stat().await?.owner;
        let mut kept = true;
        if let (Some(own), Some(wanted)) = (own, known.owner)
            && own != wanted
        {
            kept = self.give(file, wanted).await?;
            if !kept && own.user != wanted.user && own.group != wanted.group {
                // The group alone may be one of ours.
                self.give(file, Owner { user: own.user, group: wanted.group }).await?;
            }
        }
        if !kept {
            mode &= !SET_ID;
        }
        // Last: giving a file away takes bits off its mode.
        file.set_attributes(&Attributes::with_permissions(mode)).await?;
        Ok(!kept)
    }

    async fn give(&self, file: &File, owner: Owner) -> bowline_sftp::Result<bool> {
        let given = file.set_attributes(&Attributes { owner: Some(owner), ..Attributes::default() }).await;
        match given {
            Ok(()) => Ok(true),
            Err(error) if error.is_fatal() => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Saves, looks at the size and closes.
    async fn finish(&self, file: File) -> bowline_sftp::Result<()> {
        if self.files.sftp.extensions().fsync {
            self.written(file.sync().await).await?;
        }
        let size = file.stat().await?.size;
        let path = file.path().clone();
        self.written(file.close().await).await?;
        if size == Some(self.bytes.len() as u64) { Ok(()) } else { Err(self.wrong_size(&path)) }
    }

    /// A new file. One of an earlier attempt that was cut short is ours to replace.
    async fn create(&self, part: &SftpPath) -> bowline_sftp::Result<File> {
        let access = Access::WRITE | Access::CREATE | Access::NEW;
        let private = Attributes::with_permissions(PRIVATE);
        let sftp = &self.files.sftp;
        let mut opened = sftp.open(part, access, &private).await;
        let is_taken = matches!(
            &opened,
            Err(error) if matches!(error.kind, ErrorKind::AlreadyExists | ErrorKind::Failure { .. })
        );
        if is_taken && sftp.remove(part).await.is_ok() {
            opened = sftp.open(part, access, &private).await;
        }
        self.written(opened).await
    }

    /// OpenSSH says no more than that it failed when there is no room on the disk.
    async fn written<T>(&self, result: bowline_sftp::Result<T>) -> bowline_sftp::Result<T> {
        let error = match result {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if matches!(error.kind, ErrorKind::Failure { .. })
            && let Some(folder) = self.path.parent()
            && let Ok(space) = self.files.sftp.space(&folder).await
            && space.available_bytes < FULL_BYTES + self.bytes.len() as u64
        {
            return Err(SftpError { kind: ErrorKind::NoSpace, ..error });
        }
        Err(error)
    }

    /// What the new file is called until it is whole, and the old one where it cannot be replaced at one instant.
    fn beside(&self, real: &SftpPath) -> bowline_sftp::Result<(SftpPath, SftpPath)> {
        let failed = |cause| SftpError {
            doing: bowline_sftp::Doing::Open,
            path: Some(real.clone()),
            to: None,
            kind: ErrorKind::Name(cause),
        };
        let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(failed(bowline_sftp::NameError::Dots));
        };
        let below = |ending: &str| {
            let name = part_name(&[name.as_bytes(), b"~", self.token.as_bytes(), ending.as_bytes()].concat());
            folder.join(&FileName::new(name)?)
        };
        Ok((below("").map_err(failed)?, below("-old").map_err(failed)?))
    }

    fn wrong_size(&self, path: &SftpPath) -> SftpError {
        let message = b"the file does not have the size of what was written".to_vec();
        SftpError {
            doing: bowline_sftp::Doing::Write,
            path: Some(path.clone()),
            to: None,
            kind: ErrorKind::Failure { code: 4, message },
        }
    }
}

fn sized(bytes: usize) -> Attributes {
    Attributes { size: Some(bytes as u64), ..Attributes::default() }
}
