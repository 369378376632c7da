//! Logging in: what a person chose, carried out against what the server offers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::MethodSet;
use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg};

use crate::connection::{Guard, Login, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::host::AuthMethod;
use crate::prompt::{Answer, Prompts, Question, Secret, visible_line};

pub mod agent;
mod interactive;
pub mod keys;
mod plan;
pub mod secrets;
mod unlock;

use agent::{AgentEnd, PatientAgent};
use plan::{Plan, Step};
use secrets::{SecretKind, Secrets};

/// How often a password is tried on one connection (OpenSSH's NumberOfPasswordPrompts).
const PASSWORD_TRIES: u32 = 3;
/// Time for the server to answer one message. PAM modules that look things up elsewhere need seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Keys that are tried of one agent; the server ends the connection long before.
const AGENT_KEYS: usize = 32;

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
    /// A password was written to the keyring on the person's wish.
    pub remembered_password: bool,
}

/// Logs in. `banner` is asked for what the server has said so far, already made visible.
///
/// # Errors
/// The codes of [`ErrorCode`] about authentication; also those of the connection when it ends meanwhile.
pub async fn log_in(
    authenticator: &Authenticator,
    handle: &mut Handle<Guard>,
    target: &Target,
    prompts: &Prompts,
    banner: &(dyn Fn() -> Option<String> + Send + Sync),
) -> Result<LoggedIn> {
    let mut attempt = Attempt {
        authenticator,
        handle,
        target,
        prompts,
        banner,
        tried: Vec::new(),
        to_remember: Vec::new(),
        accepted: Vec::new(),
    };
    attempt.run().await?;
    let remembered_password = attempt.remember().await;
    Ok(LoggedIn { method: attempt.accepted.join("+"), remembered_password })
}

struct Attempt<'a> {
    authenticator: &'a Authenticator,
    handle: &'a mut Handle<Guard>,
    target: &'a Target,
    prompts: &'a Prompts,
    banner: &'a (dyn Fn() -> Option<String> + Send + Sync),
    /// What was refused, as data that needs no translation.
    tried: Vec<String>,
    /// Written to the keyring once the login has worked.
    to_remember: Vec<(SecretKind, String, Secret)>,
    accepted: Vec<&'static str>,
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
            let outcome = self.offer_key(Arc::clone(key)).await?;
            self.accepted.push("publickey");
            return if matches!(outcome, Outcome::Success) { Ok(()) } else { Err(self.refused(&[])) };
        }
        let (method, key_path) = match &self.target.login {
            Login::Person { method, key_path, .. } => (*method, key_path.as_str()),
            Login::Key(_) => (AuthMethod::Key, ""),
        };
        let mut plan = Plan::new(method, key_path, &self.default_keys());
        let result = in_time(self.target, self.handle.authenticate_none(&self.target.user)).await?;
        let mut offered = match self.outcome(result)? {
            Outcome::Success => {
                self.accepted.push("none");
                return Ok(());
            }
            Outcome::Partial(methods) | Outcome::Refused(methods) => methods,
        };
        loop {
            let names: Vec<&str> = offered.iter().map(<&str>::from).collect();
            let Some(step) = plan.next(&names) else { return Err(self.refused(&names)) };
            match self.take(&step, &mut plan, &names).await? {
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
    async fn take(&mut self, step: &Step, plan: &mut Plan, offered: &[&str]) -> Result<Option<Outcome>> {
        match step {
            Step::Agent => self.try_agent(plan, offered).await,
            Step::KeyFile(path) => {
                if plan.may_try_key_file(offered) {
                    self.try_key_file(path).await
                } else {
                    self.tried.push(format!("{path} (skipped)"));
                    Ok(None)
                }
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

    /// The usual key files that exist. One that is missing is no error: nobody asked for it.
    fn default_keys(&self) -> Vec<String> {
        ["id_ed25519", "id_ecdsa", "id_rsa"]
            .iter()
            .map(|name| self.authenticator.ssh_dir.join(name))
            .filter(|path| path.is_file())
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    }

    async fn try_agent(&mut self, plan: &mut Plan, offered: &[&str]) -> Result<Option<Outcome>> {
        let asked_for = self.method() == AuthMethod::Agent;
        let mut agent = match agent::connect(self.authenticator.agent_socket.as_deref()).await {
            Ok(agent) => agent,
            Err(error) if asked_for => return Err(error),
            Err(_) => return Ok(None),
        };
        let listed = tokio::time::timeout(agent::AGENT_TIMEOUT, agent.request_identities()).await;
        let Ok(Ok(identities)) = listed else {
            self.tried.push("ssh-agent (timeout)".to_owned());
            return Ok(None);
        };
        if identities.is_empty() {
            self.tried.push("ssh-agent (0 keys)".to_owned());
        }
        let mut last = None;
        for identity in identities.iter().take(AGENT_KEYS) {
            // Certificates come with the next issue's plan; their plain key is tried all the same.
            let AgentIdentity::PublicKey { key, comment } = identity else { continue };
            if !plan.may_try_agent_key(offered) {
                self.tried.push("ssh-agent: … (skipped)".to_owned());
                break;
            }
            let hash = self.rsa_hash(&key.algorithm()).await;
            let user = self.target.user.clone();
            let mut signer = PatientAgent(&mut agent);
            let signing = self.handle.authenticate_publickey_with(user, key.clone(), hash, &mut signer);
            match tokio::time::timeout(agent::AGENT_TIMEOUT + ANSWER_TIMEOUT, signing).await {
                Ok(Ok(result)) => {
                    let outcome = self.outcome(Ok(result))?;
                    if !matches!(outcome, Outcome::Refused(_)) {
                        return Ok(Some(outcome));
                    }
                    self.tried.push(format!("ssh-agent: {}", visible_line(comment)));
                    last = Some(outcome);
                }
                Ok(Err(AgentEnd::ConnectionEnded)) => return Err(self.ended(russh::Error::Disconnect)),
                Ok(Err(AgentEnd::NoSignature)) => {
                    self.tried.push(format!("ssh-agent: {} (no signature)", visible_line(comment)));
                }
                Err(_) => return Err(unanswered(self.target)),
            }
        }
        Ok(last)
    }

    async fn try_key_file(&mut self, path: &str) -> Result<Option<Outcome>> {
        let asked_for = self.method() == AuthMethod::Key;
        let key = match self.unlock(path).await {
            Ok(Some(key)) => key,
            Ok(None) => return Ok(None),
            // A default key that cannot be used is passed over, unless the person stopped at its question.
            Err(error) if asked_for || error.code == ErrorCode::Cancelled => return Err(error),
            Err(error) => {
                self.tried.push(format!("{path} ({})", error.code_name()));
                return Ok(None);
            }
        };
        let outcome = self.offer_key(Arc::new(key)).await?;
        if matches!(outcome, Outcome::Refused(_)) {
            self.tried.push(path.to_owned());
        }
        Ok(Some(outcome))
    }

    async fn offer_key(&mut self, key: Arc<PrivateKey>) -> Result<Outcome> {
        let hash = self.rsa_hash(&key.algorithm()).await;
        let key = PrivateKeyWithHashAlg::new(key, hash);
        let result = in_time(self.target, self.handle.authenticate_publickey(&self.target.user, key)).await?;
        self.outcome(result)
    }

    /// RSA keys sign with the best hash that the server names (RFC 8308), or SHA-512.
    async fn rsa_hash(&self, algorithm: &Algorithm) -> Option<HashAlg> {
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return None;
        }
        self.handle.best_supported_rsa_hash().await.ok().flatten().unwrap_or(Some(HashAlg::Sha512))
    }

    async fn try_passwords(&mut self) -> Result<Outcome> {
        let mut kept = self.kept_password().await;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (password, remember) = match kept.take() {
                Some(password) => (password, false),
                None => {
                    let question = Question::Password { user: self.target.user.clone(), attempt };
                    match self.ask(question, true).await? {
                        Answer::Secret { secret, remember } => (secret, remember),
                        _ => return Err(Error::internal("a password question got another answer")),
                    }
                }
            };
            let sending = self.handle.authenticate_password(&self.target.user, password.expose());
            let result = in_time(self.target, sending).await?;
            let outcome = self.outcome(result)?;
            if !matches!(outcome, Outcome::Refused(_)) {
                if let (true, Some(id)) = (remember, &self.target.asker.host_id) {
                    self.to_remember.push((SecretKind::Password, id.0.clone(), password));
                }
                return Ok(outcome);
            }
            if attempt >= PASSWORD_TRIES {
                self.tried.push(format!("password × {attempt}"));
                return Ok(outcome);
            }
        }
    }

    /// The password from the form, or else from the keyring. A keyring that fails is as good as an empty one here: the
    /// person is asked.
    async fn kept_password(&self) -> Option<Secret> {
        let Login::Person { password, kept_for, .. } = &self.target.login else { return None };
        if password.is_some() {
            return password.clone();
        }
        let id = kept_for.as_ref()?;
        self.authenticator.secrets.get(SecretKind::Password, &id.0).await.ok().flatten()
    }

    async fn ask(&self, question: Question, can_remember: bool) -> Result<Answer> {
        let saved = self.target.asker.host_id.is_some() || matches!(question, Question::Passphrase { .. });
        let can_remember = can_remember && saved && self.authenticator.secrets.state().await.is_ok();
        let asked = self.prompts.ask(&self.target.asker, (self.banner)(), question, can_remember);
        tokio::select! {
            answer = asked => answer,
            () = closed(self.handle) => Err(self.ended(russh::Error::Disconnect)),
        }
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
        Error::new(ErrorCode::ClosedInHandshake, message)
            .with("address", address)
            .with("port", self.target.port)
            .because(error)
    }

    fn refused(&self, offered: &[&str]) -> Error {
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
