//! PuTTY's `.ppk`, versions 2 and 3 (PuTTY's manual, appendix C). ssh-key decodes it; what it says of an error is not
//! repeated, as it may quote a line of the key.

use data_encoding::BASE64;
use russh::keys::{PrivateKey, PublicKey, decode_secret_key, ssh_key};

use super::{Reason, Refusal};
use crate::prompt::Secret;

/// PuTTYgen's own choice is 8 MiB. More than this could not be had on a small machine, and failing to get it would end the
/// program.
const ARGON2_MAX_KIB: u32 = 512 * 1024;

/// What the lines before the key say.
pub struct Header<'a> {
    content: &'a str,
}

impl<'a> Header<'a> {
    pub fn of(content: &'a str) -> Self {
        Self { content: content.trim_start() }
    }

    pub fn public_key(&self) -> Option<PublicKey> {
        let number = self.value("Public-Lines")?.parse().ok()?;
        let lines = self.content.lines().skip_while(|line| !line.starts_with("Public-Lines:")).skip(1);
        let base64: String = lines.take(number).map(str::trim).collect();
        PublicKey::from_bytes(&BASE64.decode(base64.as_bytes()).ok()?).ok()
    }

    fn version(&self) -> Option<&'a str> {
        Some(self.content.strip_prefix("PuTTY-User-Key-File-")?.split_once(':')?.0)
    }

    fn algorithm(&self) -> &'a str {
        let first = self.content.lines().next().unwrap_or_default();
        first.split_once(':').map_or("", |(_, algorithm)| algorithm.trim())
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        let mut lines = self.content.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
    }
}

pub fn decode(content: &str, passphrase: Option<&Secret>) -> Result<PrivateKey, Refusal> {
    let header = Header::of(content);
    if !matches!(header.version(), Some("2" | "3")) {
        return Err(Refusal::Unusable(
            Reason::Unknown,
            "is of a version of PuTTY's format that Bowline does not know. Load it in PuTTYgen \
             and save it again"
                .into(),
        ));
    }
    match header.algorithm() {
        "ssh-ed25519" | "ssh-rsa" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => {
        }
        other => return Err(Refusal::of_algorithm(other)),
    }
    let memory =
        header.value("Argon2-Memory").map_or(Ok(0), str::parse::<u32>).map_err(|_| Refusal::Damaged)?;
    let passphrase = match (header.value("Encryption"), passphrase) {
        (Some("none"), _) => None,
        (Some("aes256-cbc"), _) if memory > ARGON2_MAX_KIB => return Err(Refusal::of_cipher()),
        (Some("aes256-cbc"), None) => return Err(Refusal::Encrypted),
        (Some("aes256-cbc"), Some(passphrase)) => Some(passphrase.expose()),
        (Some(_), _) => return Err(Refusal::of_cipher()),
        (None, _) => return Err(Refusal::Damaged),
    };
    decode_secret_key(header.content, passphrase).map_err(|error| match error {
        // The error is a private type of ssh-key's; its words are what can be compared.
        russh::keys::Error::SshKey(ssh_key::Error::Ppk(error))
            if passphrase.is_some() && error.to_string() == "incorrect MAC" =>
        {
            Refusal::WrongPassphrase
        }
        _ => Refusal::Damaged,
    })
}
