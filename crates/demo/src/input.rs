//! Input on its way from the client to a program: a queue in memory that goes on in a file without a name.
//!
//! russh re-opens a channel's window as soon as data arrives, so a client may send any amount to a program that does not read.
//! Making the connection wait for that program would stop its neighbours, and could stop it for ever: the client's
//! permission for more output may stand behind the data that nobody takes. So the queue takes everything, up to a limit that
//! a file can bear.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use crate::positional::{read_at, write_all_at};

/// Input kept in memory per channel. Usually none is: keys are read at once.
const MEMORY_BYTES: usize = 1024 * 1024;
/// Input kept in the file per channel. When that is full, too, the connection waits for a while and then ends the channel.
const FILE_BYTES: u64 = 256 * 1024 * 1024;
/// Most bytes read back from the file at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Input from the client, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Data(Bytes),
    End,
}

/// The side of the connection.
#[derive(Debug)]
pub(crate) struct InputSender(Arc<Queue>);

/// The side of the program. Dropping it makes the queue swallow whatever still comes.
#[derive(Debug)]
pub(crate) struct InputReceiver(Arc<Queue>);

/// Why input was not taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// The queue is full; [`InputSender::room`] waits for space.
    Full,
    /// The file cannot be written: the disk is full, most likely.
    Broken(io::Error),
}

/// A queue and its two ends.
pub(crate) fn queue() -> (InputSender, InputReceiver) {
    let queue = Arc::new(Queue::default());
    (InputSender(Arc::clone(&queue)), InputReceiver(queue))
}

#[derive(Debug, Default)]
struct Queue {
    /// Locked for a copy of at most one packet, to memory or to the system's file cache.
    held: Mutex<Held>,
    arrived: Notify,
    taken: Notify,
}

#[derive(Debug, Default)]
struct Held {
    /// Older than anything in the file.
    memory: VecDeque<Bytes>,
    memory_bytes: usize,
    file: Option<Overflow>,
    ended: bool,
    /// The program's side is gone.
    unwanted: bool,
}

#[derive(Debug)]
struct Overflow {
    file: File,
    read: u64,
    written: u64,
}

impl InputSender {
    /// Puts a packet at the end of the queue, or takes nothing of it.
    pub(crate) fn push(&self, data: &[u8]) -> Result<(), NotTaken> {
        self.0.held().push(data)?;
        self.0.arrived.notify_one();
        Ok(())
    }

    /// Says that no more input comes.
    pub(crate) fn end(&self) {
        self.0.held().ended = true;
        self.0.arrived.notify_one();
    }

    /// Waits until something was taken from the queue.
    pub(crate) async fn room(&self) {
        self.0.taken.notified().await;
    }

    /// Whether the program's side is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.held().unwanted
    }
}

impl Drop for InputSender {
    fn drop(&mut self) {
        self.end();
    }
}

impl InputReceiver {
    /// The next input. [`Input::End`] comes once and is the last; to ask again after it is to wait for ever. Input that
    /// cannot be read back counts as the end.
    pub(crate) async fn next(&mut self) -> Input {
        loop {
            match self.0.held().next() {
                Ok(Some(data)) => {
                    self.0.taken.notify_one();
                    return Input::Data(data);
                }
                Ok(None) => {}
                Err(cause) => {
                    tracing::warn!(%cause, "demo host: input cannot be read back");
                    return Input::End;
                }
            }
            if self.0.held().take_end() {
                return Input::End;
            }
            self.0.arrived.notified().await;
        }
    }
}

impl Drop for InputReceiver {
    fn drop(&mut self) {
        let mut held = self.0.held();
        *held = Held { unwanted: true, ..Held::default() };
        drop(held);
        self.0.taken.notify_one();
    }
}

impl Queue {
    fn held(&self) -> MutexGuard<'_, Held> {
        // A panic elsewhere leaves nothing half done in it.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn push(&mut self, data: &[u8]) -> Result<(), NotTaken> {
        if self.unwanted || data.is_empty() {
            return Ok(());
        }
        if self.file.is_none() && self.memory_bytes + data.len() <= MEMORY_BYTES {
            self.memory.push_back(Bytes::copy_from_slice(data));
            self.memory_bytes += data.len();
            return Ok(());
        }
        let overflow = match &mut self.file {
            Some(overflow) => overflow,
            none => none.insert(Overflow::new().map_err(NotTaken::Broken)?),
        };
        if overflow.written + data.len() as u64 > FILE_BYTES {
            return Err(NotTaken::Full);
        }
        write_all_at(&overflow.file, data, overflow.written).map_err(NotTaken::Broken)?;
        overflow.written += data.len() as u64;
        Ok(())
    }

    fn next(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(data) = self.memory.pop_front() {
            self.memory_bytes -= data.len();
            return Ok(Some(data));
        }
        let Some(overflow) = &mut self.file else {
            return Ok(None);
        };
        let data = overflow.next()?;
        if overflow.read == overflow.written {
            // Its space goes back to the system.
            self.file = None;
        }
        Ok(Some(data))
    }

    fn take_end(&mut self) -> bool {
        let drained = self.memory.is_empty() && self.file.is_none();
        drained && std::mem::take(&mut self.ended)
    }
}

impl Overflow {
    fn new() -> io::Result<Overflow> {
        Ok(Overflow { file: tempfile::tempfile()?, read: 0, written: 0 })
    }

    fn next(&mut self) -> io::Result<Bytes> {
        let left = usize::try_from(self.written - self.read).unwrap_or(usize::MAX);
        let mut data = BytesMut::zeroed(left.min(CHUNK_BYTES));
        let read = read_at(&self.file, &mut data, self.read)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        data.truncate(read);
        self.read += read as u64;
        Ok(data.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: usize = 32 * 1024;

    fn packet(number: usize) -> Vec<u8> {
        vec![(number % 251) as u8; PACKET]
    }

    /// Takes everything up to the end and checks that it is these packets.
    async fn drain(receiver: &mut InputReceiver, packets: std::ops::Range<usize>) {
        let mut bytes = Vec::new();
        while let Input::Data(data) = receiver.next().await {
            bytes.extend_from_slice(&data);
        }
        assert_eq!(bytes.len(), packets.len() * PACKET);
        for (index, number) in packets.enumerate() {
            assert!(bytes[index * PACKET..][..PACKET] == packet(number)[..], "packet {number}");
        }
    }

    #[tokio::test]
    async fn order_is_kept_through_memory_and_file_and_memory_again() {
        let (sender, mut receiver) = queue();
        for number in 0..100 {
            sender.push(&packet(number)).expect("taken");
        }
        for number in 0..50 {
            assert_ne!(receiver.next().await, Input::End, "{number}");
        }
        assert!(sender.0.held().file.is_some(), "3 MiB are not kept in memory");
        drop(receiver);

        let (sender, mut receiver) = queue();
        for round in 0..3 {
            for number in round * 100..(round + 1) * 100 {
                sender.push(&packet(number)).expect("taken");
            }
        }
        sender.end();
        drain(&mut receiver, 0..300).await;
    }

    #[tokio::test]
    async fn a_drained_file_is_given_back() {
        let (sender, mut receiver) = queue();
        for number in 0..40 {
            sender.push(&packet(number)).expect("taken");
        }
        let mut taken = 0;
        while taken < 40 * PACKET {
            match receiver.next().await {
                Input::Data(data) => taken += data.len(),
                Input::End => panic!("it has not ended"),
            }
        }
        assert!(sender.0.held().file.is_none());
        sender.push(b"more").expect("taken");
        assert_eq!(receiver.next().await, Input::Data(Bytes::from_static(b"more")));
    }

    #[tokio::test]
    async fn a_full_queue_takes_nothing_until_there_is_room() {
        let (sender, mut receiver) = queue();
        let mut pushed = 0;
        while sender.push(&packet(pushed)).is_ok() {
            pushed += 1;
        }
        assert_eq!(pushed * PACKET, MEMORY_BYTES + FILE_BYTES as usize);
        receiver.next().await;
        tokio::time::timeout(std::time::Duration::from_secs(5), sender.room()).await.expect("room");
    }

    #[tokio::test]
    async fn the_end_comes_last_and_also_when_the_connection_is_gone() {
        let (sender, mut receiver) = queue();
        sender.push(b"x").expect("taken");
        drop(sender);
        assert_eq!(receiver.next().await, Input::Data(Bytes::from_static(b"x")));
        assert_eq!(receiver.next().await, Input::End);
    }

    #[tokio::test]
    async fn input_for_a_program_that_is_gone_is_swallowed() {
        let (sender, receiver) = queue();
        drop(receiver);
        assert!(sender.is_closed());
        for number in 0..10_000 {
            sender.push(&packet(number)).expect("swallowed");
        }
        assert_eq!(sender.0.held().memory_bytes, 0);
    }
}
