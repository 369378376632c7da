//! Questions to the person. A question carries its own one-shot reply, so an answer can only reach the one who asked,
//! and who asked learns of a window that went away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use ts_rs::TS;

use crate::error::{Error, ErrorCode, Result};
use crate::host::HostId;
use crate::trust::CertificateFault;

mod secret;
mod visible;

pub use secret::Secret;
pub use visible::{visible, visible_line, visible_text};

/// How long a question waits for its answer. OpenSSH's LoginGraceTime is 120 s: after that the server has hung up.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(115);
/// Questions that may wait at once; the one after that is answered with [`ErrorCode::Cancelled`].
const OPEN_QUESTIONS: usize = 64;

/// A host key as a person compares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeyPicture {
    /// `ssh-ed25519` and so on.
    pub algorithm: String,
    /// `SHA256:...`
    pub fingerprint: String,
    /// OpenSSH's drawing of the fingerprint, lines with their frame.
    pub randomart: String,
}

/// A key that known_hosts has for a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KnownKey {
    pub algorithm: String,
    pub fingerprint: String,
    pub path: String,
    /// Counted from 1.
    pub line: u32,
}

/// One field of a keyboard-interactive question. The text is from the server, with control characters made visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct InteractiveField {
    pub text: String,
    /// Whether what is typed may be seen.
    pub echo: bool,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Question {
    /// The host is not in known_hosts. Answers: `trust` or `cancel`.
    HostKeyUnknown {
        key: KeyPicture,
        /// Other names under which known_hosts has this very key.
        known_as: Vec<String>,
        /// The host showed a certificate, and this is why it does not count.
        certificate: Option<CertificateFault>,
    },
    /// The host shows another key than the trusted one. Answers: `replace-key` or `cancel`.
    HostKeyChanged { key: KeyPicture, known: Vec<KnownKey> },
    /// Answers: `secret` or `cancel`.
    Password {
        user: String,
        /// Counted from 1; above 1 the one before was refused.
        attempt: u32,
        /// The one before was the kept one.
        kept_refused: bool,
    },
    /// sudo wants the password of `user` to show files as root. Answers: `secret` or `cancel`.
    Sudo { user: String, attempt: u32, kept_refused: bool },
    /// Answers: `secret` or `cancel`.
    Passphrase { key_path: String, attempt: u32 },
    /// Answers: `fields` or `cancel`.
    Interactive { user: String, name: String, instructions: String, fields: Vec<InteractiveField> },
    /// A security key wants to be touched within `seconds`; the question goes away when it was. Answers: `cancel`.
    Touch { key: String, seconds: u32 },
    /// Whether the agent may keep a key that has just logged in. Answers: `trust` or `cancel`.
    AddToAgent { key_path: String },
    /// A command has to run on this machine to reach the host (ProxyCommand). Answers: `allow` or `cancel`.
    RunCommand {
        /// All of it, with control characters made visible.
        command: String,
        /// Where it is written down, such as a file and its line; empty for the host's own settings.
        source: String,
    },
}

/// A question as the window shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Prompt {
    pub id: u32,
    /// None for a host that is only being tried out in the form.
    pub host_id: Option<HostId>,
    /// The host's shown name.
    pub host: String,
    /// `address` or `[address]:port`.
    pub address: String,
    /// What the server said before the question (its banner), with control characters made visible.
    pub banner: Option<String>,
    pub question: Question,
    /// Whether "remember" can be offered: the OS keyring answers.
    pub can_remember: bool,
}

/// What the person answered.
#[derive(Debug, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Answer {
    Cancel,
    /// Go on with an unknown host key; `always` writes it to known_hosts.
    Trust {
        always: bool,
    },
    /// Forget the old keys of this host. `typed` must be [`Prompt::address`], typed by hand; the case does not matter.
    ReplaceKey {
        typed: String,
    },
    Secret {
        #[ts(type = "string")]
        secret: Secret,
        remember: bool,
    },
    /// Run the command; `always` remembers exactly this command for exactly this host.
    Allow {
        always: bool,
    },
    Fields {
        #[ts(type = "string[]")]
        values: Vec<Secret>,
    },
}

/// Who asks, as the person is told.
#[derive(Debug, Clone, Default)]
pub struct Asker {
    pub host_id: Option<HostId>,
    pub host: String,
    pub address: String,
}

/// The questions that wait for an answer. Clones share them.
#[derive(Debug, Clone)]
pub struct Prompts {
    open: Arc<Mutex<Open>>,
    /// Told of every question and of its end. The engine drains it at once into its own events.
    news: mpsc::Sender<PromptNews>,
}

/// A question came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptNews {
    Asked(Box<Prompt>),
    Gone(u32),
}

#[derive(Debug, Default)]
struct Open {
    last_id: u32,
    /// See [`Prompts::asked_for_login`].
    for_login: u32,
    questions: BTreeMap<u32, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    prompt: Prompt,
    reply: oneshot::Sender<Answer>,
}

impl Prompts {
    /// `news` may lag: the questions that are open can always be read with [`Prompts::list`].
    pub fn new(news: mpsc::Sender<PromptNews>) -> Self {
        Self { open: Arc::default(), news }
    }

    /// How many questions there were so far.
    pub fn asked(&self) -> u32 {
        self.lock().last_id
    }

    /// As [`Prompts::asked`], without those about host keys: a key that was trusted is known the next time.
    pub fn asked_for_login(&self) -> u32 {
        self.lock().for_login
    }

    /// The questions that wait, oldest first.
    pub fn list(&self) -> Vec<Prompt> {
        self.lock().questions.values().map(|waiting| waiting.prompt.clone()).collect()
    }

    /// Asks, and waits for the answer. If the caller is dropped meanwhile, the question goes away.
    ///
    /// # Errors
    /// [`ErrorCode::Cancelled`] when the person dismissed it, [`ErrorCode::PromptTimedOut`] after [`ANSWER_TIMEOUT`].
    pub async fn ask(
        &self,
        asker: &Asker,
        banner: Option<String>,
        question: Question,
        can_remember: bool,
    ) -> Result<Answer> {
        let (reply, answer) = oneshot::channel();
        let prompt = {
            let mut open = self.lock();
            if open.questions.len() >= OPEN_QUESTIONS {
                return Err(cancelled(asker));
            }
            open.last_id += 1;
            let of_the_key =
                matches!(question, Question::HostKeyUnknown { .. } | Question::HostKeyChanged { .. });
            open.for_login += u32::from(!of_the_key);
            let prompt = Prompt {
                id: open.last_id,
                host_id: asker.host_id.clone(),
                host: asker.host.clone(),
                address: asker.address.clone(),
                banner,
                question,
                can_remember,
            };
            open.questions.insert(prompt.id, Waiting { prompt: prompt.clone(), reply });
            prompt
        };
        let _gone = RemoveWhenDropped { prompts: self.clone(), id: prompt.id };
        let _ = self.news.send(PromptNews::Asked(Box::new(prompt))).await;
        match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
            Ok(Ok(Answer::Cancel)) | Ok(Err(_)) => Err(cancelled(asker)),
            Ok(Ok(answer)) => Ok(answer),
            Err(_) => Err(Error::new(
                ErrorCode::PromptTimedOut,
                format!(
                    "Connecting to {} waited {} seconds for an answer and gave up, because the server would have. \
                     Open it again when you are there.",
                    asker.address,
                    ANSWER_TIMEOUT.as_secs()
                ),
            )
            .with("address", &asker.address)
            .with("seconds", ANSWER_TIMEOUT.as_secs())),
        }
    }

    /// Gives an answer to the one who asked. An answer to a question that is gone is dropped.
    pub fn answer(&self, id: u32, answer: Answer) {
        let waiting = self.lock().questions.remove(&id);
        if let Some(waiting) = waiting {
            let _ = waiting.reply.send(answer);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cancelled(asker: &Asker) -> Error {
    Error::new(
        ErrorCode::Cancelled,
        format!("Connecting to {} was stopped, because its question was dismissed.", asker.address),
    )
    .with("address", &asker.address)
}

/// Takes the question off the list however its asker ends.
struct RemoveWhenDropped {
    prompts: Prompts,
    id: u32,
}

impl Drop for RemoveWhenDropped {
    fn drop(&mut self) {
        self.prompts.lock().questions.remove(&self.id);
        let _ = self.prompts.news.try_send(PromptNews::Gone(self.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        Question::Password { user: "ann".into(), attempt: 1, kept_refused: false }
    }

    fn prompts() -> (Prompts, mpsc::Receiver<PromptNews>) {
        let (news, told) = mpsc::channel(8);
        (Prompts::new(news), told)
    }

    #[tokio::test]
    async fn an_answer_reaches_the_one_who_asked_and_the_question_goes_away() {
        let (prompts, mut told) = prompts();
        let asking = tokio::spawn({
            let prompts = prompts.clone();
            async move { prompts.ask(&Asker::default(), None, question(), true).await }
        });
        let Some(PromptNews::Asked(prompt)) = told.recv().await else { panic!("a question was expected") };
        prompts.answer(prompt.id, Answer::Secret { secret: Secret::new("s"), remember: false });
        let answer = asking.await.expect("the task ends").expect("an answer");
        assert!(matches!(answer, Answer::Secret { remember: false, .. }));
        assert_eq!(told.recv().await, Some(PromptNews::Gone(prompt.id)));
        assert!(prompts.list().is_empty());
    }

    #[tokio::test]
    async fn a_question_goes_away_with_its_asker() {
        let (prompts, mut told) = prompts();
        let asking = tokio::spawn({
            let prompts = prompts.clone();
            async move { prompts.ask(&Asker::default(), None, question(), true).await }
        });
        assert!(matches!(told.recv().await, Some(PromptNews::Asked(_))));
        asking.abort();
        assert!(matches!(told.recv().await, Some(PromptNews::Gone(_))));
        assert!(prompts.list().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_nobody_answers_ends_before_the_server_hangs_up() {
        let (prompts, _told) = prompts();
        let error = prompts.ask(&Asker::default(), None, question(), true).await.expect_err("no answer");
        assert_eq!(error.code, ErrorCode::PromptTimedOut);
        assert!(prompts.list().is_empty());
    }
}
