//! A server that says whatever a test wants, over a stream in memory.

use std::time::Duration;

use bowline_sftp::{Sftp, SftpPath};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

pub(crate) const OPEN: u8 = 3;
pub(crate) const CLOSE: u8 = 4;
pub(crate) const READ: u8 = 5;
pub(crate) const WRITE: u8 = 6;
pub(crate) const OPENDIR: u8 = 11;
pub(crate) const READDIR: u8 = 12;
pub(crate) const REALPATH: u8 = 16;
pub(crate) const STAT: u8 = 17;
pub(crate) const FSTAT: u8 = 8;
pub(crate) const VERSION: u8 = 2;
pub(crate) const STATUS: u8 = 101;
pub(crate) const HANDLE: u8 = 102;
pub(crate) const DATA: u8 = 103;
pub(crate) const NAME: u8 = 104;
pub(crate) const ATTRIBUTES: u8 = 105;
pub(crate) const EXTENDED_REPLY: u8 = 201;

/// Far longer than anything here takes; whoever waits so long waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) kind: u8,
    pub(crate) id: u32,
    body: Vec<u8>,
}

impl Asked {
    /// The string at the start: a path or a handle.
    pub(crate) fn subject(&self) -> &[u8] {
        let length = u32::from_be_bytes(self.body[..4].try_into().expect("4 bytes"));
        &self.body[4..][..length as usize]
    }

    /// The offset of a READ or WRITE.
    pub(crate) fn offset(&self) -> u64 {
        let start = 4 + self.subject().len();
        u64::from_be_bytes(self.body[start..][..8].try_into().expect("8 bytes"))
    }

    /// The length of a READ or WRITE.
    pub(crate) fn length(&self) -> u32 {
        let start = 12 + self.subject().len();
        u32::from_be_bytes(self.body[start..][..4].try_into().expect("4 bytes"))
    }
}

/// The server's end.
pub(crate) struct Scripted {
    pub(crate) stream: DuplexStream,
}

impl Scripted {
    pub(crate) fn pair() -> (DuplexStream, Self) {
        let (ours, theirs) = duplex(1 << 20);
        (ours, Self { stream: theirs })
    }

    /// The next request; None when the client is gone.
    pub(crate) async fn next(&mut self) -> Option<Asked> {
        let length = self.stream.read_u32().await.ok()?;
        let mut packet = vec![0; length as usize];
        self.stream.read_exact(&mut packet).await.ok()?;
        let id = u32::from_be_bytes(packet[1..5].try_into().expect("4 bytes"));
        Some(Asked { kind: packet[0], id, body: packet.split_off(5) })
    }

    /// A client that is gone takes nothing, which is fine.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Takes INIT and answers it.
    pub(crate) async fn greet(&mut self, extensions: &[(&str, &str)]) {
        let init = self.next().await.expect("a greeting");
        assert_eq!((init.kind, init.id), (1, 3), "INIT, version 3");
        self.send(&version(3, extensions)).await;
    }
}

/// A session with a server that answers each request with what `answer` gives, as bytes, to be sent as they are.
pub(crate) async fn session(
    extensions: &'static [(&str, &str)],
    mut answer: impl FnMut(Asked) -> Vec<u8> + Send + 'static,
) -> Sftp {
    let (ours, mut server) = Scripted::pair();
    tokio::spawn(async move {
        server.greet(extensions).await;
        while let Some(asked) = server.next().await {
            server.send(&answer(asked)).await;
        }
    });
    Sftp::start(ours).await.expect("it greets")
}

/// Fails where something that must end does not.
pub(crate) async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it does not end")
}

pub(crate) fn path(path: &str) -> SftpPath {
    SftpPath::try_from(path).expect("a path")
}

pub(crate) fn framed(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).expect("short").to_be_bytes(), body].concat()
}

pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    framed(bytes)
}

pub(crate) fn packet(kind: u8, id: u32, body: &[u8]) -> Vec<u8> {
    framed(&[&[kind], &id.to_be_bytes()[..], body].concat())
}

pub(crate) fn version(number: u32, extensions: &[(&str, &str)]) -> Vec<u8> {
    let pairs =
        extensions.iter().flat_map(|(name, version)| [string(name.as_bytes()), string(version.as_bytes())]);
    packet(VERSION, number, &pairs.collect::<Vec<_>>().concat())
}

pub(crate) fn status(id: u32, code: u32, message: &str) -> Vec<u8> {
    packet(STATUS, id, &[&code.to_be_bytes()[..], &string(message.as_bytes()), &string(b"")].concat())
}

pub(crate) fn handle(id: u32, handle: &[u8]) -> Vec<u8> {
    packet(HANDLE, id, &string(handle))
}

pub(crate) fn data(id: u32, data: &[u8]) -> Vec<u8> {
    packet(DATA, id, &string(data))
}

pub(crate) fn names(id: u32, names: &[&[u8]]) -> Vec<u8> {
    let mut body = u32::try_from(names.len()).expect("few").to_be_bytes().to_vec();
    for name in names {
        body.extend([string(name), string(b"-rw-r--r-- 1 root root"), 0_u32.to_be_bytes().to_vec()].concat());
    }
    packet(NAME, id, &body)
}

/// Attributes with a size.
pub(crate) fn sized(id: u32, size: u64) -> Vec<u8> {
    packet(ATTRIBUTES, id, &[&1_u32.to_be_bytes()[..], &size.to_be_bytes()].concat())
}

/// What a well-behaved server with one file and one folder would say.
pub(crate) fn honest(asked: &Asked, file: &[u8]) -> Vec<u8> {
    let id = asked.id;
    match asked.kind {
        OPEN => handle(id, b"file"),
        OPENDIR => handle(id, b"folder"),
        READ => {
            let start = usize::try_from(asked.offset()).unwrap_or(usize::MAX).min(file.len());
            let end = start.saturating_add(asked.length() as usize).min(file.len());
            if start == end { status(id, 1, "End of file") } else { data(id, &file[start..end]) }
        }
        STAT | FSTAT => sized(id, file.len() as u64),
        READDIR => status(id, 1, "End of file"),
        REALPATH => names(id, &[b"/home"]),
        _ => status(id, 0, ""),
    }
}
