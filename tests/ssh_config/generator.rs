//! Configs made at random, from a seed. Mostly valid: a config that is refused tells little.

use std::fmt;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::oracle::Oracle;

/// A config with all that it includes, and what is asked about it.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// Names within `~/.ssh`; `config` is the one that is read.
    pub files: Vec<(String, Vec<u8>)>,
    pub destination: String,
    pub overrides: Vec<String>,
    /// Files that others may write.
    pub open_to_others: Vec<String>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ssh {:?} {:?}", self.overrides, self.destination)?;
        for (name, content) in &self.files {
            writeln!(
                f,
                "--- {name}\n{}",
                String::from_utf8_lossy(content).escape_debug().to_string().replace("\\n", "\n")
            )?;
        }
        Ok(())
    }
}

const DESTINATIONS: &[&str] = &[
    "web",
    "WEB",
    "db1",
    "db2.example.com",
    "a.b.c.example.com",
    "10.0.0.1",
    "127.1",
    "::1",
    "FE80::1",
    "me@web",
    "ssh://ada@web:2222",
    "ssh://db1",
    "ada@Db1",
    "web-1",
    "x",
];

const PATTERNS: &[&str] = &[
    "*",
    "web",
    "WEB",
    "w?b",
    "db*",
    "*.example.com",
    "!web",
    "!db1",
    "!*.example.com",
    "10.*",
    "*:*",
    "db1 web",
    "* !web",
    "!web *",
    "\"web\"",
    "ada",
    "x",
    "web db? !db2",
    "\"web db1\"",
    "127.*",
];

const CONDITIONS: &[&str] = &[
    "all",
    "host web",
    "host *.example.com,db*",
    "host *,!web",
    "!host web",
    "originalhost web,db1",
    "!originalhost WEB",
    "user ada",
    "user ada,me",
    "!user root",
    "user *",
    "localuser root",
    "localuser nobody",
    "!localuser nobody",
    "final",
    "canonical",
    "!canonical",
    "final all",
    "canonical host web",
    "final host *.example.com",
    "host web user me",
    "host \"web\"",
    "user=ada",
    "HOST Web",
    "exec true",
    "exec false",
    "!exec false",
    "exec \"test %h = web\"",
    "host web exec \"test %n = web\"",
    "host x,web final",
    "exec \"test %p = 2222\"",
    "exec \"test '%r' = ada\"",
    "originalhost 127.*",
    "host 127.0.0.1",
];

/// A keyword and values for it. What is after `!` is refused by OpenSSH.
const KEYWORDS: &[(&str, &[&str])] = &[
    (
        "HostName",
        &[
            "web.example.com",
            "%h.example.com",
            "10.0.0.9",
            "127.1",
            "::1",
            "WEB.Example.com",
            "100%%h",
            "%h",
            "0x7f.1",
            "FE80::0:1",
            "!%x",
            "!%",
        ],
    ),
    ("User", &["ada", "root", "\"ada b\"", "a.b", "me"]),
    ("Port", &["22", "2222", "65535", "022", "+23", "ssh", "!0", "!65536", "!x", "!-1"]),
    (
        "IdentityFile",
        &[
            "~/.ssh/id_a",
            "~/.ssh/%h",
            "/k/%r@%h:%p",
            "none",
            "\"~/my keys/id\"",
            "${BOWLINE_A}/k",
            "id_b",
            "~/my\\ keys/id",
            "~/.ssh/id_a",
            "'~/q/id'",
            "%d/k",
        ],
    ),
    ("CertificateFile", &["~/.ssh/a-cert.pub", "%d/c", "none"]),
    ("IdentitiesOnly", &["yes", "no", "true", "FALSE", "!maybe"]),
    (
        "IdentityAgent",
        &[
            "none",
            "SSH_AUTH_SOCK",
            "~/agent.sock",
            "${BOWLINE_A}/s",
            "$BOWLINE_A",
            "%d/agent-%u",
            "/run/%i/a",
            "!${NOT_SET}/x",
            "!$a-b",
            "!${",
        ],
    ),
    (
        "AddKeysToAgent",
        &["yes", "no", "ask", "confirm", "confirm 5m", "1h30m", "!maybe", "!yes 5m", "!confirm x"],
    ),
    ("ForwardAgent", &["yes", "no", "/tmp/none.sock", "${BOWLINE_A}/f", "~/f", "!${NOT_SET}"]),
    ("PubkeyAuthentication", &["yes", "no", "unbound", "host-bound", "!x"]),
    ("DSAAuthentication", &["yes", "no"]),
    ("PasswordAuthentication", &["yes", "no", "!x"]),
    ("KbdInteractiveAuthentication", &["yes", "no"]),
    ("ChallengeResponseAuthentication", &["yes", "no"]),
    ("PreferredAuthentications", &["publickey,password", "password", "keyboard-interactive"]),
    ("NumberOfPasswordPrompts", &["1", "5", "0", "!x", "!-1"]),
    ("BatchMode", &["yes", "no"]),
    ("StrictHostKeyChecking", &["yes", "no", "ask", "off", "accept-new", "ACCEPT-NEW", "true", "!maybe"]),
    (
        "UserKnownHostsFile",
        &[
            "~/.ssh/known_hosts",
            "/dev/null",
            "none",
            "a b",
            "\"a b\" c",
            "~/k/%h",
            "%d/%u-%i-%l-%L",
            "${BOWLINE_A}/${BOWLINE_B}",
            "%k/%n/%p/%r",
            "~/.ssh/%%x",
            "~",
            "!none a",
            "!a none",
            "!%x",
            "!${NOT_SET}",
        ],
    ),
    ("GlobalKnownHostsFile", &["/etc/k", "none", "/a /b", "!none /a"]),
    ("CheckHostIP", &["yes", "no"]),
    ("HashKnownHosts", &["yes", "no"]),
    ("HostKeyAlias", &["alias", "Alias.Example", "10.0.0.1"]),
    ("UpdateHostKeys", &["yes", "no", "ask", "!x"]),
    ("VisualHostKey", &["yes", "no"]),
    (
        "Ciphers",
        &[
            "aes256-ctr",
            "+aes128-cbc",
            "-aes*",
            "^aes256-gcm@openssh.com",
            "aes128-ctr,aes256-ctr",
            "-aes128-ctr,chacha*",
            "+aes256-ctr",
            "!aes*",
            "!bogus",
            "!+bogus",
        ],
    ),
    ("MACs", &["hmac-sha2-256", "+hmac-md5", "-*etm*", "^hmac-sha2-512", "!x"]),
    (
        "KexAlgorithms",
        &["curve25519-sha256", "+diffie-hellman-group1-sha1", "-*nistp*", "^ecdh-sha2-nistp521", "!x"],
    ),
    (
        "HostKeyAlgorithms",
        &[
            "ssh-ed25519",
            "+ssh-rsa",
            "-*cert*",
            "^rsa-sha2-256",
            "ssh-*",
            "ecdsa-*,ssh-ed25519",
            "*",
            "!bogus",
        ],
    ),
    ("PubkeyAcceptedAlgorithms", &["ssh-ed25519", "+ssh-rsa", "-sk-*", "^*-cert-*", "rsa-*"]),
    ("PubkeyAcceptedKeyTypes", &["+ssh-dss"]),
    ("CASignatureAlgorithms", &["ssh-ed25519", "-ecdsa*", "+ssh-rsa"]),
    ("ServerAliveInterval", &["0", "30", "1m", "1h30m", "none", "2W", "1d", "!x", "!5x"]),
    ("ServerAliveCountMax", &["1", "9", "!x"]),
    ("TCPKeepAlive", &["yes", "no"]),
    ("KeepAlive", &["yes", "no"]),
    ("ConnectTimeout", &["10", "none", "2m", "0"]),
    ("ConnectionAttempts", &["1", "3", "!0x"]),
    ("BindAddress", &["127.0.0.1", "eth0"]),
    ("BindInterface", &["eth0"]),
    ("AddressFamily", &["any", "inet", "inet6", "INET", "!ipv4"]),
    (
        "ProxyJump",
        &[
            "jump",
            "ada@jump:2222",
            "a,b,c",
            "ssh://ada@jump:23",
            "[fe80::1]:22",
            "10.0.0.7",
            "ada@a:1,bob@b",
            "!a,,b",
            "!@x",
            "!a:x",
            "!a:0",
        ],
    ),
    (
        "ProxyCommand",
        &["nc %h %p", "none", "ssh -W %h:%p jump # not a comment", "sh -c 'a  b' \"c\"", "=x y"],
    ),
    ("SetEnv", &["A=1", "A=1 B=2", "A=1 A=2", "\"A=1 2\" C=", "LANG=C", "A=\"x y\"", "!A", "!A=1 B"]),
    ("SendEnv", &["LANG LC_*", "A B C", "LC_*", "-LC_*", "-*", "X -A", "!A=1"]),
    ("RemoteCommand", &["uptime", "echo %h %% %p %r", "none", "a  b 'c  d'", "!%x"]),
    ("RequestTTY", &["yes", "no", "force", "auto", "!x"]),
    ("SessionType", &["none", "subsystem", "default", "!x"]),
    ("EscapeChar", &["none", "~", "^b", "x", "!^", "!xy", "!^bb"]),
    ("LogLevel", &["QUIET", "info", "VERBOSE", "DEBUG", "debug1", "DEBUG3", "ERROR", "!x"]),
    ("Compression", &["yes", "no"]),
    (
        "PermitRemoteOpen",
        &["any", "none", "a:80 [::1]:22 *:443", "*:*", "!a", "!a:0", "!any a:1", "!a:1 none"],
    ),
    ("RekeyLimit", &["1G", "default none", "default 1h", "500K 2h", "0", "16", "1.5G", "!1", "!1Q", "!1G x"]),
    (
        "LocalForward",
        &[
            "8080 db:5432",
            "127.0.0.1:81 [::1]:82",
            "*:83 a:84",
            "/tmp/l /tmp/r",
            "85 /tmp/%h",
            "/tmp/l%p a:1",
            "8080 db:5432",
            ":86 a:87",
            "${BOWLINE_A} b:1",
            "!88",
            "!x a:1",
            "!0 a:1",
            "!1 a",
        ],
    ),
    ("RemoteForward", &["9090 a:1", "0 a:2", "1080", "[::]:91 b:3", "/tmp/r /tmp/l", "!x"]),
    ("DynamicForward", &["1080", "127.0.0.1:1081", "[::1]:1082", "*:1083", "!x", "!0"]),
    ("ClearAllForwardings", &["yes", "no"]),
    ("ExitOnForwardFailure", &["yes", "no"]),
    ("GatewayPorts", &["yes", "no"]),
    ("RequiredRSASize", &["2048"]),
    ("CanonicalizeHostname", &["yes", "no", "always", "!x"]),
    ("CanonicalizeMaxDots", &["0", "2"]),
    ("CanonicalizeFallbackLocal", &["yes"]),
    ("CanonicalizePermittedCNAMEs", &["none"]),
    ("CanonicalDomains", &["none"]),
    ("IgnoreUnknown", &["Bogus*", "UseKeychain,Bogus", "*"]),
    ("UseKeychain", &["!yes"]),
    ("Bogus", &["!1"]),
    ("ForwardX11", &["yes", "no", "!x"]),
    ("ControlMaster", &["auto", "yes", "no", "!x"]),
    ("LocalCommand", &["echo hi"]),
    ("PermitLocalCommand", &["yes", "no"]),
    ("GSSAPIAuthentication", &["yes", "no"]),
    ("Protocol", &["2", "2,1"]),
    ("UsePrivilegedPort", &["no"]),
    ("RhostsRSAAuthentication", &["no"]),
    ("StreamLocalBindUnlink", &["yes"]),
    ("Tunnel", &["no", "yes", "!x"]),
    ("VerifyHostKeyDNS", &["yes", "no", "ask"]),
    ("NoHostAuthenticationForLocalhost", &["yes"]),
    ("IdentityFile2", &["~/.ssh/id2"]),
];

/// Of keywords whose value is the rest of the line, so that nothing can be quoted or put after it.
const COMMANDS: &[&str] = &["ProxyCommand", "RemoteCommand", "LocalCommand", "ProxyJump"];

struct Maker<'a> {
    random: StdRng,
    oracle: &'a Oracle,
    /// One refused line in so many.
    refused: u32,
    line_end: &'static str,
}

impl Case {
    pub fn random(seed: u64, oracle: &Oracle) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        // Most configs have nothing that is refused.
        let refused = if random.random_ratio(1, 4) { 15 } else { 0 };
        let line_end = if random.random_ratio(1, 12) { "\r\n" } else { "\n" };
        let mut maker = Maker { random, oracle, refused, line_end };
        let includes = ["a", "conf.d/1.conf", "conf.d/2.conf", "conf.d/.hidden.conf", "b c"];
        let mut files = vec![("config".to_owned(), maker.config(0))];
        files.extend(includes.map(|name| (name.to_owned(), maker.config(1))));
        let destination = maker.pick(DESTINATIONS).to_owned();
        let overrides = (0..maker.up_to(3)).map(|_| maker.an_override()).collect();
        Self { files, destination, overrides, open_to_others: Vec::new() }
    }
}

impl Maker<'_> {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        *from.choose(&mut self.random).expect("there is something to choose from")
    }

    fn up_to(&mut self, end: u32) -> u32 {
        self.random.random_range(0..end)
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.random.random_ratio(1, n)
    }

    fn config(&mut self, depth: u32) -> Vec<u8> {
        let mut text = String::new();
        let lines = if depth == 0 { 4 + self.up_to(36) } else { self.up_to(8) };
        for _ in 0..lines {
            let line = match self.up_to(20) {
                0..=2 => format!("{} {}", self.spelled("Host"), self.pick(PATTERNS)),
                3 => format!("{} {}", self.spelled("Match"), self.condition()),
                4 if depth == 0 => self.include(),
                5 => self.pick(&["", "# a comment", "   # Host x", "\t", "#Host web", " \u{c}"]).to_owned(),
                _ => self.setting(),
            };
            text += &line;
            text += self.line_end;
        }
        if self.one_in(8) && text.ends_with(self.line_end) {
            text.truncate(text.len() - self.line_end.len());
        }
        text.into_bytes()
    }

    fn condition(&mut self) -> String {
        let mut condition = self.pick(CONDITIONS).to_owned();
        if self.one_in(5) {
            let other = self.pick(CONDITIONS);
            // `all` has to stand alone.
            if !other.contains("all") && !condition.contains("all") {
                condition = format!("{condition} {other}");
            }
        }
        // Tags came with OpenSSH 9.4.
        if self.oracle.release >= (9, 4) && self.one_in(8) {
            condition = self.pick(&["tagged t1", "tagged t*,!t2", "!tagged t1"]).to_owned();
        }
        condition
    }

    fn include(&mut self) -> String {
        let what = self.pick(&[
            "a",
            "conf.d/*.conf",
            "conf.d/*",
            "~/.ssh/a",
            "\"b c\"",
            "a conf.d/1.conf",
            "missing",
            "missing/*",
            "conf.d",
            "conf.d/[12].conf",
            "conf.d/?.conf",
        ]);
        format!("{} {what}", self.spelled("Include"))
    }

    fn value(&mut self, values: &[&'static str]) -> &'static str {
        let refused = self.refused != 0 && self.one_in(self.refused);
        let fitting: Vec<&&str> = values.iter().filter(|value| value.starts_with('!') == refused).collect();
        match fitting.choose(&mut self.random) {
            Some(value) => value.strip_prefix('!').unwrap_or(value),
            // A keyword that has nothing of this kind.
            None if refused => values[0],
            None => "",
        }
    }

    fn keyword_and_value(&mut self) -> (&'static str, &'static str) {
        loop {
            if self.oracle.release >= (9, 4) && self.one_in(30) {
                return ("Tag", self.pick(&["t1", "t2"]));
            }
            let (keyword, values) = self.pick(KEYWORDS);
            let value = self.value(values);
            if !value.is_empty() {
                return (keyword, value);
            }
        }
    }

    fn setting(&mut self) -> String {
        let (keyword, value) = self.keyword_and_value();
        let command = COMMANDS.contains(&keyword);
        let indent = self.pick(&["", "  ", "\t", "    "]);
        let between = self.pick(&[" ", " ", " ", "=", " = ", "\t", "  ", " =", "= "]);
        let plain = !value.contains([' ', '"', '\'', '\\']);
        let value = match self.up_to(12) {
            0 if plain && !command => format!("\"{value}\""),
            1 if plain && !command => format!("'{value}'"),
            _ => value.to_owned(),
        };
        let after = match self.up_to(15) {
            0 if !command => " # why not",
            1 => "  ",
            2 => "\t",
            // Too many arguments.
            3 if self.refused != 0 && self.one_in(6) && !command => " extra",
            _ => "",
        };
        format!("{indent}{}{between}{value}{after}", self.spelled(keyword))
    }

    fn an_override(&mut self) -> String {
        let (keyword, value) = self.keyword_and_value();
        // `ssh` without a command refuses a subsystem that is asked for like this.
        if value == "subsystem" { "SessionType=none".to_owned() } else { format!("{keyword}={value}") }
    }

    /// Keywords are compared without regard to case.
    fn spelled(&mut self, keyword: &str) -> String {
        match self.up_to(6) {
            0 => keyword.to_ascii_lowercase(),
            1 => keyword.to_ascii_uppercase(),
            _ => keyword.to_owned(),
        }
    }
}
