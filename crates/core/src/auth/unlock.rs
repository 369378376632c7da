//! A key file that may be encrypted: its passphrase is asked for only when the server would take the key.

use std::path::Path;
use std::sync::Arc;

use russh::client::AuthResult;
use russh::keys::agent::AgentIdentity;
use russh::keys::{HashAlg, PrivateKey};

use super::algorithms::Signing;
use super::keys::{self, LoadError};
use super::secrets::SecretKind;
use super::{Attempt, Outcome};
use crate::error::{Error, ErrorCode, Result};
use crate::host::key_file::expand_home;
use crate::prompt::{Answer, Question, Secret};

/// How often a passphrase is asked for (OpenSSH's NumberOfPasswordPrompts).
const PASSPHRASE_TRIES: u32 = 3;

/// What came of opening a key file.
pub(super) enum Unlocked {
    Key(Arc<PrivateKey>),
    /// It is encrypted, and the server would not take it anyway.
    NotWanted(Outcome),
}

impl Attempt<'_> {
    /// The key in a file. With `shown` the server is asked about it before the person is.
    ///
    /// # Errors
    /// [`ErrorCode::KeyUnreadable`], [`ErrorCode::KeyUnknownType`], [`ErrorCode::PassphraseWrong`] after three tries.
    pub(super) async fn unlock(
        &mut self,
        path: &str,
        shown: Option<(&AgentIdentity, Signing)>,
    ) -> Result<Unlocked> {
        let file = expand_home(path);
        match load(&file, None).await? {
            Ok(key) => return Ok(Unlocked::Key(Arc::new(key))),
            Err(LoadError::Encrypted { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some((identity, signing)) = shown
            && let Some(refused) = self.refuses(identity, signing).await?
        {
            return Ok(Unlocked::NotWanted(refused));
        }
        let account = file.to_string_lossy().into_owned();
        let kept = self.authenticator.secrets.get(SecretKind::Passphrase, &account).await.ok().flatten();
        if let Some(passphrase) = kept
            && let Ok(key) = load(&file, Some(passphrase)).await?
        {
            return Ok(Unlocked::Key(Arc::new(key)));
        }
        for attempt in 1..=PASSPHRASE_TRIES {
            let question = Question::Passphrase { key_path: path.to_owned(), attempt };
            let Answer::Secret { secret, remember } = self.ask(question, true).await? else {
                return Err(Error::internal("a passphrase question got another answer"));
            };
            match load(&file, Some(secret.clone())).await? {
                Ok(key) => {
                    if remember {
                        self.to_remember.push((SecretKind::Passphrase, account, secret));
                    }
                    return Ok(Unlocked::Key(Arc::new(key)));
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

    /// Asks the server about a key without signing anything (RFC 4252, section 7): nothing if it would take it.
    async fn refuses(&mut self, shown: &AgentIdentity, signing: Signing) -> Result<Option<Outcome>> {
        let user = self.target.user.clone();
        let (mut probe, hash) = (Probe, signing.hash());
        let answered = match shown.clone() {
            AgentIdentity::PublicKey { key, .. } => {
                let asking = self.handle.authenticate_publickey_with(user, key, hash, &mut probe);
                super::in_time(self.target, asking).await?
            }
            AgentIdentity::Certificate { certificate, .. } => {
                let asking = self.handle.authenticate_certificate_with(user, certificate, hash, &mut probe);
                super::in_time(self.target, asking).await?
            }
        };
        match answered {
            Err(ProbeEnd::Accepted) => Ok(None),
            Err(ProbeEnd::ConnectionEnded) => Err(self.ended(russh::Error::Disconnect)),
            Ok(AuthResult::Success) => Err(Error::internal("a server took a key without a signature")),
            Ok(result @ AuthResult::Failure { .. }) => self.outcome(Ok(result)).map(Some),
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
