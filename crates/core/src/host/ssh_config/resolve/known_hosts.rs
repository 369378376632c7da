//! Where known host keys stand, and whether a server may add to them.

use super::super::resolved::Stage;
use super::super::values::{LogLevel, RequestTty, YesNoAsk};
use super::finish::Finish;
use super::unsupported::asks;

const USUAL_KNOWN_HOSTS: [&str; 2] = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];

impl Finish<'_> {
    pub(super) fn user_known_hosts_files(&mut self) -> Vec<String> {
        let named = &self.options.user_known_hosts_files;
        let files: Vec<String> = match &named[..] {
            [] => USUAL_KNOWN_HOSTS.map(str::to_owned).to_vec(),
            [first, ..] if first.eq_ignore_ascii_case("none") => Vec::new(),
            files => files.to_vec(),
        };
        let mut expanded = Vec::new();
        for file in files {
            match self.expand_path(&file) {
                Ok(path) => expanded.push(path),
                Err(message) => self.note("UserKnownHostsFile", message, Stage::Resolving),
            }
        }
        expanded
    }

    /// These know `~` only.
    pub(super) fn global_known_hosts_files(&mut self) -> Vec<String> {
        let folder = self.local.system_folder.to_string_lossy().into_owned();
        let files = match &self.options.global_known_hosts_files[..] {
            [] => return vec![format!("{folder}/ssh_known_hosts"), format!("{folder}/ssh_known_hosts2")],
            [first, ..] if first.eq_ignore_ascii_case("none") => Vec::new(),
            files => files.to_vec(),
        };
        files.into_iter().filter_map(|file| self.local.expand_tilde(&file)).collect()
    }

    /// It knows `~` only, as well.
    pub(super) fn revoked_host_keys(&self) -> Option<String> {
        let file =
            self.options.foreign.get("revokedhostkeys").filter(|file| !file.eq_ignore_ascii_case("none"))?;
        // A limit that cannot be read must not be lost.
        Some(self.local.expand_tilde(file).unwrap_or_else(|| file.clone()))
    }

    pub(super) fn update_host_keys(
        &self,
        has_command: bool,
        request_tty: RequestTty,
        log_level: LogLevel,
    ) -> YesNoAsk {
        let options = self.options;
        let by_dns = options.foreign.get("verifyhostkeydns").is_some_and(|value| asks(value));
        let usual_file = match &options.user_known_hosts_files[..] {
            [] => true,
            [only] => only == USUAL_KNOWN_HOSTS[0],
            [..] => false,
        };
        let default = if !by_dns && usual_file { YesNoAsk::Yes } else { YesNoAsk::No };
        let quiet = matches!(log_level, LogLevel::Quiet | LogLevel::Fatal | LogLevel::Error);
        match options.update_host_keys.unwrap_or(default) {
            // Nobody would be there to answer.
            YesNoAsk::Ask if has_command || request_tty == RequestTty::No || quiet => YesNoAsk::No,
            mode => mode,
        }
    }
}
