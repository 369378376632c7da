//! One connection from a host to somewhere, for whoever has the near end of it in hand (`ssh -W`).

use std::sync::Arc;

use russh::Channel;
use russh::client::Msg;
use tokio::net::UnixStream;

use super::Lane;
use super::live::Live;
use super::local::{behind, not_opened};
use super::relay::{Early, RelayFault, relay};
use super::stream::Stream;
use crate::connection::forward::Carried;
use crate::error::Result;
use crate::host::ssh_config::forward::End;
use crate::host::tunnels::written;

/// What the server's log names as the origin; there is no socket, and OpenSSH says the same.
const ORIGIN: (&str, u16) = ("127.0.0.1", 65535);

/// A connection that the far end has made.
pub struct Direct {
    lane: Lane,
    channel: Channel<Msg>,
    target: End,
    _carried: Carried,
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Direct").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Direct {
    /// Has the far end connect to a target.
    ///
    /// # Errors
    /// Why it does not: it may not, it could not, or the connection to it was lost.
    pub async fn open(lane: Lane, target: End) -> Result<Self> {
        let carried = lane.connection.carry();
        let opening = lane.connection.open_forward(&target, (ORIGIN.0.to_owned(), ORIGIN.1));
        match opening.await {
            Ok(channel) => Ok(Self { lane, channel, target, _carried: carried }),
            Err(fault) => {
                let address = &lane.connection.target().address;
                Err(not_opened(address, &written(&target), fault).0)
            }
        }
    }

    /// Carries everything until both sides have said all, or one of them is gone.
    ///
    /// # Errors
    /// The connection was lost, or the near end took nothing for too long.
    pub async fn carry(self, near: UnixStream) -> Result<()> {
        let Self { lane, channel, target, _carried } = self;
        let live = Live::new(Arc::new(|| ()));
        match relay(&Stream::from(near), &lane, channel, Early::default(), &live).await {
            Ok(()) | Err(RelayFault::Gone) => Ok(()),
            Err(RelayFault::Lost(error)) => Err(error),
            Err(RelayFault::Behind(cause)) => Err(behind(&written(&target), &cause)),
        }
    }
}
