//! Tunnels as a person writes them down, and the checks on that. `tunnel.rs` runs them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::ssh_config::forward::{self, End, Forward, Kind};
use crate::error::{Error, ErrorCode, Result};

/// Tunnels of one host: more than that is no list that somebody wrote.
pub const TUNNELS_MAX: usize = 64;
/// Characters in the name of a tunnel.
const NAME_MAX_CHARS: usize = 120;
/// Bytes in either end, as in OpenSSH's own buffer.
const END_MAX_BYTES: usize = 200;

/// Which side listens, and where connections go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum TunnelKind {
    /// This computer listens, the host connects (`ssh -L`).
    #[default]
    Local,
    /// The host listens, this computer connects (`ssh -R`).
    Remote,
    /// This computer listens as a SOCKS proxy, the host connects (`ssh -D`).
    Dynamic,
}

/// When a saved tunnel starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum TunnelStart {
    #[default]
    ByHand,
    /// As soon as the host is connected.
    WithHost,
    /// As soon as the app runs.
    WithApp,
}

/// What the form of a tunnel holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TunnelDraft {
    /// Shown name; empty means its ends.
    #[serde(default)]
    pub name: String,
    pub kind: TunnelKind,
    /// `port`, `address:port`, `[IPv6]:port` or the path of a socket. Without an address it is this computer (or, for a remote
    /// tunnel, the host) alone; `*` is everybody; port 0 is any free one.
    pub listen: String,
    /// `address:port`, `[IPv6]:port` or the path of a socket; empty for a SOCKS proxy.
    #[serde(default)]
    pub target: String,
    #[serde(default)]
    pub starts: TunnelStart,
}

/// A tunnel in the record of its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedTunnel {
    /// A random name (UUID v4) that stays with it.
    pub id: String,
    #[serde(flatten)]
    pub draft: TunnelDraft,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum TunnelField {
    Name,
    Listen,
    Target,
}

/// Why a field is not acceptable; the window has a sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum TunnelFault {
    Required,
    TooLong,
    /// It is no port, no address with a port, and no path.
    ListenForm,
    /// It is no address with a port, and no path.
    TargetForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct TunnelProblem {
    pub field: TunnelField,
    pub problem: TunnelFault,
}

/// Everything that is wrong with a draft, at most one problem for each field, in the order of the form.
pub fn check(draft: &TunnelDraft) -> Vec<TunnelProblem> {
    let name = (draft.name.chars().count() > NAME_MAX_CHARS).then_some(TunnelFault::TooLong);
    let listen = end_problem(&draft.listen, TunnelFault::ListenForm, |text| {
        forward::parse_two(Kind::Dynamic, text, None).is_some_and(|forward| forward.connect.is_none())
    });
    let target = match draft.kind {
        TunnelKind::Dynamic => None,
        // `ssh -R port`: a SOCKS proxy on the host.
        TunnelKind::Remote if draft.target.trim().is_empty() => None,
        TunnelKind::Local | TunnelKind::Remote => {
            end_problem(&draft.target, TunnelFault::TargetForm, |text| target_of(text).is_some())
        }
    };
    [(TunnelField::Name, name), (TunnelField::Listen, listen), (TunnelField::Target, target)]
        .into_iter()
        .filter_map(|(field, problem)| problem.map(|problem| TunnelProblem { field, problem }))
        .collect()
}

fn end_problem(text: &str, form: TunnelFault, is_sound: impl Fn(&str) -> bool) -> Option<TunnelFault> {
    let text = text.trim();
    if text.is_empty() {
        Some(TunnelFault::Required)
    } else if text.len() > END_MAX_BYTES {
        Some(TunnelFault::TooLong)
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace() && !text.contains('/'))
        || !is_sound(text)
    {
        Some(form)
    } else {
        None
    }
}

fn target_of(text: &str) -> Option<End> {
    let forward = forward::parse_two(Kind::Local, "1", Some(text))?;
    // Three fields would have been an address to listen on as well.
    match (forward.listen, forward.connect) {
        (End::Tcp { host: None, .. }, Some(End::Tcp { host: Some(host), .. })) if host.is_empty() => None,
        (End::Tcp { host: None, .. }, connect) => connect,
        _ => None,
    }
}

impl TunnelDraft {
    /// Its ends.
    ///
    /// # Errors
    /// [`ErrorCode::TunnelInvalid`].
    pub fn forward(&self) -> Result<Forward> {
        if let Some(problem) = check(self).first() {
            return Err(invalid(*problem));
        }
        let (kind, listen, target) = (self.kind.of_config(), self.listen.trim(), self.target.trim());
        let connect = (self.kind != TunnelKind::Dynamic && !target.is_empty()).then_some(target);
        forward::parse_two(kind, listen, connect).ok_or_else(|| {
            invalid(TunnelProblem { field: TunnelField::Listen, problem: TunnelFault::ListenForm })
        })
    }

    /// The other way round: as ssh_config or a command line has it. `gateway_ports` is what an end without an address means.
    pub fn of(forward: &Forward, gateway_ports: bool) -> Self {
        let listen = match &forward.listen {
            End::Tcp { host: None, port } if gateway_ports && forward.kind != Kind::Remote => {
                format!("*:{port}")
            }
            End::Tcp { host: None, port } => port.to_string(),
            end => written(end),
        };
        let kind = match forward.kind {
            Kind::Local => TunnelKind::Local,
            Kind::Remote => TunnelKind::Remote,
            Kind::Dynamic => TunnelKind::Dynamic,
        };
        let target = forward.connect.as_ref().map(written).unwrap_or_default();
        Self { name: String::new(), kind, listen, target, starts: TunnelStart::ByHand }
    }
}

impl TunnelKind {
    fn of_config(self) -> Kind {
        match self {
            TunnelKind::Local => Kind::Local,
            TunnelKind::Remote => Kind::Remote,
            TunnelKind::Dynamic => Kind::Dynamic,
        }
    }
}

/// An end as a person writes it.
pub fn written(end: &End) -> String {
    match end {
        End::Socket(path) => path.clone(),
        End::Tcp { host: None, port } => port.to_string(),
        End::Tcp { host: Some(host), port } if host.is_empty() => format!("*:{port}"),
        End::Tcp { host: Some(host), port } if host.contains(':') => format!("[{host}]:{port}"),
        End::Tcp { host: Some(host), port } => format!("{host}:{port}"),
    }
}

fn invalid(TunnelProblem { field, problem }: TunnelProblem) -> Error {
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let (field, reason) = (word(serde_json::json!(field)), word(serde_json::json!(problem)));
    let text = match problem {
        TunnelFault::Required => "it is missing",
        TunnelFault::TooLong => "it is too long",
        TunnelFault::ListenForm => "it is no port, address:port or path of a socket",
        TunnelFault::TargetForm => "it is no address:port or path of a socket",
    };
    Error::new(ErrorCode::TunnelInvalid, format!("The tunnel cannot be used: look at its {field}, {text}."))
        .with("field", field)
        .with("reason", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(kind: TunnelKind, listen: &str, target: &str) -> TunnelDraft {
        TunnelDraft { kind, listen: listen.into(), target: target.into(), ..TunnelDraft::default() }
    }

    #[test]
    fn what_is_typed_into_the_form_is_told_field_by_field() {
        use TunnelFault::{ListenForm, Required, TargetForm, TooLong};
        use TunnelKind::{Dynamic, Local, Remote};
        for (kind, listen, target, expected) in [
            (Local, "8080", "db:5432", vec![]),
            (Local, "0", "db:5432", vec![]),
            (Local, "*:8080", "[fe80::1]:5432", vec![]),
            (Local, "[::1]:8080", "/run/x.sock", vec![]),
            (Local, "/tmp/a b", "db:1", vec![]),
            (Remote, "9000", "localhost:80", vec![]),
            (Remote, "9000", "", vec![]),
            (Dynamic, "1080", "anything", vec![]),
            (Local, "", "", vec![(TunnelField::Listen, Required), (TunnelField::Target, Required)]),
            (
                Local,
                "70000",
                "db",
                vec![(TunnelField::Listen, ListenForm), (TunnelField::Target, TargetForm)],
            ),
            (Local, "80", "db:0", vec![(TunnelField::Target, TargetForm)]),
            (Local, "80", ":80", vec![(TunnelField::Target, TargetForm)]),
            (Local, "80", "a:b:80", vec![(TunnelField::Target, TargetForm)]),
            (Local, "1:2:3", "a:80", vec![(TunnelField::Listen, ListenForm)]),
            (Dynamic, "x", "", vec![(TunnelField::Listen, ListenForm)]),
            (Dynamic, "10 80", "", vec![(TunnelField::Listen, ListenForm)]),
        ] {
            let found: Vec<_> = check(&draft(kind, listen, target))
                .into_iter()
                .map(|problem| (problem.field, problem.problem))
                .collect();
            assert_eq!(found, expected, "{listen} {target}");
            assert_eq!(
                draft(kind, listen, target).forward().is_ok(),
                expected.is_empty(),
                "{listen} {target}"
            );
        }
        let long = TunnelDraft { name: "n".repeat(121), ..draft(Local, "80", "a:80") };
        assert_eq!(check(&long), [TunnelProblem { field: TunnelField::Name, problem: TooLong }]);
    }

    #[test]
    fn a_forwarding_of_ssh_config_is_the_same_as_a_draft() {
        for (kind, spec, listen, target) in [
            (Kind::Local, "8080:db:5432", "8080", "db:5432"),
            (Kind::Local, "*:8080:db:5432", "*:8080", "db:5432"),
            (Kind::Local, ":8080:[::1]:5432", "*:8080", "[::1]:5432"),
            (Kind::Local, "[::1]:8080:/run/x", "[::1]:8080", "/run/x"),
            (Kind::Dynamic, "localhost:0", "localhost:0", ""),
            (Kind::Remote, "0:a:80", "0", "a:80"),
            (Kind::Remote, "1080", "1080", ""),
        ] {
            let forward = forward::parse_one(kind, spec).unwrap_or_else(|| panic!("{spec}"));
            let draft = TunnelDraft::of(&forward, false);
            assert_eq!((draft.listen.as_str(), draft.target.as_str()), (listen, target), "{spec}");
            let again = draft.forward().unwrap_or_else(|error| panic!("{spec}: {error}"));
            assert_eq!(TunnelDraft::of(&again, false), draft, "{spec}");
        }
        let open = TunnelDraft::of(&forward::parse_one(Kind::Local, "80:a:80").unwrap(), true);
        assert_eq!(open.listen, "*:80");
    }

    #[test]
    fn a_record_without_what_came_later_is_read() {
        let saved: SavedTunnel = serde_json::from_str(r#"{"id":"1","kind":"local","listen":"80"}"#).unwrap();
        assert_eq!((saved.draft.starts, saved.draft.target.as_str()), (TunnelStart::ByHand, ""));
    }
}
