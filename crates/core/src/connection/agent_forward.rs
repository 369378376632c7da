//! The person's agent for commands on the host (agent forwarding), only where it was asked for.
//!
//! The host may ask which keys there are, have things signed, and bind the agent for a further hop (OpenSSH's
//! PROTOCOL.agent); it may not add, remove or lock keys. The agent is told over which connection it is asked, so that keys
//! which are limited to destinations stay so.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use russh::Channel;
use russh::ChannelMsg;
use russh::client::Msg;
use russh::keys::agent::AgentSessionBinding;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::auth::Authenticator;
use crate::auth::agent::{self, AGENT_TIMEOUT, Stream};
use crate::auth::options::IdentityAgent;

/// The longest message, as ssh-agent's own limit (AGENT_MAX_LEN).
const MESSAGE_BYTES: usize = 256 * 1024;
/// Requests that wait while the agent works. russh stops reading the whole connection when one channel is not drained, so
/// the channel is always read; one that sends more than this is closed.
const WAITING: usize = 8;
/// Channels at once; each command on the host that uses a key has one, for a moment.
const CHANNELS: usize = 8;
/// Time for the host to take an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

// draft-miller-ssh-agent, section 5.1.
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const SIGN_REQUEST: u8 = 13;
const EXTENSION: u8 = 27;

/// Whether, and to which agent, channels are let through. It is closed until [`AgentForward::open`].
pub(super) struct AgentForward {
    agent: OnceLock<Forwarded>,
    channels: Arc<Semaphore>,
}

#[derive(Clone)]
struct Forwarded {
    authenticator: Authenticator,
    which: IdentityAgent,
    binding: Option<AgentSessionBinding>,
}

impl Default for AgentForward {
    fn default() -> Self {
        Self { agent: OnceLock::new(), channels: Arc::new(Semaphore::new(CHANNELS)) }
    }
}

impl AgentForward {
    /// Lets channels through from now on: the login has worked and the person asked for it.
    pub fn open(
        &self,
        authenticator: &Authenticator,
        which: IdentityAgent,
        binding: Option<AgentSessionBinding>,
    ) {
        let _ = self.agent.set(Forwarded { authenticator: authenticator.clone(), which, binding });
    }

    /// The same, if there is an agent here; without one no server is asked, as with ssh(1).
    pub async fn open_if_there(
        &self,
        authenticator: &Authenticator,
        which: IdentityAgent,
        binding: Option<AgentSessionBinding>,
    ) {
        match agent::connect(authenticator, &which).await {
            Ok(_) => self.open(authenticator, which, binding),
            Err(error) => tracing::info!(%error, "no agent is forwarded"),
        }
    }

    pub fn is_open(&self) -> bool {
        self.agent.get().is_some()
    }

    /// A place for one channel; nothing when nobody asked for forwarding, or there are too many.
    pub fn admit(&self) -> Option<Admitted> {
        let forwarded = self.agent.get()?.clone();
        let place = Arc::clone(&self.channels).try_acquire_owned().ok()?;
        Some(Admitted { forwarded, place })
    }
}

/// One channel that is let through.
pub(super) struct Admitted {
    forwarded: Forwarded,
    place: OwnedSemaphorePermit,
}

impl Admitted {
    /// Serves the channel until either side is done.
    pub fn serve(self, channel: Channel<Msg>) {
        tokio::spawn(async move {
            let (mut reader, writer) = channel.split();
            let (requests, mut waiting) = mpsc::channel(WAITING);
            let reading = async move {
                let mut frames = Frames::default();
                while let Some(message) = reader.wait().await {
                    match message {
                        ChannelMsg::Data { data } => {
                            let Some(complete) = frames.push(&data) else { return };
                            for request in complete {
                                if requests.try_send(request).is_err() {
                                    return;
                                }
                            }
                        }
                        // What was asked before is still answered.
                        ChannelMsg::Eof => {
                            drop(requests);
                            while !matches!(reader.wait().await, None | Some(ChannelMsg::Close)) {}
                            return;
                        }
                        ChannelMsg::Close => return,
                        _ => {}
                    }
                }
            };
            let answering = async {
                let Some(mut agent) = self.forwarded.connect().await else { return };
                let mut output = writer.make_writer();
                while let Some(request) = waiting.recv().await {
                    let Some(answer) = answer(&mut agent, &request).await else { return };
                    let sent = async {
                        output.write_all(&framed(&answer)).await?;
                        output.flush().await
                    };
                    if !matches!(tokio::time::timeout(ANSWER_TIMEOUT, sent).await, Ok(Ok(()))) {
                        return;
                    }
                }
            };
            tokio::select! {
                () = reading => {}
                () = answering => {}
            }
            let _ = tokio::time::timeout(ANSWER_TIMEOUT, writer.close()).await;
            drop(self.place);
        });
    }
}

impl Forwarded {
    async fn connect(&self) -> Option<Stream> {
        let mut agent = agent::connect(&self.authenticator, &self.which).await.ok()?;
        if let Some(binding) = &self.binding {
            // An agent that does not know the extension refuses it, as OpenSSH expects of older ones.
            let bound = tokio::time::timeout(AGENT_TIMEOUT, agent.bind_session(binding, true)).await;
            match bound.ok()? {
                Ok(()) | Err(russh::keys::Error::AgentFailure) => {}
                Err(_) => return None,
            }
        }
        Some(agent.into_inner())
    }
}

/// The agent's answer to one request; nothing when it is gone.
async fn answer(agent: &mut Stream, request: &[u8]) -> Option<Vec<u8>> {
    if !is_allowed(request) {
        return Some(vec![FAILURE]);
    }
    let asking = async {
        agent.write_all(&framed(request)).await.ok()?;
        agent.flush().await.ok()?;
        let length = agent.read_u32().await.ok()? as usize;
        if length == 0 || length > MESSAGE_BYTES {
            return None;
        }
        let mut answer = vec![0; length];
        agent.read_exact(&mut answer).await.ok()?;
        Some(answer)
    };
    tokio::time::timeout(AGENT_TIMEOUT, asking).await.ok()?
}

/// What a host may ask: to list, to sign, and to bind for a further hop.
fn is_allowed(request: &[u8]) -> bool {
    match request.split_first() {
        Some((&REQUEST_IDENTITIES, [])) | Some((&SIGN_REQUEST, _)) => true,
        Some((&EXTENSION, rest)) => {
            let name = rest
                .split_first_chunk::<4>()
                .and_then(|(length, rest)| rest.get(..u32::from_be_bytes(*length) as usize));
            matches!(name, Some(b"session-bind@openssh.com" | b"query"))
        }
        _ => false,
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    framed
}

/// Cuts the stream of a channel into messages.
#[derive(Debug, Default)]
struct Frames {
    /// Less than one whole message.
    begun: Vec<u8>,
}

impl Frames {
    /// The messages that are complete now; nothing when one is empty or too long, and the channel is to be closed.
    fn push(&mut self, bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
        self.begun.extend_from_slice(bytes);
        let mut complete = Vec::new();
        while let Some((length, rest)) = self.begun.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if length == 0 || length > MESSAGE_BYTES {
                return None;
            }
            let Some(message) = rest.get(..length) else { break };
            complete.push(message.to_vec());
            self.begun.drain(..4 + length);
        }
        Some(complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_out_of_the_stream_wherever_it_is_split() {
        let stream = [framed(&[11]), framed(&[13, 1, 2, 3])].concat();
        for split in 0..=stream.len() {
            let mut frames = Frames::default();
            let mut found = frames.push(&stream[..split]).unwrap();
            found.extend(frames.push(&stream[split..]).unwrap());
            assert_eq!(found, [vec![11], vec![13, 1, 2, 3]], "split at {split}");
        }
    }

    #[test]
    fn a_message_that_is_empty_or_too_long_ends_the_channel_before_it_is_kept() {
        assert_eq!(Frames::default().push(&[0, 0, 0, 0]), None);
        assert_eq!(Frames::default().push(&[0, 4, 0, 1]), None);
        assert_eq!(Frames::default().push(&[0, 4, 0, 0]), Some(Vec::new()));
        assert_eq!(Frames::default().push(&[0xff; 64]), None);
    }

    #[test]
    fn a_host_may_list_and_sign_and_bind_and_nothing_else() {
        let extension = |name: &str| [&[EXTENSION][..], &framed(name.as_bytes())].concat();
        for (request, allowed) in [
            (vec![REQUEST_IDENTITIES], true),
            (vec![REQUEST_IDENTITIES, 0], false),
            (vec![SIGN_REQUEST, 0, 0, 0, 0], true),
            (extension("session-bind@openssh.com"), true),
            (extension("query"), true),
            (extension("add-everything@evil"), false),
            (vec![EXTENSION, 0xff, 0xff, 0xff, 0xff], false),
            // Add, remove, remove all, lock, unlock, add a smart card.
            (vec![17], false),
            (vec![18], false),
            (vec![19], false),
            (vec![22], false),
            (vec![23], false),
            (vec![20], false),
            (vec![], false),
        ] {
            assert_eq!(is_allowed(&request), allowed, "{request:?}");
        }
    }

    #[test]
    fn no_channel_is_let_through_unasked_nor_too_many_at_once() {
        let forwarding = AgentForward::default();
        assert!(forwarding.admit().is_none());
        let authenticator = Authenticator {
            secrets: crate::auth::secrets::Secrets::open(),
            ssh_dir: "/nowhere".into(),
            agent_socket: None,
        };
        forwarding.open(&authenticator, IdentityAgent::None, None);
        let admitted: Vec<_> = std::iter::from_fn(|| forwarding.admit()).collect();
        assert_eq!(admitted.len(), CHANNELS);
        drop(admitted);
        assert!(forwarding.admit().is_some());
    }
}
