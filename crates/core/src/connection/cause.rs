//! Why a connection ended or was not made: every failure belongs to exactly one [`Cause`].

use serde::Serialize;
use ts_rs::TS;

use crate::error::ErrorCode;

/// The class of a failure, for the timeline and for telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Nothing listens on the port, or a proxy said no.
    Refused,
    /// Nobody answered in time, or an established peer fell silent.
    TimedOut,
    /// The peer or something on the way reset the connection (RST).
    Reset,
    /// We wrote to a connection that was closed already.
    BrokenPipe,
    /// The peer closed the connection in good order (FIN, or SSH_MSG_DISCONNECT).
    ClosedByPeer,
    /// The name has no address just now.
    Unresolvable,
    /// The host key is not the trusted one, or nobody trusted it.
    HostKey,
    /// The server refused the login, or a question about it was not answered.
    Auth,
    /// What came is not the SSH that we speak.
    Protocol,
    /// It lies with this machine: no network, a file, our own mistake.
    Local,
}

impl Cause {
    /// The class of a code. Whether it is tried again by itself is [`ErrorCode::action`]'s to say.
    pub fn of(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Unresolvable => Cause::Unresolvable,
            ErrorCode::Refused
            | ErrorCode::ProxyRefused
            | ErrorCode::JumpRefused
            | ErrorCode::TunnelListenRefused
            | ErrorCode::TunnelForbidden
            | ErrorCode::TunnelTargetFailed => Cause::Refused,
            ErrorCode::DialTimedOut
            | ErrorCode::SilentServer
            | ErrorCode::ConnectionSilent
            | ErrorCode::TunnelWaited => Cause::TimedOut,
            ErrorCode::ConnectionReset => Cause::Reset,
            ErrorCode::ConnectionBroken => Cause::BrokenPipe,
            ErrorCode::ConnectionClosed | ErrorCode::ClosedInHandshake => Cause::ClosedByPeer,
            ErrorCode::HostKeyUnknown
            | ErrorCode::HostKeyChanged
            | ErrorCode::HostKeyRevoked
            | ErrorCode::HostKeyRejected => Cause::HostKey,
            ErrorCode::AuthRefused
            | ErrorCode::AuthNothingToTry
            | ErrorCode::AuthTriesExceeded
            | ErrorCode::PasswordUnanswered
            | ErrorCode::CertificateExpired
            | ErrorCode::CertificatePrincipal
            | ErrorCode::KeyUnreadable
            | ErrorCode::KeyUnknownType
            | ErrorCode::KeyEncrypted
            | ErrorCode::PassphraseWrong
            | ErrorCode::AgentUnavailable
            | ErrorCode::ProxyAuth
            | ErrorCode::Cancelled
            | ErrorCode::PromptTimedOut
            | ErrorCode::KeyringUnavailable
            | ErrorCode::KeyringLocked => Cause::Auth,
            ErrorCode::NotSsh
            | ErrorCode::NoCommonAlgorithm
            | ErrorCode::ProxyProtocol
            | ErrorCode::Protocol
            | ErrorCode::ChannelRefused
            | ErrorCode::PtyRefused
            | ErrorCode::ShellRefused
            | ErrorCode::ExecRefused
            | ErrorCode::ConnectionLost => Cause::Protocol,
            ErrorCode::Unreachable
            | ErrorCode::NoAddressAnswered
            | ErrorCode::ProxyUnreachable
            | ErrorCode::ProxyCommandFailed
            | ErrorCode::JumpFailed
            | ErrorCode::JumpLoop
            | ErrorCode::HostInvalid
            | ErrorCode::HostNotFound
            | ErrorCode::HostLinked
            | ErrorCode::ConfigUnusable
            | ErrorCode::StoreReadOnly
            | ErrorCode::StoreFull
            | ErrorCode::StoreBusy
            | ErrorCode::StoreFailed
            | ErrorCode::ImportFailed
            | ErrorCode::ExportFailed
            | ErrorCode::KnownHostsUnreadable
            | ErrorCode::KnownHostsUnwritable
            | ErrorCode::TrustedKeyMoved
            | ErrorCode::KeyExists
            | ErrorCode::KeyUnwritable
            | ErrorCode::KeyInstallFailed
            | ErrorCode::KeyNotAccepted
            | ErrorCode::SftpRefused
            | ErrorCode::SftpFailed
            | ErrorCode::FileNotFound
            | ErrorCode::FileDenied
            | ErrorCode::FileExists
            | ErrorCode::FolderNotEmpty
            | ErrorCode::HostDiskFull
            | ErrorCode::FileFailed
            | ErrorCode::TrashFailed
            | ErrorCode::SftpServerMissing
            | ErrorCode::SudoMissing
            | ErrorCode::SudoDenied
            | ErrorCode::SudoWantsTerminal
            | ErrorCode::SudoPasswordRefused
            | ErrorCode::SudoCancelled
            | ErrorCode::SudoFailed
            | ErrorCode::EditRefused
            | ErrorCode::EditorFailed
            | ErrorCode::RunRefused
            | ErrorCode::RunInputUnreadable
            | ErrorCode::DetachedFailed
            | ErrorCode::TunnelInvalid
            | ErrorCode::TunnelNotFound
            | ErrorCode::TunnelPortInUse
            | ErrorCode::TunnelPortPrivileged
            | ErrorCode::TunnelBindFailed
            | ErrorCode::TunnelTargetFailedHere
            | ErrorCode::TunnelBehind
            | ErrorCode::TunnelNotSocks
            | ErrorCode::PipeInvalid
            | ErrorCode::PipeNotFound
            | ErrorCode::JobNotFound
            | ErrorCode::JobRefused
            | ErrorCode::LocalFileFailed
            | ErrorCode::LocalDiskFull
            | ErrorCode::NotCopied
            | ErrorCode::SyncRefused
            | ErrorCode::TerminalNotFound
            | ErrorCode::PatternUnusable
            | ErrorCode::ExecOutcomeUnknown
            | ErrorCode::ExecOutputTooLarge
            | ErrorCode::BuiltinFailed
            | ErrorCode::LinkRefused
            | ErrorCode::SshLinkRefused
            | ErrorCode::LocalShellFailed
            | ErrorCode::CaptureFailed
            | ErrorCode::RecordingFull
            | ErrorCode::RecordingUnusable
            | ErrorCode::SnippetInvalid
            | ErrorCode::SnippetNotFound
            | ErrorCode::WindowLimit
            | ErrorCode::Internal => Cause::Local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Action;

    #[test]
    fn what_a_person_has_to_decide_is_never_tried_again_by_itself() {
        for code in ErrorCode::ALL {
            if matches!(Cause::of(*code), Cause::HostKey | Cause::Auth) {
                assert_ne!(code.action(), Action::Retry, "{code:?}");
            }
        }
    }

    #[test]
    fn what_a_network_does_to_a_connection_is_tried_again() {
        for code in ErrorCode::ALL {
            if matches!(
                Cause::of(*code),
                Cause::TimedOut | Cause::Reset | Cause::BrokenPipe | Cause::ClosedByPeer
            ) {
                assert_eq!(code.action(), Action::Retry, "{code:?}");
            }
        }
    }
}
