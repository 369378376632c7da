//! The binary packet protocol (RFC 4253, section 6): in clear at first, with aes256-gcm@openssh.com (RFC 5647) after NEWKEYS.

use std::io;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::Message;

const CLEAR_BLOCK_BYTES: usize = 8;
const AES_BLOCK_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const LENGTH_BYTES: usize = 4;
/// What a client may send at once; ours sends less.
const PACKET_MAX_BYTES: usize = 1024 * 1024;

/// The key of one direction, and its nonce: four bytes that stay and a counter.
pub(super) struct Keys {
    key: LessSafeKey,
    fixed: [u8; 4],
    counter: u64,
}

impl Keys {
    pub(super) fn new(iv: &[u8], key: &[u8]) -> Keys {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes");
        let counter = iv[4..12].try_into().expect("8 bytes");
        let fixed = iv[..4].try_into().expect("4 bytes");
        Keys { key: LessSafeKey::new(key), fixed, counter: u64::from_be_bytes(counter) }
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&self.fixed);
        nonce[4..].copy_from_slice(&self.counter.to_be_bytes());
        self.counter = self.counter.wrapping_add(1);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// A packet that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// With this in the place of its length.
    Length(u32),
    /// With this in the place of the length of its padding.
    Padding(u8),
    /// With a changed bit in its tag, or in its padding while there is none.
    Tampered,
}

/// The sending half.
pub struct PacketWriter {
    socket: OwnedWriteHalf,
    pub(super) keys: Option<Keys>,
}

impl std::fmt::Debug for PacketWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PacketWriter")
    }
}

impl PacketWriter {
    pub(super) fn new(socket: OwnedWriteHalf) -> Self {
        PacketWriter { socket, keys: None }
    }

    /// Sends a message as it should be sent.
    pub async fn send(&mut self, message: Message) -> io::Result<()> {
        let packet = self.seal(&message.into_bytes(), None);
        self.socket.write_all(&packet).await
    }

    /// Sends a message as it should not be sent.
    pub async fn send_shaped(&mut self, message: Message, shape: Shape) -> io::Result<()> {
        let packet = self.seal(&message.into_bytes(), Some(shape));
        self.socket.write_all(&packet).await
    }

    /// Sends the same message so often, many at a time.
    pub async fn flood(&mut self, message: Message, times: usize) -> io::Result<()> {
        const AT_ONCE: usize = 500;
        let payload = message.into_bytes();
        let mut left = times;
        while left > 0 {
            let now = left.min(AT_ONCE);
            let packets: Vec<u8> = (0..now).flat_map(|_| self.seal(&payload, None)).collect();
            self.socket.write_all(&packets).await?;
            left -= now;
        }
        Ok(())
    }

    /// Sends bytes as they are, under no cipher.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await
    }

    fn seal(&mut self, payload: &[u8], shape: Option<Shape>) -> Vec<u8> {
        // The length itself is not encrypted, and so not padded, under GCM.
        let (block, before) = match &self.keys {
            Some(_) => (AES_BLOCK_BYTES, 0),
            None => (CLEAR_BLOCK_BYTES, LENGTH_BYTES),
        };
        let mut padding = block - (before + 1 + payload.len()) % block;
        if padding < 4 {
            padding += block;
        }
        let length = u32::try_from(1 + payload.len() + padding).expect("a test's packet is short");
        let mut packet = match shape {
            Some(Shape::Length(claimed)) => claimed.to_be_bytes().to_vec(),
            _ => length.to_be_bytes().to_vec(),
        };
        packet.push(match shape {
            Some(Shape::Padding(claimed)) => claimed,
            _ => u8::try_from(padding).expect("less than two blocks"),
        });
        packet.extend(payload);
        packet.resize(packet.len() + padding, 0);
        if let Some(keys) = &mut self.keys {
            let nonce = keys.nonce();
            let (length, text) = packet.split_at_mut(LENGTH_BYTES);
            let tag =
                keys.key.seal_in_place_separate_tag(nonce, Aad::from(length), text).expect("a short text");
            packet.extend(tag.as_ref());
        }
        if shape == Some(Shape::Tampered)
            && let Some(last) = packet.last_mut()
        {
            *last ^= 1;
        }
        packet
    }
}

/// The receiving half.
pub struct PacketReader {
    pub(super) socket: BufReader<OwnedReadHalf>,
    pub(super) keys: Option<Keys>,
}

impl std::fmt::Debug for PacketReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PacketReader")
    }
}

impl PacketReader {
    pub(super) fn new(socket: OwnedReadHalf) -> Self {
        PacketReader { socket: BufReader::new(socket), keys: None }
    }

    /// The next message of the client, decrypted and with its tag checked.
    pub async fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; LENGTH_BYTES];
        self.socket.read_exact(&mut length).await?;
        let bytes = u32::from_be_bytes(length) as usize;
        if bytes > PACKET_MAX_BYTES || bytes == 0 {
            return Err(invalid("a packet of a wrong length"));
        }
        let tag = if self.keys.is_some() { TAG_BYTES } else { 0 };
        let mut packet = vec![0; bytes + tag];
        self.socket.read_exact(&mut packet).await?;
        if let Some(keys) = &mut self.keys {
            let nonce = keys.nonce();
            let opened = keys.key.open_in_place(nonce, Aad::from(length), &mut packet);
            opened.map_err(|_| invalid("a wrong tag"))?;
            packet.truncate(bytes);
        }
        let end = packet.len().checked_sub(usize::from(packet[0])).filter(|end| *end > 1);
        let end = end.ok_or_else(|| invalid("a packet that is all padding"))?;
        Ok(packet[1..end].to_vec())
    }

    /// Takes messages until the client leaves, and does nothing about them.
    pub async fn drain(&mut self) -> io::Result<()> {
        loop {
            self.receive().await?;
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
