//! A line to a real sshd that breaks on demand, while a job runs over it.

use std::path::Path;
use std::time::Duration;

use bowline_core::host::HostId;
use bowline_core::transfer::job::{JobEnd, JobId, JobLimits, JobOrder, JobRequest, JobState, JobView};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::jobs::{self, copy, here, there};
use bowline_tests::sshd::Sshd;
use futures::future::join_all;
use tokio::time::Instant;

use super::watch::Watch;

/// Lines that suffer at once.
const LINES: usize = 10;
/// What ssh_config makes of 22 seconds here: a peer that is silent for so long is given up.
pub(super) const SILENT: Duration = Duration::from_secs(3);
/// No case takes longer, on a machine that does other things as well.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Reset,
    Finish,
    /// The server is gone, and the client is not told.
    HalfOpen,
    /// One way is closed, and the sending end does not notice.
    HalfClosed,
    Corrupt,
    /// Nothing passes until the loss is known.
    Frozen,
    FrozenToServer,
    FrozenToClient,
    /// The same, and new connections lead nowhere for a while.
    BlackHole,
    /// Nothing passes for a moment, and nothing is lost.
    Pause,
    /// The server's session crashes, or hangs.
    Killed,
    Hung,
}

use Fault::{
    BlackHole, Corrupt, Finish, Frozen, FrozenToClient, FrozenToServer, HalfClosed, HalfOpen, Hung, Killed,
    Pause, Reset,
};

pub(super) const FAULTS: [Fault; 12] = [
    Reset,
    Finish,
    HalfOpen,
    HalfClosed,
    Corrupt,
    Frozen,
    FrozenToServer,
    FrozenToClient,
    BlackHole,
    Pause,
    Killed,
    Hung,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

pub(super) fn direction(way: Way) -> Direction {
    if way == Way::Up { Direction::ToServer } else { Direction::ToClient }
}

/// A host behind a line that breaks on demand, and a person who cannot wait.
pub(super) struct Line {
    pub(super) sshd: Sshd,
    pub(super) proxy: FaultProxy,
    pub(super) desk: Desk,
    pub(super) host: HostId,
    pub(super) watch: Watch,
}

impl Line {
    pub(super) async fn new(seed: u64) -> Option<Self> {
        let sshd = available(Sshd::start().await)?;
        let proxy = FaultProxy::start(sshd.address(), seed).await;
        let desk = Desk::new().await;
        let own = format!("[{}]:{}", sshd.address().ip(), sshd.address().port());
        let through = format!("[{}]:{}", proxy.address().ip(), proxy.address().port());
        let known = sshd.known_hosts().replace(&own, &through);
        std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("written");
        let config = format!(
            "Host line\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n  ConnectTimeout 3\n  \
             ServerAliveInterval 1\n  ServerAliveCountMax {}\n",
            proxy.address().port(),
            sshd.user(),
            sshd.client_key_file().display(),
            SILENT.as_secs(),
        );
        std::fs::write(desk.ssh_dir().join("config"), config).expect("written");
        let limits = JobLimits { jobs: 1, jobs_per_host: 1, rate_kib: 0 };
        desk.engine.job_limits_set(limits).await.expect("set");
        Some(Self { sshd, proxy, desk, host: HostId("config:line".into()), watch: Watch::start() })
    }

    pub(super) async fn all() -> Option<Vec<Self>> {
        let lines = join_all((0..LINES).map(|seed| Self::new(seed as u64))).await;
        lines.into_iter().collect()
    }

    pub(super) fn request(&self, way: Way, source: &Path, to: &Path) -> JobRequest {
        let (from, to): (JobEnd, JobEnd) = match way {
            Way::Up => (here(source), there(&self.host, to)),
            Way::Down => (there(&self.host, source), here(to)),
        };
        copy(vec![from], to)
    }

    /// `passed` bytes have passed on this connection.
    pub(super) fn strike(&self, fault: Fault, way: Way, passed: u64) {
        let direction = direction(way);
        match fault {
            Reset => self.proxy.cut_now(Cut::Reset),
            Finish => self.proxy.cut_now(Cut::Finish),
            HalfOpen => self.proxy.cut_now(Cut::HalfOpen),
            HalfClosed => self.proxy.close_direction(direction),
            Corrupt => self.proxy.corrupt_at(direction, passed + 1),
            Frozen | Pause => self.proxy.freeze_all(),
            FrozenToServer => self.proxy.freeze(Direction::ToServer),
            FrozenToClient => self.proxy.freeze(Direction::ToClient),
            BlackHole => self.proxy.black_hole(true),
            Killed => self.sshd.kill_sessions(),
            Hung => self.sshd.freeze_sessions(),
        }
    }

    pub(super) fn heal(&self) {
        self.proxy.black_hole(false);
        self.proxy.thaw_all();
        self.sshd.thaw_sessions();
    }

    /// What has not met its byte by now never shall.
    pub(super) fn disarm(&self) {
        self.heal();
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.proxy.corrupt_at(direction, u64::MAX);
        }
    }

    /// Runs a job that meets a fault when its moment has come, and says whether it did.
    pub(super) async fn suffer(
        &self,
        request: JobRequest,
        fault: Fault,
        way: Way,
        moment: impl Fn(&JobView) -> bool,
        label: &str,
    ) -> bool {
        let engine = &self.desk.engine;
        engine.host_disconnect(self.host.clone()).await.expect("disconnected");
        let id = engine.job_add(request).await.expect("taken on");
        let deadline = Instant::now() + PATIENCE;
        let before = self.proxy.passed(direction(way));
        let mut struck: Option<Instant> = None;
        let mut healed = false;
        let view = loop {
            let view = jobs::job(engine, id).await;
            if jobs::has_ended(&view) {
                break view;
            }
            assert!(Instant::now() < deadline, "{label}: {view:?}\n{}", self.sshd.log());
            match struck {
                None if moment(&view) => {
                    self.strike(fault, way, self.proxy.passed(direction(way)) - before);
                    struck = Some(Instant::now());
                }
                None => {}
                Some(at) if !healed => {
                    let lasts = if fault == Pause { Duration::from_millis(400) } else { SILENT * 2 };
                    if at.elapsed() > lasts || matches!(view.state, JobState::Waiting { .. }) {
                        self.heal();
                        healed = true;
                    }
                }
                // A person who cannot wait, since the pause after each loss grows.
                Some(_) => engine.host_retry(self.host.clone()).await.expect("asked"),
            }
            tokio::time::sleep(Duration::from_millis(if struck.is_some() { 10 } else { 1 })).await;
        };
        self.disarm();
        assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]), "{label}: {view:?}");
        self.forget(id).await;
        if let Some(broken) = self.watch.broken() {
            panic!("{label}: {broken}");
        }
        struck.is_some()
    }

    pub(super) async fn forget(&self, id: JobId) {
        self.desk.engine.job_order(id, JobOrder::Remove).await.expect("it is there");
    }
}
