//! PEM (RFC 7468, and RFC 1421 for the headers of older encrypted keys) and what is in it: PKCS#1, SEC1, PKCS#8.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use pkcs8::der::Decode;
use pkcs8::der::asn1::AnyRef;
use russh::keys::{PrivateKey, decode_secret_key};
use zeroize::Zeroizing;

use super::Refusal;
use crate::prompt::Secret;

/// The first block of a file: its label, its headers and its bytes.
pub struct Pem {
    label: String,
    /// The value of `DEK-Info`, which a key in OpenSSL's older encryption has.
    encryption: Option<String>,
    body: Zeroizing<Vec<u8>>,
}

impl Pem {
    /// None if there is no whole block.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN "));
        let label = lines.next()?.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?.to_owned();
        let end = format!("-----END {label}-----");
        let mut encryption = None;
        // As large as the file from the start: a growing buffer would leave pieces of the key behind in memory.
        let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
        for line in lines {
            if line == end {
                let body = Zeroizing::new(BASE64.decode(base64.as_bytes()).ok()?);
                return Some(Self { label, encryption, body });
            }
            match line.split_once(':') {
                Some(("DEK-Info", value)) => encryption = Some(value.trim().to_owned()),
                Some(_) => {}
                None => base64.push_str(line),
            }
        }
        None
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The block again, in the plain shape that russh reads.
    pub fn armoured(&self) -> Zeroizing<String> {
        let base64 = Zeroizing::new(BASE64.encode(&self.body));
        Zeroizing::new(format!("-----BEGIN {0}-----\n{1}\n-----END {0}-----\n", self.label, *base64))
    }
}

pub fn decode(pem: Pem, passphrase: Option<&Secret>) -> Result<PrivateKey, Refusal> {
    match pem.label.as_str() {
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" if pem.encryption.is_some() => {
            decode_older_encrypted(pem, passphrase)
        }
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "PRIVATE KEY" => {
            decode_secret_key(&pem.armoured(), None).map_err(|error| of_plain(&error))
        }
        "ENCRYPTED PRIVATE KEY" => decode_pkcs8_encrypted(&pem, passphrase),
        "DSA PRIVATE KEY" => Err(Refusal::of_algorithm("ssh-dss")),
        _ => Err(Refusal::of_algorithm(&pem.label)),
    }
}

fn of_plain(error: &russh::keys::Error) -> Refusal {
    use russh::keys::Error::{UnknownAlgorithm, UnsupportedKeyType};
    match error {
        // id-dsa of RFC 3279, section 2.3.2.
        UnknownAlgorithm(oid) if oid.to_string() == "1.2.840.10040.4.1" => Refusal::of_algorithm("ssh-dss"),
        UnknownAlgorithm(_) | UnsupportedKeyType { .. } => Refusal::of_algorithm("another"),
        _ => Refusal::Damaged,
    }
}

fn decode_pkcs8_encrypted(pem: &Pem, passphrase: Option<&Secret>) -> Result<PrivateKey, Refusal> {
    if pkcs8::EncryptedPrivateKeyInfoRef::try_from(pem.body()).is_err() {
        // Whole, but with an encryption that is not even known by name (PKCS#12's, for example).
        let is_whole = AnyRef::from_der(pem.body()).is_ok();
        return Err(if is_whole { Refusal::of_cipher() } else { Refusal::Damaged });
    }
    let passphrase = passphrase.ok_or(Refusal::Encrypted)?;
    decode_secret_key(&pem.armoured(), Some(passphrase.expose())).map_err(|error| match error {
        russh::keys::Error::Pkcs8(pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed)) => {
            Refusal::WrongPassphrase
        }
        russh::keys::Error::Pkcs8(pkcs8::Error::EncryptedPrivateKey(_)) => Refusal::of_cipher(),
        error => match of_plain(&error) {
            // One wrong passphrase in 256 leaves valid padding, and then bytes without sense.
            Refusal::Damaged => Refusal::WrongPassphrase,
            other => other,
        },
    })
}

/// OpenSSL's encryption before PKCS#8 (PEM_do_header), which `ssh-keygen -m PEM` still writes. russh knows it for RSA with
/// AES-128 alone.
fn decode_older_encrypted(pem: Pem, passphrase: Option<&Secret>) -> Result<PrivateKey, Refusal> {
    let encryption = pem.encryption.as_deref().unwrap_or_default();
    let (cipher, iv) = encryption.split_once(',').ok_or(Refusal::Damaged)?;
    let cipher = Cipher::of(cipher.trim()).ok_or_else(Refusal::of_cipher)?;
    let iv = HEXLOWER_PERMISSIVE.decode(iv.trim().as_bytes()).map_err(|_| Refusal::Damaged)?;
    if iv.len() != cipher.iv_bytes() {
        return Err(Refusal::Damaged);
    }
    let passphrase = passphrase.ok_or(Refusal::Encrypted)?;
    let key = key_of(passphrase, &iv, cipher.key_bytes());
    let body = cipher.decrypt(&key, &iv, &pem.body).ok_or(Refusal::WrongPassphrase)?;
    let plain = Pem { label: pem.label, encryption: None, body };
    decode_secret_key(&plain.armoured(), None).map_err(|_| Refusal::WrongPassphrase)
}

#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
}

impl Cipher {
    fn of(name: &str) -> Option<Self> {
        match name {
            "AES-128-CBC" => Some(Self::Aes128),
            "AES-192-CBC" => Some(Self::Aes192),
            "AES-256-CBC" => Some(Self::Aes256),
            "DES-EDE3-CBC" => Some(Self::TripleDes),
            _ => None,
        }
    }

    fn key_bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    fn iv_bytes(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::TripleDes => 8,
        }
    }

    /// None when the padding is wrong: so it is after a wrong passphrase, but for one time in 256.
    fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(data.to_vec());
        let length = match self {
            Self::Aes128 => decrypt::<cbc::Decryptor<aes::Aes128>>(key, iv, &mut buffer),
            Self::Aes192 => decrypt::<cbc::Decryptor<aes::Aes192>>(key, iv, &mut buffer),
            Self::Aes256 => decrypt::<cbc::Decryptor<aes::Aes256>>(key, iv, &mut buffer),
            Self::TripleDes => decrypt::<cbc::Decryptor<des::TdesEde3>>(key, iv, &mut buffer),
        }?;
        buffer.truncate(length);
        Some(buffer)
    }
}

fn decrypt<D: KeyIvInit + BlockModeDecrypt>(key: &[u8], iv: &[u8], buffer: &mut [u8]) -> Option<usize> {
    let decryptor = D::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded::<Pkcs7>(buffer).ok().map(<[u8]>::len)
}

/// EVP_BytesToKey of OpenSSL with MD5, one round, and the first half of the initialisation vector as salt.
fn key_of(passphrase: &Secret, iv: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut last: Zeroizing<Vec<u8>> = Zeroizing::default();
    while key.len() < length {
        let mut digest = md5::Context::new();
        digest.consume(&*last);
        digest.consume(passphrase.expose());
        digest.consume(&iv[..8]);
        last = Zeroizing::new(digest.finalize().0.to_vec());
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}
