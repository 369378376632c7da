//! The server's side of a connection, step by step: identification, key exchange, login, one shell.

use std::io;

use curve25519_dalek::MontgomeryPoint;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::message::{Message, Reading, msg};
use super::packets::{Keys, PacketReader, PacketWriter, Shape};

const IDENTIFICATION: &str = "SSH-2.0-Raw_1.0";
/// Keys of a server that nobody has to trust: they never change, so tests are repeatable.
const HOST_KEY: [u8; 32] = [7; 32];
const EPHEMERAL_KEY: [u8; 32] = [9; 32];
/// The number that the server gives to the shell's channel.
pub const SHELL: u32 = 42;

/// What the server offers in its KEXINIT.
#[derive(Debug, Clone)]
pub struct Offer {
    pub key_exchange: String,
    pub compression: String,
    /// Whether it asks for strict key exchange (OpenSSH's PROTOCOL, section 1.10).
    pub strict: bool,
}

impl Default for Offer {
    fn default() -> Self {
        Offer { key_exchange: "curve25519-sha256".into(), compression: "none".into(), strict: true }
    }
}

/// A client, as the server sees it.
#[derive(Debug)]
pub struct RawPeer {
    pub reader: PacketReader,
    pub writer: PacketWriter,
    client_identification: Vec<u8>,
    client_kexinit: Vec<u8>,
    server_kexinit: Vec<u8>,
    session: Option<Vec<u8>>,
}

impl RawPeer {
    pub(super) fn new(client: TcpStream) -> Self {
        let (reader, writer) = client.into_split();
        RawPeer {
            reader: PacketReader::new(reader),
            writer: PacketWriter::new(writer),
            client_identification: Vec::new(),
            client_kexinit: Vec::new(),
            server_kexinit: Vec::new(),
            session: None,
        }
    }

    pub async fn send(&mut self, message: Message) -> io::Result<()> {
        self.writer.send(message).await
    }

    pub async fn send_shaped(&mut self, message: Message, shape: Shape) -> io::Result<()> {
        self.writer.send_shaped(message, shape).await
    }

    /// The next message of this number; others before it are passed over.
    pub async fn expect(&mut self, number: u8) -> io::Result<Vec<u8>> {
        loop {
            let message = self.reader.receive().await?;
            if message.first() == Some(&number) {
                return Ok(message);
            }
        }
    }

    /// Exchanges identification lines.
    pub async fn identify(&mut self) -> io::Result<()> {
        self.writer.send_bytes(format!("{IDENTIFICATION}\r\n").as_bytes()).await?;
        let mut line = Vec::new();
        loop {
            match self.reader.socket.read_u8().await? {
                b'\n' => break,
                b'\r' => {}
                byte => line.push(byte),
            }
        }
        self.client_identification = line;
        Ok(())
    }

    /// Exchanges KEXINIT, after the identification.
    pub async fn negotiate(&mut self, offer: &Offer) -> io::Result<()> {
        let kex = match offer.strict {
            true => format!("{},kex-strict-s-v00@openssh.com", offer.key_exchange),
            false => offer.key_exchange.clone(),
        };
        let mut kexinit = Message::of(msg::KEXINIT).raw(&[1; 16]).string(kex).string("ssh-ed25519");
        for list in ["aes256-gcm@openssh.com", "aes256-gcm@openssh.com", "hmac-sha2-256", "hmac-sha2-256"] {
            kexinit = kexinit.string(list);
        }
        kexinit = kexinit.string(&offer.compression).string(&offer.compression).string("").string("");
        let kexinit = kexinit.bool(false).u32(0);
        self.server_kexinit = kexinit.clone().into_bytes();
        self.send(kexinit).await?;
        self.client_kexinit = self.expect(msg::KEXINIT).await?;
        Ok(())
    }

    /// What the client named in its KEXINIT, list by list (RFC 4253, section 7.1).
    pub fn client_offers(&self) -> Vec<String> {
        let mut reading = Reading(self.client_kexinit.get(17..).unwrap_or_default());
        (0..10)
            .map_while(|_| reading.string().ok())
            .map(|list| String::from_utf8_lossy(list).into_owned())
            .collect()
    }

    /// From the first byte to the encrypted connection.
    pub async fn key_exchange(&mut self) -> io::Result<()> {
        self.identify().await?;
        self.negotiate(&Offer::default()).await?;
        let client_public = self.ephemeral().await?;
        self.finish_key_exchange(&client_public).await
    }

    /// From the client's public value of curve25519 to the encrypted connection.
    pub async fn finish_key_exchange(&mut self, client_public: &[u8]) -> io::Result<()> {
        let public = Message::default().string(MontgomeryPoint::mul_base_clamped(EPHEMERAL_KEY).0);
        let shared = shared_secret(client_public);
        let reply = self.reply(client_public, public.clone(), &shared);
        self.send(reply).await?;
        self.new_keys(client_public, &public.into_bytes(), &shared).await
    }

    /// Lets the system keep as little as possible of what the client sends and nobody reads.
    pub fn take_little(&self) -> io::Result<()> {
        socket2::SockRef::from(self.reader.socket.get_ref().as_ref()).set_recv_buffer_size(4096)
    }

    /// The client's public value in its KEXDH_INIT or KEX_ECDH_INIT.
    pub async fn ephemeral(&mut self) -> io::Result<Vec<u8>> {
        let init = self.expect(msg::KEXDH_INIT).await?;
        Ok(Reading(&init[1..]).string()?.to_vec())
    }

    /// A reply with our public value (as a field, with its length), signed as if the shared secret were this one.
    pub fn reply(&self, client_public: &[u8], public: Message, shared: &[u8]) -> Message {
        let public = public.into_bytes();
        let hash = self.exchange_hash(client_public, &public, shared);
        let signature = SigningKey::from_bytes(&HOST_KEY).sign(&hash).to_bytes();
        let signature = Message::default().string("ssh-ed25519").string(signature).into_bytes();
        Message::of(msg::KEXDH_REPLY).string(host_key()).raw(&public).string(signature)
    }

    /// Exchanges NEWKEYS and goes over to encryption.
    pub async fn new_keys(&mut self, client_public: &[u8], public: &[u8], shared: &[u8]) -> io::Result<()> {
        let hash = self.exchange_hash(client_public, public, shared);
        let session = self.session.get_or_insert_with(|| hash.clone()).clone();
        self.send(Message::of(msg::NEWKEYS)).await?;
        self.expect(msg::NEWKEYS).await?;
        let key = |letter: u8| {
            let text = Message::default().mpint(shared).raw(&hash).u8(letter).raw(&session).into_bytes();
            Sha256::digest(text).to_vec()
        };
        self.reader.keys = Some(Keys::new(&key(b'A'), &key(b'C')));
        self.writer.keys = Some(Keys::new(&key(b'B'), &key(b'D')));
        Ok(())
    }

    /// The hash of RFC 5656, section 4, and of RFC 4253, section 8: they are written the same way.
    fn exchange_hash(&self, client_public: &[u8], public: &[u8], shared: &[u8]) -> Vec<u8> {
        let text = Message::default()
            .string(&self.client_identification)
            .string(IDENTIFICATION)
            .string(&self.client_kexinit)
            .string(&self.server_kexinit)
            .string(host_key())
            .string(client_public)
            .raw(public)
            .mpint(shared);
        Sha256::digest(text.into_bytes()).to_vec()
    }

    /// Accepts the service, up to the first request to log in, which is returned unanswered.
    pub async fn accept_service(&mut self) -> io::Result<Vec<u8>> {
        self.expect(msg::SERVICE_REQUEST).await?;
        self.send(Message::of(msg::SERVICE_ACCEPT).string("ssh-userauth")).await?;
        self.expect(msg::USERAUTH_REQUEST).await
    }

    /// Lets anybody in.
    pub async fn accept_login(&mut self) -> io::Result<()> {
        self.accept_service().await?;
        self.send(Message::of(msg::USERAUTH_SUCCESS)).await
    }

    /// Accepts a session with everything that is asked for up to its shell. The result is the client's number of the channel;
    /// ours is [`SHELL`].
    pub async fn accept_shell(&mut self) -> io::Result<u32> {
        let mut channel = 0;
        loop {
            let message = self.reader.receive().await?;
            let mut reading = Reading(&message);
            match reading.u8()? {
                msg::GLOBAL_REQUEST => self.send(Message::of(msg::REQUEST_FAILURE)).await?,
                msg::CHANNEL_OPEN => {
                    reading.string()?;
                    channel = reading.u32()?;
                    let confirmation = Message::of(msg::CHANNEL_OPEN_CONFIRMATION).u32(channel).u32(SHELL);
                    self.send(confirmation.u32(2 * 1024 * 1024).u32(32 * 1024)).await?;
                }
                msg::CHANNEL_REQUEST => {
                    reading.u32()?;
                    let request = reading.string()?.to_vec();
                    if reading.u8()? == 1 {
                        self.send(Message::of(msg::CHANNEL_SUCCESS).u32(channel)).await?;
                    }
                    if request == b"shell" {
                        return Ok(channel);
                    }
                }
                _ => {}
            }
        }
    }

    /// Answers signs of life and nothing else, until the client leaves.
    pub async fn serve(&mut self) -> io::Result<()> {
        loop {
            if self.reader.receive().await?.first() == Some(&msg::GLOBAL_REQUEST) {
                self.send(Message::of(msg::REQUEST_FAILURE)).await?;
            }
        }
    }
}

/// What both sides of curve25519 know.
fn shared_secret(client_public: &[u8]) -> Vec<u8> {
    let point: [u8; 32] = client_public.try_into().expect("a point of 32 bytes");
    MontgomeryPoint(point).mul_clamped(EPHEMERAL_KEY).0.to_vec()
}

fn host_key() -> Vec<u8> {
    let public = SigningKey::from_bytes(&HOST_KEY).verifying_key().to_bytes();
    Message::default().string("ssh-ed25519").string(public).into_bytes()
}
