//! Output that nobody has taken yet: in memory first, then in a file that has no name, in order and bounded.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use bytes::{Buf, Bytes};

use super::Stream;

/// How much waits in memory before a file is used; a person's command never gets there.
pub const MEMORY_BYTES: usize = 4 * 1024 * 1024;
/// How much waits in the file.
pub const FILE_BYTES: u64 = 256 * 1024 * 1024;
/// One piece; larger ones are divided, so that a piece of the file always fits into [`BATCH_BYTES`].
pub const PIECE_MAX_BYTES: usize = 64 * 1024;
/// How much is written to and read from the file at once.
const BATCH_BYTES: usize = 512 * 1024;
/// What a piece costs beside its bytes, so that a server cannot fill the memory with single bytes.
const PIECE_COST_BYTES: usize = 64;
/// In the file each piece begins with its stream (1 byte) and its length (4 bytes).
const HEADER_BYTES: usize = 5;

/// A piece of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub stream: Stream,
    pub bytes: Bytes,
}

impl Piece {
    fn cost(&self) -> usize {
        self.bytes.len() + PIECE_COST_BYTES
    }
}

/// Why a piece could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum BacklogError {
    #[error("more than {} MiB of its output waited to be taken", .0 / 1024 / 1024)]
    Full(u64),
    #[error("its output waited to be taken, and the file for it could not be written: {0}")]
    File(#[from] io::Error),
}

/// The pieces in their order: `head`, then the file, then `tail`.
#[derive(Debug)]
pub struct Backlog {
    head: VecDeque<Piece>,
    head_cost: usize,
    file: Option<SpoolFile>,
    /// Written to the file when there is a batch of it.
    tail: VecDeque<Piece>,
    tail_cost: usize,
    memory_max: usize,
    file_max: u64,
}

impl Default for Backlog {
    fn default() -> Self {
        Self::with_limits(MEMORY_BYTES, FILE_BYTES)
    }
}

impl Backlog {
    pub fn with_limits(memory_max: usize, file_max: u64) -> Self {
        Self {
            head: VecDeque::new(),
            head_cost: 0,
            file: None,
            tail: VecDeque::new(),
            tail_cost: 0,
            memory_max,
            file_max,
        }
    }

    /// Whether another piece stays in memory. One more always fits.
    pub fn has_room_in_memory(&self) -> bool {
        self.head_cost < self.memory_max && self.tail.is_empty() && self.file_is_empty()
    }

    /// How much waits, in memory and in the file, with what each piece costs.
    pub fn waiting_bytes(&self) -> u64 {
        let filed = self.file.as_ref().map_or(0, |file| file.written - file.read);
        filed + (self.head_cost + self.tail_cost) as u64
    }

    /// Whether about a mebibyte more can be kept, in memory or in the file.
    pub fn has_room(&self) -> bool {
        let waiting = self.file.as_ref().map_or(0, |file| file.written - file.read);
        waiting + (self.tail_cost + 2 * BATCH_BYTES) as u64 <= self.file_max
    }

    /// Keeps a piece of any length.
    ///
    /// # Errors
    /// It is lost then, and with it the order of what comes after.
    pub async fn push(&mut self, stream: Stream, mut bytes: Bytes) -> Result<(), BacklogError> {
        while !bytes.is_empty() {
            let bytes = bytes.split_to(bytes.len().min(PIECE_MAX_BYTES));
            let piece = Piece { stream, bytes };
            if self.has_room_in_memory() {
                self.head_cost += piece.cost();
                self.head.push_back(piece);
                continue;
            }
            self.tail_cost += piece.cost();
            self.tail.push_back(piece);
            if self.tail_cost >= BATCH_BYTES {
                self.spill().await?;
            }
        }
        Ok(())
    }

    /// Whether [`Backlog::take`] has something; call [`Backlog::refill`] before.
    pub fn is_ready(&self) -> bool {
        !self.head.is_empty()
    }

    /// The oldest piece in memory.
    pub fn take(&mut self) -> Option<Piece> {
        let piece = self.head.pop_front()?;
        self.head_cost -= piece.cost();
        Some(piece)
    }

    /// Brings the oldest pieces into memory, if none are there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn refill(&mut self) -> Result<(), BacklogError> {
        if !self.head.is_empty() {
            return Ok(());
        }
        if let Some(file) = &mut self.file
            && !file.is_empty()
        {
            self.head = file.read().await?;
            self.head_cost = self.head.iter().map(Piece::cost).sum();
            return Ok(());
        }
        std::mem::swap(&mut self.head, &mut self.tail);
        self.head_cost = std::mem::take(&mut self.tail_cost);
        Ok(())
    }

    async fn spill(&mut self) -> Result<(), BacklogError> {
        let mut batch = Vec::with_capacity(self.tail_cost);
        for piece in self.tail.drain(..) {
            let length = u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX);
            batch.push(match piece.stream {
                Stream::Stdout => 1,
                Stream::Stderr => 2,
            });
            batch.extend_from_slice(&length.to_le_bytes());
            batch.extend_from_slice(&piece.bytes);
        }
        self.tail_cost = 0;
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(SpoolFile::create(self.file_max).await?),
        };
        file.write(batch).await
    }

    fn file_is_empty(&self) -> bool {
        self.file.as_ref().is_none_or(SpoolFile::is_empty)
    }
}

/// A ring of bytes in a file that is deleted already: it goes with the process, however that ends.
#[derive(Debug)]
struct SpoolFile {
    /// Away only while a thread works on it.
    file: Option<File>,
    written: u64,
    read: u64,
    size: u64,
}

impl SpoolFile {
    async fn create(size: u64) -> io::Result<Self> {
        let file = tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(io::Error::other)??;
        Ok(Self { file: Some(file), written: 0, read: 0, size })
    }

    fn is_empty(&self) -> bool {
        self.written == self.read
    }

    async fn write(&mut self, batch: Vec<u8>) -> Result<(), BacklogError> {
        let length = batch.len() as u64;
        if self.written - self.read + length > self.size {
            return Err(BacklogError::Full(self.size));
        }
        let start = self.written % self.size;
        let until_wrap = usize::try_from(self.size - start).unwrap_or(usize::MAX).min(batch.len());
        self.on_thread(move |file| {
            let (first, wrapped) = batch.split_at(until_wrap);
            file.seek(SeekFrom::Start(start))?;
            file.write_all(first)?;
            if !wrapped.is_empty() {
                file.seek(SeekFrom::Start(0))?;
                file.write_all(wrapped)?;
            }
            Ok(())
        })
        .await?;
        self.written += length;
        Ok(())
    }

    /// A batch of whole pieces; at least one, as the file is not empty.
    async fn read(&mut self) -> Result<VecDeque<Piece>, BacklogError> {
        let waiting = usize::try_from(self.written - self.read).unwrap_or(usize::MAX);
        let length = waiting.min(BATCH_BYTES);
        let start = self.read % self.size;
        let until_wrap = usize::try_from(self.size - start).unwrap_or(usize::MAX).min(length);
        let batch = self
            .on_thread(move |file| {
                let mut batch = vec![0; length];
                let (first, wrapped) = batch.split_at_mut(until_wrap);
                file.seek(SeekFrom::Start(start))?;
                file.read_exact(first)?;
                if !wrapped.is_empty() {
                    file.seek(SeekFrom::Start(0))?;
                    file.read_exact(wrapped)?;
                }
                Ok(batch)
            })
            .await?;
        let mut rest = Bytes::from(batch);
        let mut pieces = VecDeque::new();
        while rest.len() >= HEADER_BYTES {
            let mut header = rest.slice(..HEADER_BYTES);
            let stream = if header.get_u8() == 2 { Stream::Stderr } else { Stream::Stdout };
            let length = header.get_u32_le() as usize;
            if rest.len() < HEADER_BYTES + length {
                break;
            }
            rest.advance(HEADER_BYTES);
            pieces.push_back(Piece { stream, bytes: rest.split_to(length) });
            self.read += (HEADER_BYTES + length) as u64;
        }
        if pieces.is_empty() {
            return Err(io::Error::from(io::ErrorKind::InvalidData).into());
        }
        Ok(pieces)
    }

    async fn on_thread<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let mut file = self.file.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let working = tokio::task::spawn_blocking(move || (work(&mut file), file));
        let (done, file) = working.await.map_err(io::Error::other)?;
        self.file = Some(file);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn drain(backlog: &mut Backlog) -> Vec<Piece> {
        let mut pieces = Vec::new();
        loop {
            backlog.refill().await.expect("it can be read");
            match backlog.take() {
                Some(piece) => pieces.push(piece),
                None => return pieces,
            }
        }
    }

    fn numbered(number: u32) -> (Stream, Bytes) {
        let stream = if number.is_multiple_of(3) { Stream::Stderr } else { Stream::Stdout };
        (stream, Bytes::from(vec![number as u8; 1 + (number as usize * 7919) % 3000]))
    }

    #[tokio::test]
    async fn what_went_through_memory_and_the_file_comes_back_in_order_and_whole() {
        let mut backlog = Backlog::with_limits(10_000, 8 * 1024 * 1024);
        for number in 0..4000 {
            let (stream, bytes) = numbered(number);
            backlog.push(stream, bytes).await.expect("there is room");
        }
        assert!(!backlog.has_room_in_memory());
        let pieces = drain(&mut backlog).await;
        assert_eq!(pieces.len(), 4000);
        for (number, piece) in (0..).zip(pieces) {
            let (stream, bytes) = numbered(number);
            assert_eq!(piece, Piece { stream, bytes }, "piece {number}");
        }
        assert!(backlog.has_room_in_memory());
    }

    #[tokio::test]
    async fn what_comes_while_the_file_holds_something_waits_behind_it() {
        let mut backlog = Backlog::with_limits(1000, 8 * 1024 * 1024);
        let mut numbers = 0..;
        let mut push = async |backlog: &mut Backlog, count| {
            for number in numbers.by_ref().take(count) {
                let (stream, bytes) = numbered(number);
                backlog.push(stream, bytes).await.expect("there is room");
            }
        };
        push(&mut backlog, 2000).await;
        // The memory is empty now, and the file is not.
        let mut taken: Vec<Piece> = std::iter::from_fn(|| backlog.take()).collect();
        push(&mut backlog, 10).await;
        taken.extend(drain(&mut backlog).await);
        assert_eq!(taken.len(), 2010);
        for (number, piece) in (0..).zip(taken) {
            assert_eq!(piece.bytes, numbered(number).1, "piece {number}");
        }
    }

    #[tokio::test]
    async fn a_reader_that_stays_behind_may_go_round_the_file_many_times() {
        let mut backlog = Backlog::with_limits(1000, 3 * BATCH_BYTES as u64);
        let (mut pushed, mut taken) = (0, 0);
        while taken < 6000 {
            for _ in 0..20 {
                let (stream, bytes) = numbered(pushed);
                backlog.push(stream, bytes).await.expect("there is room");
                pushed += 1;
            }
            while pushed - taken > 500 {
                backlog.refill().await.expect("it can be read");
                let (stream, bytes) = numbered(taken);
                assert_eq!(backlog.take(), Some(Piece { stream, bytes }), "piece {taken}");
                taken += 1;
            }
        }
    }

    #[tokio::test]
    async fn more_than_the_file_holds_is_refused_also_as_single_bytes() {
        for size in [1, 50_000] {
            let mut backlog = Backlog::with_limits(1000, 2 * BATCH_BYTES as u64);
            let mut kept = 0_usize;
            let full = loop {
                match backlog.push(Stream::Stdout, Bytes::from(vec![0; size])).await {
                    Ok(()) => kept += size,
                    Err(error) => break error,
                }
                assert!(kept < 4 * BATCH_BYTES, "it is bounded");
            };
            assert!(matches!(full, BacklogError::Full(_)), "{full:?}");
        }
    }

    #[tokio::test]
    async fn a_piece_of_any_length_is_divided() {
        let mut backlog = Backlog::with_limits(100, 8 * 1024 * 1024);
        let long = Bytes::from((0..1_000_000_u32).map(|number| number as u8).collect::<Vec<_>>());
        backlog.push(Stream::Stdout, long.clone()).await.expect("there is room");
        let pieces = drain(&mut backlog).await;
        assert!(pieces.iter().all(|piece| piece.bytes.len() <= PIECE_MAX_BYTES));
        assert!(pieces.iter().flat_map(|piece| piece.bytes.iter()).eq(long.iter()));
    }
}
