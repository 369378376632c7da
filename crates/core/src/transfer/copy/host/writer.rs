//! A file on its way to a disk of a host.

use std::time::Duration;

use bowline_sftp::Upload;
use bytes::Bytes;

use super::super::fault::Result;
use super::super::tree::{Facts, Finish};
use super::HostTree;

/// A window of writes takes so long on a line of 1.6 MB/s; what is not answered by then is sent again.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);

/// A file that is written on a host.
#[derive(Debug)]
pub struct HostWriter {
    pub(super) tree: HostTree,
    pub(super) upload: Box<Upload>,
    pub(super) sent: u64,
    /// Then no further answer is waited for.
    pub(super) has_failed: bool,
}

impl HostWriter {
    pub async fn write(&mut self, piece: Bytes) -> Result<()> {
        let length = piece.len() as u64;
        let sent = self.upload.send_bytes(piece).await;
        self.has_failed = sent.is_err();
        self.tree.written(sent).await?;
        self.sent += length;
        Ok(())
    }

    pub fn verified(&self) -> u64 {
        self.upload.acknowledged()
    }

    /// Waits for the answers to what was sent, if the connection still gives them.
    pub async fn abandon(self) -> u64 {
        let (known, sent) = (self.upload.acknowledged(), self.sent);
        if self.has_failed {
            return known;
        }
        match tokio::time::timeout(SETTLE_WITHIN, self.upload.finish()).await {
            Ok(Ok(_closed_when_dropped)) => sent,
            Ok(Err(_)) | Err(_) => known,
        }
    }

    /// On its disk too: what is there behind it makes the file as long as it should be, so its length shows no gap later.
    /// The file stays open for the next piece.
    pub async fn finish_range(self) -> Result<bowline_sftp::File> {
        let file = self.tree.written(self.upload.finish().await).await?;
        if self.tree.files.sftp.extensions().fsync {
            self.tree.written(file.sync().await).await?;
        }
        Ok(file)
    }

    pub async fn finish(self, facts: &Facts) -> Result<Finish> {
        let file = self.tree.written(self.upload.finish().await).await?;
        self.tree.close(file, facts).await
    }
}
