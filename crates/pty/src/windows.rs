//! The console of this system (ConPTY), whose pipes block: one thread reads and one writes, each ends when its pipe or its
//! queue is closed, and closing the console closes both pipes.

use std::io::{self, Read, Write};

use bytes::{Bytes, BytesMut};
use portable_pty::{Child, MasterPty, PtySize};
use tokio::sync::{Mutex, mpsc};

use crate::exit::Exit;

/// Chunks that wait on either side: 8 x 32 KiB. When the output queue is full the reading thread waits, and so does the
/// program; when the input queue is full the channel waits.
const QUEUE_CHUNKS: usize = 8;
const READ_BYTES: usize = 32 * 1024;

/// The console's own side.
pub struct Pty {
    output: Mutex<mpsc::Receiver<Bytes>>,
    input: mpsc::Sender<Bytes>,
    console: std::sync::Mutex<Box<dyn MasterPty + Send>>,
}

impl std::fmt::Debug for Pty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pty")
    }
}

impl Pty {
    /// A console has no file of its own.
    pub fn name(&self) -> Option<&std::path::Path> {
        None
    }

    /// Takes over the console.
    pub(crate) fn new(console: Box<dyn MasterPty + Send>) -> io::Result<Pty> {
        let reader = console.try_clone_reader().map_err(io::Error::other)?;
        let writer = console.take_writer().map_err(io::Error::other)?;
        let (printed, output) = mpsc::channel(QUEUE_CHUNKS);
        let (input, typed) = mpsc::channel(QUEUE_CHUNKS);
        thread("pty-read", move || read_all(reader, &printed))?;
        thread("pty-write", move || write_all(writer, typed))?;
        Ok(Pty { output: Mutex::new(output), input, console: std::sync::Mutex::new(console) })
    }

    /// Adds what the program has printed to `buffer`. Nothing added means that the console has ended.
    ///
    /// # Errors
    /// What the system says.
    pub async fn read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        let chunk = self.output.lock().await.recv().await.unwrap_or_default();
        buffer.extend_from_slice(&chunk);
        Ok(chunk.len())
    }

    /// Types all of `data`, waiting while the queue is full.
    ///
    /// # Errors
    /// What the system says.
    pub async fn write_all(&self, data: &[u8]) -> io::Result<()> {
        self.input.send(Bytes::copy_from_slice(data)).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Changes the size.
    ///
    /// # Errors
    /// What the system says.
    pub fn resize(&self, size: PtySize) -> io::Result<()> {
        let console = self.console.lock().map_err(|_| io::ErrorKind::Other)?;
        console.resize(size).map_err(io::Error::other)
    }
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(body)?;
    Ok(())
}

fn read_all(mut reader: Box<dyn Read + Send>, printed: &mpsc::Sender<Bytes>) {
    let mut buffer = vec![0; READ_BYTES];
    while let Ok(read @ 1..) = reader.read(&mut buffer) {
        if printed.blocking_send(Bytes::copy_from_slice(&buffer[..read])).is_err() {
            return;
        }
    }
}

fn write_all(mut writer: Box<dyn Write + Send>, mut typed: mpsc::Receiver<Bytes>) {
    while let Some(data) = typed.blocking_recv() {
        if writer.write_all(&data).is_err() {
            return;
        }
    }
}

/// Blocks until the program has ended.
pub(super) fn wait(mut child: Box<dyn Child + Send + Sync>) -> io::Result<Exit> {
    Ok(Exit::Status(child.wait()?.exit_code()))
}
