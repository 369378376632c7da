//! Logging in: what a person chose, carried out against what the server offers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::MethodSet;
use russh::client::{AuthResult, Handle};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg};
use tokio::time::Instant;

use crate::connection::{Guard, Login, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::host::AuthMethod;
use crate::prompt::{Answer, Prompts, Question, Secret};

pub mod agent;
mod algorithms;
mod certificate;
mod identities;
mod interactive;
pub mod keygen;
pub mod keys;
mod offer;
pub mod options;
mod password;
mod plan;
pub mod secrets;
mod unlock;

use identities::Identities;
use options::AuthOptions;
use plan::{Plan, Step};
use secrets::{SecretKind, Secrets};

/// Time for the server to answer one message. PAM modules that look things up elsewhere need seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// An answer that took so long may have been too late for the server (sshd's LoginGraceTime is two minutes, others' less).
const SLOW_ANSWER: Duration = Duration::from_secs(10);

/// Where credentials lie on this machine.
#[derive(Debug, Clone)]
pub struct Authenticator {
    pub secrets: Secrets,
    /// `~/.ssh`.
    pub ssh_dir: PathBuf,
    /// The agent's socket (Unix); `SSH_AUTH_SOCK` if none.
    pub agent_socket: Option<PathBuf>,
}

/// A login that worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// For the person: `publickey`, `password` and so on; several factors are joined by `+`.
    pub method: String,
    /// What the server accepts, as it said before anything was tried; empty if it wanted nothing.
    pub offered: String,
    /// A password was written to the keyring on the person's wish.
    pub remembered_password: bool,
}

/// Logs in. `banner` is asked for what the server has said so far, already made visible; `heard` for when it was last heard.
///
/// # Errors
/// The codes of [`ErrorCode`] about authentication; also those of the connection when it ends meanwhile.
pub async fn log_in(
    authenticator: &Authenticator,
    handle: &mut Handle<Guard>,
    target: &Target,
    prompts: &Prompts,
    banner: &(dyn Fn() -> Option<String> + Send + Sync),
    heard: &(dyn Fn() -> Instant + Send + Sync),
) -> Result<LoggedIn> {
    let usual = AuthOptions::default();
    let options = match &target.login {
        Login::Person { options, .. } => options.as_ref(),
        Login::Key(_) => &usual,
    };
    let mut attempt = Attempt {
        authenticator,
        handle,
        target,
        options,
        prompts,
        banner,
        heard,
        identities: Identities::default(),
        rsa_best: None,
        tried: Vec::new(),
        refusals: 0,
        asked: None,
        certificate_fault: None,
        to_remember: Vec::new(),
        to_add: Vec::new(),
        accepted: Vec::new(),
        offered: String::new(),
    };
    attempt.run().await?;
    attempt.add_to_agent().await;
    let remembered_password = attempt.remember().await;
    Ok(LoggedIn { method: attempt.accepted.join("+"), offered: attempt.offered, remembered_password })
}

/// The target for one more dial when the server has ended the login because of too many refused keys, before anything else
/// could be tried: the same with the number of tries that it has shown to allow. Nothing in every other case, so that no
/// refused password is ever repeated.
pub fn with_fewer_tries(target: &Target, error: &Error) -> Option<Target> {
    if error.code != ErrorCode::AuthTriesExceeded || error.params.get("more")?.as_str() != "yes" {
        return None;
    }
    let tries: u32 = error.params.get("tries")?.parse().ok()?;
    let mut again = target.clone();
    match &mut again.login {
        Login::Person { options, .. } if tries < options.max_tries => options.max_tries = tries,
        Login::Person { .. } | Login::Key(_) => return None,
    }
    Some(again)
}

struct Attempt<'a> {
    authenticator: &'a Authenticator,
    handle: &'a mut Handle<Guard>,
    target: &'a Target,
    options: &'a AuthOptions,
    prompts: &'a Prompts,
    banner: &'a (dyn Fn() -> Option<String> + Send + Sync),
    heard: &'a (dyn Fn() -> Instant + Send + Sync),
    identities: Identities,
    /// The best hash for RSA that the server names; none until it was asked.
    rsa_best: Option<Option<Option<HashAlg>>>,
    /// What was refused, as data that needs no translation.
    tried: Vec<String>,
    /// Tries that the server has refused, and so counts.
    refusals: u32,
    /// How long the last question waited for its answer.
    asked: Option<Duration>,
    /// What stands in a refused certificate that explains it.
    certificate_fault: Option<Error>,
    /// Written to the keyring once the login has worked.
    to_remember: Vec<(SecretKind, String, Secret)>,
    /// Keys from files that were accepted, with their paths.
    to_add: Vec<(Arc<PrivateKey>, String)>,
    accepted: Vec<&'static str>,
    /// What the server said that it accepts, at first.
    offered: String,
}

/// What the server said to one try.
enum Outcome {
    Success,
    /// Accepted, and another factor is wanted from these.
    Partial(MethodSet),
    Refused(MethodSet),
}

impl From<AuthResult> for Outcome {
    fn from(result: AuthResult) -> Self {
        match result {
            AuthResult::Success => Outcome::Success,
            AuthResult::Failure { remaining_methods, partial_success: true } => {
                Outcome::Partial(remaining_methods)
            }
            AuthResult::Failure { remaining_methods, partial_success: false } => {
                Outcome::Refused(remaining_methods)
            }
        }
    }
}

impl Attempt<'_> {
    async fn run(&mut self) -> Result<()> {
        if let Login::Key(key) = &self.target.login {
            let outcome = self.show_own_key(Arc::clone(key)).await?;
            self.accepted.push("publickey");
            return if matches!(outcome, Outcome::Success) { Ok(()) } else { Err(self.refused(&[])) };
        }
        let mut plan = Plan::new(self.method(), self.options);
        let result = in_time(self.target, self.handle.authenticate_none(&self.target.user)).await?;
        let mut offered = match self.outcome(result)? {
            Outcome::Success => {
                self.accepted.push("none");
                return Ok(());
            }
            Outcome::Partial(methods) | Outcome::Refused(methods) => methods,
        };
        self.offered = offered.iter().map(<&str>::from).collect::<Vec<_>>().join(", ");
        loop {
            let names: Vec<&str> = offered.iter().map(<&str>::from).collect();
            let Some(step) = plan.next(&names) else {
                if plan.skipped() > 0 {
                    self.tried.push(format!("… + {} (skipped)", plan.skipped()));
                }
                return Err(self.refused(&names));
            };
            let taken = self.take(&step, &mut plan).await;
            match taken.map_err(|error| self.too_many(error, &step, &plan))? {
                None => {}
                Some(Outcome::Success) => {
                    self.accepted.push(step.method());
                    return Ok(());
                }
                Some(Outcome::Partial(methods)) => {
                    self.accepted.push(step.method());
                    if !plan.partial_success(&step) {
                        return Err(self.refused(&names));
                    }
                    offered = methods;
                }
                Some(Outcome::Refused(methods)) => offered = methods,
            }
        }
    }

    /// Carries out one step; nothing when it had nothing to send.
    async fn take(&mut self, step: &Step, plan: &mut Plan) -> Result<Option<Outcome>> {
        let before = self.refusals;
        let taken = self.carry_out(step, plan).await;
        (before..self.refusals).for_each(|_| plan.refused());
        taken
    }

    async fn carry_out(&mut self, step: &Step, plan: &mut Plan) -> Result<Option<Outcome>> {
        match step {
            Step::FindKeys(which) => {
                self.find_keys(*which).await?;
                let offers = plan::order(&self.identities.inventory(self.options.identities_only));
                if let (plan::Keys::Chosen, [], Some(file)) =
                    (which, offers.as_slice(), self.identities.files.first_mut())
                    && let Err(problem) = &file.key
                {
                    return Err(problem.clone().into());
                }
                plan.found(offers);
                Ok(None)
            }
            Step::Key(offer) => {
                let outcome = self.try_key(offer).await?;
                self.refusals += u32::from(matches!(outcome, Some(Outcome::Refused(_))));
                Ok(outcome)
            }
            Step::Password => {
                let outcome = self.try_passwords().await?;
                if matches!(outcome, Outcome::Refused(_)) {
                    plan.password_refused();
                }
                Ok(Some(outcome))
            }
            Step::KeyboardInteractive => self.try_interactive().await.map(Some),
        }
    }

    /// The key of the built-in host.
    async fn show_own_key(&mut self, key: Arc<PrivateKey>) -> Result<Outcome> {
        let hash = matches!(key.algorithm(), Algorithm::Rsa { .. }).then_some(HashAlg::Sha512);
        let key = PrivateKeyWithHashAlg::new(key, hash);
        let result = in_time(self.target, self.handle.authenticate_publickey(&self.target.user, key)).await?;
        self.outcome(result)
    }

    /// An end of the connection in answer to a key is the end of the server's patience (sshd's MaxAuthTries).
    fn too_many(&self, error: Error, step: &Step, plan: &Plan) -> Error {
        // One try alone is no sign of patience: the line may have been cut just then.
        let by_key = matches!(step, Step::Key(_)) && plan.refusals() > 0;
        if error.code != ErrorCode::ClosedInHandshake || !by_key || self.asked.is_some() {
            return error;
        }
        let (user, address, tries) = (&self.target.user, &self.target.address, plan.refusals() + 1);
        let more = if plan.has_more_than_keys() && self.accepted.is_empty() { "yes" } else { "no" };
        Error::new(
            ErrorCode::AuthTriesExceeded,
            format!(
                "{address} ended the login of {user} after {tries} tries: {}. Choose the right key for this host.",
                self.tried.join(", ")
            ),
        )
        .with("user", user)
        .with("address", address)
        .with("tries", tries)
        .with("tried", self.tried.join(", "))
        .with("more", more)
        .because(error)
    }

    /// A connection that ends in answer to a password which nobody typed just now may have been ended because of it (sshd's
    /// MaxAuthTries 1): sent again and again by itself it would lock the account, so this is a refusal.
    fn refused_silently(&self, error: Error, method: &str) -> Error {
        if error.code != ErrorCode::ClosedInHandshake || self.asked.is_some() {
            return error;
        }
        let (user, address) = (&self.target.user, &self.target.address);
        Error::new(
            ErrorCode::AuthRefused,
            format!(
                "{address} closed the connection in answer to the password of {user}, which may be the wrong one. Nothing is \
                 tried again by itself, so that the account is not locked. Check the password, then try again."
            ),
        )
        .with("tried", method)
        .with("user", user)
        .with("address", address)
        .with("offered", method)
        .because(error)
    }

    async fn ask(&mut self, question: Question, can_remember: bool) -> Result<Answer> {
        let saved = self.target.asker.host_id.is_some() || matches!(question, Question::Passphrase { .. });
        let can_remember = can_remember && saved && self.authenticator.secrets.state().await.is_ok();
        let since = Instant::now();
        let asking = self.prompts.ask(&self.target.asker, (self.banner)(), question, can_remember);
        let answer = tokio::select! {
            answer = asking => Some(answer),
            () = closed(self.handle) => None,
        };
        self.asked = Some(since.elapsed());
        answer.unwrap_or_else(|| Err(self.ended(russh::Error::Disconnect)))
    }

    async fn remember(&mut self) -> bool {
        let mut password = false;
        for (kind, account, secret) in std::mem::take(&mut self.to_remember) {
            match self.authenticator.secrets.set(kind, &account, secret).await {
                // Without a keyring it is kept for this run only, and the next one must not look for it.
                Ok(()) => {
                    password |=
                        kind == SecretKind::Password && self.authenticator.secrets.state().await.is_ok();
                }
                Err(error) => tracing::warn!(%error, "a secret could not be kept"),
            }
        }
        password
    }

    fn method(&self) -> AuthMethod {
        match &self.target.login {
            Login::Person { method, .. } => *method,
            Login::Key(_) => AuthMethod::Key,
        }
    }

    /// A refusal is told apart from an end of the connection, which russh reports as a refusal without methods.
    fn outcome(&self, result: Result<AuthResult, russh::Error>) -> Result<Outcome> {
        let outcome = Outcome::from(result.map_err(|error| self.ended(error))?);
        match &outcome {
            Outcome::Refused(methods) if methods.is_empty() && self.handle.is_closed() => {
                Err(self.ended(russh::Error::Disconnect))
            }
            _ => Ok(outcome),
        }
    }

    fn ended(&self, error: russh::Error) -> Error {
        let address = &self.target.address;
        let mut message =
            format!("{address} closed the connection during the login as {}.", self.target.user);
        if !self.tried.is_empty() {
            message.push_str(&format!(" It had refused {}.", self.tried.join(", ")));
        }
        if let Some(waited) = self.asked.filter(|waited| *waited >= SLOW_ANSWER) {
            message.push_str(&format!(
                " Its question had waited {} seconds for an answer, which may be longer than it allows. Try again.",
                waited.as_secs()
            ));
        }
        Error::new(ErrorCode::ClosedInHandshake, message)
            .with("address", address)
            .with("port", self.target.port)
            .because(error)
    }

    fn refused(&mut self, offered: &[&str]) -> Error {
        if let Some(fault) = self.certificate_fault.take() {
            return fault.with("address", &self.target.address);
        }
        let (user, address) = (&self.target.user, &self.target.address);
        let offered = offered.join(", ");
        let error = if self.tried.is_empty() {
            Error::new(
                ErrorCode::AuthNothingToTry,
                format!(
                    "There was nothing to log in to {address} as {user} with: it accepts {offered}. Choose another way \
                     to log in, or add a key."
                ),
            )
        } else {
            Error::new(
                ErrorCode::AuthRefused,
                format!(
                    "{address} did not let {user} in. It refused {} and accepts {offered}. Check the user name and the \
                     credentials.",
                    self.tried.join(", ")
                ),
            )
            .with("tried", self.tried.join(", "))
        };
        error.with("user", user).with("address", address).with("offered", offered)
    }
}

/// Waits for the server's answer to one message, but not for ever: a connection that is not logged in has no other watcher.
async fn in_time<T>(target: &Target, answer: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(ANSWER_TIMEOUT, answer).await.map_err(|_| unanswered(target))
}

fn unanswered(target: &Target) -> Error {
    let (address, seconds) = (&target.address, ANSWER_TIMEOUT.as_secs());
    Error::new(
        ErrorCode::SilentServer,
        format!("{address} did not answer during the login for {seconds} seconds. It may be overloaded; try again."),
    )
    .with("address", address)
    .with("port", target.port)
    .with("seconds", seconds)
}

/// Resolves when the server has ended the connection; russh has no event for it before a session is open.
async fn closed(handle: &Handle<Guard>) {
    while !handle.is_closed() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
