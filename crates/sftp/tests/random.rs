//! Conversations with servers whose every answer is random. A seed that fails can be run again by itself; the fuzzer in
//! `fuzz/` has the same conversation, and learns.

#[path = "../fuzz/conversation.rs"]
mod conversation;

use bowline_sftp::{Access, Attributes, Sftp};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use crate::scripted::*;

const SEEDS: u64 = 2000;

#[tokio::test]
async fn a_server_that_says_random_things_breaks_nothing() {
    for seed in 0..SEEDS {
        let mut random = StdRng::seed_from_u64(seed);
        let mut input = vec![0; random.random_range(0..3000)];
        random.fill_bytes(&mut input);
        // What mostly fits gets further than what never does.
        let often = random.random_range(1..5);
        for byte in &mut input {
            if random.random_range(0..often) == 0 {
                *byte &= 0x07;
            }
        }
        in_time(conversation::converse(&input)).await;
    }
}

#[tokio::test]
async fn honest_answers_that_are_damaged_end_with_an_error_or_well_and_never_hang() {
    let mut well = 0;
    for seed in 0..SEEDS {
        well += usize::from(in_time(damaged(seed)).await);
    }
    // Both happen, or the damage is of no use.
    assert!(well > 20 && well < SEEDS as usize - 100, "{well} of {SEEDS} went well");
}

/// A conversation with a server that is right most of the time; whether nothing in it failed.
async fn damaged(seed: u64) -> bool {
    let mut random = StdRng::seed_from_u64(seed);
    let file: Vec<u8> = (0..random.random_range(0..3000)).map(|_| random.random()).collect();
    let expected = file.len() as u64;
    let often = random.random_range(1..200);
    let (ours, mut server) = Scripted::pair();
    let serving = async move {
        while let Some(asked) = server.next().await {
            let mut answer = match asked.kind {
                1 => version(3, &[("limits@openssh.com", "1"), ("posix-rename@openssh.com", "1")]),
                200 if asked.subject() == b"limits@openssh.com" => {
                    packet(EXTENDED_REPLY, asked.id, &random.random::<[u8; 32]>())
                }
                READDIR if random.random() => names(asked.id, &[b"a", b"b\xff", b"."]),
                _ => honest(&asked, &file),
            };
            let is_whole = random.random_range(0..often) != 0 || damage(&mut answer, &mut random);
            server.send(&answer).await;
            // Otherwise the client waits for the rest of a packet, as it should, until the stream ends.
            if !is_whole {
                return;
            }
        }
    };
    tokio::select! {
        outcome = everything(ours, expected) => outcome.is_ok(),
        () = async {
            serving.await;
            // The client sees the end of the stream, and the other branch is done.
            std::future::pending().await
        } => unreachable!("it is pending"),
    }
}

async fn everything(stream: tokio::io::DuplexStream, expected: u64) -> bowline_sftp::Result<()> {
    let sftp = Sftp::start(stream).await?;
    sftp.stat(&path("/a")).await?;
    sftp.resolve(&path("/a")).await?;
    sftp.replace(&path("/a"), &path("/b")).await?;
    let mut listing = sftp.list(&path("/a")).await?;
    while listing.next().await?.is_some() {}
    let file = sftp.open(&path("/a"), Access::READ, &Attributes::default()).await?;
    let mut download = file.download(0, Some(expected));
    while download.next().await?.is_some() {}
    let whole = sftp.fetch(&path("/a"), expected, 10_000).await?;
    sftp.store(&path("/a"), Access::CREATE, &Attributes::default(), &whole).await.map(drop)
}

/// Whether what comes out still begins with its own length.
fn damage(answer: &mut Vec<u8>, random: &mut StdRng) -> bool {
    let at = random.random_range(0..answer.len());
    match random.random_range(0..6) {
        0 => answer[at] = random.random(),
        1 => answer[at] ^= 1 << random.random_range(0..8),
        2 => answer.truncate(at),
        3 => answer.insert(at, random.random()),
        // Where the counts stand.
        4 => {
            let at = random.random_range(4..answer.len().min(20));
            answer[at] = *[0, 1, 0x7f, 0x80, 0xff].get(random.random_range(0..5)).expect("one of five");
            return true;
        }
        _ => {
            let twice = answer.clone();
            answer.extend(twice);
            return true;
        }
    }
    at >= 4 && u32::from_be_bytes(answer[..4].try_into().expect("4 bytes")) as usize + 4 == answer.len()
}
