//! A connection to somewhere behind a host (`ssh -W`) on the socket: frames in both directions, so that its end is said. The end
//! of the socket alone means that it was cut off.

use std::convert::Infallible;
use std::future::pending;
use std::sync::OnceLock;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::session::gone;
use super::wire::{self, DATA_MAX_BYTES, End, Frame, Kind, WireError};
use crate::error::{Error, ErrorCode, Result};
use crate::tunnel::direct::Direct;

/// How it went with the connection, once that is over.
type Carried = OnceLock<Result<()>>;

/// The app's side, to the end of either.
pub(super) async fn serve(stream: UnixStream, direct: Direct) -> Result<(), WireError> {
    let (near, far) = UnixStream::pair()?;
    let (reader, writer) = stream.into_split();
    let (output, input) = near.into_split();
    let carried = Carried::new();
    let carrying = async {
        // Known before anybody can see that the far one is closed: both happen without waiting in between.
        let _ = carried.set(direct.carry(far).await);
        pending::<Infallible>().await
    };
    tokio::select! {
        told = tell(output, writer, &carried) => told,
        taken = take(reader, input) => taken,
        never = carrying => match never {},
    }
}

/// What the far end says, and its end: that of its output, or that of the connection.
async fn tell(
    mut output: OwnedReadHalf,
    mut writer: OwnedWriteHalf,
    carried: &Carried,
) -> Result<(), WireError> {
    let mut buffer = vec![0; DATA_MAX_BYTES];
    loop {
        let read = output.read(&mut buffer).await.unwrap_or(0);
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        wire::write(&mut writer, &wire::frame(Kind::Data, bytes)).await?;
    }
    let end = match carried.get() {
        Some(Err(error)) => End::Unknown { problem: error.problem() },
        Some(Ok(())) | None => End::Exited { status: 0 },
    };
    wire::write(&mut writer, &wire::message(Kind::End, &end)?).await
}

/// What the client sends, until it goes.
async fn take(mut reader: OwnedReadHalf, input: OwnedWriteHalf) -> Result<(), WireError> {
    let mut input = Some(input);
    loop {
        let Frame { kind, bytes } = wire::read(&mut reader).await?;
        match kind {
            Kind::Data => {
                let Some(open) = &mut input else { continue };
                let written = tokio::select! {
                    written = open.write_all(&bytes) => written,
                    () = gone(reader.as_ref()) => {
                        return Err(WireError::Gone(std::io::ErrorKind::BrokenPipe.into()));
                    }
                };
                if written.is_err() {
                    // The far end takes no more; what it still says is told.
                    input = None;
                }
            }
            Kind::InputEnd => input = None,
            _ => return Err(WireError::Unexpected),
        }
    }
}

/// The command's side: a connection that the app has made for it.
#[derive(Debug)]
pub struct LentDirect {
    stream: UnixStream,
    address: String,
}

impl LentDirect {
    pub(super) fn new(stream: UnixStream, address: String) -> Self {
        Self { stream, address }
    }

    /// Carries everything until the far end has said all, or whoever has the other end of `near` is gone.
    ///
    /// # Errors
    /// The connection was cut off.
    pub async fn carry(self, near: UnixStream) -> Result<()> {
        let (reader, writer) = self.stream.into_split();
        let (input, output) = near.into_split();
        tokio::select! {
            ended = receive(reader, output, &self.address) => ended,
            never = send(input, writer) => match never {},
        }
    }
}

async fn receive(mut reader: OwnedReadHalf, mut output: OwnedWriteHalf, address: &str) -> Result<()> {
    loop {
        match wire::read(&mut reader).await.map(|frame| (frame.kind, frame.bytes)) {
            Ok((Kind::Data, bytes)) => {
                if output.write_all(&bytes).await.is_err() {
                    return Ok(());
                }
            }
            Ok((Kind::End, bytes)) => {
                return match serde_json::from_slice(&bytes) {
                    Ok(End::Exited { .. }) => Ok(()),
                    Ok(End::Unknown { problem }) => Err(Error::from(problem)),
                    Ok(End::Signalled { .. }) | Err(_) => Err(cut_off(address)),
                };
            }
            Ok(_) | Err(_) => return Err(cut_off(address)),
        }
    }
}

async fn send(mut input: OwnedReadHalf, mut writer: OwnedWriteHalf) -> Infallible {
    let mut buffer = vec![0; DATA_MAX_BYTES];
    loop {
        let read = input.read(&mut buffer).await.unwrap_or(0);
        let frame = match buffer.get(..read).filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => wire::frame(Kind::Data, bytes),
            None => wire::frame(Kind::InputEnd, &[]),
        };
        if wire::write(&mut writer, &frame).await.is_err() || read == 0 {
            // Whoever receives learns how it ended; a closed half of the socket would say that we have gone.
            return pending().await;
        }
    }
}

fn cut_off(address: &str) -> Error {
    let cause = "the app whose connection was used has ended";
    let text = format!("The connection to {address} was cut off: {cause}.");
    Error::new(ErrorCode::ConnectionLost, text).with("address", address).with("cause", cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a connection ends whose app says this and goes, and what came of it.
    async fn ends(said: &[Vec<u8>]) -> (Result<()>, Vec<u8>) {
        let (mut app, ours) = UnixStream::pair().expect("a pair");
        let (near, mut user) = UnixStream::pair().expect("a pair");
        for frame in said {
            wire::write(&mut app, frame).await.expect("written");
        }
        drop(app);
        let ended = LentDirect::new(ours, "web".to_owned()).carry(near).await;
        let mut came = Vec::new();
        user.read_to_end(&mut came).await.expect("read");
        (ended, came)
    }

    #[tokio::test]
    async fn an_app_that_goes_without_a_word_has_cut_the_connection_off() {
        let data = wire::frame(Kind::Data, b"half");
        let end = wire::message(Kind::End, &End::Exited { status: 0 }).expect("a frame");
        let (ended, came) = ends(&[data.clone(), end]).await;
        assert!(ended.is_ok() && came == b"half", "{ended:?}");
        let (ended, came) = ends(&[data]).await;
        assert_eq!(ended.expect_err("cut off").code, ErrorCode::ConnectionLost);
        assert_eq!(came, b"half");
    }
}
