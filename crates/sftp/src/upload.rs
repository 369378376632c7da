//! A file written in order, with many writes under way. What is under way is bounded by the window.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::download::{DEPTH_MAX, WINDOW_BYTES};
use crate::error::{Doing, ErrorKind, Result};
use crate::file::File;
use crate::request::Request;
use crate::sftp::Asked;

/// Bytes on their way into a file, in order.
#[derive(Debug)]
pub struct Upload {
    writes: VecDeque<Write>,
    in_flight: usize,
    window: usize,
    /// Where the next write begins.
    position: u64,
    /// Up to where the server has said that it wrote, without a gap.
    acknowledged: u64,
    file: File,
}

#[derive(Debug)]
struct Write {
    length: usize,
    asked: Asked,
}

impl File {
    /// Writes to the file from `from` on.
    pub fn upload(self, from: u64) -> Upload {
        Upload {
            writes: VecDeque::new(),
            in_flight: 0,
            window: WINDOW_BYTES,
            position: from,
            acknowledged: from,
            file: self,
        }
    }
}

impl Upload {
    /// Changes how much is under way, from [`WINDOW_BYTES`]. One write always is.
    pub fn with_window(mut self, bytes: usize) -> Self {
        self.window = bytes;
        self
    }

    /// Up to where the file is written for certain: the server has said so of every byte before. What is behind it may
    /// be there or not, with gaps.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Sends all of `source`; returns how much that was. It waits for the server only while the window is full, so the
    /// last writes are still under way afterwards: see [`Upload::finish`].
    ///
    /// # Errors
    /// Also those of the source, as [`ErrorKind::Local`]. Then, and if the future is dropped, go on from
    /// [`Upload::acknowledged`] or not at all: what was taken from the source may not have been sent.
    pub async fn send(&mut self, source: &mut (impl AsyncRead + Unpin)) -> Result<u64> {
        let from = self.position;
        loop {
            let mut buffer = self.file.write_buffer(self.position);
            let room = self.file.sftp().limits().write_bytes as usize;
            while buffer.filled() < room {
                let left = room - buffer.filled();
                let read = source.read_buf(&mut buffer.space().limit(left)).await;
                if read.map_err(|error| self.failed(ErrorKind::Local(Arc::new(error))))? == 0 {
                    break;
                }
            }
            let is_last = buffer.filled() < room;
            if buffer.filled() > 0 {
                let length = buffer.filled();
                self.write(buffer.into_request(), length).await.map_err(|kind| self.failed(kind))?;
            }
            if is_last {
                return Ok(self.position - from);
            }
        }
    }

    /// Sends what is in memory already, without a copy of it. See [`Upload::send`].
    ///
    /// # Errors
    /// Then, and if the future is dropped, go on from [`Upload::acknowledged`] or not at all.
    pub async fn send_bytes(&mut self, mut bytes: Bytes) -> Result<()> {
        let most = self.file.sftp().limits().write_bytes as usize;
        while !bytes.is_empty() {
            let piece = bytes.split_to(most.min(bytes.len()));
            let length = piece.len();
            let request = Request::write(self.file.handle().as_bytes(), self.position, piece);
            self.write(request, length).await.map_err(|kind| self.failed(kind))?;
        }
        Ok(())
    }

    /// Waits until everything that was sent is written; returns the file, to set its times and to close it.
    ///
    /// # Errors
    /// See [`Upload::acknowledged`].
    pub async fn finish(mut self) -> Result<File> {
        while !self.writes.is_empty() {
            self.acknowledge().await.map_err(|kind| self.failed(kind))?;
        }
        Ok(self.file)
    }

    async fn write(&mut self, request: Request, length: usize) -> Result<(), ErrorKind> {
        while !self.writes.is_empty()
            && (self.in_flight + length > self.window || self.writes.len() >= DEPTH_MAX)
        {
            self.acknowledge().await?;
        }
        let asked = self.file.ask(request).await?;
        self.writes.push_back(Write { length, asked });
        self.in_flight += length;
        self.position += length as u64;
        Ok(())
    }

    /// Waits for the answer to the oldest write.
    async fn acknowledge(&mut self) -> Result<(), ErrorKind> {
        let Some(write) = self.writes.front_mut() else { return Ok(()) };
        write.asked.ready().await?;
        let length = write.length;
        self.writes.pop_front();
        self.in_flight -= length;
        self.acknowledged += length as u64;
        Ok(())
    }

    fn failed(&self, kind: ErrorKind) -> crate::error::Error {
        self.file.failed(Doing::Write, kind)
    }
}
