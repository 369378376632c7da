//! Files that are written under another name beside the one that they become. That name can be guessed, so whoever may write in
//! the same folder could have made something of that name beforehand.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file of one's own for writing, or makes one, with these permissions where the system has such (as those of open(2)).
/// What is in it stays until the caller cuts it off.
///
/// # Errors
/// Also when a link, or anything but a file of one's own under this name alone, is there. It is left as it is.
pub fn open(path: &Path, mode: u32) -> io::Result<File> {
    // A new one is ours, whatever the file system says of its owner.
    match options(mode).create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let opened = options(mode).open(path);
    #[cfg(unix)]
    let opened =
        opened.map_err(|error| match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
            Some(rustix::io::Errno::LOOP) => not_ours(),
            _ => error,
        });
    let file = opened?;
    if is_ours(&file.metadata()?) { Ok(file) } else { Err(not_ours()) }
}

/// Neither follows a link nor waits for the other end of a named pipe.
fn options(mode: u32) -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(mode).custom_flags(flags.bits().cast_signed());
    }
    #[cfg(not(unix))]
    let _ = mode;
    options
}

#[cfg(unix)]
fn is_ours(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    about.is_file() && about.nlink() == 1 && about.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_ours(about: &std::fs::Metadata) -> bool {
    about.is_file()
}

fn not_ours() -> io::Error {
    io::Error::other("something else has that name; remove it, or choose another folder")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_file_of_ones_own_is_written_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let (dear, part) = (folder.path().join("dear"), folder.path().join("part"));
        std::fs::write(&dear, "dear").expect("written");
        std::os::unix::fs::symlink(&dear, &part).expect("a link");
        assert!(open(&part, 0o600).is_err(), "a link");
        std::fs::remove_file(&part).expect("removed");
        std::fs::hard_link(&dear, &part).expect("a second name");
        assert!(open(&part, 0o600).is_err(), "a second name");
        std::fs::remove_file(&part).expect("removed");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &part,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .expect("a named pipe");
        assert!(open(&part, 0o600).is_err(), "a named pipe");
        std::fs::remove_file(&part).expect("removed");
        assert_eq!(std::fs::read(&dear).expect("there"), b"dear");
        open(&part, 0o600).expect("made").set_len(3).expect("three bytes");
        assert_eq!(open(&part, 0o600).expect("it is ours").metadata().expect("there").len(), 3);
    }
}
