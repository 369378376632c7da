//! Servers that break the protocol. Whatever they say, an operation ends with an error that says so, at once, and so
//! does everything after it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bowline_sftp::{Access, Attributes, Ended, ErrorKind, File, Listing, Lost, Sftp, Violation};
use tokio::io::AsyncWriteExt;

use crate::scripted::*;

async fn open(sftp: &Sftp) -> bowline_sftp::Result<File> {
    sftp.open(&path("/a"), Access::READ, &Attributes::default()).await
}

async fn list(sftp: &Sftp) -> bowline_sftp::Result<Listing> {
    sftp.list(&path("/a")).await
}

#[tokio::test]
async fn an_answer_that_is_none_ends_the_operation_and_the_session() {
    type Bad = fn(&Asked) -> Vec<u8>;
    let bad: [(&str, Bad); 22] = [
        ("the id of nobody", |asked| status(asked.id ^ 0x8000_0000, 0, "")),
        ("the id of the next", |asked| status(asked.id + 1, 0, "")),
        ("an unknown type", |asked| packet(77, asked.id, b"")),
        ("a request", |asked| packet(OPEN, asked.id, b"")),
        ("a second VERSION", |_| version(3, &[])),
        ("an empty packet", |_| framed(b"")),
        ("a packet of one byte", |_| framed(&[STATUS])),
        ("a packet of 2^32-1 bytes", |_| vec![255; 4]),
        ("a packet of 256 KiB and a byte", |_| (256 * 1024_u32 + 1).to_be_bytes().to_vec()),
        ("a bare success", |asked| status(asked.id, 0, "")),
        ("a status without a code", |asked| packet(STATUS, asked.id, b"\0\0")),
        ("a status whose message ends early", |asked| packet(STATUS, asked.id, b"\0\0\0\x04\0\0\0\x09no")),
        ("a handle of 2^20 bytes", |asked| handle(asked.id, &vec![1; 1 << 20])),
        ("a handle of 257 bytes", |asked| handle(asked.id, &[1; 257])),
        ("a handle of no bytes", |asked| handle(asked.id, b"")),
        ("a handle that ends early", |asked| packet(HANDLE, asked.id, b"\0\0\0\x05abc")),
        ("more data than was asked for", |asked| data(asked.id, &[1; 100])),
        ("no data", |asked| data(asked.id, b"")),
        ("four billion names", |asked| packet(NAME, asked.id, b"\xff\xff\xff\xff")),
        ("a name that ends early", |asked| packet(NAME, asked.id, b"\0\0\0\x01\0\0\xff\xffabcdefgh")),
        ("attributes that end early", |asked| packet(ATTRIBUTES, asked.id, b"\0\0\0\x0f\0\0")),
        ("an extended answer", |asked| packet(EXTENDED_REPLY, asked.id, b"")),
    ];
    for (what, bad) in bad {
        // What each of them answers, and what goes well before it.
        for target in [OPEN, READ, OPENDIR, READDIR, STAT] {
            let sftp =
                session(
                    &[],
                    move |asked| {
                        if asked.kind == target { bad(&asked) } else { honest(&asked, b"0123456789") }
                    },
                )
                .await;
            let outcome = in_time(async {
                match target {
                    OPEN => open(&sftp).await.map(|_| ()),
                    READ => open(&sftp).await?.read(0, 10).await.map(|_| ()),
                    OPENDIR => list(&sftp).await.map(|_| ()),
                    READDIR => list(&sftp).await?.next().await.map(|_| ()),
                    _ => sftp.stat(&path("/a")).await.map(|_| ()),
                }
            })
            .await;
            let error = outcome.expect_err(what);
            assert!(matches!(error.kind, ErrorKind::Protocol(_)), "{what} for {target}: {error:?}");
            assert!(error.is_fatal());
            let ended = in_time(sftp.ended()).await;
            assert!(matches!(ended, Ended::Protocol(_)), "{what} for {target}: {ended:?}");
            let after = in_time(sftp.stat(&path("/b"))).await.expect_err("the session is over");
            assert_eq!(after.kind.to_string(), error.kind.to_string(), "{what} for {target}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_ends_the_session() {
    for second in [status(0, 0, ""), status(256, 0, ""), handle(512, b"x")] {
        let (ours, mut server) = Scripted::pair();
        let started = tokio::spawn(Sftp::start(ours));
        server.greet(&[]).await;
        let sftp = started.await.expect("no panic").expect("it greets");
        server.send(&second).await;
        let ended = in_time(sftp.ended()).await;
        assert!(matches!(ended, Ended::Protocol(Violation::Unrequested(_))), "{ended:?}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_twice_ends_the_session() {
    let sftp = session(&[], |asked| [sized(asked.id, 1), sized(asked.id, 2)].concat()).await;
    let first = in_time(sftp.stat(&path("/a"))).await.expect("the first one counts");
    assert_eq!(first.size, Some(1));
    let ended = in_time(sftp.ended()).await;
    assert!(matches!(ended, Ended::Protocol(Violation::Unrequested(_))), "{ended:?}");
}

#[tokio::test]
async fn what_does_not_speak_sftp_3_is_told_as_it_is() {
    let greetings: [(&[u8], &str); 9] = [
        (b"Welcome to this host!\n", "text came in its place"),
        (b"Hi\n", "text came in its place"),
        (b"", "the server closed it"),
        (b"\0\0", "in the middle of an answer"),
        (b"\0\0\0\x05\x02\0\0\0\x02", "version 2"),
        (b"\0\0\0\x05\x02\0\0\0\x06", "version 6"),
        (b"\0\0\0\x05\x65\0\0\0\x03", "type 101"),
        (b"\0\0\0\x02\x02\0", "ends before the version"),
        (b"\0\0\0\x0d\x02\0\0\0\x03\0\0\0\xffabcd", "ends before the name of an extension"),
    ];
    for (greeting, said) in greetings {
        let (ours, mut server) = Scripted::pair();
        server.send(greeting).await;
        server.stream.shutdown().await.expect("the end");
        let error = in_time(Sftp::start(ours)).await.expect_err("it is no SFTP");
        assert!(error.to_string().contains(said), "{greeting:?}: {error}");
        assert!(error.to_string().starts_with("could not start SFTP: "), "{error}");
    }
}

#[tokio::test]
async fn a_stream_that_ends_at_any_byte_ends_everything() {
    let file = vec![7; 1000];
    // As long as all that a whole conversation takes, and then some.
    for cut in 0..1700 {
        let (ours, mut server) = Scripted::pair();
        let file = file.clone();
        tokio::spawn(async move {
            let mut left = cut;
            while let Some(asked) = server.next().await {
                let answer = if asked.kind == 1 {
                    version(3, &[("limits@openssh.com", "1")])
                } else {
                    answer(&asked, &file)
                };
                let now = answer.len().min(left);
                server.send(&answer[..now]).await;
                left -= now;
                if now < answer.len() {
                    return;
                }
            }
        });
        let outcome = in_time(async {
            let sftp = Sftp::start(ours).await?;
            sftp.stat(&path("/a")).await?;
            let mut listing = list(&sftp).await?;
            while listing.next().await?.is_some() {}
            let mut whole = Vec::new();
            open(&sftp).await?.download(0, None).copy_to(&mut whole).await?;
            assert_eq!(whole.len(), 1000);
            sftp.fetch(&path("/a"), 500, 1000).await?;
            sftp.store(&path("/a"), Access::CREATE, &Attributes::default(), b"abc").await.map(drop)
        })
        .await;
        match outcome {
            Ok(()) => assert!(cut > 1400, "cut at {cut} and all is well"),
            Err(error) => {
                assert!(matches!(error.kind, ErrorKind::ConnectionLost(_)), "cut at {cut}: {error:?}")
            }
        }
    }

    fn answer(asked: &Asked, file: &[u8]) -> Vec<u8> {
        match asked.kind {
            200 => packet(EXTENDED_REPLY, asked.id, &[0; 32]),
            _ => honest(asked, file),
        }
    }
}

#[tokio::test]
async fn an_end_between_answers_is_told_from_one_within() {
    for (last, within) in [(&b""[..], false), (b"\0\0\0\x09\x65", true)] {
        let (ours, mut server) = Scripted::pair();
        let started = tokio::spawn(Sftp::start(ours));
        server.greet(&[]).await;
        let sftp = started.await.expect("no panic").expect("it greets");
        server.send(last).await;
        drop(server);
        let ended = in_time(sftp.ended()).await;
        let told = matches!(ended, Ended::Lost(Lost::InFrame));
        assert_eq!(told, within, "{ended:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_no_time_limit() {
    let (ours, mut server) = Scripted::pair();
    let started = tokio::spawn(Sftp::start(ours));
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    server.greet(&[]).await;
    let sftp = started.await.expect("no panic").expect("it greets");
    let stat = tokio::spawn(async move { sftp.stat(&path("/a")).await });
    let asked = server.next().await.expect("a request");
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert!(!stat.is_finished());
    server.send(&sized(asked.id, 5)).await;
    assert_eq!(stat.await.expect("no panic").expect("answered").size, Some(5));
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_there_are_places_and_all_are_answered() {
    const REQUESTS: usize = 3000;
    let (ours, mut server) = Scripted::pair();
    let started = tokio::spawn(Sftp::start(ours));
    server.greet(&[]).await;
    let sftp = started.await.expect("no panic").expect("it greets");
    let answered = Arc::new(AtomicUsize::new(0));
    for _ in 0..REQUESTS {
        let (sftp, answered) = (sftp.clone(), Arc::clone(&answered));
        tokio::spawn(async move {
            sftp.stat(&path("/a")).await.expect("answered");
            answered.fetch_add(1, Ordering::Relaxed);
        });
    }
    let mut waiting = Vec::new();
    while waiting.len() < bowline_sftp::IN_FLIGHT_MAX {
        waiting.push(in_time(server.next()).await.expect("a request").id);
    }
    let one_more = tokio::time::timeout(Duration::from_millis(300), server.next()).await;
    assert!(one_more.is_err(), "one more came without an answer");
    for seen in 0..REQUESTS {
        // In whatever order.
        let id = waiting.swap_remove(seen * 7919 % waiting.len());
        server.send(&sized(id, 1)).await;
        if seen + bowline_sftp::IN_FLIGHT_MAX < REQUESTS {
            waiting.push(in_time(server.next()).await.expect("a request").id);
        }
    }
    in_time(async {
        while answered.load(Ordering::Relaxed) < REQUESTS {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_reads_in_flight_may_bring_is_bounded_too() {
    let (ours, mut server) = Scripted::pair();
    let started = tokio::spawn(Sftp::start(ours));
    server.greet(&[("limits@openssh.com", "1")]).await;
    let sftp = started.await.expect("no panic").expect("it greets");
    let limits = server.next().await.expect("a request");
    let most = [256 * 1024_u64, 255 * 1024, 255 * 1024, 100].map(u64::to_be_bytes).concat();
    server.send(&packet(EXTENDED_REPLY, limits.id, &most)).await;
    // Each of these begins with eight reads, which would be 80 MiB together.
    let mut downloads = Vec::new();
    for number in 0..40_u8 {
        let opening = tokio::spawn({
            let sftp = sftp.clone();
            async move { open(&sftp).await }
        });
        let asked = loop {
            let asked = in_time(server.next()).await.expect("a request");
            if asked.kind == OPEN {
                break asked;
            }
        };
        server.send(&handle(asked.id, &[number])).await;
        downloads.push(opening.await.expect("no panic").expect("opened").download(0, None));
    }
    let reading =
        downloads.into_iter().map(|mut download| tokio::spawn(async move { download.next().await }));
    let _reading: Vec<_> = reading.collect();
    let mut bytes = 0;
    while let Ok(asked) = tokio::time::timeout(Duration::from_millis(300), server.next()).await {
        bytes += asked.expect("a request").length() as usize;
    }
    assert!((60 << 20..=65 << 20).contains(&bytes), "{bytes} bytes are under way");
}

#[tokio::test]
async fn what_nobody_waits_for_is_not_sent() {
    let (ours, mut server) = Scripted::pair();
    let started = tokio::spawn(Sftp::start(ours));
    server.greet(&[]).await;
    let sftp = started.await.expect("no panic").expect("it greets");
    // The runtime has one thread, and the driver does not run before this task waits.
    let precious = path("/precious");
    let mut given_up = Box::pin(sftp.remove(&precious));
    assert!(futures::poll!(&mut given_up).is_pending());
    drop(given_up);
    let stat = tokio::spawn(async move { sftp.stat(&path("/a")).await });
    let asked = in_time(server.next()).await.expect("a request");
    assert_eq!(asked.kind, STAT);
    stat.abort();
}

#[tokio::test]
async fn no_close_overtakes_a_write_of_the_same_handle() {
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&kinds);
    let sftp = session(&[], move |asked| {
        seen.lock().expect("no panic").push(asked.kind);
        honest(&asked, b"")
    })
    .await;
    for writes in 0..20 {
        let file = in_time(open(&sftp)).await.expect("opened");
        let mut upload = file.upload(0);
        let bytes = vec![1; writes * 32 * 1024];
        in_time(upload.send(&mut bytes.as_slice())).await.expect("sent");
        // Its writes are under way, or still in the queue.
        drop(upload);
    }
    in_time(sftp.stat(&path("/a"))).await.expect("answered");
    in_time(async {
        while kinds.lock().expect("no panic").iter().filter(|&&kind| kind == CLOSE).count() < 20 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The handle is the same each time, so a write between a CLOSE and the next OPEN went to nobody.
    let mut is_open = false;
    for &kind in kinds.lock().expect("no panic").iter() {
        match kind {
            OPEN => is_open = true,
            WRITE => assert!(is_open, "a write came behind the close"),
            CLOSE => is_open = false,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_server_that_reads_nothing_is_waited_for_and_holds_up_no_giving_up() {
    let (ours, mut server) = Scripted::pair();
    let started = tokio::spawn(Sftp::start(ours));
    server.greet(&[("limits@openssh.com", "1")]).await;
    let sftp = started.await.expect("no panic").expect("it greets");
    let limits = server.next().await.expect("a request");
    let most = [256 * 1024_u64, 255 * 1024, 255 * 1024, 100].map(u64::to_be_bytes).concat();
    server.send(&packet(EXTENDED_REPLY, limits.id, &most)).await;
    let opened = tokio::spawn({
        let sftp = sftp.clone();
        async move { sftp.open(&path("/a"), Access::WRITE, &Attributes::default()).await }
    });
    let asked = server.next().await.expect("a request");
    server.send(&handle(asked.id, b"h")).await;
    let mut upload = opened.await.expect("no panic").expect("opened").upload(0);
    let source = vec![0; 100 << 20];
    let mut source = source.as_slice();
    let sent = tokio::time::timeout(Duration::from_millis(500), upload.send(&mut source)).await;
    assert!(sent.is_err(), "it waits");
    let taken = (100 << 20) - source.len();
    assert!(taken <= 10 << 20, "{taken} bytes were taken while the server took one mebibyte");
}

#[tokio::test]
async fn a_server_that_dies_while_much_is_under_way_fails_it_all() {
    let dead = Arc::new(AtomicBool::new(false));
    let (ours, mut server) = Scripted::pair();
    let started = tokio::spawn(Sftp::start(ours));
    server.greet(&[]).await;
    let sftp = started.await.expect("no panic").expect("it greets");
    let asking: Vec<_> = (0..600)
        .map(|_| {
            let (sftp, dead) = (sftp.clone(), Arc::clone(&dead));
            tokio::spawn(async move {
                let error = sftp.stat(&path("/a")).await.expect_err("it dies");
                assert!(dead.load(Ordering::Relaxed), "{error}");
                assert!(matches!(error.kind, ErrorKind::ConnectionLost(Lost::Closed)), "{error:?}");
            })
        })
        .collect();
    server.next().await.expect("a request");
    dead.store(true, Ordering::Relaxed);
    // What it did not read any more is lost with it, but its end is an orderly one.
    server.stream.shutdown().await.expect("the end");
    for asked in asking {
        in_time(asked).await.expect("each is answered");
    }
}
