//! Files that come and go by ZMODEM. The names that a host sends are hostile until they are harmless.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Of a file's name; every file system takes so many.
const NAME_MAX_BYTES: usize = 200;
/// Files of one name in one folder.
const SAME_NAMES: u32 = 1000;
/// What a file is called until it is whole.
const PART: &str = "bowline-part";
/// Names that Windows keeps for devices, with any ending.
const RESERVED: &[&str] = &["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

/// A file that is being received.
pub(super) struct Incoming {
    file: File,
    part: PathBuf,
    folder: PathBuf,
    pub(super) name: String,
    done: bool,
}

impl Incoming {
    /// Begins a new file; nothing that exists is touched.
    pub(super) fn create(folder: &Path, name: &[u8]) -> io::Result<Self> {
        let name = safe_name(name);
        for number in 1..=SAME_NAMES {
            let part = folder.join(format!("{}.{PART}", numbered(&name, number)));
            match OpenOptions::new().write(true).create_new(true).open(&part) {
                Ok(file) => return Ok(Self { file, part, folder: folder.to_owned(), name, done: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Gives the whole file its name, or one with a number if there is such a file already.
    pub(super) fn finish(mut self) -> io::Result<PathBuf> {
        self.file.sync_all()?;
        for number in 1..=SAME_NAMES {
            let path = self.folder.join(numbered(&self.name, number));
            // A name that is free stays ours once the empty file of it is there.
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => {
                    std::fs::rename(&self.part, &path)?;
                    self.done = true;
                    return Ok(path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// A file that is being sent.
pub(super) struct Outgoing {
    file: File,
    pub(super) name: String,
    pub(super) size: u32,
}

impl Outgoing {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let size = u32::try_from(about.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { file, name, size })
    }

    pub(super) fn read(&mut self, offset: u32, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(u64::from(offset)))?;
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read(&mut buffer[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }
}

/// The last part of a path that a host sent, as the name of a file in a folder of the person's choice.
fn safe_name(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let harmless = |character: char| {
        let hidden = character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if hidden || "<>:\"|?*".contains(character) { '_' } else { character }
    };
    let mut safe: String = last.chars().map(harmless).collect();
    while safe.len() > NAME_MAX_BYTES {
        safe.pop();
    }
    let safe = safe.trim_matches([' ', '.']);
    let stem = safe
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end_matches(|digit: char| digit.is_ascii_digit())
        .to_ascii_uppercase();
    if safe.is_empty() || RESERVED.contains(&stem.as_str()) {
        format!("file_{safe}")
    } else {
        safe.to_owned()
    }
}

/// `a.tar.gz`, then `a (2).tar.gz`.
fn numbered(name: &str, number: u32) -> String {
    if number == 1 {
        return name.to_owned();
    }
    match name.split_once('.') {
        Some((stem, ending)) => format!("{stem} ({number}).{ending}"),
        None => format!("{name} ({number})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_host_leads_nowhere_and_hides_nothing() {
        for (name, safe) in [
            (&b"report.pdf"[..], "report.pdf"),
            (b"../../.ssh/authorized_keys", "authorized_keys"),
            (b"/etc/passwd", "passwd"),
            (b"C:\\Windows\\win.ini", "win.ini"),
            (b"..", "file_"),
            (b".bashrc", "bashrc"),
            (b"a\x1b[2Jb\n", "a_[2Jb_"),
            ("invoice\u{202e}fdp.exe".as_bytes(), "invoice_fdp.exe"),
            (b"con", "file_con"),
            (b"COM1.txt", "file_COM1.txt"),
            ("报告.txt".as_bytes(), "报告.txt"),
            (b"a\xffb", "a\u{fffd}b"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        assert!(safe_name(&[b'x'; 5000]).len() <= NAME_MAX_BYTES);
    }

    #[test]
    fn nothing_that_is_there_is_written_over_and_what_was_given_up_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.tar.gz"), "mine").expect("room");
        let mut incoming = Incoming::create(folder.path(), b"a.tar.gz").expect("a file");
        incoming.write(b"theirs").expect("room");
        let path = incoming.finish().expect("a name");
        assert_eq!(path, folder.path().join("a (2).tar.gz"));
        drop(Incoming::create(folder.path(), b"b").expect("a file"));
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["a (2).tar.gz", "a.tar.gz"]);
    }
}
