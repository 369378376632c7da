//! The order in which ways to log in are tried: a pure plan. It knows no server and no key, only names.
//!
//! Two questions are decided here: in which order keys are shown ([`order`], as OpenSSH's `pubkey_prepare` does), and what is
//! tried next ([`Plan::next`]) so that the server does not end the connection before a password could be typed.

use std::collections::VecDeque;

use super::options::AuthOptions;
use crate::host::AuthMethod;

/// Factors of one login; nobody asks for more.
const FACTORS_MAX: u32 = 4;
const PUBLICKEY: &str = "publickey";
const PASSWORD: &str = "password";
const KEYBOARD_INTERACTIVE: &str = "keyboard-interactive";

/// Who signs: an entry of the agent or a key file, by its place in the [`Inventory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignsWith {
    Agent(usize),
    File(usize),
}

/// Where a certificate lies, by its place in the [`Inventory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateIn {
    Agent(usize),
    File(usize),
}

/// A key, or a certificate of it, that is shown to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The key's name: its fingerprint, or its path while that is not known.
    pub key: String,
    pub certificate: Option<CertificateIn>,
    pub signer: SignsWith,
}

/// An entry of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentEntry {
    pub key: String,
    pub certificate: bool,
}

/// A key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    pub key: String,
    /// Chosen for this host, not only one of the usual files.
    pub named: bool,
    /// It can sign by itself. A public key, or the handle of a key on a security key, cannot: the agent has to.
    pub signs: bool,
}

/// What there is to log in with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    pub agent: Vec<AgentEntry>,
    pub files: Vec<FileEntry>,
    /// Certificates in files, each by the name of its key.
    pub certificates: Vec<String>,
    /// `IdentitiesOnly`.
    pub only_files: bool,
}

/// In which order keys are shown: first those that were chosen for the host, then the agent's, then the usual files. A
/// certificate comes before its key. The agent signs for a file's key if it holds it, so that no passphrase is asked for.
pub fn order(inventory: &Inventory) -> Vec<Offer> {
    let mut ordering = Ordering { inventory, offers: Vec::new() };
    let Inventory { agent, files, certificates, only_files } = inventory;
    files.iter().enumerate().filter(|(_, file)| file.named).for_each(|(index, _)| ordering.file(index));
    for (index, key) in certificates.iter().enumerate() {
        if let Some(signer) = ordering.in_agent(key) {
            ordering.push(key, Some(CertificateIn::File(index)), signer);
        }
    }
    if !only_files {
        let held = |file: &FileEntry| agent.iter().any(|entry| entry.key == file.key);
        files.iter().enumerate().filter(|(_, file)| held(file)).for_each(|(index, _)| ordering.file(index));
        for (index, entry) in agent.iter().enumerate() {
            let certificate = entry.certificate.then_some(CertificateIn::Agent(index));
            ordering.push(&entry.key, certificate, SignsWith::Agent(index));
        }
    }
    (0..files.len()).for_each(|index| ordering.file(index));
    ordering.offers
}

struct Ordering<'a> {
    inventory: &'a Inventory,
    offers: Vec<Offer>,
}

impl Ordering<'_> {
    /// Everything that can be shown of one file's key.
    fn file(&mut self, index: usize) {
        let inventory = self.inventory;
        let file = &inventory.files[index];
        let signer = self.in_agent(&file.key).or(file.signs.then_some(SignsWith::File(index)));
        if let Some(signer) = signer {
            for (index, _) in inventory.certificates.iter().enumerate().filter(|(_, key)| **key == file.key) {
                self.push(&file.key, Some(CertificateIn::File(index)), signer);
            }
        }
        for (index, entry) in inventory.agent.iter().enumerate() {
            if entry.certificate && entry.key == file.key {
                self.push(&file.key, Some(CertificateIn::Agent(index)), SignsWith::Agent(index));
            }
        }
        if let Some(signer) = signer {
            self.push(&file.key, None, signer);
        }
    }

    fn in_agent(&self, key: &str) -> Option<SignsWith> {
        let held = self.inventory.agent.iter().position(|entry| !entry.certificate && entry.key == key);
        held.map(SignsWith::Agent)
    }

    fn push(&mut self, key: &str, certificate: Option<CertificateIn>, signer: SignsWith) {
        let known = |offer: &Offer| offer.key == key && offer.certificate == certificate;
        if !self.offers.iter().any(known) {
            self.offers.push(Offer { key: key.to_owned(), certificate, signer });
        }
    }
}

/// A way to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Look for keys, and tell the plan with [`Plan::found`].
    FindKeys(Keys),
    Key(Offer),
    Password,
    KeyboardInteractive,
}

/// Which keys are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Those chosen for the host, the agent's, and the usual files.
    All,
    /// The key file that the person chose; the agent may sign for it.
    Chosen,
    /// The agent's.
    Agent,
}

impl Step {
    /// The method's name on the wire (RFC 4252, RFC 4256).
    pub fn method(&self) -> &'static str {
        match self {
            Step::FindKeys(_) | Step::Key(_) => PUBLICKEY,
            Step::Password => PASSWORD,
            Step::KeyboardInteractive => KEYBOARD_INTERACTIVE,
        }
    }
}

/// What is left to try.
#[derive(Debug, Clone)]
pub struct Plan {
    options: AuthOptions,
    /// Methods in their order.
    methods: Vec<&'static str>,
    which_keys: Keys,
    /// None until they were looked for.
    keys: Option<VecDeque<Offer>>,
    /// Methods that have been tried since the last factor.
    spent: Vec<&'static str>,
    /// Keys that were accepted as a factor: none is accepted twice.
    accepted: Vec<String>,
    /// Tries that the server has refused, and so counts.
    refused: u32,
    /// Keys shown since the last factor.
    shown: u32,
    /// Keys left out so that the server does not hang up.
    skipped: u32,
    factors: u32,
    password_refused: bool,
}

impl Plan {
    pub fn new(method: AuthMethod, options: &AuthOptions) -> Self {
        let methods = match method {
            AuthMethod::Automatic => all_methods(options),
            // Many servers take a password only as the answer to a question.
            AuthMethod::Password => vec![PASSWORD, KEYBOARD_INTERACTIVE],
            AuthMethod::Key | AuthMethod::Agent => vec![PUBLICKEY],
            AuthMethod::KeyboardInteractive => vec![KEYBOARD_INTERACTIVE],
        };
        let which_keys = match method {
            AuthMethod::Key => Keys::Chosen,
            AuthMethod::Agent => Keys::Agent,
            AuthMethod::Automatic | AuthMethod::Password | AuthMethod::KeyboardInteractive => Keys::All,
        };
        Self {
            options: options.clone(),
            methods,
            which_keys,
            keys: None,
            spent: Vec::new(),
            accepted: Vec::new(),
            refused: 0,
            shown: 0,
            skipped: 0,
            factors: 1,
            password_refused: false,
        }
    }

    /// The next way that the server offers, or nothing when all have been tried.
    pub fn next(&mut self, offered: &[&str]) -> Option<Step> {
        for method in self.methods.clone() {
            if !offered.contains(&method) || self.spent.contains(&method) {
                continue;
            }
            match method {
                PUBLICKEY => {
                    let Some(keys) = &mut self.keys else { return Some(Step::FindKeys(self.which_keys)) };
                    while let Some(offer) = keys.pop_front() {
                        let file_waits = keys.iter().any(|one| matches!(one.signer, SignsWith::File(_)));
                        if may_show(
                            &self.options,
                            &Count { refused: self.refused, shown: self.shown, factors: self.factors },
                            asks_later(&self.methods, &self.spent, offered),
                            file_waits && matches!(offer.signer, SignsWith::Agent(_)),
                        ) {
                            self.shown += 1;
                            return Some(Step::Key(offer));
                        }
                        self.skipped += 1;
                    }
                    self.spent.push(PUBLICKEY);
                }
                PASSWORD => {
                    self.spent.push(PASSWORD);
                    return Some(Step::Password);
                }
                _ => {
                    self.spent.push(KEYBOARD_INTERACTIVE);
                    // A refused password is not asked for again as an answer.
                    if !(self.password_refused && offered.contains(&PASSWORD)) {
                        return Some(Step::KeyboardInteractive);
                    }
                }
            }
        }
        None
    }

    /// The keys that were found, in their order.
    pub fn found(&mut self, offers: Vec<Offer>) {
        let fresh = offers.into_iter().filter(|offer| !self.accepted.contains(&offer.key));
        self.keys = Some(fresh.collect());
    }

    /// The server refused a try, and counts it (sshd: `failures` in auth2.c; a key that it would take is not counted).
    pub fn refused(&mut self) {
        self.refused += 1;
    }

    /// Tries that the server has refused so far.
    pub fn refusals(&self) -> u32 {
        self.refused
    }

    /// The password was refused as often as it may be.
    pub fn password_refused(&mut self) {
        self.password_refused = true;
    }

    /// Keys that were not shown so that the server does not hang up.
    pub fn skipped(&self) -> u32 {
        self.skipped
    }

    /// Whether one more dial with a smaller [`AuthOptions::max_tries`] could come further than this one, which the server
    /// ended: something else than a key was still to be tried.
    pub fn has_more_than_keys(&self) -> bool {
        self.methods.iter().any(|method| *method != PUBLICKEY && !self.spent.contains(method))
    }

    /// The server accepted `step` and wants another factor: whatever it asks for may be answered, and everything but what
    /// it has accepted may be tried again. False when there have been too many.
    pub fn partial_success(&mut self, step: &Step) -> bool {
        self.factors += 1;
        self.shown = 0;
        self.methods = all_methods(&self.options);
        self.spent.clear();
        match step {
            Step::Key(offer) => self.accepted.push(offer.key.clone()),
            Step::Password => self.spent.push(PASSWORD),
            // A second round of questions may be for a code.
            Step::KeyboardInteractive | Step::FindKeys(_) => {}
        }
        self.which_keys = Keys::All;
        self.keys = None;
        self.factors <= FACTORS_MAX
    }
}

/// The methods of this client in the order of the settings, without those that are switched off.
fn all_methods(options: &AuthOptions) -> Vec<&'static str> {
    let usual = [PUBLICKEY, PASSWORD, KEYBOARD_INTERACTIVE];
    let ordered: Vec<&'static str> = if options.preferred.is_empty() {
        usual.to_vec()
    } else {
        let known = |name: &String| usual.into_iter().find(|one| one == name);
        options.preferred.iter().filter_map(known).collect()
    };
    let on = |method: &&'static str| match *method {
        PUBLICKEY => options.publickey,
        PASSWORD => options.password,
        _ => options.keyboard_interactive,
    };
    ordered.into_iter().filter(on).collect()
}

/// Whether something that a person types is still to come.
fn asks_later(methods: &[&'static str], spent: &[&'static str], offered: &[&str]) -> bool {
    methods.iter().any(|method| *method != PUBLICKEY && offered.contains(method) && !spent.contains(method))
}

struct Count {
    refused: u32,
    shown: u32,
    factors: u32,
}

/// Whether one more key may be shown. Tries are kept for a password (two, so that one slip of the finger is forgiven, where
/// there are many), and one for a key file that waits behind the agent's keys.
fn may_show(options: &AuthOptions, count: &Count, asks_later: bool, file_waits: bool) -> bool {
    let max = options.max_tries;
    let kept = match (asks_later, max) {
        (true, 4..) => 2,
        (true, _) => 1,
        (false, 2..) => 1,
        (false, _) => 0,
    };
    // After a first factor at least one key is shown: it may be the one that was asked for.
    if count.factors > 1 && count.shown == 0 && count.refused < max {
        return true;
    }
    count.refused < max.saturating_sub(kept).saturating_sub(u32::from(file_waits))
}

#[cfg(test)]
mod tests;
