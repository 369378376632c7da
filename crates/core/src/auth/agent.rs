//! The ssh-agent: on Unix the socket in `SSH_AUTH_SOCK`, on Windows OpenSSH's named pipe and then Pageant.

use std::path::Path;
use std::time::Duration;

use russh::keys::HashAlg;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};

use crate::error::{Error, ErrorCode, Result};

/// An agent that does not answer for so long is not waited for; one that asks for a touch or a PIN needs its time.
pub const AGENT_TIMEOUT: Duration = Duration::from_secs(60);

pub type Agent = AgentClient<Box<dyn AgentStream + Send + Unpin>>;

/// Connects to the agent at `socket` (Unix), or else to the person's usual one.
///
/// # Errors
/// [`ErrorCode::AgentUnavailable`].
pub async fn connect(socket: Option<&Path>) -> Result<Agent> {
    match tokio::time::timeout(Duration::from_secs(5), open(socket)).await {
        Ok(Ok(agent)) => Ok(agent),
        Ok(Err(error)) => Err(unavailable(&error)),
        Err(_) => Err(unavailable(&"it did not answer within 5 seconds")),
    }
}

#[cfg(unix)]
async fn open(socket: Option<&Path>) -> Result<Agent, russh::keys::Error> {
    Ok(match socket {
        Some(socket) => AgentClient::connect_uds(socket).await?.dynamic(),
        None => AgentClient::connect_env().await?.dynamic(),
    })
}

#[cfg(windows)]
async fn open(_: Option<&Path>) -> Result<Agent, russh::keys::Error> {
    match AgentClient::connect_named_pipe(r"\\.\pipe\openssh-ssh-agent").await {
        Ok(agent) => Ok(agent.dynamic()),
        Err(_) => Ok(AgentClient::connect_pageant().await?.dynamic()),
    }
}

/// An agent that is not waited for for ever. The time limit has to be in here: russh waits for a signature or a refusal,
/// and answers nothing else until it has one.
pub(super) struct PatientAgent<'a>(pub &'a mut Agent);

/// Why a signature did not come about.
pub(super) enum AgentEnd {
    /// The agent refused, failed, or did not answer in time.
    NoSignature,
    ConnectionEnded,
}

impl From<russh::SendError> for AgentEnd {
    fn from(_: russh::SendError) -> Self {
        AgentEnd::ConnectionEnded
    }
}

impl russh::Signer for PatientAgent<'_> {
    type Error = AgentEnd;

    async fn auth_sign(
        &mut self,
        key: &AgentIdentity,
        hash: Option<HashAlg>,
        to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, AgentEnd> {
        let signing = self.0.auth_sign(key, hash, to_sign);
        match tokio::time::timeout(AGENT_TIMEOUT, signing).await {
            Ok(Ok(signed)) => Ok(signed),
            Ok(Err(_)) | Err(_) => Err(AgentEnd::NoSignature),
        }
    }
}

fn unavailable(cause: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorCode::AgentUnavailable,
        format!("The ssh-agent could not be reached: {cause}. Start it, or choose another way to log in."),
    )
    .with("cause", cause)
}
