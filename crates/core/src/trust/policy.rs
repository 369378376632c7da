//! What a person has decided about host keys, with the meaning that ssh_config(5) gives to it.

use std::path::PathBuf;

/// How host keys are judged for one host. The default is what `ssh` does without any configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustPolicy {
    /// `HostKeyAlias`: the name under which the key is looked up and written, without a port.
    pub host_key_alias: Option<String>,
    /// `UserKnownHostsFile`; the first one is written to. Nothing means OpenSSH's defaults, an empty list (`none`) that
    /// nothing is known and nothing is written.
    pub user_files: Option<Vec<PathBuf>>,
    /// `GlobalKnownHostsFile`, read only. Nothing means OpenSSH's defaults.
    pub global_files: Option<Vec<PathBuf>>,
    /// `RevokedHostKeys`: keys that are refused under every name. One that cannot be read refuses all.
    pub revoked_keys: Option<PathBuf>,
    pub strict: StrictHostKeyChecking,
    /// `HashKnownHosts`. Nothing means: as the file is, hashed if it has a hashed name.
    pub hash_known_hosts: Option<bool>,
    pub update_host_keys: UpdateHostKeys,
    /// `CASignatureAlgorithms`: how authorities may sign certificates of hosts. Nothing means OpenSSH's default.
    pub ca_signatures: Option<Vec<String>>,
}

/// `StrictHostKeyChecking`. A *changed* key never gets a login, whatever is set here: at most the person is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StrictHostKeyChecking {
    /// An unknown key is asked about.
    #[default]
    Ask,
    /// An unknown key is refused, and nothing is asked.
    Yes,
    /// An unknown key is written down without a question.
    AcceptNew,
    /// As [`StrictHostKeyChecking::AcceptNew`]. OpenSSH would also go on with a changed key; Bowline does not.
    No,
}

/// `UpdateHostKeys`: whether further keys that a trusted server proves to have are written down, and those that it no longer
/// has are taken out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UpdateHostKeys {
    #[default]
    Yes,
    No,
    /// As [`UpdateHostKeys::No`]: a server that is trusted already is no reason to interrupt anyone.
    Ask,
}
