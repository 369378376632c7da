//! What is known about a file (draft-02, section 5): version 3 has these and no more. Times are whole seconds since 1970,
//! unsigned, so they end in 2106.

use bytes::{BufMut, BytesMut};

use crate::error::Violation;
use crate::wire::Reader;

const SIZE: u32 = 0x1;
const OWNER: u32 = 0x2;
const PERMISSIONS: u32 = 0x4;
const TIMES: u32 = 0x8;
const EXTENDED: u32 = 0x8000_0000;

/// The bits of [`Attributes::mode`] that say the kind.
const KIND_MASK: u32 = 0o170_000;

/// What a server says about a file, or what it is to set: only what is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    pub size: Option<u64>,
    pub owner: Option<Owner>,
    /// Permission bits, and the kind as in `st_mode`.
    pub mode: Option<u32>,
    pub times: Option<Times>,
}

/// Numbers that mean something only on the server; see `Sftp::owner_names`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    pub user: u32,
    pub group: u32,
}

/// Seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    pub accessed: u32,
    pub modified: u32,
}

/// What kind of thing a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    File,
    Directory,
    Link,
    /// A named pipe, socket or device: opening it may wait for ever.
    Special,
    /// The server does not say.
    Unknown,
}

impl Attributes {
    /// The kind, from the bits of the mode.
    pub fn kind(&self) -> FileKind {
        match self.mode.map(|mode| mode & KIND_MASK) {
            Some(0o100_000) => FileKind::File,
            Some(0o040_000) => FileKind::Directory,
            Some(0o120_000) => FileKind::Link,
            Some(0o010_000 | 0o020_000 | 0o060_000 | 0o140_000) => FileKind::Special,
            Some(_) | None => FileKind::Unknown,
        }
    }

    /// The twelve permission bits.
    pub fn permissions(&self) -> Option<u32> {
        self.mode.map(|mode| mode & 0o7777)
    }

    /// Only permission bits, for a new file or a change.
    pub fn with_permissions(permissions: u32) -> Self {
        Self { mode: Some(permissions & 0o7777), ..Self::default() }
    }

    pub(crate) fn read(packet: &mut Reader<'_>) -> Result<Self, Violation> {
        const WHAT: &str = "the end of the attributes";
        let flags = packet.u32(WHAT)?;
        let mut attributes = Self::default();
        if flags & SIZE != 0 {
            attributes.size = Some(packet.u64(WHAT)?);
        }
        if flags & OWNER != 0 {
            attributes.owner = Some(Owner { user: packet.u32(WHAT)?, group: packet.u32(WHAT)? });
        }
        if flags & PERMISSIONS != 0 {
            attributes.mode = Some(packet.u32(WHAT)?);
        }
        if flags & TIMES != 0 {
            attributes.times = Some(Times { accessed: packet.u32(WHAT)?, modified: packet.u32(WHAT)? });
        }
        if flags & EXTENDED != 0 {
            // Each pair takes at least eight bytes of the packet, which bounds how often this runs.
            for _ in 0..packet.u32(WHAT)? {
                packet.string(WHAT)?;
                packet.string(WHAT)?;
            }
        }
        Ok(attributes)
    }

    pub(crate) fn put(&self, packet: &mut BytesMut) {
        let flag = |there: bool, flag| if there { flag } else { 0 };
        packet.put_u32(
            flag(self.size.is_some(), SIZE)
                | flag(self.owner.is_some(), OWNER)
                | flag(self.mode.is_some(), PERMISSIONS)
                | flag(self.times.is_some(), TIMES),
        );
        if let Some(size) = self.size {
            packet.put_u64(size);
        }
        if let Some(owner) = self.owner {
            packet.put_u32(owner.user);
            packet.put_u32(owner.group);
        }
        if let Some(mode) = self.mode {
            packet.put_u32(mode);
        }
        if let Some(times) = self.times {
            packet.put_u32(times.accessed);
            packet.put_u32(times.modified);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_read_again_whatever_of_it_is_there() {
        for chosen in 0..16 {
            let there = |bit: u32| chosen & bit != 0;
            let attributes = Attributes {
                size: there(1).then_some(u64::MAX - 1),
                owner: there(2).then_some(Owner { user: 1000, group: u32::MAX }),
                mode: there(4).then_some(0o100_644),
                times: there(8).then_some(Times { accessed: 1, modified: 2 }),
            };
            let mut packet = BytesMut::new();
            attributes.put(&mut packet);
            let mut reader = Reader::new(&packet);
            assert_eq!(Attributes::read(&mut reader), Ok(attributes));
            assert!(reader.is_empty());
            for end in 0..packet.len() {
                assert!(Attributes::read(&mut Reader::new(&packet[..end])).is_err(), "cut at {end}");
            }
        }
    }

    #[test]
    fn a_count_of_four_billion_extended_attributes_ends_with_the_packet() {
        let mut packet = BytesMut::new();
        packet.put_u32(EXTENDED);
        packet.put_u32(u32::MAX);
        packet.put_bytes(0, 800);
        let mut reader = Reader::new(&packet);
        assert_eq!(Attributes::read(&mut reader), Err(Violation::Truncated("the end of the attributes")));
    }

    #[test]
    fn the_kind_is_in_the_mode() {
        let kind = |mode| Attributes { mode, ..Attributes::default() }.kind();
        assert_eq!(kind(Some(0o100_600)), FileKind::File);
        assert_eq!(kind(Some(0o041_777)), FileKind::Directory);
        assert_eq!(kind(Some(0o120_777)), FileKind::Link);
        assert_eq!(kind(Some(0o010_644)), FileKind::Special);
        assert_eq!(kind(Some(0o644)), FileKind::Unknown);
        assert_eq!(kind(None), FileKind::Unknown);
    }
}
