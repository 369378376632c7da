//! Linked hosts on the list: those of ssh_config, as they stand there.

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use super::config_notes::short_path;
use super::configured::ConfigPlaces;
use super::ways::{alias, linked_id};
use super::{Engine, Inner};
use crate::error::{Error, ErrorCode, Result};
use crate::host::linked::{LinkedHost, LinkedHosts, LinkedList};
use crate::host::{Host, HostDraft, HostId, LinkedFrom};

/// The list, and what keeps it up to date.
#[derive(Debug)]
pub(super) struct Linked {
    pub list: watch::Receiver<Arc<LinkedList>>,
    /// None: the system had no thread left, and there are no linked hosts in this run.
    pub _watcher: Option<LinkedHosts>,
}

impl Engine {
    /// As they were when the files were last looked at.
    pub(super) fn linked_hosts(&self) -> Vec<Host> {
        let list = Arc::clone(&self.inner.linked.list.borrow());
        let home = self.inner.places.ssh_dir.parent().unwrap_or(&self.inner.places.ssh_dir);
        let host = |linked: &LinkedHost| Host {
            id: linked_id(&linked.alias),
            draft: HostDraft {
                label: linked.alias.clone(),
                group: short_path(&linked.group_path, home),
                address: linked.address.clone(),
                port: linked.port,
                user: linked.user.clone(),
                ..HostDraft::default()
            },
            builtin: false,
            has_password: false,
            linked: Some(LinkedFrom {
                path: linked.group_path.to_string_lossy().into_owned(),
                line: u32::try_from(linked.line).unwrap_or(u32::MAX),
            }),
        };
        list.hosts.iter().map(host).collect()
    }

    /// # Errors
    /// [`ErrorCode::HostLinked`]: only its file can change a linked host.
    pub(super) fn must_be_saved(&self, id: &HostId) -> Result<()> {
        let Some(alias) = alias(id) else { return Ok(()) };
        let text = format!(
            "{alias} was not changed, because it stands in ssh_config. Edit it there: the list follows the file."
        );
        Err(Error::new(ErrorCode::HostLinked, text).with("host", alias))
    }
}

/// Publishes the hosts whenever the files change, for as long as the engine lives.
pub(super) async fn follow(engine: Weak<Inner>, mut list: watch::Receiver<Arc<LinkedList>>) {
    while list.changed().await.is_ok() {
        list.borrow_and_update();
        let Some(inner) = engine.upgrade() else { return };
        if let Err(error) = (Engine { inner }).publish_hosts().await {
            tracing::warn!(%error, "the hosts of ssh_config changed, and the list could not be told");
        }
    }
}

/// Follows ssh_config. Without a thread for it there are no linked hosts in this run, and everything else works.
pub(super) async fn start(places: &ConfigPlaces) -> Result<Linked> {
    let places = places.clone();
    let started =
        tokio::task::spawn_blocking(move || LinkedHosts::start(places.linked(), places.local())).await;
    Ok(match started.map_err(Error::internal)? {
        Ok((watcher, list)) => Linked { list, _watcher: Some(watcher) },
        Err(error) => {
            tracing::warn!(%error, "the hosts of ssh_config cannot be followed");
            let (_, list) = watch::channel(Arc::default());
            Linked { list, _watcher: None }
        }
    })
}
