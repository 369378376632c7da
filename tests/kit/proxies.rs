//! A SOCKS5 and an HTTP CONNECT proxy that connect to where they are told, on a thread-less task each, and proxies that do not.
//!
//! They note what they were asked and end with their value, with every connection that they carry.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Socks5,
    Http,
}

/// A running proxy.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _running: DropGuard,
}

/// How it treats who comes.
#[derive(Debug, Clone)]
pub struct Rules {
    pub kind: Kind,
    /// A user and password that it wants; none takes everyone.
    pub login: Option<(String, String)>,
    /// It says no to every host.
    pub refuse: bool,
}

impl Rules {
    pub fn open(kind: Kind) -> Self {
        Self { kind, login: None, refuse: false }
    }

    pub fn with_login(kind: Kind, user: &str, password: &str) -> Self {
        Self { login: Some((user.into(), password.into())), ..Self::open(kind) }
    }

    pub fn refusing(kind: Kind) -> Self {
        Self { refuse: true, ..Self::open(kind) }
    }
}

impl Proxy {
    pub async fn start(rules: Rules) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port for the proxy");
        let address = listener.local_addr().expect("its address");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let stop = CancellationToken::new();
        let (token, notes) = (stop.clone(), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Some(Ok((client, _))) = token.run_until_cancelled(listener.accept()).await {
                let (token, rules, notes) = (token.clone(), rules.clone(), Arc::clone(&notes));
                tokio::spawn(async move {
                    // Whoever comes may leave at any time.
                    let _ = token.run_until_cancelled(serve(client, &rules, &notes)).await;
                });
            }
        });
        Self { address, asked, _running: stop.drop_guard() }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The hosts and ports that it was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(mut client: TcpStream, rules: &Rules, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let wanted = match rules.kind {
        Kind::Socks5 => socks(&mut client, rules).await?,
        Kind::Http => http(&mut client, rules).await?,
    };
    let Some(wanted) = wanted else { return Ok(()) };
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(wanted.clone());
    let server = if rules.refuse { None } else { TcpStream::connect(&wanted).await.ok() };
    let answer: &[u8] = match (rules.kind, &server) {
        (Kind::Socks5, Some(_)) => &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        (Kind::Socks5, None) => &[5, if rules.refuse { 2 } else { 5 }, 0, 1, 0, 0, 0, 0, 0, 0],
        (Kind::Http, Some(_)) => b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n",
        (Kind::Http, None) => b"HTTP/1.1 403 Not From Here\r\nContent-Length: 0\r\n\r\n",
    };
    client.write_all(answer).await?;
    if let Some(mut server) = server {
        tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}

async fn socks(client: &mut TcpStream, rules: &Rules) -> std::io::Result<Option<String>> {
    let _version = client.read_u8().await?;
    let mut methods = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut methods).await?;
    let method = if rules.login.is_some() { 2 } else { 0 };
    if !methods.contains(&method) {
        client.write_all(&[5, 0xff]).await?;
        return Ok(None);
    }
    client.write_all(&[5, method]).await?;
    if let Some(login) = &rules.login {
        let _version = client.read_u8().await?;
        let given = (text(client).await?, text(client).await?);
        let right = given == *login;
        client.write_all(&[1, u8::from(!right)]).await?;
        if !right {
            return Ok(None);
        }
    }
    let mut head = [0; 4];
    client.read_exact(&mut head).await?;
    let host = match head[3] {
        1 => Ipv4Addr::from(client.read_u32().await?).to_string(),
        3 => text(client).await?,
        other => panic!("the tests use no address of the kind {other}"),
    };
    Ok(Some(format!("{host}:{}", client.read_u16().await?)))
}

async fn text(client: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn http(client: &mut TcpStream, rules: &Rules) -> std::io::Result<Option<String>> {
    let mut header = Vec::new();
    while !header.ends_with(b"\r\n\r\n") {
        header.push(client.read_u8().await?);
    }
    let header = String::from_utf8_lossy(&header).into_owned();
    if let Some((user, password)) = &rules.login {
        let right = format!("Proxy-Authorization: Basic {}\r\n", base64(&format!("{user}:{password}")));
        if !header.contains(&right) {
            let wants = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
            client.write_all(wants).await?;
            return Ok(None);
        }
    }
    let server = header.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    Ok(server.map(str::to_owned))
}

/// Written out here, so that the proxy does not share a mistake with what it tests (RFC 4648, section 4).
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            encoded.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    encoded
}
