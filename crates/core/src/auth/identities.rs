//! What there is to log in with: the agent's entries, key files and certificates, gathered for the plan.

use std::path::Path;
use std::sync::Arc;

use russh::keys::agent::{AgentIdentity, AgentSessionBinding};
use russh::keys::{Certificate, HashAlg, PrivateKey, PublicKey};

use super::agent::{self, Agent};
use super::keys::{self, LoadError};
use super::options::AuthOptions;
use super::plan::{AgentEntry, CertificateIn, FileEntry, Inventory, Offer, SignsWith};
use super::{Authenticator, certificate};
use crate::error::{Error, Result};
use crate::host::key_file::expand_home;

/// Entries that are taken of one agent; a server ends the connection long before.
const AGENT_ENTRIES: usize = 256;
/// Files of the usual names in `~/.ssh`, as OpenSSH tries them.
const USUAL_FILES: [&str; 5] = ["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"];

/// A key file.
pub struct KeyFile {
    /// As it was written down.
    pub path: String,
    /// The key, if it has no passphrase.
    pub key: Result<Arc<PrivateKey>, LoadError>,
    /// Known also of most encrypted files.
    pub public: Option<PublicKey>,
    named: bool,
}

impl KeyFile {
    fn look(path: String, named: bool) -> Self {
        let file = expand_home(&path);
        let key = keys::load(&file, None).map(Arc::new);
        let public = match &key {
            Ok(key) => Some(key.public_key().clone()),
            // A public key may well be open to others, which a private one must not be.
            Err(LoadError::Unreadable { .. }) => keys::public_key(&file),
            Err(_) => keys::public_half(&file).or_else(|| keys::public_key(&file)),
        };
        Self { path, key, public, named }
    }

    fn is_encrypted(&self) -> bool {
        matches!(self.key, Err(LoadError::Encrypted { .. }))
    }

    fn entry(&self) -> FileEntry {
        FileEntry {
            key: self.public.as_ref().map_or_else(|| self.path.clone(), fingerprint),
            named: self.named,
            signs: self.key.is_ok() || self.is_encrypted(),
        }
    }
}

/// A certificate in a file.
pub struct CertificateFile {
    pub path: String,
    pub certificate: Certificate,
}

/// Everything that was found.
#[derive(Default)]
pub struct Identities {
    pub agent: Option<Agent>,
    /// Why there is none, if it was to be asked.
    pub agent_problem: Option<Error>,
    pub listed: Vec<AgentIdentity>,
    pub files: Vec<KeyFile>,
    pub certificates: Vec<CertificateFile>,
}

/// How much the agent is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentUse {
    Always,
    /// Only for files that cannot sign by themselves, and so that no passphrase has to be typed.
    IfFilesNeedIt,
}

impl Identities {
    /// Reads `named` files, the usual ones if `usual`, and the certificates beside them; then asks the agent.
    ///
    /// # Errors
    /// Only our own mistakes: what cannot be read is kept as such.
    pub async fn gather(
        authenticator: &Authenticator,
        options: &AuthOptions,
        named: Vec<String>,
        usual: bool,
        agent_use: AgentUse,
        binding: Option<AgentSessionBinding>,
    ) -> Result<Self> {
        let ssh_dir = authenticator.ssh_dir.clone();
        let certificate_files = options.certificate_files.clone();
        let reading =
            tokio::task::spawn_blocking(move || read_files(&ssh_dir, named, usual, certificate_files));
        let (files, certificates) = reading.await.map_err(Error::internal)?;
        let mut found = Self { files, certificates, ..Self::default() };
        let wanted = match agent_use {
            AgentUse::Always => true,
            AgentUse::IfFilesNeedIt => found.files.iter().any(|file| file.key.is_err()),
        };
        if wanted {
            match agent::list(authenticator, &options.identity_agent, binding.as_ref()).await {
                Ok((agent, mut listed)) => {
                    listed.truncate(AGENT_ENTRIES);
                    found.agent = Some(agent);
                    found.listed = listed;
                }
                Err(error) => found.agent_problem = Some(error),
            }
        }
        Ok(found)
    }

    /// What the plan needs to know of it.
    pub fn inventory(&self, only_files: bool) -> Inventory {
        let entry = |identity: &AgentIdentity| AgentEntry {
            key: fingerprint(&identity.public_key()),
            certificate: matches!(identity, AgentIdentity::Certificate { .. }),
        };
        Inventory {
            agent: self.listed.iter().map(entry).collect(),
            files: self.files.iter().map(KeyFile::entry).collect(),
            certificates: self
                .certificates
                .iter()
                .map(|one| fingerprint(&PublicKey::from(one.certificate.public_key().clone())))
                .collect(),
            only_files,
        }
    }

    /// What the server is shown for an offer; nothing while the key of a file is not known.
    pub fn shown(&self, offer: &Offer) -> Option<AgentIdentity> {
        match (offer.certificate, offer.signer) {
            (Some(CertificateIn::Agent(index)), _) | (None, SignsWith::Agent(index)) => {
                self.listed.get(index).cloned()
            }
            (Some(CertificateIn::File(index)), _) => {
                self.certificates.get(index).map(|one| one.certificate.clone().into())
            }
            (None, SignsWith::File(index)) => self.files.get(index)?.public.clone().map(AgentIdentity::from),
        }
    }

    /// What an offer is called when the person is told of it, without anything that needs translation.
    pub fn name(&self, offer: &Offer) -> String {
        let of_agent = |index: usize| {
            let comment = self.listed.get(index).map(AgentIdentity::comment).unwrap_or_default();
            format!("ssh-agent: {}", crate::prompt::visible_line(comment))
        };
        match (offer.certificate, offer.signer) {
            (Some(CertificateIn::File(index)), _) => {
                self.certificates.get(index).map(|one| one.path.clone()).unwrap_or_default()
            }
            (Some(CertificateIn::Agent(index)), _) | (None, SignsWith::Agent(index)) => of_agent(index),
            (None, SignsWith::File(index)) => {
                self.files.get(index).map(|file| file.path.clone()).unwrap_or_default()
            }
        }
    }
}

fn read_files(
    ssh_dir: &Path,
    named: Vec<String>,
    usual: bool,
    certificate_files: Vec<String>,
) -> (Vec<KeyFile>, Vec<CertificateFile>) {
    let mut paths: Vec<(String, bool)> = named.into_iter().map(|path| (path, true)).collect();
    if usual {
        // One that is missing is no error: nobody asked for it.
        let there = USUAL_FILES.iter().map(|name| ssh_dir.join(name)).filter(|path| path.is_file());
        for path in there {
            if !paths.iter().any(|(known, _)| expand_home(known) == path) {
                paths.push((path.to_string_lossy().into_owned(), false));
            }
        }
    }
    let mut certificates: Vec<String> = certificate_files;
    // OpenSSH looks for `<key>-cert.pub` beside each key file (`IdentityFile` in ssh_config(5)), and takes a certificate for
    // the public half too: as the file that is named (`-i signed.pub -i key`) or as `<key>.pub`.
    for (path, _) in &paths {
        let beside = format!("{}-cert.pub", path.strip_suffix(".pub").unwrap_or(path));
        certificates.extend([beside, path.clone(), format!("{path}.pub")]);
    }
    (
        paths.into_iter().map(|(path, named)| KeyFile::look(path, named)).collect(),
        read_certificates(certificates),
    )
}

/// The user certificates among these files, each once: a server counts what it refuses.
fn read_certificates(paths: Vec<String>) -> Vec<CertificateFile> {
    let mut found: Vec<CertificateFile> = Vec::new();
    for path in paths {
        if let Some(certificate) = certificate::read(&expand_home(&path))
            && !found.iter().any(|one| one.certificate == certificate)
        {
            found.push(CertificateFile { path, certificate });
        }
    }
    found
}

/// The name of a key: two entries of one key have the same.
fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}
