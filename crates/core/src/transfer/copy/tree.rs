//! A folder with everything below it, here or on a host, by the same operations. What is below is named by the names on the
//! way, each one component, so that nothing leads out of it.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::fault::Result;
use super::here::{HereTree, HereWriter};
use super::host::{HostTree, HostWriter};
use crate::files::place::are_same_files;
use crate::transfer::conflict::{Kind, Known};

/// Names from a tree's top.
pub type Names = [Vec<u8>];

/// What is known about a file, without following links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub kind: Kind,
    pub size: u64,
    /// Seconds since 1970.
    pub modified: Option<u64>,
    /// Permission bits, without those that change who a program runs as.
    pub mode: Option<u32>,
}

impl Facts {
    pub fn known(&self) -> Known {
        Known { kind: self.kind, size: Some(self.size), modified: self.modified }
    }

    /// Whether a file there is one that an earlier run has copied from here: times are kept, in whole seconds.
    pub fn is_copy_of(&self, source: &Facts) -> bool {
        let same_time = match (self.modified, source.modified) {
            (Some(here), Some(there)) => here.abs_diff(there) <= 2,
            (None, _) | (_, None) => false,
        };
        self.kind == Kind::File && self.size == source.size && same_time
    }
}

/// What a folder holds.
#[derive(Debug)]
pub enum Item {
    Entry {
        name: Vec<u8>,
        facts: Facts,
    },
    /// A name that cannot be used; its bytes are there to be shown.
    Refused(Vec<u8>),
}

/// How something comes to its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Nothing stands there; what has come meanwhile stays.
    Nothing,
    /// What stands there is replaced at one instant.
    File,
}

/// Whether a file that is there has the mode and the times of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    Kept,
    /// They were refused: the file system keeps none (FAT), or belongs to somebody else. The file itself is whole.
    Bare,
}

/// A folder with everything below it.
#[derive(Debug, Clone)]
pub enum Tree {
    Here(HereTree),
    Host(HostTree),
}

/// The entries of a folder, a few at a time.
#[derive(Debug)]
pub enum Items {
    Here(mpsc::Receiver<Result<Vec<Item>>>, std::vec::IntoIter<Item>),
    Host(HostTree, Box<bowline_sftp::Listing>),
}

impl Items {
    pub async fn next(&mut self) -> Result<Option<Item>> {
        match self {
            Items::Here(pages, page) => loop {
                if let Some(item) = page.next() {
                    return Ok(Some(item));
                }
                match pages.recv().await {
                    Some(next) => *page = next?.into_iter(),
                    None => return Ok(None),
                }
            },
            Items::Host(tree, listing) => tree.next_item(listing).await,
        }
    }
}

/// A file that is read in order.
#[derive(Debug)]
pub enum Reader {
    Here(mpsc::Receiver<Result<Bytes>>),
    Host(HostTree, Box<bowline_sftp::Download>),
}

impl Reader {
    /// The next bytes, never empty; None at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        match self {
            Reader::Here(pieces) => pieces.recv().await.transpose(),
            Reader::Host(tree, download) => tree.checked(download.next().await).await,
        }
    }

    /// The file of a host, for the next piece of it.
    pub fn into_file(self) -> Option<bowline_sftp::File> {
        match self {
            Reader::Here(_) => None,
            Reader::Host(_, download) => Some(download.into_file()),
        }
    }
}

/// A file that is written in order, under its unfinished name.
#[derive(Debug)]
pub enum Writer {
    Here(HereWriter),
    Host(HostWriter),
}

impl Writer {
    pub async fn write(&mut self, piece: Bytes) -> Result<()> {
        match self {
            Writer::Here(writer) => writer.write(piece).await,
            Writer::Host(writer) => writer.write(piece).await,
        }
    }

    /// Up to where everything is written for certain.
    pub fn verified(&self) -> u64 {
        match self {
            Writer::Here(writer) => writer.verified(),
            Writer::Host(writer) => writer.verified(),
        }
    }

    /// Waits until everything is written, sets mode and times, sees that the size is right, saves to disk and closes.
    pub async fn finish(self, facts: &Facts) -> Result<Finish> {
        match self {
            Writer::Here(writer) => writer.finish(facts).await,
            Writer::Host(writer) => writer.finish(facts).await,
        }
    }

    /// Waits until everything is written of a piece that others belong to. Gives back the file of a host, for the next one.
    pub async fn finish_range(self) -> Result<Option<bowline_sftp::File>> {
        match self {
            Writer::Here(writer) => writer.finish_range().await.map(|()| None),
            Writer::Host(writer) => writer.finish_range().await.map(Some),
        }
    }

    /// A file into which nothing was written yet, and which others go on with.
    pub async fn leave(self) -> Result<()> {
        match self {
            Writer::Here(writer) => writer.finish_range().await,
            // It is closed behind our back.
            Writer::Host(_) => Ok(()),
        }
    }

    /// Waits for what is under way and can still be written; returns up to where that is.
    pub async fn abandon(self) -> u64 {
        match self {
            Writer::Here(writer) => writer.abandon().await,
            Writer::Host(writer) => writer.abandon().await,
        }
    }
}

/// Passes an operation on to the one of the two that it is.
macro_rules! either {
    ($self:ident.$operation:ident($($argument:expr),*)) => {
        match $self {
            Tree::Here(tree) => tree.$operation($($argument),*).await,
            Tree::Host(tree) => tree.$operation($($argument),*).await,
        }
    };
}

impl Tree {
    /// What is there; None if nothing is.
    pub async fn look(&self, names: &Names) -> Result<Option<Facts>> {
        either!(self.look(names))
    }

    pub async fn list(&self, names: &Names) -> Result<Items> {
        either!(self.list(names))
    }

    /// Makes a folder that only we may use until [`Tree::finish_folder`].
    pub async fn make_folder(&self, names: &Names) -> Result<()> {
        either!(self.make_folder(names))
    }

    /// Sets mode and times.
    pub async fn finish_folder(&self, names: &Names, facts: &Facts) -> Result<()> {
        either!(self.finish_folder(names, facts))
    }

    pub async fn read(&self, names: &Names, from: u64, until: u64) -> Result<Reader> {
        either!(self.read(names, from, until))
    }

    /// A piece of a file, while others are read beside it: less of it is on its way at once.
    /// With a file of a host that is open already it takes no round trip.
    pub async fn read_piece(
        &self,
        names: &Names,
        from: u64,
        until: u64,
        open: Option<bowline_sftp::File>,
    ) -> Result<Reader> {
        match self {
            Tree::Here(tree) => tree.read_piece(names, from, until).await,
            Tree::Host(tree) => tree.read_piece(names, from, until, open).await,
        }
    }

    /// A whole file of so many bytes, which has changed if it has another number.
    pub async fn read_small(&self, names: &Names, size: u64) -> Result<Bytes> {
        either!(self.read_small(names, size))
    }

    /// A part of a file, for a comparison.
    pub async fn read_range(&self, names: &Names, from: u64, until: u64) -> Result<Vec<u8>> {
        let mut reader = self.read(names, from, until).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = reader.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// Begins or goes on to write a file; one that is there is emptied, or cut to `at`.
    pub async fn write(&self, names: &Names, at: u64) -> Result<Writer> {
        either!(self.write(names, at))
    }

    /// Makes a file as long as it will be, so that pieces of it can be written in any order.
    pub async fn make_room(&self, names: &Names, size: u64) -> Result<()> {
        match self {
            Tree::Here(tree) => tree.make_room(names, size).await,
            // A host's file grows with what is written.
            Tree::Host(_) => Ok(()),
        }
    }

    /// Writes a piece of a file that is there, and was nothing but zeros in it. As for [`Tree::read_piece`] it may be open already.
    pub async fn write_range(
        &self,
        names: &Names,
        at: u64,
        open: Option<bowline_sftp::File>,
    ) -> Result<Writer> {
        match self {
            Tree::Here(tree) => tree.write_range(names, at).await,
            Tree::Host(tree) => tree.write_range(names, at, open).await,
        }
    }

    /// Writes a whole file under the unfinished name and then gives it its own. One that is the only copy from then on is on the
    /// disk before.
    pub async fn write_small(
        &self,
        part: &Names,
        names: &Names,
        data: Bytes,
        facts: &Facts,
        over: Over,
        is_only_copy: bool,
    ) -> Result<Finish> {
        either!(self.write_small(part, names, data, facts, over, is_only_copy))
    }

    /// Gives something its name.
    pub async fn rename(&self, from: &Names, to: &Names, over: Over) -> Result<()> {
        either!(self.rename(from, to, over))
    }

    /// Whether a file that gives way to another has no name for a moment.
    pub fn replaces_in_steps(&self) -> bool {
        match self {
            Tree::Here(_) => false,
            Tree::Host(tree) => tree.replaces_in_steps(),
        }
    }

    pub async fn remove(&self, names: &Names) -> Result<()> {
        either!(self.remove(names))
    }

    pub async fn remove_folder(&self, names: &Names) -> Result<()> {
        either!(self.remove_folder(names))
    }

    /// Where a link leads, as it is written there.
    pub async fn read_link(&self, names: &Names) -> Result<Vec<u8>> {
        either!(self.read_link(names))
    }

    pub async fn make_link(&self, names: &Names, target: &[u8]) -> Result<()> {
        either!(self.make_link(names, target))
    }

    /// SHA-256 of a file as it lies there.
    pub async fn hash(&self, names: &Names) -> Result<Vec<u8>> {
        either!(self.hash(names))
    }

    /// Everything that was written here is on the disk.
    pub async fn sync(&self) -> Result<()> {
        match self {
            Tree::Here(tree) => tree.sync().await,
            // What something goes for was saved as it was closed, where the server offers that.
            Tree::Host(_) => Ok(()),
        }
    }

    /// Whether both are of this computer, or of the same host.
    pub fn is_same_end(&self, other: &Tree) -> bool {
        match (self, other) {
            (Tree::Here(_), Tree::Here(_)) => true,
            (Tree::Host(ours), Tree::Host(theirs)) => are_same_files(&ours.host, &theirs.host),
            (Tree::Here(_), Tree::Host(_)) | (Tree::Host(_), Tree::Here(_)) => false,
        }
    }

    /// Whether two paths are one by their words. Another name of the same file is not seen.
    pub fn is_same(&self, names: &Names, other: &Tree, other_names: &Names) -> bool {
        match (self, other) {
            (Tree::Here(ours), Tree::Here(theirs)) => ours.at(names) == theirs.at(other_names),
            (Tree::Host(ours), Tree::Host(theirs)) => {
                are_same_files(&ours.host, &theirs.host) && ours.at(names).eq(theirs.at(other_names))
            }
            (Tree::Here(_), Tree::Host(_)) | (Tree::Host(_), Tree::Here(_)) => false,
        }
    }

    /// A path below, to be shown.
    pub fn shown(&self, names: &Names) -> String {
        match self {
            Tree::Here(tree) => tree.shown(names),
            Tree::Host(tree) => tree.shown(names),
        }
    }
}
