//! Configs are resolved as OpenSSH does it: compared with `ssh -G`, on configs made at random and on nasty ones made by
//! hand.
//!
//! `BOWLINE_SSH_CONFIG_CASES` is how many are made (3000 otherwise), `BOWLINE_SSH_CONFIG_SEED` the seed of the first one.

mod generator;
mod nasty;
mod oracle;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bowline_tests::available;
use generator::Case;
use oracle::{Agreement, Oracle};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn configs_made_at_random_are_resolved_as_openssh_does() {
    let Some(oracle) = available(Oracle::new()) else { return };
    let cases = setting("BOWLINE_SSH_CONFIG_CASES", 3000);
    let first = setting("BOWLINE_SSH_CONFIG_SEED", 1);
    let (resolved, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let differences = Mutex::new(Vec::new());
    let run = |lane: u64| {
        let home = tempfile::tempdir().unwrap();
        for seed in (first..first + cases).skip(usize::try_from(lane).unwrap()).step_by(2) {
            let case = Case::random(seed, &oracle);
            match oracle.compare(&case, home.path()) {
                Ok(Agreement::Resolved) => resolved.fetch_add(1, Ordering::Relaxed),
                Ok(Agreement::Refused) => refused.fetch_add(1, Ordering::Relaxed),
                Err(difference) => {
                    differences.lock().unwrap().push(format!("seed {seed}:\n{difference}\n{case}"));
                    0
                }
            };
        }
    };
    // Two, as the machines that run this have two cores, which ssh mostly takes.
    std::thread::scope(|scope| {
        let run = &run;
        let lanes = [0, 1].map(|lane| scope.spawn(move || run(lane)));
        for lane in lanes {
            if let Err(panic) = lane.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    let (resolved, refused) = (resolved.into_inner(), refused.into_inner());
    let differences = differences.into_inner().unwrap();
    eprintln!("{}: {resolved} configs resolved alike, {refused} refused by both", oracle.version);
    let shown = differences[..differences.len().min(5)].join("\n");
    assert!(differences.is_empty(), "{} differ, among them\n{shown}", differences.len());
    assert!(cases < 100 || resolved > refused, "most of what is made has to be valid");
}

#[test]
fn nasty_configs_are_resolved_as_openssh_does() {
    let Some(oracle) = available(Oracle::new()) else { return };
    let home = tempfile::tempdir().unwrap();
    let mut differences = Vec::new();
    for case in nasty::cases() {
        if let Err(difference) = oracle.compare(&case, home.path()) {
            differences.push(format!("{difference}\n{case}"));
        }
    }
    assert!(differences.is_empty(), "{}:\n{}", oracle.version, differences.join("\n"));
}
