//! The SHA-256 of a file, as the host itself works it out.

use super::super::fault::Result;
use super::super::tree::Names;
use super::HostTree;

/// What a hash and a newline take at most, with what a program may say besides.
const HASH_OUTPUT_MAX: usize = 4096;

impl HostTree {
    /// By `sha256sum` on the host, or by reading the file back where that cannot run.
    pub async fn hash(&self, names: &Names) -> Result<Vec<u8>> {
        let path = self.path(names)?;
        let line = [b"sha256sum -b -- ".as_slice(), &quoted(path.as_bytes())].concat();
        let said = self.hosts.output(&self.host, line, HASH_OUTPUT_MAX).await;
        if let Some(hash) = said.ok().flatten().and_then(|said| read_hash(&said)) {
            return Ok(hash);
        }
        let mut reader = self.read(names, 0, u64::MAX).await?;
        let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        while let Some(piece) = reader.next().await? {
            hash.update(&piece);
        }
        Ok(hash.finish().as_ref().to_vec())
    }
}

/// A word for the person's shell there, whatever is in it.
fn quoted(path: &[u8]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for &byte in path {
        match byte {
            b'\'' => word.extend_from_slice(b"'\\''"),
            byte => word.push(byte),
        }
    }
    word.push(b'\'');
    word
}

/// 64 hexadecimal digits at the beginning; behind a backslash if the name had to be escaped.
fn read_hash(said: &[u8]) -> Option<Vec<u8>> {
    let said = said.strip_prefix(b"\\").unwrap_or(said);
    let hash = data_encoding::HEXLOWER.decode(said.get(..64)?).ok()?;
    said.get(64).is_some_and(|&byte| byte == b' ').then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        assert_eq!(quoted(b"a'b $(x)\xff"), b"'a'\\''b $(x)\xff'");
    }

    #[test]
    fn only_what_is_a_hash_is_one() {
        let hex = "ab".repeat(32);
        assert_eq!(read_hash(format!("{hex} *x\n").as_bytes()), Some(vec![0xab; 32]));
        assert_eq!(read_hash(format!("\\{hex} *x\\ny\n").as_bytes()), Some(vec![0xab; 32]));
        assert_eq!(read_hash(b"sh: sha256sum: not found"), None);
        assert_eq!(read_hash(hex.as_bytes()), None);
    }
}
