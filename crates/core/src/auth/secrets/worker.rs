//! The thread that talks to the keyring.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use keyring_core::Error as Fault;
use tokio::sync::{mpsc, oneshot};

use super::keyring::Keyring;
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::Secret;

/// Requests that may wait; the next caller waits for a place, within its own time. A few hosts open at once.
const WAITING_REQUESTS: usize = 32;

pub type Answer<T> = oneshot::Sender<Result<T>>;

pub enum Request {
    State(Answer<()>),
    Get(String, Answer<Option<Secret>>),
    Set(String, Secret, Answer<()>),
    Delete(String, Answer<()>),
}

/// The way to the thread. It ends when the last of these is dropped; nobody waits for it, as a dialog may hold it.
#[derive(Debug, Clone)]
pub struct Worker {
    requests: mpsc::Sender<Request>,
    busy_since: BusySince,
    answer: Duration,
}

type BusySince = Arc<Mutex<Option<Instant>>>;

impl Worker {
    pub fn start(answer: Duration) -> Self {
        let (requests, receiver) = mpsc::channel(WAITING_REQUESTS);
        let busy_since = BusySince::default();
        let thread = Thread { keyring: None, declined: false, busy_since: busy_since.clone() };
        // Without the thread the receiver is dropped, and every request is told that there is no keyring.
        if let Err(error) =
            std::thread::Builder::new().name("keyring".to_owned()).spawn(|| thread.serve(receiver))
        {
            tracing::warn!(%error, "no thread for the keyring");
        }
        Self { requests, busy_since, answer }
    }

    /// The answer, or [`ErrorCode::KeyringLocked`] when it does not come in time. What was asked may still happen later,
    /// when the person has answered the system's dialog.
    pub async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T> {
        // One dialog that nobody answers costs one caller its time, not all the others too.
        if lock(&self.busy_since).is_some_and(|since| since.elapsed() > self.answer) {
            return Err(self.no_answer());
        }
        let (answer, answered) = oneshot::channel();
        let request = request(answer);
        let exchange = async {
            self.requests.send(request).await.map_err(|_| unavailable(ENDED))?;
            answered.await.map_err(|_| unavailable(ENDED))?
        };
        tokio::time::timeout(self.answer, exchange).await.unwrap_or_else(|_| Err(self.no_answer()))
    }

    fn no_answer(&self) -> Error {
        locked(format!("it did not answer within {} seconds", self.answer.as_secs_f32()))
    }
}

const ENDED: &str = "the thread for it has ended";

struct Thread {
    keyring: Option<Keyring>,
    /// The person did not unlock it when asked. They are not asked again in this run, unless they unlock it elsewhere.
    declined: bool,
    busy_since: BusySince,
}

impl Thread {
    fn serve(mut self, mut requests: mpsc::Receiver<Request>) {
        while let Some(request) = requests.blocking_recv() {
            *lock(&self.busy_since) = Some(Instant::now());
            self.answer(request);
            *lock(&self.busy_since) = None;
        }
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::State(answer) => reply(answer, || self.state()),
            Request::Get(account, answer) => reply(answer, || self.act(|keyring| keyring.get(&account))),
            Request::Set(account, secret, answer) => {
                reply(answer, || self.act(|keyring| keyring.set(&account, &secret)));
            }
            Request::Delete(account, answer) => {
                reply(answer, || self.act(|keyring| keyring.delete(&account)))
            }
        }
    }

    fn state(&mut self) -> Result<()> {
        match self.reach(Keyring::is_locked) {
            Ok(false) => {
                self.declined = false;
                Ok(())
            }
            Ok(true) => Err(locked("it is waiting to be unlocked")),
            Err(fault) => Err(of_fault(fault)),
        }
    }

    fn act<T>(&mut self, action: impl Fn(&Keyring) -> Result<T, Fault>) -> Result<T> {
        if self.declined {
            self.state()?;
        }
        self.reach(action).map_err(|fault| {
            self.declined = matches!(fault, Fault::NoStorageAccess(_));
            of_fault(fault)
        })
    }

    /// On a connection that was made before, a failure may only mean that the keyring was started anew: one more try.
    fn reach<T>(&mut self, action: impl Fn(&Keyring) -> Result<T, Fault>) -> Result<T, Fault> {
        if let Some(keyring) = &self.keyring {
            match action(keyring) {
                Err(Fault::PlatformFailure(error)) => {
                    tracing::info!(%error, "the keyring is connected to again")
                }
                other => return other,
            }
        }
        self.keyring = None;
        let keyring = Keyring::open()?;
        let done = action(&keyring);
        self.keyring = Some(keyring);
        done
    }
}

/// Nothing is done for a caller who has given up already, and been told so.
fn reply<T>(answer: Answer<T>, work: impl FnOnce() -> Result<T>) {
    if !answer.is_closed() {
        let _ = answer.send(work());
    }
}

/// Some faults hold what was read, so only those that hold the system's own words become the source of our error.
fn of_fault(fault: Fault) -> Error {
    match fault {
        Fault::NoStorageAccess(cause) => locked(cause),
        Fault::PlatformFailure(cause) => unavailable(cause),
        other => unavailable(other.to_string()),
    }
}

fn locked(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let cause = cause.into();
    let said = describe(&*cause);
    Error::new(
        ErrorCode::KeyringLocked,
        format!(
            "The keyring could not be used because it is locked: {said}. Unlock it to keep passwords; until then they are \
             kept for this run only."
        ),
    )
    .with("cause", said)
    .because(cause)
}

fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let cause = cause.into();
    let said = describe(&*cause);
    Error::new(
        ErrorCode::KeyringUnavailable,
        format!(
            "No keyring could be reached: {said}. Passwords are kept for this run only; install or start a keyring \
             (gnome-keyring or KWallet, for example) to keep them."
        ),
    )
    .with("cause", said)
    .because(cause)
}

/// The innermost cause says it best, without what each layer puts before it.
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn lock(busy_since: &BusySince) -> std::sync::MutexGuard<'_, Option<Instant>> {
    busy_since.lock().unwrap_or_else(PoisonError::into_inner)
}
