//! Showing keys and certificates to the server, and signing with them: by the agent or from a file.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::agent::AgentIdentity;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{Algorithm, HashAlg, PrivateKey, signature};

use super::agent::{self, PatientAgent, SignEnd};
use super::algorithms::{self, Signing};
use super::identities::{AgentUse, Identities};
use super::options::{AddKeysToAgent, IdentityAgent};
use super::plan::{Keys, Offer, SignsWith};
use super::unlock::Unlocked;
use super::{ANSWER_TIMEOUT, Attempt, Outcome, certificate, unanswered};
use crate::connection::Login;
use crate::error::{Error, ErrorCode, Result};
use crate::host::AuthMethod;
use crate::prompt::{Answer, Question};

impl Attempt<'_> {
    /// Looks for keys.
    ///
    /// # Errors
    /// [`ErrorCode::AgentUnavailable`] when the person asked for the agent.
    pub(super) async fn find_keys(&mut self, which: Keys) -> Result<()> {
        let options = self.options;
        let key_path = match &self.target.login {
            Login::Person { key_path, .. } if !key_path.is_empty() => Some(key_path.clone()),
            _ => None,
        };
        let mut named: Vec<String> = Vec::new();
        let (usual, agent_use) = match which {
            Keys::Agent => (false, AgentUse::Always),
            Keys::Chosen => {
                named.extend(key_path);
                (false, AgentUse::IfFilesNeedIt)
            }
            Keys::All => {
                named.extend(key_path);
                let more =
                    options.identity_files.iter().filter(|path| !path.is_empty() && !named.contains(path));
                let more: Vec<String> = more.cloned().collect();
                named.extend(more);
                (options.identity_files.is_empty(), AgentUse::Always)
            }
        };
        let binding = self.handle.agent_session_binding().cloned();
        let mut found =
            Identities::gather(self.authenticator, options, named, usual, agent_use, binding).await?;
        match found.agent_problem.take() {
            Some(error) if which == Keys::Agent => return Err(error),
            // None was asked for, or none runs: most people have none.
            Some(error) => tracing::debug!(%error, "no agent"),
            None if found.agent.is_some() && found.listed.is_empty() && which != Keys::Chosen => {
                self.tried.push("ssh-agent (0 keys)".to_owned());
            }
            None => {}
        }
        self.identities = found;
        Ok(())
    }

    /// Shows one key or certificate. Nothing when there was nothing to send.
    pub(super) async fn try_key(&mut self, offer: &Offer) -> Result<Option<Outcome>> {
        let name = self.identities.name(offer);
        let offered = match self.show(offer, &name).await {
            Ok(offered) => offered,
            // A key that cannot be used is passed over, unless it was asked for or the person stopped at its question.
            Err(error) if self.stops(&error) => return Err(error),
            Err(error) => {
                self.tried.push(format!("{name} ({})", error.code_name()));
                return Ok(None);
            }
        };
        if let Some(Outcome::Refused(_)) = &offered {
            self.tried.push(name.clone());
            if let Some(AgentIdentity::Certificate { certificate, .. }) = self.identities.shown(offer) {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                let fault = certificate::fault(&certificate, &name, &self.target.user, now);
                self.certificate_fault = self.certificate_fault.take().or(fault);
            }
        }
        Ok(offered)
    }

    fn stops(&self, error: &Error) -> bool {
        match error.code {
            ErrorCode::Cancelled | ErrorCode::ClosedInHandshake | ErrorCode::SilentServer => true,
            ErrorCode::AuthTriesExceeded | ErrorCode::Internal | ErrorCode::PromptTimedOut => true,
            _ => self.accepted.is_empty() && self.method() == AuthMethod::Key,
        }
    }

    async fn show(&mut self, offer: &Offer, name: &str) -> Result<Option<Outcome>> {
        let shown = self.identities.shown(offer);
        let signing = match &shown {
            Some(identity) => match self.signing(identity).await {
                Some(signing) => Some(signing),
                None => {
                    self.tried.push(format!("{name} ({})", identity.public_key().algorithm().as_str()));
                    return Ok(None);
                }
            },
            None => None,
        };
        match (offer.signer, shown, signing) {
            (SignsWith::Agent(index), Some(shown), Some(signing)) => {
                self.show_by_agent(index, shown, signing, name).await
            }
            (SignsWith::Agent(_), _, _) => Ok(None),
            (SignsWith::File(index), shown, signing) => {
                let Some(file) = self.identities.files.get(index) else { return Ok(None) };
                let (path, at_hand) = (file.path.clone(), file.key.as_ref().ok().cloned());
                let key = match at_hand {
                    Some(key) => key,
                    None => match self.unlock(&path, shown.as_ref().zip(signing)).await? {
                        Unlocked::Key(key) => key,
                        Unlocked::NotWanted(outcome) => return Ok(Some(outcome)),
                    },
                };
                self.show_from_file(key, path, shown, signing).await
            }
        }
    }

    async fn show_from_file(
        &mut self,
        key: Arc<PrivateKey>,
        path: String,
        shown: Option<AgentIdentity>,
        signing: Option<Signing>,
    ) -> Result<Option<Outcome>> {
        let shown = shown.unwrap_or_else(|| key.public_key().clone().into());
        let signing = match signing {
            Some(signing) => Some(signing),
            None => self.signing(&shown).await,
        };
        let Some(signing) = signing else {
            self.tried.push(format!("{path} ({})", key.algorithm().as_str()));
            return Ok(None);
        };
        let mut signer = FileSigner(Arc::clone(&key));
        let (user, hash) = (self.target.user.clone(), signing.hash());
        let answered = match shown {
            AgentIdentity::PublicKey { key, .. } => {
                let showing = self.handle.authenticate_publickey_with(user, key, hash, &mut signer);
                super::in_time(self.target, showing).await?
            }
            AgentIdentity::Certificate { certificate, .. } => {
                let showing = self.handle.authenticate_certificate_with(user, certificate, hash, &mut signer);
                super::in_time(self.target, showing).await?
            }
        };
        let outcome = self.signed(answered, &path)?;
        if let Some(Outcome::Success | Outcome::Partial(_)) = &outcome {
            self.to_add.push((key, path));
        }
        Ok(outcome)
    }

    async fn show_by_agent(
        &mut self,
        index: usize,
        shown: AgentIdentity,
        signing: Signing,
        name: &str,
    ) -> Result<Option<Outcome>> {
        let entry = self.identities.listed.get(index).cloned();
        let (Some(agent), Some(entry)) = (self.identities.agent.as_mut(), entry) else { return Ok(None) };
        let mut signer = PatientAgent { agent, entry, prompts: self.prompts, asker: &self.target.asker };
        let (user, hash) = (self.target.user.clone(), signing.hash());
        let answering = async {
            match shown {
                AgentIdentity::PublicKey { key, .. } => {
                    self.handle.authenticate_publickey_with(user, key, hash, &mut signer).await
                }
                AgentIdentity::Certificate { certificate, .. } => {
                    self.handle.authenticate_certificate_with(user, certificate, hash, &mut signer).await
                }
            }
        };
        match tokio::time::timeout(agent::AGENT_TIMEOUT + ANSWER_TIMEOUT, answering).await {
            Ok(answered) => self.signed(answered, name),
            Err(_) => Err(unanswered(self.target)),
        }
    }

    fn signed(
        &mut self,
        answered: Result<russh::client::AuthResult, SignEnd>,
        name: &str,
    ) -> Result<Option<Outcome>> {
        match answered {
            Ok(result) => self.outcome(Ok(result)).map(Some),
            Err(end @ (SignEnd::NoSignature | SignEnd::Broken)) => {
                if matches!(end, SignEnd::Broken) {
                    self.identities.agent = None;
                }
                self.tried.push(format!("{name} (no signature)"));
                Ok(None)
            }
            Err(SignEnd::Dismissed(error)) => Err(error),
            Err(SignEnd::ConnectionEnded) => Err(self.ended(russh::Error::Disconnect)),
        }
    }

    /// How a key may sign. The server is asked once which hashes it takes, and only if there is an RSA key.
    async fn signing(&mut self, identity: &AgentIdentity) -> Option<Signing> {
        let algorithm = identity.public_key().algorithm();
        let certificate = matches!(identity, AgentIdentity::Certificate { .. });
        if matches!(algorithm, Algorithm::Rsa { .. }) && self.rsa_best.is_none() {
            self.rsa_best = Some(self.handle.best_supported_rsa_hash().await.ok().flatten());
        }
        algorithms::signing(self.options, &algorithm, certificate, self.rsa_best.flatten())
    }

    /// Gives the keys that have logged in to the agent, as far as the settings say so. The login has worked: an agent that
    /// fails must not undo it.
    pub(super) async fn add_to_agent(&mut self) {
        use russh::keys::agent::Constraint;
        let constraints = |confirm: bool, seconds: Option<u32>| {
            let lifetime = seconds.map(|seconds| Constraint::KeyLifetime { seconds });
            confirm.then_some(Constraint::Confirm).into_iter().chain(lifetime).collect::<Vec<_>>()
        };
        let constraints = match self.options.add_keys_to_agent {
            AddKeysToAgent::No => return,
            AddKeysToAgent::Yes { seconds } => constraints(false, seconds),
            AddKeysToAgent::Confirm { seconds } => constraints(true, seconds),
            AddKeysToAgent::Ask => constraints(false, None),
        };
        if self.options.identity_agent == IdentityAgent::None {
            return;
        }
        for (key, path) in std::mem::take(&mut self.to_add) {
            if self.options.add_keys_to_agent == AddKeysToAgent::Ask {
                let question = Question::AddToAgent { key_path: path.clone() };
                let answered = self.prompts.ask(&self.target.asker, None, question, false).await;
                if !matches!(answered, Ok(Answer::Trust { .. })) {
                    continue;
                }
            }
            let adding = async {
                let mut agent = agent::connect(self.authenticator, &self.options.identity_agent).await?;
                agent.add_identity(&key, &constraints).await.map_err(Error::internal)
            };
            match tokio::time::timeout(ANSWER_TIMEOUT, adding).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, path, "a key was not added to the agent"),
                Err(_) => tracing::warn!(path, "the agent did not answer when a key was added"),
            }
        }
    }
}

/// A private key in memory.
struct FileSigner(Arc<PrivateKey>);

impl russh::Signer for FileSigner {
    type Error = SignEnd;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        mut data: Vec<u8>,
    ) -> Result<Vec<u8>, SignEnd> {
        let signed = match self.0.key_data() {
            KeypairData::Rsa(pair) => signature::Signer::try_sign(&(pair, hash), &data),
            other => signature::Signer::try_sign(other, &data),
        };
        let signed: russh::keys::ssh_key::Signature = signed.map_err(|_| SignEnd::NoSignature)?;
        // The request, then the signature as one string (RFC 4252, section 7).
        let mut blob = Vec::new();
        signed.encode(&mut blob).map_err(|_| SignEnd::NoSignature)?;
        blob.as_slice().encode(&mut data).map_err(|_| SignEnd::NoSignature)?;
        Ok(data)
    }
}
