//! From what is saved to whom a connection dials.

use super::{BUILTIN_ID, Builtin, Engine, PasswordChange, not_found};
use crate::connection::dial::{DialSettings, Route};
use crate::connection::{Login, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::host::{Host, HostDraft, HostId, accept};
use crate::prompt::{Asker, Secret};
use crate::trust::known_name;

impl Engine {
    /// The target of a saved host, or of the built-in one, which is started for it.
    pub(super) async fn target(&self, id: &HostId) -> Result<Target> {
        if id.0 == BUILTIN_ID {
            let started = self.inner.builtin.start().await;
            return started.map(builtin).map_err(|cause| {
                Error::new(
                    ErrorCode::BuiltinFailed,
                    format!("The built-in host did not start: {cause}. Try again."),
                )
                .with("cause", cause)
            });
        }
        let host = self.inner.store.get(id).await.map_err(|error| match error.code {
            ErrorCode::HostNotFound => not_found(id),
            _ => error,
        })?;
        Ok(saved(&host))
    }

    /// The target of a draft that is being tried out.
    pub(super) async fn test_target(
        &self,
        id: Option<HostId>,
        draft: HostDraft,
        password: PasswordChange,
    ) -> Result<Target> {
        accept(&draft)?;
        let (password, may_keep) = match password {
            PasswordChange::Set { secret } => (Some(secret), false),
            PasswordChange::Forget => (None, false),
            PasswordChange::Keep => (None, true),
        };
        let kept_for = match &id {
            Some(id) if may_keep && self.is_same_login(id, &draft).await => Some(id.clone()),
            _ => None,
        };
        Ok(person(id, &draft, password, kept_for))
    }

    /// Whether a draft logs in where its saved host does: a kept password goes nowhere else.
    async fn is_same_login(&self, id: &HostId, draft: &HostDraft) -> bool {
        let Ok(Host { draft: saved, .. }) = self.inner.store.get(id).await else { return false };
        (&saved.address, saved.port, &saved.user) == (&draft.address, draft.port, &draft.user)
    }
}

pub(super) fn saved(host: &Host) -> Target {
    person(Some(host.id.clone()), &host.draft, None, Some(host.id.clone()))
}

fn person(
    id: Option<HostId>,
    draft: &HostDraft,
    password: Option<Secret>,
    kept_for: Option<HostId>,
) -> Target {
    let name = if draft.label.is_empty() { &draft.address } else { &draft.label };
    Target {
        address: draft.address.clone(),
        port: draft.port,
        user: if draft.user.is_empty() { local_user() } else { draft.user.clone() },
        login: Login::Person {
            method: draft.auth,
            key_path: draft.key_path.clone(),
            password,
            kept_for,
            options: Box::default(),
        },
        route: Route::Direct,
        dial: DialSettings::default(),
        pinned_key: None,
        asker: Asker { host_id: id, host: name.clone(), address: known_name(&draft.address, draft.port) },
    }
}

fn builtin(builtin: Builtin) -> Target {
    Target {
        address: builtin.address.ip().to_string(),
        port: builtin.address.port(),
        user: builtin.user,
        login: Login::Key(builtin.client_key),
        route: Route::Direct,
        dial: DialSettings::default(),
        pinned_key: Some(builtin.host_key),
        asker: Asker {
            host_id: Some(HostId(BUILTIN_ID.to_owned())),
            host: super::builtin::host().draft.label,
            address: builtin.address.to_string(),
        },
    }
}

/// Who the person is on this machine.
pub(super) fn local_user() -> String {
    whoami::username().unwrap_or_else(|_| "root".to_owned())
}
