//! Whose files a panel shows, written in the place of a host's id, as what a terminal is opened on
//! ([`crate::terminal::target`]): no host's id looks so.

use crate::host::HostId;
use crate::terminal::target::LOCAL_ID;

/// Before the id of a host whose files are seen with root's rights.
const ELEVATED: &str = "sudo:";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilesPlace {
    /// This computer.
    Here,
    Host(HostId),
    /// A host through `sudo`.
    Elevated(HostId),
}

impl FilesPlace {
    pub fn of(id: &HostId) -> Self {
        match id.0.strip_prefix(ELEVATED) {
            Some(host) => Self::Elevated(HostId(host.to_owned())),
            None if id.0 == LOCAL_ID => Self::Here,
            None => Self::Host(id.clone()),
        }
    }

    /// The host that the files lie on, however they are seen.
    pub fn host(&self) -> Option<&HostId> {
        match self {
            Self::Here => None,
            Self::Host(host) | Self::Elevated(host) => Some(host),
        }
    }
}

/// Whether two places show the same files, with whatever rights.
pub fn are_same_files(a: &HostId, b: &HostId) -> bool {
    FilesPlace::of(a).host() == FilesPlace::of(b).host()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_same_with_whatever_rights() {
        let id = |text: &str| HostId(text.to_owned());
        assert_eq!(FilesPlace::of(&id("local")), FilesPlace::Here);
        assert_eq!(FilesPlace::of(&id("a")), FilesPlace::Host(id("a")));
        assert_eq!(FilesPlace::of(&id("sudo:a")), FilesPlace::Elevated(id("a")));
        assert!(are_same_files(&id("a"), &id("sudo:a")));
        assert!(!are_same_files(&id("a"), &id("sudo:b")));
        assert!(!are_same_files(&id("a"), &id("local")));
    }
}
