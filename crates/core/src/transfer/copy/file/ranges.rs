//! A large file in pieces over several lanes. Whichever lane is free takes the next piece, so that one that is slow or dies holds
//! up its piece and nothing else.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::fault::{Fault, Result, not_copied};
use super::super::lanes::{LANES, Taken, WORTH_BYTES, Which};
use super::super::tree::{Names, Tree};
use super::{Copy, REMEMBER_EVERY};

/// What a lane takes at once: short enough that one that dies costs little, long enough that opening the file for it does not
/// show beside it.
const PIECE_BYTES: u64 = 8 * 1024 * 1024;
/// Pieces of a lane that are under way, so that it does not stand still between two.
const AT_ONCE: usize = 2;
/// One round trip of so long, and a single stream is bound by its window (design.md, fact 5).
const LONG: Duration = Duration::from_millis(20);
/// Between here and there two lanes are enough.
const MEDIUM: Duration = Duration::from_millis(5);
/// Whoever allows less than this has no use for more lanes.
const SLOW_BYTES_PER_SECOND: u64 = 10 * 1024 * 1024;

/// Which pieces are there, which are under way, and which are to be done.
#[derive(Debug)]
struct Pieces {
    /// From here on nothing was taken yet.
    next: u64,
    until: u64,
    /// Taken, and given back by lanes that were lost.
    back: Vec<Range<u64>>,
    /// Everything before this is there.
    prefix: u64,
    /// What is there behind the first gap, by its beginning: as many as there are lanes, and a few more.
    done: BTreeMap<u64, u64>,
}

impl Pieces {
    fn new(at: u64, until: u64) -> Self {
        Self { next: at, until, back: Vec::new(), prefix: at, done: BTreeMap::new() }
    }

    /// The next piece, those that were given back first: they make the first gap.
    fn take(&mut self) -> Option<Range<u64>> {
        let earliest = (0..self.back.len()).min_by_key(|&at| self.back[at].start);
        if let Some(at) = earliest {
            return Some(self.back.swap_remove(at));
        }
        let piece = self.next..self.until.min(self.next.saturating_add(PIECE_BYTES));
        self.next = piece.end;
        (!piece.is_empty()).then_some(piece)
    }

    fn done(&mut self, piece: Range<u64>) {
        if piece.is_empty() {
            return;
        }
        self.done.insert(piece.start, piece.end);
        while let Some(end) = self.done.remove(&self.prefix) {
            self.prefix = end;
        }
    }

    fn give_back(&mut self, piece: Range<u64>) {
        if !piece.is_empty() {
            self.back.push(piece);
        }
    }

    fn is_done(&self) -> bool {
        self.prefix == self.until
    }
}

/// A file that goes in pieces.
struct Work<'a> {
    copy: &'a Copy<'a>,
    part: &'a Names,
    key: &'a [u8],
    pieces: Mutex<Pieces>,
    /// A piece was done or given back.
    changed: Notify,
    counted: AtomicU64,
    remembered: Mutex<Instant>,
    stop: CancellationToken,
    /// What ends all of it, or the last loss of a lane.
    fault: Mutex<Option<Fault>>,
}

/// Files of hosts that a worker has open, from one piece to the next.
#[derive(Debug, Default)]
struct Open {
    from: Option<bowline_sftp::File>,
    to: Option<bowline_sftp::File>,
}

impl Copy<'_> {
    /// The lanes that the rest of a file is worth, beside the first one: none on a short line, where one is the fastest.
    pub(super) async fn more_lanes(&self, left: u64) -> Result<Vec<Taken<'_>>> {
        let Copy { run, source, from, .. } = *self;
        if left < WORTH_BYTES {
            return Ok(Vec::new());
        }
        let limit = run.live.bytes_per_second();
        if limit > 0 && limit < SLOW_BYTES_PER_SECOND {
            return Ok(Vec::new());
        }
        let mut round_trip = Duration::ZERO;
        for (tree, names) in [(&source.tree, from), (&run.to, &[][..])] {
            let Tree::Host(host) = tree else { continue };
            let Some(connection) = host.files.connection().filter(|connection| !connection.has_asked())
            else {
                return Ok(Vec::new());
            };
            let known = connection.health().round_trips.iter().map(|trip| trip.ms).reduce(f64::min);
            let known = known.map(|ms| Duration::from_secs_f64(ms.max(0.0) / 1000.0));
            round_trip = round_trip.max(round_trip_of(tree, names, known).await?);
        }
        let more = match round_trip {
            long if long >= LONG => LANES - 1,
            medium if medium >= MEDIUM => 1,
            _ => 0,
        };
        Ok((0..more).map_while(|_| run.lanes.take_free()).collect())
    }

    /// Opens the lanes while something else is done, and as long as that takes: each is used as soon as it is there.
    pub(super) async fn beside_dialling<T>(&self, lanes: &[Taken<'_>], work: impl Future<Output = T>) -> T {
        let dialling = join_all(lanes.iter().map(|lane| async {
            futures::join!(lane.own(Which::From, &self.source.tree), lane.own(Which::To, &self.run.to))
        }));
        let (mut dialling, mut work) = (std::pin::pin!(dialling), std::pin::pin!(work));
        tokio::select! {
            done = &mut work => return done,
            _ = &mut dialling => {}
        }
        work.await
    }

    /// Copies everything from `at` on. Says up to where it is verified, in any case.
    pub(super) async fn in_ranges(
        &self,
        (part, key): (&Names, &[u8]),
        at: u64,
        lanes: &[Taken<'_>],
        counted: &mut u64,
    ) -> (u64, Result<()>) {
        let work = Work {
            copy: self,
            part,
            key,
            pieces: Mutex::new(Pieces::new(at, self.facts.size)),
            changed: Notify::new(),
            counted: AtomicU64::new(0),
            remembered: Mutex::new(Instant::now()),
            stop: self.run.halt.child_token(),
            fault: Mutex::default(),
        };
        join_all(lanes.iter().enumerate().map(|(number, lane)| work.lane(number, lane))).await;
        *counted += work.counted.load(Relaxed);
        let pieces = work.pieces.into_inner().unwrap_or_else(PoisonError::into_inner);
        let fault = work.fault.into_inner().unwrap_or_else(PoisonError::into_inner);
        let result = match fault {
            _ if pieces.is_done() => self.look_again().await,
            _ if self.run.halt.is_cancelled() => Err(Fault::Stopped),
            Some(fault) => Err(fault),
            None => Err(not_copied(&self.source.tree.shown(self.from), "changed")),
        };
        (pieces.prefix, result)
    }
}

/// The shortest of a few, since others may be busy on the line; one is enough where the connection has been measured before.
async fn round_trip_of(tree: &Tree, names: &Names, known: Option<Duration>) -> Result<Duration> {
    let mut shortest = known.unwrap_or(Duration::MAX);
    for _ in 0..if known.is_some() { 1 } else { 3 } {
        let asked = Instant::now();
        tree.look(names).await?;
        shortest = shortest.min(asked.elapsed());
    }
    Ok(shortest)
}

impl Work<'_> {
    async fn lane(&self, number: usize, lane: &Taken<'_>) {
        let (source, target) = (&self.copy.source.tree, &self.copy.run.to);
        let opening = async {
            let (from, to) = futures::join!(lane.own(Which::From, source), lane.own(Which::To, target));
            match (from, to) {
                (Some(from), Some(to)) => Some((from, to)),
                // One lane there always is: the session that is there already.
                _ if number == 0 => Some((source.clone(), target.clone())),
                _ => None,
            }
        };
        let opened = tokio::select! {
            opened = opening => opened,
            () = self.stop.cancelled() => None,
        };
        let Some((from, to)) = opened else { return };
        join_all((0..AT_ONCE).map(|_| self.worker(&from, &to))).await;
    }

    async fn worker(&self, from: &Tree, to: &Tree) {
        let mut open = Open::default();
        while let Some(piece) = self.next().await {
            let (verified, copied) = self.piece(from, to, &piece, &mut open).await;
            {
                let mut pieces = self.pieces();
                pieces.done(piece.start..verified);
                pieces.give_back(verified..piece.end);
            }
            self.remember(copied.is_err());
            self.changed.notify_waiters();
            let Err(fault) = copied else { continue };
            let mut first = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
            match fault {
                // This lane is gone; the others go on with its piece.
                Fault::Lost(_) => {
                    tracing::info!(?fault, "a lane of a large file was lost");
                    first.get_or_insert(fault);
                }
                fault => {
                    if first.as_ref().is_none_or(|first| matches!(first, Fault::Lost(_))) {
                        *first = Some(fault);
                    }
                    self.stop.cancel();
                }
            }
            return;
        }
    }

    /// The next piece. While others may still give theirs back it waits for that; None when there is nothing more to do.
    async fn next(&self) -> Option<Range<u64>> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.stop.is_cancelled() {
                return None;
            }
            {
                let mut pieces = self.pieces();
                if let Some(piece) = pieces.take() {
                    return Some(piece);
                }
                if pieces.is_done() {
                    return None;
                }
            }
            tokio::select! {
                () = changed => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Copies one piece. Says up to where it is verified, in any case.
    async fn piece(&self, from: &Tree, to: &Tree, piece: &Range<u64>, open: &mut Open) -> (u64, Result<()>) {
        let opening = async {
            futures::try_join!(
                to.write_range(self.part, piece.start, open.to.take()),
                from.read_piece(self.copy.from, piece.start, piece.end, open.from.take()),
            )
        };
        let (mut writer, mut reader) = match opening.await {
            Ok(both) => both,
            Err(fault) => return (piece.start, Err(fault)),
        };
        let live = &self.copy.run.live;
        let mut position = piece.start;
        let pumping = async {
            while let Some(bytes) = reader.next().await? {
                live.pass(bytes.len()).await;
                if self.stop.is_cancelled() {
                    return Err(Fault::Stopped);
                }
                let length = bytes.len() as u64;
                writer.write(bytes).await?;
                position += length;
                live.add_bytes(length);
                self.counted.fetch_add(length, Relaxed);
            }
            if position == piece.end {
                return Ok(());
            }
            Err(not_copied(&self.copy.source.tree.shown(self.copy.from), "changed"))
        };
        let pumped = tokio::select! {
            pumped = pumping => pumped,
            () = self.stop.cancelled() => Err(Fault::Stopped),
        };
        let (verified, copied) = match pumped {
            Ok(()) => match writer.finish_range().await {
                Ok(file) => {
                    *open = Open { from: reader.into_file(), to: file };
                    (piece.end, Ok(()))
                }
                Err(fault) => (piece.start, Err(fault)),
            },
            Err(fault) => (writer.abandon().await.clamp(piece.start, piece.end), Err(fault)),
        };
        let lost = position.saturating_sub(verified);
        self.counted.fetch_sub(lost, Relaxed);
        live.take_bytes(lost);
        (verified, copied)
    }

    /// Writes down how far the file is, now and then: up to the first gap.
    fn remember(&self, now: bool) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if now || remembered.elapsed() >= REMEMBER_EVERY {
            *remembered = Instant::now();
            let verified = self.pieces().prefix;
            self.copy.run.live.remember(self.key, Some(self.copy.remembered(verified)));
        }
    }

    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_in_one_piece_and_what_comes_back_goes_out_first() {
        let mut pieces = Pieces::new(5, 5 + 2 * PIECE_BYTES + 7);
        let (one, two) = (pieces.take().expect("a piece"), pieces.take().expect("a piece"));
        assert_eq!((one.clone(), two.clone()), (5..5 + PIECE_BYTES, 5 + PIECE_BYTES..5 + 2 * PIECE_BYTES));
        pieces.done(two.clone());
        assert_eq!(pieces.prefix, 5, "there is a gap before it");
        pieces.done(one.start..one.start + 100);
        pieces.give_back(one.start + 100..one.end);
        assert_eq!(pieces.prefix, 105);
        assert_eq!(pieces.take(), Some(one.start + 100..one.end));
        pieces.done(one.start + 100..one.end);
        assert_eq!(pieces.prefix, two.end);
        let last = pieces.take().expect("a piece");
        assert_eq!(last, two.end..two.end + 7);
        assert_eq!(pieces.take(), None);
        assert!(!pieces.is_done());
        pieces.done(last);
        assert!(pieces.is_done());
    }
}
