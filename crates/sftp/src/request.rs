//! Packets from us (draft-02, section 6). Each begins with its length, its type and the place of an id, which is filled in
//! when the packet is sent: encoding is done by whoever asks, and the task that owns the stream only writes.

use std::ops::{BitOr, Range};

use bytes::{BufMut, Bytes, BytesMut};

use crate::attributes::Attributes;
use crate::extensions::DATA_MAX_BYTES;
use crate::name::SftpPath;
use crate::wire::put_string;

/// The version that is spoken.
pub(crate) const VERSION: u32 = 3;
/// Where the id stands in a packet.
const ID: Range<usize> = 5..9;
/// Data from here on goes behind its header as it is; less is copied, so that both go out as one.
const APART_BYTES: usize = 16 * 1024;

/// The types of requests, by the numbers of draft-02, section 3.
pub(crate) mod kind {
    pub(crate) const INIT: u8 = 1;
    pub(crate) const OPEN: u8 = 3;
    pub(crate) const CLOSE: u8 = 4;
    pub(crate) const READ: u8 = 5;
    pub(crate) const WRITE: u8 = 6;
    pub(crate) const LSTAT: u8 = 7;
    pub(crate) const FSTAT: u8 = 8;
    pub(crate) const SETSTAT: u8 = 9;
    pub(crate) const FSETSTAT: u8 = 10;
    pub(crate) const OPENDIR: u8 = 11;
    pub(crate) const READDIR: u8 = 12;
    pub(crate) const REMOVE: u8 = 13;
    pub(crate) const MKDIR: u8 = 14;
    pub(crate) const RMDIR: u8 = 15;
    pub(crate) const REALPATH: u8 = 16;
    pub(crate) const STAT: u8 = 17;
    pub(crate) const RENAME: u8 = 18;
    pub(crate) const READLINK: u8 = 19;
    pub(crate) const SYMLINK: u8 = 20;
    pub(crate) const EXTENDED: u8 = 200;
}

/// How a file is opened (SSH_FXF_*); put together with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access(u32);

impl Access {
    pub const READ: Access = Access(0x01);
    pub const WRITE: Access = Access(0x02);
    /// Each write goes to the end, whatever offset it names.
    pub const APPEND: Access = Access(0x04);
    /// Made if it is not there.
    pub const CREATE: Access = Access(0x08);
    /// Emptied if it is there. Servers want [`Access::CREATE`] with it.
    pub const TRUNCATE: Access = Access(0x10);
    /// With [`Access::CREATE`]: refused if it is there. A link at its place is not followed then.
    pub const NEW: Access = Access(0x20);
}

impl BitOr for Access {
    type Output = Access;

    fn bitor(self, other: Access) -> Access {
        Access(self.0 | other.0)
    }
}

/// A packet that is not sent yet.
#[derive(Debug)]
pub(crate) struct Request {
    packet: BytesMut,
    /// What comes behind it and belongs to it.
    data: Bytes,
}

impl Request {
    fn new(kind: u8, capacity: usize) -> Self {
        let mut packet = BytesMut::with_capacity(ID.end + capacity);
        packet.put_u32(0);
        packet.put_u8(kind);
        packet.put_u32(0);
        Self { packet, data: Bytes::new() }
    }

    /// The first packet of a session, ready to be sent.
    pub(crate) fn init() -> BytesMut {
        let mut packet = BytesMut::new();
        packet.put_u32(5);
        packet.put_u8(kind::INIT);
        packet.put_u32(VERSION);
        packet
    }

    /// A request about one path: STAT, LSTAT, OPENDIR, REMOVE, RMDIR, REALPATH, READLINK.
    pub(crate) fn path(kind: u8, path: &SftpPath) -> Self {
        Self::strings(kind, &[path.as_bytes()])
    }

    /// RENAME; and SYMLINK in the order of OpenSSH, where the target comes first (its PROTOCOL, section 4.1), which other
    /// servers follow.
    pub(crate) fn paths(kind: u8, first: &SftpPath, second: &SftpPath) -> Self {
        Self::strings(kind, &[first.as_bytes(), second.as_bytes()])
    }

    /// CLOSE, FSTAT, READDIR.
    pub(crate) fn handle(kind: u8, handle: &[u8]) -> Self {
        Self::strings(kind, &[handle])
    }

    /// SETSTAT, FSETSTAT, MKDIR: a path or a handle, and attributes.
    pub(crate) fn attributes(kind: u8, subject: &[u8], attributes: &Attributes) -> Self {
        let mut request = Self::strings(kind, &[subject]);
        attributes.put(&mut request.packet);
        request
    }

    pub(crate) fn open(path: &SftpPath, access: Access, attributes: &Attributes) -> Self {
        let mut request = Self::path(kind::OPEN, path);
        request.packet.put_u32(access.0);
        attributes.put(&mut request.packet);
        request
    }

    pub(crate) fn read(handle: &[u8], offset: u64, length: u32) -> Self {
        let mut request = Self::handle(kind::READ, handle);
        request.packet.put_u64(offset);
        request.packet.put_u32(length);
        request
    }

    /// WRITE of what somebody has in memory already, which is not copied if it is much.
    pub(crate) fn write(handle: &[u8], offset: u64, data: Bytes) -> Self {
        let is_apart = data.len() >= APART_BYTES;
        let inside = if is_apart { &[][..] } else { &data[..] };
        let mut request = Self::new(kind::WRITE, 4 + handle.len() + 12 + inside.len());
        put_string(&mut request.packet, handle);
        request.packet.put_u64(offset);
        request.packet.put_u32(u32::try_from(data.len()).expect("a write is at most 255 KiB"));
        request.packet.extend_from_slice(inside);
        Self { data: if is_apart { data } else { Bytes::new() }, ..request }
    }

    /// An extended request with strings; more is put behind with [`Request::and`].
    pub(crate) fn extended(name: &'static str, strings: &[&[u8]]) -> Self {
        let mut request = Self::strings(kind::EXTENDED, &[name.as_bytes()]);
        for string in strings {
            put_string(&mut request.packet, string);
        }
        request
    }

    pub(crate) fn and(mut self, put: impl FnOnce(&mut BytesMut)) -> Self {
        put(&mut self.packet);
        self
    }

    fn strings(kind: u8, strings: &[&[u8]]) -> Self {
        // Room for attributes or numbers as well.
        let capacity = strings.iter().map(|string| 4 + string.len()).sum::<usize>() + 32;
        let mut request = Self::new(kind, capacity);
        for string in strings {
            put_string(&mut request.packet, string);
        }
        request
    }

    pub(crate) fn kind(&self) -> u8 {
        self.packet[4]
    }

    /// The packet as it goes out, and what goes out behind it.
    pub(crate) fn sealed(mut self, id: u32) -> (BytesMut, Bytes) {
        let length = self.packet.len() - 4 + self.data.len();
        let length = u32::try_from(length).expect("paths, handles and writes are bounded");
        self.packet[..4].copy_from_slice(&length.to_be_bytes());
        self.packet[ID].copy_from_slice(&id.to_be_bytes());
        (self.packet, self.data)
    }
}

/// A WRITE whose data is put behind its header in place, so that it is never copied on its way to the stream.
#[derive(Debug)]
pub(crate) struct WriteBuffer {
    request: Request,
    data: usize,
}

impl WriteBuffer {
    pub(crate) fn new(handle: &[u8], offset: u64, capacity: u32) -> Self {
        let capacity = capacity.min(DATA_MAX_BYTES) as usize;
        let mut request = Request::new(kind::WRITE, 4 + handle.len() + 12 + capacity);
        put_string(&mut request.packet, handle);
        request.packet.put_u64(offset);
        request.packet.put_u32(0);
        let data = request.packet.len();
        Self { request, data }
    }

    /// Where the data goes: at the end.
    pub(crate) fn space(&mut self) -> &mut BytesMut {
        &mut self.request.packet
    }

    /// How much data there is.
    pub(crate) fn filled(&self) -> usize {
        self.request.packet.len() - self.data
    }

    pub(crate) fn into_request(mut self) -> Request {
        let length = u32::try_from(self.filled()).expect("a write is at most 255 KiB");
        self.request.packet[self.data - 4..self.data].copy_from_slice(&length.to_be_bytes());
        self.request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_the_draft_says() {
        let path = SftpPath::new(b"/\xff").expect("a path");
        assert_eq!(&Request::init()[..], b"\0\0\0\x05\x01\0\0\0\x03");
        assert_eq!(
            &Request::path(kind::LSTAT, &path).sealed(0x0102_0304).0[..],
            b"\0\0\0\x0b\x07\x01\x02\x03\x04\0\0\0\x02/\xff"
        );
        let open = Request::open(
            &path,
            Access::WRITE | Access::CREATE | Access::NEW,
            &Attributes::with_permissions(0o600),
        );
        assert_eq!(
            &open.sealed(1).0[..],
            b"\0\0\0\x17\x03\0\0\0\x01\0\0\0\x02/\xff\0\0\0\x2a\0\0\0\x04\0\0\x01\x80"
        );
        assert_eq!(
            &Request::read(b"h", 5, 6).sealed(2).0[..],
            b"\0\0\0\x16\x05\0\0\0\x02\0\0\0\x01h\0\0\0\0\0\0\0\x05\0\0\0\x06"
        );
        assert_eq!(
            &Request::extended("copy-data", &[b"h"]).and(|packet| packet.put_u8(9)).sealed(3).0[..],
            b"\0\0\0\x18\xc8\0\0\0\x03\0\0\0\x09copy-data\0\0\0\x01h\x09"
        );
    }

    #[test]
    fn much_data_goes_out_behind_its_header() {
        let header = b"\x06\0\0\0\x04\0\0\0\x01h\0\0\0\0\0\0\0\x07";
        let (packet, rest) = Request::write(b"h", 7, Bytes::from_static(b"abc")).sealed(4);
        assert_eq!(&packet[..], [b"\0\0\0\x19", &header[..], b"\0\0\0\x03abc"].concat());
        assert!(rest.is_empty());
        let data = Bytes::from(vec![1; APART_BYTES]);
        let (packet, rest) = Request::write(b"h", 7, data.clone()).sealed(4);
        assert_eq!(&packet[..], [b"\0\0\x40\x16", &header[..], b"\0\0\x40\0"].concat());
        assert_eq!(rest.as_ptr(), data.as_ptr(), "it was not copied");
    }

    #[test]
    fn a_write_is_filled_in_place() {
        let mut write = WriteBuffer::new(b"h", 7, 16);
        write.space().extend_from_slice(b"abc");
        assert_eq!(write.filled(), 3);
        assert_eq!(
            &write.into_request().sealed(4).0[..],
            b"\0\0\0\x19\x06\0\0\0\x04\0\0\0\x01h\0\0\0\0\0\0\0\x07\0\0\0\x03abc"
        );
    }
}
