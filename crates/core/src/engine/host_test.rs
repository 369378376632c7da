//! A host's form is tried out before it is saved.

use std::sync::PoisonError;

use tokio_util::sync::CancellationToken;

use super::{Engine, PasswordChange};
use crate::connection::Connection;
use crate::connection::progress::{Progress, TestProgress, TestStep, step};
use crate::error::{Error, Result};
use crate::host::{HostDraft, HostId};
use crate::terminal::shell;
use crate::terminal::state::TerminalSize;

impl Engine {
    /// Tries a draft out, step by step, up to a shell that is closed at once. Every failure is told as progress.
    pub async fn host_test(
        &self,
        id: Option<HostId>,
        draft: HostDraft,
        password: PasswordChange,
        progress: Progress<'_>,
    ) {
        let cancelled = CancellationToken::new();
        std::mem::replace(&mut *self.test(), cancelled.clone()).cancel();
        let testing = async {
            let checked = self.test_target(id, draft, password);
            let target = match checked.await {
                Ok(target) => target,
                Err(error) => return progress(TestProgress::failed(TestStep::Resolve, &error)),
            };
            let Ok(connection) = Connection::open(&self.inner.dialer, target, progress).await else { return };
            let opening = async {
                let place =
                    connection.reserve().ok_or_else(|| Error::internal("a new connection is full"))?;
                shell::open(place, TerminalSize { cols: 80, rows: 24 }).await
            };
            if let Some(id) = &connection.target().asker.host_id {
                self.record_remembered(&connection, id).await;
            }
            if let Ok(source) = step(progress, TestStep::Shell, opening, |_| String::new()).await {
                source.control.close().await;
            }
            connection.close().await;
        };
        tokio::select! {
            () = testing => {}
            () = cancelled.cancelled() => {}
        }
    }

    /// Stops a test that runs.
    pub async fn host_test_cancel(&self) -> Result<()> {
        self.test().cancel();
        Ok(())
    }

    pub(super) fn test(&self) -> std::sync::MutexGuard<'_, CancellationToken> {
        self.inner.test.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
