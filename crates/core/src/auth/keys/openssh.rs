//! OpenSSH's own format (PROTOCOL.key in its sources): its clear part says type and public half of an encrypted key.

use russh::keys::{PrivateKey, PublicKey, decode_secret_key, ssh_key};

use super::Refusal;
use super::pem::Pem;
use crate::prompt::Secret;

const MAGIC: &[u8] = b"openssh-key-v1\0";

/// What can be read without the passphrase.
pub struct ClearPart<'a> {
    cipher: &'a [u8],
    public: &'a [u8],
}

impl<'a> ClearPart<'a> {
    pub fn of(body: &'a [u8]) -> Option<Self> {
        let mut rest = body.strip_prefix(MAGIC)?;
        let cipher = string(&mut rest)?;
        let _kdf = string(&mut rest)?;
        let _kdf_options = string(&mut rest)?;
        let (_number_of_keys, mut rest) = rest.split_at_checked(4)?;
        Some(Self { cipher, public: string(&mut rest)? })
    }

    pub fn public_key(&self) -> Option<PublicKey> {
        PublicKey::from_bytes(self.public).ok()
    }

    fn is_encrypted(&self) -> bool {
        self.cipher != b"none"
    }

    fn algorithm(&self) -> &'a str {
        let mut rest = self.public;
        string(&mut rest).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }
}

pub fn decode(pem: &Pem, passphrase: Option<&Secret>) -> Result<PrivateKey, Refusal> {
    let clear = ClearPart::of(pem.body()).ok_or(Refusal::Damaged)?;
    match clear.algorithm() {
        "ssh-ed25519" | "ssh-rsa" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => {
        }
        other => return Err(Refusal::of_algorithm(other)),
    }
    if !knows_cipher(clear.cipher) {
        return Err(Refusal::of_cipher());
    }
    let passphrase = match (clear.is_encrypted(), passphrase) {
        (true, None) => return Err(Refusal::Encrypted),
        (true, Some(passphrase)) => Some(passphrase.expose()),
        (false, _) => None,
    };
    decode_secret_key(&pem.armoured(), passphrase).map_err(|error| match error {
        russh::keys::Error::SshKey(ssh_key::Error::Crypto) if passphrase.is_some() => {
            Refusal::WrongPassphrase
        }
        _ => Refusal::Damaged,
    })
}

/// Ciphers that `ssh-keygen -Z` offers and ssh-key decrypts.
fn knows_cipher(name: &[u8]) -> bool {
    let known: [&[u8]; 10] = [
        b"none",
        b"aes128-cbc",
        b"aes192-cbc",
        b"aes256-cbc",
        b"aes128-ctr",
        b"aes192-ctr",
        b"aes256-ctr",
        b"aes128-gcm@openssh.com",
        b"aes256-gcm@openssh.com",
        b"chacha20-poly1305@openssh.com",
    ];
    known.contains(&name)
}

/// A string of RFC 4251, section 5: its length in four bytes, then the bytes.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (string, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = after;
    Some(string)
}
