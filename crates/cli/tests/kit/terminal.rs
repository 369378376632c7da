//! A shell in a terminal, with a person in front of it.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bowline_tests::eventually::eventually;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::{BOWLINE, Home, STRANGE};

pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<Mutex<Vec<u8>>>,
    /// What was shown and looked at.
    seen: usize,
}

impl Terminal {
    /// A line for the shell, where `$BOWLINE` is the command.
    pub fn run(home: &Home, line: &str) -> Self {
        let pair = native_pty_system().openpty(size(24, 80)).expect("a terminal");
        let mut command = CommandBuilder::new("bash");
        command.args(["-c", line]);
        command.cwd(home.path());
        command.env("HOME", home.path());
        command.env("BOWLINE", BOWLINE);
        command.env("TERM", "xterm");
        for name in STRANGE {
            command.env_remove(name);
        }
        let child = pair.slave.spawn_command(command).expect("bash runs");
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its keys");
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let showing = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // The terminal is hung up when its last program has ended.
            while let Ok(length @ 1..) = output.read(&mut piece) {
                showing.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..length]);
            }
        });
        Self { master: pair.master, keys, child, shown, seen: 0 }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Waits until a text is shown after all that was waited for before.
    pub async fn shows(&mut self, text: &str) {
        let mut found = None;
        let (shown, seen) = (Arc::clone(&self.shown), self.seen);
        let what = format!("{text:?} on the terminal");
        let looking = eventually(&what, || {
            let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            found = shown[seen..].windows(text.len()).position(|window| window == text.as_bytes());
            found.is_some()
        });
        let watch = Watch(Arc::clone(&self.shown));
        looking.await;
        std::mem::forget(watch);
        self.seen += found.expect("waited for it") + text.len();
    }

    pub fn type_in(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).expect("the terminal takes it");
        self.keys.flush().expect("the terminal takes it");
    }

    pub fn resize(&self, rows: u16, cols: u16) {
        self.master.resize(size(rows, cols)).expect("it is resized");
    }

    /// Waits for the shell to end.
    pub async fn end(&mut self) -> u32 {
        let mut status = None;
        let watch = Watch(Arc::clone(&self.shown));
        eventually("the shell ends", || {
            status = self.child.try_wait().expect("it can be waited for");
            status.is_some()
        })
        .await;
        std::mem::forget(watch);
        status.expect("waited for it").exit_code()
    }
}

/// Shows what was on the terminal when a wait for it fails.
struct Watch(Arc<Mutex<Vec<u8>>>);

impl Drop for Watch {
    fn drop(&mut self) {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!("--- on the terminal ---\n{}\n---", String::from_utf8_lossy(&shown));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Ended already, or by this; the terminal goes with it and takes its other programs along.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}
