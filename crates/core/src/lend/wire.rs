//! What is said on the socket: frames of a kind (1 byte), a length (4 bytes, the highest first) and so many bytes. Every
//! length has a limit that is looked at before anything is kept.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::Problem;

/// Both sides are of one installation, so that nothing is negotiated: another number is no lender.
pub const VERSION: u32 = 2;
/// A message in JSON.
pub const MESSAGE_MAX_BYTES: usize = 64 * 1024;
/// A piece of input or output.
pub const DATA_MAX_BYTES: usize = 64 * 1024;
/// A resize or a signal.
const CONTROL_MAX_BYTES: usize = 1024;
/// Entries of lists in a request, far beyond what is useful: terminals have about 60 modes.
const ENTRIES_MAX: usize = 1024;
pub const HEAD_BYTES: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From the command: [`Hello`], then [`Request`].
    Message,
    /// Input of the program, or its output.
    Data,
    /// Its standard error.
    ErrorData,
    /// The end of its input.
    InputEnd,
    /// [`Control`].
    Control,
    /// From the app: [`Answer`].
    Answer,
    /// [`End`]: the last one.
    End,
}

impl Kind {
    const ALL: [(u8, Kind, usize); 7] = [
        (1, Kind::Message, MESSAGE_MAX_BYTES),
        (2, Kind::Data, DATA_MAX_BYTES),
        (3, Kind::ErrorData, DATA_MAX_BYTES),
        (4, Kind::InputEnd, 0),
        (5, Kind::Control, CONTROL_MAX_BYTES),
        (6, Kind::Answer, MESSAGE_MAX_BYTES),
        (7, Kind::End, MESSAGE_MAX_BYTES),
    ];

    fn byte(self) -> u8 {
        Self::ALL.iter().find(|(_, kind, _)| *kind == self).map_or(0, |(byte, _, _)| *byte)
    }
}

/// Why what came is no frame or no message.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("there is no kind of frame {0}")]
    Kind(u8),
    #[error("a frame of {0} bytes is too long for its kind")]
    TooLong(usize),
    #[error("it is no message: {0}")]
    Message(#[from] serde_json::Error),
    #[error("another frame was to come")]
    Unexpected,
    #[error("the other side has gone: {0}")]
    Gone(#[from] std::io::Error),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: Kind,
    pub bytes: Bytes,
}

/// The kind and the length that the head of a frame names.
///
/// # Errors
/// There is no such kind, or it has no such length.
pub fn head(head: [u8; HEAD_BYTES]) -> Result<(Kind, usize), WireError> {
    let [byte, length @ ..] = head;
    let found = Kind::ALL.iter().find(|(known, _, _)| *known == byte);
    let (_, kind, most) = found.ok_or(WireError::Kind(byte))?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > *most { Err(WireError::TooLong(length)) } else { Ok((*kind, length)) }
}

/// The next frame. Not to be dropped half way.
///
/// # Errors
/// Those of [`head`]; [`WireError::Gone`] at the end.
pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Frame, WireError> {
    let mut first = [0; HEAD_BYTES];
    from.read_exact(&mut first).await?;
    let (kind, length) = head(first)?;
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await?;
    Ok(Frame { kind, bytes: bytes.into() })
}

/// A frame as it goes out. Longer bytes than its kind may have would be refused at the other end.
pub fn frame(kind: Kind, bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(HEAD_BYTES + bytes.len());
    all.push(kind.byte());
    all.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    all.extend_from_slice(bytes);
    all
}

/// # Errors
/// The message cannot be said, or is too long.
pub fn message(kind: Kind, message: &impl Serialize) -> Result<Vec<u8>, WireError> {
    let text = serde_json::to_vec(message)?;
    if text.len() > MESSAGE_MAX_BYTES {
        return Err(WireError::TooLong(text.len()));
    }
    Ok(frame(kind, &text))
}

/// # Errors
/// [`WireError::Gone`].
pub async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), WireError> {
    to.write_all(bytes).await?;
    Ok(())
}

/// Reads a message of one kind.
///
/// # Errors
/// Another kind came, or something else.
pub async fn read_message<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    kind: Kind,
) -> Result<T, WireError> {
    let frame = read(from).await?;
    if frame.kind != kind {
        return Err(WireError::Unexpected);
    }
    Ok(serde_json::from_slice(&frame.bytes)?)
}

/// The first message of both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    pub version: u32,
}

/// What the command asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "want", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Whether anybody is there.
    Ping {},
    /// A program, on the connection that has this key ([`super::key::of`]).
    Session {
        key: String,
        which: Which,
        program: AskedProgram,
        pty: Option<AskedPty>,
        environment: Vec<(String, String)>,
    },
    /// A connection to somewhere behind the host. After the answer its bytes come as [`Kind::Data`], to [`Kind::InputEnd`] there
    /// and to [`Kind::End`] here.
    Direct { key: String, host: String, port: u16 },
    /// The same to a Unix socket there.
    DirectSocket { key: String, path: String },
}

impl Request {
    /// Whether its lists are as long as something useful may be.
    pub fn is_bounded(&self) -> bool {
        match self {
            Request::Session { pty, environment, .. } => {
                environment.len() <= ENTRIES_MAX
                    && pty.as_ref().is_none_or(|pty| pty.modes.len() <= ENTRIES_MAX)
            }
            Request::Ping {} | Request::Direct { .. } | Request::DirectSocket { .. } => true,
        }
    }
}

/// On which of the connections that have the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Which {
    /// Whichever has room.
    Any {},
    /// That of an earlier program: behind one name there may be several machines.
    Same { connection: u32 },
    /// One for which the person was asked something, and would be for another one.
    Asked {},
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AskedProgram {
    Shell {},
    /// In base64: a command need not be UTF-8.
    Command {
        line: String,
    },
    Subsystem {
        name: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedPty {
    pub term: String,
    pub cols: u16,
    pub rows: u16,
    /// RFC 4254, section 8.
    pub modes: Vec<(u8, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    Hello {
        version: u32,
    },
    /// There is nothing to lend: no connection is the one that is meant, or none has room. Nothing was done.
    NotLent {},
    /// Too many are served just now. Nothing was done.
    Full {},
    /// It runs, or the connection is made.
    Accepted {
        pty_refused: bool,
        /// A number that names the connection of a program.
        connection: Option<u32>,
    },
    /// It was asked for on the host and failed there: it may have run.
    Failed {
        problem: Problem,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Control {
    Resize {
        cols: u16,
        rows: u16,
    },
    /// By its name without `SIG`.
    Signal {
        name: String,
    },
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum End {
    Exited { status: u32 },
    Signalled { signal: String, core_dumped: bool, message: String },
    Unknown { problem: Problem },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_and_no_length_beyond_the_limit_is_believed() {
        for (kind, length) in [(Kind::Data, 0), (Kind::Data, DATA_MAX_BYTES), (Kind::InputEnd, 0)] {
            let bytes = vec![7; length];
            let read = read(&mut frame(kind, &bytes).as_slice()).await.expect("a frame");
            assert_eq!(read, Frame { kind, bytes: bytes.into() });
        }
        for (_, kind, most) in Kind::ALL {
            let [first, ..] = frame(kind, &[])[..] else { panic!() };
            for length in [most + 1, 1 << 24, u32::MAX as usize] {
                let [a, b, c, d] = u32::try_from(length).expect("it fits").to_be_bytes();
                assert!(matches!(head([first, a, b, c, d]), Err(WireError::TooLong(_))), "{kind:?} {length}");
            }
        }
        assert!(matches!(head([0, 0, 0, 0, 0]), Err(WireError::Kind(0))));
        assert!(matches!(read(&mut &[2, 0, 0, 0, 9, 1][..]).await, Err(WireError::Gone(_))));
    }

    #[tokio::test]
    async fn a_message_with_anything_else_in_it_is_none() {
        let said = message(Kind::Message, &Hello { version: 1 }).expect("a message");
        let read: Hello = read_message(&mut said.as_slice(), Kind::Message).await.expect("it is one");
        assert_eq!(read.version, 1);
        for text in ["", "{}", "[]", "{\"version\":-1}", "{\"version\":1,\"more\":2}", "{\"version\":1}x"] {
            let said = frame(Kind::Message, text.as_bytes());
            assert!(read_message::<Hello>(&mut said.as_slice(), Kind::Message).await.is_err(), "{text}");
        }
        let request = "{\"want\":\"session\",\"key\":\"k\",\"which\":{\"kind\":\"any\"},\"program\":{\"kind\":\"shell\"},\"pty\":null,\"environment\":[],\"x\":1}";
        assert!(serde_json::from_str::<Request>(request).is_err());
        assert!(serde_json::from_str::<Request>(&request.replace(",\"x\":1", "")).is_ok());
    }
}
