//! Somebody who reads targets all the time: at no moment is there anything but the old file or the new one.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Reads targets all the time: each is the old file or the new one, whole.
pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
    ended: Arc<AtomicBool>,
}

#[derive(Default)]
struct Seen {
    targets: Vec<(PathBuf, [Vec<u8>; 2])>,
    broken: Option<String>,
}

impl Watch {
    pub(super) fn start() -> Self {
        let (seen, ended) = (Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let (watched, is_over) = (Arc::clone(&seen), Arc::clone(&ended));
        std::thread::spawn(move || {
            while !is_over.load(Relaxed) {
                look(&mut watched.lock().unwrap_or_else(PoisonError::into_inner));
                std::thread::sleep(Duration::from_millis(3));
            }
        });
        Self { seen, ended }
    }

    /// Writes the old file, and watches it from now on until another list is given.
    pub(super) fn over(&self, targets: &[(PathBuf, &[u8])]) {
        let mut seen = self.seen();
        seen.targets.clear();
        for (path, new) in targets {
            let old = format!("the old {}", path.display()).into_bytes();
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, &old).expect("written");
            seen.targets.push((path.clone(), [old, new.to_vec()]));
        }
    }

    pub(super) fn clear(&self) {
        self.seen().targets.clear();
    }

    pub(super) fn broken(&self) -> Option<String> {
        let mut seen = self.seen();
        look(&mut seen);
        seen.broken.take()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.store(true, Relaxed);
    }
}

fn look(seen: &mut Seen) {
    for (path, either) in &seen.targets {
        match std::fs::read(path) {
            Ok(there) if either.contains(&there) => {}
            Ok(there) => {
                seen.broken = Some(format!("{} is neither, with {} bytes", path.display(), there.len()));
            }
            Err(error) => seen.broken = Some(format!("{}: {error}", path.display())),
        }
    }
}
