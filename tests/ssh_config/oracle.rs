//! `ssh -G`, and our own answer in its form.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bowline_core::host::ssh_config::algorithms::{Algorithms, Names};
use bowline_core::host::ssh_config::canonical::{Found, NameLookup};
use bowline_core::host::ssh_config::files::Files;
use bowline_core::host::ssh_config::forward::{End, Forward, Kind};
use bowline_core::host::ssh_config::local::Local;
use bowline_core::host::ssh_config::options::{EscapeChar, ForwardAgent};
use bowline_core::host::ssh_config::resolve::{
    ConfigChoice, ExecAnswer, Outside, Proxy, Query, Resolved, resolve,
};
use bowline_core::host::ssh_config::values::{AddKeys, AddressFamily};
use bowline_tests::Unavailable;

use super::generator::Case;

/// What the installed OpenSSH says and can.
pub struct Oracle {
    /// As `ssh -V` says it.
    pub version: String,
    /// Major and minor.
    pub release: (u32, u32),
    pub algorithms: Algorithms,
    local: Local,
}

/// How both ended.
pub enum Agreement {
    Resolved,
    /// OpenSSH refuses the config, and we name a problem.
    Refused,
}

/// Says what is printed for each keyword: one line or several.
type Printed = BTreeMap<String, Vec<String>>;

/// No name exists, so that nothing depends on this machine's DNS.
struct NoNames;

impl NameLookup for NoNames {
    fn look_up(&mut self, _: &str, _: AddressFamily) -> Option<Found> {
        None
    }
}

fn run(command: &mut Command) -> Result<(bool, String, String), Unavailable> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Unavailable(format!("ssh cannot be run: {error}")))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((output.status.success(), text(output.stdout), text(output.stderr)))
}

fn parse(output: &str) -> Printed {
    let mut printed = Printed::new();
    for line in output.lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        printed.entry(keyword.to_ascii_lowercase()).or_default().push(value.to_owned());
    }
    printed
}

impl Oracle {
    pub fn new() -> Result<Self, Unavailable> {
        let (_, _, version) = run(Command::new("ssh").arg("-V"))?;
        let version = version.trim().to_owned();
        let release = version
            .strip_prefix("OpenSSH_")
            .and_then(|rest| {
                let number = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
                let (major, minor) = number.split_once('.')?;
                Some((major.parse().ok()?, minor.parse().ok()?))
            })
            .ok_or_else(|| Unavailable(format!("{version:?} is not OpenSSH")))?;
        // What it thinks of this machine: home, user, number, name.
        let asked = ["-G", "-F", "none", "-o", "UserKnownHostsFile=%d %u %i %l", "x"];
        let (_, output, _) = run(Command::new("ssh").args(asked))?;
        let printed = parse(&output);
        let facts = printed["userknownhostsfile"][0].clone();
        let [home, user, uid, host_name] = facts.split(' ').collect::<Vec<_>>()[..] else {
            return Err(Unavailable(format!("{facts:?} is not what a machine is like")));
        };
        let all = |query: &str| -> Result<Vec<String>, Unavailable> {
            Ok(run(Command::new("ssh").args(["-Q", query]))?.1.lines().map(str::to_owned).collect())
        };
        let default = |keyword: &str| printed[keyword][0].split(',').map(str::to_owned).collect();
        let algorithms = Algorithms {
            ciphers: Names { default: default("ciphers"), all: all("cipher")? },
            macs: Names { default: default("macs"), all: all("mac")? },
            kex: Names { default: default("kexalgorithms"), all: all("kex")? },
            keys: Names { default: default("hostkeyalgorithms"), all: all("HostKeyAlgorithms")? },
            ca_signatures: Names { default: default("casignaturealgorithms"), all: all("sig")? },
        };
        let local = Local {
            home: PathBuf::new(),
            account_home: PathBuf::from(home),
            user: user.to_owned(),
            uid: uid.parse().map_err(|_| Unavailable(format!("{uid:?} is no user id")))?,
            host_name: host_name.to_owned(),
            environment: HashMap::new(),
            addresses: Vec::new(),
            system_folder: PathBuf::from("/etc/ssh"),
        };
        Ok(Self { version, release, algorithms, local })
    }

    /// Asks both about a case. `home` is emptied before.
    pub fn compare(&self, case: &Case, home: &Path) -> Result<Agreement, String> {
        let folder = home.join(".ssh");
        write_files(case, &folder).map_err(|error| error.to_string())?;
        let config = folder.join("config");
        let environment = environment(home);
        let mut command = Command::new("ssh");
        command.env_clear().envs(&environment).arg("-G").arg("-F").arg(&config);
        command.args(case.overrides.iter().flat_map(|option| ["-o", option])).arg(&case.destination);
        let (accepted, output, stderr) = run(&mut command).map_err(|error| error.to_string())?;
        let ours = self.resolve(case, home, &config, environment);
        match (accepted, ours) {
            (false, Err(_)) => Ok(Agreement::Refused),
            (false, Ok(ours)) if ours.problems.iter().any(|problem| problem.stops_openssh()) => {
                Ok(Agreement::Refused)
            }
            // Whether a socket is there is no matter of the config.
            (false, Ok(ours)) if ours.exit_on_forward_failure && is_missing(&ours.forward_agent) => {
                Ok(Agreement::Refused)
            }
            (false, Ok(_)) => Err(format!("OpenSSH refuses it, we do not:\n{stderr}")),
            (true, Err(error)) => Err(format!("we refuse it, OpenSSH does not: {error}")),
            (true, Ok(ours)) => {
                let stopping: Vec<String> =
                    ours.problems.iter().filter(|one| one.stops_openssh()).map(ToString::to_string).collect();
                if !stopping.is_empty() {
                    return Err(format!("we have problems, OpenSSH has none: {stopping:?}\n{stderr}"));
                }
                let differences = differences(&ours, &parse(&output));
                if differences.is_empty() { Ok(Agreement::Resolved) } else { Err(differences.join("\n")) }
            }
        }
    }

    fn resolve(
        &self,
        case: &Case,
        home: &Path,
        config: &Path,
        environment: HashMap<String, String>,
    ) -> Result<Resolved, String> {
        let query = Query {
            destination: case.destination.clone(),
            overrides: case.overrides.clone(),
            config: ConfigChoice::Given(config.to_owned()),
            ..Query::default()
        };
        let local = Local { home: home.to_owned(), environment, ..self.local.clone() };
        let mut exec = |request: &bowline_core::host::ssh_config::resolve::ExecRequest<'_>| {
            let status = Command::new("/bin/sh").arg("-c").arg(request.command).stdin(Stdio::null()).status();
            ExecAnswer::Ran { success: status.is_ok_and(|status| status.success()) }
        };
        let outside = Outside { exec: &mut exec, names: &mut NoNames };
        resolve(&query, &local, &self.algorithms, &mut Files::default(), outside)
            .map_err(|error| error.to_string())
    }
}

/// The files of a case, and no others.
fn write_files(case: &Case, folder: &Path) -> std::io::Result<()> {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder)?;
    for (name, content) in &case.files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(&path, content)?;
        let mode = if case.open_to_others.contains(name) { 0o666 } else { 0o600 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn is_missing(agent: &ForwardAgent) -> bool {
    matches!(agent, ForwardAgent::Path(path) if !Path::new(path).exists())
}

/// What ssh and we see of the environment.
fn environment(home: &Path) -> HashMap<String, String> {
    let path = std::env::var("PATH").unwrap_or_default();
    HashMap::from([
        ("HOME".to_owned(), home.to_string_lossy().into_owned()),
        ("PATH".to_owned(), path),
        ("BOWLINE_A".to_owned(), "/tmp/a".to_owned()),
        ("BOWLINE_B".to_owned(), "b%h".to_owned()),
    ])
}

/// `true` and `yes` are the same, and so are `SILENT` and `QUIET`; ssh prints now this and now that.
fn folded(value: &str) -> String {
    match value {
        "true" => "yes".to_owned(),
        "false" => "no".to_owned(),
        "SILENT" => "QUIET".to_owned(),
        other => other.to_owned(),
    }
}

fn differences(ours: &Resolved, theirs: &Printed) -> Vec<String> {
    let mut differences = Vec::new();
    for (keyword, expected) in printed(ours) {
        let actual: Vec<String> = theirs
            .get(&keyword)
            .map(|lines| lines.iter().map(|line| folded(line)).collect())
            .unwrap_or_default();
        if expected != actual {
            differences.push(format!("{keyword}: ours {expected:?}, theirs {actual:?}"));
        }
    }
    differences
}

/// Every keyword that we act on, as `ssh -G` prints it.
fn printed(ours: &Resolved) -> Printed {
    let mut all = Printed::new();
    let mut put = |keyword: &str, values: Vec<String>| {
        all.insert(keyword.to_owned(), values);
    };
    let one = |value: &str| vec![value.to_owned()];
    let flag = |value: bool| vec![if value { "yes" } else { "no" }.to_owned()];
    let number = |value: u32| vec![value.to_string()];
    let optional = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let or_none =
        |values: &[String]| vec![if values.is_empty() { "none".to_owned() } else { values.join(" ") }];

    put("hostname", one(&ours.host_name));
    put("user", one(&ours.user));
    put("port", vec![ours.port.to_string()]);
    put("tag", optional(&ours.tag));
    put("addressfamily", one(ours.address_family.word()));
    put("bindaddress", optional(&ours.bind_address));
    put("bindinterface", optional(&ours.bind_interface));
    put(
        "connecttimeout",
        vec![ours.connect_timeout.map_or("none".to_owned(), |seconds| seconds.to_string())],
    );
    put("connectionattempts", number(ours.connection_attempts));
    put("tcpkeepalive", flag(ours.tcp_keep_alive));
    // Debian's ssh asks for signs of life every five minutes in batch mode.
    if ours.server_alive_given || !ours.batch_mode {
        put("serveraliveinterval", number(ours.server_alive_interval));
    }
    put("permitremoteopen", vec![ours.permit_remote_open.to_string()]);
    put("serveralivecountmax", number(ours.server_alive_count_max));
    put("compression", flag(ours.compression));
    let limit = ours.rekey_limit;
    put("rekeylimit", vec![format!("{} {}", limit.bytes.unwrap_or(0), limit.seconds.unwrap_or(0))]);
    let (jump, command) = match (&ours.proxy, &ours.proxy_written) {
        (Proxy::Jump(_), written) => (optional(written), Vec::new()),
        (Proxy::Command(_), written) => (Vec::new(), optional(written)),
        (Proxy::Direct, _) => (Vec::new(), Vec::new()),
    };
    put("proxyjump", jump);
    put("proxycommand", command);
    for (keyword, names) in [
        ("ciphers", &ours.ciphers),
        ("macs", &ours.macs),
        ("kexalgorithms", &ours.kex_algorithms),
        ("hostkeyalgorithms", &ours.host_key_algorithms),
        ("pubkeyacceptedalgorithms", &ours.pubkey_accepted_algorithms),
        ("casignaturealgorithms", &ours.ca_signature_algorithms),
    ] {
        put(keyword, vec![names.join(",")]);
    }
    put("requiredrsasize", number(ours.required_rsa_size));
    put("hostkeyalias", optional(&ours.host_key_alias));
    put("userknownhostsfile", or_none(&ours.user_known_hosts_files));
    put("stricthostkeychecking", one(ours.strict_host_key_checking.word()));
    put("checkhostip", flag(ours.check_host_ip));
    put("hashknownhosts", flag(ours.hash_known_hosts));
    put("updatehostkeys", one(ours.update_host_keys.word()));
    put("visualhostkey", flag(ours.visual_host_key));
    // Which files are usual has changed.
    if ours.identity_files.iter().all(|file| file.named) {
        put("identityfile", ours.identity_files.iter().map(|file| file.written.clone()).collect());
    }
    put("certificatefile", ours.certificate_files.iter().map(|file| file.written.clone()).collect());
    put("identitiesonly", flag(ours.identities_only));
    put("identityagent", optional(&ours.identity_agent_written));
    let add = ours.add_keys_to_agent;
    put(
        "addkeystoagent",
        vec![match (add.mode, add.lifetime) {
            (mode, 0) => mode.word().to_owned(),
            (AddKeys::Confirm, seconds) => format!("confirm {seconds}"),
            (_, seconds) => seconds.to_string(),
        }],
    );
    put(
        "forwardagent",
        match &ours.forward_agent {
            ForwardAgent::No => one("no"),
            ForwardAgent::Yes => one("yes"),
            ForwardAgent::Path(path) => one(path),
        },
    );
    let preferred = ours.preferred_authentications.join(",");
    put("preferredauthentications", if preferred.is_empty() { Vec::new() } else { vec![preferred] });
    put("pubkeyauthentication", one(ours.pubkey_authentication.word()));
    put("passwordauthentication", flag(ours.password_authentication));
    put("kbdinteractiveauthentication", flag(ours.kbd_interactive_authentication));
    put("numberofpasswordprompts", number(ours.number_of_password_prompts));
    put("batchmode", flag(ours.batch_mode));
    put("sendenv", ours.send_env.clone());
    put("setenv", ours.set_env.iter().map(|(name, value)| format!("{name}={value}")).collect());
    put("remotecommand", optional(&ours.remote_command));
    put("requesttty", one(ours.request_tty.word()));
    put("sessiontype", one(ours.session_type.word()));
    put(
        "escapechar",
        vec![match ours.escape_char {
            EscapeChar::None => "none".to_owned(),
            EscapeChar::Byte(byte @ 0..=31) => format!("\\^{}", char::from(byte + 64)),
            EscapeChar::Byte(byte) => char::from(byte).to_string(),
        }],
    );
    put("loglevel", one(ours.log_level.word()));
    // Where a forwarding leads to a socket, ssh prints it among the proxies too.
    let (remote, local): (Vec<&Forward>, Vec<&Forward>) =
        ours.forwards.iter().partition(|forward| forward.kind == Kind::Remote);
    let to_host = |forward: &&Forward| matches!(forward.connect, Some(End::Tcp { .. }));
    let proxies = local.iter().filter(|forward| !to_host(forward));
    let listening = |forward: &&Forward| Forward { connect: None, ..(*forward).clone() }.to_string();
    put("dynamicforward", proxies.map(listening).collect());
    let local = local.iter().filter(|forward| forward.connect.is_some());
    put("localforward", local.map(ToString::to_string).collect());
    let proxy = |forward: &&Forward| if forward.connect.is_none() { " [socks]:0" } else { "" };
    put("remoteforward", remote.iter().map(|forward| format!("{forward}{}", proxy(forward))).collect());
    put("exitonforwardfailure", flag(ours.exit_on_forward_failure));
    put("gatewayports", flag(ours.gateway_ports));
    put("clearallforwardings", flag(ours.clear_all_forwardings));
    put("canonicalizehostname", one(ours.canonicalize_hostname.word()));
    put("canonicalizefallbacklocal", flag(ours.canonicalize_fallback_local));
    put("canonicalizemaxdots", number(ours.canonicalize_max_dots));
    put("canonicaldomains", or_none(&ours.canonical_domains));
    let cnames: Vec<String> =
        ours.canonicalize_permitted_cnames.iter().map(|(from, to)| format!("{from}:{to}")).collect();
    put("canonicalizepermittedcnames", or_none(&cnames));
    put("ignoreunknown", optional(&ours.ignore_unknown));
    all
}
