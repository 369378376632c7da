//! Large files over several lanes: as many as the line is worth and the host takes, and what becomes of a file when one of them
//! is lost, or all of them.

use std::path::Path;
use std::time::Duration;

use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::transfer::job::{JobEnd, JobLimits, JobState};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::jobs::{self, copy, here, noise, there};
use bowline_tests::sshd::Sshd;
use tempfile::TempDir;

/// Five and a half pieces.
const BYTES: usize = 46_000_000;

/// A host behind a long line.
struct Far {
    sshd: Sshd,
    proxy: FaultProxy,
    desk: Desk,
    host: HostId,
    from: TempDir,
    to: TempDir,
    data: Vec<u8>,
}

type End = fn(&Far, &Path) -> JobEnd;

impl Far {
    async fn new(sshd: Sshd) -> Self {
        let proxy = FaultProxy::start(sshd.address(), 1).await;
        for direction in [Direction::ToServer, Direction::ToClient] {
            proxy.delay(direction, Duration::from_millis(12));
        }
        let desk = Desk::new().await;
        let own = format!("[{}]:{}", sshd.address().ip(), sshd.address().port());
        let through = format!("[{}]:{}", proxy.address().ip(), proxy.address().port());
        let known = sshd.known_hosts().replace(&own, &through);
        std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("written");
        let host = desk
            .save_draft(HostDraft {
                user: sshd.user().to_owned(),
                auth: AuthMethod::Key,
                key_path: sshd.client_key_file().to_string_lossy().into_owned(),
                ..at(proxy.address())
            })
            .await;
        let folder = || TempDir::with_prefix("transfer-").expect("a folder");
        let mut data = noise(6, BYTES);
        // A hole over the border between two pieces.
        data[7_000_000..18_000_000].fill(0);
        let from = folder();
        jobs::write(&from.path().join("f"), &data, 0o640, 1_000_000_000);
        Self { sshd, proxy, desk, host, from, to: folder(), data }
    }

    fn ways(&self) -> [(Direction, End, End); 2] {
        let (on_host, here): (End, End) = (|far, path| there(&far.host, path), |_, path| here(path));
        [(Direction::ToServer, here, on_host), (Direction::ToClient, on_host, here)]
    }

    async fn add(&self, from: End, to: End) -> u32 {
        let request = copy(vec![from(self, &self.from.path().join("f"))], to(self, self.to.path()));
        self.desk.engine.job_add(request).await.expect("taken on")
    }

    /// Waits for the end; says whether it ever waited for a connection.
    async fn ended(&self, id: u32, label: &str) -> bool {
        let mut waited = false;
        loop {
            let view = jobs::job(&self.desk.engine, id).await;
            waited |= matches!(view.state, JobState::Waiting { .. });
            if jobs::has_ended(&view) {
                assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]), "{label}: {view:?}");
                assert_eq!(view.bytes_done, BYTES as f64, "{label}");
                break;
            }
            self.desk.engine.host_retry(self.host.clone()).await.expect("asked");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let target = self.to.path().join("f");
        assert!(std::fs::read(&target).expect("a file") == self.data, "{label}");
        assert_eq!(
            jobs::tree(self.to.path()),
            jobs::tree(self.from.path()),
            "{label}: mode, time and nothing else"
        );
        waited
    }

    fn again(&self) {
        std::fs::remove_file(self.to.path().join("f")).expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_line_gets_four_lanes_or_as_many_as_the_host_takes() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let far = Far::new(sshd).await;
    for (direction, from, to) in far.ways() {
        far.desk.engine.files(&far.host).await.expect("the interactive one is there already");
        for takes in [true, false] {
            let label = format!("{direction:?} {takes}");
            let before = far.proxy.accepted();
            far.proxy.refuse_new(!takes);
            let id = far.add(from, to).await;
            assert!(!far.ended(id, &label).await, "{label}: no refusal is a failure");
            far.proxy.refuse_new(false);
            assert_eq!(far.proxy.accepted() - before, 4, "{label}");
            if direction == Direction::ToClient {
                use std::os::unix::fs::MetadataExt;
                let blocks = std::fs::metadata(far.to.path().join("f")).expect("a file").blocks();
                assert!(blocks * 512 < 40_000_000, "{label}: the hole is one, {blocks} blocks");
            }
            far.again();
            // On a busy machine the connection beside them may have been idle for too long by now.
            if takes && far.proxy.open() == 5 {
                let id = far.add(from, to).await;
                assert!(!far.ended(id, &label).await, "{label}");
                let made = far.proxy.accepted() - before;
                assert!(made < 8, "{label}: the next job has those of the last one, and made {made}");
                far.again();
            }
            far.desk.engine.host_disconnect(far.host.clone()).await.expect("it was up");
            eventually("they end with the connection beside them", || far.proxy.open() == 0).await;
            far.desk.engine.files(&far.host).await.expect("connected again");
        }
    }
    // Whoever lets it have little has no use for more.
    let limits = JobLimits { jobs: 1, jobs_per_host: 1, rate_kib: 9 * 1024 };
    far.desk.engine.job_limits_set(limits).await.expect("set");
    let before = far.proxy.accepted();
    let (_, from, to) = far.ways()[0];
    let id = far.add(from, to).await;
    jobs::until(&far.desk.engine, id, "some of it is there", |job| job.bytes_done > 1_000_000.0).await;
    assert_eq!(far.proxy.accepted() - before, 1);
    far.desk.engine.job_limits_set(JobLimits { rate_kib: 0, ..limits }).await.expect("set");
    far.ended(id, "limited").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_that_is_lost_costs_its_piece_and_nobody_waits() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let far = Far::new(sshd).await;
    for (direction, from, to) in far.ways() {
        far.desk.engine.files(&far.host).await.expect("the interactive one is there already");
        let interactive = far.sshd.sessions();
        far.proxy.limit(direction, Some(4_000_000));
        let id = far.add(from, to).await;
        let label = format!("{direction:?}");
        jobs::until(&far.desk.engine, id, "half of it is there", |job| job.bytes_done > 15_000_000.0).await;
        let lanes: Vec<u32> =
            far.sshd.sessions().into_iter().filter(|process| !interactive.contains(process)).collect();
        assert!(lanes.len() >= 3, "{label}: {lanes:?}");
        far.sshd.kill_session(lanes[0]);
        far.proxy.limit(direction, None);
        assert!(!far.ended(id, &label).await, "{label}: the others went on");
        far.again();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_pieces_goes_on_behind_what_is_there_without_a_gap() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let far = Far::new(sshd).await;
    for (direction, from, to) in far.ways() {
        for cut in [Cut::Reset, Cut::Finish] {
            far.proxy.limit(direction, Some(5_000_000));
            let before = far.proxy.passed(direction);
            let id = far.add(from, to).await;
            let label = format!("{direction:?} {cut:?}");
            jobs::until(&far.desk.engine, id, "most of it is there", |job| job.bytes_done > 35_000_000.0)
                .await;
            far.proxy.limit(direction, None);
            far.proxy.cut_now(cut);
            assert!(far.ended(id, &label).await, "{label}: it waited");
            let passed = far.proxy.passed(direction) - before;
            // What was behind the first gap, and what was under way.
            assert!(passed < 85_000_000, "{label}: {passed} bytes for {BYTES}");
            far.again();
        }
    }
}
