//! Files of a host as root, for a person who may use sudo there.

use super::Engine;
use crate::auth::secrets::SecretKind;
use crate::error::{Error, ErrorCode, Result};
use crate::files::elevated::{self, Refusal};
use crate::files::session::Files;
use crate::host::HostId;
use crate::prompt::{Answer, Question};

/// As often as sudo itself asks.
const ATTEMPTS: u32 = 3;

impl Engine {
    /// A session with root's rights. Where sudo wants a password, the kept one is tried once, then the person is asked.
    pub(super) async fn elevated_files(&self, host: &HostId) -> Result<Files> {
        let place = || self.inner.pool.place(host, self.make_target(host));
        let first = place().await?;
        self.record_remembered(first.connection(), host).await;
        let target = first.connection().target();
        let (asker, user, address) = (target.asker.clone(), target.user.clone(), target.address.clone());
        let server = elevated::find_server(first).await?;
        match elevated::open(place().await?, &server, None).await {
            Ok(files) => return Ok(files),
            Err(Refusal::Other(error)) => return Err(error),
            Err(Refusal::Password) => {}
        }
        let secrets = self.secrets();
        let mut kept = secrets.get(SecretKind::Sudo, &host.0).await.ok().flatten();
        let kept_first = kept.is_some();
        for attempt in 1..=ATTEMPTS {
            let (password, remember) = match kept.take() {
                Some(password) => (password, false),
                None => {
                    let kept_refused = kept_first && attempt == 2;
                    let question = Question::Sudo { user: user.clone(), attempt, kept_refused };
                    let can_remember = secrets.state().await.is_ok();
                    match self.inner.dialer.prompts.ask(&asker, None, question, can_remember).await {
                        Ok(Answer::Secret { secret, remember }) => (secret, remember),
                        Ok(_) => return Err(Error::internal("a password question got another answer")),
                        Err(error) if error.code == ErrorCode::Cancelled => {
                            let message =
                                format!("sudo on {address} got no password, so nothing was done as root.");
                            return Err(Error::new(ErrorCode::SudoCancelled, message)
                                .with("address", address)
                                .with("user", user));
                        }
                        Err(error) => return Err(error),
                    }
                }
            };
            let opened = match elevated::check(place().await?, &password).await {
                Ok(()) => elevated::open(place().await?, &server, Some(&password)).await,
                Err(refusal) => Err(refusal),
            };
            match opened {
                Ok(files) => {
                    if remember {
                        secrets.set(SecretKind::Sudo, &host.0, password).await?;
                    }
                    return Ok(files);
                }
                Err(Refusal::Password) => {}
                Err(Refusal::Other(error)) => return Err(error),
            }
        }
        let message = format!("sudo on {address} took none of the passwords for {user}.");
        Err(Error::new(ErrorCode::SudoPasswordRefused, message).with("address", address).with("user", user))
    }
}
