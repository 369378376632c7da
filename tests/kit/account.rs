//! The machine's test user, for tests that log in with a password.
//!
//! sshd checks passwords against the system's own accounts, so there has to be a real one. It is made once per machine, only
//! when the tests run as root, with a random password that only root can read and that is made anew after a reboot.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Unavailable;

const USER: &str = "bowline-test";
/// Where the password is kept, on a file system that is emptied at boot.
const FOLDER: &str = "/run/bowline-test";
const PASSWORD_BYTES: usize = 18;

/// A user that can log in with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user's name.
    pub user: String,
    /// The user's password. It contains a space, a quote and a letter of two bytes, as a person's may.
    pub password: String,
}

impl Account {
    /// The test user of this machine, made now if there is none.
    pub fn of_this_machine() -> Result<Account, Unavailable> {
        if !rustix::process::geteuid().is_root() {
            return Err(Unavailable("a password login needs a test user, which only root can make".into()));
        }
        prepare().map_err(|cause| Unavailable(format!("cannot prepare the user {USER}: {cause}")))
    }
}

fn prepare() -> io::Result<Account> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(FOLDER)?;
    let folder = Path::new(FOLDER);
    // Tests run in several processes at once; the lock ends with the file.
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let kept = folder.join("password");
    if user_exists()
        && let Ok(password) = std::fs::read_to_string(&kept)
    {
        return Ok(Account { user: USER.into(), password });
    }
    if !user_exists() {
        run(Command::new("useradd").args(["--create-home", "--shell", "/bin/sh", USER]), "")?;
    }
    let password = new_password()?;
    run(&mut Command::new("chpasswd"), &format!("{USER}:{password}\n"))?;
    // Written last: a password that is kept here has been set.
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&kept)?;
    file.write_all(password.as_bytes())?;
    Ok(Account { user: USER.into(), password })
}

fn user_exists() -> bool {
    std::fs::read_to_string("/etc/passwd")
        .is_ok_and(|accounts| accounts.lines().any(|line| line.split(':').next() == Some(USER)))
}

fn new_password() -> io::Result<String> {
    let mut random = [0; PASSWORD_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("é '{hex}"))
}

fn run(command: &mut Command, input: &str) -> io::Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())))
    }
}
