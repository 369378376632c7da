//! From the id of a host to whom a connection dials.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::tunnels::is_offered;
use super::view::EngineEvent;
use super::ways::{Made, Maker, Via, Who, alias};
use super::{BUILTIN_ID, Builtin, ConfigNotes, Engine, PasswordChange, not_found};
use crate::connection::dial::{DialSettings, Route, TakePlace};
use crate::connection::settings::{SessionSettings, Upkeep};
use crate::connection::{Login, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::host::ssh_config::resolve::Query;
use crate::host::{Host, HostDraft, HostId, accept};
use crate::pool::MakeTarget;
use crate::prompt::Asker;
use crate::trust::TrustPolicy;

impl Engine {
    /// The target of a saved host, of a linked one, or of the built-in one, which is started for it. Boxed, because the way to
    /// a host may lead through the targets of others.
    pub(super) fn target(&self, id: &HostId) -> BoxFuture<'static, Result<Target>> {
        let (engine, id) = (self.clone(), id.clone());
        Box::pin(async move {
            if id.0 == BUILTIN_ID {
                let started = engine.inner.builtin.start().await;
                return started.map(|started| engine.timed(builtin(started))).map_err(|cause| {
                    Error::new(
                        ErrorCode::BuiltinFailed,
                        format!("The built-in host did not start: {cause}. Try again."),
                    )
                    .with("cause", cause)
                });
            }
            let (maker, query) = (engine.maker(), engine.query());
            let made = match alias(&id) {
                Some(alias) => {
                    let who = Who::named(Some(id.clone()), alias, Some(id.clone()));
                    maker.by_config(Query { destination: alias.to_owned(), ..query }, who).await?
                }
                None => {
                    let host = engine.inner.store.get(&id).await.map_err(|error| match error.code {
                        ErrorCode::HostNotFound => not_found(&id),
                        _ => error,
                    })?;
                    let who = Who::of(Some(id.clone()), &host.draft, None, Some(id.clone()));
                    let hosts = engine.inner.store.list().await?.hosts;
                    maker.by_form(query, &host.draft, who, &hosts).await?
                }
            };
            Ok(engine.told(&id, made))
        })
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
        let hosts = self.inner.store.list().await?.hosts;
        let who = Who::of(id.clone(), &draft, password, kept_for);
        let made = self.maker().by_form(self.query(), &draft, who, &hosts).await?;
        Ok(match id {
            Some(id) => self.told(&id, made),
            None => self.timed(made.target),
        })
    }

    fn query(&self) -> Query {
        Query { config: self.inner.places.choice(), ..Query::default() }
    }

    fn maker(&self) -> Maker {
        let engine = self.clone();
        Maker {
            places: self.inner.places.clone(),
            choice: self.inner.places.choice(),
            prompts: self.inner.dialer.prompts.clone(),
            consents: self.inner.dialer.consents.clone(),
            carry: Arc::new(move |via, target| engine.carry(via, target)),
            obeys_batch_mode: true,
        }
    }

    /// Tells what of the config is not as it says, once in this run.
    fn told(&self, id: &HostId, made: Made) -> Target {
        let Made { target, mut notes, .. } = made;
        notes.retain(|note| !is_offered(note));
        if !notes.is_empty() {
            let notes = ConfigNotes { host_id: id.clone(), notes };
            let mut known = self.inner.notes_told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if known.len() < super::NOTES_TOLD_MAX && known.insert(notes.clone()) {
                let _ = self.inner.events.send(EngineEvent::ConfigNotes(notes));
            }
        }
        self.timed(target)
    }

    /// With what the person has set about time where nothing else was said about this host.
    fn timed(&self, mut target: Target) -> Target {
        let times = *self.inner.times.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        target.dial.connect_timeout.get_or_insert(times.dialling());
        target.upkeep.quiet = Some(times.quiet());
        target
    }

    /// The pool's way to the connection of a jump host.
    fn carry(&self, via: &Via, target: Target) -> TakePlace {
        let make_target: MakeTarget = match &via.anew {
            // What is saved when it is dialled counts, also when it is dialled again later.
            Some(id) => {
                let (engine, id) = (self.clone(), id.clone());
                Arc::new(move || engine.target(&id))
            }
            None => {
                let target = self.timed(target);
                Arc::new(move || Box::pin(std::future::ready(Ok(target.clone()))))
            }
        };
        let (engine, through, kept_for) = (self.clone(), via.id.clone(), via.kept_for.clone());
        Arc::new(move || {
            let (engine, through, kept_for) = (engine.clone(), through.clone(), kept_for.clone());
            let make_target = Arc::clone(&make_target);
            Box::pin(async move {
                let place = engine.inner.pool.carrier(&through, make_target).await?;
                if let Some(id) = kept_for {
                    engine.record_remembered(place.connection(), &id).await;
                }
                Ok(place)
            })
        })
    }

    /// Whether a draft logs in where its saved host does: a kept password goes nowhere else.
    async fn is_same_login(&self, id: &HostId, draft: &HostDraft) -> bool {
        let Ok(Host { draft: saved, .. }) = self.inner.store.get(id).await else { return false };
        (&saved.address, saved.port, &saved.user) == (&draft.address, draft.port, &draft.user)
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
        trust: TrustPolicy::default(),
        algorithms: None,
        session: SessionSettings::default(),
        upkeep: Upkeep::default(),
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
