//! The hosts that are saved, those that may be, and the passwords that are kept for them.

use serde::Deserialize;
use ts_rs::TS;

use super::view::EngineEvent;
use super::{Engine, builtin, tunnels, ways};
use crate::auth::secrets::SecretKind;
use crate::connection::Connection;
use crate::error::{Error, ErrorCode, Result};
use crate::host::import::{self, ImportPreview};
use crate::host::{FieldProblem, Host, HostDraft, HostId, HostList, check};
use crate::prompt::Secret;

/// What becomes of a host's kept password when the form is saved.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PasswordChange {
    Keep,
    Forget,
    Set {
        #[ts(type = "string")]
        secret: Secret,
    },
}

impl Engine {
    /// The built-in host, all saved ones, and then those of ssh_config.
    ///
    /// # Errors
    /// The codes about the store.
    pub async fn hosts(&self) -> Result<HostList> {
        let mut list = self.inner.store.list().await?;
        list.hosts.insert(0, builtin::host());
        list.hosts.extend(self.linked_hosts());
        Ok(list)
    }

    /// What is wrong with a draft, field by field.
    pub async fn host_check(&self, draft: HostDraft) -> Result<Vec<FieldProblem>> {
        tokio::task::spawn_blocking(move || check(&draft)).await.map_err(Error::internal)
    }

    /// # Errors
    /// [`ErrorCode::HostInvalid`] and the codes about the store, as for the others that change hosts.
    pub async fn host_create(&self, draft: HostDraft, password: PasswordChange) -> Result<Host> {
        let host = self.inner.store.create(tunnels::named(draft)?).await?;
        let changed = self.change_password(&host.id, password).await;
        self.publish_hosts().await?;
        changed?;
        self.inner.store.get(&host.id).await
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_update(&self, id: HostId, draft: HostDraft, password: PasswordChange) -> Result<Host> {
        self.must_be_saved(&id)?;
        self.inner.store.update(&id, tunnels::named(draft)?).await?;
        let changed = self.change_password(&id, password).await;
        self.inner.pool.forget_failures(&id);
        self.publish_hosts().await?;
        changed?;
        self.inner.store.get(&id).await
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_duplicate(&self, id: HostId) -> Result<Host> {
        self.must_be_saved(&id)?;
        let host = self.inner.store.duplicate(&id).await?;
        self.publish_hosts().await?;
        Ok(host)
    }

    /// Takes a host off the list. [`Engine::host_restore`] brings it back, also after a restart for a while.
    ///
    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_delete(&self, id: HostId) -> Result<()> {
        self.must_be_saved(&id)?;
        self.inner.store.delete(&id).await?;
        self.publish_hosts().await
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_restore(&self, id: HostId) -> Result<Host> {
        self.must_be_saved(&id)?;
        let host = self.inner.store.restore(&id).await?;
        self.publish_hosts().await?;
        Ok(host)
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn group_rename(&self, from: String, to: String) -> Result<()> {
        self.inner.store.rename_group(&from, &to).await?;
        self.publish_hosts().await
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_move(&self, id: HostId, group: String) -> Result<Host> {
        self.must_be_saved(&id)?;
        let host = self.inner.store.move_to_group(&id, &group).await?;
        self.publish_hosts().await?;
        Ok(host)
    }

    /// The hosts of the person's ssh_config.
    ///
    /// # Errors
    /// [`ErrorCode::ImportFailed`].
    pub async fn import_preview(&self) -> Result<ImportPreview> {
        let existing = self.inner.store.list().await?.hosts;
        let path = self.inner.ssh_dir.join("config");
        tokio::task::spawn_blocking(move || import::preview(&path, &existing))
            .await
            .map_err(Error::internal)?
    }

    /// Saves some of them; those that are saved already are passed over.
    ///
    /// # Errors
    /// [`ErrorCode::ImportFailed`] and those of [`Engine::host_create`]; what was saved before stays.
    pub async fn import_apply(&self, aliases: Vec<String>) -> Result<Vec<Host>> {
        let preview = self.import_preview().await?;
        let mut saved = Vec::new();
        for candidate in preview.candidates {
            if !candidate.saved && aliases.contains(&candidate.alias) {
                saved.push(self.inner.store.create(candidate.draft).await?);
            }
        }
        self.publish_hosts().await?;
        Ok(saved)
    }

    async fn change_password(&self, id: &HostId, change: PasswordChange) -> Result<()> {
        let kept = match change {
            PasswordChange::Keep => return Ok(()),
            PasswordChange::Forget => {
                self.secrets().delete(SecretKind::Password, &id.0).await?;
                false
            }
            PasswordChange::Set { secret } => {
                self.secrets().set(SecretKind::Password, &id.0, secret).await?;
                // Without a keyring it is kept for this run only, and the next one must not look for it.
                self.secrets().state().await.is_ok()
            }
        };
        self.inner.store.set_has_password(id, kept).await
    }

    /// Notes at the host that its password is in the keyring. The login has worked: a store that fails must not undo it.
    pub(super) async fn record_remembered(&self, connection: &Connection, id: &HostId) {
        // A linked host has no row: its password is looked for in the keyring by its id.
        if !connection.take_remembered_password() || ways::alias(id).is_some() {
            return;
        }
        let recorded = async {
            self.inner.store.set_has_password(id, true).await?;
            self.publish_hosts().await
        };
        if let Err(error) = recorded.await {
            tracing::warn!(%error, "a kept password is not noted at its host");
        }
    }

    /// Passwords and drafts of hosts that were deleted long ago and can no longer be restored.
    pub(super) async fn forget_old_hosts(self) {
        let Ok(old) = self.inner.store.forgettable().await else { return };
        self.forget_old_drafts(old.clone()).await;
        // Asking for the state never opens a dialog; deleting from a locked keyring does.
        if self.secrets().state().await.is_err() {
            return;
        }
        for id in &old {
            for kind in [SecretKind::Password, SecretKind::Sudo] {
                if let Err(error) = self.secrets().delete(kind, &id.0).await {
                    tracing::warn!(%error, "the password of a deleted host stays in the keyring until the next start");
                    return;
                }
            }
        }
        if let Err(error) = self.inner.store.forget(old).await {
            tracing::warn!(%error, "deleted hosts stay in the file until the next start");
        }
    }

    pub(super) async fn publish_hosts(&self) -> Result<()> {
        let hosts = self.hosts().await?;
        self.inner.tunnels.follow_hosts(&hosts, self);
        let _ = self.inner.events.send(EngineEvent::Hosts(hosts));
        Ok(())
    }

    pub(super) async fn importable(&self, hosts: &HostList) -> u32 {
        let saved = hosts.hosts.iter().filter(|host| host.linked.is_none()).cloned().collect::<Vec<_>>();
        let (path, existing) = (self.inner.ssh_dir.join("config"), saved);
        let counted = tokio::task::spawn_blocking(move || import::count(&path, &existing)).await;
        counted.ok().and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
    }
}

/// The host is not there any more.
pub(super) fn not_found(id: &HostId) -> Error {
    Error::new(ErrorCode::HostNotFound, "This host has been deleted.").with("host", id)
}
