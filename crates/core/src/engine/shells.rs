//! The shells that a terminal had one after the other, and what the next one begins with.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::host::options::Multiplexer;
use crate::terminal::Opening;
use crate::terminal::launch::{Arrival, Launch, Place};

/// How often a shell is asked for in its old directory before one at home will do.
const LINES_IN_VAIN: u32 = 2;

/// The shells of one terminal.
#[derive(Debug)]
pub(super) struct Shells {
    /// Random: what a terminal's shells on a host are called by.
    name: Uuid,
    last: Mutex<Last>,
    /// The connection that the newest one is on; none yet is 0.
    lane: AtomicU32,
}

#[derive(Debug, Default)]
struct Last {
    /// The mark of the one that ran last, and the line that ends its session if it lives in one.
    ran: Option<(String, Option<String>)>,
    /// How many were asked for.
    asked: u32,
    /// How many were asked for since one ran.
    in_vain: u32,
}

impl Shells {
    pub fn named(name: Uuid) -> Self {
        Self { name, last: Mutex::default(), lane: AtomicU32::new(0) }
    }

    pub fn name(&self) -> Uuid {
        self.name
    }

    /// The next one is on this connection.
    pub fn moved_to(&self, lane: u32) {
        self.lane.store(lane, Ordering::Relaxed);
    }

    /// Whether the newest one is, or was last, on this connection.
    pub fn is_on(&self, lane: u32) -> bool {
        self.lane.load(Ordering::Relaxed) == lane
    }

    /// What the next one begins with. `asks` says whether the server can be asked where the last one is.
    pub fn launch(&self, opening: Opening, multiplexer: Multiplexer, asks: bool) -> Launch {
        let mut last = self.last();
        last.asked = last.asked.saturating_add(1);
        last.in_vain = last.in_vain.saturating_add(1);
        let place = match (opening, &last.ran) {
            // A server may hang up on a line that it does not know: a shell at home is better than none.
            _ if last.in_vain > LINES_IN_VAIN => Place::Home,
            (Opening::Again { directory: Some(directory) }, _) => Place::At(directory),
            (Opening::Again { directory: None }, Some((mark, _))) if asks => Place::OfShell(mark.clone()),
            (Opening::First | Opening::Again { .. }, _) => Place::Home,
        };
        // Closed by a dash, so that none is the beginning of another one.
        let name = self.name.simple();
        let mark = format!("{name}-{}-", last.asked);
        Launch { mark, place, multiplexer, session: format!("bowline-{name}") }
    }

    pub fn opened(&self, launch: Launch, arrival: Arrival) {
        let lives_on = matches!(arrival, Arrival::NewSession | Arrival::SameSession);
        let end_line = launch.end_line().filter(|_| lives_on);
        let mut last = self.last();
        (last.ran, last.in_vain) = (Some((launch.mark, end_line)), 0);
    }

    /// The mark of the one that ran last.
    pub fn mark(&self) -> Option<String> {
        self.last().ran.as_ref().map(|(mark, _)| mark.clone())
    }

    /// The line that ends the session of the last one; nothing if it does not outlive its terminal.
    pub fn end_line(&self) -> Option<String> {
        self.last().ran.as_ref().and_then(|(_, end_line)| end_line.clone())
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a server, by its identification, runs on a system that has a /proc to look into. Routers and the like are left alone.
pub(super) fn may_be_asked(server: Option<&str>) -> bool {
    server.is_some_and(|server| {
        (server.starts_with("OpenSSH") || server.starts_with("dropbear")) && !server.contains("Windows")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::directory::Directory;

    fn again() -> Opening {
        Opening::Again { directory: None }
    }

    #[test]
    fn a_lost_shell_is_asked_for_by_its_own_mark_and_not_by_that_of_one_that_never_ran() {
        let shells = Shells::named(Uuid::new_v4());
        let first = shells.launch(Opening::First, Multiplexer::None, true);
        assert_eq!(first.place, Place::Home);
        shells.opened(first.clone(), Arrival::Shell);
        let second = shells.launch(again(), Multiplexer::None, true);
        let third = shells.launch(again(), Multiplexer::None, true);
        assert_ne!(second.mark, third.mark);
        assert_eq!(third.place, Place::OfShell(first.mark.clone()));
        shells.opened(third.clone(), Arrival::Shell);
        assert_eq!(shells.launch(again(), Multiplexer::None, false).place, Place::Home);
        let directory = Directory { host: vec![], path: b"/srv".to_vec() };
        let told = Opening::Again { directory: Some(directory.clone()) };
        assert_eq!(shells.launch(told, Multiplexer::None, true).place, Place::At(directory));
        assert_eq!(first.session, third.session);
    }

    #[test]
    fn a_server_that_hangs_up_on_the_line_gives_a_shell_at_home_in_the_end() {
        let shells = Shells::named(Uuid::new_v4());
        shells.opened(shells.launch(Opening::First, Multiplexer::None, true), Arrival::Shell);
        let places: Vec<Place> =
            (0..4).map(|_| shells.launch(again(), Multiplexer::None, true).place).collect();
        assert!(matches!(places[..2], [Place::OfShell(_), Place::OfShell(_)]), "{places:?}");
        assert_eq!(places[2..], [Place::Home, Place::Home]);
    }

    #[test]
    fn only_servers_that_may_have_a_proc_are_asked() {
        for (server, asked) in [
            ("OpenSSH_9.2p1 Debian-2", true),
            ("dropbear_2022.83", true),
            ("OpenSSH_for_Windows_9.5", false),
            ("ROSSSH", false),
            ("Cisco-1.25", false),
        ] {
            assert_eq!(may_be_asked(Some(server)), asked, "{server}");
        }
        assert!(!may_be_asked(None));
    }
}
