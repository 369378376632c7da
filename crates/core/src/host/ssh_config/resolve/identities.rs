//! Keys to log in with: their files, the agent, and whether it is forwarded.

use super::super::options::ForwardAgent;
use super::super::resolved::{AgentSocket, KeyFile, Stage};
use super::finish::Finish;
use super::on;

/// The person's usual key files. OpenSSH has had more (`id_dsa`, `id_xmss`), which no server takes any more.
const USUAL_KEYS: [&str; 5] =
    ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519", "~/.ssh/id_ed25519_sk"];

impl Finish<'_> {
    pub(super) fn identity_files(&mut self) -> Vec<KeyFile> {
        if !self.options.identity_files.is_empty() {
            return self.key_files("IdentityFile", &self.options.identity_files);
        }
        let usual = USUAL_KEYS.into_iter().filter_map(|written| {
            let path = self.local.expand_tilde(written)?;
            Some(KeyFile { written: written.to_owned(), path, named: false })
        });
        usual.collect()
    }

    pub(super) fn key_files(&mut self, keyword: &str, files: &[(String, bool)]) -> Vec<KeyFile> {
        let mut expanded = Vec::new();
        for (written, _) in files {
            // `none` only says that the usual files are not to be tried.
            let path = if written.eq_ignore_ascii_case("none") {
                Ok(String::new())
            } else {
                self.expand_path(written)
            };
            match path {
                Ok(path) => expanded.push(KeyFile { written: written.clone(), path, named: true }),
                Err(message) => self.note(keyword, message, Stage::Connecting),
            }
        }
        expanded
    }

    pub(super) fn identity_agent(&mut self) -> (AgentSocket, Option<String>) {
        let Some(written) = self.options.identity_agent.clone() else { return (AgentSocket::Usual, None) };
        let expanded = match self.expand_path(&written) {
            Ok(expanded) => expanded,
            Err(message) => {
                self.note("IdentityAgent", message, Stage::Resolving);
                return (AgentSocket::None, None);
            }
        };
        let socket = match (expanded.as_str(), expanded.strip_prefix('$')) {
            ("none", _) => AgentSocket::None,
            ("SSH_AUTH_SOCK", _) => AgentSocket::Usual,
            (_, Some(name)) => match self.local.environment.get(name) {
                Some(path) => AgentSocket::Path(path.clone()),
                None => AgentSocket::None,
            },
            (path, None) => AgentSocket::Path(path.to_owned()),
        };
        (socket, Some(expanded))
    }

    pub(super) fn forward_agent(&mut self) -> ForwardAgent {
        if let Some(written) = &self.options.forward_agent_path {
            return match self.expand_path(written) {
                Ok(path) => ForwardAgent::Path(path),
                Err(message) => {
                    self.note("ForwardAgent", message, Stage::Resolving);
                    ForwardAgent::No
                }
            };
        }
        if on(self.options.forward_agent, false) { ForwardAgent::Yes } else { ForwardAgent::No }
    }
}
