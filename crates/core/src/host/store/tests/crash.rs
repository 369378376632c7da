//! Nothing that was acknowledged is lost to `kill -9`. The writer is this test binary, started once more.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use super::*;

const WRITER_DIR: &str = "BOWLINE_TEST_STORE_WRITER";

/// Not a test of its own: the process that gets killed. It says a host's name once the store has acknowledged it.
#[tokio::test]
async fn writer_that_is_killed() {
    let Some(dir) = std::env::var_os(WRITER_DIR) else { return };
    let (store, _) = HostStore::open(Path::new(&dir)).unwrap();
    for number in 0.. {
        let host = store.create(draft(&format!("h{number}"))).await.unwrap();
        if number % 3 == 0 {
            store.update(&host.id, draft(&format!("u{number}"))).await.unwrap();
            println!("acknowledged u{number}");
        } else {
            println!("acknowledged h{number}");
        }
    }
}

#[tokio::test]
async fn every_acknowledged_host_survives_kill_minus_nine() {
    let home = Home::new();
    let mut acknowledged = Vec::new();
    for round in 1..=3 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["host::store::tests::crash::writer_that_is_killed", "--exact", "--nocapture"])
            .env(WRITER_DIR, home.hosts())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(writer.stdout.take().unwrap());
        let mut lines = String::new();
        while lines.matches("acknowledged").count() < 20 * round {
            assert!(output.read_line(&mut lines).unwrap() > 0, "the writer ended: {lines}");
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        output.read_to_string(&mut lines).unwrap();
        // The last line may be cut short by the kill.
        let whole = &lines[..lines.rfind('\n').map_or(0, |end| end + 1)];
        acknowledged.extend(
            whole.lines().filter_map(|line| line.split_once("acknowledged ")).map(|(_, n)| n.to_owned()),
        );

        let saved = names(&home.open()).await;
        let mut missing = acknowledged.clone();
        for name in &saved {
            if let Some(at) = missing.iter().position(|wanted| wanted == name) {
                missing.swap_remove(at);
            }
        }
        assert_eq!(
            missing,
            Vec::<String>::new(),
            "of {} acknowledged, {} saved",
            acknowledged.len(),
            saved.len()
        );
    }
}
