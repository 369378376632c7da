//! `-W`: standard input and output are one connection from the host to somewhere.

use std::pin::pin;

use bowline_core::error::Result;
use bowline_core::host::ssh_config::forward::End;
use bowline_core::lend::direct::LentDirect;
use bowline_core::tunnel::Lane;
use bowline_core::tunnel::direct::Direct;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::command::{FAILED, say};
use crate::stdio::{Broken, Sink, Stdin};

const READ_BYTES: usize = 64 * 1024;

/// Connects over a connection of our own, and carries everything to the end.
pub async fn run(lane: Lane, target: &End) -> u8 {
    match Direct::open(lane, target.clone()).await {
        Ok(direct) => carried(|far| direct.carry(far)).await,
        Err(error) => failed(&error.message),
    }
}

/// The same over a connection of the app, which has connected already.
pub async fn borrowed(lent: LentDirect) -> u8 {
    carried(|far| lent.carry(far)).await
}

async fn carried<C: Future<Output = Result<()>>>(carry: impl FnOnce(UnixStream) -> C) -> u8 {
    let (near, far) = match UnixStream::pair() {
        Ok(pair) => pair,
        Err(error) => return failed(&format!("no socket for -W: {error}")),
    };
    let (mut carrying, mut writing) = (pin!(carry(far)), pin!(through(near)));
    // What has come is written before a loss is told; with nobody left who reads it, nothing is waited for.
    let (carried, written) = tokio::select! {
        carried = &mut carrying => (carried, writing.await),
        written = &mut writing => match written {
            Ok(()) => (carrying.await, Ok(())),
            Err(Broken) => return FAILED,
        },
    };
    match (carried, written) {
        (Ok(()), Ok(())) => 0,
        (Ok(()), Err(Broken)) => FAILED,
        (Err(error), _) => failed(&error.message),
    }
}

fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

/// Standard input to a socket and the socket to standard output, until the other end closes it.
async fn through(near: UnixStream) -> Result<(), Broken> {
    let (Ok(stdin), Ok(stdout)) = (Stdin::start(), Sink::stdout()) else { return Err(Broken) };
    let (reader, writer) = near.into_split();
    tokio::select! {
        written = show(reader, &stdout) => written,
        () = type_in(stdin, writer) => Ok(()),
        () = stdout.broken() => Err(Broken),
    }
}

/// Never resolves: what the other end says last comes after the end of our input.
async fn type_in(mut stdin: Stdin, mut writer: OwnedWriteHalf) {
    while let Ok(piece) = stdin.next().await {
        if piece.is_empty() || writer.write_all(&piece).await.is_err() {
            break;
        }
    }
    let _ = writer.shutdown().await;
    std::future::pending().await
}

async fn show(mut reader: OwnedReadHalf, stdout: &Sink) -> Result<(), Broken> {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match reader.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => stdout.write(Bytes::copy_from_slice(&buffer[..read])).await?,
        }
    }
    stdout.flush().await?;
    // Whoever reads is to see the end, as with ssh(1), though our input may still be open.
    if let Ok(nothing) = std::fs::File::options().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(&nothing);
    }
    Ok(())
}
