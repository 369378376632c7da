//! What each keyword does with the words of its line.

use std::collections::HashMap;

use super::super::algorithms::{self, AlgorithmKind, Algorithms};
use super::super::forward::Kind;
use super::super::keywords::{Keyword, Shape};
use super::super::values::{
    self, AddressFamily, CanonicalizeHostname, Flag, LogLevel, PubkeyAuthentication, RequestTty, SessionType,
    StrictHostKeyChecking, YesNoAsk,
};
use super::own_syntax::escape_char;
use super::words::{Words, command};
use super::{Line, Options};

pub(super) struct Taking<'a> {
    pub(super) options: &'a mut Options,
    pub(super) line: &'a Line<'a>,
    pub(super) algorithms: &'a Algorithms,
    pub(super) environment: &'a HashMap<String, String>,
}

/// Sets a field that nothing has set yet, if the line applies.
macro_rules! first {
    ($taking:expr, $field:ident, $value:expr) => {{
        let value = $value;
        if $taking.line.active && $taking.options.$field.is_none() {
            $taking.options.$field = Some(value);
        }
        Ok::<(), String>(())
    }};
}

pub(super) use first;

macro_rules! word {
    ($taking:expr, $field:ident, $words:expr, $kind:ident) => {{
        let word = $words.needed()?;
        let value = $kind::parse(word).ok_or_else(|| format!("{word} is no value for it"))?;
        first!($taking, $field, value)
    }};
}

macro_rules! text {
    ($taking:expr, $field:ident, $words:expr) => {{
        let text = $words.needed()?;
        first!($taking, $field, text.to_owned())
    }};
}

macro_rules! integer {
    ($taking:expr, $field:ident, $words:expr) => {{
        let word = $words.needed()?;
        let value = values::integer(word).ok_or_else(|| format!("{word} is no number for it"))?;
        first!($taking, $field, value)
    }};
}

/// `none` is no value: a later line still counts, as in OpenSSH.
macro_rules! seconds {
    ($taking:expr, $field:ident, $words:expr) => {{
        match $words.needed()? {
            "none" => Ok(()),
            word => {
                let value = values::seconds(word).ok_or_else(|| format!("{word} is no time"))?;
                first!($taking, $field, value)
            }
        }
    }};
}

macro_rules! command {
    ($taking:expr, $field:ident, $words:expr) => {{
        $words.consume();
        let command = command($taking.line.rest);
        first!($taking, $field, command.to_owned())
    }};
}

macro_rules! algorithms {
    ($taking:expr, $field:ident, $words:expr, $kind:expr, $names:ident) => {{
        let list = $words.needed()?;
        algorithms::check(list, $kind, &$taking.algorithms.$names)?;
        first!($taking, $field, list.to_owned())
    }};
}

impl Taking<'_> {
    pub(super) fn take(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        match self.line.keyword {
            // These are for who reads the file.
            Keyword::Host | Keyword::Match | Keyword::Include => Err("it cannot stand here".to_owned()),
            Keyword::Void => {
                words.consume();
                Ok(())
            }
            Keyword::Foreign(shape) => self.foreign(shape, words),
            Keyword::AddKeysToAgent => self.add_keys_to_agent(words),
            Keyword::AddressFamily => word!(self, address_family, words, AddressFamily),
            Keyword::BatchMode => word!(self, batch_mode, words, Flag),
            Keyword::BindAddress => text!(self, bind_address, words),
            Keyword::BindInterface => text!(self, bind_interface, words),
            Keyword::CanonicalDomains => self.canonical_domains(words),
            Keyword::CanonicalizeFallbackLocal => word!(self, canonicalize_fallback_local, words, Flag),
            Keyword::CanonicalizeHostname => word!(self, canonicalize_hostname, words, CanonicalizeHostname),
            Keyword::CanonicalizeMaxDots => integer!(self, canonicalize_max_dots, words),
            Keyword::CanonicalizePermittedCnames => self.permitted_cnames(words),
            Keyword::CaSignatureAlgorithms => {
                algorithms!(self, ca_signature_algorithms, words, AlgorithmKind::Key, ca_signatures)
            }
            Keyword::CertificateFile => {
                let file = words.needed()?.to_owned();
                self.collect_file(file, |options| &mut options.certificate_files)
            }
            Keyword::CheckHostIp => word!(self, check_host_ip, words, Flag),
            Keyword::Ciphers => algorithms!(self, ciphers, words, AlgorithmKind::Cipher, ciphers),
            Keyword::ClearAllForwardings => word!(self, clear_all_forwardings, words, Flag),
            Keyword::Compression => word!(self, compression, words, Flag),
            Keyword::ConnectionAttempts => integer!(self, connection_attempts, words),
            Keyword::ConnectTimeout => seconds!(self, connect_timeout, words),
            Keyword::DynamicForward => self.forward(Kind::Dynamic, words),
            Keyword::EscapeChar => first!(self, escape_char, escape_char(words.needed()?)?),
            Keyword::ExitOnForwardFailure => word!(self, exit_on_forward_failure, words, Flag),
            Keyword::ForwardAgent => self.forward_agent(words),
            Keyword::GatewayPorts => word!(self, gateway_ports, words, Flag),
            Keyword::GlobalKnownHostsFile => {
                self.files(words, |options| &mut options.global_known_hosts_files)
            }
            Keyword::HashKnownHosts => word!(self, hash_known_hosts, words, Flag),
            Keyword::HostKeyAlgorithms => {
                algorithms!(self, host_key_algorithms, words, AlgorithmKind::Key, keys)
            }
            Keyword::HostKeyAlias => text!(self, host_key_alias, words),
            Keyword::HostName => text!(self, host_name, words),
            Keyword::IdentitiesOnly => word!(self, identities_only, words, Flag),
            Keyword::IdentityAgent => {
                let path = words.needed()?;
                self.check_agent_path(path)?;
                first!(self, identity_agent, path.to_owned())
            }
            Keyword::IdentityFile => {
                let file = words.needed()?.to_owned();
                self.collect_file(file, |options| &mut options.identity_files)
            }
            Keyword::IgnoreUnknown => text!(self, ignore_unknown, words),
            Keyword::KbdInteractiveAuthentication => word!(self, kbd_interactive_authentication, words, Flag),
            Keyword::KexAlgorithms => algorithms!(self, kex_algorithms, words, AlgorithmKind::Kex, kex),
            Keyword::LocalForward => self.forward(Kind::Local, words),
            Keyword::LogLevel => word!(self, log_level, words, LogLevel),
            Keyword::Macs => algorithms!(self, macs, words, AlgorithmKind::Mac, macs),
            Keyword::NumberOfPasswordPrompts => integer!(self, number_of_password_prompts, words),
            Keyword::PasswordAuthentication => word!(self, password_authentication, words, Flag),
            Keyword::PermitRemoteOpen => self.permit_remote_open(words),
            Keyword::Port => {
                let word = words.needed()?;
                let port = values::port(word).filter(|port| *port != 0);
                first!(self, port, port.ok_or_else(|| format!("{word} is no port"))?)
            }
            Keyword::PreferredAuthentications => text!(self, preferred_authentications, words),
            Keyword::ProxyCommand => command!(self, proxy_command, words),
            Keyword::ProxyJump => self.proxy_jump(words),
            Keyword::PubkeyAcceptedAlgorithms => {
                algorithms!(self, pubkey_accepted_algorithms, words, AlgorithmKind::Key, keys)
            }
            Keyword::PubkeyAuthentication => word!(self, pubkey_authentication, words, PubkeyAuthentication),
            Keyword::RefuseConnection => {
                let reason = words.needed()?;
                if self.line.active {
                    Err(format!("the config refuses this connection: {reason}"))
                } else {
                    Ok(())
                }
            }
            Keyword::RekeyLimit => self.rekey_limit(words),
            Keyword::RemoteCommand => command!(self, remote_command, words),
            Keyword::RemoteForward => self.forward(Kind::Remote, words),
            Keyword::RequestTty => word!(self, request_tty, words, RequestTty),
            Keyword::RequiredRsaSize => integer!(self, required_rsa_size, words),
            Keyword::SendEnv => self.send_env(words),
            Keyword::ServerAliveCountMax => integer!(self, server_alive_count_max, words),
            Keyword::ServerAliveInterval => seconds!(self, server_alive_interval, words),
            Keyword::SessionType => word!(self, session_type, words, SessionType),
            Keyword::SetEnv => self.set_env(words),
            Keyword::StrictHostKeyChecking => {
                word!(self, strict_host_key_checking, words, StrictHostKeyChecking)
            }
            Keyword::Tag => text!(self, tag, words),
            Keyword::TcpKeepAlive => word!(self, tcp_keep_alive, words, Flag),
            Keyword::UpdateHostKeys => word!(self, update_host_keys, words, YesNoAsk),
            Keyword::User => text!(self, user, words),
            Keyword::UserKnownHostsFile => self.files(words, |options| &mut options.user_known_hosts_files),
            Keyword::VisualHostKey => word!(self, visual_host_key, words, Flag),
        }
    }

    fn foreign(&mut self, shape: Shape, words: &mut Words<'_>) -> Result<(), String> {
        let value = match shape {
            Shape::Command | Shape::Anything => {
                words.consume();
                command(self.line.rest).to_owned()
            }
            Shape::Flag
            | Shape::Integer
            | Shape::Time
            | Shape::Text
            | Shape::OneOf(_)
            | Shape::KeyAlgorithms => words.needed()?.to_owned(),
        };
        let fits = match shape {
            Shape::Flag => Flag::parse(&value).is_some(),
            Shape::Integer => values::integer(&value).is_some(),
            Shape::Time => value == "none" || values::seconds(&value).is_some(),
            Shape::OneOf(known) => known.iter().any(|one| value.eq_ignore_ascii_case(one)),
            Shape::KeyAlgorithms => {
                algorithms::check(&value, AlgorithmKind::Key, &self.algorithms.keys).is_ok()
            }
            Shape::Text | Shape::Command | Shape::Anything => true,
        };
        if !fits {
            return Err(format!("{value} is no value for it"));
        }
        if self.line.active {
            self.options.foreign.entry(self.line.name.to_owned()).or_insert(value);
        }
        Ok(())
    }
}
