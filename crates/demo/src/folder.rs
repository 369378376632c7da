//! The folder that SFTP shows, as a root that nothing leads out of: not `..`, not an absolute path, not a symbolic link,
//! not one that is swapped in while a request runs. Every path is resolved below an open directory (cap-std, which uses
//! `openat2` with `RESOLVE_BENEATH` where the kernel has it). All of it blocks; callers move it off the runtime.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions, Permissions, ReadDir};
use russh_sftp::protocol::{FileAttributes, OpenFlags};

/// Permission bits that a client may set: the usual nine and sticky, never set-user-id.
#[cfg(unix)]
const SETTABLE_MODE: u32 = 0o1777;

/// The root. A cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: Arc<Dir>,
    /// Where paths that are not absolute begin, as clients name it.
    start: Arc<str>,
}

/// A directory being listed.
pub(crate) struct Listing(ReadDir);

impl Folder {
    /// Opens an existing folder of this machine as the root. Paths that are not absolute begin at `start`, a path below it.
    pub(crate) fn open(folder: &Path, start: &str) -> io::Result<Folder> {
        let root = Arc::new(Dir::open_ambient_dir(folder, ambient_authority())?);
        Ok(Folder { root, start: as_shown(start).into() })
    }

    /// A path as the client sees it: absolute, without `.` and `..`.
    pub(crate) fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') { as_shown(path) } else { as_shown(&format!("{}/{path}", self.start)) }
    }

    fn below(&self, path: &str) -> io::Result<PathBuf> {
        below(&self.absolute(path))
    }

    /// What is known about a path. A link is followed.
    pub(crate) fn stat(&self, path: &str) -> io::Result<FileAttributes> {
        Ok(attributes(&self.root.metadata(self.below(path)?)?))
    }

    /// What is known about a path itself, be it a link.
    pub(crate) fn lstat(&self, path: &str) -> io::Result<FileAttributes> {
        Ok(attributes(&self.root.symlink_metadata(self.below(path)?)?))
    }

    /// Opens a file. Anything that is not a file, such as a named pipe, would block and is refused.
    pub(crate) fn open_file(
        &self,
        path: &str,
        flags: OpenFlags,
        mode: Option<u32>,
    ) -> io::Result<std::fs::File> {
        let path = self.below(path)?;
        if self.root.metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        let mut options = OpenOptions::new();
        options
            .read(flags.contains(OpenFlags::READ))
            .write(flags.contains(OpenFlags::WRITE))
            .append(flags.contains(OpenFlags::APPEND))
            .truncate(flags.contains(OpenFlags::TRUNCATE));
        if flags.contains(OpenFlags::CREATE) {
            options
                .create(!flags.contains(OpenFlags::EXCLUDE))
                .create_new(flags.contains(OpenFlags::EXCLUDE));
        }
        #[cfg(unix)]
        if let Some(mode) = mode {
            use cap_std::fs::OpenOptionsExt;
            options.mode(mode & SETTABLE_MODE);
        }
        #[cfg(windows)]
        let _ = mode;
        Ok(self.root.open_with(path, &options)?.into_std())
    }

    /// Starts to list a directory.
    pub(crate) fn list(&self, path: &str) -> io::Result<Listing> {
        Ok(Listing(self.root.read_dir(self.below(path)?)?))
    }

    /// Makes a directory.
    pub(crate) fn make_directory(&self, path: &str) -> io::Result<()> {
        self.root.create_dir(self.below(path)?)
    }

    /// Removes an empty directory.
    pub(crate) fn remove_directory(&self, path: &str) -> io::Result<()> {
        self.root.remove_dir(self.below(path)?)
    }

    /// Removes a file or a link.
    pub(crate) fn remove_file(&self, path: &str) -> io::Result<()> {
        self.root.remove_file(self.below(path)?)
    }

    /// Renames; an existing target is an error, as SFTP version 3 has it.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        match self.root.symlink_metadata(self.below(to)?) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => self.rename_over(from, to),
        }
    }

    /// Renames and replaces an existing target in one step (`posix-rename@openssh.com`).
    pub(crate) fn rename_over(&self, from: &str, to: &str) -> io::Result<()> {
        self.root.rename(self.below(from)?, &self.root, self.below(to)?)
    }

    /// Makes a link whose target lies in the folder. Others could not be followed here, but by whoever opens the folder
    /// in some other way.
    pub(crate) fn link(&self, target: &str, link: &str) -> io::Result<()> {
        let link = self.below(link)?;
        let start = link.parent().map_or(0, |parent| parent.components().count());
        if !stays_inside(start, Path::new(target)) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        #[cfg(unix)]
        return self.root.symlink(target, link);
        #[cfg(windows)]
        return self.root.symlink_file(target, link);
    }

    /// Where a link leads, as it is written.
    pub(crate) fn link_target(&self, path: &str) -> io::Result<String> {
        let target = self.root.read_link_contents(self.below(path)?)?;
        Ok(target.to_string_lossy().into_owned())
    }

    /// Changes permissions, times and size of a file, or permissions and times of a directory.
    pub(crate) fn change(&self, path: &str, to: &FileAttributes) -> io::Result<()> {
        let path = self.below(path)?;
        let found = self.root.metadata(&path)?;
        if let Some(permissions) = permissions(to, &found) {
            self.root.set_permissions(&path, permissions)?;
        }
        if found.is_dir() {
            return set_times(&self.root.open_dir(&path)?.into_std_file(), to);
        }
        if !found.is_file() || (to.size.is_none() && to.mtime.is_none()) {
            return Ok(());
        }
        let mut options = OpenOptions::new();
        options.read(true).write(to.size.is_some() || cfg!(windows));
        change_file(&self.root.open_with(&path, &options)?.into_std(), to)
    }
}

impl Iterator for Listing {
    type Item = (String, FileAttributes);

    /// The next entry; those that vanish meanwhile are left out.
    fn next(&mut self) -> Option<Self::Item> {
        self.0.find_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            Some((name, attributes(&entry.metadata().ok()?)))
        })
    }
}

/// Changes size and times of an open file.
pub(crate) fn change_file(file: &std::fs::File, to: &FileAttributes) -> io::Result<()> {
    if let Some(size) = to.size {
        file.set_len(size)?;
    }
    set_times(file, to)
}

/// Changes the permissions of an open file.
pub(crate) fn change_permissions(file: &std::fs::File, to: &FileAttributes) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(mode) = to.permissions {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(mode & SETTABLE_MODE))?;
    }
    #[cfg(windows)]
    let _ = (file, to);
    Ok(())
}

/// What is known about an open file.
pub(crate) fn attributes_of(file: &std::fs::File) -> io::Result<FileAttributes> {
    Ok(attributes(&Metadata::from_file(file)?))
}

/// A client's path, absolute or not, as one below the root. `..` at the top stays there, as it does under `/`.
fn below(path: &str) -> io::Result<PathBuf> {
    let mut inside = PathBuf::new();
    for name in names(path) {
        // On Windows a name like `C:` or `a\b` is more than one component, or none.
        let mut components = Path::new(name).components();
        let (Some(Component::Normal(only)), None) = (components.next(), components.next()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if only != OsStr::new(name) || name.contains('\0') {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        inside.push(only);
    }
    if inside.as_os_str().is_empty() {
        inside.push(".");
    }
    Ok(inside)
}

/// The same path as the client sees it: absolute, without `.` and `..`.
fn as_shown(path: &str) -> String {
    format!("/{}", names(path).join("/"))
}

fn names(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names
}

/// Whether a link's target, read from a directory `depth` levels below the root, never climbs above it.
fn stays_inside(depth: usize, target: &Path) -> bool {
    let mut depth = depth;
    for component in target.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => return false,
            Component::CurDir => {}
            Component::ParentDir if depth == 0 => return false,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
        }
    }
    true
}

fn attributes(metadata: &Metadata) -> FileAttributes {
    let mut attributes = FileAttributes {
        size: Some(metadata.len()),
        atime: Some(seconds(metadata.accessed().ok())),
        mtime: Some(seconds(metadata.modified().ok())),
        ..FileAttributes::default()
    };
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt;
        attributes.uid = Some(metadata.uid());
        attributes.gid = Some(metadata.gid());
        attributes.permissions = Some(metadata.mode());
    }
    #[cfg(windows)]
    {
        // The type bits of stat(2), which SFTP shares.
        let kind = match (metadata.is_dir(), metadata.is_symlink()) {
            (true, _) => 0o040_000,
            (false, true) => 0o120_000,
            (false, false) => 0o100_000,
        };
        let mode = if metadata.permissions().readonly() { 0o555 } else { 0o755 };
        attributes.permissions = Some(kind | mode);
    }
    attributes
}

fn seconds(time: Option<cap_std::time::SystemTime>) -> u32 {
    time.and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok())
        .and_then(|since| u32::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}

#[cfg(unix)]
fn permissions(to: &FileAttributes, _found: &Metadata) -> Option<Permissions> {
    use cap_std::fs::PermissionsExt;
    to.permissions.map(|mode| Permissions::from_mode(mode & SETTABLE_MODE))
}

#[cfg(windows)]
fn permissions(to: &FileAttributes, found: &Metadata) -> Option<Permissions> {
    to.permissions.map(|mode| {
        let mut permissions = found.permissions();
        permissions.set_readonly(mode & 0o200 == 0);
        permissions
    })
}

fn set_times(file: &std::fs::File, to: &FileAttributes) -> io::Result<()> {
    let moment = |seconds: u32| -> SystemTime { UNIX_EPOCH + Duration::from_secs(seconds.into()) };
    match (to.atime, to.mtime) {
        (Some(accessed), Some(modified)) => file.set_times(
            std::fs::FileTimes::new().set_accessed(moment(accessed)).set_modified(moment(modified)),
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_climbs_above_the_root() {
        for (path, inside) in [
            ("/", "."),
            ("", "."),
            (".", "."),
            ("../../etc/passwd", "etc/passwd"),
            ("/a/../../b", "b"),
            ("a//b/./c", "a/b/c"),
        ] {
            assert_eq!(below(path).expect(path), Path::new(inside), "{path}");
        }
        assert!(below("a\0b").is_err());
        assert_eq!(as_shown("x/../../y/"), "/y");
    }

    #[test]
    fn paths_that_are_not_absolute_begin_at_the_start() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(root.path(), "home/ada").expect("the folder");
        for (path, shown) in
            [(".", "/home/ada"), ("", "/home/ada"), ("../bob/x", "/home/bob/x"), ("/etc", "/etc")]
        {
            assert_eq!(folder.absolute(path), shown, "{path}");
        }
    }

    #[test]
    fn a_link_may_point_up_but_not_out() {
        assert!(stays_inside(1, Path::new("../b")));
        assert!(!stays_inside(0, Path::new("../b")));
        assert!(!stays_inside(1, Path::new("a/../../../b")));
        assert!(!stays_inside(3, Path::new("/etc/passwd")));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_is_not_followed_even_if_somebody_else_made_it() {
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("secret"), "s").expect("a file");
        let inside = tempfile::tempdir().expect("a folder");
        let link = |target: &Path, name: &str| {
            std::os::unix::fs::symlink(target, inside.path().join(name)).expect("a link");
        };
        link(outside.path(), "absolute");
        let relative = Path::new("..").join(outside.path().file_name().expect("a name"));
        link(&relative, "relative");
        let folder = Folder::open(inside.path(), "").expect("the folder");
        for name in ["absolute", "relative"] {
            let secret = format!("{name}/secret");
            assert!(folder.stat(&secret).is_err(), "{secret}");
            assert!(folder.open_file(&secret, OpenFlags::READ, None).is_err());
            assert!(folder.list(name).is_err());
            assert!(folder.remove_file(&secret).is_err());
            assert!(folder.rename_over(&secret, "mine").is_err());
        }
        assert!(outside.path().join("secret").exists());
    }
}
