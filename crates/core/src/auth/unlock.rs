//! A key file that may be encrypted: its passphrase is asked for only when the server would take the key.

use std::path::Path;

use russh::client::AuthResult;
use russh::keys::agent::AgentIdentity;
use russh::keys::{HashAlg, PrivateKey, PublicKey};

use super::keys::{self, LoadError};
use super::secrets::SecretKind;
use super::{Attempt, PASSWORD_TRIES};
use crate::error::{Error, ErrorCode, Result};
use crate::host::key_file::expand_home;
use crate::prompt::{Answer, Question, Secret};

impl Attempt<'_> {
    /// The key in a file; nothing when it is encrypted and the server would not take it anyway.
    ///
    /// # Errors
    /// [`ErrorCode::KeyUnreadable`], [`ErrorCode::KeyUnknownType`], [`ErrorCode::PassphraseWrong`] after three tries.
    pub(super) async fn unlock(&mut self, path: &str) -> Result<Option<PrivateKey>> {
        let file = expand_home(path);
        match load(&file, None).await? {
            Ok(key) => return Ok(Some(key)),
            Err(LoadError::Encrypted { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(public) = keys::public_half(&file)
            && !self.would_take(public).await?
        {
            self.tried.push(path.to_owned());
            return Ok(None);
        }
        let account = file.to_string_lossy().into_owned();
        let kept = self.authenticator.secrets.get(SecretKind::Passphrase, &account).await.ok().flatten();
        if let Some(passphrase) = kept
            && let Ok(key) = load(&file, Some(passphrase)).await?
        {
            return Ok(Some(key));
        }
        for attempt in 1..=PASSWORD_TRIES {
            let question = Question::Passphrase { key_path: path.to_owned(), attempt };
            let Answer::Secret { secret, remember } = self.ask(question, true).await? else {
                return Err(Error::internal("a passphrase question got another answer"));
            };
            match load(&file, Some(secret.clone())).await? {
                Ok(key) => {
                    if remember {
                        self.to_remember.push((SecretKind::Passphrase, account, secret));
                    }
                    return Ok(Some(key));
                }
                Err(LoadError::WrongPassphrase { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(
            ErrorCode::PassphraseWrong,
            format!("The key {path} could not be unlocked: the passphrase was wrong three times. Try again."),
        )
        .with("path", path))
    }

    /// Asks the server about a key without signing anything (RFC 4252, section 7).
    async fn would_take(&mut self, public: PublicKey) -> Result<bool> {
        let hash = self.rsa_hash(&public.algorithm()).await;
        let user = self.target.user.clone();
        let mut probe = Probe;
        let asking = self.handle.authenticate_publickey_with(user, public, hash, &mut probe);
        match super::in_time(self.target, asking).await? {
            Err(ProbeEnd::Accepted) => Ok(true),
            Err(ProbeEnd::ConnectionEnded) => Err(self.ended(russh::Error::Disconnect)),
            Ok(AuthResult::Success) => Err(Error::internal("a server took a key without a signature")),
            Ok(result @ AuthResult::Failure { .. }) => self.outcome(Ok(result)).map(|_| false),
        }
    }
}

/// Reading a key may take some tenths of a second: its passphrase is stretched on purpose.
async fn load(file: &Path, passphrase: Option<Secret>) -> Result<Result<PrivateKey, LoadError>> {
    let file = file.to_owned();
    let loading = tokio::task::spawn_blocking(move || keys::load(&file, passphrase.as_ref()));
    loading.await.map_err(Error::internal)
}

/// A signer that never signs: being asked to is the answer.
struct Probe;

enum ProbeEnd {
    Accepted,
    ConnectionEnded,
}

impl From<russh::SendError> for ProbeEnd {
    fn from(_: russh::SendError) -> Self {
        ProbeEnd::ConnectionEnded
    }
}

impl russh::Signer for Probe {
    type Error = ProbeEnd;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        _: Vec<u8>,
    ) -> Result<Vec<u8>, ProbeEnd> {
        Err(ProbeEnd::Accepted)
    }
}
