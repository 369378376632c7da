//! Saved hosts: what a person wrote down about a machine, and the checks on it.

pub mod exchange;
pub mod import;
pub mod key_file;
pub mod link;
pub mod linked;
pub mod pattern;
pub mod ssh_config;
pub mod store;
pub mod tunnels;

mod check;
pub mod options;
mod order;

pub use check::{FieldProblem, HostField, ProblemKind, check};
pub(crate) use check::{accept, address_problem, unreadable};
pub use options::HostOptions;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A random name (UUID v4) that stays with a host for its life.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct HostId(pub String);

impl std::fmt::Display for HostId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the person wants to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMethod {
    /// What OpenSSH would try: the agent, the usual key files, then questions and the password.
    #[default]
    Automatic,
    Password,
    /// One key file, [`HostDraft::key_path`].
    Key,
    Agent,
    KeyboardInteractive,
}

/// What the host form holds. Never a secret: passwords travel beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HostDraft {
    /// Shown name; empty means the address.
    pub label: String,
    /// Name of the group; empty means none.
    pub group: String,
    /// A name, an IPv4 or an IPv6 address (without brackets).
    pub address: String,
    pub port: u16,
    /// Empty means the local user's name.
    pub user: String,
    pub auth: AuthMethod,
    /// Path of a private key; `~` is the home folder. Empty means none.
    pub key_path: String,
    /// The way to it, if it is not the direct one.
    #[serde(default)]
    #[ts(as = "Option<HostOptions>", optional)]
    pub options: HostOptions,
}

/// A saved host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    pub id: HostId,
    #[serde(flatten)]
    pub draft: HostDraft,
    /// The host that Bowline runs itself; it has no address of its own and cannot be edited.
    pub builtin: bool,
    /// A password for it lies in the OS keyring.
    pub has_password: bool,
    /// It stands in an ssh_config, is shown as it stands there, and is changed there. None for a saved host.
    pub linked: Option<LinkedFrom>,
}

/// Where a linked host is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct LinkedFrom {
    pub path: String,
    /// Of its `Host` line, counted from 1.
    pub line: u32,
}

impl Host {
    /// What the sidebar calls it.
    pub fn name(&self) -> &str {
        if self.draft.label.is_empty() { &self.draft.address } else { &self.draft.label }
    }
}

/// Everything that the sidebar shows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HostList {
    /// In the order of the sidebar: by group, then by name.
    pub hosts: Vec<Host>,
    /// Names of all groups in order; a group without hosts can be among them.
    pub groups: Vec<String>,
}

/// Something about the saved hosts that the person has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum StoreNotice {
    /// The file was damaged; it was set aside as `kept_as`, and `restored_from` (a copy) is in use, if there was one.
    Damaged { kept_as: String, restored_from: Option<String> },
    /// The file was written by a newer Bowline; it was set aside as `kept_as` and an empty one is in use.
    Newer { kept_as: String, version: u32 },
    /// The hosts could not be opened for writing; changes are refused.
    ReadOnly { path: String, problem: crate::error::Problem },
    /// The file of the transfer queue was damaged or of a newer Bowline; it was set aside, and the queue is empty.
    JobsSetAside { kept_as: String },
    /// The transfer queue cannot be kept: jobs run, and are forgotten at the end.
    JobsUnkept { path: String, problem: crate::error::Problem },
    /// Files that another program changed did not get to their hosts before the app ended. Their copies lie below `folder`;
    /// `paths` are those of the first ones, to be shown.
    EditsLeft { folder: String, count: u32, paths: Vec<String> },
}
