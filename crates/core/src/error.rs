//! What went wrong, said so that the caller knows what can be done about it.
//!
//! One [`ErrorCode`] exists for each message that a person can get: the window looks its text up in the message
//! catalogue by code and fills in [`Error::params`]; everyone else prints the English [`Error::message`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The same call may work later: the cause lies outside.
    Retry,
    /// A person has to decide or to supply something.
    Ask,
    /// What was given has to be changed first.
    Fix,
    /// Our own mistake; report it.
    Bug,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident => $action:ident,)*) => {
        /// Every cause that has a message of its own. The comment names the params that its message uses.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "kebab-case")]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// All codes, in the order of their declaration.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$name,)*];

            /// What the caller can do about it.
            pub fn action(self) -> Action {
                match self { $(ErrorCode::$name => Action::$action,)* }
            }
        }
    };
}

codes! {
    // Saved hosts.
    /// A field of the host form is not acceptable: `field`, `reason`.
    HostInvalid => Fix,
    /// The host is not there any more: `host`.
    HostNotFound => Fix,
    /// The host stands in ssh_config and is changed there: `host`.
    HostLinked => Fix,
    /// The file of saved hosts could not be written because its folder or disk is read-only: `path`.
    StoreReadOnly => Fix,
    /// The disk is full: `path`.
    StoreFull => Fix,
    /// Another Bowline has the file of saved hosts open: `path`.
    StoreBusy => Fix,
    /// The file of saved hosts could not be read or written: `path`, `cause`.
    StoreFailed => Fix,
    /// An ssh_config file could not be read: `path`, `cause`.
    ImportFailed => Fix,
    /// A file that the person asked for could not be written: `path`, `cause`.
    ExportFailed => Fix,

    // Snippets.
    /// A snippet cannot be kept as it is: `reason`.
    SnippetInvalid => Fix,
    /// The snippet is not there any more: `snippet`.
    SnippetNotFound => Fix,

    // Dialling.
    /// The name does not resolve: `address`, `cause`.
    Unresolvable => Retry,
    /// Nothing listens on the port: `address`, `port`.
    Refused => Retry,
    /// There is no way to the network or host: `address`, `port`, `cause`.
    Unreachable => Retry,
    /// Nobody answered the dial: `address`, `port`, `seconds`.
    DialTimedOut => Retry,
    /// A name has several addresses, and they failed in different ways: `address`, `port`, `tried`.
    NoAddressAnswered => Retry,
    /// The proxy could not be reached: `proxy`, `cause`.
    ProxyUnreachable => Retry,
    /// The proxy did not connect us: `proxy`, `address`, `cause`.
    ProxyRefused => Retry,
    /// The proxy wants a user name and password, or refused them: `proxy`, `cause`.
    ProxyAuth => Ask,
    /// What answered is no proxy of this kind: `proxy`, `cause`.
    ProxyProtocol => Fix,
    /// The proxy command failed: `address`, `cause`.
    ProxyCommandFailed => Retry,
    /// The jump host could not reach the host, or its connection ended: `jump`, `address`, `cause`.
    JumpFailed => Retry,
    /// The jump host does not allow it: `jump`, `address`, `cause`.
    JumpRefused => Fix,
    /// Jump hosts lead in a circle, or there are too many of them: `address`, `chain`.
    JumpLoop => Fix,
    /// A line of ssh_config cannot be used, and without it the connection could lead elsewhere: `path`, `line`, `cause`.
    ConfigUnusable => Fix,
    /// Something answered that does not speak SSH: `address`, `port`, `received`.
    NotSsh => Fix,
    /// The server took the connection and then said nothing: `address`, `port`, `seconds`.
    SilentServer => Retry,
    /// The server closed the connection before the handshake was done: `address`, `port`.
    ClosedInHandshake => Retry,
    /// No algorithm in common: `address`, `kind`, `theirs`.
    NoCommonAlgorithm => Fix,
    /// The server broke the protocol: `address`, `cause`.
    Protocol => Retry,

    // Host keys.
    /// The host key differs from the trusted one; nothing was sent: `address`.
    HostKeyChanged => Ask,
    /// The host key is marked as revoked: `address`, `path`.
    HostKeyRevoked => Fix,
    /// The person did not trust the host key: `address`.
    HostKeyRejected => Ask,
    /// The host key is unknown, and only known ones are allowed: `address`, `fingerprint`.
    HostKeyUnknown => Fix,
    /// The known_hosts file could not be read: `path`, `cause`.
    KnownHostsUnreadable => Fix,
    /// The new host key could not be written down: `path`, `cause`.
    KnownHostsUnwritable => Fix,
    /// A line of known_hosts that was to be removed is another one meanwhile: `path`, `line`.
    TrustedKeyMoved => Retry,

    // Authentication.
    /// The server refused everything that was tried: `user`, `address`, `tried`, `offered`.
    AuthRefused => Ask,
    /// Nothing could be tried: `user`, `address`, `offered`.
    AuthNothingToTry => Fix,
    /// The server ended the login after too many refused keys: `user`, `address`, `tries`, `tried`.
    AuthTriesExceeded => Ask,
    /// The server did not say whether a password is right; it may want a new one: `user`, `address`, `seconds`.
    PasswordUnanswered => Ask,
    /// A certificate is not valid at this time: `path`, `from`, `until`.
    CertificateExpired => Fix,
    /// A certificate is for other users: `path`, `principals`, `user`.
    CertificatePrincipal => Fix,
    /// The key file could not be read: `path`, `cause`.
    KeyUnreadable => Fix,
    /// The file is not a private key that we know: `path`, `reason`.
    KeyUnknownType => Fix,
    /// The key is encrypted and no passphrase was given: `path`.
    KeyEncrypted => Ask,
    /// The passphrase was wrong, three times: `path`.
    PassphraseWrong => Ask,
    /// No ssh-agent could be reached: `cause`.
    AgentUnavailable => Fix,
    /// There is a file already where a new key was to be written: `path`.
    KeyExists => Fix,
    /// A new key could not be written: `path`, `cause`.
    KeyUnwritable => Fix,
    /// A public key could not be added on a host: `address`, `path`, `cause`.
    KeyInstallFailed => Fix,
    /// A public key was added, and the host still does not take it: `address`, `path`, `user`.
    KeyNotAccepted => Fix,
    /// The question was dismissed: `address`.
    Cancelled => Ask,
    /// Nobody answered the question in time: `address`, `seconds`.
    PromptTimedOut => Ask,

    // The OS keyring.
    /// There is no keyring service: `cause`.
    KeyringUnavailable => Fix,
    /// The keyring is locked or refused us: `cause`.
    KeyringLocked => Ask,

    // Sessions.
    /// The server refused a channel: `address`, `cause`.
    ChannelRefused => Retry,
    /// The server refused a terminal (PTY): `address`.
    PtyRefused => Fix,
    /// The server refused a shell: `address`.
    ShellRefused => Fix,
    /// The peer, or something on the way, reset the connection: `address`.
    ConnectionReset => Retry,
    /// The peer closed the connection: `address`, `cause` (its words, or "it said nothing").
    ConnectionClosed => Retry,
    /// What we wrote could no longer be delivered: `address`.
    ConnectionBroken => Retry,
    /// The server refused to run a command: `address`.
    ExecRefused => Fix,
    /// Nobody knows how a command ended: `address`, `cause`; `reason` where that has a word of its own, with `detail` (what
    /// others said of it) or `seconds`.
    ExecOutcomeUnknown => Ask,
    /// A command was given up because its output was not taken: `address`, `cause`.
    ExecOutputTooLarge => Fix,
    /// The connection ended under the session for another reason: `address`, `cause`.
    ConnectionLost => Retry,
    /// Nothing was heard for too long, so the connection was given up: `address`, `seconds`.
    ConnectionSilent => Retry,

    // Files on hosts. `doing` is a word of the catalogue (`files.doing`).
    /// The server offers no SFTP: `address`.
    SftpRefused => Fix,
    /// The SFTP session ended: `address`, `cause`.
    SftpFailed => Retry,
    /// There is no such file or folder: `address`, `doing`, `path`, `cause`, as for those that follow.
    FileNotFound => Fix,
    /// The account may not do this.
    FileDenied => Fix,
    /// There is something of that name already.
    FileExists => Fix,
    /// The folder has something in it.
    FolderNotEmpty => Fix,
    /// The host's disk is full, or the account's quota is used up.
    HostDiskFull => Fix,
    /// It failed for another reason.
    FileFailed => Fix,
    /// A file of this computer could not be moved to the trash: `path`, `cause`.
    TrashFailed => Fix,
    /// The host has no `sftp-server` that root could run: `address`.
    SftpServerMissing => Fix,
    /// The host has no sudo: `address`, `user`, `cause`, as for those that follow.
    SudoMissing => Fix,
    /// The account may not use sudo, or not for this.
    SudoDenied => Fix,
    /// sudo there works in terminals only (`requiretty`).
    SudoWantsTerminal => Fix,
    /// It took none of the passwords.
    SudoPasswordRefused => Retry,
    /// The person dismissed the question for the password.
    SudoCancelled => Ask,
    /// It failed for another reason.
    SudoFailed => Fix,
    /// A file cannot be changed in place: `reason` (a word of the catalogue).
    EditRefused => Fix,
    /// The program for changing files did not start: `command`, `cause`.
    EditorFailed => Fix,

    // Commands on many hosts.
    /// A command was not run: `reason`.
    RunRefused => Fix,
    /// What a command was to read could not be read: `path`, `cause`.
    RunInputUnreadable => Fix,
    /// A host could not start, read or end a command that keeps running: `address`, `cause`.
    DetachedFailed => Fix,

    // Tunnels. `listen` and `target` are ends as a person writes them.
    /// What is typed cannot be a tunnel: `field`, `reason`.
    TunnelInvalid => Fix,
    /// The tunnel is not there any more.
    TunnelNotFound => Fix,
    /// Something else listens there already: `listen`.
    TunnelPortInUse => Fix,
    /// A port below 1024 needs rights that the app has not: `listen`.
    TunnelPortPrivileged => Fix,
    /// This computer cannot listen there: `listen`, `cause`.
    TunnelBindFailed => Fix,
    /// The server does not listen for us: `address`, `listen`.
    TunnelListenRefused => Fix,
    /// The server allows no connection to the target: `address`, `target`.
    TunnelForbidden => Fix,
    /// The host could not reach the target: `address`, `target`, `cause`.
    TunnelTargetFailed => Fix,
    /// This computer could not reach the target of a remote tunnel: `target`, `cause`.
    TunnelTargetFailedHere => Fix,
    /// A connection was reset since what came for it was not taken: `target`, `cause`.
    TunnelBehind => Fix,
    /// A connection waited in vain for the host to be back: `target`, `seconds`.
    TunnelWaited => Retry,
    /// What connected to a SOCKS proxy speaks something else: `cause`.
    TunnelNotSocks => Fix,

    // Pipes between hosts.
    /// What is written down cannot be run: `reason` (a word of the catalogue).
    PipeInvalid => Fix,
    /// The pipe is not there any more.
    PipeNotFound => Fix,

    // Jobs of the transfer queue.
    /// The job is not in the queue any more.
    JobNotFound => Fix,
    /// A job cannot be taken on: `reason` (a word of the catalogue).
    JobRefused => Fix,
    /// A file or folder of this computer could not be used: `path`, `cause`.
    LocalFileFailed => Fix,
    /// The disk of this computer is full: `path`.
    LocalDiskFull => Fix,
    /// A file is not copied, since that would not be safe or not be the same: `path`, `reason` (a word of the catalogue).
    NotCopied => Fix,
    /// A sync does not begin, or deletes nothing: `reason` (a word of the catalogue), `count`, `entries`, `pattern`.
    SyncRefused => Fix,

    // Terminals and what belongs to them.
    /// The terminal is not there any more.
    TerminalNotFound => Fix,
    /// A regular expression cannot be looked for in all terminals: `cause`.
    PatternUnusable => Fix,
    /// No shell was started on this computer: `cause`.
    LocalShellFailed => Fix,
    /// A transcript or a recording could not be written, and has ended: `path`, `cause`.
    CaptureFailed => Fix,
    /// A recording has ended because it is as large as one may be: `path`, `mebibytes`.
    RecordingFull => Fix,
    /// A file is no recording that can be played: `path`, `cause`.
    RecordingUnusable => Fix,
    /// The built-in host did not start: `cause`.
    BuiltinFailed => Retry,
    /// So many windows are open that there can be no more: `limit`.
    WindowLimit => Fix,
    /// A link that is not http(s) was refused: `url`.
    LinkRefused => Fix,
    /// An `ssh://` link, or what `bowline open` asked for, makes no sense: `link`, `reason` (a word of the catalogue).
    SshLinkRefused => Fix,
    /// Our own mistake: `cause`.
    Internal => Bug,
}

/// An error that a person can be told about. It keeps its cause and never holds a secret.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub code: ErrorCode,
    /// English, whole sentences: what was being done, to what, why it failed, what to do next.
    pub message: String,
    /// What the message in the catalogue is filled with.
    pub params: BTreeMap<String, String>,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ErrorCode {
    /// As the window knows it, such as `key-unreadable`.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether an established connection ended: another one may take its place.
    pub fn is_lost_connection(self) -> bool {
        matches!(
            self,
            ErrorCode::ConnectionReset
                | ErrorCode::ConnectionClosed
                | ErrorCode::ConnectionBroken
                | ErrorCode::ConnectionSilent
                | ErrorCode::ConnectionLost
        )
    }
}

impl Error {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), params: BTreeMap::new(), source: None }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub fn internal(cause: impl ToString) -> Self {
        let cause = cause.to_string();
        Self::new(ErrorCode::Internal, format!("Bowline made a mistake: {cause}. Please report it."))
            .with("cause", cause)
    }

    pub fn action(&self) -> Action {
        self.code.action()
    }

    /// The code as the window knows it, such as `key-unreadable`.
    pub fn code_name(&self) -> String {
        self.code.name()
    }

    /// The form in which it crosses to the window.
    pub fn problem(&self) -> Problem {
        Problem {
            code: self.code,
            action: self.action(),
            message: self.message.clone(),
            params: self.params.clone(),
        }
    }
}

/// An [`Error`] as the window gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Problem {
    pub code: ErrorCode,
    pub action: Action,
    pub message: String,
    pub params: BTreeMap<String, String>,
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        error.problem()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        error.problem()
    }
}

impl From<Problem> for Error {
    /// One outcome (a shared dial) is told to everyone who waited for it.
    fn from(problem: Problem) -> Self {
        Self { code: problem.code, message: problem.message, params: problem.params, source: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_told_again_keeps_its_code_text_and_params() {
        let error = Error::new(ErrorCode::Refused, "no").with("port", 22);
        let again = Error::from(error.problem());
        assert_eq!(again.problem(), error.problem());
    }
}
