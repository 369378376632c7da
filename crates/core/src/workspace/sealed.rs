//! What a terminal showed or a person typed, sealed: AES-256-GCM with a random key that lies in the OS keyring. What the file
//! is of is bound in, so that no file can take the place of another.
//!
//! ```text
//! "BWLSEAL" 1 | nonce, 12 bytes | sealed | tag, 16 bytes
//! of a terminal is sealed: when (ms, 8 bytes) columns (2) rows (2) the screen as bytes
//! ```
//!
//! Nonces are random: a key may seal 2^32 times (NIST SP 800-38D, 8.3), which is 40 years of 3 files a second.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use data_encoding::BASE64;
use jiff::{Timestamp, Zoned, tz::TimeZone};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::prompt::Secret;
use crate::terminal::kept::KeptScreen;
use crate::terminal::state::TerminalSize;

const MAGIC: [u8; 8] = *b"BWLSEAL\x01";
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;
/// When, columns and rows.
const HEAD_BYTES: usize = 12;

/// The key that seals everything.
pub struct SealKey(RandomizedNonceKey);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

impl SealKey {
    /// A new key as it goes into the keyring, or nothing if the system has no random numbers.
    pub fn generate() -> Option<Secret> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).ok()?;
        Some(Secret::new(BASE64.encode(bytes.as_slice())))
    }

    /// The key as it came from the keyring, unless that is none of ours.
    pub fn read(secret: &Secret) -> Option<Self> {
        let bytes = Zeroizing::new(BASE64.decode(secret.expose().as_bytes()).ok()?);
        RandomizedNonceKey::new(&AES_256_GCM, &bytes).ok().map(Self)
    }

    pub fn seal(&self, name: Uuid, at: &Zoned, kept: &KeptScreen) -> Option<Vec<u8>> {
        let mut text = Vec::with_capacity(HEAD_BYTES + kept.bytes.len() + AES_256_GCM.tag_len());
        text.extend(at.timestamp().as_millisecond().to_le_bytes());
        text.extend(kept.size.cols.to_le_bytes());
        text.extend(kept.size.rows.to_le_bytes());
        text.extend(&kept.bytes);
        self.seal_bytes(name.as_bytes(), text)
    }

    /// Seals anything under what it is of.
    pub fn seal_bytes(&self, of: &[u8], mut text: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = self.0.seal_in_place_append_tag(Aad::from(bound(of)), &mut text).ok()?;
        Some([&MAGIC, nonce.as_ref().as_slice(), &text].concat())
    }

    /// What was sealed under that; nothing if a single bit is another.
    pub fn open_bytes(&self, of: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.strip_prefix(&MAGIC)?.split_at_checked(NONCE_BYTES)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let length = self.0.open_in_place(nonce, Aad::from(bound(of)), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }

    /// What was sealed, and when; nothing if a single bit is another.
    pub fn open(&self, name: Uuid, sealed: &[u8]) -> Option<(KeptScreen, Zoned)> {
        let text = self.open_bytes(name.as_bytes(), sealed)?;
        let (head, bytes) = text.split_at_checked(HEAD_BYTES)?;
        let (when, size) = head.split_first_chunk::<8>()?;
        let (cols, rows) = size.split_first_chunk::<2>()?;
        let rows = rows.first_chunk::<2>()?;
        let at = Timestamp::from_millisecond(i64::from_le_bytes(*when)).ok()?.to_zoned(TimeZone::system());
        let size = TerminalSize { cols: u16::from_le_bytes(*cols), rows: u16::from_le_bytes(*rows) };
        Some((KeptScreen { size, bytes: bytes.to_vec() }, at))
    }
}

fn bound(of: &[u8]) -> Vec<u8> {
    [&MAGIC, of].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SealKey {
        SealKey::read(&SealKey::generate().expect("random numbers")).expect("a key")
    }

    fn kept() -> KeptScreen {
        KeptScreen { size: TerminalSize { cols: 80, rows: 24 }, bytes: b"the launch code is 0000".to_vec() }
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_name_only() {
        let (key, name, at) = (key(), Uuid::from_u128(7), Zoned::now());
        let sealed = key.seal(name, &at, &kept()).expect("it is sealed");
        assert!(!sealed.windows(6).any(|bytes| bytes == b"launch"), "nothing can be read");
        let (back, when) = key.open(name, &sealed).expect("it opens");
        assert_eq!(back, kept());
        assert_eq!(when.timestamp().as_millisecond(), at.timestamp().as_millisecond());
        assert!(key.open(Uuid::from_u128(8), &sealed).is_none(), "another file's name");
        assert!(self::key().open(name, &sealed).is_none(), "another key");
    }

    #[test]
    fn a_file_with_any_bit_changed_or_cut_anywhere_does_not_open() {
        let (key, name) = (key(), Uuid::from_u128(7));
        let sealed = key.seal(name, &Zoned::now(), &kept()).expect("it is sealed");
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(key.open(name, &damaged).is_none(), "byte {at}");
            assert!(key.open(name, &sealed[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn no_two_files_are_sealed_alike() {
        let (key, name, at) = (key(), Uuid::from_u128(7), Zoned::now());
        assert_ne!(key.seal(name, &at, &kept()), key.seal(name, &at, &kept()));
    }
}
