//! The terminal's master side as a non-blocking descriptor: readiness comes from the runtime, so that nothing is left
//! behind in a read when a channel ends, even if some process still holds the other side.
#![allow(unsafe_code, reason = "portable-pty shows its descriptor as a number only")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::BytesMut;
use portable_pty::{Child, MasterPty, PtySize};
use rustix::termios::Winsize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::exit::Exit;

/// Most bytes gathered in one read, which become one packet. The kernel hands out at most 4 KiB at a time; gathering
/// spares packets when a program prints a lot.
const READ_BYTES: usize = 32 * 1024;

/// Until a terminal that was said to take input again, and did not, is tried once more.
const FULL_PAUSE: Duration = Duration::from_millis(2);

/// The master side of a terminal.
#[derive(Debug)]
pub struct Pty {
    master: AsyncFd<OwnedFd>,
    name: Option<PathBuf>,
}

impl Pty {
    /// Takes over the terminal.
    pub(crate) fn new(master: Box<dyn MasterPty + Send>) -> io::Result<Pty> {
        let number = master.as_raw_fd().ok_or(io::ErrorKind::Unsupported)?;
        // SAFETY: `master` owns the descriptor and lives until the end of this function.
        let owned = unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()?;
        let flags = rustix::fs::fcntl_getfl(&owned)?;
        rustix::fs::fcntl_setfl(&owned, flags | rustix::fs::OFlags::NONBLOCK)?;
        // SAFETY: an `OwnedFd` keeps its one descriptor open for as long as the `AsyncFd` owns it.
        let registered = unsafe { AsyncFd::register(owned) }?;
        Ok(Pty { master: registered, name: master.tty_name() })
    }

    /// The file that programs open as their terminal, `/dev/pts/7`.
    pub fn name(&self) -> Option<&Path> {
        self.name.as_deref()
    }

    /// Adds what the program has printed to `buffer`, up to 32 KiB. Nothing added means that the terminal has ended.
    /// Safe to cancel.
    ///
    /// # Errors
    /// What the system says, as for the others.
    pub async fn read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.master.async_io(Interest::READABLE, |master| gather(master, buffer)).await
    }

    /// Types all of `data`, waiting while the terminal's input is full.
    ///
    /// # Errors
    /// See [`Pty::read`].
    pub async fn write_all(&self, mut data: &[u8]) -> io::Result<()> {
        let mut in_vain = 0;
        while !data.is_empty() {
            let mut ready = self.master.writable().await?;
            let written = ready.try_io(|master| match rustix::io::write(master.get_ref(), data)? {
                0 => Err(io::ErrorKind::WouldBlock.into()),
                written => Ok(written),
            });
            match written {
                Ok(written) => (data, in_vain) = (&data[written?..], 0),
                // A full terminal that nobody has open any more stays "ready" and full for ever.
                Err(_) if ready.ready().is_write_closed() => return Err(io::ErrorKind::BrokenPipe.into()),
                // One that says "ready" all the time and takes nothing costs no core.
                Err(_) if in_vain > 0 => tokio::time::sleep(FULL_PAUSE).await,
                Err(_) => in_vain += 1,
            }
        }
        Ok(())
    }

    /// Changes the size; the kernel tells the programs.
    ///
    /// # Errors
    /// See [`Pty::read`].
    pub fn resize(&self, size: PtySize) -> io::Result<()> {
        let size = Winsize {
            ws_row: size.rows,
            ws_col: size.cols,
            ws_xpixel: size.pixel_width,
            ws_ypixel: size.pixel_height,
        };
        Ok(rustix::termios::tcsetwinsize(&self.master, size)?)
    }
}

impl AsFd for Pty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }
}

/// Reads what is there without waiting.
fn gather(master: &OwnedFd, buffer: &mut BytesMut) -> io::Result<usize> {
    let start = buffer.len();
    while buffer.len() - start < READ_BYTES {
        let end = buffer.len();
        buffer.resize(start + READ_BYTES, 0);
        let read = rustix::io::read(master, &mut buffer[end..]);
        buffer.truncate(end + read.unwrap_or(0));
        match read {
            Ok(0) => break,
            // Linux says EIO when no process has the other side open any more.
            Err(rustix::io::Errno::IO) => break,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(cause) if end == start => return Err(cause.into()),
            Err(_) => break,
        }
    }
    Ok(buffer.len() - start)
}

/// Blocks until the program has ended.
pub(super) fn wait(child: Box<dyn Child + Send + Sync>) -> io::Result<Exit> {
    let child: Box<dyn Child> = child;
    match child.downcast::<std::process::Child>() {
        Ok(mut child) => Ok(child.wait()?.into()),
        Err(mut other) => Ok(Exit::Status(other.wait()?.exit_code())),
    }
}
