use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::asking::OPEN_MAX;
use super::*;
use crate::host::HostId;
use crate::transfer::job::{ConflictAnswer, JobConflict, JobEnd, OnConflict, Verify};

fn request(name: &str) -> JobRequest {
    JobRequest {
        sources: vec![JobEnd::Here { path: format!("/from/{name}") }],
        target: JobEnd::Host { host_id: HostId("h".into()), path: "/to".into() },
        exact: false,
        on_conflict: OnConflict::Ask,
        verify: Verify::Size,
        remove_sources: false,
        sync: None,
    }
}

/// Jobs that run until they are told to stop, or until their number is among those that may end.
fn queue(folder: &Path) -> (Queue, CancellationToken, Arc<Mutex<Vec<JobId>>>) {
    let ended = CancellationToken::new();
    let may_end = Arc::<Mutex<Vec<JobId>>>::default();
    let ending = Arc::clone(&may_end);
    let run: RunJob = Arc::new(move |live| {
        let ending = Arc::clone(&ending);
        Box::pin(async move {
            loop {
                if live.stop.is_cancelled() {
                    return Outcome::Stopped;
                }
                if ending.lock().expect("a lock").contains(&live.id) {
                    return Outcome::Done;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    });
    let clean: CleanJob = Arc::new(|_| Box::pin(async { true }));
    let (queue, notices) = Queue::open(folder, ended.clone(), run, clean, Arc::new(|_| ()));
    assert_eq!(notices, []);
    queue.start();
    (queue, ended, may_end)
}

fn states(queue: &Queue) -> Vec<(JobId, JobState)> {
    queue.view().jobs.into_iter().map(|job| (job.id, job.state)).collect()
}

async fn until(queue: &Queue, wanted: &[(JobId, JobState)]) {
    for _ in 0..20_000 {
        if states(queue) == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{:?} and not {wanted:?}", states(queue));
}

use JobState::{Cancelled, Done, Paused, Queued, Running};

#[tokio::test]
async fn as_many_jobs_run_as_the_limits_allow_and_the_next_one_follows() {
    let folder = tempfile::tempdir().expect("a folder");
    let (queue, _ended, may_end) = queue(folder.path());
    for name in ["a", "b", "c", "d"] {
        queue.add(request(name)).await.expect("added");
    }
    until(&queue, &[(1, Running), (2, Running), (3, Queued), (4, Queued)]).await;
    queue.order(4, JobOrder::First).expect("it is there");
    may_end.lock().expect("a lock").push(2);
    until(&queue, &[(1, Running), (4, Running), (3, Queued), (2, Done)]).await;
    queue.set_limits(JobLimits { jobs: 0, jobs_per_host: 0, rate_kib: 0 });
    until(&queue, &[(1, Running), (4, Running), (3, Running), (2, Done)]).await;
    queue.order(1, JobOrder::Pause).expect("it is there");
    queue.order(3, JobOrder::Cancel).expect("it is there");
    until(&queue, &[(1, Paused), (4, Running), (2, Done), (3, Cancelled)]).await;
    queue.order(2, JobOrder::Remove).expect("it is there");
    queue.order(1, JobOrder::Resume).expect("it is there");
    queue.order(3, JobOrder::Retry).expect("it is there");
    until(&queue, &[(1, Running), (4, Running), (3, Running)]).await;
    assert_eq!(queue.order(2, JobOrder::Retry).expect_err("it is gone").code, ErrorCode::JobNotFound);
}

#[tokio::test]
async fn what_was_queued_or_ran_is_queued_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let (queue, ended, may_end) = queue(folder.path());
        queue.set_limits(JobLimits { jobs: 1, jobs_per_host: 1, rate_kib: 7 });
        for name in ["a", "b", "c"] {
            queue.add(request(name)).await.expect("added");
        }
        may_end.lock().expect("a lock").push(1);
        until(&queue, &[(2, Running), (3, Queued), (1, Done)]).await;
        queue.order(3, JobOrder::Pause).expect("it is there");
        queue.settle().await;
        ended.cancel();
    }
    let (queue, ..) = queue(folder.path());
    until(&queue, &[(2, Running), (3, Paused), (1, Done)]).await;
    assert_eq!(queue.limits().rate_kib, 7);
    assert_eq!(queue.add(request("d")).await.expect("added"), 4, "no number is given twice");
}

#[tokio::test]
async fn a_damaged_file_is_put_aside_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("transfers.sqlite"), b"this is no database at all").expect("written");
    let (store, found) = JobStore::open(folder.path());
    let [StoreNotice::JobsSetAside { kept_as }] = &found.notices[..] else { panic!("{:?}", found.notices) };
    assert_eq!(std::fs::read(kept_as).expect("it is kept"), b"this is no database at all");
    store.put_limits(LIMITS);
    store.settled().await.expect("the new one is written");
    drop(store);
    assert_eq!(JobStore::open(folder.path()).1.limits, Some(LIMITS));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (queue, ..) = queue(folder.path());
    let here = |path: &str| JobEnd::Here { path: path.into() };
    let with =
        |sources: Vec<JobEnd>, target: JobEnd, exact| JobRequest { sources, target, exact, ..request("a") };
    for (request, reason) in [
        (with(vec![], here("/x"), false), "nothing"),
        (with(vec![here("/a"), here("/b")], here("/x"), true), "too-many"),
        (with(vec![here("a")], here("/x"), false), "not-absolute"),
        (with(vec![here("/a")], here("/a/b"), false), "into-itself"),
        (with(vec![here("/a/b")], here("/a"), false), "into-itself"),
        (with(vec![here("/a"), request("b").target], here("/x"), false), "several-places"),
    ] {
        let error = queue.add(request).await.expect_err(reason);
        assert_eq!((error.code, error.params["reason"].as_str()), (ErrorCode::JobRefused, reason));
    }
    assert!(check(&with(vec![here("/a/b")], here("/a/c"), true)).is_ok());
    assert_eq!(states(&queue), []);
}

#[tokio::test]
async fn what_could_not_be_written_is_kept_and_written_when_it_can_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = JobStore::open(folder.path());
    store.put_limits(LIMITS);
    store.settled().await.expect("written");
    let other = rusqlite::Connection::open(folder.path().join("transfers.sqlite")).expect("opened");
    other
        .execute_batch("CREATE TRIGGER no BEFORE INSERT ON part BEGIN SELECT RAISE(ABORT, 'no'); END")
        .expect("in the way");
    let part = |verified| crate::transfer::resume::Remembered {
        source: crate::transfer::resume::Source { size: 9, modified: Some(1) },
        verified,
    };
    store.put_part(1, b"a", Some(part(5)));
    store.put_part(2, b"b", Some(part(6)));
    store.settled().await.expect_err("it is refused");
    store.put_part(1, b"a", Some(part(7)));
    store.settled().await.expect_err("it is refused");
    store.remove(2);
    assert_eq!(store.parts(1).await.get(&b"a"[..]), Some(&part(7)), "it is known all the same");
    assert!(store.parts(2).await.is_empty());
    other.execute_batch("DROP TRIGGER no").expect("out of the way");
    // By itself, a moment later.
    let deadline = Instant::now() + Duration::from_secs(10);
    while store.settled().await.is_err() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(store);
    let (store, _) = JobStore::open(folder.path());
    assert_eq!(store.parts(1).await.get(&b"a"[..]), Some(&part(7)));
    assert!(store.parts(2).await.is_empty());
}

/// Jobs that ask about one file, and go on with the answer until they are told to stop.
fn asking_queue(folder: &Path, size: f64) -> (Queue, CancellationToken, Arc<Mutex<Vec<OnConflict>>>) {
    let ended = CancellationToken::new();
    let heard = Arc::<Mutex<Vec<OnConflict>>>::default();
    let hearing = Arc::clone(&heard);
    let run: RunJob = Arc::new(move |live| {
        let hearing = Arc::clone(&hearing);
        Box::pin(async move {
            let conflict = JobConflict {
                path: "/to/a".into(),
                source_size: Some(1.0),
                source_modified: None,
                target_size: Some(size),
                target_modified: Some(7.0),
            };
            tokio::select! {
                biased;
                () = live.stop.cancelled() => {}
                answer = live.ask(conflict) => hearing.lock().expect("a lock").push(answer),
            }
            live.stop.cancelled().await;
            Outcome::Stopped
        })
    });
    let clean: CleanJob = Arc::new(|_| Box::pin(async { true }));
    let (queue, _) = Queue::open(folder, ended.clone(), run, clean, Arc::new(|_| ()));
    queue.start();
    (queue, ended, heard)
}

/// Until jobs have gone on with so many answers.
async fn hears(queue: &Queue, heard: &Mutex<Vec<OnConflict>>, answers: usize) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while heard.lock().expect("a lock").len() < answers {
        assert!(Instant::now() < deadline, "{answers} answers: {:?}", states(queue));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn asks(queue: &Queue, id: JobId) {
    for _ in 0..20_000 {
        if states(queue).iter().any(|(job, state)| *job == id && matches!(state, JobState::Asking { .. })) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{:?}", states(queue));
}

const OVERWRITE: ConflictAnswer = ConflictAnswer { on_conflict: OnConflict::Overwrite, for_all: false };

#[tokio::test]
async fn an_answer_holds_after_a_pause_and_a_restart_as_long_as_the_same_file_stands_there() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let (queue, ended, heard) = asking_queue(folder.path(), 5.0);
        queue.add(request("a")).await.expect("added");
        asks(&queue, 1).await;
        queue.answer(1, OVERWRITE).expect("it asks");
        until(&queue, &[(1, Running)]).await;
        hears(&queue, &heard, 1).await;
        queue.order(1, JobOrder::Pause).expect("it is there");
        until(&queue, &[(1, Paused)]).await;
        queue.order(1, JobOrder::Resume).expect("it is there");
        hears(&queue, &heard, 2).await;
        assert_eq!(*heard.lock().expect("a lock"), [OnConflict::Overwrite; 2]);
        queue.settle().await;
        ended.cancel();
    }
    {
        let (queue, ended, heard) = asking_queue(folder.path(), 5.0);
        hears(&queue, &heard, 1).await;
        ended.cancel();
    }
    // Another file stands there meanwhile.
    let (queue, ..) = asking_queue(folder.path(), 6.0);
    asks(&queue, 1).await;
}

#[tokio::test]
async fn a_job_that_asks_takes_nobodys_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let (queue, ..) = asking_queue(folder.path(), 5.0);
    for name in ["a", "b", "c", "d"] {
        queue.add(request(name)).await.expect("added");
    }
    for id in 1..=4 {
        asks(&queue, id).await;
    }
    queue.answer(2, OVERWRITE).expect("it asks");
    assert!(states(&queue).contains(&(2, Running)));
}

/// A run that is under way.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[tokio::test]
async fn of_many_jobs_that_ask_few_stay_open_and_every_question_waits_for_its_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = Arc::<AtomicUsize>::default();
    let heard = Arc::<Mutex<Vec<(JobId, OnConflict)>>>::default();
    let (opening, hearing) = (Arc::clone(&open), Arc::clone(&heard));
    let run: RunJob = Arc::new(move |live| {
        opening.fetch_add(1, SeqCst);
        let (open, hearing) = (Open(Arc::clone(&opening)), Arc::clone(&hearing));
        Box::pin(async move {
            let _open = open;
            if live.request.sources[0] == request("quiet").sources[0] {
                return Outcome::Done;
            }
            let conflict = JobConflict {
                path: "/to/a".into(),
                source_size: Some(1.0),
                source_modified: None,
                target_size: Some(5.0),
                target_modified: Some(7.0),
            };
            tokio::select! {
                biased;
                () = live.stop.cancelled() => Outcome::Stopped,
                answer = live.ask(conflict) => {
                    hearing.lock().expect("a lock").push((live.id, answer));
                    Outcome::Done
                }
            }
        })
    });
    let clean: CleanJob = Arc::new(|_| Box::pin(async { true }));
    let (queue, _) = Queue::open(folder.path(), CancellationToken::new(), run, clean, Arc::new(|_| ()));
    queue.start();
    let all: JobId = 20;
    for _ in 0..all {
        queue.add(request("a")).await.expect("added");
    }
    let quiet = queue.add(request("quiet")).await.expect("added");
    let until = async |what: &str, is_so: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_so() {
            assert!(Instant::now() < deadline, "{what}: {} open, {:?}", open.load(SeqCst), states(&queue));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let state = |id: JobId| states(&queue).into_iter().find(|(job, _)| *job == id).map(|(_, state)| state);
    until("the one that asks nothing is done", &|| state(quiet) == Some(Done)).await;
    let asks = |id: JobId| matches!(state(id), Some(JobState::Asking { .. }));
    until("few are open", &|| open.load(SeqCst) == OPEN_MAX && (1..=all).all(asks)).await;
    // Those that asked first have stood still for the longest time. One goes on with its answer, only once.
    queue.answer(1, OVERWRITE).expect("it asks");
    assert_eq!(queue.answer(1, OVERWRITE).expect_err("it asks no more").code, ErrorCode::JobNotFound);
    until("it is done", &|| state(1) == Some(Done)).await;
    assert_eq!(*heard.lock().expect("a lock"), [(1, OnConflict::Overwrite)]);
    // One can be made to wait, asks again, and can be cancelled.
    queue.order(2, JobOrder::Pause).expect("it is there");
    assert_eq!(state(2), Some(Paused));
    queue.answer(2, OVERWRITE).expect_err("it asks nothing");
    queue.order(2, JobOrder::Resume).expect("it is there");
    until("it asks again", &|| asks(2)).await;
    queue.order(3, JobOrder::Cancel).expect("it is there");
    assert_eq!(state(3), Some(Cancelled));
    // One that is open goes on at once.
    queue.answer(all, OVERWRITE).expect("it asks");
    until("it is done", &|| state(all) == Some(Done)).await;
    until("few are open", &|| open.load(SeqCst) <= OPEN_MAX).await;
    for id in (2..all).filter(|id| *id != 3) {
        queue.answer(id, OVERWRITE).expect("it asks");
    }
    until("all are done", &|| (1..=all).all(|id| id == 3 || state(id) == Some(Done))).await;
    let mut heard = heard.lock().expect("a lock").clone();
    heard.sort_by_key(|(id, _)| *id);
    let wanted: Vec<_> = (1..=all).filter(|id| *id != 3).map(|id| (id, OnConflict::Overwrite)).collect();
    assert_eq!(heard, wanted);
}

#[tokio::test]
async fn what_is_kept_of_a_file_stays_counted_while_its_job_is_paused() {
    const MIB: u64 = 1024 * 1024;
    let folder = tempfile::tempdir().expect("a folder");
    let runs = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let goes_on = Arc::new(Notify::new());
    let (counting, going) = (Arc::clone(&runs), Arc::clone(&goes_on));
    let run: RunJob = Arc::new(move |live| {
        let (runs, goes_on) = (Arc::clone(&counting), Arc::clone(&going));
        Box::pin(async move {
            let is_first = runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            live.begin(None);
            if !is_first {
                // It has not come to the file again.
                goes_on.notified().await;
            }
            live.found(1, 400 * MIB);
            live.all_found();
            live.add_bytes(300 * MIB);
            live.stop.cancelled().await;
            let source = crate::transfer::resume::Source { size: 400 * MIB, modified: Some(1) };
            live.remember(b"part", Some(crate::transfer::resume::Remembered { source, verified: 299 * MIB }));
            live.take_bytes(300 * MIB);
            Outcome::Stopped
        })
    });
    let clean: CleanJob = Arc::new(|_| Box::pin(async { true }));
    let (queue, _) = Queue::open(folder.path(), CancellationToken::new(), run, clean, Arc::new(|_| ()));
    queue.start();
    queue.add(request("a")).await.expect("added");
    let shown = || {
        let job = queue.view().jobs.remove(0);
        (job.bytes_done / MIB as f64, job.bytes / MIB as f64)
    };
    let until = async |wanted: (f64, f64)| {
        for _ in 0..20_000 {
            if shown() == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("{:?} and not {wanted:?}", shown());
    };
    until((300.0, 400.0)).await;
    queue.order(1, JobOrder::Pause).expect("it is there");
    until((299.0, 400.0)).await;
    queue.order(1, JobOrder::Resume).expect("it is there");
    for _ in 0..50 {
        assert_eq!(shown(), (299.0, 400.0), "while nothing has found it again");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    goes_on.notify_one();
    until((300.0, 400.0)).await;
}

#[tokio::test]
async fn a_host_is_one_for_the_limits_with_whatever_rights() {
    let folder = tempfile::tempdir().expect("a folder");
    let (queue, ..) = queue(folder.path());
    queue.set_limits(JobLimits { jobs: 0, jobs_per_host: 1, rate_kib: 0 });
    let on = |host: &str| JobEnd::Host { host_id: HostId(host.into()), path: "/to".into() };
    for host in ["h", "sudo:h", "other"] {
        queue.add(JobRequest { target: on(host), ..request("a") }).await.expect("added");
    }
    until(&queue, &[(1, Running), (2, Queued), (3, Running)]).await;
}
