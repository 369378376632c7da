//! Saved hosts as a file: what `bowline hosts export` prints and `import` reads. No secret is in it, as none is in a draft.
//!
//! ```json
//! {"format": "bowline-hosts", "version": 1, "hosts": [{"label": "web-01", "address": "192.0.2.1", "port": 22, ...}]}
//! ```
//!
//! Nothing is dropped in silence: a field that we do not know may say where a connection leads, so the file is refused.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::HostDraft;
use crate::prompt::visible_line;

const FORMAT: &str = "bowline-hosts";
const VERSION: u64 = 1;
/// A host takes under 10 KiB, and this is more of them than anyone keeps.
pub const FILE_MAX_BYTES: usize = 16 * 1024 * 1024;
/// More than this is no list that a person keeps.
const HOSTS_MAX: usize = 10_000;
/// A file may give everything a name; more of it is not shown.
const SHOWN_CHARS: usize = 80;

/// The file, as it is written: one host in each line, for those who keep it under version control.
pub fn write(hosts: &[HostDraft]) -> String {
    let head = format!("{{\"format\": \"{FORMAT}\", \"version\": {VERSION}, \"hosts\": [");
    let hosts: Vec<String> = hosts.iter().map(|host| json!(host).to_string()).collect();
    let end = if hosts.is_empty() { "]}\n" } else { "\n]}\n" };
    hosts
        .iter()
        .enumerate()
        .fold(head, |text, (index, host)| text + if index == 0 { "\n  " } else { ",\n  " } + host)
        + end
}

/// Whether a file means to be one of these; an ssh_config never begins so.
pub fn is_meant(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{")
}

/// The hosts of a file.
///
/// # Errors
/// What is wrong with it, and where: a part of a sentence.
pub fn read(bytes: &[u8]) -> Result<Vec<HostDraft>, String> {
    if bytes.len() > FILE_MAX_BYTES {
        return Err(format!("it is larger than {} MiB", FILE_MAX_BYTES / 1024 / 1024));
    }
    let root: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON: {error}"))?;
    if root["format"] != FORMAT {
        return Err("it is no file of saved hosts".to_owned());
    }
    if root["version"] != VERSION {
        return Err(format!(
            "it is of version {}, and this Bowline knows {VERSION}",
            shown(&root["version"])
        ));
    }
    let hosts = root["hosts"].as_array().ok_or("it has no list of hosts")?;
    if hosts.len() > HOSTS_MAX {
        return Err(format!("it has {} hosts, and {HOSTS_MAX} is the most", hosts.len()));
    }
    let one = |(index, value): (usize, &Value)| {
        host(value).map_err(|what| format!("host {} of it: {what}", index + 1))
    };
    hosts.iter().enumerate().map(one).collect()
}

fn host(value: &Value) -> Result<HostDraft, String> {
    let draft = HostDraft::deserialize(value).map_err(|error| visible_line(&error.to_string()))?;
    if let Some(name) = unknown(value, &json!(draft)) {
        let name: String = visible_line(&name).chars().take(SHOWN_CHARS).collect();
        return Err(format!("this Bowline does not know \"{name}\""));
    }
    Ok(draft)
}

/// The first field, at any depth, that did not come through.
fn unknown(given: &Value, taken: &Value) -> Option<String> {
    match (given, taken) {
        (Value::Object(given), Value::Object(taken)) => given.iter().find_map(|(name, value)| {
            taken.get(name).map_or_else(|| Some(name.clone()), |other| unknown(value, other))
        }),
        (Value::Array(given), Value::Array(taken)) => {
            given.iter().zip(taken).find_map(|(given, taken)| unknown(given, taken))
        }
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(SHOWN_CHARS).collect()
}

/// What a host brings along that runs something or listens by itself: a person who imports a file of somebody else's is told.
pub fn runs(draft: &HostDraft) -> Vec<&'static str> {
    let options = &draft.options;
    let mut runs = Vec::new();
    if !options.proxy_command.is_empty() {
        runs.push("a proxy command");
    }
    if !options.startup_command.is_empty() {
        runs.push("a start-up command");
    }
    if options.forward_agent {
        runs.push("a forwarded agent");
    }
    if !options.tunnels.is_empty() {
        runs.push("tunnels");
    }
    runs
}

/// One object for scripts, as `bowline hosts list --json` prints it.
pub fn object(draft: &HostDraft) -> Map<String, Value> {
    match json!(draft) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::options::{AddressFamily, Multiplexer};
    use crate::host::tunnels::{SavedTunnel, TunnelDraft, TunnelKind, TunnelStart};
    use crate::host::{AuthMethod, HostOptions};

    fn full() -> HostDraft {
        HostDraft {
            label: "db \"01\"\n数据".into(),
            group: "prod".into(),
            address: "2001:db8::1".into(),
            port: 2222,
            user: "CORP\\ada".into(),
            auth: AuthMethod::Key,
            key_path: "~/.ssh/id_db".into(),
            options: HostOptions {
                jump: "bastion,ann@b:2200".into(),
                address_family: AddressFamily::V6,
                connect_timeout_seconds: Some(20),
                multiplexer: Multiplexer::Tmux,
                startup_command: "cd /srv".into(),
                tunnels: vec![SavedTunnel {
                    id: "one".into(),
                    draft: TunnelDraft {
                        name: "db".into(),
                        kind: TunnelKind::Local,
                        listen: "5432".into(),
                        target: "localhost:5432".into(),
                        starts: TunnelStart::WithHost,
                    },
                }],
                ..HostOptions::default()
            },
        }
    }

    #[test]
    fn what_is_written_is_read_back_exactly() {
        for hosts in [vec![], vec![full()], vec![full(), HostDraft { port: 22, ..HostDraft::default() }]] {
            let text = write(&hosts);
            assert_eq!(read(text.as_bytes()), Ok(hosts.clone()), "{text}");
            let lines = if hosts.is_empty() { 1 } else { hosts.len() + 2 };
            assert_eq!(text.lines().count(), lines, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused_and_named() {
        let with = |change: &str| {
            let text = write(&[full()]);
            let (from, to) = change.split_once(" -> ").expect("a change");
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        };
        for (text, part) in [
            ("[]".to_owned(), "no file of saved hosts"),
            ("{".to_owned(), "no JSON"),
            (with("\"version\": 1 -> \"version\": 2"), "version 2"),
            (with("bowline-hosts -> others"), "no file of saved hosts"),
            (with("\"forwardAgent\" -> \"forwardEverything\""), "forwardEverything"),
            (with("\"listen\" -> \"lisTen\""), "listen"),
            (with("\"label\" -> \"viaCommand\":\"x\",\"label\""), "viaCommand"),
            (with("2222 -> 70000"), "host 1"),
            (with("\"key\" -> \"telepathy\""), "telepathy"),
        ] {
            let error = read(text.as_bytes()).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
        assert!(read(&vec![b' '; FILE_MAX_BYTES + 1]).is_err());
    }

    #[test]
    fn what_runs_by_itself_is_named() {
        assert_eq!(runs(&full()), ["a start-up command", "tunnels"]);
        assert!(runs(&HostDraft::default()).is_empty());
    }
}
