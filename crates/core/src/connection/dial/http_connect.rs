//! The CONNECT method of HTTP (RFC 9110, section 9.3.6; the messages are those of RFC 9112) with Basic authentication
//! (RFC 7617).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::proxy::{Failure, Login};
use super::route::authority;
use crate::prompt::visible_line;

/// The header of an answer; a real one has a few hundred bytes.
const HEADER_MAX_BYTES: usize = 64 * 1024;
/// How much of the proxy's own words a person gets to see.
const SHOWN_CHARS: usize = 120;

/// Asks the proxy to connect to `host:port`. Gives what came after the header: it belongs to the server.
///
/// # Errors
/// What the proxy said. The caller sets the time limit.
pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    host: &str,
    port: u16,
    login: &Login<'_>,
) -> Result<Vec<u8>, Failure> {
    stream.write_all(request(host, port, login)?.as_bytes()).await?;
    let (header, rest) = read_header(stream).await?;
    let line = String::from_utf8_lossy(header.split(|byte| *byte == b'\n').next().unwrap_or_default());
    let line: String = visible_line(line.trim_end()).chars().take(SHOWN_CHARS).collect();
    match status(&line) {
        Some(200..=299) => Ok(rest),
        Some(407) if login.password.is_some() => Err(Failure::PasswordRefused),
        Some(407) if login.user.is_some() => Err(Failure::WantsPassword),
        Some(407) => Err(Failure::WantsLogin),
        Some(_) => Err(Failure::Refused(format!("it said \"{line}\""))),
        None => Err(not_http(&line)),
    }
}

fn request(host: &str, port: u16, login: &Login<'_>) -> Result<Zeroizing<String>, Failure> {
    let server = authority(host, port);
    if server.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Failure::Protocol("the host's name holds a space or a control character".to_owned()));
    }
    let mut request = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n");
    if let (Some(user), Some(password)) = (login.user, login.password) {
        if user.contains(':') {
            return Err(Failure::Protocol("a user name for it cannot hold a colon".to_owned()));
        }
        let plain = Zeroizing::new(format!("{user}:{}", password.expose()));
        let encoded = Zeroizing::new(data_encoding::BASE64.encode(plain.as_bytes()));
        request.push_str("Proxy-Authorization: Basic ");
        // Room for all of it, so that no copy of the password is left behind by a growing buffer.
        let mut whole = Zeroizing::new(String::with_capacity(request.len() + encoded.len() + 4));
        whole.push_str(&request);
        whole.push_str(&encoded);
        whole.push_str("\r\n\r\n");
        return Ok(whole);
    }
    request.push_str("\r\n");
    Ok(Zeroizing::new(request))
}

/// Reads up to the empty line; gives the header and what came after it.
async fn read_header<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let mut header = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            let said = visible_line(&String::from_utf8_lossy(&header));
            let said: String = said.chars().take(SHOWN_CHARS).collect();
            return Err(if said.is_empty() { Failure::Closed } else { not_http(&said) });
        }
        // The empty line may have begun in the chunk before.
        let looked = header.len().saturating_sub(3);
        header.extend_from_slice(&chunk[..count]);
        if let Some(end) = end_of_header(&header, looked) {
            let rest = header.split_off(end);
            return Ok((header, rest));
        }
        let start = &header[..header.len().min(5)];
        if !b"HTTP/".starts_with(start) {
            let said = visible_line(&String::from_utf8_lossy(&header));
            return Err(not_http(&said.chars().take(SHOWN_CHARS).collect::<String>()));
        }
        if header.len() > HEADER_MAX_BYTES {
            return Err(Failure::Protocol(format!("its answer has no end after {HEADER_MAX_BYTES} bytes")));
        }
    }
}

/// Where the body begins. A bare line feed counts as a line end (RFC 9112, section 2.2).
fn end_of_header(header: &[u8], from: usize) -> Option<usize> {
    (from..header.len()).find_map(|at| {
        let rest = &header[at..];
        [&b"\r\n\r\n"[..], b"\n\n"].iter().find(|end| rest.starts_with(end)).map(|end| at + end.len())
    })
}

fn status(line: &str) -> Option<u16> {
    let mut words = line.strip_prefix("HTTP/1.")?.split_ascii_whitespace();
    words.next()?;
    words.next()?.parse().ok().filter(|status| (100..=599).contains(status))
}

fn not_http(said: &str) -> Failure {
    Failure::Protocol(format!("it speaks no HTTP: it said \"{said}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Secret;

    const NOBODY: Login<'_> = Login { user: None, password: None };

    async fn run(login: Login<'_>, answer: &[u8]) -> (String, Result<Vec<u8>, Failure>) {
        let (mut near, mut far) = tokio::io::duplex(256 * 1024);
        far.write_all(answer).await.expect("room");
        far.shutdown().await.expect("open");
        let result = connect(&mut near, "::1", 22, &login).await;
        drop(near);
        let mut sent = String::new();
        far.read_to_string(&mut sent).await.expect("a stream");
        (sent, result)
    }

    #[tokio::test]
    async fn what_comes_after_the_header_is_kept_for_ssh() {
        let (sent, rest) =
            run(NOBODY, b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nSSH-2.0-x\r\n").await;
        assert_eq!(rest.expect("it connects"), b"SSH-2.0-x\r\n");
        assert_eq!(sent, "CONNECT [::1]:22 HTTP/1.1\r\nHost: [::1]:22\r\n\r\n");
    }

    #[tokio::test]
    async fn the_password_is_sent_as_basic_credentials() {
        let password = Secret::new("open sesame");
        // The example of RFC 7617, section 2.
        let login = Login { user: Some("Aladdin"), password: Some(&password) };
        let (sent, result) = run(login, b"HTTP/1.0 200 OK\n\n").await;
        result.expect("it connects");
        assert!(
            sent.contains("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"),
            "{sent}"
        );
    }

    #[tokio::test]
    async fn each_refusal_is_told_apart() {
        let wants = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n";
        assert!(matches!(run(NOBODY, wants).await.1, Err(Failure::WantsLogin)));
        let user = Login { user: Some("ann"), password: None };
        assert!(matches!(run(user, wants).await.1, Err(Failure::WantsPassword)));
        let password = Secret::new("pw");
        let login = Login { user: Some("ann"), password: Some(&password) };
        assert!(matches!(run(login, wants).await.1, Err(Failure::PasswordRefused)));
        let (_, refused) = run(NOBODY, b"HTTP/1.1 403 \x1b[31mForbidden\r\n\r\n").await;
        assert!(matches!(refused, Err(Failure::Refused(why)) if why.contains("403 \u{241b}[31mForbidden")));
        assert!(matches!(run(NOBODY, b"").await.1, Err(Failure::Closed)));
        for garbage in
            [&b"SSH-2.0-OpenSSH_9\r\n"[..], b"HTTP/1.1 huh\r\n\r\n", b"HTTP/1.1 99 x\r\n\r\n", b"\n\n", b"HT"]
        {
            assert!(matches!(run(NOBODY, garbage).await.1, Err(Failure::Protocol(_))), "{garbage:?}");
        }
    }

    #[tokio::test]
    async fn an_endless_header_ends_at_its_limit() {
        let endless = [&b"HTTP/1.1 200 OK\r\n"[..], &b"x: y\r\n".repeat(30_000)].concat();
        let (_, result) = run(NOBODY, &endless).await;
        assert!(matches!(result, Err(Failure::Protocol(why)) if why.contains("no end")));
    }

    #[test]
    fn a_name_cannot_smuggle_a_line_into_the_request() {
        assert!(request("x\r\nHost: y", 22, &NOBODY).is_err());
    }
}
