//! What `ssh -G` cannot be asked for here: two configs, consent, the DNS, and what is said about lines. How lines are
//! understood is compared with OpenSSH in `tests/ssh_config.rs`.

use std::collections::HashMap;

use super::*;
use crate::host::ssh_config::canonical::Found;
use crate::host::ssh_config::values::AddressFamily;

/// A person's folder and a system's folder.
struct Machine(tempfile::TempDir);

impl Machine {
    fn with(user: &str, system: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write("home/.ssh/config", user, 0o600);
        machine.write("etc/ssh_config", system, 0o644);
        machine
    }

    fn write(&self, name: &str, content: &str, mode: u32) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        #[cfg(not(unix))]
        let _ = mode;
    }

    fn local(&self) -> Local {
        let home = self.0.path().join("home");
        Local {
            account_home: home.clone(),
            home,
            user: "me".to_owned(),
            uid: 1000,
            host_name: "desk.example".to_owned(),
            environment: HashMap::from([("JUMP".to_owned(), "gate".to_owned())]),
            addresses: vec!["10.1.2.3".parse().unwrap()],
            system_folder: self.0.path().join("etc"),
        }
    }

    fn ask(&self, query: &Query, exec: &mut Exec<'_>) -> Result<Resolved, ResolveError> {
        let outside = Outside { exec, names: &mut Dns };
        resolve(query, &self.local(), &Algorithms::default(), &mut Files::default(), outside)
    }

    fn resolve(&self, destination: &str) -> Resolved {
        let mut exec = |request: &ExecRequest<'_>| panic!("asked for {}", request.command);
        self.ask(&Query::to(destination), &mut exec).unwrap()
    }
}

/// Knows one name, by an alias.
struct Dns;

impl NameLookup for Dns {
    fn look_up(&mut self, name: &str, _: AddressFamily) -> Option<Found> {
        let known = name == "web.corp.example.";
        known.then(|| Found { canonical_name: Some("w1.farm.example".to_owned()) })
    }
}

fn said(resolved: &Resolved) -> Vec<String> {
    resolved.problems.iter().map(|one| one.message.clone()).collect()
}

#[test]
fn the_persons_config_comes_before_the_systems() {
    let machine =
        Machine::with("Host web\n User ada\n SendEnv A\n", "User root\nPort 23\nSendEnv B\nInclude more\n");
    machine.write("etc/more", "Compression yes\n", 0o644);
    let resolved = machine.resolve("web");
    assert_eq!((resolved.user.as_str(), resolved.port, resolved.compression), ("ada", 23, true));
    assert_eq!(resolved.send_env, ["A", "B"]);
    assert_eq!(machine.resolve("other").user, "root");
    let typed = Query { port: Some(24), user: Some("eve".to_owned()), ..Query::to("ada@web") };
    let resolved = machine.ask(&typed, &mut |_| ExecAnswer::Declined).unwrap();
    assert_eq!((resolved.user.as_str(), resolved.port), ("eve", 24));
}

#[test]
fn only_a_persons_config_may_say_home() {
    let machine = Machine::with("Include ~/.ssh/a\n", "Include ~/a\n");
    machine.write("home/.ssh/a", "User ada\n", 0o600);
    let resolved = machine.resolve("web");
    assert_eq!(resolved.user, "ada");
    assert_eq!(resolved.problems.len(), 1);
    assert!(said(&resolved)[0].contains("a config of the system cannot say ~"));
}

#[cfg(unix)]
#[test]
fn a_config_that_others_may_write_is_left_out_and_named() {
    let machine = Machine::with("Include a\nUser ada\n", "");
    machine.write("home/.ssh/a", "ProxyCommand steal\n", 0o666);
    let resolved = machine.resolve("web");
    assert_eq!((resolved.user.as_str(), &resolved.proxy), ("ada", &Proxy::Direct));
    assert!(said(&resolved)[0].contains("others may write it"), "{:?}", resolved.problems);
    machine.write("home/.ssh/config", "User ada\n", 0o620);
    let resolved = machine.resolve("web");
    assert_eq!(resolved.user, "me");
    assert!(resolved.problems[0].stops_openssh() && resolved.problems[0].leads_elsewhere());
}

#[test]
fn a_command_is_asked_for_with_its_tokens_and_only_where_it_decides() {
    let config = "Host web\n HostName %h.example\n Port 23\nMatch host other exec \"no\"\n User eve\n\
                  Match exec \"vpn %h %n %p %r %u %L %d\"\n User ada\nMatch !exec \"vpn\"\n Port 99\n";
    let machine = Machine::with(config, "");
    let mut asked = Vec::new();
    let mut exec = |request: &ExecRequest<'_>| {
        asked.push((request.command.to_owned(), request.place.line));
        ExecAnswer::Ran { success: true }
    };
    assert_eq!(machine.ask(&Query::to("web"), &mut exec).unwrap().user, "ada");
    let home = machine.local().home;
    let first = format!("vpn web.example web 23 me me desk {}", home.display());
    assert_eq!(asked, [(first, 6), ("vpn".to_owned(), 8)]);
}

#[test]
fn a_condition_whose_command_is_declined_does_not_match_even_negated() {
    let machine = Machine::with("Match exec a\n User ada\nMatch !exec b\n Port 23\n", "");
    let resolved = machine.ask(&Query::to("web"), &mut |_| ExecAnswer::Declined).unwrap();
    assert_eq!((resolved.user.as_str(), resolved.port), ("me", 22));
    let declined: Vec<(&str, usize)> =
        resolved.declined.iter().map(|(command, place)| (command.as_str(), place.line)).collect();
    assert_eq!(declined, [("a", 1), ("b", 3)]);
}

#[test]
fn a_name_is_completed_and_the_config_read_again_for_it() {
    let config = "CanonicalizeHostname yes\nCanonicalDomains corp.example\n\
                  Host *.corp.example\n User corp\nHost *.farm.example\n User farm\n";
    let machine = Machine::with(config, "");
    let resolved = machine.resolve("Web");
    assert_eq!((resolved.host_name.as_str(), resolved.user.as_str()), ("web.corp.example", "corp"));
    assert_eq!(resolved.original_host, "Web");
    let followed = format!("CanonicalizePermittedCNAMEs *.corp.example:*.farm.example\n{config}");
    let resolved = Machine::with(&followed, "").resolve("web");
    assert_eq!((resolved.host_name.as_str(), resolved.user.as_str()), ("w1.farm.example", "farm"));
    let strict = format!("CanonicalizeFallbackLocal no\n{config}");
    let resolved = Machine::with(&strict, "").resolve("nobody");
    assert!(resolved.problems.iter().any(Problem::leads_elsewhere));
}

#[test]
fn tags_and_networks_decide() {
    let config = "Host web\n Tag inside\nMatch tagged in* localnetwork 10.0.0.0/8\n User ada\n\
                  Match localnetwork 192.168.0.0/16\n User eve\n";
    assert_eq!(Machine::with(config, "").resolve("web").user, "ada");
}

#[test]
fn ways_through_other_machines_have_their_tokens_replaced() {
    let resolved = Machine::with("User ada\nProxyJump %r@gate:23,far\n", "").resolve("web");
    let Proxy::Jump(chain) = &resolved.proxy else { panic!("{:?}", resolved.proxy) };
    let chain: Vec<String> = chain.iter().map(ToString::to_string).collect();
    assert_eq!(chain, ["ada@gate:23", "far"]);
    let resolved = Machine::with("ProxyCommand nc '%h' %p %% %n # x\n", "").resolve("Web");
    assert_eq!(resolved.proxy, Proxy::Command("nc 'web' 22 % Web # x".to_owned()));
    assert_eq!(resolved.proxy_place.unwrap().line, 1);
    let resolved = Machine::with("ProxyCommand nc %x\n", "").resolve("web");
    assert!(!resolved.problems.is_empty());
}

#[test]
fn what_is_not_acted_on_is_named_once_with_its_place() {
    let config = "Host other\n ForwardX11 yes\nHost web\n ForwardX11 yes\n ForwardX11 no\n ControlMaster no\n \
                  PermitLocalCommand yes\n LocalCommand echo hi\nCiphers aes256-ctr,3des-cbc\n";
    let resolved = Machine::with(config, "GSSAPIAuthentication yes\n").resolve("web");
    let named: Vec<(&str, usize)> =
        resolved.unsupported.iter().map(|one| (one.keyword.as_str(), one.place.line)).collect();
    assert_eq!(
        named,
        [
            ("ciphers", 9),
            ("forwardx11", 4),
            ("gssapiauthentication", 1),
            ("localcommand", 8),
            ("permitlocalcommand", 7)
        ]
    );
}

#[test]
fn problems_say_file_line_keyword_and_cause() {
    let machine = Machine::with("User ada\nPort 70000\nBogus x\n", "");
    let resolved = machine.resolve("web");
    let path = machine.local().user_config();
    assert_eq!(
        resolved.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            format!("{}, line 2: Port: 70000 is no port", path.display()),
            format!("{}, line 3: Bogus: it is no keyword that OpenSSH knows", path.display())
        ]
    );
    assert_eq!(resolved.user, "ada");
    let leads: Vec<bool> = resolved.problems.iter().map(Problem::leads_elsewhere).collect();
    assert_eq!(leads, [true, false]);
}

#[test]
fn what_is_typed_wrongly_is_an_error() {
    let machine = Machine::with("", "");
    let mut exec = |_: &ExecRequest<'_>| ExecAnswer::Declined;
    for typed in ["", "-oProxyCommand=x", "@web", "a b", "ssh://web/path"] {
        assert!(
            matches!(machine.ask(&Query::to(typed), &mut exec), Err(ResolveError::Destination(_))),
            "{typed}"
        );
    }
    let query = Query { overrides: vec!["Port=x".to_owned()], ..Query::to("web") };
    let error = machine.ask(&query, &mut exec).unwrap_err();
    assert_eq!(error.to_string(), "the option \"Port=x\" cannot be used: x is no port");
    let missing = machine.0.path().join("missing");
    let query = Query { config: ConfigChoice::Given(missing), ..Query::to("web") };
    assert!(matches!(machine.ask(&query, &mut exec), Err(ResolveError::Config { .. })));
}

#[test]
fn files_that_include_each_other_again_and_again_come_to_an_end() {
    let machine = Machine::with("Include f1 f1\n", "");
    for index in 1..16 {
        let next = format!("Include f{0} f{0}\nSendEnv A\n", index + 1);
        machine.write(&format!("home/.ssh/f{index}"), &next, 0o600);
    }
    machine.write("home/.ssh/f16", "User ada\n", 0o600);
    let resolved = machine.resolve("web");
    assert_eq!(resolved.user, "ada");
    assert!(said(&resolved).iter().any(|message| message.contains("one file too many")));
}
