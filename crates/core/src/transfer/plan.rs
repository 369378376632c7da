//! What a folder becomes elsewhere, entry by entry as they are listed. It lists and makes nothing itself: whoever drives it
//! does, and tells it what was there. "Remote" is where it comes from, "local" where it goes.

use super::conflict::Kind;
use super::name::{Folder, Unwritable};
use super::room::{Held, Room};

/// Folders in folders. Deeper ones are most often a circle that the server does not know as one (a mount in itself).
pub const DEPTH_MAX: usize = 64;
/// What one run keeps in mind of its trees: folders that wait to be listed, some 100,000 of usual names or fewer of long ones,
/// and names that another may fall together with (`name.rs`). When it is full, what comes further is left out and named to the
/// person. Tests fill it sooner.
pub const IN_MIND_BYTES: usize = if cfg!(test) { 2 } else { 64 } * 1024 * 1024;

/// A folder of the server and its place here, from the top of what is transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Names on the server, from the top; none for the top itself.
    pub remote: Vec<Vec<u8>>,
    /// The same here, each a single component that stays in its folder (`name.rs`).
    pub local: Vec<Vec<u8>>,
}

/// An entry of a folder, as the server listed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: Vec<u8>,
    pub kind: Kind,
}

/// What follows from an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To be made, and listed later.
    Folder(Place),
    File(Place),
    /// A symbolic link, which is copied as one.
    Link(Place),
    /// Left out, and named to the person.
    Refused {
        place: Place,
        name: Vec<u8>,
        why: Refused,
    },
}

/// Why an entry is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Name(Unwritable),
    TooDeep,
    /// A device or a pipe: reading it may never end.
    NoFile,
}

impl Place {
    fn inner(&self, remote: &[u8], local: Vec<u8>) -> Place {
        Place {
            remote: [self.remote.as_slice(), &[remote.to_vec()]].concat(),
            local: [self.local.as_slice(), &[local]].concat(),
        }
    }
}

/// Folders that wait to be listed, each with what its driver has to say about it.
#[derive(Debug)]
pub struct Walk<T> {
    waiting: Vec<(Place, T, Held)>,
}

impl Place {
    /// Its part of what a run keeps in mind.
    pub fn room_in(&self, room: &Room) -> Option<Held> {
        room.take_for(self.remote.iter().chain(&self.local))
    }
}

impl<T> Default for Walk<T> {
    fn default() -> Self {
        Self { waiting: Vec::new() }
    }
}

/// What becomes of an entry of a folder. `names` is for that folder, and is asked in the order in which it is listed.
pub fn step(place: &Place, entry: &Entry, names: &mut Folder) -> Step {
    let refused = |why| Step::Refused { place: place.clone(), name: entry.name.clone(), why };
    let local = match names.name(&entry.name) {
        Ok(local) => local.bytes,
        Err(why) => return refused(Refused::Name(why)),
    };
    match entry.kind {
        Kind::Other => refused(Refused::NoFile),
        Kind::File => Step::File(place.inner(&entry.name, local)),
        Kind::Link => Step::Link(place.inner(&entry.name, local)),
        Kind::Directory if place.remote.len() > DEPTH_MAX => refused(Refused::TooDeep),
        Kind::Directory => Step::Folder(place.inner(&entry.name, local)),
    }
}

impl<T> Walk<T> {
    /// The folder to list next, the one that was found last; None when all are.
    pub fn next_folder(&mut self) -> Option<(Place, T)> {
        self.waiting.pop().map(|(place, what, _)| (place, what))
    }

    /// A folder that was found, and has its room.
    pub fn later(&mut self, place: Place, what: T, held: Held) {
        self.waiting.push((place, what, held));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::name::Rules;

    fn entry(name: &str, kind: Kind) -> Entry {
        Entry { name: name.as_bytes().to_vec(), kind }
    }

    fn top() -> Place {
        Place { remote: Vec::new(), local: Vec::new() }
    }

    fn shown(place: &Place) -> String {
        place.local.iter().map(|name| format!("/{}", String::from_utf8_lossy(name))).collect()
    }

    #[test]
    fn every_entry_has_its_place() {
        let mut names = Folder::new(Rules::Windows);
        let entries = [
            entry("Src", Kind::Directory),
            entry("src", Kind::File),
            entry("nul", Kind::File),
            entry("a", Kind::Link),
        ];
        let steps = entries.map(|entry| step(&top(), &entry, &mut names));
        let [Step::Folder(folder), Step::File(file), Step::File(device), Step::Link(link)] = &steps else {
            panic!("{steps:?}")
        };
        assert_eq!([folder, file, device, link].map(shown), ["/Src", "/src (2)", "/_nul", "/a"]);
        let inner = step(folder, &entry("a:b", Kind::File), &mut Folder::new(Rules::Windows));
        let Step::File(file) = inner else { panic!("{inner:?}") };
        assert_eq!(shown(&file), "/Src/a_b");
        assert_eq!(file.remote, [b"Src".to_vec(), b"a:b".to_vec()], "it is fetched under its own name");
    }

    #[test]
    fn what_leads_elsewhere_or_is_no_file_is_left_out_and_named() {
        let mut names = Folder::new(Rules::Unix);
        let entries = [entry("..", Kind::Directory), entry("../x", Kind::File), entry("pipe", Kind::Other)];
        let why = entries.map(|entry| match step(&top(), &entry, &mut names) {
            Step::Refused { why, .. } => why,
            other => panic!("{other:?}"),
        });
        let no_name = Refused::Name(Unwritable::NoName);
        assert_eq!(why, [no_name, no_name, Refused::NoFile]);
    }

    #[test]
    fn a_folder_that_holds_itself_ends() {
        let mut place = top();
        let mut folders = 0;
        while let Step::Folder(inner) =
            step(&place, &entry("again", Kind::Directory), &mut Folder::new(Rules::Unix))
        {
            folders += 1;
            place = inner;
        }
        assert_eq!(folders, DEPTH_MAX + 1);
    }

    #[test]
    fn a_folder_of_endless_folders_fills_no_memory() {
        let (mut walk, room) = (Walk::default(), Room::of(IN_MIND_BYTES));
        let place = |number: u32| {
            let name = [number.to_string().as_bytes(), &[b'x'; 200]].concat();
            Place { remote: vec![name.clone(); 20], local: vec![name; 20] }
        };
        let all = 1000;
        let mut refused = 0;
        for number in 0..all {
            match place(number).room_in(&room) {
                Some(held) => walk.later(place(number), number, held),
                None => refused += 1,
            }
        }
        let bytes: usize = walk
            .waiting
            .iter()
            .flat_map(|(place, ..)| place.remote.iter().chain(&place.local))
            .map(Vec::len)
            .sum();
        assert!(bytes < IN_MIND_BYTES && bytes > IN_MIND_BYTES / 2, "{bytes}");
        assert!(refused > 0);
        assert_eq!(walk.next_folder(), Some((place(all - refused - 1), all - refused - 1)));
        assert!(place(0).room_in(&room).is_some(), "one has gone");
    }
}
