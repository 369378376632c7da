//! The files of this computer behind the same SFTP session as those of a host, so that whatever is done with files is
//! written once. The server of that session is in this process.
//!
//! Paths are as on a host: bytes, with `/` between names and at their beginning. On Windows a path begins with its drive
//! (`/C:/Users`), and `/` holds the drives.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bowline_sftp::{Attributes, Entries, FileSystem, OpenFor, Owner, Space, Times, serve};
use tokio::io::DuplexStream;

/// What may wait between the two ends: a write and its answer.
const STREAM_BYTES: usize = 512 * 1024;

/// The client's end of a session; its server ends with it.
pub(super) fn stream() -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(STREAM_BYTES);
    tokio::spawn(async move {
        if let Err(error) = serve(theirs, Here).await {
            tracing::warn!(%error, "the files of this computer cannot be reached any more");
        }
    });
    ours
}

struct Here;

impl FileSystem for Here {
    fn resolve(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        if is_root(path) {
            return Ok(b"/".to_vec());
        }
        let path = real(path)?;
        // A path that is not there yet resolves as far as it is there, as OpenSSH does for its last name.
        let resolved = match std::fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match (path.parent(), path.file_name()) {
                    (Some(parent), Some(name)) => std::fs::canonicalize(parent)?.join(name),
                    _ => return Err(error),
                }
            }
            resolved => resolved?,
        };
        Ok(bytes(&resolved))
    }

    fn look(&mut self, path: &[u8], follow: bool) -> io::Result<Attributes> {
        if is_root(path) && cfg!(windows) {
            return Ok(Attributes { mode: Some(FOLDER | 0o555), ..Attributes::default() });
        }
        let path = real(path)?;
        let known = if follow { std::fs::metadata(&path) } else { std::fs::symlink_metadata(&path) };
        known.map(|known| attributes(&known))
    }

    fn set(&mut self, path: &[u8], wanted: &Attributes) -> io::Result<()> {
        let path = real(path)?;
        if let Some(mode) = wanted.permissions() {
            set_mode(&path, mode)?;
        }
        if wanted.times.is_some() || wanted.size.is_some() {
            let file = OpenOptions::new().read(true).write(wanted.size.is_some()).open(&path)?;
            set_open(&file, wanted)?;
        }
        Ok(())
    }

    fn list(&mut self, path: &[u8]) -> io::Result<Entries> {
        if is_root(path) && cfg!(windows) {
            return Ok(Box::new(drives()));
        }
        let entries = std::fs::read_dir(real(path)?)?;
        Ok(Box::new(entries.map(|entry| {
            let entry = entry?;
            // What goes away while the folder is read, or may not be looked at, still has its name.
            let known = entry.metadata().map(|known| attributes(&known)).unwrap_or_default();
            Ok((name_bytes(entry.file_name()), known))
        })))
    }

    fn open(&mut self, path: &[u8], how: OpenFor) -> io::Result<File> {
        let path = real(path)?;
        // A pipe would keep the thread until somebody writes into it.
        if std::fs::metadata(&path).is_ok_and(|known| !known.is_file() && !known.is_dir()) {
            return Err(io::Error::other("it is no file"));
        }
        let mut options = OpenOptions::new();
        options.read(how.read).write(how.write && !how.append).append(how.append);
        options.create(how.create).truncate(how.truncate).create_new(how.create && how.new);
        #[cfg(unix)]
        if let Some(mode) = how.mode {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        }
        options.open(path)
    }

    fn look_at(&mut self, file: &File) -> io::Result<Attributes> {
        file.metadata().map(|known| attributes(&known))
    }

    fn set_of(&mut self, file: &File, wanted: &Attributes) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(mode) = wanted.permissions() {
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        }
        set_open(file, wanted)
    }

    fn make_folder(&mut self, path: &[u8], mode: Option<u32>) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        if let Some(mode) = mode {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
        }
        #[cfg(not(unix))]
        let _ = mode;
        builder.create(real(path)?)
    }

    fn remove(&mut self, path: &[u8]) -> io::Result<()> {
        let path = real(path)?;
        std::fs::remove_file(&path).or_else(|error| {
            // Windows has links to folders that are removed as folders.
            let is_link = std::fs::symlink_metadata(&path).is_ok_and(|known| known.file_type().is_symlink());
            if cfg!(windows) && is_link { std::fs::remove_dir(&path) } else { Err(error) }
        })
    }

    fn remove_folder(&mut self, path: &[u8]) -> io::Result<()> {
        std::fs::remove_dir(real(path)?)
    }

    fn rename(&mut self, from: &[u8], to: &[u8], over: bool) -> io::Result<()> {
        let (from, to) = (real(from)?, real(to)?);
        if over {
            return std::fs::rename(from, to);
        }
        rename_to_free(&from, &to)
    }

    fn read_link(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        std::fs::read_link(real(path)?).map(|target| name_bytes(target.into_os_string()))
    }

    fn make_link(&mut self, target: &[u8], path: &[u8]) -> io::Result<()> {
        #[cfg(unix)]
        return std::os::unix::fs::symlink(os_string(target)?, real(path)?);
        #[cfg(not(unix))]
        {
            let _ = (target, path);
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    fn space(&mut self, path: &[u8]) -> io::Result<Space> {
        #[cfg(unix)]
        {
            let known = rustix::fs::statvfs(&real(path)?)?;
            let bytes = |blocks: u64| blocks.saturating_mul(known.f_frsize);
            Ok(Space {
                total_bytes: bytes(known.f_blocks),
                free_bytes: bytes(known.f_bfree),
                available_bytes: bytes(known.f_bavail),
                read_only: known.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
                name_max_bytes: known.f_namemax,
            })
        }
        #[cfg(not(unix))]
        {
            let _ = path;
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    fn owner_name(&mut self, id: u32, is_group: bool) -> Option<Vec<u8>> {
        #[cfg(unix)]
        {
            use nix::unistd::{Gid, Group, Uid, User};
            let name = if is_group {
                Group::from_gid(Gid::from_raw(id)).ok()??.name
            } else {
                User::from_uid(Uid::from_raw(id)).ok()??.name
            };
            Some(name.into_bytes())
        }
        #[cfg(not(unix))]
        {
            let _ = (id, is_group);
            None
        }
    }
}

/// The kinds in a mode, as SFTP has them on every system.
const FOLDER: u32 = 0o040_000;

fn is_root(path: &[u8]) -> bool {
    path == b"/"
}

/// The path of a file of this computer. Relative ones begin in the home folder, where a person would look.
fn real(path: &[u8]) -> io::Result<PathBuf> {
    if !path.starts_with(b"/") {
        let home = dirs::home_dir().ok_or_else(|| io::Error::other("this account has no home folder"))?;
        return Ok(if path == b"." { home } else { home.join(os_string(path)?) });
    }
    to_path(path)
}

/// The path of this computer's that a panel's path means.
///
/// # Errors
/// On Windows: it is no text.
pub(crate) fn to_path(path: &[u8]) -> io::Result<PathBuf> {
    #[cfg(windows)]
    {
        let text = std::str::from_utf8(path).map_err(io::Error::other)?;
        let drive = text.trim_start_matches('/');
        // `C:` alone is where a program stands on that drive.
        let whole = if drive.ends_with(':') { format!("{drive}/") } else { drive.to_owned() };
        return Ok(PathBuf::from(whole.replace('/', "\\")));
    }
    #[cfg(not(windows))]
    Ok(PathBuf::from(os_string(path)?))
}

fn bytes(path: &Path) -> Vec<u8> {
    #[cfg(windows)]
    {
        let text = path.to_string_lossy();
        let text = text.strip_prefix(r"\\?\").unwrap_or(&text).replace('\\', "/");
        return format!("/{text}").into_bytes();
    }
    #[cfg(not(windows))]
    path.as_os_str().as_encoded_bytes().to_vec()
}

fn name_bytes(name: OsString) -> Vec<u8> {
    let mut bytes = name.into_encoded_bytes();
    if cfg!(windows) {
        bytes.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
    }
    bytes
}

fn os_string(bytes: &[u8]) -> io::Result<OsString> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        Ok(OsString::from_vec(bytes.to_vec()))
    }
    #[cfg(not(unix))]
    String::from_utf8(bytes.to_vec()).map(OsString::from).map_err(io::Error::other)
}

/// Never replaces anything, also what has come to be there since it was looked.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Not every file system can.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            outcome => return outcome.map_err(io::Error::from),
        }
    }
    if std::fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(from, to)
}

fn attributes(known: &Metadata) -> Attributes {
    let seconds = |time: io::Result<SystemTime>| {
        let since = time.ok()?.duration_since(UNIX_EPOCH).ok()?;
        u32::try_from(since.as_secs()).ok()
    };
    let times = seconds(known.modified())
        .map(|modified| Times { accessed: seconds(known.accessed()).unwrap_or(modified), modified });
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let owner = Owner { user: known.uid(), group: known.gid() };
        Attributes { size: Some(known.len()), owner: Some(owner), mode: Some(known.mode()), times }
    }
    #[cfg(not(unix))]
    {
        let kind = match () {
            () if known.file_type().is_symlink() => 0o120_000,
            () if known.is_dir() => FOLDER,
            () => 0o100_000,
        };
        let may = if known.permissions().readonly() { 0o444 } else { 0o666 };
        let owner: Option<Owner> = None;
        Attributes { size: Some(known.len()), owner, mode: Some(kind | may), times }
    }
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    return std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    {
        let mut permissions = std::fs::metadata(path)?.permissions();
        permissions.set_readonly(mode & 0o200 == 0);
        std::fs::set_permissions(path, permissions)
    }
}

fn set_open(file: &File, wanted: &Attributes) -> io::Result<()> {
    if let Some(size) = wanted.size {
        file.set_len(size)?;
    }
    if let Some(times) = wanted.times {
        let at = |seconds: u32| UNIX_EPOCH + Duration::from_secs(seconds.into());
        let set = std::fs::FileTimes::new().set_accessed(at(times.accessed)).set_modified(at(times.modified));
        file.set_times(set)?;
    }
    Ok(())
}

/// The drives that are there, as folders.
fn drives() -> impl Iterator<Item = io::Result<(Vec<u8>, Attributes)>> + Send {
    ('A'..='Z')
        .map(|letter| format!("{letter}:"))
        .filter(|drive| Path::new(&format!("{drive}\\")).exists())
        .map(|drive| {
            let folder = Attributes { mode: Some(FOLDER | 0o555), ..Attributes::default() };
            Ok((drive.into_bytes(), folder))
        })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_is_no_request_ends_the_session_and_takes_no_memory() {
        for bad in [&u32::MAX.to_be_bytes()[..], b"\0\0\0\x01\x03", b"\0\0\0\0"] {
            let mut stream = stream();
            stream.write_all(bad).await.expect("there is room");
            let mut said = Vec::new();
            stream.read_to_end(&mut said).await.expect("it ends");
            assert_eq!(said, b"");
        }
    }

    #[cfg(unix)]
    #[test]
    fn paths_keep_every_byte_and_relative_ones_begin_at_home() {
        assert_eq!(bytes(&to_path(b"/caf\xe9/x").expect("a path")), b"/caf\xe9/x");
        assert_eq!(real(b".").ok(), dirs::home_dir());
    }
}
