//! OpenSSH's sftp-server as a child with pipes, and a folder of its own for it.

use std::path::Path;
use std::process::Stdio;

use bowline_sftp::{Access, Attributes, File, Sftp, SftpPath};
use tempfile::TempDir;
use tokio::io::{Join, join};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Where systems have it: Debian and Ubuntu, Fedora, Arch.
const PLACES: [&str; 3] =
    ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server"];

/// A session with a server, which ends with it.
pub(crate) struct Server {
    pub(crate) sftp: Sftp,
    pub(crate) folder: TempDir,
    pub(crate) child: Child,
}

/// None, and why, where there is no sftp-server. With `BOWLINE_TESTS_SKIP=never` that fails the test.
pub(crate) async fn server() -> Option<Server> {
    let folder = tempfile::tempdir().expect("a folder");
    let (child, stream) = spawn(folder.path())?;
    let sftp = Sftp::start(stream).await.expect("it speaks SFTP");
    Some(Server { sftp, folder, child })
}

pub(crate) fn spawn(folder: &Path) -> Option<(Child, Join<ChildStdout, ChildStdin>)> {
    let Some(program) = PLACES.into_iter().find(|place| Path::new(place).exists()) else {
        let required = std::env::var("BOWLINE_TESTS_SKIP").is_ok_and(|policy| policy == "never");
        assert!(!required, "there is no sftp-server here");
        eprintln!("SKIPPED: there is no sftp-server here");
        return None;
    };
    let mut child = Command::new(program)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let stdout = child.stdout.take().expect("it is piped");
    let stdin = child.stdin.take().expect("it is piped");
    Some((child, join(stdout, stdin)))
}

impl Server {
    pub(crate) fn path(&self, name: &str) -> SftpPath {
        path(self.folder.path().join(name))
    }

    pub(crate) async fn reading(&self, name: &str) -> File {
        self.open(name, Access::READ).await
    }

    pub(crate) async fn making(&self, name: &str) -> File {
        self.open(name, Access::WRITE | Access::CREATE | Access::TRUNCATE).await
    }

    pub(crate) async fn open(&self, name: &str, access: Access) -> File {
        let opened = self.sftp.open(&self.path(name), access, &Attributes::default()).await;
        opened.expect("it can be opened")
    }
}

pub(crate) fn path(path: impl AsRef<Path>) -> SftpPath {
    SftpPath::new(path.as_ref().as_os_str().as_encoded_bytes()).expect("a path")
}

/// Bytes that differ everywhere, so that a piece in the wrong place shows.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let words = length.div_ceil(8) as u64;
    let mut bytes: Vec<u8> =
        (0..words).flat_map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}
