//! `-G`: what counts for a name, in the form of ssh(1), which git and other programs read.

use bowline_core::connection::Login;
use bowline_core::connection::dial::Route;
use bowline_core::host::ssh_config::forward::Kind;
use bowline_core::host::ssh_config::options::ForwardAgent;
use bowline_core::host::ssh_config::resolve::Proxy;

use crate::resolve::Resolved;

/// A keyword and its value in each line.
pub fn text(resolved: &Resolved) -> String {
    let Resolved { target, config, .. } = resolved;
    let mut text = String::new();
    let mut put = |keyword: &str, value: &str| text.push_str(&format!("{keyword} {value}\n"));
    let flag = |value: bool| if value { "yes" } else { "no" };
    put("host", &target.asker.host);
    put("user", &target.user);
    put("hostname", &target.address);
    put("port", &target.port.to_string());
    put("addressfamily", config.address_family.word());
    put("batchmode", flag(config.batch_mode));
    put("exitonforwardfailure", flag(config.exit_on_forward_failure));
    put("gatewayports", flag(config.gateway_ports));
    put("identitiesonly", flag(config.identities_only));
    put("kbdinteractiveauthentication", flag(config.kbd_interactive_authentication));
    put("passwordauthentication", flag(config.password_authentication));
    put("pubkeyauthentication", config.pubkey_authentication.word());
    put("requesttty", config.request_tty.word());
    put("sessiontype", config.session_type.word());
    put("stricthostkeychecking", config.strict_host_key_checking.word());
    put("tcpkeepalive", flag(config.tcp_keep_alive));
    put("connectionattempts", &config.connection_attempts.to_string());
    put("serveralivecountmax", &config.server_alive_count_max.to_string());
    put("serveraliveinterval", &config.server_alive_interval.to_string());
    put("ciphers", &config.ciphers.join(","));
    put("hostkeyalgorithms", &config.host_key_algorithms.join(","));
    put("kexalgorithms", &config.kex_algorithms.join(","));
    put("macs", &config.macs.join(","));
    put("pubkeyacceptedalgorithms", &config.pubkey_accepted_algorithms.join(","));
    put("loglevel", config.log_level.word());
    put("bindaddress", config.bind_address.as_deref().unwrap_or_default());
    put("hostkeyalias", config.host_key_alias.as_deref().unwrap_or_default());
    put("identityagent", config.identity_agent_written.as_deref().unwrap_or_default());
    put("remotecommand", config.remote_command.as_deref().unwrap_or_default());
    // A saved host has a key of its own.
    match &target.login {
        Login::Person { key_path, .. } if !key_path.is_empty() => put("identityfile", key_path),
        Login::Person { .. } | Login::Key(_) => {
            config.identity_files.iter().for_each(|file| put("identityfile", &file.written));
        }
    }
    config.certificate_files.iter().for_each(|file| put("certificatefile", &file.written));
    put("userknownhostsfile", &config.user_known_hosts_files.join(" "));
    put("globalknownhostsfile", &config.global_known_hosts_files.join(" "));
    config.send_env.iter().for_each(|pattern| put("sendenv", pattern));
    config.set_env.iter().for_each(|(name, value)| put("setenv", &format!("{name}={value}")));
    for forward in &config.forwards {
        let keyword = match forward.kind {
            Kind::Local => "localforward",
            Kind::Remote => "remoteforward",
            Kind::Dynamic => "dynamicforward",
        };
        put(keyword, &forward.to_string());
    }
    put("permitremoteopen", &config.permit_remote_open.to_string());
    put("connecttimeout", &config.connect_timeout.map_or("none".to_owned(), |seconds| seconds.to_string()));
    put(
        "forwardagent",
        match &config.forward_agent {
            ForwardAgent::No => "no",
            ForwardAgent::Yes => "yes",
            ForwardAgent::Path(path) => path.as_str(),
        },
    );
    let written = config.proxy_written.as_deref();
    match (&target.route, &config.proxy) {
        (Route::Jump(jump), proxy) => {
            let written = written.filter(|_| matches!(proxy, Proxy::Jump(_)));
            put("proxyjump", written.unwrap_or(&jump.name));
        }
        (Route::Command(command), proxy) => {
            let written = written.filter(|_| matches!(proxy, Proxy::Command(_)));
            put("proxycommand", written.unwrap_or(&command.command));
        }
        _ => {}
    }
    // A keyword without a value is left out, as ssh(1) does.
    text.lines().filter(|line| !line.ends_with(' ')).map(|line| format!("{line}\n")).collect()
}
