//! What went wrong: what was being done, to which path, and what it means. The meaning is what a caller can act on; the
//! text of a server is kept beside it, bounded and fit to be shown.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::name::{NameError, SftpPath, Visible};

/// How much of a server's message is kept.
const MESSAGE_MAX_BYTES: usize = 512;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of one operation.
#[derive(Debug, Clone, thiserror::Error)]
pub struct Error {
    /// What was being done.
    pub doing: Doing,
    /// To what; None for what concerns the whole session.
    pub path: Option<SftpPath>,
    /// Where it was to go, for a rename, a link or a copy.
    pub to: Option<SftpPath>,
    pub kind: ErrorKind,
}

impl Error {
    /// Whether the session is over, or should be, since nothing that such a server says can be relied upon.
    pub fn is_fatal(&self) -> bool {
        matches!(self.kind, ErrorKind::ConnectionLost(_) | ErrorKind::Protocol(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}", self.doing)?;
        if let Some(path) = &self.path {
            write!(f, " {path}")?;
        }
        if let Some(to) = &self.to {
            write!(f, " to {to}")?;
        }
        write!(f, ": {}", self.kind)
    }
}

/// What was being done; its text completes "could not ...".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doing {
    Start,
    Open,
    Read,
    Write,
    Sync,
    Close,
    List,
    Stat,
    SetAttributes,
    MakeDirectory,
    RemoveDirectory,
    Remove,
    Rename,
    ReadLink,
    Link,
    Resolve,
    Space,
    Copy,
    NameOwners,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Doing::Start => "start SFTP",
            Doing::Open => "open",
            Doing::Read => "read",
            Doing::Write => "write",
            Doing::Sync => "save to disk",
            Doing::Close => "close",
            Doing::List => "list",
            Doing::Stat => "look at",
            Doing::SetAttributes => "change the attributes of",
            Doing::MakeDirectory => "make the folder",
            Doing::RemoveDirectory => "remove the folder",
            Doing::Remove => "remove",
            Doing::Rename => "rename",
            Doing::ReadLink => "read the link",
            Doing::Link => "link",
            Doing::Resolve => "resolve",
            Doing::Space => "learn the free space of",
            Doing::Copy => "copy",
            Doing::NameOwners => "name the owners",
        })
    }
}

/// What an error means, and so what can be done about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ErrorKind {
    #[error("there is no such file or folder")]
    NoSuchFile,
    #[error("permission denied")]
    PermissionDenied,
    /// Only from servers that tell; OpenSSH says [`ErrorKind::Failure`].
    #[error("there is something of that name already")]
    AlreadyExists,
    /// Only from servers that tell, as with the four after it.
    #[error("the folder is not empty")]
    NotEmpty,
    #[error("it is a folder")]
    IsDirectory,
    #[error("it is not a folder")]
    NotDirectory,
    #[error("the server's disk is full")]
    NoSpace,
    #[error("the quota on the server is used up")]
    QuotaExceeded,
    /// The file ended before what was asked for.
    #[error("the file ends before that")]
    EndOfFile,
    /// The server does not know this request; another way may exist.
    #[error("the server does not offer this")]
    Unsupported,
    /// The server says no more than that it failed; the message is its own.
    #[error("the server says: {}", Visible(.message))]
    Failure { code: u32, message: Vec<u8> },
    /// The file holds more than the caller wants to have in memory.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// Nothing was sent.
    #[error("the name cannot be used: {0}")]
    Name(#[from] NameError),
    /// The source that was to be sent, or the sink for what was read.
    #[error("on this side: {0}")]
    Local(Arc<io::Error>),
    /// The stream ended. What was under way may or may not have happened.
    #[error("the connection was lost: {0}")]
    ConnectionLost(Lost),
    /// The server broke the protocol, so nothing that it says counts any more.
    #[error("the server broke the protocol: {0}")]
    Protocol(Violation),
}

impl ErrorKind {
    /// Whether the server does not want it, or cannot do it, and goes on: nothing is lost, and nothing is full.
    pub fn is_refusal(&self) -> bool {
        matches!(self, ErrorKind::PermissionDenied | ErrorKind::Unsupported | ErrorKind::Failure { .. })
    }

    /// The meaning of a status that is not OK. Codes past 8 are of later versions, and are sent by servers that speak 3.
    pub(crate) fn of_status(code: u32, message: &[u8]) -> Self {
        let message = &message[..message.len().min(MESSAGE_MAX_BYTES)];
        match code {
            1 => ErrorKind::EndOfFile,
            2 | 10 => ErrorKind::NoSuchFile,
            3 | 12 => ErrorKind::PermissionDenied,
            8 => ErrorKind::Unsupported,
            11 => ErrorKind::AlreadyExists,
            14 => ErrorKind::NoSpace,
            15 => ErrorKind::QuotaExceeded,
            18 => ErrorKind::NotEmpty,
            19 => ErrorKind::NotDirectory,
            24 => ErrorKind::IsDirectory,
            _ => Self::of_text(message)
                .unwrap_or_else(|| ErrorKind::Failure { code, message: message.to_vec() }),
        }
    }

    /// Some servers put the system's own words behind a plain failure.
    fn of_text(message: &[u8]) -> Option<Self> {
        let message = String::from_utf8_lossy(message).to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        Some(match () {
            () if says(&["no space left", "disk full", "not enough space"]) => ErrorKind::NoSpace,
            () if says(&["disk quota", "quota exceeded", "over quota"]) => ErrorKind::QuotaExceeded,
            () if says(&["file exists", "already exists"]) => ErrorKind::AlreadyExists,
            () if says(&["directory not empty", "folder is not empty"]) => ErrorKind::NotEmpty,
            () if says(&["is a directory"]) => ErrorKind::IsDirectory,
            () if says(&["not a directory"]) => ErrorKind::NotDirectory,
            () if says(&["no such file"]) => ErrorKind::NoSuchFile,
            () if says(&["permission denied"]) => ErrorKind::PermissionDenied,
            () => return None,
        })
    }
}

/// How the stream ended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Lost {
    #[error("the server closed it")]
    Closed,
    #[error("the server closed it in the middle of an answer")]
    InFrame,
    #[error("{0}")]
    Io(Arc<io::Error>),
    /// Our own side ended the task that owns the stream.
    #[error("it was given up here")]
    GivenUp,
}

/// How the protocol was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// What a login script of the host prints lands in front of the first packet.
    #[error("text came in its place (is something printed by the host's login scripts?): {}", Visible(.0))]
    Text(Vec<u8>),
    #[error("a packet of {0} bytes")]
    FrameTooLong(u32),
    #[error("an empty packet")]
    FrameEmpty,
    #[error("a packet that ends before {0}")]
    Truncated(&'static str),
    #[error("it speaks version {0}, not 3")]
    Version(u32),
    #[error("a packet of the unknown type {0}")]
    UnknownType(u8),
    #[error("an answer to the request {0}, which is not under way")]
    Unrequested(u32),
    #[error("an answer of type {got} to a request of type {asked}")]
    WrongType { asked: u8, got: u8 },
    #[error("a request of type {0} that wants an answer was answered with success alone")]
    BareSuccess(u8),
    #[error("a handle of {0} bytes")]
    Handle(usize),
    #[error("{got} bytes where {asked} were asked for")]
    TooMuchData { asked: u32, got: usize },
    #[error("no data and no end of the file")]
    NoData,
    #[error("a path that is none: {0}")]
    Path(NameError),
    #[error("{0} names where one was asked for")]
    NameCount(u32),
    #[error("one page after the other of a folder without a name in it")]
    EmptyPages,
    #[error("a number of owners that was not asked for")]
    OwnerCount,
}

/// Why the session is over; every operation after it ends with the same.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Ended {
    #[error("{0}")]
    Lost(#[from] Lost),
    #[error("{0}")]
    Protocol(#[from] Violation),
}

impl From<Ended> for ErrorKind {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Lost(lost) => ErrorKind::ConnectionLost(lost),
            Ended::Protocol(violation) => ErrorKind::Protocol(violation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_gets_a_meaning_where_the_text_or_the_number_tells() {
        let meaning = |code, text: &str| ErrorKind::of_status(code, text.as_bytes());
        assert!(matches!(meaning(2, "No such file"), ErrorKind::NoSuchFile));
        assert!(matches!(meaning(4, "write: No space left on device"), ErrorKind::NoSpace));
        assert!(matches!(meaning(4, "Disk quota exceeded"), ErrorKind::QuotaExceeded));
        assert!(matches!(meaning(4, "mkdir: File exists"), ErrorKind::AlreadyExists));
        assert!(matches!(meaning(14, ""), ErrorKind::NoSpace));
        let ErrorKind::Failure { code, message } = meaning(4, "Failure") else { panic!("it says no more") };
        assert_eq!((code, message.as_slice()), (4, &b"Failure"[..]));
        assert!(matches!(meaning(7_000, ""), ErrorKind::Failure { code: 7_000, .. }));
    }

    #[test]
    fn an_error_says_what_was_done_to_what_and_shows_no_control_characters() {
        let error = Error {
            doing: Doing::Rename,
            path: SftpPath::new(b"/a\x07").ok(),
            to: SftpPath::new("/b").ok(),
            kind: ErrorKind::of_status(4, b"\x1b]0;owned\x07\xff"),
        };
        let said = error.to_string();
        assert_eq!(said, r"could not rename /a\u{7} to /b: the server says: \u{1b}]0;owned\u{7}\xff");
    }

    #[test]
    fn a_long_message_is_cut() {
        let ErrorKind::Failure { message, .. } = ErrorKind::of_status(4, &[b'a'; 100_000]) else {
            panic!("a failure")
        };
        assert_eq!(message.len(), MESSAGE_MAX_BYTES);
    }
}
