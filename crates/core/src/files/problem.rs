//! What a failure of SFTP means to a person, by the codes of the window.

use bowline_sftp::{Doing, Error as SftpError, ErrorKind};

use crate::error::{Error, ErrorCode};

/// The failure of one operation on files of a host. Params: `address`, `doing` (a word of [`word`]), `path`, `cause`.
pub fn problem(address: &str, error: &SftpError) -> Error {
    let code = code(&error.kind);
    let message = match &error.kind {
        ErrorKind::ConnectionLost(cause) => {
            return Error::new(code, format!("File access (SFTP) on {address} ended: {cause}. Try again."))
                .with("address", address)
                .with("cause", cause);
        }
        _ => format!("Bowline {error} (on {address})."),
    };
    let path = error.path.as_ref().map_or_else(String::new, ToString::to_string);
    Error::new(code, message)
        .with("address", address)
        .with("doing", word(error.doing))
        .with("path", path)
        .with("cause", &error.kind)
        .because(error.clone())
}

fn code(kind: &ErrorKind) -> ErrorCode {
    match kind {
        ErrorKind::NoSuchFile => ErrorCode::FileNotFound,
        ErrorKind::PermissionDenied => ErrorCode::FileDenied,
        ErrorKind::AlreadyExists => ErrorCode::FileExists,
        ErrorKind::NotEmpty => ErrorCode::FolderNotEmpty,
        ErrorKind::NoSpace | ErrorKind::QuotaExceeded => ErrorCode::HostDiskFull,
        ErrorKind::ConnectionLost(_) => ErrorCode::SftpFailed,
        ErrorKind::IsDirectory
        | ErrorKind::NotDirectory
        | ErrorKind::EndOfFile
        | ErrorKind::Unsupported
        | ErrorKind::Failure { .. }
        | ErrorKind::TooLarge(_)
        | ErrorKind::Name(_)
        | ErrorKind::Local(_)
        | ErrorKind::Protocol(_) => ErrorCode::FileFailed,
    }
}

/// What was being done, as the window's catalogue knows it (`files.doing`).
pub fn word(doing: Doing) -> &'static str {
    match doing {
        Doing::Start => "start",
        Doing::Open => "open",
        Doing::Read => "read",
        Doing::Write => "write",
        Doing::Sync => "sync",
        Doing::Close => "close",
        Doing::List => "list",
        Doing::Stat => "stat",
        Doing::SetAttributes => "set-attributes",
        Doing::MakeDirectory => "make-folder",
        Doing::RemoveDirectory => "remove-folder",
        Doing::Remove => "remove",
        Doing::Rename => "rename",
        Doing::ReadLink => "read-link",
        Doing::Link => "link",
        Doing::Resolve => "resolve",
        Doing::Space => "space",
        Doing::Copy => "copy",
        Doing::NameOwners => "name-owners",
    }
}
