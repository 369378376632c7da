//! Passwords: the kept one once, then what the person types.

use tokio::time::Instant;

use super::secrets::SecretKind;
use super::{ANSWER_TIMEOUT, Attempt, Outcome, unanswered};
use crate::connection::Login;
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::{Answer, Question, Secret};

impl Attempt<'_> {
    /// Sends passwords until one is accepted or enough were refused.
    pub(super) async fn try_passwords(&mut self) -> Result<Outcome> {
        let mut kept = self.kept_password().await;
        let kept_first = kept.is_some();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (password, remember) = match kept.take() {
                Some(password) => (password, false),
                None => {
                    let kept_refused = kept_first && attempt == 2;
                    let user = self.target.user.clone();
                    match self.ask(Question::Password { user, attempt, kept_refused }, true).await? {
                        Answer::Secret { secret, remember } => (secret, remember),
                        _ => return Err(Error::internal("a password question got another answer")),
                    }
                }
            };
            let sending = self.handle.authenticate_password(&self.target.user, password.expose());
            let since = Instant::now();
            let answered = tokio::time::timeout(ANSWER_TIMEOUT, sending).await;
            let Ok(result) = answered else {
                return Err(if (self.heard)() > since {
                    self.unanswered_password()
                } else {
                    unanswered(self.target)
                });
            };
            let outcome = self.outcome(result).map_err(|error| self.refused_silently(error, "password"))?;
            if !matches!(outcome, Outcome::Refused(_)) {
                if let (true, Some(id)) = (remember, &self.target.asker.host_id) {
                    self.to_remember.push((SecretKind::Password, id.0.clone(), password));
                }
                return Ok(outcome);
            }
            self.refusals += 1;
            if attempt >= self.options.password_prompts.max(1) {
                self.tried.push(format!("password × {attempt}"));
                return Ok(outcome);
            }
        }
    }

    /// The password from the form, or else from the keyring. A keyring that fails is as good as an empty one here: the
    /// person is asked.
    pub(super) async fn kept_password(&mut self) -> Option<Secret> {
        let Login::Person { password, kept_for, .. } = &self.target.login else { return None };
        if password.is_some() {
            return password.clone();
        }
        let id = kept_for.as_ref()?;
        self.authenticator.secrets.get(SecretKind::Password, &id.0).await.ok().flatten()
    }

    /// The server sent something and no answer. russh passes over a request for a new password
    /// (SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, RFC 4252 section 8) without a word, and that is what it looks like from here.
    fn unanswered_password(&self) -> Error {
        let (user, address, seconds) = (&self.target.user, &self.target.address, ANSWER_TIMEOUT.as_secs());
        Error::new(
            ErrorCode::PasswordUnanswered,
            format!(
                "{address} took the password of {user} and did not say within {seconds} seconds whether it is right. The \
                 password has probably expired, and the server wants a new one: change it with the server's own means \
                 (such as its console), then try again."
            ),
        )
        .with("user", user)
        .with("address", address)
        .with("seconds", seconds)
    }
}
