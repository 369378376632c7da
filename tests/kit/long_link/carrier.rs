//! The queue between the two devices of a link: a thread for each direction.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::tun;

/// How a link treats packets, the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Link {
    /// One way.
    pub delay_ms: u64,
    /// Of the packets, at random from a fixed seed.
    pub loss_percent: f64,
    /// No limit if 0.
    pub bytes_per_second: u64,
    /// Nothing passes, and what is on its way is lost.
    pub black_hole: bool,
}

/// One TCP segment as the kernel hands it over with segmentation offload, and its header.
const PACKET_BYTES: usize = 70_000;
/// Packets on their way in one direction: 20,000 of 1,500 bytes are 30 MB, a gigabit for 240 ms. One more is lost, as at a full
/// router.
const QUEUE_PACKETS: usize = 20_000;
/// How often a thread looks whether it shall end.
const LOOK: Duration = Duration::from_millis(100);

/// Both directions of a link.
#[derive(Debug)]
pub(super) struct Carrier {
    link: RwLock<Link>,
    ending: AtomicBool,
    threads: RwLock<Vec<JoinHandle<()>>>,
}

impl Carrier {
    /// Makes both devices, in the present namespace, and carries packets between them.
    pub(super) fn start(far: &str, near: &str, link: Link) -> std::io::Result<Arc<Carrier>> {
        let (far, near) = (Arc::new(tun::open(far)?), Arc::new(tun::open(near)?));
        let carrier = Arc::new(Carrier {
            link: RwLock::new(link),
            ending: AtomicBool::new(false),
            threads: RwLock::default(),
        });
        let carry = |from: &Arc<File>, to: &Arc<File>, seed: u64| {
            let (carrier, from, to) = (Arc::clone(&carrier), Arc::clone(from), Arc::clone(to));
            std::thread::spawn(move || carrier.carry(&from, &to, seed))
        };
        let threads =
            vec![carry(&far, &near, 0x9e37_79b9_7f4a_7c15), carry(&near, &far, 0xd1b5_4a32_d192_ed03)];
        *carrier.threads.write().unwrap_or_else(PoisonError::into_inner) = threads;
        Ok(carrier)
    }

    pub(super) fn set(&self, link: Link) {
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = link;
    }

    pub(super) fn now(&self) -> Link {
        *self.link.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends both threads and closes the devices, which removes them.
    pub(super) fn stop(&self) {
        self.ending.store(true, Ordering::Release);
        for thread in std::mem::take(&mut *self.threads.write().unwrap_or_else(PoisonError::into_inner)) {
            // A panic there has been printed.
            let _ = thread.join();
        }
    }

    fn carry(&self, mut from: &File, mut to: &File, seed: u64) {
        let mut queue: VecDeque<(Instant, Box<[u8]>)> = VecDeque::new();
        let mut packet = vec![0; PACKET_BYTES];
        let mut random = seed;
        let mut line_free = Instant::now();
        while !self.ending.load(Ordering::Acquire) {
            let due = queue.front().map(|(due, _)| due.saturating_duration_since(Instant::now()));
            wait_readable(from, due.map_or(LOOK, |due| due.min(LOOK)));
            let link = self.now();
            if link.black_hole {
                queue.clear();
            }
            // The device does not block: an error means that there is no packet now.
            while let Ok(length @ 1..) = from.read(&mut packet) {
                let lost = link.black_hole || fraction(&mut random) * 100.0 < link.loss_percent;
                if lost || queue.len() >= QUEUE_PACKETS {
                    continue;
                }
                line_free = line_free.max(Instant::now());
                if link.bytes_per_second > 0 {
                    line_free += Duration::from_secs_f64(length as f64 / link.bytes_per_second as f64);
                }
                queue.push_back((line_free + Duration::from_millis(link.delay_ms), packet[..length].into()));
            }
            while queue.front().is_some_and(|(due, _)| *due <= Instant::now()) {
                if let Some((_, packet)) = queue.pop_front() {
                    // A receiver that is full or not up yet loses it, as on a real link.
                    let _ = to.write(&packet);
                }
            }
        }
    }
}

/// xorshift64 as a fraction below 1.
fn fraction(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

fn wait_readable(file: &File, time: Duration) {
    let time = Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
    // An error is as good as the end of the time.
    let _ = poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&time));
}
