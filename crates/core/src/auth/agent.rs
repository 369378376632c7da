//! The ssh-agent: on Unix the socket in `SSH_AUTH_SOCK`, on Windows OpenSSH's named pipe and then Pageant.

use std::path::PathBuf;
use std::time::Duration;

use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::agent::{AgentIdentity, AgentSessionBinding};
use russh::keys::{Algorithm, Error as KeyError, HashAlg};

use super::Authenticator;
use super::options::IdentityAgent;
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::{Asker, Prompts, Question};

/// An agent that does not answer for so long is not waited for; one that asks for a touch or a PIN needs its time.
pub const AGENT_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for an agent to say what it holds. It asks nobody for that, so this is long; it passes before the person sees anything.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);

pub type Stream = Box<dyn AgentStream + Send + Unpin>;
pub type Agent = AgentClient<Stream>;

/// Connects to an agent.
///
/// # Errors
/// [`ErrorCode::AgentUnavailable`].
pub async fn connect(authenticator: &Authenticator, which: &IdentityAgent) -> Result<Agent> {
    match tokio::time::timeout(LIST_TIMEOUT, open(authenticator, which)).await {
        Ok(Ok(agent)) => Ok(agent),
        Ok(Err(error)) => Err(unavailable(&error)),
        Err(_) => Err(silent()),
    }
}

/// Connects to an agent, tells it for which connection it will sign (so that keys which are limited to destinations can be
/// used, PROTOCOL.agent), and asks what it holds.
///
/// # Errors
/// [`ErrorCode::AgentUnavailable`].
pub async fn list(
    authenticator: &Authenticator,
    which: &IdentityAgent,
    binding: Option<&AgentSessionBinding>,
) -> Result<(Agent, Vec<AgentIdentity>)> {
    let asking = async {
        let mut agent = open(authenticator, which).await.map_err(|error| unavailable(&error))?;
        if let Some(binding) = binding {
            match agent.bind_session(binding, false).await {
                // An agent that does not know the extension refuses it, and that is fine.
                Ok(()) | Err(KeyError::AgentFailure) => {}
                // One that hangs up over it is asked again without.
                Err(_) => agent = open(authenticator, which).await.map_err(|error| unavailable(&error))?,
            }
        }
        let listed = agent.request_identities().await.map_err(|error| unavailable(&error))?;
        Ok((agent, listed))
    };
    tokio::time::timeout(LIST_TIMEOUT, asking).await.unwrap_or_else(|_| Err(silent()))
}

/// The socket of an agent on Unix; nothing if there is none to ask.
pub fn socket(authenticator: &Authenticator, which: &IdentityAgent) -> Option<PathBuf> {
    match which {
        IdentityAgent::None => None,
        IdentityAgent::Usual => authenticator
            .agent_socket
            .clone()
            .or_else(|| std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).map(PathBuf::from)),
        IdentityAgent::Socket(path) => match path.strip_prefix('$') {
            Some(name) => {
                std::env::var_os(name.trim_start_matches('{').trim_end_matches('}')).map(PathBuf::from)
            }
            None => Some(crate::host::key_file::expand_home(path)),
        },
    }
}

#[cfg(unix)]
async fn open(authenticator: &Authenticator, which: &IdentityAgent) -> Result<Agent, KeyError> {
    match socket(authenticator, which) {
        Some(socket) => Ok(AgentClient::connect_uds(socket).await?.dynamic()),
        None => Err(KeyError::EnvVar("SSH_AUTH_SOCK")),
    }
}

#[cfg(windows)]
async fn open(authenticator: &Authenticator, which: &IdentityAgent) -> Result<Agent, KeyError> {
    match which {
        IdentityAgent::None => return Err(KeyError::EnvVar("IdentityAgent")),
        IdentityAgent::Socket(_) => {
            let pipe = socket(authenticator, which).ok_or(KeyError::EnvVar("IdentityAgent"))?;
            return Ok(AgentClient::connect_named_pipe(pipe).await?.dynamic());
        }
        IdentityAgent::Usual => {}
    }
    match AgentClient::connect_named_pipe(r"\\.\pipe\openssh-ssh-agent").await {
        Ok(agent) => Ok(agent.dynamic()),
        Err(_) => Ok(AgentClient::connect_pageant().await?.dynamic()),
    }
}

/// An agent that is not waited for for ever. The time limit has to be in here: russh waits for a signature or a refusal,
/// and answers nothing else until it has one.
pub(super) struct PatientAgent<'a> {
    pub agent: &'a mut Agent,
    /// The agent's own entry that signs, where another certificate of its key is shown.
    pub entry: AgentIdentity,
    /// Who tells the person that a security key wants to be touched.
    pub prompts: &'a Prompts,
    pub asker: &'a Asker,
}

/// Why a signature did not come about.
pub(super) enum SignEnd {
    /// The agent refused.
    NoSignature,
    /// The agent failed or did not answer in time: what it says later would be taken for the answer to the next request.
    Broken,
    /// The person gave up waiting.
    Dismissed(Error),
    ConnectionEnded,
}

impl From<russh::SendError> for SignEnd {
    fn from(_: russh::SendError) -> Self {
        SignEnd::ConnectionEnded
    }
}

impl russh::Signer for PatientAgent<'_> {
    type Error = SignEnd;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, SignEnd> {
        let (prompts, asker) = (self.prompts, self.asker);
        let touched = on_security_key(&self.entry).then(|| Question::Touch {
            key: crate::prompt::visible_line(self.entry.comment()),
            seconds: u32::try_from(AGENT_TIMEOUT.as_secs()).unwrap_or(u32::MAX),
        });
        let signing = self.agent.sign_request(&self.entry, hash, to_sign);
        let dismissed = async move {
            match touched {
                Some(question) => match prompts.ask(asker, None, question, false).await {
                    Err(error) if error.code == ErrorCode::Cancelled => error,
                    _ => std::future::pending().await,
                },
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            signed = tokio::time::timeout(AGENT_TIMEOUT, signing) => match signed {
                Ok(Ok(signed)) => Ok(signed),
                Ok(Err(KeyError::AgentFailure)) => Err(SignEnd::NoSignature),
                Ok(Err(_)) | Err(_) => Err(SignEnd::Broken),
            },
            error = dismissed => Err(SignEnd::Dismissed(error)),
        }
    }
}

/// A key that signs only while somebody touches it (OpenSSH's PROTOCOL.u2f).
fn on_security_key(identity: &AgentIdentity) -> bool {
    matches!(identity.public_key().algorithm(), Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256)
}

fn silent() -> Error {
    unavailable(&format!("it did not answer within {} seconds", LIST_TIMEOUT.as_secs()))
}

fn unavailable(cause: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorCode::AgentUnavailable,
        format!("The ssh-agent could not be reached: {cause}. Start it, or choose another way to log in."),
    )
    .with("cause", cause)
}
