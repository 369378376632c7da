use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use zmodem2::{Action, Event, FileInfo, Position, Receiver, Sender};

use super::*;
use crate::error::Result;
use crate::terminal::Opening;
use crate::terminal::source::SourceControl;
use crate::terminal::state::{TerminalEnd, TerminalSize};

struct Script(mpsc::Receiver<Bytes>);

impl SourceReader for Script {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        async {
            match self.0.recv().await {
                Some(bytes) => SourceEvent::Output(bytes),
                None => SourceEvent::Ended(TerminalEnd::Closed),
            }
        }
        .boxed()
    }
}

struct Still;

impl SourceControl for Still {
    fn resize(&self, _: TerminalSize) -> BoxFuture<'_, Result<()>> {
        async { Ok(()) }.boxed()
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}

/// A terminal on a host whose program the test is.
struct Bed {
    transfers: Transfers,
    source: Source,
    says: mpsc::Sender<Bytes>,
    hears: DuplexStream,
}

async fn bed() -> Bed {
    let (says, script) = mpsc::channel(64);
    let (writer, hears) = tokio::io::duplex(64 * 1024);
    let source = Source {
        greeting: None,
        reader: Box::new(Script(script)),
        writer: Box::new(writer),
        control: Box::new(Still),
        beginning: Default::default(),
    };
    let source = Mutex::new(Some(source));
    let transfers = Transfers::default();
    let open = transfers.listen(Box::new(move |_, _| {
        let source = source.lock().expect("one thread").take().expect("once");
        async { Ok(source) }.boxed()
    }));
    let (_, size) = watch::channel(TerminalSize { cols: 80, rows: 24 });
    let source = open(Opening::First, size).await.expect("it opens");
    Bed { transfers, source, says, hears }
}

/// What the program of the other side does, until it is over.
async fn drive(
    machine: &mut impl FnMut(Option<&[u8]>) -> Step,
    says: &mpsc::Sender<Bytes>,
    hears: &mut DuplexStream,
) {
    let mut buffer = vec![0; 4096];
    let mut input = Vec::new();
    loop {
        match machine(None) {
            Step::Say(bytes) => says.send(bytes.into()).await.expect("somebody listens"),
            Step::Over => return,
            Step::Wait if input.is_empty() => {
                let read = hears.read(&mut buffer).await.expect("it is open");
                input.extend_from_slice(&buffer[..read]);
            }
            Step::Wait => match machine(Some(&input)) {
                Step::Took(taken) => drop(input.drain(..taken)),
                _ => input.clear(),
            },
            Step::Took(_) | Step::Again => {}
        }
    }
}

enum Step {
    Say(Vec<u8>),
    Took(usize),
    Again,
    Wait,
    Over,
}

/// As `sz` would send some files.
fn sz(files: Vec<(&'static [u8], Vec<u8>)>) -> impl FnMut(Option<&[u8]>) -> Step {
    let mut sender = Sender::new().expect("a sender");
    let mut next = 0;
    let mut begin = move |sender: &mut Sender| {
        match files.get(next) {
            Some((name, data)) => {
                let size = Position::new(u32::try_from(data.len()).expect("small"));
                sender.start_file(FileInfo::new(name, Some(size))).expect("it begins");
            }
            None => sender.finish().expect("it ends"),
        }
        next += 1;
        files.get(next - 1).map(|(_, data)| data.clone()).unwrap_or_default()
    };
    let mut data = begin(&mut sender);
    let mut over = false;
    move |input| {
        if let Some(input) = input {
            return Step::Took(sender.submit_wire(input).unwrap_or(input.len()));
        }
        match sender.poll() {
            Action::WriteWire(bytes) => {
                let bytes = bytes.to_vec();
                sender.wire_written(bytes.len());
                Step::Say(bytes)
            }
            Action::ReadFile { offset, max_len } => {
                let from = offset.get() as usize;
                let until = data.len().min(from + max_len);
                sender.submit_file(&data[from..until]).expect("it is wanted");
                Step::Again
            }
            Action::Event(Event::FileCompleted) => {
                data = begin(&mut sender);
                Step::Again
            }
            Action::Event(_) => {
                over = true;
                Step::Again
            }
            _ if over => Step::Over,
            _ => Step::Wait,
        }
    }
}

async fn shown(source: &mut Source) -> String {
    match timeout(Duration::from_secs(20), source.reader.next()).await {
        Ok(SourceEvent::Output(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        other => panic!("nothing was shown: {other:?}"),
    }
}

use tokio::time::timeout;

async fn until(transfers: &Transfers, holds: impl Fn(&TransferState) -> bool) -> TransferState {
    let mut state = transfers.state();
    let waiting = state.wait_for(|state| holds(state));
    timeout(Duration::from_secs(20), waiting).await.expect("in time").expect("it is there").clone()
}

fn is_offered(state: &TransferState) -> bool {
    matches!(state, TransferState::Offered { .. })
}

fn is_over(state: &TransferState) -> bool {
    matches!(state, TransferState::Done { .. } | TransferState::Failed { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_a_host_sends_are_saved_where_the_person_wants_and_never_shown() {
    let Bed { transfers, mut source, says, mut hears } = bed().await;
    let folder = tempfile::tempdir().expect("a folder");
    let large: Vec<u8> = (0..300_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let sent = vec![(&b"../../evil"[..], large.clone()), (&b"empty"[..], Vec::new())];
    let into = folder.path().to_owned();
    let person = async {
        until(&transfers, is_offered).await;
        transfers.answer(TransferAnswer::ReceiveInto(into));
        until(&transfers, is_over).await
    };
    let host = async {
        says.send(Bytes::from_static(b"$ sz files\r\nrz\r")).await.expect("somebody listens");
        drive(&mut sz(sent), &says, &mut hears).await;
        says.send(Bytes::from_static(b"$ next prompt")).await.expect("somebody listens");
    };
    let screen = async {
        assert_eq!(shown(&mut source).await, "$ sz files\r\nrz\r");
        assert_eq!(shown(&mut source).await, "$ next prompt");
    };
    let (state, (), ()) = tokio::join!(person, host, screen);
    let into = Some(folder.path().to_string_lossy().into_owned());
    assert_eq!(state, TransferState::Done { direction: TransferDirection::Receive, files: 2, folder: into });
    assert_eq!(std::fs::read(folder.path().join("evil")).expect("the file"), large);
    assert_eq!(std::fs::read(folder.path().join("empty")).expect("the file"), b"");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_the_person_are_sent() {
    let Bed { transfers, mut source, says, mut hears } = bed().await;
    let folder = tempfile::tempdir().expect("a folder");
    let data: Vec<u8> = (0..100_000_u32).map(|n| (n % 253) as u8).collect();
    let paths: Vec<PathBuf> = ["one.bin", "二.txt"].iter().map(|name| folder.path().join(name)).collect();
    std::fs::write(&paths[0], &data).expect("room");
    std::fs::write(&paths[1], "你好").expect("room");
    let mut receiver = Receiver::with_flow_control(0, true).expect("a receiver");
    let mut got: Vec<(String, Vec<u8>)> = Vec::new();
    let mut over = false;
    let mut rz = |input: Option<&[u8]>| {
        if let Some(input) = input {
            return Step::Took(receiver.submit_wire(input).unwrap_or(input.len()));
        }
        match receiver.poll() {
            Action::WriteWire(bytes) => {
                let bytes = bytes.to_vec();
                receiver.wire_written(bytes.len());
                Step::Say(bytes)
            }
            Action::WriteFile(bytes) => {
                let written = bytes.len();
                got.last_mut().expect("a file").1.extend_from_slice(bytes);
                receiver.file_written(written).expect("it is taken");
                Step::Again
            }
            Action::Event(Event::FileStarted(info)) => {
                got.push((String::from_utf8_lossy(info.name).into_owned(), Vec::new()));
                Step::Again
            }
            Action::Event(Event::FileCompleted) => Step::Again,
            Action::Event(_) => {
                over = true;
                Step::Again
            }
            _ if over => Step::Over,
            _ => Step::Wait,
        }
    };
    let sending = paths.clone();
    let person = async {
        until(&transfers, is_offered).await;
        transfers.answer(TransferAnswer::Send(sending));
        until(&transfers, is_over).await
    };
    let host = async {
        drive(&mut rz, &says, &mut hears).await;
        says.send(Bytes::from_static(b"$ ")).await.expect("somebody listens");
    };
    let (state, (), text) = tokio::join!(person, host, shown(&mut source));
    assert_eq!(state, TransferState::Done { direction: TransferDirection::Send, files: 2, folder: None });
    assert_eq!(text, "$ ");
    assert_eq!(got, [("one.bin".to_owned(), data), ("二.txt".to_owned(), "你好".as_bytes().to_vec())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_is_refused_is_cancelled_on_the_host_and_leaves_no_garbage() {
    let Bed { transfers, mut source, says, mut hears } = bed().await;
    says.send(Bytes::from_static(b"**\x18B00000000000000\r\x8a\x11")).await.expect("somebody listens");
    let person = async {
        until(&transfers, is_offered).await;
        // What is typed meanwhile reaches nobody, and Ctrl-C says no.
        source.writer.write_all(b"typed\x03").await.expect("it is taken");
        until(&transfers, is_over).await
    };
    let screen = source.reader.next();
    let host = async {
        let mut heard = [0; 20];
        hears.read_exact(&mut heard).await.expect("it is told");
        assert_eq!(heard[..10], [0x18; 10]);
        says.send(Bytes::from_static(b"\x18\x18\x08\xfe\x00garb\x01\r\n$ ")).await.expect("somebody listens");
    };
    let (state, (), event) = tokio::join!(person, host, screen);
    assert_eq!(state, TransferState::Failed { direction: TransferDirection::Receive, cause: None, files: 0 });
    assert_eq!(event, SourceEvent::Output(Bytes::from_static(b"\r\n$ ")));
    source.writer.write_all(b"ls").await.expect("it is taken");
    let mut typed = [0; 2];
    hears.read_exact(&mut typed).await.expect("it arrives");
    assert_eq!(&typed, b"ls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_terminal_ends_its_transfer() {
    let Bed { transfers, mut source, says, hears: _hears } = bed().await;
    says.send(Bytes::from_static(b"**\x18B00000000000000\r\x8a\x11")).await.expect("somebody listens");
    let person = until(&transfers, is_offered);
    tokio::select! {
        _ = person => {}
        event = source.reader.next() => panic!("{event:?}"),
    }
    drop(says);
    assert_eq!(source.reader.next().await, SourceEvent::Ended(TerminalEnd::Closed));
    until(&transfers, is_over).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_nonsense_ends_a_transfer() {
    let Bed { transfers, mut source, says, mut hears } = bed().await;
    let folder = tempfile::tempdir().expect("a folder");
    says.send(Bytes::from_static(b"**\x18B00000000000000\r\x8a\x11")).await.expect("somebody listens");
    let into = folder.path().to_owned();
    let person = async {
        until(&transfers, is_offered).await;
        transfers.answer(TransferAnswer::ReceiveInto(into));
        until(&transfers, is_over).await
    };
    let host = async {
        let mut ignored = vec![0; 65536];
        // The person has said yes.
        let _ = hears.read(&mut ignored).await;
        loop {
            tokio::select! {
                sent = says.send(Bytes::from_static(b"**\x18B0400000000dead\r\x8a**\x18A\x04zz\x18k")) => if sent.is_err() { return },
                _ = hears.read(&mut ignored) => {}
            }
        }
    };
    tokio::select! {
        state = person => assert!(matches!(state, TransferState::Failed { cause: Some(_), files: 0, .. }), "{state:?}"),
        () = host => panic!("the host ended"),
        _ = async { loop { source.reader.next().await; } } => {}
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_only_looks_like_the_beginning_of_a_transfer_holds_nothing_up() {
    let Bed { transfers, mut source, says, mut hears } = bed().await;
    let host = async {
        says.send(Bytes::from_static(b"**\x18B00000000000000\r\n")).await.expect("somebody listens");
        until(&transfers, is_offered).await;
        says.send(Bytes::from_static(b"cc -o knot knot.c\r\n")).await.expect("somebody listens");
    };
    let (text, ()) = tokio::join!(shown(&mut source), host);
    assert_eq!(text, "cc -o knot knot.c\r\n");
    until(&transfers, |state| *state == TransferState::None).await;
    // No keys of ours were typed into whatever runs there.
    source.writer.write_all(b"x").await.expect("it is taken");
    let mut typed = [0; 1];
    hears.read_exact(&mut typed).await.expect("it arrives");
    assert_eq!(&typed, b"x");
}
