//! From whom a person wants to connect to, to a target with the way that leads there.
//!
//! What is typed in a host's form counts first; the rest is what ssh_config says about that destination, as
//! `ssh user@address` would find it. A linked host is its alias and nothing else.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::config_notes::{ConfigNote, join};
use super::configured::{ConfigPlaces, Configured, configured};
use super::form::{asks_for, form_query, form_way};
use super::jumps::{self, Hop};
use super::local_user;
use crate::connection::dial::consent::Consents;
use crate::connection::dial::{Jump, ProxyCommand, Route, TakePlace};
use crate::connection::{Login, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::host::options::JUMPS_MAX;
use crate::host::ssh_config::jump::HostSpec;
use crate::host::ssh_config::resolve::{self, ConfigChoice, Place, Query, Resolved};

use crate::host::{AuthMethod, Host, HostDraft, HostId, HostOptions};
use crate::prompt::{Asker, Prompts, Secret};
use crate::trust::{StrictHostKeyChecking, known_name};

/// Hosts of ssh_config have ids that begin so, and end with their alias.
const LINKED: &str = "config:";

pub(super) fn linked_id(alias: &str) -> HostId {
    HostId(format!("{LINKED}{alias}"))
}

/// The alias of a linked host; none for every other host.
pub(super) fn alias(id: &HostId) -> Option<&str> {
    id.0.strip_prefix(LINKED)
}

/// A jump host of a way, for whoever makes the connection to it.
#[derive(Debug, Clone)]
pub(super) struct Via {
    /// Under which name the pool has its connection.
    pub id: HostId,
    /// Whose kept password may have been used.
    pub kept_for: Option<HostId>,
    /// The saved host whose own way this is: what is saved when it is dialled counts.
    pub anew: Option<HostId>,
}

/// Makes the way to the connection of a jump host out of the hop and its target.
pub(super) type Carry = Arc<dyn Fn(&Via, Target) -> TakePlace + Send + Sync>;

/// Whom to log in as, and with what.
pub(super) struct Who {
    pub id: Option<HostId>,
    /// The host's shown name.
    pub name: String,
    pub method: AuthMethod,
    pub key_path: String,
    pub password: Option<Secret>,
    pub kept_for: Option<HostId>,
}

impl Who {
    pub fn of(
        id: Option<HostId>,
        draft: &HostDraft,
        password: Option<Secret>,
        kept_for: Option<HostId>,
    ) -> Self {
        let name = if draft.label.is_empty() { &draft.address } else { &draft.label };
        Self {
            id,
            name: name.clone(),
            method: draft.auth,
            key_path: draft.key_path.clone(),
            password,
            kept_for,
        }
    }

    /// Somebody of whom nothing is saved.
    pub fn named(id: Option<HostId>, name: &str, kept_for: Option<HostId>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            method: AuthMethod::Automatic,
            key_path: String::new(),
            password: None,
            kept_for,
        }
    }
}

/// A target, and what its config said.
#[derive(Debug)]
pub(super) struct Made {
    pub target: Target,
    pub resolved: Resolved,
    /// Of the host and of every jump host on the way.
    pub notes: Vec<ConfigNote>,
}

/// Makes targets. Clones share what they lead to.
#[derive(Clone)]
pub(super) struct Maker {
    pub places: ConfigPlaces,
    /// Which configs are read.
    pub choice: ConfigChoice,
    pub prompts: Prompts,
    pub consents: Consents,
    pub carry: Carry,
    /// `BatchMode` forbids questions. The command answers them itself and says why.
    pub obeys_batch_mode: bool,
}

impl Maker {
    /// The target of a destination by the config alone.
    ///
    /// # Errors
    /// Those of [`configured`], and [`ErrorCode::JumpLoop`].
    pub async fn by_config(&self, query: Query, who: Who) -> Result<Made> {
        let (mut target, config) = self.base(query, who).await?;
        let mut notes = config.notes.clone();
        target.route = self.config_way(&config, vec![identity(&target)], &mut notes).await?;
        Ok(Made { target, resolved: config.resolved, notes })
    }

    /// The target of what a form holds. `query` has what was asked for beside it (of the command line), which counts first.
    ///
    /// # Errors
    /// As for [`Maker::by_config`], and [`ErrorCode::HostInvalid`].
    pub async fn by_form(&self, query: Query, draft: &HostDraft, who: Who, hosts: &[Host]) -> Result<Made> {
        let asked = |keyword: &str| asks_for(&query, keyword);
        // Whoever asks for another way does not want the form's.
        let options = match asked("ProxyJump") || asked("ProxyCommand") {
            true => HostOptions {
                jump: String::new(),
                proxy: String::new(),
                proxy_command: String::new(),
                ..draft.options.clone()
            },
            false => draft.options.clone(),
        };
        let draft = HostDraft { options, ..draft.clone() };
        let hops = jumps::chain(&draft, hosts, &local_user())?;
        let (mut target, config) = self.base(form_query(query, &draft), who).await?;
        let mut notes = config.notes.clone();
        let mut trail = vec![identity(&target)];
        let mut way: Option<Jump> = None;
        for hop in hops {
            let who = Who::of(None, &hop.draft, None, hop.saved.clone());
            let (mut carrier, config) = self.base(form_query(self.query(), &hop.draft), who).await?;
            join(&mut notes, &config.notes);
            trail.push(identity(&carrier));
            carrier.route = match way {
                Some(before) => Route::Jump(before),
                None => self.own_way(&carrier, &hop.draft, &config, trail.clone(), &mut notes).await?,
            };
            let via = Via {
                id: hop.id.clone(),
                kept_for: hop.saved.clone(),
                anew: hop.saved.clone().filter(|_| hop.own_way),
            };
            way = Some(Jump {
                through: hop.id.clone(),
                name: hop_name(&hop),
                place: (self.carry)(&via, carrier),
            });
        }
        target.route = match way {
            Some(jump) => Route::Jump(jump),
            None => self.own_way(&target, &draft, &config, trail, &mut notes).await?,
        };
        Ok(Made { target, resolved: config.resolved, notes })
    }

    fn query(&self) -> Query {
        Query { config: self.choice.clone(), ..Query::default() }
    }

    /// A target that has no way yet.
    async fn base(&self, query: Query, who: Who) -> Result<(Target, Configured)> {
        let asker =
            Asker { host_id: who.id.clone(), host: who.name.clone(), address: query.destination.clone() };
        let config = configured(&self.places, query, asker, &self.prompts, &self.consents).await?;
        let resolved = &config.resolved;
        let alias = config.trust.host_key_alias.clone();
        let known = alias.unwrap_or_else(|| known_name(&resolved.host_name, resolved.port));
        let mut target = Target {
            address: resolved.host_name.clone(),
            port: resolved.port,
            user: resolved.user.clone(),
            login: Login::Person {
                method: who.method,
                key_path: who.key_path,
                password: who.password,
                kept_for: who.kept_for,
                options: Box::new(config.auth.clone()),
            },
            route: Route::Direct,
            dial: config.dial.clone(),
            pinned_key: None,
            trust: config.trust.clone(),
            algorithms: Some(config.algorithms.clone()),
            session: config.session.clone(),
            upkeep: config.upkeep,
            asker: Asker { host_id: who.id, host: who.name, address: known },
        };
        if self.obeys_batch_mode && resolved.batch_mode {
            ask_nothing(&mut target);
        }
        Ok((target, config))
    }

    /// The way that the form asks for without another host, or else the config's.
    async fn own_way(
        &self,
        target: &Target,
        draft: &HostDraft,
        config: &Configured,
        trail: Vec<String>,
        notes: &mut Vec<ConfigNote>,
    ) -> Result<Route> {
        match form_way(target, &draft.options)? {
            Some(route) => Ok(route),
            None => self.config_way(config, trail, notes).await,
        }
    }

    /// `ProxyJump` and `ProxyCommand`. As `ssh` does it, the first jump host is reached in its own way (with jump hosts of its
    /// own), each of the others through the one before it. `trail` are the hosts whose way is being looked for.
    fn config_way<'a>(
        &'a self,
        config: &'a Configured,
        mut trail: Vec<String>,
        notes: &'a mut Vec<ConfigNote>,
    ) -> BoxFuture<'a, Result<Route>> {
        async move {
            let chain = match &config.resolved.proxy {
                resolve::Proxy::Direct => return Ok(Route::Direct),
                resolve::Proxy::Command(command) => {
                    let place = config.resolved.proxy_place.as_ref();
                    let source = place.map(Place::location).unwrap_or_default();
                    return Ok(Route::Command(ProxyCommand { command: command.clone(), source }));
                }
                resolve::Proxy::Jump(chain) => chain,
            };
            let mut way: Option<Jump> = None;
            for (number, spec) in chain.iter().enumerate() {
                let HostSpec { user, host, port } = spec;
                let mut query =
                    Query { destination: host.clone(), user: user.clone(), port: *port, ..self.query() };
                if number > 0 {
                    let passed: Vec<String> = chain[..number].iter().map(ToString::to_string).collect();
                    query.overrides.push(format!("ProxyJump={}", passed.join(",")));
                }
                // As it stands it is a linked host, and has its password and its connection.
                let linked = Some(linked_id(host)).filter(|_| user.is_none() && port.is_none());
                let who = Who::named(None, host, linked.clone());
                let (mut carrier, config) = self.base(query, who).await?;
                join(notes, &config.notes);
                let me = identity(&carrier);
                if trail.contains(&me) || trail.len() > JUMPS_MAX {
                    return Err(looped(&trail, &me));
                }
                trail.push(me.clone());
                let id = match (&way, linked) {
                    (Some(before), _) => HostId(format!("jump:{me} via {}", before.through)),
                    (None, Some(linked)) => linked,
                    (None, None) => HostId(format!("jump:{me}")),
                };
                carrier.route = match way {
                    Some(before) => Route::Jump(before),
                    None => self.config_way(&config, trail.clone(), notes).await?,
                };
                let kept_for = match &carrier.login {
                    Login::Person { kept_for, .. } => kept_for.clone(),
                    Login::Key(_) => None,
                };
                let via = Via { id: id.clone(), kept_for, anew: None };
                way = Some(Jump { through: id, name: host.clone(), place: (self.carry)(&via, carrier) });
            }
            Ok(way.map_or(Route::Direct, Route::Jump))
        }
        .boxed()
    }
}

/// `BatchMode`: an unknown host key is refused, and nothing is typed.
fn ask_nothing(target: &mut Target) {
    if target.trust.strict == StrictHostKeyChecking::Ask {
        target.trust.strict = StrictHostKeyChecking::Yes;
    }
    if let Login::Person { options, .. } = &mut target.login {
        (options.password, options.keyboard_interactive) = (false, false);
    }
}

fn hop_name(hop: &Hop) -> String {
    let HostDraft { label, address, port, .. } = &hop.draft;
    if label.is_empty() { known_name(address, *port) } else { label.clone() }
}

fn identity(target: &Target) -> String {
    let address = target.address.to_ascii_lowercase();
    format!(
        "{}@{}:{}",
        target.user,
        if address.contains(':') { format!("[{address}]") } else { address },
        target.port
    )
}

fn looped(trail: &[String], last: &str) -> Error {
    let address = trail.first().map_or(last, String::as_str);
    let chain = trail.iter().map(String::as_str).chain([last]).collect::<Vec<_>>().join(" → ");
    Error::new(
        ErrorCode::JumpLoop,
        format!(
            "{address} was not dialled, because its jump hosts lead in a circle or are more than {JUMPS_MAX}: {chain}. \
             Correct ProxyJump in ssh_config."
        ),
    )
    .with("address", address)
    .with("chain", chain)
}
