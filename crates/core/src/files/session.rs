//! An SFTP session on a place of a connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bowline_sftp::Sftp;
use futures::future::BoxFuture;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::problem::problem;
use super::{carried, here};
use crate::connection::{Connection, SessionPlace};
use crate::error::{Error, ErrorCode, Result};
use crate::exec::{Exec, Program};

/// Time for a server to start its SFTP server. PAM modules that mount a home folder need many seconds.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// What this computer is called in the place of a host's address.
pub const HERE: &str = "localhost";

/// Files on a host: an SFTP session, and the connection that it is on; or those of this computer, through a session that
/// stays within this process (`here.rs`). Clones share both.
///
/// Its channel is always drained (the session's task waits for nothing else), so a slow disk here stops nobody else's
/// session (design.md, fact 1); how much may come is bounded by what was asked for.
#[derive(Debug, Clone)]
pub struct Files {
    pub sftp: Sftp,
    end: End,
}

#[derive(Debug, Clone)]
enum End {
    Host(Arc<Connection>),
    /// A host, over a connection that another process has for us: what it is called.
    Lent(Arc<str>),
    /// This computer.
    Here,
}

impl Files {
    /// Starts an SFTP server on a place of a connection, which the session keeps until the last clone of it is gone:
    /// the subsystem `sftp`, or a command line that starts one (`sudo -n /usr/lib/openssh/sftp-server`).
    ///
    /// # Errors
    /// [`ErrorCode::ChannelRefused`], [`ErrorCode::SftpRefused`], [`ErrorCode::SftpFailed`] or the connection's end.
    pub async fn open(place: SessionPlace, server: &Program) -> Result<Self> {
        let connection = Arc::clone(place.connection());
        let starting = async {
            let mut channel = place.open_channel().await?;
            let lost = |error: russh::Error| failed(&connection, &error.to_string());
            match server {
                Program::Subsystem(name) => {
                    channel.request_subsystem(true, name.as_str()).await.map_err(lost)?
                }
                Program::Command(line) => channel.exec(true, line.as_slice()).await.map_err(lost)?,
                Program::Shell => return Err(Error::internal("a shell is no SFTP server")),
            }
            loop {
                match channel.wait().await {
                    Some(ChannelMsg::Success) => break,
                    Some(ChannelMsg::Failure) => return Err(refused(&connection)),
                    Some(ChannelMsg::Close) | None => {
                        return Err(failed(&connection, "the server closed the session"));
                    }
                    // A window for what we send; text on stderr.
                    Some(_) => {}
                }
            }
            let stream = Carried::new(channel.into_stream(), place);
            Sftp::start(stream).await.map_err(|error| problem(name_of(&connection), &error))
        };
        let sftp = tokio::select! {
            biased;
            started = tokio::time::timeout(START_TIMEOUT, starting) => started.unwrap_or_else(|_| {
                Err(failed(&connection, &format!("it did not answer within {} s", START_TIMEOUT.as_secs())))
            })?,
            ended = connection.ended() => return Err(ended),
        };
        Ok(Self::on(connection, sftp))
    }

    /// A session with an SFTP server that another process runs for us. Its output is never behind: how much may come is
    /// bounded by what was asked for.
    ///
    /// # Errors
    /// [`ErrorCode::SftpFailed`].
    pub async fn lent(name: &str, exec: Exec) -> Result<Self> {
        let sftp = Sftp::start(carried::stream(exec)).await.map_err(|error| problem(name, &error))?;
        Ok(Self { sftp, end: End::Lent(name.into()) })
    }

    /// A session on a connection.
    pub(super) fn on(connection: Arc<Connection>, sftp: Sftp) -> Self {
        Self { sftp, end: End::Host(connection) }
    }

    /// The files of this computer, as the person who runs Bowline may see and change them.
    ///
    /// # Errors
    /// None but what is a mistake of ours.
    pub async fn here() -> Result<Self> {
        let sftp = Sftp::start(here::stream()).await.map_err(|error| problem(HERE, &error))?;
        Ok(Self { sftp, end: End::Here })
    }

    /// None for this computer, and for a connection that is another process's.
    /// A session with a server of a test.
    #[cfg(test)]
    pub(crate) async fn with(server: impl bowline_sftp::FileSystem) -> Self {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(bowline_sftp::serve(theirs, server));
        Self { sftp: Sftp::start(ours).await.expect("it answers"), end: End::Here }
    }

    /// None for this computer.
    pub fn connection(&self) -> Option<&Arc<Connection>> {
        match &self.end {
            End::Host(connection) => Some(connection),
            End::Lent(_) | End::Here => None,
        }
    }

    /// Whose files they are, for messages: the name that a person knows the host by.
    pub fn address(&self) -> &str {
        match &self.end {
            End::Host(connection) => name_of(connection),
            End::Lent(name) => name,
            End::Here => HERE,
        }
    }

    pub fn is_here(&self) -> bool {
        matches!(self.end, End::Here)
    }

    /// An error of the session as a person is told of it. Of a session that ended with its connection it says why that ended.
    pub async fn problem(&self, error: &bowline_sftp::Error) -> Error {
        if let End::Host(connection) = &self.end
            && matches!(error.kind, bowline_sftp::ErrorKind::ConnectionLost(_))
        {
            let ended = tokio::time::timeout(Duration::from_secs(1), connection.ended()).await;
            if let Ok(ended) = ended {
                return ended;
            }
        }
        problem(self.address(), error)
    }
}

fn name_of(connection: &Connection) -> &str {
    let target = connection.target();
    if target.asker.host.is_empty() { &target.address } else { &target.asker.host }
}

fn refused(connection: &Connection) -> Error {
    let address = name_of(connection);
    Error::new(
        ErrorCode::SftpRefused,
        format!(
            "{address} let you in but offers no file access (SFTP). Its administrator can allow it with a Subsystem line in \
             sshd_config."
        ),
    )
    .with("address", address)
}

fn failed(connection: &Connection, cause: &str) -> Error {
    let address = name_of(connection);
    let cause = crate::prompt::visible_line(cause.trim_end_matches('.'));
    Error::new(ErrorCode::SftpFailed, format!("File access (SFTP) on {address} ended: {cause}. Try again."))
        .with("address", address)
        .with("cause", cause)
}

/// A channel as a stream that fails when its connection has ended, whatever russh says by then.
struct Carried {
    stream: ChannelStream<Msg>,
    ended: BoxFuture<'static, Error>,
    _place: SessionPlace,
}

impl Carried {
    fn new(stream: ChannelStream<Msg>, place: SessionPlace) -> Self {
        let connection = Arc::clone(place.connection());
        let ended = Box::pin(async move { connection.ended().await });
        Self { stream, ended, _place: place }
    }

    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.ended.as_mut().poll(cx) {
            Poll::Ready(error) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, error.message)),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Carried {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => self.check(cx).map_or_else(|error| Poll::Ready(Err(error)), |()| Poll::Pending),
            ready => ready,
        }
    }
}

impl AsyncWrite for Carried {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, buf) {
            Poll::Pending => self.check(cx).map_or_else(|error| Poll::Ready(Err(error)), |()| Poll::Pending),
            ready => ready,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
