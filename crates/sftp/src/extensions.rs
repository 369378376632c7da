//! What a server offers beyond the draft (OpenSSH's PROTOCOL, section 4), and the limits that it names.

use crate::error::Violation;
use crate::wire::Reader;

/// A packet that every server takes holds this much data (draft-02, section 3: 34,000 bytes with what is around it).
pub const DATA_DEFAULT_BYTES: u32 = 32 * 1024;
/// The most that is read or written at once: OpenSSH's SFTP_MAX_READ_LENGTH.
pub const DATA_MAX_BYTES: u32 = 255 * 1024;
/// A server that says less than this is asked for this: single bytes would be no transfer.
const DATA_MIN_BYTES: u32 = 1024;
/// What stands around the data of a WRITE: length, type, id, handle (4 + 256), offset and the length of the data.
const WRITE_OVERHEAD_BYTES: u64 = 4 + 1 + 4 + 4 + 256 + 8 + 4;
/// Handles that are open at once: each small file has one for a round trip, with one to three requests in flight.
const HANDLES_MAX: u64 = 512;
/// Without a word of the server; OpenSSH has taken 1,024 descriptors from most systems for decades.
const HANDLES_DEFAULT: u32 = 128;
/// A server may count its own files too.
const HANDLES_OF_SERVER: u64 = 8;

/// Which extensions a server announced in a version that is known here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extensions {
    /// `posix-rename@openssh.com`: a rename that replaces its target at one instant.
    pub posix_rename: bool,
    /// `fsync@openssh.com`
    pub fsync: bool,
    /// `hardlink@openssh.com`
    pub hard_link: bool,
    /// `statvfs@openssh.com`
    pub statvfs: bool,
    /// `limits@openssh.com`
    pub limits: bool,
    /// `copy-data`: a copy on the server.
    pub copy_data: bool,
    /// `lsetstat@openssh.com`: attributes of a link itself.
    pub lsetstat: bool,
    /// `expand-path@openssh.com`: `~` and `~user`.
    pub expand_path: bool,
    /// `users-groups-by-id@openssh.com`
    pub owner_names: bool,
}

impl Extensions {
    /// Reads the pairs behind the version; the packet bounds how many there are.
    pub(crate) fn read(packet: &mut Reader<'_>) -> Result<Self, Violation> {
        let mut extensions = Self::default();
        while !packet.is_empty() {
            let name = packet.string("the name of an extension")?;
            let version = packet.string("the version of an extension")?;
            let known = match name {
                b"posix-rename@openssh.com" => (&b"1"[..], &mut extensions.posix_rename),
                b"fsync@openssh.com" => (&b"1"[..], &mut extensions.fsync),
                b"hardlink@openssh.com" => (&b"1"[..], &mut extensions.hard_link),
                b"statvfs@openssh.com" => (&b"2"[..], &mut extensions.statvfs),
                b"limits@openssh.com" => (&b"1"[..], &mut extensions.limits),
                b"copy-data" => (&b"1"[..], &mut extensions.copy_data),
                b"lsetstat@openssh.com" => (&b"1"[..], &mut extensions.lsetstat),
                b"expand-path@openssh.com" => (&b"1"[..], &mut extensions.expand_path),
                b"users-groups-by-id@openssh.com" => (&b"1"[..], &mut extensions.owner_names),
                _ => continue,
            };
            // An extension may be announced in several versions.
            *known.1 |= version == known.0;
        }
        Ok(extensions)
    }
}

/// How much a server takes and gives at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most to ask for in one READ.
    pub read_bytes: u32,
    /// The most to send in one WRITE.
    pub write_bytes: u32,
    /// How many files and folders may be open at once.
    pub handles: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { read_bytes: DATA_DEFAULT_BYTES, write_bytes: DATA_DEFAULT_BYTES, handles: HANDLES_DEFAULT }
    }
}

impl Limits {
    /// Reads the answer to `limits@openssh.com`. Zero says that there is no limit but the system's own, which helps
    /// nobody: the defaults hold then. Whatever it says, what we use stays between our own bounds.
    pub(crate) fn read(packet: &mut Reader<'_>) -> Result<Self, Violation> {
        const WHAT: &str = "the end of the limits";
        let packet_max = packet.u64(WHAT)?;
        let read_max = packet.u64(WHAT)?;
        let write_max = packet.u64(WHAT)?;
        let handles = packet.u64(WHAT)?;
        let data = |max: u64, packet_max: u64| match (max, packet_max) {
            (0, _) => DATA_DEFAULT_BYTES,
            (max, 0) => clamp(max),
            (max, packet_max) => clamp(max.min(packet_max.saturating_sub(WRITE_OVERHEAD_BYTES))),
        };
        Ok(Self {
            // Some servers mean by the packet only what they receive, but none gives more than it.
            read_bytes: data(read_max, packet_max),
            write_bytes: data(write_max, packet_max),
            handles: match handles {
                0 => HANDLES_DEFAULT,
                handles => narrow(handles.saturating_sub(HANDLES_OF_SERVER).clamp(1, HANDLES_MAX)),
            },
        })
    }
}

fn clamp(bytes: u64) -> u32 {
    narrow(bytes.clamp(DATA_MIN_BYTES.into(), DATA_MAX_BYTES.into()))
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What `statvfs@openssh.com` says of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    pub total_bytes: u64,
    pub free_bytes: u64,
    /// What someone without special rights may use of the free bytes.
    pub available_bytes: u64,
    pub read_only: bool,
    /// The longest name that the file system takes.
    pub name_max_bytes: u64,
}

impl Space {
    pub(crate) fn read(packet: &mut Reader<'_>) -> Result<Self, Violation> {
        const READ_ONLY: u64 = 0x1;
        let mut number = || packet.u64("the end of what is known of the file system");
        let (_block, fragment) = (number()?, number()?);
        let (total, free, available) = (number()?, number()?, number()?);
        let (_files, _files_free, _files_available, _id) = (number()?, number()?, number()?, number()?);
        let (flags, name_max_bytes) = (number()?, number()?);
        Ok(Self {
            total_bytes: total.saturating_mul(fragment),
            free_bytes: free.saturating_mul(fragment),
            available_bytes: available.saturating_mul(fragment),
            read_only: flags & READ_ONLY != 0,
            name_max_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};

    use super::*;
    use crate::wire::put_string;

    #[test]
    fn an_extension_counts_only_in_a_version_that_is_known() {
        let mut packet = BytesMut::new();
        for (name, version) in [
            ("posix-rename@openssh.com", "1"),
            ("statvfs@openssh.com", "1"),
            ("fsync@openssh.com", "2"),
            ("fsync@openssh.com", "1"),
            ("newline@vandyke.com", "\n"),
        ] {
            put_string(&mut packet, name.as_bytes());
            put_string(&mut packet, version.as_bytes());
        }
        let found = Extensions::read(&mut Reader::new(&packet));
        assert_eq!(found, Ok(Extensions { posix_rename: true, fsync: true, ..Extensions::default() }));
    }

    #[test]
    fn limits_stay_within_our_own_whatever_is_said() {
        let read = |numbers: [u64; 4]| {
            let mut packet = BytesMut::new();
            numbers.iter().for_each(|&number| packet.put_u64(number));
            Limits::read(&mut Reader::new(&packet)).expect("four numbers")
        };
        let openssh = read([256 * 1024, 255 * 1024, 255 * 1024, 1019]);
        assert_eq!(openssh, Limits { read_bytes: DATA_MAX_BYTES, write_bytes: DATA_MAX_BYTES, handles: 512 });
        assert_eq!(read([0; 4]), Limits::default());
        assert_eq!(read([u64::MAX; 4]), openssh);
        assert_eq!(read([1; 4]), Limits { read_bytes: 1024, write_bytes: 1024, handles: 1 });
        // A packet of 34,000 bytes with writes of 64 KiB is a contradiction; the packet is what ends the connection.
        assert_eq!(read([34_000, 65_536, 65_536, 20]).write_bytes, 34_000 - 281);
        assert_eq!(read([34_000, 65_536, 65_536, 20]).handles, 12);
    }

    #[test]
    fn the_space_of_a_lying_server_overflows_nothing() {
        let mut packet = BytesMut::new();
        (0..11).for_each(|_| packet.put_u64(u64::MAX));
        let space = Space::read(&mut Reader::new(&packet)).expect("eleven numbers");
        assert_eq!(space.available_bytes, u64::MAX);
    }
}
