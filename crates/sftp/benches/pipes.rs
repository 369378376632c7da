//! The client against OpenSSH's sftp-server over pipes, on files in memory: `cargo bench -p bowline-sftp`. What is
//! measured is the two programs and the pipes between them, no disk and no encryption.
// A bench says what it found.
#![allow(clippy::print_stdout)]

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use bowline_sftp::{Access, Attributes, FileName, Listed, Sftp, SftpPath};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

const SERVER: &str = "/usr/lib/openssh/sftp-server";
const LARGE_BYTES: u64 = 1 << 30;
const FILES: usize = 5000;
const SMALL_BYTES: usize = 4096;
const AT_ONCE: usize = 256;
const RUNS: usize = 5;

#[tokio::main]
async fn main() {
    if !Path::new(SERVER).exists() {
        println!("{SERVER} is not here");
        return;
    }
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let owner = tempfile::tempdir_in(parent).expect("a folder");
    let folder = SftpPath::new(owner.path().as_os_str().as_encoded_bytes()).expect("a path");
    let sftp = start().await;
    median("1 GiB up", "MB/s", LARGE_BYTES as f64 / 1e6, async || upload(&sftp, &folder).await).await;
    median("1 GiB down", "MB/s", LARGE_BYTES as f64 / 1e6, async || download(&sftp, &folder).await).await;
    median("5,000 files of 4 KiB up", "files/s", FILES as f64, async || store(&sftp, &folder).await).await;
    median("5,000 files of 4 KiB down", "files/s", FILES as f64, async || fetch(&sftp, &folder).await).await;
    median("5,000 names listed", "names/s", FILES as f64, async || list(&sftp, &folder).await).await;
    owner.close().expect("it can be removed");
}

async fn start() -> Sftp {
    let mut server =
        Command::new(SERVER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let stream = tokio::io::join(
        server.stdout.take().expect("it is piped"),
        server.stdin.take().expect("it is piped"),
    );
    let sftp = Sftp::start(stream).await.expect("it speaks SFTP");
    // Its limits are known when this is answered.
    sftp.stat(&SftpPath::here()).await.expect("a folder");
    sftp
}

async fn median(what: &str, unit: &str, amount: f64, mut run: impl AsyncFnMut()) {
    let mut rates = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        run().await;
        rates.push(amount / start.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    println!(
        "{what:<28} {:>8.0} {unit} (median of {RUNS}; {:.0} to {:.0})",
        rates[RUNS / 2],
        rates[0],
        rates[RUNS - 1]
    );
}

fn join(folder: &SftpPath, name: &str) -> SftpPath {
    folder.join(&FileName::new(name).expect("a name")).expect("short")
}

async fn upload(sftp: &Sftp, folder: &SftpPath) {
    let access = Access::WRITE | Access::CREATE | Access::TRUNCATE;
    let file = sftp.open(&join(folder, "large"), access, &Attributes::default()).await.expect("opened");
    let mut upload = file.upload(0);
    upload.send(&mut tokio::io::repeat(7).take(LARGE_BYTES)).await.expect("sent");
    upload.finish().await.expect("written").close().await.expect("closed");
}

async fn download(sftp: &Sftp, folder: &SftpPath) {
    let file = sftp.open(&join(folder, "large"), Access::READ, &Attributes::default()).await.expect("opened");
    let mut download = file.download(0, Some(LARGE_BYTES));
    assert_eq!(download.copy_to(&mut tokio::io::sink()).await.expect("read"), LARGE_BYTES);
}

async fn store(sftp: &Sftp, folder: &SftpPath) {
    let data = vec![7; SMALL_BYTES];
    let stored = stream::iter(0..FILES).map(|number| {
        let (path, data) = (join(folder, &format!("small-{number}")), &data);
        async move { sftp.store(&path, Access::CREATE | Access::TRUNCATE, &Attributes::default(), data).await }
    });
    stored.buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await.expect("stored");
}

async fn fetch(sftp: &Sftp, folder: &SftpPath) {
    let fetched = stream::iter(0..FILES).map(|number| {
        let path = join(folder, &format!("small-{number}"));
        async move { sftp.fetch(&path, SMALL_BYTES as u64, 1 << 20).await.map(|data| data.len()) }
    });
    let lengths: Vec<usize> = fetched.buffer_unordered(AT_ONCE).try_collect().await.expect("fetched");
    assert_eq!(lengths.iter().sum::<usize>(), FILES * SMALL_BYTES);
}

async fn list(sftp: &Sftp, folder: &SftpPath) {
    let mut listing = sftp.list(folder).await.expect("listed");
    let mut names = 0;
    while let Some(Listed::Entry(_)) = listing.next().await.expect("listed") {
        names += 1;
    }
    assert_eq!(names, FILES + 1);
}
