//! What ssh_config says about a connection, in the engine's own terms: one piece of code for the app and for the command.

use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::config_notes::{ConfigNote, notes};
use crate::auth::options::{AddKeysToAgent, AuthOptions, ForwardAgent, IdentityAgent};
use crate::connection::algorithms::{AlgorithmChoice, available};
use crate::connection::dial::consent::Consents;
use crate::connection::dial::{AddressFamily, COMMAND_MAX_BYTES, DialSettings};
use crate::connection::settings::{ServerAlive, SessionSettings, Upkeep};
use crate::error::{Error, ErrorCode, Result};
use crate::host::linked::LinkedPaths;
use crate::host::pattern::list_matches;
use crate::host::ssh_config::algorithms::Algorithms;
use crate::host::ssh_config::canonical::SystemLookup;
use crate::host::ssh_config::files::Files;
use crate::host::ssh_config::local::Local;
use crate::host::ssh_config::options::{self, AddKeysToAgent as ConfigAddKeys};
use crate::host::ssh_config::resolve::{
    AgentSocket, ConfigChoice, ExecAnswer, ExecRequest, Outside, Place, Query, ResolveError, Resolved,
    resolve,
};
use crate::host::ssh_config::values::{self, AddKeys, PubkeyAuthentication, YesNoAsk};
use crate::host::ssh_config::{resolved::Problem, shell};
use crate::prompt::{Asker, Prompts, visible_line};
use crate::trust::{StrictHostKeyChecking, TrustPolicy, UpdateHostKeys};

/// Where the configs are.
#[derive(Debug, Clone)]
pub(super) struct ConfigPlaces {
    /// `~/.ssh`; its parent is what `~` means in a config.
    pub ssh_dir: PathBuf,
    /// `/etc/ssh/ssh_config`, if it is to be read.
    pub system: Option<PathBuf>,
}

impl ConfigPlaces {
    pub fn choice(&self) -> ConfigChoice {
        let LinkedPaths { user, system } = self.linked();
        ConfigChoice::Paths { user, system }
    }

    pub fn linked(&self) -> LinkedPaths {
        LinkedPaths { user: Some(self.ssh_dir.join("config")), system: self.system.clone() }
    }

    /// What a config may ask of this machine. Asks the system, so it blocks.
    pub fn local(&self) -> Local {
        let mut local = Local::here();
        if let Some(home) = self.ssh_dir.parent() {
            (local.home, local.account_home) = (home.to_owned(), home.to_owned());
        }
        if let Some(folder) = self.system.as_ref().and_then(|path| path.parent()) {
            local.system_folder = folder.to_owned();
        }
        local
    }
}

/// What a config says about one destination.
#[derive(Debug, Clone)]
pub(super) struct Configured {
    pub resolved: Resolved,
    pub dial: DialSettings,
    pub trust: TrustPolicy,
    pub auth: AuthOptions,
    pub algorithms: AlgorithmChoice,
    pub session: SessionSettings,
    pub upkeep: Upkeep,
    pub notes: Vec<ConfigNote>,
}

/// Reads the configs for a destination. A command of `Match exec` runs only if the person agrees; who asks is `asker`.
///
/// # Errors
/// [`ErrorCode::ConfigUnusable`] when a line that could not be understood may have led elsewhere; [`ErrorCode::HostInvalid`]
/// when what was asked for makes no sense; [`ErrorCode::Unreachable`] when this machine has not the address to dial from.
pub(super) async fn configured(
    places: &ConfigPlaces,
    query: Query,
    asker: Asker,
    prompts: &Prompts,
    consents: &Consents,
) -> Result<Configured> {
    let (places, prompts, consents) = (places.clone(), prompts.clone(), consents.clone());
    let dropped = CancellationToken::new();
    let _dropped = dropped.clone().drop_guard();
    let runtime = Handle::current();
    let working = tokio::task::spawn_blocking(move || {
        let (local, algorithms) = (places.local(), available());
        // A second pass asks for the same commands once more.
        let mut answered: HashMap<String, ExecAnswer> = HashMap::new();
        let mut exec = |request: &ExecRequest<'_>| {
            if let Some(answer) = answered.get(request.command) {
                return *answer;
            }
            let asking = may_run(request.command, request.place, &asker, &prompts, &consents);
            // Whoever wanted to connect may be gone, and the question goes away with them.
            let asking = async {
                tokio::select! {
                    may = asking => may,
                    () = dropped.cancelled() => false,
                }
            };
            let answer = match runtime.block_on(asking) {
                true => shell::run(request.command),
                false => ExecAnswer::Declined,
            };
            answered.insert(request.command.to_owned(), answer);
            answer
        };
        let outside = Outside { exec: &mut exec, names: &mut SystemLookup };
        let resolved = resolve(&query, &local, &algorithms, &mut Files::default(), outside)
            .map_err(|error| not_resolved(&query.destination, error))?;
        Configured::new(resolved, &local, &algorithms, &places)
    });
    working.await.map_err(Error::internal)?
}

async fn may_run(
    command: &str,
    place: &Place,
    asker: &Asker,
    prompts: &Prompts,
    consents: &Consents,
) -> bool {
    let (host, source) = (Consents::name(asker), place.location());
    command.len() <= COMMAND_MAX_BYTES
        && consents.agree(prompts, asker, &host, command, &source).await.is_ok()
}

impl Configured {
    fn new(
        resolved: Resolved,
        local: &Local,
        algorithms: &Algorithms,
        places: &ConfigPlaces,
    ) -> Result<Self> {
        if let Some(problem) = resolved.problems.iter().find(|problem| problem.leads_elsewhere()) {
            return Err(unusable(problem));
        }
        let notes = notes(&resolved, local, places.system.as_deref());
        Ok(Self {
            dial: dial(&resolved)?,
            trust: trust(&resolved, local, algorithms),
            auth: auth(&resolved, algorithms),
            algorithms: AlgorithmChoice {
                ciphers: resolved.ciphers.clone(),
                macs: resolved.macs.clone(),
                kex: resolved.kex_algorithms.clone(),
                host_keys: resolved.host_key_algorithms.clone(),
                host_keys_given: resolved.host_key_algorithms_given,
                rsa_bits_min: resolved.required_rsa_size,
            },
            session: SessionSettings {
                environment: environment(&resolved, local),
                remote_command: resolved.remote_command.clone(),
                request_tty: resolved.request_tty,
                permit_remote_open: resolved.permit_remote_open.clone(),
                ..SessionSettings::default()
            },
            upkeep: upkeep(&resolved),
            notes,
            resolved,
        })
    }
}

fn dial(resolved: &Resolved) -> Result<DialSettings> {
    let family = resolved.address_family;
    let timeout = resolved.connect_timeout.filter(|seconds| *seconds > 0);
    Ok(DialSettings {
        address_family: match family {
            values::AddressFamily::Any => AddressFamily::Any,
            values::AddressFamily::Inet => AddressFamily::V4,
            values::AddressFamily::Inet6 => AddressFamily::V6,
        },
        bind_address: resolved.bind_address.as_deref().map(|text| bind(text, resolved)).transpose()?,
        bind_interface: resolved.bind_interface.clone(),
        connect_timeout: timeout.map(|seconds| Duration::from_secs(seconds.into())),
        attempts: resolved.connection_attempts,
    })
}

/// `BindAddress` may be a name.
fn bind(text: &str, resolved: &Resolved) -> Result<IpAddr> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let fits = |address: &IpAddr| match resolved.address_family {
        values::AddressFamily::Any => true,
        values::AddressFamily::Inet => address.is_ipv4(),
        values::AddressFamily::Inet6 => address.is_ipv6(),
    };
    let found = (text, 0).to_socket_addrs().ok();
    found.and_then(|mut found| found.find_map(|one| Some(one.ip()).filter(fits))).ok_or_else(|| {
        let cause = format!("BindAddress {} has no address", visible_line(text));
        let (address, port) = (&resolved.host_name, resolved.port);
        Error::new(ErrorCode::Unreachable, format!("{address} was not dialled on port {port}: {cause}."))
            .with("address", address)
            .with("port", port)
            .with("cause", cause)
    })
}

fn trust(resolved: &Resolved, local: &Local, algorithms: &Algorithms) -> TrustPolicy {
    let usual: Vec<String> = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]
        .into_iter()
        .filter_map(|path| local.expand_tilde(path))
        .collect();
    let folder = &local.system_folder;
    let usual_global = ["ssh_known_hosts", "ssh_known_hosts2"].map(|name| folder.join(name));
    let paths = |files: &[String]| files.iter().map(PathBuf::from).collect::<Vec<_>>();
    let global = paths(&resolved.global_known_hosts_files);
    TrustPolicy {
        host_key_alias: resolved.host_key_alias.clone(),
        user_files: (resolved.user_known_hosts_files != usual)
            .then(|| paths(&resolved.user_known_hosts_files)),
        global_files: (global != usual_global).then_some(global),
        revoked_keys: resolved.revoked_host_keys.as_ref().map(PathBuf::from),
        strict: match resolved.strict_host_key_checking {
            values::StrictHostKeyChecking::Yes => StrictHostKeyChecking::Yes,
            values::StrictHostKeyChecking::No => StrictHostKeyChecking::No,
            values::StrictHostKeyChecking::Ask => StrictHostKeyChecking::Ask,
            values::StrictHostKeyChecking::AcceptNew => StrictHostKeyChecking::AcceptNew,
        },
        // Without it a file that has hashed names goes on to have them.
        hash_known_hosts: resolved.hash_known_hosts.then_some(true),
        update_host_keys: match resolved.update_host_keys {
            YesNoAsk::Yes => UpdateHostKeys::Yes,
            YesNoAsk::No => UpdateHostKeys::No,
            YesNoAsk::Ask => UpdateHostKeys::Ask,
        },
        ca_signatures: (resolved.ca_signature_algorithms != algorithms.ca_signatures.default)
            .then(|| resolved.ca_signature_algorithms.clone()),
    }
}

fn auth(resolved: &Resolved, algorithms: &Algorithms) -> AuthOptions {
    let files = |files: &[crate::host::ssh_config::resolve::KeyFile]| {
        files.iter().filter(|file| file.named).map(|file| file.path.clone()).collect::<Vec<_>>()
    };
    let ConfigAddKeys { mode, lifetime } = resolved.add_keys_to_agent;
    let seconds = Some(lifetime).filter(|seconds| *seconds > 0);
    let accepted = &resolved.pubkey_accepted_algorithms;
    AuthOptions {
        identity_files: files(&resolved.identity_files),
        certificate_files: files(&resolved.certificate_files),
        identities_only: resolved.identities_only,
        identity_agent: match &resolved.identity_agent {
            AgentSocket::Usual => IdentityAgent::Usual,
            AgentSocket::None => IdentityAgent::None,
            AgentSocket::Path(path) => IdentityAgent::Socket(path.clone()),
        },
        add_keys_to_agent: match mode {
            AddKeys::No => AddKeysToAgent::No,
            AddKeys::Yes => AddKeysToAgent::Yes { seconds },
            AddKeys::Ask => AddKeysToAgent::Ask,
            AddKeys::Confirm => AddKeysToAgent::Confirm { seconds },
        },
        forward_agent: match &resolved.forward_agent {
            options::ForwardAgent::No => ForwardAgent::No,
            options::ForwardAgent::Yes => ForwardAgent::Yes,
            options::ForwardAgent::Path(path) => ForwardAgent::Socket(path.clone()),
        },
        preferred: resolved.preferred_authentications.clone(),
        publickey: resolved.pubkey_authentication != PubkeyAuthentication::No,
        password: resolved.password_authentication,
        keyboard_interactive: resolved.kbd_interactive_authentication,
        password_prompts: resolved.number_of_password_prompts,
        accepted_algorithms: (*accepted != algorithms.keys.default).then(|| accepted.clone()),
        ..AuthOptions::default()
    }
}

/// SetEnv first, then what SendEnv names of our own environment; of two values the first counts.
fn environment(resolved: &Resolved, local: &Local) -> Vec<(String, String)> {
    let mut environment = resolved.set_env.clone();
    let patterns = || resolved.send_env.iter().map(String::as_str);
    let mut sent: Vec<(&String, &String)> =
        local.environment.iter().filter(|(name, _)| list_matches(patterns(), name)).collect();
    sent.sort();
    for (name, value) in sent {
        if !environment.iter().any(|(known, _)| known == name) {
            environment.push((name.clone(), value.clone()));
        }
    }
    environment
}

fn upkeep(resolved: &Resolved) -> Upkeep {
    let Resolved { server_alive_given, server_alive_interval, server_alive_count_max, rekey_limit, .. } =
        resolved;
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    Upkeep {
        server_alive: server_alive_given.then_some(ServerAlive {
            interval: seconds(*server_alive_interval),
            count_max: *server_alive_count_max,
        }),
        quiet: None,
        rekey_bytes: rekey_limit.bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        rekey_time: rekey_limit.seconds.map(seconds),
    }
}

/// A line may have led elsewhere, and nothing was dialled.
fn unusable(problem: &Problem) -> Error {
    let path = problem.place.path.as_ref().map(|path| visible_line(&path.to_string_lossy()));
    let keyword = problem.keyword.as_ref().map(|keyword| format!("{keyword}: ")).unwrap_or_default();
    let cause = visible_line(&format!("{keyword}{}", problem.message));
    config_unusable(path.as_deref().unwrap_or("-o"), problem.place.line, &cause)
}

fn config_unusable(path: &str, line: usize, cause: &str) -> Error {
    Error::new(
        ErrorCode::ConfigUnusable,
        format!(
            "Nothing was dialled, because line {line} of {path} cannot be used: {cause}. Without it the connection could \
             lead elsewhere than the config means. Correct the line."
        ),
    )
    .with("path", path)
    .with("line", line)
    .with("cause", cause)
}

fn not_resolved(destination: &str, error: ResolveError) -> Error {
    match error {
        ResolveError::Config { path, cause } => {
            config_unusable(&visible_line(&path.to_string_lossy()), 0, &visible_line(&cause.to_string()))
        }
        ResolveError::Destination(_) | ResolveError::User(_) | ResolveError::Override { .. } => {
            let cause = visible_line(&error.to_string());
            let field = if matches!(error, ResolveError::User(_)) { "user" } else { "address" };
            Error::new(
                ErrorCode::HostInvalid,
                format!("{} was not dialled: {cause}.", visible_line(destination)),
            )
            .with("field", field)
            .with("reason", cause)
        }
    }
}
