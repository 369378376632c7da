//! How a program ended.

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With a status: 0 to 255 on Unix, 32 bits on Windows.
    Status(u32),
    /// By a signal of this number; never on Windows, which has none.
    Signal { number: i32, core_dumped: bool },
}

impl From<std::process::ExitStatus> for Exit {
    #[cfg(unix)]
    fn from(status: std::process::ExitStatus) -> Exit {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Exit::Status(code.cast_unsigned()),
            (None, Some(number)) => Exit::Signal { number, core_dumped: status.core_dumped() },
            (None, None) => Exit::Status(255),
        }
    }

    #[cfg(windows)]
    fn from(status: std::process::ExitStatus) -> Exit {
        Exit::Status(status.code().map_or(255, i32::cast_unsigned))
    }
}
