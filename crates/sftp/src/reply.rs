//! Packets from the server (draft-02, section 7), judged by what was asked for: an answer that does not fit its request
//! ends the session, since nothing that such a server says can be relied upon.

use bytes::Bytes;

use crate::attributes::Attributes;
use crate::error::Violation;
use crate::frame::FRAME_MAX_BYTES;
use crate::request::kind;
use crate::wire::Reader;

/// The longest handle (draft-02, section 6.2).
pub(crate) const HANDLE_MAX_BYTES: usize = 256;
/// Data up to this size is copied out of what was read at once; holding on to it would hold on to all of that.
const SMALL_DATA_BYTES: usize = 16 * 1024;

pub(crate) const STATUS_OK: u32 = 0;

const VERSION: u8 = 2;
const STATUS: u8 = 101;
const HANDLE: u8 = 102;
const DATA: u8 = 103;
const NAME: u8 = 104;
const ATTRIBUTES: u8 = 105;
const EXTENDED_REPLY: u8 = 201;

/// What an answer may be, beside a status that says that it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expects {
    /// Nothing but a status.
    Status,
    Handle,
    /// At most so many bytes.
    Data(u32),
    Names,
    Attributes,
    Extended,
}

impl Expects {
    /// How much memory an answer can take, as bytes on the wire. Those without a body to speak of count for nothing.
    pub(crate) fn most_bytes(self) -> usize {
        match self {
            Expects::Data(most) => most as usize,
            Expects::Names | Expects::Extended => FRAME_MAX_BYTES as usize,
            Expects::Status | Expects::Handle | Expects::Attributes => 0,
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Status {
        code: u32,
        message: Bytes,
    },
    Handle(Bytes),
    Data(Bytes),
    /// Of a NAME packet what is behind the count; see [`names`].
    Names(Vec<RawEntry>),
    Attributes(Attributes),
    Extended(Bytes),
}

/// One name of a NAME packet, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawEntry {
    pub(crate) name: Box<[u8]>,
    /// The line that `ls -l` would show; no two servers agree on it.
    pub(crate) line: Box<[u8]>,
    pub(crate) attributes: Attributes,
}

/// The first packet of a server: its version, then extensions, which are left in the reader.
pub(crate) fn read_version<'a>(packet: &'a [u8]) -> Result<Reader<'a>, Violation> {
    let mut reader = Reader::new(packet);
    let kind = reader.u8("its type")?;
    if kind != VERSION {
        return Err(Violation::WrongType { asked: kind::INIT, got: kind });
    }
    match reader.u32("the version")? {
        crate::request::VERSION => Ok(reader),
        other => Err(Violation::Version(other)),
    }
}

/// Which request a packet answers.
pub(crate) fn read_id(packet: &[u8]) -> Result<u32, Violation> {
    let mut reader = Reader::new(packet);
    match reader.u8("its type")? {
        STATUS | HANDLE | DATA | NAME | ATTRIBUTES | EXTENDED_REPLY => reader.u32("the id"),
        other => Err(Violation::UnknownType(other)),
    }
}

/// The answer to a request of type `asked`.
pub(crate) fn read_reply(packet: &Bytes, asked: u8, expects: Expects) -> Result<Reply, Violation> {
    let mut reader = Reader::new(packet);
    let got = reader.u8("its type")?;
    reader.u32("the id")?;
    match (got, expects) {
        (STATUS, _) => {
            let code = reader.u32("the status")?;
            // Old servers send no message.
            let message = if reader.is_empty() { &[] } else { reader.string("the message")? };
            if code == STATUS_OK && expects != Expects::Status {
                return Err(Violation::BareSuccess(asked));
            }
            Ok(Reply::Status { code, message: Bytes::copy_from_slice(message) })
        }
        (HANDLE, Expects::Handle) => match reader.string("the handle")? {
            handle if handle.is_empty() || handle.len() > HANDLE_MAX_BYTES => {
                Err(Violation::Handle(handle.len()))
            }
            handle => Ok(Reply::Handle(Bytes::copy_from_slice(handle))),
        },
        (DATA, Expects::Data(most)) => match reader.string("the data")? {
            [] if most > 0 => Err(Violation::NoData),
            data if data.len() > most as usize => {
                Err(Violation::TooMuchData { asked: most, got: data.len() })
            }
            data if data.len() <= SMALL_DATA_BYTES => Ok(Reply::Data(Bytes::copy_from_slice(data))),
            data => Ok(Reply::Data(packet.slice_ref(data))),
        },
        (NAME, Expects::Names) => names(&mut reader).map(Reply::Names),
        (ATTRIBUTES, Expects::Attributes) => Attributes::read(&mut reader).map(Reply::Attributes),
        (EXTENDED_REPLY, Expects::Extended) => {
            Ok(Reply::Extended(packet.slice(packet.len() - reader.left()..)))
        }
        (got, _) => Err(Violation::WrongType { asked, got }),
    }
}

fn names(reader: &mut Reader<'_>) -> Result<Vec<RawEntry>, Violation> {
    /// Two lengths and the flags of the attributes.
    const ENTRY_MIN_BYTES: usize = 12;
    let count = reader.u32("the count of names")?;
    let possible = reader.left() / ENTRY_MIN_BYTES;
    if count as usize > possible {
        return Err(Violation::Truncated("the last of its names"));
    }
    let mut entries = Vec::with_capacity(count as usize);
    for _ in 0..count {
        entries.push(RawEntry {
            name: reader.string("a name")?.into(),
            line: reader.string("the line of a name")?.into(),
            attributes: Attributes::read(reader)?,
        });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};

    use super::*;
    use crate::wire::put_string;

    const EVERY: [Expects; 6] = [
        Expects::Status,
        Expects::Handle,
        Expects::Data(10),
        Expects::Names,
        Expects::Attributes,
        Expects::Extended,
    ];

    fn packet(kind: u8, put: impl FnOnce(&mut BytesMut)) -> Bytes {
        let mut packet = BytesMut::new();
        packet.put_u8(kind);
        packet.put_u32(7);
        put(&mut packet);
        packet.freeze()
    }

    fn fitting() -> [(Bytes, Expects); 6] {
        [
            (packet(STATUS, |packet| packet.put_slice(b"\0\0\0\0\0\0\0\0\0\0\0\0")), Expects::Status),
            (packet(HANDLE, |packet| put_string(packet, b"handle")), Expects::Handle),
            (packet(DATA, |packet| put_string(packet, b"0123456789")), Expects::Data(10)),
            (
                packet(NAME, |packet| {
                    packet.put_u32(2);
                    for name in [&b"a"[..], b"\xff"] {
                        put_string(packet, name);
                        put_string(packet, b"-rw-r--r--");
                        Attributes::with_permissions(0o644).put(packet);
                    }
                }),
                Expects::Names,
            ),
            (packet(ATTRIBUTES, |packet| Attributes::default().put(packet)), Expects::Attributes),
            (packet(EXTENDED_REPLY, |packet| packet.put_u64(1)), Expects::Extended),
        ]
    }

    #[test]
    fn an_answer_is_taken_only_by_a_request_that_can_have_it() {
        for (packet, right) in fitting() {
            assert_eq!(read_id(&packet), Ok(7));
            for expects in EVERY {
                let reply = read_reply(&packet, kind::READ, expects);
                assert_eq!(reply.is_ok(), expects == right, "{packet:?} for {expects:?}: {reply:?}");
            }
        }
    }

    #[test]
    fn a_failure_is_an_answer_to_everything_and_a_bare_success_is_not() {
        let failure = packet(STATUS, |packet| packet.put_slice(b"\0\0\0\x04\0\0\0\x02no\0\0\0\0"));
        let success = packet(STATUS, |packet| packet.put_slice(b"\0\0\0\0"));
        for expects in EVERY {
            let reply = read_reply(&failure, kind::READ, expects);
            assert_eq!(reply, Ok(Reply::Status { code: 4, message: Bytes::from_static(b"no") }));
            assert_eq!(read_reply(&success, kind::READ, expects).is_ok(), expects == Expects::Status);
        }
    }

    #[test]
    fn an_answer_that_is_cut_anywhere_is_no_answer() {
        for (whole, expects) in fitting() {
            // The message of a status, and what an extension says, may be shorter: that is judged elsewhere.
            let least = match expects {
                Expects::Status => 9,
                Expects::Extended => 5,
                Expects::Handle | Expects::Data(_) | Expects::Names | Expects::Attributes => whole.len(),
            };
            for end in 0..least {
                assert!(
                    read_reply(&whole.slice(..end), kind::READ, expects).is_err(),
                    "{expects:?} cut at {end}"
                );
            }
        }
    }

    #[test]
    fn more_than_was_asked_for_is_no_answer() {
        let data = |bytes: &[u8], most| {
            read_reply(&packet(DATA, |packet| put_string(packet, bytes)), kind::READ, Expects::Data(most))
        };
        assert_eq!(data(b"abc", 3), Ok(Reply::Data(Bytes::from_static(b"abc"))));
        assert_eq!(data(b"abc", 2), Err(Violation::TooMuchData { asked: 2, got: 3 }));
        assert_eq!(data(b"", 2), Err(Violation::NoData));
        let handle = packet(HANDLE, |packet| put_string(packet, &[1; 257]));
        assert_eq!(read_reply(&handle, kind::OPEN, Expects::Handle), Err(Violation::Handle(257)));
        let names = packet(NAME, |packet| packet.put_u32(u32::MAX));
        assert_eq!(
            read_reply(&names, kind::READDIR, Expects::Names),
            Err(Violation::Truncated("the last of its names"))
        );
    }

    #[test]
    fn only_version_3_is_spoken() {
        let version = |kind: u8, number: u32| {
            let mut packet = BytesMut::new();
            packet.put_u8(kind);
            packet.put_u32(number);
            read_version(&packet).map(|_| ())
        };
        assert_eq!(version(VERSION, 3), Ok(()));
        assert_eq!(version(VERSION, 2), Err(Violation::Version(2)));
        assert_eq!(version(VERSION, 6), Err(Violation::Version(6)));
        assert_eq!(version(STATUS, 3), Err(Violation::WrongType { asked: kind::INIT, got: STATUS }));
    }
}
