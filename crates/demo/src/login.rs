//! Who the person is, and what their programs start with: user, home, shell, environment.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// Variables of this process that its shells keep. The rest (a packaged app's library paths above all) stays out, as it
/// would with a real sshd.
#[cfg(unix)]
const INHERITED: [&str; 5] = ["PATH", "LANG", "TZ", "XDG_RUNTIME_DIR", "TMPDIR"];
/// Where programs are looked for when this process has no `PATH`.
#[cfg(unix)]
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// The person that this process runs as.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) home: PathBuf,
    pub(crate) shell: PathBuf,
}

impl Login {
    /// Looks the person up; `shell` replaces their own shell.
    pub(crate) fn of_this_person(shell: Option<PathBuf>) -> Login {
        let account = account();
        let home = dirs::home_dir()
            .or_else(|| account.as_ref().map(|account| account.home.clone()))
            .unwrap_or_else(std::env::temp_dir);
        Login {
            user: account
                .as_ref()
                .map(|account| account.user.clone())
                .or_else(named_user)
                .unwrap_or_else(|| "demo".to_owned()),
            home,
            shell: shell.unwrap_or_else(|| own_shell(account.map(|account| account.shell))),
        }
    }

    /// The environment that every program starts with, before what the client asked for.
    #[cfg(unix)]
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> =
            vec![("PATH".into(), DEFAULT_PATH.into()), ("LANG".into(), "C.UTF-8".into())];
        environment.extend(std::env::vars_os().filter(|(name, _)| {
            name.to_str().is_some_and(|name| INHERITED.contains(&name) || name.starts_with("LC_"))
        }));
        environment.extend([
            ("HOME".into(), self.home.clone().into_os_string()),
            ("USER".into(), self.user.clone().into()),
            ("LOGNAME".into(), self.user.clone().into()),
            ("SHELL".into(), self.shell.clone().into_os_string()),
        ]);
        environment
    }

    /// The environment that every program starts with. Programs on Windows need most of it.
    #[cfg(windows)]
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        std::env::vars_os().collect()
    }

    /// The arguments that make the shell run one command.
    #[cfg(unix)]
    pub(crate) fn arguments(&self, command: &[u8]) -> Vec<OsString> {
        use std::os::unix::ffi::OsStrExt;
        vec!["-c".into(), OsStr::from_bytes(command).to_owned()]
    }

    /// The arguments that make the shell run one command.
    #[cfg(windows)]
    pub(crate) fn arguments(&self, command: &[u8]) -> Vec<OsString> {
        let stem = self.shell.file_stem().unwrap_or(OsStr::new(""));
        let flag = if stem.eq_ignore_ascii_case("cmd") { "/C" } else { "-Command" };
        vec![flag.into(), String::from_utf8_lossy(command).into_owned().into()]
    }

    /// Fails if the shell is certainly not a program, with the reason. A spawn on a terminal cannot tell it later.
    pub(crate) fn check_shell(&self) -> io::Result<()> {
        let metadata = std::fs::metadata(&self.shell)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
        }
        if !is_executable(&metadata) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }
}

/// A line of the password file.
struct Account {
    user: String,
    home: PathBuf,
    shell: PathBuf,
}

#[cfg(unix)]
fn account() -> Option<Account> {
    let uid = rustix::process::getuid().as_raw();
    find_account(&std::fs::read_to_string("/etc/passwd").ok()?, uid)
}

#[cfg(windows)]
fn account() -> Option<Account> {
    None
}

/// Finds a user by number in a password file: `user:password:uid:gid:comment:home:shell`.
#[cfg(unix)]
fn find_account(passwd: &str, uid: u32) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        match fields[..] {
            [user, _, number, _, _, home, shell] if number.parse() == Ok(uid) => {
                Some(Account { user: user.to_owned(), home: home.into(), shell: shell.into() })
            }
            _ => None,
        }
    })
}

fn named_user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|user| !user.is_empty())
}

#[cfg(unix)]
fn own_shell(of_account: Option<PathBuf>) -> PathBuf {
    let works = |shell: &Path| std::fs::metadata(shell).is_ok_and(|metadata| is_executable(&metadata));
    std::env::var_os("SHELL")
        .map(PathBuf::from)
        .into_iter()
        .chain(of_account)
        .find(|shell| shell.is_absolute() && works(shell))
        .unwrap_or_else(|| PathBuf::from("/bin/sh"))
}

#[cfg(windows)]
fn own_shell(_of_account: Option<PathBuf>) -> PathBuf {
    std::env::var_os("COMSPEC")
        .map(PathBuf::from)
        .filter(|shell| Path::new(shell).is_absolute())
        .unwrap_or_else(|| PathBuf::from(r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"))
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(windows)]
fn is_executable(_metadata: &std::fs::Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbroken\nada:x:1000:1000:,,,:/home/ada:/bin/zsh\n";
        let account = find_account(passwd, 1000).expect("ada is there");
        assert_eq!(account.user, "ada");
        assert_eq!(account.shell, Path::new("/bin/zsh"));
        assert!(find_account(passwd, 7).is_none());
    }

    #[test]
    fn a_shell_that_is_no_program_is_told_before_it_is_started() {
        let login = |shell: &str| Login::of_this_person(Some(shell.into()));
        assert!(login("/bin/sh").check_shell().is_ok());
        assert!(login("/no/such/shell").check_shell().is_err());
        assert!(login("/etc").check_shell().is_err());
        assert!(login("/etc/passwd").check_shell().is_err());
    }
}
