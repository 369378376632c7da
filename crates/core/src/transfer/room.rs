//! Room for what is kept in mind of a tree, which may be larger than anybody would think: a server can list without end.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A number of bytes that is shared by everything one run keeps in mind. Nobody waits for room: whoever gets none leaves
/// something out, and says so.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// A part of a [`Room`], until it is dropped.
#[derive(Debug)]
pub struct Held(OwnedSemaphorePermit);

impl Room {
    pub fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// None if so much is not left.
    pub fn take(&self, bytes: usize) -> Option<Held> {
        let bytes = u32::try_from(bytes).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(bytes).ok().map(Held)
    }

    /// For a folder that waits for its turn, by the names that lead to it.
    pub fn take_for<'a>(&self, names: impl IntoIterator<Item = &'a Vec<u8>>) -> Option<Held> {
        /// What stands around a path, and around a name in it: a `Vec` and what its allocation takes.
        const PATH_BYTES: usize = 256;
        const NAME_BYTES: usize = 40;
        self.take(names.into_iter().fold(PATH_BYTES, |bytes, name| bytes + NAME_BYTES + name.len()))
    }

    #[cfg(test)]
    pub fn left(&self) -> usize {
        self.0.available_permits()
    }
}

impl Held {
    /// Makes one of two parts of the same room.
    pub fn and(&mut self, other: Held) {
        self.0.merge(other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_comes_back_and_no_more_than_there_is_is_given() {
        let room = Room::of(1000);
        let mut held = room.take(600).expect("there is room");
        assert!(room.take(401).is_none());
        held.and(room.take(400).expect("there is room"));
        assert_eq!(room.left(), 0);
        drop(held);
        assert_eq!(room.left(), 1000);
        // However few folders there are: their names may be long, and lie deep.
        let deep = vec![vec![b'x'; 255]; 64];
        assert!(room.take_for(&deep).is_none());
        assert!(room.take_for(&deep[..1]).is_some());
    }
}
