//! SOCKS version 5 (RFC 1928) with user name and password (RFC 1929). The proxy resolves the name of the server.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::proxy::{Failure, Login};

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;
const CONNECT: u8 = 1;

/// Asks the proxy to connect to `host:port`. It reads exactly what belongs to the proxy's answer, at most 520 bytes.
///
/// # Errors
/// What the proxy said. The caller sets the time limit.
pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    host: &str,
    port: u16,
    login: &Login<'_>,
) -> Result<(), Failure> {
    let methods: &[u8] = if login.user.is_some() { &[NO_LOGIN, PASSWORD] } else { &[NO_LOGIN] };
    let mut hello = vec![VERSION, methods.len() as u8];
    hello.extend(methods);
    stream.write_all(&hello).await?;
    let [version, method] = read(stream).await?;
    if version != VERSION {
        return Err(Failure::Protocol(format!("it answered with version {version} instead of 5")));
    }
    match method {
        NO_LOGIN => {}
        PASSWORD if login.user.is_some() => authenticate(stream, login).await?,
        NONE_ACCEPTABLE => return Err(Failure::WantsLogin),
        other => {
            return Err(Failure::Protocol(format!(
                "it chose the way to log in {other}, which was not offered"
            )));
        }
    }
    let mut request = vec![VERSION, CONNECT, 0];
    request.extend(destination(host)?);
    request.extend(port.to_be_bytes());
    stream.write_all(&request).await?;
    let [version, reply, _reserved, kind] = read(stream).await?;
    if version != VERSION {
        return Err(Failure::Protocol(format!("it answered with version {version} instead of 5")));
    }
    if reply != 0 {
        return Err(Failure::Refused(reason(reply)));
    }
    // The address that the proxy dials from; of no use to us.
    let length = match kind {
        1 => 4,
        3 => usize::from(read::<1, S>(stream).await?[0]),
        4 => 16,
        other => return Err(Failure::Protocol(format!("it gave an address of the unknown kind {other}"))),
    };
    let mut bound = vec![0; length + 2];
    stream.read_exact(&mut bound).await?;
    Ok(())
}

async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    login: &Login<'_>,
) -> Result<(), Failure> {
    let user = login.user.unwrap_or_default().as_bytes();
    let Some(password) = login.password else { return Err(Failure::WantsPassword) };
    let password = password.expose().as_bytes();
    let too_long = |_| Failure::Protocol("a user name or password for it has at most 255 bytes".to_owned());
    let (user_length, password_length) =
        (u8::try_from(user.len()).map_err(too_long)?, u8::try_from(password.len()).map_err(too_long)?);
    // The capacity is exact, so that no copy of the password is left behind by a growing buffer.
    let mut request = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
    request.extend([1, user_length]);
    request.extend(user);
    request.push(password_length);
    request.extend(password);
    stream.write_all(&request).await?;
    let [_version, status] = read(stream).await?;
    if status == 0 { Ok(()) } else { Err(Failure::PasswordRefused) }
}

/// An address is sent as one; everything else is a name, which the proxy resolves.
fn destination(host: &str) -> Result<Vec<u8>, Failure> {
    Ok(match host.parse() {
        Ok(IpAddr::V4(address)) => [&[1][..], &address.octets()].concat(),
        Ok(IpAddr::V6(address)) => [&[4][..], &address.octets()].concat(),
        Err(_) => {
            let length = u8::try_from(host.len())
                .map_err(|_| Failure::Protocol("a name for it has at most 255 bytes".to_owned()))?;
            [&[3, length][..], host.as_bytes()].concat()
        }
    })
}

async fn read<const N: usize, S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// The replies of RFC 1928, section 6.
fn reason(reply: u8) -> String {
    match reply {
        1 => "it had a failure of its own".to_owned(),
        2 => "its rules do not allow the connection".to_owned(),
        3 => "the network cannot be reached from there".to_owned(),
        4 => "the host cannot be reached from there".to_owned(),
        5 => "the host refused the connection".to_owned(),
        6 => "the connection took too long".to_owned(),
        7 => "it does not connect to hosts".to_owned(),
        8 => "it does not know this kind of address".to_owned(),
        other => format!("it said {other}, which means nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Secret;

    const NOBODY: Login<'_> = Login { user: None, password: None };

    /// What was sent when a proxy answers so, and what came of it.
    async fn run(host: &str, login: Login<'_>, answers: &[u8]) -> (Vec<u8>, Result<(), Failure>) {
        let (mut near, mut far) = tokio::io::duplex(4096);
        far.write_all(answers).await.expect("room");
        let result = connect(&mut near, host, 22, &login).await;
        drop(near);
        let mut sent = Vec::new();
        far.read_to_end(&mut sent).await.expect("a stream");
        (sent, result)
    }

    #[tokio::test]
    async fn a_name_is_left_to_the_proxy_to_resolve() {
        let (sent, result) = run("box", NOBODY, &[5, 0, 5, 0, 0, 1, 1, 2, 3, 4, 0, 9]).await;
        result.expect("it connects");
        assert_eq!(sent, b"\x05\x01\x00\x05\x01\x00\x03\x03box\x00\x16");
    }

    #[tokio::test]
    async fn a_password_goes_only_to_a_proxy_that_asks_for_it() {
        let password = Secret::new("pw");
        let login = Login { user: Some("ann"), password: Some(&password) };
        let (sent, result) = run("192.0.2.1", login, &[5, 0, 5, 0, 0, 1, 1, 2, 3, 4, 0, 9]).await;
        result.expect("it connects");
        assert!(!sent.windows(2).any(|two| two == b"pw"), "{sent:?}");
        let (sent, result) = run("192.0.2.1", login, &[5, 2, 1, 0, 5, 0, 0, 3, 1, b'x', 0, 9]).await;
        result.expect("it connects");
        assert_eq!(sent, b"\x05\x02\x00\x02\x01\x03ann\x02pw\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x16");
    }

    #[tokio::test]
    async fn each_refusal_is_told_apart() {
        let login = Login { user: Some("ann"), password: None };
        assert!(matches!(run("x", NOBODY, &[5, 0xff]).await.1, Err(Failure::WantsLogin)));
        assert!(matches!(run("x", login, &[5, 2]).await.1, Err(Failure::WantsPassword)));
        let password = Secret::new("pw");
        let login = Login { user: Some("ann"), password: Some(&password) };
        assert!(matches!(run("x", login, &[5, 2, 1, 1]).await.1, Err(Failure::PasswordRefused)));
        let (_, refused) = run("x", NOBODY, &[5, 0, 5, 2, 0, 1]).await;
        assert!(matches!(refused, Err(Failure::Refused(why)) if why.contains("rules")));
        assert!(matches!(run("x", NOBODY, b"HTTP/1.1 400").await.1, Err(Failure::Protocol(_))));
        // Nobody was offered a password, so nobody may ask for it.
        assert!(matches!(run("x", NOBODY, &[5, 2]).await.1, Err(Failure::Protocol(_))));
        assert!(matches!(run("x", NOBODY, &[5, 0, 5, 0, 0, 9]).await.1, Err(Failure::Protocol(_))));
    }

    #[tokio::test]
    async fn what_the_server_says_after_the_answer_is_left_on_the_stream() {
        let (mut near, mut far) = tokio::io::duplex(4096);
        far.write_all(b"\x05\x00\x05\x00\x00\x03\x01x\x00\x16SSH-2.0-x").await.expect("room");
        connect(&mut near, "x", 22, &NOBODY).await.expect("it connects");
        let mut rest = [0; 9];
        near.read_exact(&mut rest).await.expect("the rest");
        assert_eq!(&rest, b"SSH-2.0-x");
    }
}
