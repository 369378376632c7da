//! The path of a private key as a person writes it, and a cheap look at what lies there.

use std::io::Read;
use std::path::{Path, PathBuf};

/// More than any private key needs: OpenSSH's own limit for one (MAX_KEY_FILE_SIZE) is 1 MiB, and an RSA key of
/// 16384 bits in PEM takes 13 KiB.
pub const KEY_FILE_MAX_BYTES: u64 = 64 * 1024;

/// `~` and `~/...` become the person's home folder; every other path stays as it is.
pub fn expand_home(path: &str) -> PathBuf {
    expand_home_in(path, dirs::home_dir().as_deref())
}

/// As [`expand_home`], with a given home folder. Without one the path stays as it is.
pub fn expand_home_in(path: &str, home: Option<&Path>) -> PathBuf {
    let Some(home) = home else { return PathBuf::from(path) };
    if path == "~" {
        return home.to_owned();
    }
    let rest =
        path.strip_prefix("~/").or_else(|| path.strip_prefix(if cfg!(windows) { "~\\" } else { "~/" }));
    match rest {
        Some(rest) => home.join(rest.trim_start_matches('/')),
        None => PathBuf::from(path),
    }
}

/// What a file looks like from its first lines; nothing is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFileKind {
    /// OpenSSH's own format.
    OpenSsh,
    /// PEM or PKCS#8 (`BEGIN RSA PRIVATE KEY`, `BEGIN PRIVATE KEY` and so on).
    Pem,
    /// PuTTY's `.ppk`.
    Putty,
    /// A public key or a certificate, in any of the usual formats.
    Public,
    /// None of these.
    Other,
}

impl KeyFileKind {
    pub fn of(content: &[u8]) -> Self {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let text = String::from_utf8_lossy(content);
        if text.trim_start().starts_with("PuTTY-User-Key-File-") {
            return Self::Putty;
        }
        // As `ssh-keygen` does, text before the armour is skipped.
        let armour = text
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with("-----BEGIN ") || line.starts_with("---- BEGIN "));
        if let Some(line) = armour {
            return match line {
                "-----BEGIN OPENSSH PRIVATE KEY-----" => Self::OpenSsh,
                line if line.ends_with("PRIVATE KEY-----") => Self::Pem,
                line if line.contains("PUBLIC KEY") || line.contains("CERTIFICATE") => Self::Public,
                _ => Self::Other,
            };
        }
        let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let algorithm = first.and_then(|line| line.split_whitespace().next()).unwrap_or_default();
        let public = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-"];
        if public.iter().any(|prefix| algorithm.starts_with(prefix)) { Self::Public } else { Self::Other }
    }

    pub fn is_private(self) -> bool {
        match self {
            Self::OpenSsh | Self::Pem | Self::Putty => true,
            Self::Public | Self::Other => false,
        }
    }
}

/// The whole content of a regular file of at most [`KEY_FILE_MAX_BYTES`]. Nothing else is opened, as opening a named
/// pipe or a device would wait. The content may be a key: whoever calls this wipes it.
pub fn read_key_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let known = std::fs::metadata(path)?;
    if known.is_dir() {
        return Err(std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if !known.is_file() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    // Room for the largest content from the start: a growing buffer would leave pieces of the key behind in memory.
    let mut content = Vec::with_capacity(KEY_FILE_MAX_BYTES as usize + 1);
    std::fs::File::open(path)?.take(KEY_FILE_MAX_BYTES + 1).read_to_end(&mut content)?;
    if content.len() as u64 > KEY_FILE_MAX_BYTES {
        return Err(std::io::Error::new(
            std::io::ErrorKind::FileTooLarge,
            "it is larger than 64 KiB, so it is no key",
        ));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_folder_only_at_the_start() {
        let home = Some(Path::new("/home/ada"));
        assert_eq!(expand_home_in("~", home), Path::new("/home/ada"));
        assert_eq!(expand_home_in("~/.ssh/id", home), Path::new("/home/ada/.ssh/id"));
        assert_eq!(expand_home_in("~//.ssh/id", home), Path::new("/home/ada/.ssh/id"));
        assert_eq!(expand_home_in("/a/~/b", home), Path::new("/a/~/b"));
        assert_eq!(expand_home_in("~bob/id", home), Path::new("~bob/id"));
        assert_eq!(expand_home_in("~/.ssh/id", None), Path::new("~/.ssh/id"));
    }

    #[test]
    fn the_kind_of_a_key_file_is_told_from_its_first_lines() {
        let kinds: &[(&str, KeyFileKind)] = &[
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nAA\n", KeyFileKind::OpenSsh),
            ("\u{feff}-----BEGIN OPENSSH PRIVATE KEY-----\r\nAA\r\n", KeyFileKind::OpenSsh),
            ("Bag Attributes\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n", KeyFileKind::Pem),
            ("-----BEGIN DSA PRIVATE KEY-----\n", KeyFileKind::Pem),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n", KeyFileKind::Putty),
            ("ssh-ed25519 AAAA ada@host\n", KeyFileKind::Public),
            ("# mine\necdsa-sha2-nistp256 AAAA\n", KeyFileKind::Public),
            ("ssh-ed25519-cert-v01@openssh.com AAAA\n", KeyFileKind::Public),
            ("---- BEGIN SSH2 PUBLIC KEY ----\n", KeyFileKind::Public),
            ("-----BEGIN CERTIFICATE-----\n", KeyFileKind::Public),
            ("", KeyFileKind::Other),
            ("hello", KeyFileKind::Other),
            ("-----BEGIN PGP MESSAGE-----", KeyFileKind::Other),
        ];
        for (text, kind) in kinds {
            assert_eq!(KeyFileKind::of(text.as_bytes()), *kind, "{text:?}");
        }
    }

    #[test]
    fn a_folder_a_pipe_and_a_huge_file_are_not_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_key_file(dir.path()).unwrap_err().kind(), std::io::ErrorKind::IsADirectory);
        let huge = dir.path().join("huge");
        std::fs::write(&huge, vec![b'a'; KEY_FILE_MAX_BYTES as usize + 1]).unwrap();
        assert_eq!(read_key_file(&huge).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
        #[cfg(unix)]
        {
            let pipe = dir.path().join("pipe");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
            assert!(made.success());
            assert_eq!(read_key_file(&pipe).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
        }
    }
}
