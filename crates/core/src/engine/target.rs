//! From what is saved to whom a connection dials, and which way.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::jumps::{self, Hop};
use super::{BUILTIN_ID, Builtin, Engine, PasswordChange, not_found};
use crate::connection::dial::{DialSettings, Jump, Proxy, ProxyCommand, ProxyKind, Route, TakePlace};
use crate::connection::{Login, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::host::options::{expand_command, parse_proxy};
use crate::host::{Host, HostDraft, HostId, HostOptions, accept};
use crate::pool::MakeTarget;
use crate::prompt::{Asker, Secret};
use crate::trust::{TrustPolicy, known_name};

impl Engine {
    /// The target of a saved host, or of the built-in one, which is started for it. Boxed, because the way to a host may lead
    /// through the targets of others.
    pub(super) fn target(&self, id: &HostId) -> BoxFuture<'static, Result<Target>> {
        let (engine, id) = (self.clone(), id.clone());
        Box::pin(async move {
            if id.0 == BUILTIN_ID {
                let started = engine.inner.builtin.start().await;
                return started.map(builtin).map_err(|cause| {
                    Error::new(
                        ErrorCode::BuiltinFailed,
                        format!("The built-in host did not start: {cause}. Try again."),
                    )
                    .with("cause", cause)
                });
            }
            let host = engine.inner.store.get(&id).await.map_err(|error| match error.code {
                ErrorCode::HostNotFound => not_found(&id),
                _ => error,
            })?;
            let target = saved(&host);
            engine.routed(target, &host.draft).await
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
        self.routed(person(id, &draft, password, kept_for), &draft).await
    }

    /// Gives a target the way that its host asks for, over the connections of the pool.
    async fn routed(&self, target: Target, draft: &HostDraft) -> Result<Target> {
        let hosts = self.inner.store.list().await?.hosts;
        route(target, draft, &hosts, &|hop, target| self.carry(hop, target))
    }

    /// The pool's way to the connection of a jump host.
    fn carry(&self, hop: &Hop, target: Target) -> TakePlace {
        let make_target: MakeTarget = match &hop.saved {
            // What is saved when it is dialled counts, also when it is dialled again later.
            Some(id) if hop.own_way => {
                let (engine, id) = (self.clone(), id.clone());
                Arc::new(move || engine.target(&id))
            }
            _ => Arc::new(move || Box::pin(std::future::ready(Ok(target.clone())))),
        };
        let (engine, through, saved) = (self.clone(), hop.id.clone(), hop.saved.clone());
        Arc::new(move || {
            let (engine, through, saved) = (engine.clone(), through.clone(), saved.clone());
            let make_target = Arc::clone(&make_target);
            Box::pin(async move {
                let place = engine.inner.pool.carrier(&through, make_target).await?;
                if let Some(id) = saved {
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

/// Gives a target the way that its host asks for. `carry` makes the way to the connection of a jump host out of the hop and
/// its target.
///
/// # Errors
/// [`ErrorCode::HostInvalid`] and [`ErrorCode::JumpLoop`].
pub(super) fn route(
    mut target: Target,
    draft: &HostDraft,
    hosts: &[Host],
    carry: &dyn Fn(&Hop, Target) -> TakePlace,
) -> Result<Target> {
    target.dial = settings(&draft.options);
    target.route = own_route(&target, &draft.options)?;
    let mut way: Option<Jump> = None;
    for hop in jumps::chain(draft, hosts, &local_user())? {
        let mut carrier = person(None, &hop.draft, None, hop.saved.clone());
        carrier.dial = settings(&hop.draft.options);
        carrier.route = match way {
            Some(before) => Route::Jump(before),
            None => own_route(&carrier, &hop.draft.options)?,
        };
        let name = hop_name(&hop);
        way = Some(Jump { through: hop.id.clone(), name, place: carry(&hop, carrier) });
    }
    if let Some(jump) = way {
        target.route = Route::Jump(jump);
    }
    Ok(target)
}

/// The way that needs no other host.
fn own_route(target: &Target, options: &HostOptions) -> Result<Route> {
    let unusable = |field: &str| {
        Error::new(
            ErrorCode::HostInvalid,
            format!(
                "{} was not dialled, because its {field} makes no sense. Correct it in the host's settings.",
                target.address
            ),
        )
    };
    if !options.proxy.trim().is_empty() {
        let spec = parse_proxy(&options.proxy)
            .map_err(|_| unusable("proxy").with("field", "proxy").with("reason", "proxy-form"))?;
        return Ok(Route::Proxy(Proxy {
            kind: if spec.socks { ProxyKind::Socks5 } else { ProxyKind::HttpConnect },
            host: spec.host,
            port: spec.port,
            user: spec.user,
            password: None,
        }));
    }
    if !options.proxy_command.trim().is_empty() {
        let expanded = expand_command(&options.proxy_command, &target.address, target.port, &target.user);
        let command = expanded.ok_or_else(|| {
            unusable("proxy command").with("field", "proxyCommand").with("reason", "unknown-token")
        })?;
        return Ok(Route::Command(ProxyCommand { command, source: String::new() }));
    }
    Ok(Route::Direct)
}

fn settings(options: &HostOptions) -> DialSettings {
    let usual = DialSettings::default();
    let seconds = options.connect_timeout_seconds.map(|seconds| Duration::from_secs(seconds.into()));
    DialSettings {
        address_family: options.address_family,
        bind_address: options.bind_address.trim().parse().ok(),
        connect_timeout: seconds.unwrap_or(usual.connect_timeout),
    }
}

fn hop_name(hop: &Hop) -> String {
    let HostDraft { label, address, port, .. } = &hop.draft;
    if label.is_empty() { known_name(address, *port) } else { label.clone() }
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
        trust: TrustPolicy::default(),
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
        trust: TrustPolicy::default(),
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
