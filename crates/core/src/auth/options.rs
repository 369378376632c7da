//! Settings of a login beyond the choice in the host's form: what ssh_config(5) can say about it.

/// How to log in. The default is what Bowline does on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthOptions {
    /// `IdentityFile`: key files in their order, instead of the usual ones; `~` is the home folder. A `.pub` file stands for
    /// a key that the agent holds. An empty entry (`none`) is no file, but the usual ones are not used with it either.
    pub identity_files: Vec<String>,
    /// `CertificateFile`, beside the `<key>-cert.pub` that are looked for by themselves.
    pub certificate_files: Vec<String>,
    /// `IdentitiesOnly`: of the agent only those keys that are named by files.
    pub identities_only: bool,
    pub identity_agent: IdentityAgent,
    pub add_keys_to_agent: AddKeysToAgent,
    /// `PreferredAuthentications`, by the names on the wire: in this order, and no others. Empty: our own order.
    pub preferred: Vec<String>,
    /// `NumberOfPasswordPrompts`.
    pub password_prompts: u32,
    /// `PubkeyAuthentication`.
    pub publickey: bool,
    /// `PasswordAuthentication`.
    pub password: bool,
    /// `KbdInteractiveAuthentication`.
    pub keyboard_interactive: bool,
    /// `PubkeyAcceptedAlgorithms` as a list of patterns, after `+`, `-` and `^` were worked in. None: all but `ssh-rsa`,
    /// which signs with SHA-1.
    pub accepted_algorithms: Option<Vec<String>>,
    /// Refused tries after which the server ends the connection (sshd's MaxAuthTries).
    pub max_tries: u32,
    pub forward_agent: ForwardAgent,
}

impl Default for AuthOptions {
    fn default() -> Self {
        Self {
            identity_files: Vec::new(),
            certificate_files: Vec::new(),
            identities_only: false,
            identity_agent: IdentityAgent::default(),
            add_keys_to_agent: AddKeysToAgent::default(),
            preferred: Vec::new(),
            password_prompts: 3,
            publickey: true,
            password: true,
            keyboard_interactive: true,
            accepted_algorithms: None,
            max_tries: 6,
            forward_agent: ForwardAgent::default(),
        }
    }
}

/// `IdentityAgent`: which agent is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IdentityAgent {
    /// The person's usual one: `SSH_AUTH_SOCK`; on Windows OpenSSH's pipe, then Pageant.
    #[default]
    Usual,
    /// `none`: no agent at all.
    None,
    /// A socket's path (`~` is the home folder), or `$NAME` for the variable that holds it.
    Socket(String),
}

impl IdentityAgent {
    /// From the words of ssh_config.
    pub fn parse(text: &str) -> Self {
        match text {
            "" | "SSH_AUTH_SOCK" | "$SSH_AUTH_SOCK" => Self::Usual,
            none if none.eq_ignore_ascii_case("none") => Self::None,
            socket => Self::Socket(socket.to_owned()),
        }
    }
}

/// `AddKeysToAgent`: what becomes of a key file that has logged in. `seconds` is how long the agent keeps it; none: always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddKeysToAgent {
    #[default]
    No,
    Yes {
        seconds: Option<u32>,
    },
    /// The agent asks before each use of the key.
    Confirm {
        seconds: Option<u32>,
    },
    /// The person is asked before it is added.
    Ask,
}

/// `ForwardAgent`: whether commands on the host may use an agent of this machine, and which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ForwardAgent {
    #[default]
    No,
    /// The one that logs in.
    Yes,
    /// A socket's path, or `$NAME` for the variable that holds it.
    Socket(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_for_an_agent_are_those_of_ssh_config() {
        for (text, agent) in [
            ("", IdentityAgent::Usual),
            ("SSH_AUTH_SOCK", IdentityAgent::Usual),
            ("None", IdentityAgent::None),
            ("~/a", IdentityAgent::Socket("~/a".into())),
            ("$MY_SOCK", IdentityAgent::Socket("$MY_SOCK".into())),
        ] {
            assert_eq!(IdentityAgent::parse(text), agent, "{text}");
        }
    }
}
