//! Through a SOCKS or HTTP proxy: dialling it, asking it, and its password.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use super::link::{Dialled, Link, SharedTcp};
use super::route::{Proxy, ProxyKind, authority};
use super::{http_connect, socks, tcp};
use crate::auth::secrets::SecretKind;
use crate::connection::progress::{Progress, TestStep, step};
use crate::connection::{Dialer, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::{Answer, Asker, Question, Secret, visible_line};

/// Time for the proxy to answer, which includes its own dial of the server.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// How often a password is asked for, as for servers.
const PASSWORD_TRIES: u32 = 3;

/// Who we are to the proxy.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    pub user: Option<&'a str>,
    pub password: Option<&'a Secret>,
}

/// Why a proxy did not connect us.
#[derive(Debug)]
pub enum Failure {
    /// It knows us by name only, and we have none for it.
    WantsLogin,
    /// It asks for the password of the user that it was told of.
    WantsPassword,
    PasswordRefused,
    /// It understood and said no, in words that follow "because".
    Refused(String),
    /// What it said makes no sense.
    Protocol(String),
    Closed,
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Failure::Closed
            }
            _ => Failure::Io(error),
        }
    }
}

/// Dials through a proxy. A password is sent only after the keyring, the route or the person gave one.
///
/// # Errors
/// [`ErrorCode::ProxyUnreachable`], [`ErrorCode::ProxyRefused`], [`ErrorCode::ProxyAuth`],
/// [`ErrorCode::ProxyProtocol`], and those of a question.
pub async fn dial(
    dialer: &Dialer,
    proxy: &Proxy,
    target: &Target,
    progress: Progress<'_>,
) -> Result<Dialled> {
    let resolving = async {
        tcp::resolve(&proxy.host, proxy.port, &target.dial).await.map_err(|error| unreachable(proxy, &error))
    };
    let addresses = step(progress, TestStep::Resolve, resolving, |found| {
        found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ")
    })
    .await?;
    let dialing = with_password(dialer, proxy, target, &addresses);
    step(progress, TestStep::Connect, dialing, |dialled| dialled.link.detail().to_owned()).await
}

/// Tries with the password that is at hand, and asks for one if the proxy wants it.
async fn with_password(
    dialer: &Dialer,
    proxy: &Proxy,
    target: &Target,
    addresses: &[std::net::SocketAddr],
) -> Result<Dialled> {
    let secrets = &dialer.authenticator.secrets;
    let mut password = proxy.password.clone();
    let (mut looked, mut asked, mut remember) = (password.is_some() || proxy.user.is_none(), 0, false);
    let mut kept_tried = false;
    loop {
        let login = Login { user: proxy.user.as_deref(), password: password.as_ref() };
        let refused = match once(proxy, target, addresses, &login).await? {
            Ok(dialled) => {
                if let Some(password) = password.filter(|_| remember) {
                    let kept = secrets.set(SecretKind::Proxy, &proxy.account(), password).await;
                    if let Err(error) = kept {
                        tracing::warn!(%error, "the password of a proxy was not kept");
                    }
                }
                return Ok(dialled);
            }
            Err(failure @ (Failure::WantsPassword | Failure::PasswordRefused)) => failure,
            Err(failure) => return Err(explain(proxy, target, failure)),
        };
        if !std::mem::replace(&mut looked, true)
            && let Ok(Some(kept)) = secrets.get(SecretKind::Proxy, &proxy.account()).await
        {
            password = Some(kept);
            kept_tried = true;
            continue;
        }
        if asked == PASSWORD_TRIES {
            return Err(explain(proxy, target, refused));
        }
        asked += 1;
        let kept_refused = kept_tried && asked == 1;
        (password, remember) = ask(dialer, proxy, target, asked, kept_refused).await?;
    }
}

/// The connection to the proxy is not held while a person thinks: each try has one of its own.
async fn ask(
    dialer: &Dialer,
    proxy: &Proxy,
    target: &Target,
    attempt: u32,
    kept_refused: bool,
) -> Result<(Option<Secret>, bool)> {
    let asker = Asker {
        host_id: target.asker.host_id.clone(),
        host: format!("{} ({} proxy)", proxy.address(), kind(proxy)),
        address: proxy.address(),
    };
    let question = Question::Password { user: proxy.user.clone().unwrap_or_default(), attempt, kept_refused };
    let can_remember = dialer.authenticator.secrets.state().await.is_ok();
    match dialer.prompts.ask(&asker, None, question, can_remember).await? {
        Answer::Secret { secret, remember } => Ok((Some(secret), remember)),
        _ => Err(Error::internal("a password question got another answer")),
    }
}

async fn once(
    proxy: &Proxy,
    target: &Target,
    addresses: &[std::net::SocketAddr],
    login: &Login<'_>,
) -> Result<Result<Dialled, Failure>> {
    let connecting = tcp::connect(&proxy.host, proxy.port, addresses, &target.dial);
    let (stream, peer) = connecting.await.map_err(|error| unreachable(proxy, &error))?;
    let stream = Arc::new(stream);
    let mut shared = SharedTcp(Arc::clone(&stream));
    let talking = async {
        match proxy.kind {
            ProxyKind::Socks5 => {
                socks::connect(&mut shared, &target.address, target.port, login).await.map(|()| Vec::new())
            }
            ProxyKind::HttpConnect => {
                http_connect::connect(&mut shared, &target.address, target.port, login).await
            }
        }
    };
    let talked = timeout(ANSWER_TIMEOUT, talking).await.unwrap_or_else(|_| {
        Err(Failure::Refused(format!("it did not answer within {} seconds", ANSWER_TIMEOUT.as_secs())))
    });
    Ok(talked.map(|rest| {
        let detail = format!("{} {}", kind(proxy), proxy.address());
        let link = Arc::new(Link::tcp(&stream, peer, detail));
        Dialled { stream: Box::new(Prefixed { first: rest.into(), stream: shared }), link }
    }))
}

fn kind(proxy: &Proxy) -> &'static str {
    match proxy.kind {
        ProxyKind::Socks5 => "SOCKS5",
        ProxyKind::HttpConnect => "HTTP",
    }
}

fn unreachable(proxy: &Proxy, error: &Error) -> Error {
    let (proxy, cause) = (proxy.address(), &error.message);
    Error::new(ErrorCode::ProxyUnreachable, format!("The proxy {proxy} could not be reached. {cause}"))
        .with("proxy", proxy)
        .with("cause", cause)
}

fn explain(proxy: &Proxy, target: &Target, failure: Failure) -> Error {
    let (name, server) = (proxy.address(), authority(&target.address, target.port));
    let refused = |cause: String| {
        Error::new(
            ErrorCode::ProxyRefused,
            format!(
                "The proxy {name} did not connect to {server}: {cause}. Check the host's address and what the proxy allows."
            ),
        )
        .with("cause", cause)
    };
    let login = |cause: &str| {
        Error::new(
            ErrorCode::ProxyAuth,
            format!("The proxy {name} did not let you in: {cause}. Check the user name and password for the proxy."),
        )
        .with("cause", cause)
    };
    let error = match failure {
        Failure::WantsLogin => login("it wants a user name and a password"),
        Failure::WantsPassword => login("it wants a password"),
        Failure::PasswordRefused => login("it refused the user name or the password"),
        Failure::Refused(cause) => refused(cause),
        Failure::Closed => refused("it closed the connection".to_owned()),
        Failure::Io(error) => refused(visible_line(&error.to_string())),
        Failure::Protocol(cause) => Error::new(
            ErrorCode::ProxyProtocol,
            format!("{name} is no {} proxy: {cause}. Check its address, port and kind.", kind(proxy)),
        )
        .with("cause", cause),
    };
    error.with("proxy", name).with("address", server)
}

/// A stream whose first bytes were read already.
struct Prefixed<S> {
    first: Bytes,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let count = self.first.len().min(buf.remaining());
        buf.put_slice(&self.first[..count]);
        self.first.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
