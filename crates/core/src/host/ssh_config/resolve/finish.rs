//! From the options to what they mean: defaults, tokens, and values that are looked at again.

use std::collections::HashMap;

use super::super::algorithms::{self, Algorithms, Names};
use super::super::canonical::NameLookup;
use super::super::forward::{End, Forward};
use super::super::local::Local;
use super::super::options::{AddKeysToAgent, EscapeChar, Options, RekeyLimit};
use super::super::reading::short;
use super::super::resolved::{Problem, Resolved, Stage, conn_hash};
use super::super::tokens::Tokens;
use super::super::values::{
    self, AddKeys, AddressFamily, CanonicalizeHostname, LogLevel, PubkeyAuthentication, RequestTty,
    SessionType, StrictHostKeyChecking,
};
use super::unsupported::{asks, named, unsupported};
use super::{CANONICALIZE_MAX_DOTS, SSH_PORT, is_none_rule, on, place_of};

/// From the options to what they mean.
pub(super) struct Finish<'a> {
    pub(super) local: &'a Local,
    pub(super) options: &'a Options,
    pub(super) problems: &'a mut Vec<Problem>,
    pub(super) tokens: Vec<(char, String)>,
}

impl Finish<'_> {
    pub(super) fn resolved(
        &mut self,
        original_host: &str,
        host_name: String,
        user_typed: bool,
        algorithms: &Algorithms,
        names: &dyn NameLookup,
    ) -> Resolved {
        let options = self.options;
        let port = options.port.unwrap_or(SSH_PORT);
        let host_key_alias = options.host_key_alias.as_ref().map(|alias| alias.to_ascii_lowercase());
        let alias = host_key_alias.clone().unwrap_or_else(|| original_host.to_owned());
        self.tokens_without_user(original_host, &host_name, port, alias);
        let user = self.user(user_typed);
        self.tokens_with_user(&host_name, port, &user);
        let remote_command = self.remote_command();
        let local_command = self.local_command();
        let clear_all_forwardings = on(options.clear_all_forwardings, false);
        let log_level = options.log_level.unwrap_or(LogLevel::Info);
        let request_tty = options.request_tty.unwrap_or(RequestTty::Auto);
        let (identity_agent, identity_agent_written) = self.identity_agent();
        let (proxy, proxy_written, proxy_place) = self.proxy(&host_name, port, &user);
        let mut unsupported = unsupported(options);
        if !options.canonicalize_permitted_cnames.is_empty()
            && !is_none_rule(&options.canonicalize_permitted_cnames)
            && !names.tells_canonical_names()
        {
            unsupported.push(named(options, "canonicalizepermittedcnames", String::new()));
        }
        self.missing_algorithms(algorithms, &mut unsupported);
        unsupported.sort_by(|one, other| one.keyword.cmp(&other.keyword));
        Resolved {
            original_host: original_host.to_owned(),
            port,
            user_given: options.user.is_some(),
            tag: options.tag.clone(),
            address_family: options.address_family.unwrap_or(AddressFamily::Any),
            bind_address: options.bind_address.clone(),
            bind_interface: options.bind_interface.clone(),
            connect_timeout: options.connect_timeout,
            connection_attempts: self.connection_attempts(),
            tcp_keep_alive: on(options.tcp_keep_alive, true),
            server_alive_interval: options.server_alive_interval.unwrap_or(0),
            server_alive_given: options.server_alive_interval.is_some(),
            server_alive_count_max: options.server_alive_count_max.unwrap_or(3),
            compression: on(options.compression, false),
            rekey_limit: RekeyLimit {
                bytes: options.rekey_bytes.filter(|bytes| *bytes != 0),
                seconds: options.rekey_seconds.filter(|seconds| *seconds != 0),
            },
            proxy,
            proxy_written,
            proxy_place,
            ciphers: self.names("Ciphers", options.ciphers.as_deref(), &algorithms.ciphers),
            macs: self.names("MACs", options.macs.as_deref(), &algorithms.macs),
            kex_algorithms: self.names("KexAlgorithms", options.kex_algorithms.as_deref(), &algorithms.kex),
            host_key_algorithms: self.names(
                "HostKeyAlgorithms",
                options.host_key_algorithms.as_deref(),
                &algorithms.keys,
            ),
            host_key_algorithms_given: options.host_key_algorithms.is_some(),
            pubkey_accepted_algorithms: self.names(
                "PubkeyAcceptedAlgorithms",
                options.pubkey_accepted_algorithms.as_deref(),
                &algorithms.keys,
            ),
            ca_signature_algorithms: self.names(
                "CASignatureAlgorithms",
                options.ca_signature_algorithms.as_deref(),
                &algorithms.ca_signatures,
            ),
            required_rsa_size: options.required_rsa_size.unwrap_or(1024),
            host_key_alias,
            user_known_hosts_files: self.user_known_hosts_files(),
            global_known_hosts_files: self.global_known_hosts_files(),
            revoked_host_keys: self.revoked_host_keys(),
            strict_host_key_checking: options.strict_host_key_checking.unwrap_or(StrictHostKeyChecking::Ask),
            check_host_ip: on(options.check_host_ip, false),
            hash_known_hosts: on(options.hash_known_hosts, false),
            update_host_keys: self.update_host_keys(remote_command.is_some(), request_tty, log_level),
            visual_host_key: on(options.visual_host_key, false),
            identity_files: self.identity_files(),
            certificate_files: self.key_files("CertificateFile", &options.certificate_files),
            identities_only: on(options.identities_only, false),
            identity_agent,
            identity_agent_written,
            add_keys_to_agent: options
                .add_keys_to_agent
                .unwrap_or(AddKeysToAgent { mode: AddKeys::No, lifetime: 0 }),
            forward_agent: self.forward_agent(),
            preferred_authentications: options
                .preferred_authentications
                .as_deref()
                .map(|list| list.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            pubkey_authentication: options.pubkey_authentication.unwrap_or(PubkeyAuthentication::Yes),
            password_authentication: on(options.password_authentication, true),
            kbd_interactive_authentication: on(options.kbd_interactive_authentication, true),
            number_of_password_prompts: options.number_of_password_prompts.unwrap_or(3),
            batch_mode: on(options.batch_mode, false),
            send_env: options.send_env.clone(),
            set_env: self.set_env(),
            remote_command,
            local_command,
            request_tty,
            session_type: options.session_type.unwrap_or(SessionType::Default),
            escape_char: options.escape_char.unwrap_or(EscapeChar::Byte(b'~')),
            log_level,
            forwards: if clear_all_forwardings { Vec::new() } else { self.forwards() },
            exit_on_forward_failure: on(options.exit_on_forward_failure, false),
            gateway_ports: on(options.gateway_ports, false),
            permit_remote_open: options.permit_remote_open.clone().unwrap_or_default(),
            clear_all_forwardings,
            canonicalize_hostname: options.canonicalize_hostname.unwrap_or(CanonicalizeHostname::No),
            canonicalize_fallback_local: on(options.canonicalize_fallback_local, true),
            canonicalize_max_dots: options.canonicalize_max_dots.unwrap_or(CANONICALIZE_MAX_DOTS),
            canonical_domains: options.canonical_domains.clone(),
            canonicalize_permitted_cnames: if is_none_rule(&options.canonicalize_permitted_cnames) {
                Vec::new()
            } else {
                options.canonicalize_permitted_cnames.clone()
            },
            ignore_unknown: options.ignore_unknown.clone(),
            unsupported,
            // The caller has them, with those of the reading.
            problems: Vec::new(),
            declined: Vec::new(),
            host_name,
            user,
        }
    }

    pub(super) fn note(&mut self, keyword: &str, message: String, stage: Stage) {
        let place = place_of(self.options, &keyword.to_ascii_lowercase());
        self.problems.push(Problem { place, keyword: Some(keyword.to_owned()), message, stage });
    }

    fn tokens_without_user(&mut self, original_host: &str, host_name: &str, port: u16, alias: String) {
        let local = self.local;
        self.tokens = vec![
            ('L', short(&local.host_name).to_owned()),
            ('i', local.uid.to_string()),
            ('k', alias),
            ('l', local.host_name.clone()),
            ('n', original_host.to_owned()),
            ('p', port.to_string()),
            ('d', local.account_home.to_string_lossy().into_owned()),
            ('h', host_name.to_owned()),
            ('u', local.user.clone()),
            ('j', self.jump_host()),
        ];
    }

    fn tokens_with_user(&mut self, host_name: &str, port: u16, user: &str) {
        let hash = conn_hash(&self.local.host_name, host_name, &port.to_string(), user, &self.jump_host());
        self.tokens.push(('C', hash));
        self.tokens.push(('r', user.to_owned()));
    }

    /// A user of a config may have tokens, and is looked at again if it has.
    fn user(&mut self, typed: bool) -> String {
        let Some(written) = self.options.user.clone() else { return self.local.user.clone() };
        if typed {
            return written;
        }
        match self.expand(&written, true) {
            Ok(expanded) if expanded == written || values::is_user_name(&expanded) => expanded,
            Ok(expanded) => {
                self.note(
                    "User",
                    format!("{expanded} holds characters that are not allowed"),
                    Stage::Resolving,
                );
                self.local.user.clone()
            }
            Err(message) => {
                self.note("User", message, Stage::Resolving);
                self.local.user.clone()
            }
        }
    }

    pub(super) fn expand(&self, text: &str, environment: bool) -> Result<String, String> {
        let environment: Option<&HashMap<String, String>> = environment.then_some(&self.local.environment);
        let expanded = Tokens { percent: Some(&self.tokens), environment }.expand(text);
        expanded.map_err(|fault| format!("{text}: {fault}"))
    }

    /// `~`, then tokens and variables.
    pub(super) fn expand_path(&self, text: &str) -> Result<String, String> {
        let path = self.local.expand_tilde(text).ok_or_else(|| format!("{text}: there is no such person"))?;
        self.expand(&path, true)
    }

    fn remote_command(&mut self) -> Option<String> {
        let written =
            self.options.remote_command.as_ref().filter(|text| !text.eq_ignore_ascii_case("none"))?;
        match self.expand(written, false) {
            Ok(command) => Some(command),
            Err(message) => {
                self.note("RemoteCommand", message, Stage::Resolving);
                None
            }
        }
    }

    /// `LocalCommand`. It has one token more: the network device that is forwarded, of which there is none.
    fn local_command(&mut self) -> Option<String> {
        let written = |keyword: &str| self.options.foreign.get(keyword).filter(|value| asks(value));
        written("permitlocalcommand")?;
        let command = written("localcommand").filter(|command| !command.is_empty())?;
        let mut tokens = self.tokens.clone();
        tokens.push(('T', "NONE".to_owned()));
        match (Tokens { percent: Some(&tokens), environment: None }).expand(command) {
            Ok(command) => Some(command),
            Err(fault) => {
                let message = format!("{command}: {fault}");
                self.note("LocalCommand", message, Stage::Connecting);
                None
            }
        }
    }

    fn connection_attempts(&mut self) -> u32 {
        match self.options.connection_attempts {
            Some(0) => {
                self.note("ConnectionAttempts", "it has to be at least 1".to_owned(), Stage::Resolving);
                1
            }
            attempts => attempts.unwrap_or(1),
        }
    }

    fn names(&mut self, keyword: &str, list: Option<&str>, names: &Names) -> Vec<String> {
        algorithms::assemble(list, names).unwrap_or_else(|message| {
            self.note(keyword, message, Stage::Resolving);
            names.default.clone()
        })
    }

    fn set_env(&mut self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        for setting in &self.options.set_env {
            let Some((name, value)) = setting.split_once('=') else { continue };
            match self.expand(value, true) {
                Ok(value) => settings.push((name.to_owned(), value)),
                Err(message) => self.note("SetEnv", message, Stage::Resolving),
            }
        }
        settings
    }

    /// Paths of sockets have tokens; their variables were replaced when the line was read.
    fn forwards(&mut self) -> Vec<Forward> {
        let mut forwards = Vec::new();
        for forward in &self.options.forwards {
            let end = |end: &End| match end {
                End::Socket(path) => self.expand(path, false).map(End::Socket),
                End::Tcp { .. } => Ok(end.clone()),
            };
            let listen = end(&forward.listen);
            let connect = forward.connect.as_ref().map(end).transpose();
            match (listen, connect) {
                (Ok(listen), Ok(connect)) => forwards.push(Forward { kind: forward.kind, listen, connect }),
                (Err(message), _) | (_, Err(message)) => {
                    self.note("LocalForward", message, Stage::Resolving);
                }
            }
        }
        forwards
    }
}
