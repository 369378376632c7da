//! A file on its way to a disk of this computer.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::fault::{Result, local, not_copied};
use super::super::tree::{Facts, Finish};
use super::{PIECES, PIECES_OF_RANGE, blocking, finish};

/// Zeros from here on become a hole in the file.
const HOLE_BYTES: u64 = 64 * 1024;
/// Zeros are looked for in blocks of most file systems.
const BLOCK_BYTES: usize = 4096;

/// A file that is written by a thread of its own, so that a slow disk holds up nothing else.
#[derive(Debug)]
pub struct HereWriter {
    pieces: mpsc::Sender<Bytes>,
    written: Arc<AtomicU64>,
    /// None once it has failed.
    thread: Option<JoinHandle<io::Result<std::fs::File>>>,
    shown: PathBuf,
}

/// What one writer writes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it, to its end.
    Whole,
    /// A piece; the file has its length already.
    Range,
}

impl HereWriter {
    pub fn start(file: std::fs::File, at: u64, shown: PathBuf, extent: Extent) -> Self {
        let ahead = if extent == Extent::Whole { PIECES } else { PIECES_OF_RANGE };
        let (pieces, mut taken) = mpsc::channel::<Bytes>(ahead);
        let written = Arc::new(AtomicU64::new(at));
        let counter = Arc::clone(&written);
        let thread = tokio::task::spawn_blocking(move || {
            let mut file = file;
            file.seek(SeekFrom::Start(at))?;
            let (mut position, mut zeros) = (at, 0);
            while let Some(piece) = taken.blocking_recv() {
                write_sparse(&mut file, &piece, &mut zeros)?;
                position += piece.len() as u64;
                counter.store(position, Ordering::Release);
            }
            // A hole at the end has no byte of its own.
            if extent == Extent::Whole {
                file.set_len(position)?;
            }
            Ok(file)
        });
        Self { pieces, written, thread: Some(thread), shown }
    }

    pub async fn write(&mut self, piece: Bytes) -> Result<()> {
        if self.pieces.send(piece).await.is_ok() {
            return Ok(());
        }
        // The thread has ended, and knows why.
        let error = match ended(self.thread.take()).await {
            Err(error) => error,
            Ok(_) => io::ErrorKind::BrokenPipe.into(),
        };
        Err(local(&self.shown, error))
    }

    pub fn verified(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    pub async fn finish(self, facts: &Facts) -> Result<Finish> {
        let Self { pieces, thread, shown, .. } = self;
        drop(pieces);
        let file = ended(thread).await;
        let facts = *facts;
        let finished = match file {
            Ok(file) => {
                blocking(move || {
                    let finish = finish(&file, &facts);
                    file.sync_all()?;
                    Ok((file.metadata()?.len(), finish))
                })
                .await
            }
            Err(error) => Err(error),
        };
        match finished {
            Ok((size, finish)) if size == facts.size => Ok(finish),
            Ok(_) => Err(not_copied(&super::super::fault::shown(&shown), "size")),
            Err(error) => Err(local(&shown, error)),
        }
    }

    /// On the disk too: the file has its length already, so nothing shows a gap later.
    pub async fn finish_range(self) -> Result<()> {
        let Self { pieces, thread, shown, .. } = self;
        drop(pieces);
        let saved = match ended(thread).await {
            Ok(file) => blocking(move || file.sync_data()).await,
            Err(error) => Err(error),
        };
        saved.map_err(|error| local(&shown, error))
    }

    pub async fn abandon(self) -> u64 {
        let Self { pieces, thread, written, .. } = self;
        drop(pieces);
        if let Ok(file) = ended(thread).await {
            let _ = blocking(move || file.sync_data()).await;
        }
        written.load(Ordering::Acquire)
    }
}

/// The file of a thread that has nothing more to write.
async fn ended(thread: Option<JoinHandle<io::Result<std::fs::File>>>) -> io::Result<std::fs::File> {
    match thread {
        Some(thread) => thread.await.unwrap_or_else(|error| Err(io::Error::other(error))),
        None => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

/// Writes, and leaves out long runs of zeros: nothing was written there before, so they are zero anyway. `zeros` are those
/// before the piece that are not written yet.
fn write_sparse(file: &mut std::fs::File, piece: &[u8], zeros: &mut u64) -> io::Result<()> {
    let mut solid = 0;
    let mut at = 0;
    for block in piece.chunks(BLOCK_BYTES) {
        let end = at + block.len();
        if is_zero(block) {
            file.write_all(&piece[solid..at])?;
            *zeros += block.len() as u64;
            solid = end;
        } else if *zeros >= HOLE_BYTES {
            file.seek_relative(i64::try_from(*zeros).unwrap_or(i64::MAX))?;
            *zeros = 0;
        } else if *zeros > 0 {
            io::copy(&mut io::repeat(0).take(*zeros), file)?;
            *zeros = 0;
        }
        at = end;
    }
    file.write_all(&piece[solid..])
}

fn is_zero(bytes: &[u8]) -> bool {
    // Most blocks show at their first bytes that they are not.
    bytes.iter().take(16).all(|&byte| byte == 0)
        && bytes.chunks(256).all(|chunk| chunk == &[0; 256][..chunk.len()])
}
