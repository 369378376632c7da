//! The end of a host.

use std::time::Duration;

use crate::support::{Bed, PATIENCE, Shell, eventually, processes_named, unique_sleep};
use bowline_demo::{DemoConfig, DemoError, DemoHost};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Starts sleeping programs in all the ways there are, and returns when all of them sleep.
async fn occupy(bed: &Bed) -> (Vec<String>, Vec<Box<dyn std::any::Any>>) {
    let sleeps: Vec<String> = (0..4).map(|_| unique_sleep()).collect();
    let client = bed.client().await;
    let shell = Shell::open(&client).await;
    shell.type_keys(&format!("{} &\n trap '' HUP TERM; {}\n", sleeps[0], sleeps[1])).await;
    let channel = client.channel_open_session().await.expect("a channel");
    channel.exec(true, format!("nohup {} & {}", sleeps[2], sleeps[3])).await.expect("sent");
    for sleep in &sleeps {
        eventually("all sleep", || !processes_named(sleep).is_empty()).await;
    }
    (sleeps, vec![Box::new(shell), Box::new(channel), Box::new(client)])
}

#[tokio::test]
async fn shutdown_leaves_no_child_and_no_port() {
    let bed = Bed::start().await;
    let (sleeps, _clients) = occupy(&bed).await;
    let address = bed.host.address();
    let start = Instant::now();
    timeout(PATIENCE, bed.host.shutdown()).await.expect("an end in time");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    for sleep in &sleeps {
        assert_eq!(processes_named(sleep), [0; 0], "{sleep}");
    }
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_client_that_reads_nothing() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    let mut shell = Shell::open(&client).await;
    shell.type_keys("yes\n").await;
    shell.wait_for("y\r\ny\r\n").await;
    let silent = TcpStream::connect(bed.host.address()).await.expect("connected");
    timeout(Duration::from_secs(5), bed.host.shutdown()).await.expect("an end in time");
    drop(silent);
}

#[tokio::test]
async fn a_dropped_host_ends_as_well() {
    let bed = Bed::start().await;
    let (sleeps, _clients) = occupy(&bed).await;
    let address = bed.host.address();
    drop(bed.host);
    for sleep in &sleeps {
        eventually("none is left", || processes_named(sleep).is_empty()).await;
    }
    let mut refused = false;
    while !refused {
        refused = TcpStream::connect(address).await.is_err();
    }
}

#[test]
fn a_runtime_that_ends_takes_the_host_and_its_children_with_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (bed, sleeps) = runtime.block_on(async {
        let bed = Bed::start().await;
        let (sleeps, clients) = occupy(&bed).await;
        std::mem::forget(clients);
        (bed, sleeps)
    });
    drop(runtime);
    let deadline = std::time::Instant::now() + PATIENCE;
    for sleep in &sleeps {
        while !processes_named(sleep).is_empty() {
            assert!(std::time::Instant::now() < deadline, "{sleep} goes on");
            std::thread::yield_now();
        }
    }
    drop(bed);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named_in_the_error() {
    let config = DemoConfig { files: "/no/such/folder".into(), start: String::new(), shell: None };
    let error = DemoHost::start(config).await.expect_err("there is no such folder");
    assert!(matches!(error, DemoError::Files { .. }));
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}
