//! One proxied connection: two directions, each with a side that takes bytes and a side that passes them on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::faults::{Dice, Faults, Line};
use super::{Cut, Direction, Shared};

/// Most bytes taken at once.
const TAKE_BYTES: usize = 16 * 1024;
/// Pieces on their way in one direction: 8 MiB, the bandwidth-delay product of 64 MiB/s and 125 ms. When it is full no more
/// are taken, as with a full router that tells TCP to wait.
const QUEUE_PIECES: usize = 512;
/// With a rate limit, bytes go out in steps of about this time.
const RATE_STEP: Duration = Duration::from_millis(10);

/// How an open connection is told to be cut, or to be closed in one direction. A cheap clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending {
    cut: Arc<watch::Sender<Option<Cut>>>,
    finished: Arc<watch::Sender<Vec<Direction>>>,
}

impl Ending {
    pub(super) fn cut(&self, cut: Cut) {
        self.cut.send_replace(Some(cut));
    }

    pub(super) fn finish(&self, direction: Direction) {
        self.finished.send_modify(|finished| finished.push(direction));
    }

    async fn wait(&self) -> Cut {
        let mut cut = self.cut.subscribe();
        loop {
            if let Some(cut) = *cut.borrow_and_update() {
                return cut;
            }
            // The sender lives as long as `self`.
            let _ = cut.changed().await;
        }
    }

    async fn wait_finished(&self, direction: Direction) {
        // The sender lives as long as `self`.
        let _ = self.finished.subscribe().wait_for(|finished| finished.contains(&direction)).await;
    }
}

/// A client and the server that it wanted.
pub(super) struct Link {
    pub(super) client: TcpStream,
    pub(super) server: TcpStream,
    pub(super) number: usize,
    pub(super) ending: Ending,
}

/// Bytes on their way, and when they may arrive.
struct Piece {
    bytes: Vec<u8>,
    due: Instant,
}

/// Passes bytes both ways until both sides have closed, or the connection breaks or is cut.
pub(super) async fn run(link: Link, shared: &Shared) {
    let Link { client, server, number, ending } = link;
    for socket in [&client, &server] {
        // Without it delays would be longer than asked for, but nothing would break.
        let _ = socket.set_nodelay(true);
    }
    let seed = shared.seed.wrapping_add(number as u64);
    let passing = async {
        tokio::try_join!(
            one_way(Direction::ToServer, &client, &server, Dice::new(seed), &ending, shared),
            one_way(Direction::ToClient, &server, &client, Dice::new(!seed), &ending, shared),
        )
    };
    let cut = tokio::select! {
        biased;
        cut = ending.wait() => cut,
        passed = passing => match passed {
            Ok(_) => return,
            // A reset on one side becomes a reset on the other.
            Err(_) => Cut::Reset,
        },
    };
    perform(cut, client, server).await;
}

async fn perform(cut: Cut, client: TcpStream, server: TcpStream) {
    match cut {
        Cut::Reset => {
            reset(client);
            reset(server);
        }
        Cut::Finish => {
            tokio::join!(finish(client), finish(server));
        }
        Cut::HalfOpen => {
            reset(server);
            swallow(&client).await;
        }
    }
}

fn reset(socket: TcpStream) {
    // Should it fail, the other end sees FIN instead, and a test that expects RST fails.
    let _ = socket.set_zero_linger();
}

/// Says that nothing more comes, and takes what still arrives: closing with unread bytes would be a reset.
async fn finish(socket: TcpStream) {
    let _ = socket2::SockRef::from(&socket).shutdown(std::net::Shutdown::Write);
    swallow(&socket).await;
}

async fn swallow(socket: &TcpStream) {
    let mut nowhere = vec![0; TAKE_BYTES];
    while matches!(take(socket, &mut nowhere).await, Ok(1..)) {}
}

async fn one_way(
    direction: Direction,
    from: &TcpStream,
    to: &TcpStream,
    dice: Dice,
    ending: &Ending,
    shared: &Shared,
) -> io::Result<()> {
    let (queue, queued) = mpsc::channel(QUEUE_PIECES);
    let taking = take_all(direction, from, queue, dice, shared.faults.subscribe());
    let passing = pass_all(direction, to, queued, ending, shared);
    tokio::try_join!(taking, passing).map(|_| ())
}

async fn take_all(
    direction: Direction,
    from: &TcpStream,
    queue: mpsc::Sender<Piece>,
    mut dice: Dice,
    mut faults: watch::Receiver<Faults>,
) -> io::Result<()> {
    let mut buffer = vec![0; TAKE_BYTES];
    let mut last_due = Instant::now();
    loop {
        let line = thawed(&mut faults, direction).await;
        let most = line.fragment_bytes.map_or(TAKE_BYTES, |most| {
            let throw = dice.up_to(most.clamp(1, TAKE_BYTES) as u64 - 1);
            1 + usize::try_from(throw).unwrap_or(0)
        });
        let taken = take(from, &mut buffer[..most]).await?;
        if taken == 0 {
            return Ok(());
        }
        let jitter = u64::try_from(line.jitter.as_micros()).unwrap_or(u64::MAX);
        let due = Instant::now() + line.delay + Duration::from_micros(dice.up_to(jitter));
        last_due = last_due.max(due);
        let piece = Piece { bytes: buffer[..taken].to_vec(), due: last_due };
        if queue.send(piece).await.is_err() {
            return Ok(());
        }
    }
}

async fn pass_all(
    direction: Direction,
    to: &TcpStream,
    mut queued: mpsc::Receiver<Piece>,
    ending: &Ending,
    shared: &Shared,
) -> io::Result<()> {
    let mut faults = shared.faults.subscribe();
    let mut passed = 0;
    let finished = ending.wait_finished(direction);
    tokio::pin!(finished);
    loop {
        let piece = tokio::select! {
            biased;
            () = &mut finished => None,
            piece = queued.recv() => piece,
        };
        let Some(Piece { mut bytes, due }) = piece else { break };
        sleep_until(due).await;
        let mut rest = bytes.as_mut_slice();
        while !rest.is_empty() {
            let line = thawed(&mut faults, direction).await;
            let step = step_bytes(&line, rest.len());
            let verdict = judge(shared, direction, passed, step);
            let (now, later) = rest.split_at_mut(verdict.pass);
            if let Some(byte) = verdict.corrupt.and_then(|at| now.get_mut(at)) {
                *byte = !*byte;
            }
            pass(to, now).await?;
            shared.count(direction, now);
            passed += now.len() as u64;
            if let Some(cut) = verdict.cut {
                ending.cut(cut);
                // The cut ends this future from outside.
                std::future::pending::<()>().await;
            }
            if let Some(rate) = line.bytes_per_second {
                sleep(Duration::from_secs_f64(verdict.pass as f64 / rate.max(1) as f64)).await;
            }
            rest = later;
        }
    }
    // Fails only if that side is closed already.
    let _ = socket2::SockRef::from(to).shutdown(std::net::Shutdown::Write);
    // What still comes after a direction was closed is lost.
    while queued.recv().await.is_some() {}
    Ok(())
}

/// The faults of a direction, once it is not frozen.
async fn thawed(faults: &mut watch::Receiver<Faults>, direction: Direction) -> Line {
    let line = match faults.wait_for(|faults| !faults.line(direction).frozen).await {
        Ok(faults) => Some(faults.line(direction).clone()),
        Err(_) => None,
    };
    match line {
        Some(line) => line,
        // The proxy has ended, and with it this connection, any moment now.
        None => std::future::pending().await,
    }
}

fn step_bytes(line: &Line, length: usize) -> usize {
    line.bytes_per_second.map_or(length, |rate| {
        let step = (rate as f64 * RATE_STEP.as_secs_f64()) as usize;
        step.clamp(1, length)
    })
}

/// Decides about the next bytes. A cut or a corruption that falls is used up for all connections.
fn judge(shared: &Shared, direction: Direction, passed: u64, length: usize) -> super::faults::Verdict {
    let mut verdict = None;
    shared.faults.send_if_modified(|faults| {
        let decided = faults.line_mut(direction).judge(passed, length);
        let used_up = decided.corrupt.is_some() || decided.cut.is_some();
        verdict = Some(decided);
        used_up
    });
    verdict.expect("the closure has run")
}

async fn take(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        socket.readable().await?;
        match socket.try_read(buffer) {
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
            taken => return taken,
        }
    }
}

async fn pass(socket: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        socket.writable().await?;
        match socket.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(())
}
