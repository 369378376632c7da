//! What a terminal can be opened on besides a host, written in the place of a host's id: a host is named by a UUID, by
//! `builtin` or by where it stands in ssh_config, and none of these looks so.

use std::path::PathBuf;

use crate::host::HostId;

/// The person's own shell on this computer.
pub const LOCAL_ID: &str = "local";
/// Before the path of a recording.
const RECORDING: &str = "recording:";

/// What a terminal shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalTarget {
    Host,
    Local,
    Recording(PathBuf),
}

impl TerminalTarget {
    pub fn of(id: &HostId) -> Self {
        match id.0.strip_prefix(RECORDING) {
            Some(path) => Self::Recording(PathBuf::from(path)),
            None if id.0 == LOCAL_ID => Self::Local,
            None => Self::Host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::BUILTIN_ID;

    #[test]
    fn only_the_two_words_of_ours_are_not_hosts() {
        let of = |id: &str| TerminalTarget::of(&HostId(id.to_owned()));
        assert_eq!(of("local"), TerminalTarget::Local);
        assert_eq!(of("recording:/tmp/a b.cast"), TerminalTarget::Recording("/tmp/a b.cast".into()));
        for host in [BUILTIN_ID, "0b7e1d6c-7a0e-4a37-9a10-1f5f3c2a7d11", "config:local", "Local", ""] {
            assert_eq!(of(host), TerminalTarget::Host, "{host}");
        }
    }
}
