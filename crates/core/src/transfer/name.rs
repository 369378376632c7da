//! Names on this computer for names that a server gave. Whatever those are, what comes out is one component that stays in
//! its folder, that this system can write, and that means no device.

use std::collections::{HashMap, HashSet};

use super::room::{Held, Room};

/// The longest name that common file systems take: 255 bytes (ext4, APFS) or 255 UTF-16 units (NTFS), which is never more.
pub const NAME_MAX_BYTES: usize = 255;
/// What stands at the end of a file that is not whole yet.
pub const PART_ENDING: &str = ".bowline-part";
/// Names that Windows takes as devices, with any ending behind them and superscript digits for digits (Microsoft, "Naming
/// Files, Paths, and Namespaces").
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
const NUMBERED_DEVICES: [&str; 2] = ["COM", "LPT"];
/// Where a name would take a number beyond this, something else is wrong.
pub const NUMBER_MAX: u32 = 10_000;
/// What a name takes that is kept in mind: a fingerprint in a table that may be half empty, and in the one before while it grows.
const NAME_BYTES: usize = 32;
/// Names of one folder on its own, twice what a sync lists of one.
const FOLDER_BYTES: usize = 2_000_000 * NAME_BYTES;

/// What the target file system takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Any bytes but NUL and a slash; case matters.
    Unix,
    /// Text only; case does not matter.
    Mac,
    /// Text without some characters, devices and endings; case does not matter.
    Windows,
}

impl Rules {
    /// Those of the system that this was built for.
    pub fn here() -> Self {
        if cfg!(windows) {
            Rules::Windows
        } else if cfg!(target_os = "macos") {
            Rules::Mac
        } else {
            Rules::Unix
        }
    }

    fn folds_case(self) -> bool {
        match self {
            Rules::Unix => false,
            Rules::Mac | Rules::Windows => true,
        }
    }
}

/// Why something cannot be written at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritable {
    /// `.`, `..`, nothing, or with a slash or NUL byte: it is no name of an entry, and would lead elsewhere.
    NoName,
    /// So many others would have the same name here.
    Crowded,
    /// So many others are kept in mind already that nobody can say whether this is one of them.
    TooMany,
}

/// A name on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalName {
    /// Bytes on Unix; on the others always UTF-8.
    pub bytes: Vec<u8>,
    /// Whether it differs from the server's, which a person is told.
    pub changed: bool,
}

/// The names of one folder here, in which no two things may fall together that were two on the server.
#[derive(Debug)]
pub struct Folder {
    rules: Rules,
    /// Fingerprints of the folded names that are given away: a million of them take some 20 MiB. Should two names have the
    /// same one, the second gets a number that it could do without.
    taken: HashSet<u64>,
    /// The next number to try for names that came more than once.
    next: HashMap<u64, u32>,
    room: Room,
    held: Option<Held>,
}

impl Folder {
    pub fn new(rules: Rules) -> Self {
        Self::within(rules, &Room::of(FOLDER_BYTES))
    }

    /// One that shares its room with others.
    pub(super) fn within(rules: Rules, room: &Room) -> Self {
        Self { rules, taken: HashSet::new(), next: HashMap::new(), room: room.clone(), held: None }
    }

    /// The name here for one on the server; each name of the server is asked for once. The second of two that this
    /// system cannot tell apart gets a number.
    ///
    /// # Errors
    /// There is no name for it.
    pub fn name(&mut self, remote: &[u8]) -> Result<LocalName, Unwritable> {
        if remote.is_empty()
            || remote == b"."
            || remote == b".."
            || remote.iter().any(|byte| matches!(byte, 0 | b'/'))
        {
            return Err(Unwritable::NoName);
        }
        if self.rules == Rules::Unix && is_its_own(remote) {
            // A folder of a million names needs no memory for them: no other name becomes one of these.
            return Ok(LocalName { bytes: remote.to_vec(), changed: false });
        }
        let mut name = fit(writable(remote, self.rules), 0);
        if name.to_ascii_lowercase().ends_with(PART_ENDING.as_bytes()) {
            // It would be the unfinished form of its neighbour.
            name = fit(name, 1);
            name.push(b'_');
        }
        let print = self.print(&name);
        if !self.taken.contains(&print) {
            self.keep(NAME_BYTES)?;
            self.taken.insert(print);
            return Ok(LocalName { changed: name != remote, bytes: name });
        }
        let next = self.next.get(&print).copied().unwrap_or(2);
        let free = (next..NUMBER_MAX).find_map(|number| {
            let numbered = numbered(&name, number);
            let its = self.print(&numbered);
            (!self.taken.contains(&its)).then_some((numbered, its, number))
        });
        let (bytes, its, number) = free.ok_or(Unwritable::Crowded)?;
        self.keep(2 * NAME_BYTES)?;
        self.taken.insert(its);
        self.next.insert(print, number + 1);
        Ok(LocalName { changed: true, bytes })
    }

    fn print(&self, name: &[u8]) -> u64 {
        fnv1a(&fold(name, self.rules))
    }

    fn keep(&mut self, bytes: usize) -> Result<(), Unwritable> {
        let more = self.room.take(bytes).ok_or(Unwritable::TooMany)?;
        match &mut self.held {
            Some(held) => held.and(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}

/// Whether nothing is changed in a name on Unix, and no changed name is the same: those are long, or get `_` behind them
/// or a number.
fn is_its_own(name: &[u8]) -> bool {
    name.len() < NAME_MAX_BYTES - PART_ENDING.len()
        && !name.to_ascii_lowercase().ends_with(PART_ENDING.as_bytes())
        && !name.ends_with(b"_")
        && !name.contains(&b'(')
}

/// The name of the file beside it that is not whole yet. The same each time, so that it is found after a restart, and
/// never that of another file of [`Folder`].
pub fn part_name(name: &[u8]) -> Vec<u8> {
    if name.len() + PART_ENDING.len() <= NAME_MAX_BYTES {
        return [name, PART_ENDING.as_bytes()].concat();
    }
    // What is cut off may be all that tells two names apart.
    let ending = format!("~{:016x}{PART_ENDING}", fnv1a(name));
    let mut part = fit(name.to_vec(), ending.len());
    part.extend_from_slice(ending.as_bytes());
    part
}

/// FNV-1a (draft-eastlake-fnv): the same in every run and every version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What the rules let through, each other character replaced by `_`, so that it can be seen where something stood.
fn writable(remote: &[u8], rules: Rules) -> Vec<u8> {
    match rules {
        Rules::Unix => remote.to_vec(),
        // A colon is a slash to the Finder.
        Rules::Mac => as_text(remote, |character| character != ':').into_bytes(),
        Rules::Windows => {
            let mut name =
                as_text(remote, |character| !character.is_control() && !"<>:\"\\|?*".contains(character));
            // Windows drops these in silence, and another file would be meant.
            let kept = name.trim_end_matches([' ', '.']).len();
            let dropped = name.len() - kept;
            name.truncate(kept);
            name.extend(std::iter::repeat_n('_', dropped));
            if is_device(&name) {
                name.insert(0, '_');
            }
            name.into_bytes()
        }
    }
}

fn as_text(bytes: &[u8], allowed: impl Fn(char) -> bool) -> String {
    bytes.utf8_chunks().fold(String::new(), |mut text, chunk| {
        text.extend(chunk.valid().chars().map(|character| if allowed(character) { character } else { '_' }));
        text.extend(chunk.invalid().iter().map(|_| '_'));
        text
    })
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_uppercase();
    let is_numbered = |device: &&str| {
        let number = stem.strip_prefix(*device).map(|number| number.chars().collect::<Vec<_>>());
        matches!(number.as_deref(), Some(['0'..='9' | '¹' | '²' | '³']))
    };
    DEVICES.contains(&stem.as_str()) || NUMBERED_DEVICES.iter().any(is_numbered)
}

/// As two names are compared by a file system that does not tell case: by what both are in lower case. It does not know
/// which forms of a letter Unicode calls equivalent, so a file must be made as new where nothing is to be replaced: macOS
/// then says that something is there.
pub(super) fn fold(name: &[u8], rules: Rules) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) if rules.folds_case() => text.to_uppercase().to_lowercase().into_bytes(),
        Ok(_) | Err(_) => name.to_vec(),
    }
}

/// `a.tar.gz` becomes `a (2).tar.gz`.
pub fn numbered(name: &[u8], number: u32) -> Vec<u8> {
    let mark = format!(" ({number})");
    let name = fit(name.to_vec(), mark.len());
    // A dot at the start hides a file and begins no ending.
    let dot = name.iter().skip(1).position(|&byte| byte == b'.').map_or(name.len(), |dot| dot + 1);
    [&name[..dot], mark.as_bytes(), &name[dot..]].concat()
}

/// Cuts a name so that `more` bytes fit behind it, without leaving half a character.
fn fit(mut name: Vec<u8>, more: usize) -> Vec<u8> {
    let most = NAME_MAX_BYTES - more;
    if name.len() > most {
        let is_inside = |at: usize| name[at] & 0xc0 == 0x80;
        // A character has four bytes at most; bytes that are no text are cut anywhere.
        let end = (most.saturating_sub(3)..=most).rev().find(|&at| !is_inside(at)).unwrap_or(most);
        name.truncate(end);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(remote: &[u8], rules: Rules) -> Vec<u8> {
        Folder::new(rules).name(remote).expect("a name").bytes
    }

    #[test]
    fn nothing_is_written_outside_the_folder() {
        for rules in [Rules::Unix, Rules::Mac, Rules::Windows] {
            for remote in [&b""[..], b".", b"..", b"../x", b"/etc/passwd", b"a/b", b"a\0b"] {
                assert_eq!(Folder::new(rules).name(remote), Err(Unwritable::NoName), "{remote:?}");
            }
        }
        for remote in
            [&b"..\\x"[..], b"C:\\x", b"C:x", b"\\\\host\\share", b".. ", b"...", b" ", b".", b"a\\..\\.."]
        {
            let Ok(LocalName { bytes, .. }) = Folder::new(Rules::Windows).name(remote) else { continue };
            let name = String::from_utf8(bytes).expect("text");
            assert!(
                !name.contains(['\\', ':', '/']) && !name.ends_with(['.', ' ']) && !name.is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    fn windows_gets_no_devices_and_no_characters_that_it_refuses() {
        for (remote, local) in [
            ("report.pdf", "report.pdf"),
            ("con", "_con"),
            ("CON.tar.gz", "_CON.tar.gz"),
            ("nul .txt", "_nul .txt"),
            ("com7", "_com7"),
            ("LPT²", "_LPT²"),
            ("com10", "com10"),
            ("conman", "conman"),
            ("a:b?.txt", "a_b_.txt"),
            ("tail. .", "tail___"),
            ("tab\there", "tab_here"),
            ("文件", "文件"),
        ] {
            assert_eq!(
                String::from_utf8(one(remote.as_bytes(), Rules::Windows)).as_deref(),
                Ok(local),
                "{remote}"
            );
        }
        assert_eq!(one(b"caf\xe9.txt", Rules::Windows), b"caf_.txt");
    }

    #[test]
    fn unix_keeps_every_byte_and_says_so() {
        for remote in [&b"caf\xe9"[..], b"con", b"a:b", b"-rf", b"\x1b[2J", b" . "] {
            let name = Folder::new(Rules::Unix).name(remote).expect("a name");
            assert_eq!((name.bytes.as_slice(), name.changed), (remote, false));
        }
    }

    #[test]
    fn what_falls_together_here_gets_a_number() {
        let names = |rules, remotes: &[&str]| {
            let mut folder = Folder::new(rules);
            let name = |remote: &&str| folder.name(remote.as_bytes()).expect("a name");
            remotes
                .iter()
                .map(name)
                .map(|name| String::from_utf8(name.bytes).expect("text"))
                .collect::<Vec<_>>()
        };
        let remotes =
            ["Makefile", "makefile", "MAKEFILE", "makefile (2)", "a.Tar.gz", "A.tar.gz", "ÄÖ", "äö"];
        assert_eq!(names(Rules::Unix, &remotes), remotes);
        assert_eq!(
            names(Rules::Mac, &remotes),
            [
                "Makefile",
                "makefile (2)",
                "MAKEFILE (3)",
                "makefile (2) (2)",
                "a.Tar.gz",
                "A (2).tar.gz",
                "ÄÖ",
                "äö (2)"
            ]
        );
        assert_eq!(names(Rules::Windows, &["a?", "a*", "a_", "a_"]), ["a_", "a_ (2)", "a_ (3)", "a_ (4)"]);
    }

    #[test]
    fn a_name_that_was_given_to_a_numbered_one_is_not_given_again() {
        let mut folder = Folder::new(Rules::Windows);
        let mut seen = std::collections::HashSet::new();
        for remote in ["x", "X (2)", "X", "x (2)", "x (3)", "X (3)", "x (2) (2)"] {
            let name = folder.name(remote.as_bytes()).expect("a name").bytes;
            assert!(seen.insert(name.to_ascii_lowercase()), "{remote}: {}", String::from_utf8_lossy(&name));
        }
    }

    #[test]
    fn an_endless_folder_fills_no_memory_and_says_so() {
        let room = Room::of(1000 * NAME_BYTES);
        for (rules, ending) in [(Rules::Unix, "("), (Rules::Windows, "")] {
            let mut folder = Folder::within(rules, &room);
            let mut beside = Folder::within(rules, &room);
            beside.name(b"one (").expect("a name");
            let named = |number: u32| folder.name(format!("{number}{ending}").as_bytes());
            let results: Vec<_> = (0..5000).map(named).collect();
            assert!(results[..999].iter().all(Result::is_ok), "{rules:?}");
            assert!(results[999..].iter().all(|result| *result == Err(Unwritable::TooMany)), "{rules:?}");
            assert_eq!((room.left(), folder.taken.len()), (0, 999), "{rules:?}");
            // What is known is known: no second one gets the same name.
            assert_eq!(folder.name(format!("7{ending}").as_bytes()), Err(Unwritable::TooMany));
            // Most names of Unix become those of no other, and need no memory.
            assert_eq!(folder.name(b"plain").is_ok(), rules == Rules::Unix);
        }
        assert_eq!(room.left(), 1000 * NAME_BYTES, "it comes back with the folders");
    }

    #[test]
    fn a_long_name_stays_within_what_a_file_system_takes() {
        let long = "文".repeat(100);
        assert_eq!(one(long.as_bytes(), Rules::Windows).len(), 255);
        let part = part_name(&one(long.as_bytes(), Rules::Unix));
        assert!(part.len() <= 255 && part.ends_with(b".bowline-part"));
        assert!(std::str::from_utf8(&part).is_ok(), "no half characters");
        let mut folder = Folder::new(Rules::Windows);
        let first = folder.name(&[b'a'; 300]).expect("a name").bytes;
        let second = folder.name(&[b'a'; 301]).expect("a name").bytes;
        assert!(first != second && second.len() <= 255);
        assert_eq!(part_name(&[0xff; 300]).len(), 255);
    }

    #[test]
    fn the_unfinished_form_of_a_file_is_no_other_file() {
        let mut folder = Folder::new(Rules::Mac);
        let names: Vec<Vec<u8>> = [
            b"a".to_vec(),
            b"a.bowline-part".to_vec(),
            b"A.Bowline-Part".to_vec(),
            [&[b'x'; 254][..], b"1"].concat(),
            [&[b'x'; 254][..], b"2"].concat(),
            [&[b'x'; 242][..], PART_ENDING.as_bytes()].concat(),
        ]
        .iter()
        .map(|remote| folder.name(remote).expect("a name").bytes)
        .collect();
        let all = names.iter().cloned().chain(names.iter().map(|name| part_name(name)));
        let different: std::collections::HashSet<_> = all.map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!(different.len(), 2 * names.len(), "{different:?}");
        assert_eq!(part_name(&names[3]), part_name(&names[3]));
        assert!(different.iter().all(|name| name.len() <= NAME_MAX_BYTES));
    }
}
