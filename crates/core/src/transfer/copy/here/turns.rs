//! Turns at the disks of this computer: a folder of many small files must not take every thread of the engine.

use std::io;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::blocking;

/// Operations of one run (of a sync: on each side) that wait for a disk at once, each on a thread. The engine has 512 threads for whatever may block, so
/// that a disk that hangs stops its own jobs only.
const DISK_CALLS: usize = 32;

/// The turns of one run.
#[derive(Debug, Clone)]
pub struct DiskTurns(Arc<Semaphore>);

impl Default for DiskTurns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(DISK_CALLS)))
    }
}

impl DiskTurns {
    /// Does something short on a thread that may block, when there is a turn for it.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let turn = Arc::clone(&self.0).acquire_owned().await;
        blocking(move || {
            // Until the thread is free again, whether anybody waits for it or not.
            let _turn = turn;
            work()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_disk_that_hangs_keeps_no_more_threads_than_it_has_turns() {
        let turns = DiskTurns::default();
        let (under_way, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let hanging = |_| {
            let (turns, under_way, most) = (turns.clone(), Arc::clone(&under_way), Arc::clone(&most));
            tokio::spawn(async move {
                let hang = move || {
                    most.fetch_max(under_way.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::sleep(Duration::from_millis(50));
                    under_way.fetch_sub(1, SeqCst);
                    Ok(())
                };
                turns.work(hang).await
            })
        };
        let mut tasks: Vec<_> = (0..4 * DISK_CALLS).map(hanging).collect();
        while under_way.load(SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        // Whoever waits no longer gives back no thread.
        tasks.drain(..DISK_CALLS).for_each(|task| task.abort());
        for task in tasks {
            task.await.expect("it ends").expect("done");
        }
        assert_eq!(most.load(SeqCst), DISK_CALLS);
    }
}
