//! Where the socket is: in a folder that only its owner may enter, the first of a few whose path is short enough.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as Blocking;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use tokio::net::{UnixListener, UnixStream};

/// `sun_path` with its final zero is 108 bytes on Linux and 104 elsewhere.
const PATH_MAX_BYTES: usize = 103;
/// Of the hash of the data folder: two apps with two of them do not meet.
const NAME_BYTES: usize = 8;

/// The sockets of the app whose files are there, the best place first. The command looks at each: it may run without the
/// variables of a desktop.
pub fn candidates(data_dir: &Path) -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    candidates_in(data_dir, runtime.as_deref())
}

fn candidates_in(data_dir: &Path, runtime: Option<&Path>) -> Vec<PathBuf> {
    let hash = digest(&SHA256, data_dir.as_os_str().as_encoded_bytes());
    let name = HEXLOWER.encode(hash.as_ref().get(..NAME_BYTES).unwrap_or_default());
    let last = std::env::temp_dir().join(format!("bowline-{}", own_uid()));
    let folders = [runtime.map(|runtime| runtime.join("bowline")), Some(data_dir.join("lend")), Some(last)];
    let paths = folders.into_iter().flatten().map(|folder| folder.join(format!("{name}.sock")));
    paths.filter(|path| path.as_os_str().len() <= PATH_MAX_BYTES).collect()
}

pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Listens at the first of these places that can be had.
///
/// # Errors
/// [`io::ErrorKind::AddrInUse`] if another app listens there; it is left alone. Others when there is no private place.
pub fn listen(candidates: &[PathBuf]) -> io::Result<(UnixListener, PathBuf)> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "there is no place for a socket");
    for path in candidates {
        match listen_at(path) {
            Ok(listener) => return Ok((listener, path.clone())),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn listen_at(path: &Path) -> io::Result<UnixListener> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if fs::symlink_metadata(folder)?.uid() == own_uid() {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    must_be_private(folder)?;
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            // Somebody listens there, or did so before a crash.
            let left = Blocking::connect(path).is_err_and(|error| {
                [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound].contains(&error.kind())
            });
            if !left || !fs::symlink_metadata(path)?.file_type().is_socket() {
                return Err(error);
            }
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// A folder of another's could be made anything of, before or after we look.
fn must_be_private(folder: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    if found.is_dir() && found.uid() == own_uid() && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("{} may be entered by others", folder.display()),
    ))
}

/// Whether the other end is a process of the same person.
///
/// # Errors
/// The system does not say, or says another.
pub fn must_be_ours(stream: &UnixStream) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    if uid == own_uid() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("it is a process of user {uid}")))
}

/// A connection to the app, if one listens at any of these places.
///
/// # Errors
/// There is none, or it is not ours.
pub async fn connect(candidates: &[PathBuf]) -> io::Result<UnixStream> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for path in candidates {
        let connecting = async {
            must_be_private(path.parent().ok_or(io::ErrorKind::NotFound)?)?;
            let stream = UnixStream::connect(path).await?;
            must_be_ours(&stream)?;
            Ok::<_, io::Error>(stream)
        };
        match connecting.await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_too_long_for_a_socket_is_passed_over() {
        let long = PathBuf::from(format!("/{}", "x".repeat(100)));
        let found = candidates_in(&long, Some(&long));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with(std::env::temp_dir()));
        let found = candidates_in(Path::new("/data"), Some(Path::new("/run/user/1")));
        assert!(found[0].starts_with("/run/user/1/bowline") && found[1].starts_with("/data/lend"));
        assert_ne!(candidates_in(Path::new("/other"), None)[0].file_name(), found[0].file_name());
    }

    #[tokio::test]
    async fn a_folder_that_others_may_enter_is_refused_by_the_command_and_mended_by_the_app() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = [folder.path().join("lend/a.sock")];
        let (_listener, path) = listen(&at).expect("it listens");
        let mode = |path: &Path| fs::symlink_metadata(path).expect("it is there").mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder.path().join("lend"))), (0o600, 0o700));
        connect(&at).await.expect("it is private");
        fs::set_permissions(folder.path().join("lend"), Permissions::from_mode(0o711)).expect("it is set");
        let refused = connect(&at).await.expect_err("others may enter it");
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    }

    #[tokio::test]
    async fn a_socket_that_was_left_is_replaced_and_one_in_use_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = [folder.path().join("lend/a.sock")];
        let (listener, _) = listen(&at).expect("it listens");
        let taken = listen(&at).expect_err("another listens");
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        // As after a crash: the file stays.
        drop(listener);
        assert!(at[0].exists());
        let (_listener, _) = listen(&at).expect("nobody listened any more");
        connect(&at).await.expect("it answers");
        // What is no socket is nobody's to remove.
        let file = [folder.path().join("lend/b.sock")];
        fs::write(&file[0], "kept").expect("written");
        listen(&file).expect_err("it is a file");
        assert_eq!(fs::read(&file[0]).expect("it is there"), b"kept");
    }
}
