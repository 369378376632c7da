//! What another start of the app asks this one for: `bowline open` by the person, and `ssh://` links by anybody.
//!
//! A link does nothing by itself. It waits here until the window that a person uses shows it, and what follows is theirs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use ts_rs::TS;

use super::view::EngineEvent;
use super::ways::{alias, linked_id};
use super::{Engine, not_found};
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::host::link::{self, BadLink, Link};
use crate::host::linked;
use crate::host::{Host, HostId};
use crate::prompt::visible_line;

/// Requests that wait for a window. Further ones are dropped: a page that opens links by the hundred gets no hundred dialogs.
const WAITING_MAX: usize = 4;
/// What is shown of a link that is refused.
const SHOWN_CHARS: usize = 200;
/// The word in front of the name of a host, in the arguments of a second start.
pub const OPEN: &str = "--open";

/// Something that was asked for and that no window has taken on yet.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OpenRequest {
    pub id: u32,
    #[serde(flatten)]
    pub wish: OpenWish,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OpenWish {
    /// The person's own `bowline open`: a tab on this host.
    Host { host: HostId },
    /// A link, which may come from anybody. `text` is the link written anew, `hosts` are those on the list that it can mean.
    Link { text: String, link: Link, hosts: Vec<HostId> },
    /// What was asked for makes no sense.
    Refused { problem: Problem },
}

/// The requests that wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    inner: Arc<LinksInner>,
}

#[derive(Debug, Default)]
struct LinksInner {
    last_id: AtomicU32,
    waiting: Mutex<Vec<OpenRequest>>,
}

impl Links {
    pub fn view(&self) -> Vec<OpenRequest> {
        self.waiting().clone()
    }

    /// Whether there was room.
    fn add(&self, wish: OpenWish) -> bool {
        let mut waiting = self.waiting();
        if waiting.len() >= WAITING_MAX {
            return false;
        }
        let id = self.inner.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        waiting.push(OpenRequest { id, wish });
        true
    }

    /// Whether it was there: of two windows one takes it.
    fn take(&self, id: u32) -> bool {
        let mut waiting = self.waiting();
        let before = waiting.len();
        waiting.retain(|request| request.id != id);
        waiting.len() < before
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<OpenRequest>> {
        self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Takes the arguments of a start of the app, without the program's name. Whether they ask for something. Nothing is
    /// connected by this.
    pub async fn open_asked(&self, words: Vec<String>) -> bool {
        let wish = match &words[..] {
            [open, name] if open == OPEN => self.host_wish(name).await,
            [text] if link::is_meant(text) => self.link_wish(text).await,
            _ => return false,
        };
        let wish = wish.unwrap_or_else(|error| OpenWish::Refused { problem: Problem::from(&error) });
        if !self.inner.links.add(wish) {
            tracing::warn!("too many links wait already, and one was dropped");
        }
        self.tell_links();
        true
    }

    /// A window takes a request on. False: another one did.
    ///
    /// # Errors
    /// None; commands of the window return results.
    pub async fn open_take(&self, id: u32) -> Result<bool> {
        let taken = self.inner.links.take(id);
        self.tell_links();
        Ok(taken)
    }

    async fn host_wish(&self, name: &str) -> Result<OpenWish> {
        let hosts = self.hosts().await?.hosts;
        let called = |host: &&Host| host.id.0 == name || host.name() == name;
        // A saved host counts before one of ssh_config, as for the command.
        let mut found = hosts.iter().filter(|host| !host.builtin && host.linked.is_none()).filter(called);
        match (found.next(), found.next()) {
            (Some(host), None) => return Ok(OpenWish::Host { host: host.id.clone() }),
            (Some(_), Some(_)) => {
                return Err(refused("ambiguous", name, "more than one saved host is called so"));
            }
            (None, _) => {}
        }
        // Read anew: at a start the list of them is not there yet.
        let (places, wanted) = (self.inner.places.clone(), name.to_owned());
        let looking = move || {
            let list = linked::list(&places.linked(), &places.local());
            list.hosts.iter().any(|host| host.alias == wanted || linked_id(&host.alias).0 == wanted)
        };
        let is_linked = tokio::task::spawn_blocking(looking).await.map_err(Error::internal)?;
        let alias = alias(&HostId(name.to_owned())).unwrap_or(name).to_owned();
        if is_linked {
            Ok(OpenWish::Host { host: linked_id(&alias) })
        } else {
            Err(not_found(&HostId(shown(name))))
        }
    }

    async fn link_wish(&self, text: &str) -> Result<OpenWish> {
        let link = link::parse(text).map_err(|why| refused(reason(why), text, why.reason()))?;
        let hosts = self.hosts().await?.hosts;
        let hosts = hosts.iter().filter(|host| link.means(host)).map(|host| host.id.clone()).collect();
        Ok(OpenWish::Link { text: link.text(), link, hosts })
    }

    fn tell_links(&self) {
        let _ = self.inner.events.send(EngineEvent::Links(self.inner.links.view()));
    }
}

fn refused(reason: &'static str, text: &str, why: &str) -> Error {
    // A password may be what is wrong with it.
    let shown = if reason == "password" { "ssh://…".to_owned() } else { shown(text) };
    Error::new(ErrorCode::SshLinkRefused, format!("\"{shown}\" was not opened: {why}."))
        .with("link", shown)
        .with("reason", reason)
}

fn shown(text: &str) -> String {
    visible_line(&text.chars().take(SHOWN_CHARS).collect::<String>())
}

/// The word of the catalogue.
fn reason(why: BadLink) -> &'static str {
    match why {
        BadLink::TooLong => "too-long",
        BadLink::Scheme => "scheme",
        BadLink::Character => "character",
        BadLink::Password => "password",
        BadLink::Parameters => "parameters",
        BadLink::Path => "path",
        BadLink::User => "user",
        BadLink::Address => "address",
        BadLink::Port => "port",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_by_the_hundred_wait_in_a_short_line_and_each_is_taken_once() {
        let links = Links::default();
        let wish = || OpenWish::Host { host: HostId("a".into()) };
        assert_eq!((0..100).filter(|_| links.add(wish())).count(), WAITING_MAX);
        let first = links.view()[0].id;
        assert!(links.take(first));
        assert!(!links.take(first));
        assert!(links.add(wish()));
    }

    #[test]
    fn a_password_in_a_link_is_shown_nowhere() {
        let error = refused(reason(BadLink::Password), "ssh://ada:hunter2@web", BadLink::Password.reason());
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
