//! Names and paths as the bytes that they are on the server. Nothing is decoded, so nothing is lost: a name in Latin-1 or
//! in no encoding at all can be listed, opened and renamed. Only `Display` is text, and it shows what is not text as `\xNN`.

use std::fmt;
use std::sync::Arc;

/// The longest path that is sent. OpenSSH's PATH_MAX is 4,096; a server need not take packets beyond 34,000 bytes.
pub const PATH_MAX_BYTES: usize = 16 * 1024;
/// The longest name of one entry. File systems take 255 bytes, or 255 UTF-16 units, which are 765.
pub const NAME_MAX_BYTES: usize = 1024;

/// Why bytes are no path or no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// An empty path means something else to each server; say `.`.
    #[error("it is empty")]
    Empty,
    /// The server would cut the path there and do something to another file.
    #[error("it contains a NUL byte")]
    Nul,
    /// See [`PATH_MAX_BYTES`] and [`NAME_MAX_BYTES`].
    #[error("it is too long")]
    TooLong,
    /// A name is one component.
    #[error("it contains a slash")]
    Slash,
    /// `.` and `..` are places, not names.
    #[error("it is . or ..")]
    Dots,
}

/// A path on the server: bytes, 1 to [`PATH_MAX_BYTES`] of them, without NUL. A cheap clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SftpPath(Arc<[u8]>);

impl SftpPath {
    /// # Errors
    /// Bytes that no server can take as a path.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, NameError> {
        let bytes = bytes.as_ref();
        check(bytes)?;
        Ok(Self(bytes.into()))
    }

    /// The directory in which the server starts.
    pub fn here() -> Self {
        Self(Arc::from(&b"."[..]))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn is_absolute(&self) -> bool {
        self.0.first() == Some(&b'/')
    }

    /// The path of `name` in this directory. It cannot lead out of it, since a [`FileName`] is one component.
    ///
    /// # Errors
    /// The path would be too long.
    pub fn join(&self, name: &FileName) -> Result<Self, NameError> {
        let mut path = Vec::with_capacity(self.0.len() + 1 + name.0.len());
        path.extend_from_slice(&self.0);
        if path.last() != Some(&b'/') {
            path.push(b'/');
        }
        path.extend_from_slice(&name.0);
        Self::new(path)
    }

    /// The directory that the path lies in, as it is written: nothing is resolved. None for `/`, and for a path that ends
    /// in `.` or `..`, of which that is not known.
    pub fn parent(&self) -> Option<Self> {
        self.file_name()?;
        let path = self.without_trailing_slashes();
        let parent = match path.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => {
                let end = path[..slash].iter().rposition(|&byte| byte != b'/').map_or(1, |last| last + 1);
                &path[..end]
            }
            None => b".",
        };
        Some(Self(parent.into()))
    }

    /// The last component, unless that is `.` or `..` or the path is `/`.
    pub fn file_name(&self) -> Option<FileName> {
        let path = self.without_trailing_slashes();
        FileName::new(path.rsplit(|&byte| byte == b'/').next()?).ok()
    }

    fn without_trailing_slashes(&self) -> &[u8] {
        let end = self.0.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
        &self.0[..end]
    }
}

impl TryFrom<&str> for SftpPath {
    type Error = NameError;

    fn try_from(path: &str) -> Result<Self, NameError> {
        Self::new(path)
    }
}

impl fmt::Display for SftpPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Visible(&self.0).fmt(f)
    }
}

impl fmt::Debug for SftpPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// One name in a directory: never empty, `.` or `..`, without slash and NUL. So no list of a server leads elsewhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Box<[u8]>);

impl FileName {
    /// # Errors
    /// Bytes that are not the name of one entry.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, NameError> {
        let bytes = bytes.as_ref();
        check(bytes)?;
        if bytes.len() > NAME_MAX_BYTES {
            return Err(NameError::TooLong);
        }
        if bytes.contains(&b'/') {
            return Err(NameError::Slash);
        }
        if bytes == b"." || bytes == b".." {
            return Err(NameError::Dots);
        }
        Ok(Self(bytes.into()))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as text, if it is UTF-8.
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Visible(&self.0).fmt(f)
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

fn check(bytes: &[u8]) -> Result<(), NameError> {
    if bytes.is_empty() {
        return Err(NameError::Empty);
    }
    if bytes.contains(&0) {
        return Err(NameError::Nul);
    }
    if bytes.len() > PATH_MAX_BYTES {
        return Err(NameError::TooLong);
    }
    Ok(())
}

/// Bytes of a server, fit to be shown: what is no text, a control character or one that changes the direction of
/// others stands there as `\xNN` or `\u{NNNN}`, and a backslash is doubled. Different bytes never look the same.
#[derive(Debug, Clone, Copy)]
pub struct Visible<'a>(pub &'a [u8]);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '\\' => f.write_str("\\\\")?,
                    _ if is_hidden(character) => write!(f, "{}", character.escape_unicode())?,
                    _ => write!(f, "{character}")?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Characters that show nothing, or make others show elsewhere than they stand (Unicode TR 36, sections 2.5 and 3.1).
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> SftpPath {
        SftpPath::try_from(text).expect("a path")
    }

    #[test]
    fn a_name_is_one_component_that_leads_nowhere_else() {
        for (bytes, error) in [
            (&b""[..], NameError::Empty),
            (b".", NameError::Dots),
            (b"..", NameError::Dots),
            (b"../etc/passwd", NameError::Slash),
            (b"/", NameError::Slash),
            (b"a\0b", NameError::Nul),
        ] {
            assert_eq!(FileName::new(bytes), Err(error), "{bytes:?}");
        }
        for bytes in [&b"..."[..], b"a b", b"\xff\xfe", b"\\", b"-rf", b"\n"] {
            assert_eq!(FileName::new(bytes).expect("a name").as_bytes(), bytes);
        }
    }

    #[test]
    fn a_path_that_the_server_would_cut_is_none() {
        assert_eq!(SftpPath::new(b"/a\0/b"), Err(NameError::Nul));
        assert_eq!(SftpPath::new(b""), Err(NameError::Empty));
        assert_eq!(SftpPath::new(vec![b'a'; PATH_MAX_BYTES + 1]), Err(NameError::TooLong));
        assert!(SftpPath::new(vec![b'a'; PATH_MAX_BYTES]).is_ok());
    }

    #[test]
    fn what_is_no_text_is_shown_and_never_looks_like_other_bytes() {
        for (bytes, shown) in [
            (&b"caf\xe9"[..], r"caf\xe9"),
            ("文件 ü".as_bytes(), "文件 ü"),
            (b"a\x1b[2Jb\n", r"a\u{1b}[2Jb\u{a}"),
            (br"caf\xe9", r"caf\\xe9"),
            ("txt.\u{202e}exe".as_bytes(), r"txt.\u{202e}exe"),
        ] {
            assert_eq!(Visible(bytes).to_string(), shown);
        }
    }

    #[test]
    fn a_path_is_put_together_and_taken_apart_as_it_is_written() {
        let name = FileName::new(b"c\xff").expect("a name");
        assert_eq!(path("/").join(&name).expect("short").as_bytes(), b"/c\xff");
        assert_eq!(path("/a/b").join(&name).expect("short").as_bytes(), b"/a/b/c\xff");
        for (whole, parent, last) in [
            ("/a/b", Some("/a"), Some("b")),
            ("/a//b//", Some("/a"), Some("b")),
            ("/a", Some("/"), Some("a")),
            ("//a", Some("/"), Some("a")),
            ("a", Some("."), Some("a")),
            ("a/..", None, None),
            ("/", None, None),
            (".", None, None),
        ] {
            assert_eq!(path(whole).parent().map(|parent| parent.to_string()).as_deref(), parent, "{whole}");
            assert_eq!(path(whole).file_name().map(|name| name.to_string()).as_deref(), last, "{whole}");
        }
    }
}
