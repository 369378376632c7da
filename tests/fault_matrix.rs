//! What the network and the server can do to a connection, under every load, and what becomes of its terminals, its
//! commands and its pool.

use std::time::Duration;

use bowline_core::connection::state::ConnectionState;
use bowline_core::error::ErrorCode;
use bowline_core::exec::{Exec, ExecEnd, ExecEvent, ExecRequest};
use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::network::NetworkEvent;
use bowline_tests::available;
use bowline_tests::desk::{Desk, Screen, at};
use bowline_tests::eventually::{eventually, holds_within};
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::memory::status_kib;
use bowline_tests::sshd::Sshd;
use futures::future::join_all;
use tokio::time::Instant;

mod servers;

/// A dead peer is known within this time under any load (design.md, section 10), and a second for the test itself.
const KNOWN_WITHIN: Duration = Duration::from_secs(31);
/// Doubt is shown within this time of silence with data due, and a second each for the look and for the test itself.
const DOUBTED_WITHIN: Duration = Duration::from_secs(7);
/// A session is back so soon after the network is; a login on a busy machine and the longest wait after one failure are in it.
const BACK_WITHIN: Duration = Duration::from_secs(15);

/// What goes on while the fault comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Load {
    Idle,
    Typing,
    /// All eight places of the connection write without pause.
    Busy,
}

const LOADS: [Load; 3] = [Load::Idle, Load::Typing, Load::Busy];

/// A person with terminals on one host, behind a line that can be broken.
struct Bed {
    desk: Desk,
    host: HostId,
    proxy: FaultProxy,
    load: Load,
}

impl Bed {
    async fn new(sshd: &Sshd, load: Load) -> Self {
        let proxy = FaultProxy::start(sshd.address(), 1).await;
        let desk = Desk::new().await;
        desk.answer_with("");
        let host = desk.save_draft(through(sshd, &proxy)).await;
        Self { desk, host, proxy, load }
    }

    /// Opens the terminals of the load; the first one is what is looked at.
    async fn open(&self) -> Vec<Screen<'_>> {
        let count = if self.load == Load::Busy { 8 } else { 1 };
        let mut screens = Vec::new();
        for number in 0..count {
            let screen = self.desk.open(&self.host).await;
            screen.running().await;
            if self.load == Load::Busy && number > 0 {
                screen.type_in("while :; do echo busy; sleep 0.02; done\n").await;
                screen.shows("busy\r\nbusy").await;
            }
            screens.push(screen);
        }
        screens
    }

    /// How long the doubt may take: on a line where nothing is due yet, the peer is asked for a sign of life first.
    fn doubted_within(&self) -> Duration {
        let asked_after = if self.load == Load::Typing { Duration::ZERO } else { Duration::from_secs(7) };
        DOUBTED_WITHIN + asked_after
    }

    /// Types on as a person does while nothing comes back.
    async fn type_if_typing(&self, screen: &Screen<'_>) {
        if self.load == Load::Typing {
            screen.type_in("x").await;
        }
    }

    async fn run(&self, line: &str) -> Exec {
        self.desk.engine.exec(&self.host, ExecRequest::command(line)).await.expect("it starts")
    }

    async fn echoes(&self, screen: &Screen<'_>, word: &str) {
        screen.type_in(&format!("\x15echo {word}''.\n")).await;
        let shown = format!("{word}.");
        within(BACK_WITHIN, &shown, || screen.text().contains(&shown)).await;
    }

    async fn is_back(&self, screens: &[Screen<'_>]) {
        for (number, screen) in screens.iter().enumerate() {
            within(BACK_WITHIN, "every terminal is back", || screen.is_running()).await;
            self.echoes(screen, &format!("back-{number}")).await;
        }
        assert!(matches!(self.state(), Some(ConnectionState::Up)), "{:?}", self.state());
    }

    fn state(&self) -> Option<ConnectionState> {
        self.desk.connection(&self.host).map(|view| view.state)
    }
}

fn through(sshd: &Sshd, proxy: &FaultProxy) -> HostDraft {
    let key_path = sshd.client_key_file().to_string_lossy().into_owned();
    HostDraft { user: sshd.user().to_owned(), auth: AuthMethod::Key, key_path, ..at(proxy.address()) }
}

async fn within(time: Duration, what: &str, condition: impl FnMut() -> bool) {
    assert!(holds_within(time, condition).await, "not within {time:?}: {what}");
}

/// Runs the same for every load at the same time, each on a line of its own.
async fn under_every_load<F: Future<Output = ()>>(sshd: &Sshd, run: impl Fn(Bed) -> F) {
    let run = &run;
    join_all(LOADS.map(|load| async move { run(Bed::new(sshd, load).await).await })).await;
}

async fn end_of(exec: &mut Exec) -> ExecEnd {
    loop {
        let event = tokio::time::timeout(KNOWN_WITHIN + BACK_WITHIN, exec.output.next()).await;
        if let ExecEvent::Ended(end) = event.expect("in time").expect("an end before the end of events") {
            return end;
        }
    }
}

#[tokio::test]
async fn a_reset_or_closed_line_is_known_at_once_and_every_terminal_comes_back() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    for (cut, code) in [(Cut::Reset, ErrorCode::ConnectionReset), (Cut::Finish, ErrorCode::ConnectionClosed)]
    {
        under_every_load(&sshd, async |bed: Bed| {
            let screens = bed.open().await;
            let dials = bed.proxy.accepted();
            let cut_at = Instant::now();
            bed.proxy.cut_now(cut);
            for screen in &screens {
                within(Duration::from_secs(5), "the loss is known", || !screen.losses().is_empty()).await;
                // A write into a connection that was closed a moment before breaks instead.
                let lost = screen.losses()[0];
                assert!(
                    lost == code || lost == ErrorCode::ConnectionBroken || lost == ErrorCode::ConnectionReset,
                    "{lost:?}"
                );
            }
            eprintln!("{cut:?} under {:?}: known after {:?}", bed.load, cut_at.elapsed());
            bed.is_back(&screens).await;
            eprintln!("{cut:?} under {:?}: back after {:?}", bed.load, cut_at.elapsed());
            assert_eq!(bed.proxy.accepted() - dials, 1, "one dial brings all of them back");
        })
        .await;
    }
}

#[tokio::test]
async fn a_black_hole_is_doubted_within_seconds_known_within_thirty_and_left_when_it_heals() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    // Both ways, and each way alone.
    const HOLES: [&[Direction]; 3] =
        [&[Direction::ToServer, Direction::ToClient], &[Direction::ToServer], &[Direction::ToClient]];
    join_all(HOLES.map(|holes| under_every_load(&sshd, async move |bed: Bed| fall_into(bed, holes).await)))
        .await;
}

async fn fall_into(bed: Bed, holes: &[Direction]) {
    let screens = bed.open().await;
    // A ninth session would have a connection of its own.
    let mut running = match bed.load {
        Load::Idle | Load::Typing => Some(bed.run("sleep 300").await),
        Load::Busy => None,
    };
    for hole in holes {
        bed.proxy.freeze(*hole);
    }
    let began = Instant::now();
    bed.type_if_typing(&screens[0]).await;
    // One that goes on sending but hears nothing is asked every 15 s. It is doubted and not given up.
    let sends_on = bed.load == Load::Busy && *holes == [Direction::ToServer];
    let doubted = if sends_on { DOUBTED_WITHIN + Duration::from_secs(15) } else { bed.doubted_within() };
    within(doubted, "the doubt is shown", || {
        bed.desk.is_suspect(&bed.host) || !screens[0].losses().is_empty()
    })
    .await;
    let doubt = began.elapsed();
    let known = || sends_on || screens.iter().all(|screen| !screen.losses().is_empty());
    within(KNOWN_WITHIN.saturating_sub(doubt), "the loss is known", known).await;
    if let Some(exec) = &mut running {
        let ExecEnd::Unknown { problem } = end_of(exec).await else { panic!("nobody knows how it ended") };
        assert_eq!(problem.code, ErrorCode::ExecOutcomeUnknown);
    }
    eprintln!("{holes:?} under {:?}: doubted after {doubt:?}, known after {:?}", bed.load, began.elapsed());
    bed.proxy.thaw_all();
    let healed = Instant::now();
    bed.desk.engine.network_event(NetworkEvent::Changed);
    bed.is_back(if sends_on { &screens[..1] } else { &screens }).await;
    eprintln!("{holes:?} under {:?}: back {:?} after it healed", bed.load, healed.elapsed());
}

#[tokio::test]
async fn a_freeze_of_twenty_seconds_costs_nothing_and_loses_nothing() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    under_every_load(&sshd, async |bed: Bed| {
        let screens = bed.open().await;
        screens[0].type_in("for i in $(seq 40); do echo tick-$i; sleep 0.5; done\n").await;
        let mut exec = match bed.load {
            Load::Idle | Load::Typing => Some(bed.run("sleep 10; exit 44").await),
            Load::Busy => None,
        };
        screens[0].shows("tick-2\r\n").await;
        bed.proxy.freeze_all();
        let thawed = Instant::now() + Duration::from_secs(20);
        bed.type_if_typing(&screens[0]).await;
        within(bed.doubted_within(), "the doubt is shown", || bed.desk.is_suspect(&bed.host)).await;
        tokio::time::sleep_until(thawed).await;
        bed.proxy.thaw_all();
        within(BACK_WITHIN, "the doubt is over", || bed.state() == Some(ConnectionState::Up)).await;
        screens[0].shows("tick-40\r\n").await;
        let text = screens[0].text();
        for tick in 1..=40 {
            assert_eq!(text.matches(&format!("tick-{tick}\r\n")).count(), 1, "tick-{tick} in {text}");
        }
        assert!(screens.iter().all(|screen| screen.losses().is_empty()), "no session was lost");
        if let Some(exec) = &mut exec {
            assert_eq!(end_of(exec).await, ExecEnd::Exited { status: 44 });
        }
        assert_eq!(bed.proxy.accepted(), 1, "nothing was dialled anew");
    })
    .await;
}

#[tokio::test]
async fn after_a_sleep_a_connection_that_died_meanwhile_is_doubted_at_once() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    bed.proxy.freeze_all();
    let woke = Instant::now();
    bed.desk.engine.network_event(NetworkEvent::Woke { slept: Duration::from_secs(3600) });
    within(DOUBTED_WITHIN, "the doubt is shown", || bed.desk.is_suspect(&bed.host)).await;
    within(KNOWN_WITHIN.saturating_sub(woke.elapsed()), "the loss is known", || {
        !screens[0].losses().is_empty()
    })
    .await;
    assert!(woke.elapsed() < Duration::from_secs(25), "{:?}", woke.elapsed());
}

#[tokio::test]
async fn five_failures_trip_the_breaker_for_everybody_and_one_probe_brings_all_back() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let first = bed.desk.open(&bed.host).await;
    first.running().await;
    bed.proxy.stop_listening().await;
    bed.proxy.cut_now(Cut::Reset);
    first.lost(1).await;
    let tripped = || matches!(bed.state(), Some(ConnectionState::Tripped { .. }));
    // The person presses a key now and then; each press means "now".
    let mut tries = 0;
    while !tripped() {
        bed.desk.engine.host_retry(bed.host.clone()).await.expect("it is tried");
        let before = bed.desk.timeline(&bed.host).len();
        within(BACK_WITHIN, "the try fails", || bed.desk.timeline(&bed.host).len() > before || tripped())
            .await;
        tries += 1;
        assert!(tries < 50, "{:?}", bed.state());
    }
    // A new tab waits with the others.
    let before = bed.desk.timeline(&bed.host).len();
    let second = bed.desk.open(&bed.host).await;
    assert!(
        !holds_within(Duration::from_secs(2), || bed.desk.timeline(&bed.host).len() > before).await,
        "no storm"
    );
    bed.proxy.listen_again().await;
    let dials = bed.proxy.accepted();
    bed.desk.engine.host_retry(bed.host.clone()).await.expect("it is tried");
    within(BACK_WITHIN, "both run", || first.is_running() && second.is_running()).await;
    assert_eq!(bed.proxy.accepted() - dials, 1, "one probe for both");
}

#[tokio::test]
async fn a_person_who_gives_up_gets_the_terminal_ended_and_nothing_is_tried_any_more() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    bed.proxy.stop_listening().await;
    bed.proxy.cut_now(Cut::Reset);
    screens[0].lost(1).await;
    bed.desk.engine.host_give_up(bed.host.clone()).await.expect("it is taken");
    screens[0].failed().await;
    bed.proxy.listen_again().await;
    let dials = bed.proxy.accepted();
    assert!(!holds_within(Duration::from_secs(3), || bed.proxy.accepted() > dials).await, "nothing is tried");
    let again = bed.desk.open(&bed.host).await;
    again.running().await;
}

#[tokio::test]
async fn a_command_whose_connection_was_lost_ends_as_unknown_and_is_not_run_twice() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    let ran = sshd.folder().join("ran");
    let line = format!("echo once >> '{}'; sleep 60", ran.display());
    for (round, fault) in [Cut::Reset, Cut::Finish].into_iter().enumerate() {
        let mut exec =
            bed.desk.engine.exec(&bed.host, ExecRequest::command(line.as_str())).await.expect("it starts");
        let runs = || std::fs::read_to_string(&ran).unwrap_or_default().lines().count();
        eventually("it runs", || runs() == round + 1).await;
        bed.proxy.cut_now(fault);
        let ExecEnd::Unknown { problem } = end_of(&mut exec).await else {
            panic!("it cannot have ended well")
        };
        assert_eq!(problem.code, ErrorCode::ExecOutcomeUnknown);
        bed.is_back(&screens).await;
        assert_eq!(runs(), round + 1, "it was not run again");
    }
}

#[tokio::test]
async fn a_fault_on_one_host_leaves_the_sessions_of_another_alone() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    let well = FaultProxy::start(sshd.address(), 2).await;
    let other = bed.desk.save_draft(through(&sshd, &well)).await;
    let sibling = bed.desk.open(&other).await;
    sibling.running().await;
    bed.proxy.freeze_all();
    screens[0].type_in("x").await;
    within(KNOWN_WITHIN, "the loss is known", || !screens[0].losses().is_empty()).await;
    for number in 0..20 {
        bed.echoes(&sibling, &format!("well-{number}")).await;
    }
    assert!(sibling.losses().is_empty());
    assert_eq!(well.accepted(), 1);
}

#[tokio::test]
async fn nothing_is_left_behind_by_losing_and_coming_back_many_times() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Busy).await;
    let screens = bed.open().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let descriptors = || std::fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or(0);
    let lose = async || {
        let before: Vec<usize> = screens.iter().map(|screen| screen.losses().len()).collect();
        bed.proxy.cut_now(Cut::Reset);
        for (screen, before) in screens.iter().zip(before) {
            within(BACK_WITHIN, "the loss is known", || screen.losses().len() > before).await;
        }
        for screen in &screens {
            while !holds_within(Duration::from_millis(100), || screen.is_running()).await {
                // The row of failures ends only with a connection that lasts; the person asks for the next try.
                bed.desk.engine.host_retry(bed.host.clone()).await.expect("it is tried");
            }
        }
    };
    lose().await;
    let settled = Duration::from_secs(10);
    let resident = || status_kib("RssAnon").unwrap_or_default();
    let (few_tasks, few_descriptors, before) = {
        let _ = holds_within(Duration::from_secs(2), || false).await;
        (tasks(), descriptors(), resident())
    };
    for _ in 0..12 {
        lose().await;
    }
    assert!(
        holds_within(settled, || tasks() <= few_tasks + 2 && descriptors() <= few_descriptors + 2).await,
        "tasks {few_tasks} -> {}, descriptors {few_descriptors} -> {}",
        tasks(),
        descriptors()
    );
    let grown = resident().saturating_sub(before);
    assert!(grown <= 8 * 1024, "memory grew by {grown} KiB");
    assert!(sshd.process().is_some());
}
