//! What a host's form says, in the words of ssh_config(5), so that it can count before what the config says.

use crate::connection::Target;
use crate::connection::dial::{Proxy, ProxyCommand, ProxyKind, Route};
use crate::error::{Error, ErrorCode, Result};
use crate::host::options::{AddressFamily, expand_command, parse_proxy};
use crate::host::ssh_config::resolve::Query;
use crate::host::{HostDraft, HostOptions};

/// Whether an option of the command line says something about a keyword.
pub(super) fn asks_for(query: &Query, keyword: &str) -> bool {
    query.overrides.iter().any(|option| {
        let end = option.find(['=', ' ', '\t']).unwrap_or(option.len());
        option[..end].trim().eq_ignore_ascii_case(keyword)
    })
}

/// The question to the config for what a form holds: its own values first.
pub(super) fn form_query(mut query: Query, draft: &HostDraft) -> Query {
    let HostOptions {
        jump,
        proxy,
        proxy_command,
        address_family,
        bind_address,
        connect_timeout_seconds,
        forward_agent,
        startup_command: _,
        multiplexer: _,
        shell_integration: _,
        // Says nothing about the way.
        transcript: _,
        tunnels: _,
    } = &draft.options;
    query.destination = draft.address.clone();
    query.user = query.user.or_else(|| Some(draft.user.clone()).filter(|user| !user.is_empty()));
    query.port = query.port.or(Some(draft.port).filter(|port| *port != 22));
    let mut also = |keyword: &str, value: String| query.overrides.push(format!("{keyword}={value}"));
    if [jump, proxy, proxy_command].iter().any(|way| !way.trim().is_empty()) {
        also("ProxyJump", "none".to_owned());
    }
    match address_family {
        AddressFamily::Any => {}
        AddressFamily::V4 => also("AddressFamily", "inet".to_owned()),
        AddressFamily::V6 => also("AddressFamily", "inet6".to_owned()),
    }
    if !bind_address.trim().is_empty() {
        also("BindAddress", bind_address.trim().to_owned());
    }
    if let Some(seconds) = connect_timeout_seconds {
        also("ConnectTimeout", seconds.to_string());
    }
    if *forward_agent {
        also("ForwardAgent", "yes".to_owned());
    }
    query
}

/// The way of a form that needs no other host; none if the form says nothing about it.
pub(super) fn form_way(target: &Target, options: &HostOptions) -> Result<Option<Route>> {
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
        return Ok(Some(Route::Proxy(Proxy {
            kind: if spec.socks { ProxyKind::Socks5 } else { ProxyKind::HttpConnect },
            host: spec.host,
            port: spec.port,
            user: spec.user,
            password: None,
        })));
    }
    if !options.proxy_command.trim().is_empty() {
        let expanded = expand_command(&options.proxy_command, &target.address, target.port, &target.user);
        let command = expanded.ok_or_else(|| {
            unusable("proxy command").with("field", "proxyCommand").with("reason", "unknown-token")
        })?;
        return Ok(Some(Route::Command(ProxyCommand { command, source: String::new() })));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_leaves_open_is_left_to_the_config() {
        let draft = HostDraft { address: "web".into(), port: 22, ..HostDraft::default() };
        assert_eq!(form_query(Query::default(), &draft), Query::to("web"));
    }

    #[test]
    fn what_a_form_says_counts_after_the_command_line() {
        let options = HostOptions {
            proxy: "socks5://p:1".into(),
            address_family: AddressFamily::V6,
            bind_address: "::1".into(),
            connect_timeout_seconds: Some(3),
            forward_agent: true,
            ..HostOptions::default()
        };
        let draft = HostDraft {
            address: "web".into(),
            port: 2200,
            user: "ann".into(),
            options,
            ..HostDraft::default()
        };
        let asked = Query { port: Some(2300), overrides: vec!["BatchMode=yes".into()], ..Query::default() };
        let query = form_query(asked, &draft);
        assert_eq!((query.user.as_deref(), query.port), (Some("ann"), Some(2300)));
        let expected = [
            "BatchMode=yes",
            "ProxyJump=none",
            "AddressFamily=inet6",
            "BindAddress=::1",
            "ConnectTimeout=3",
            "ForwardAgent=yes",
        ];
        assert_eq!(query.overrides, expected);
    }

    #[test]
    fn an_option_is_found_however_it_is_written() {
        let asked = |option: &str| Query { overrides: vec![option.into()], ..Query::default() };
        for option in ["ProxyJump=a", "proxyjump a", "PROXYJUMP = a"] {
            assert!(asks_for(&asked(option), "ProxyJump"), "{option}");
        }
        assert!(!asks_for(&asked("ProxyCommand=a"), "ProxyJump"));
    }
}
