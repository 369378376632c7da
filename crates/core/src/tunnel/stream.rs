//! A connection of a program of this computer: TCP or a Unix socket.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// One that was not served to its end is reset when it is dropped: what came so far must not pass for all.
#[derive(Debug)]
pub struct Stream {
    socket: Socket,
    whole: AtomicBool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        // Small answers would wait for each other otherwise, as on the way through SSH (design.md, fact 2).
        let _ = stream.set_nodelay(true);
        Self { socket: Socket::Tcp(stream), whole: AtomicBool::new(false) }
    }
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self { socket: Socket::Unix(stream), whole: AtomicBool::new(false) }
    }
}

macro_rules! on_socket {
    ($self:expr, $socket:ident => $work:expr) => {
        match &$self.socket {
            Socket::Tcp($socket) => $work,
            #[cfg(unix)]
            Socket::Unix($socket) => $work,
        }
    };
}

impl Stream {
    /// Reads some; 0 bytes are the end. Given up half way, nothing is lost.
    ///
    /// # Errors
    /// The system's.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        on_socket!(self, socket => loop {
            socket.readable().await?;
            match socket.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        })
    }

    /// Writes some. Given up half way, nothing was written.
    ///
    /// # Errors
    /// The system's.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        on_socket!(self, socket => loop {
            socket.writable().await?;
            match socket.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return written,
            }
        })
    }

    /// # Errors
    /// The system's.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.write(bytes).await?;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// Says that nothing more will be written.
    pub fn end(&self) {
        let _ = on_socket!(self, socket => socket2::SockRef::from(socket).shutdown(Shutdown::Write));
    }

    /// Everything was said in both directions.
    pub fn is_whole(&self) {
        self.whole.store(true, Ordering::Release);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.whole.load(Ordering::Acquire) {
            return;
        }
        if let Socket::Tcp(socket) = &self.socket {
            let _ = socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO));
        }
    }
}
