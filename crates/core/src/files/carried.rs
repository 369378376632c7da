//! A program's input and output as one stream, for an SFTP server that another process runs for us.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};

use crate::exec::{Exec, ExecEvent, ExecInput, ExecOutput, Stream};

/// Each way, at most; whoever has more waits.
const PIPE_BYTES: usize = 256 * 1024;
const READ_BYTES: usize = 64 * 1024;

/// It ends with the program. Dropping it ends the program's input, and then the program.
pub(super) fn stream(exec: Exec) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
    let (reader, writer) = tokio::io::split(theirs);
    let Exec { input, output, .. } = exec;
    tokio::spawn(async move {
        tokio::select! {
            () = show(output, writer) => {}
            () = type_in(reader, input) => {}
        }
    });
    ours
}

async fn show(mut output: ExecOutput, mut writer: WriteHalf<DuplexStream>) {
    while let Some(event) = output.next().await {
        match event {
            ExecEvent::Output { stream: Stream::Stdout, bytes } => {
                if writer.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            // What a server says beside its answers helps nobody here.
            ExecEvent::Output { stream: Stream::Stderr, .. } => {}
            ExecEvent::Ended(_) => return,
        }
    }
}

async fn type_in(mut reader: ReadHalf<DuplexStream>, mut input: ExecInput) {
    let mut piece = vec![0; READ_BYTES];
    loop {
        match reader.read(&mut piece).await {
            Ok(read) if read > 0 => {
                if input.write(piece.get(..read).unwrap_or_default()).await.is_err() {
                    // Its last words may be on their way.
                    return std::future::pending().await;
                }
            }
            Ok(_) | Err(_) => return input.close().await,
        }
    }
}
