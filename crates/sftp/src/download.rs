//! A file read in order, with many reads under way. What is under way and not taken is bounded by the window.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::error::{Doing, ErrorKind, Result};
use crate::file::{File, data};
use crate::reply::Expects;
use crate::sftp::Asked;

/// Bytes that were asked for and not taken yet: the window of an SSH channel here, so that one file can fill a line of
/// 1 Gbit/s and 64 ms.
pub const WINDOW_BYTES: usize = 8 * 1024 * 1024;
/// As many as reads of 32 KiB fill a window; three quarters of what can be in flight are for others.
pub(crate) const DEPTH_MAX: usize = crate::pending::IN_FLIGHT_MAX / 8;
/// One more with each answer: twice as many each round trip.
const DEPTH_AT_FIRST: usize = 8;
/// A server that gives less at once is asked for this all the same.
const PIECE_MIN_BYTES: u32 = 1024;

/// A part of a file on its way here, in order.
#[derive(Debug)]
pub struct Download {
    reads: VecDeque<Read>,
    /// What the last answer lacked; it is asked for again before anything else.
    rest: Option<Range<u64>>,
    /// Where the next new read begins.
    ahead: u64,
    position: u64,
    until: u64,
    /// The most that one read asks for, less for a server that gave less in the middle of the file.
    piece: u32,
    /// How much an answer gave that was short: only what follows tells whether the file ended there.
    short: Option<u32>,
    depth: usize,
    in_flight: usize,
    window: usize,
    over: bool,
    file: File,
}

#[derive(Debug)]
struct Read {
    offset: u64,
    length: u32,
    asked: Asked,
}

impl File {
    /// Reads the file from `from` on, up to `until` or to its end. Say `until` where the size is known: then no read is
    /// sent for what is not there.
    pub fn download(self, from: u64, until: Option<u64>) -> Download {
        Download {
            reads: VecDeque::new(),
            rest: None,
            ahead: from,
            position: from,
            until: until.unwrap_or(u64::MAX),
            piece: u32::MAX,
            short: None,
            depth: DEPTH_AT_FIRST,
            in_flight: 0,
            window: WINDOW_BYTES,
            over: false,
            file: self,
        }
    }
}

impl Download {
    /// Changes how much is under way, from [`WINDOW_BYTES`], and has that much under way from the start: for a file that is as long as
    /// was said. One read always is.
    pub fn with_window(mut self, bytes: usize) -> Self {
        self.window = bytes;
        self.depth = DEPTH_MAX;
        self
    }

    /// Where what [`Download::next`] gives next begins.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next bytes, never empty; None at the end. If that is before `until`, [`Download::position`] tells: the file
    /// is shorter. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// What came before is right; after an error there is no more.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let next = self.next_piece().await;
        if !matches!(next, Ok(Some(_))) {
            self.over = true;
            self.reads.clear();
        }
        next.map_err(|kind| self.file.failed(Doing::Read, kind))
    }

    /// Writes the rest to `sink` and flushes it; returns how much that was.
    ///
    /// # Errors
    /// Also those of the sink, as [`ErrorKind::Local`].
    pub async fn copy_to(&mut self, sink: &mut (impl AsyncWrite + Unpin)) -> Result<u64> {
        let from = self.position;
        let local = |this: &Self, error| this.file.failed(Doing::Read, ErrorKind::Local(Arc::new(error)));
        while let Some(piece) = self.next().await? {
            sink.write_all(&piece).await.map_err(|error| local(self, error))?;
        }
        sink.flush().await.map_err(|error| local(self, error))?;
        Ok(self.position - from)
    }

    /// The file, to close it or to ask about it. Reads under way are left to themselves.
    pub fn into_file(self) -> File {
        self.file
    }

    async fn next_piece(&mut self) -> Result<Option<Bytes>, ErrorKind> {
        if self.over {
            return Ok(None);
        }
        self.ask_ahead().await?;
        let Some(read) = self.reads.front_mut() else { return Ok(None) };
        let data = data(&mut read.asked).await?;
        let Some(Read { offset, length, .. }) = self.reads.pop_front() else { return Ok(None) };
        self.in_flight -= length as usize;
        let Some(data) = data else { return Ok(None) };
        self.depth = (self.depth + 1).min(DEPTH_MAX);
        // An answer is never longer than its request (`reply.rs`).
        let got = u32::try_from(data.len()).unwrap_or(length).min(length);
        self.position = offset + u64::from(got);
        let was_short = self.short.take();
        if got < length {
            self.short = Some(got);
            self.rest = Some(self.position..offset + u64::from(length));
        }
        if let Some(short) = was_short {
            self.ask_for_less(short);
        }
        Ok(Some(data))
    }

    /// The file went on behind an answer that was short, so the server gives no more than that at once. What is under way
    /// would all come short, and be filled up one round trip after the other: it is left to itself and asked for anew.
    fn ask_for_less(&mut self, short: u32) {
        let piece = short.max(PIECE_MIN_BYTES);
        if piece < self.piece.min(self.file.sftp().limits().read_bytes) {
            self.piece = piece;
            self.reads.clear();
            self.in_flight = 0;
            self.rest = None;
            self.short = None;
            self.ahead = self.position;
        }
    }

    /// Fills the window. It waits only if nothing is under way.
    async fn ask_ahead(&mut self) -> Result<(), ErrorKind> {
        if let Some(rest) = self.rest.clone() {
            let length = u32::try_from(rest.end - rest.start).unwrap_or(u32::MAX);
            // Everything else of this file waits behind it, so it waits for its place.
            if let Some(read) = self.ask(rest.start, length, true).await? {
                self.reads.push_front(read);
            }
            self.rest = None;
        }
        loop {
            let left = self.until.saturating_sub(self.ahead);
            let piece = self.piece.min(self.file.sftp().limits().read_bytes);
            let length = u32::try_from(left).unwrap_or(u32::MAX).min(piece);
            let first = self.reads.is_empty();
            let room = self.reads.len() < self.depth && self.in_flight + length as usize <= self.window;
            if length == 0 || !(room || first) {
                return Ok(());
            }
            let Some(read) = self.ask(self.ahead, length, first).await? else { return Ok(()) };
            self.reads.push_back(read);
            // The last byte that a file can have stands before 2^64.
            self.ahead = self.ahead.saturating_add(length.into());
        }
    }

    /// None if there is no place in the queue and `wait` is not to be.
    async fn ask(&mut self, offset: u64, length: u32, wait: bool) -> Result<Option<Read>, ErrorKind> {
        let (sftp, keeps) = (self.file.sftp(), self.file.keeps());
        let request = || self.file.read_request(offset, length);
        let asked = if wait {
            Some(sftp.ask(request(), Expects::Data(length), keeps).await?)
        } else {
            sftp.try_ask(request, Expects::Data(length), keeps)?
        };
        Ok(asked.map(|asked| {
            self.in_flight += length as usize;
            Read { offset, length, asked }
        }))
    }
}
