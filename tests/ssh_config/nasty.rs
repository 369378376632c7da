//! Configs made by hand, each for one thing that is easily got wrong.

use super::generator::Case;

fn asked(destination: &str, config: &str) -> Case {
    with_files(destination, &[("config", config)])
}

fn with_files(destination: &str, files: &[(&str, &str)]) -> Case {
    let bytes = |(name, content): &(&str, &str)| ((*name).to_owned(), content.as_bytes().to_vec());
    Case { files: files.iter().map(bytes).collect(), destination: destination.to_owned(), ..Case::default() }
}

fn with_overrides(destination: &str, overrides: &[&str], config: &str) -> Case {
    let overrides = overrides.iter().map(ToString::to_string).collect();
    Case { overrides, ..asked(destination, config) }
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut plain = |destinations: &[&str], config: &str| {
        cases.extend(destinations.iter().map(|destination| asked(destination, config)));
    };

    // How a line is split.
    plain(&["web"], "");
    plain(&["web"], "Host web\r\n  User ada\r\n  Port 2222\r\n");
    plain(&["web"], "Host web\n\tUser\tada\n\tPort\t=\t2222");
    plain(&["web"], "\u{feff}Host web\n User ada\n");
    plain(&["web"], "User ada # me\nPort 22#x\n");
    plain(&["web"], "User \"ada # me\"\nIdentityFile a#b\n");
    plain(&["web"], "User=\"ada\"\nPort =2222\nHostName = \"x\"\n");
    plain(&["web"], "User == ada\n");
    plain(&["web"], "\"User\" ada\n");
    plain(&["web"], "User \"ada\n");
    plain(&["web"], "User ada'\n");
    plain(&["web"], "User\n");
    plain(&["web"], "User #x\n");
    plain(&["web"], "User \"\"\n");
    plain(&["web"], "User ada bob\n");
    plain(&["web"], "IdentityFile \"~/my keys/id\"\nIdentityFile ~/my\\ keys/id2\nIdentityFile '~/a b'c\n");
    plain(
        &["web"],
        "IdentityFile \"a\\\"b\"\nIdentityFile a\\\\b\nIdentityFile a\\b\nIdentityFile \"a\\ b\"\n",
    );
    plain(&["web"], "User ada\u{c}\nPort 23 \u{c}\n");
    plain(&["web"], "User a\u{e9}\u{4e2d}\n");
    plain(&["web"], "\n\n   \n#\n# x\n\t# y\nUser ada");
    plain(&["web"], "Use\0r ada\nUser bob\0 x\n");
    plain(&["web"], "= User ada\n");
    plain(&["web"], "User a\u{b}b\n");

    // Which blocks apply.
    plain(&["web", "db", "x"], "Host * !web\nUser ada\nHost web db\nUser bob\nHost *\nUser eve\n");
    plain(&["web", "db"], "Host !web\nUser ada\n");
    plain(&["web", "db"], "Host !web *\nUser ada\nHost *\nUser bob\n");
    plain(&["WEB"], "Host web\nUser ada\nHost WEB\nUser bob\n");
    plain(&["web"], "Host \"web db\" web\nUser ada\n");
    plain(&["web,db"], "Host web,db\nUser ada\n");
    plain(&["web"], "Host \"\" web\nUser ada\n");
    plain(&["web"], "Host #x\nUser ada\n");
    plain(&["web"], "Host web\nHostName other\nHost other\nUser ada\nMatch host other\nPort 23\n");
    plain(&["web"], "Match host other\nPort 23\nHost web\nHostName other\n");
    plain(
        &["web"],
        "Match originalhost web host web\nHostName other\nMatch originalhost web host web\nUser ada\n",
    );
    plain(
        &["web", "ada@web"],
        "Match user ada\nPort 23\nHost *\nUser ada\nMatch user ada\nCompression yes\n",
    );
    plain(&["web"], "Match final host other\nUser ada\nHost web\nHostName other\n");
    plain(&["web"], "Match final\nUser ada\nHost web\nUser bob\nIdentityFile a\nSendEnv A\n");
    // The second pass matches the name that is connected to, also in Host.
    plain(
        &["web"],
        "Host other\nUser ada\nHost web\nHostName OTHER\nMatch final\nPort 23\nHost *\nUser bob\n",
    );
    plain(&["web"], "Match canonical\nUser ada\nMatch !canonical\nPort 23\n");
    plain(&["web"], "CanonicalizeHostname yes\nMatch canonical\nUser ada\nMatch final all\nPort 23\n");
    plain(
        &["web"],
        "CanonicalizeHostname yes\nSendEnv A B\nSendEnv -A\nLocalForward 1 a:1\nIdentityFile a\n",
    );
    plain(&["web"], "Match all\nUser ada\nMatch !all\nPort 23\n");
    plain(&["web"], "Match all host web\nUser ada\n");
    plain(&["web"], "Match host web all\nUser ada\n");
    plain(&["web"], "Match host web user root all\nUser ada\n");
    plain(&["web"], "Match\nUser ada\n");
    plain(&["web"], "Match host\nUser ada\n");
    plain(&["web"], "Match bogus x\nUser ada\n");
    plain(&["web"], "Match host web # comment\nUser ada\n");
    plain(&["web"], "Match exec \"test -d /\" !exec \"test -d /bogus\"\nUser ada\n");
    plain(&["web"], "Host web\nPort 23\nMatch exec \"test %p-%h-%n-%%-%r = 23-web-web-%%-root\"\nUser ada\n");
    plain(&["web"], "Match exec \"test %x\"\nUser ada\n");
    plain(&["web"], "Match host other exec \"exit 0\"\nUser ada\n");

    // First values and lists.
    plain(&["web", "ada@web", "ssh://ada@web:24"], "User bob\nUser eve\nPort 23\nPort 25\n");
    plain(&["web"], "IdentityFile a\nIdentityFile b\nIdentityFile a\nIdentityFile none\n");
    plain(&["web"], "UserKnownHostsFile a b\nUserKnownHostsFile c\n");
    plain(&["web"], "SetEnv A=1\nSetEnv B=1\n");
    plain(&["web"], "SendEnv A\nSendEnv B -A\nSendEnv C*\nSendEnv -C?\n");
    plain(
        &["web"],
        "ServerAliveInterval none\nServerAliveInterval 7\nConnectTimeout none\nConnectTimeout 5\n",
    );
    plain(&["web"], "RekeyLimit 1G none\nRekeyLimit default 1h\n");
    plain(&["web"], "ForwardAgent no\nForwardAgent /tmp/none\n");
    plain(&["web"], "ProxyJump a\nProxyCommand b\n");
    plain(&["web"], "ProxyCommand b\nProxyJump a\n");
    plain(&["web"], "ProxyJump none\nProxyJump a\n");
    plain(&["web"], "ProxyCommand none\nProxyJump a\n");
    plain(&["web"], "ProxyJump ada@a:1,bob@10.0.0.1:2 # home\n");
    plain(&["web"], "ProxyJump web\n");
    plain(&["web"], "ProxyJump web:23\n");
    plain(&["web"], "ProxyCommand = nc \"%h\" %p # no comment\n");
    plain(&["web"], "ProxyCommand \"open\n");
    plain(&["web"], "UserKnownHostsFile other\nUpdateHostKeys ask\nRemoteCommand x\n");
    plain(&["web"], "UserKnownHostsFile ~/.ssh/known_hosts\n");
    plain(&["web"], "UserKnownHostsFile other\n");
    plain(&["web"], "UpdateHostKeys ask\nRequestTTY no\n");
    plain(&["web"], "UpdateHostKeys ask\nLogLevel ERROR\n");
    plain(&["web"], "ClearAllForwardings yes\nLocalForward 1 a:1\nDynamicForward 2\n");
    plain(&["web"], "ConnectionAttempts 0\n");

    // Names and addresses.
    plain(&["Web", "127.1", "0x7f.1", "::1", "FE80::1", "1.2.3.4.5", "01.2.3.4"], "");
    plain(&["::1", "127.1"], "AddressFamily inet\n");
    plain(&["::1", "127.1"], "AddressFamily inet6\n");
    plain(&["::FFFF:1.2.3.4", "::1.2.3.4", "1:0:0:2:0:0:0:3", "::2:3"], "");
    plain(&["web"], "HostName %h.example.com.\n");
    plain(&["web"], "HostName a%%b\n");
    plain(&["web"], "HostName a%\n");
    plain(&["web"], "HostKeyAlias ALIAS\nUserKnownHostsFile /%k\n");
    plain(&["web"], "UserKnownHostsFile /%C\nHostName other\nUser ada\nPort 23\n");
    plain(&["web"], "UserKnownHostsFile ~root/k\nIdentityAgent ~root/s\n");
    plain(&["web"], "UserKnownHostsFile ~nobody-has-this-name/k\n");
    // OpenSSH takes an empty name and then finds no such host; we say so at once, so that is not asked here.
    plain(&["-oProxyCommand=x", "@web", "ssh://", "ssh://web:x", "ssh://a@"], "");

    // Keywords that nobody knows.
    plain(&["web"], "Bogus 1\nUser ada\n");
    plain(&["web"], "IgnoreUnknown bogus\nBogus 1 2 \"3\"\nUser ada\n");
    plain(&["web"], "IgnoreUnknown *,!bogus\nBogus 1\n");
    plain(&["web"], "Bogus 1\nIgnoreUnknown bogus\n");
    plain(&["web"], "IgnoreUnknown a\nIgnoreUnknown bogus\nBogus 1\n");
    plain(&["web"], "Host other\nIgnoreUnknown bogus\nHost web\nBogus 1\n");
    plain(&["web"], "Host other\nBogus 1\n");
    plain(&["web"], "Host other\nPort 0\n");

    // What is given with the connection comes first.
    cases.push(with_overrides("web", &["User=ada", "Port 23"], "User bob\nPort 24\n"));
    cases.push(with_overrides("ada@web", &["User=bob"], "Match user bob\nPort 23\n"));
    cases.push(with_overrides("web", &["Host web"], ""));
    cases.push(with_overrides("web", &["Include a"], ""));
    cases.push(with_overrides("web", &["Bogus=1"], ""));
    cases.push(with_overrides("web", &["IgnoreUnknown=Bogus", "Bogus=1"], "Bogus 2\n"));
    cases.push(with_overrides("web", &["HostName=other"], "Match host other\nUser ada\n"));
    cases.push(with_overrides("web", &["SendEnv=A"], "SendEnv B -A\n"));

    // Includes.
    let two = [("config", "Include a\nHost *\nUser eve\n"), ("a", "Host web\nUser ada\n")];
    cases.push(with_files("web", &two));
    cases.push(with_files("db", &two));
    let within = [
        ("config", "Host web\nInclude a\nPort 23\nHost *\nUser eve\n"),
        ("a", "Compression yes\nHost db\nUser ada\nHost *\nUser bob\n"),
    ];
    cases.push(with_files("web", &within));
    cases.push(with_files("db", &within));
    cases.push(with_files(
        "web",
        &[("config", "Host db\nInclude a\n"), ("a", "Match all\nUser ada\nBogus 1\n")],
    ));
    cases.push(with_files("web", &[("config", "Host db\nInclude a\n"), ("a", "Match final\nUser ada\n")]));
    cases.push(with_files("web", &[("config", "Include config\n")]));
    cases.push(with_files("web", &[("config", "Include a\n"), ("a", "Include b\n"), ("b", "Include a\n")]));
    cases.push(with_files("web", &[("config", "Host db\nInclude config\n")]));
    cases.push(with_files("web", &[("config", "Include a a\n"), ("a", "SendEnv A\nIdentityFile a\n")]));
    cases.push(with_files("web", &[("config", "Include \"\"\n")]));
    cases.push(with_files("web", &[("config", "Include missing ~/.ssh/missing* /nowhere/at/all\n")]));
    cases.push(with_files(
        "web",
        &[("config", "Include \"a b\" 'c d'\n"), ("a b", "User ada\n"), ("c d", "Port 23\n")],
    ));
    cases.push(with_files("web", &[("config", "Include d\nUser eve\n"), ("d/x", "User ada\n")]));
    cases.push(with_files(
        "web",
        &[("config", "Include d/*\n"), ("d/2", "User two\n"), ("d/10", "User ten\n"), ("d/.1", "User one\n")],
    ));
    for depth in [15_usize, 16, 17] {
        let name = |index: usize| if index == 0 { "config".to_owned() } else { format!("f{index}") };
        let content = |index: usize| {
            if index == depth { "User ada\n".to_owned() } else { format!("Include f{}\n", index + 1) }
        };
        let files = (0..=depth).map(|index| (name(index), content(index).into_bytes())).collect();
        cases.push(Case { files, destination: "web".to_owned(), ..Case::default() });
    }
    let open = with_files("web", &[("config", "Include a\n"), ("a", "User ada\n")]);
    cases.push(Case { open_to_others: vec!["a".to_owned()], ..open });
    // The config that is named by -F may be anybody's.
    let open = with_files("web", &[("config", "User ada\n")]);
    cases.push(Case { open_to_others: vec!["config".to_owned()], ..open });
    cases
}
