//! The TypeScript of the IPC, made from the Rust types (`npm run types`), so that both sides cannot drift apart.

use std::fmt::Write;

use bowline_core::auth::keygen::KeyInfo;
use bowline_core::connection::cause::Cause;
use bowline_core::connection::health::{LaneHealth, LaneKind, RoundTrip};
use bowline_core::connection::progress::{TestOutcome, TestProgress, TestStep};
use bowline_core::connection::state::{ConnectionState, ConnectionView};
use bowline_core::connection::times::ConnectionTimes;
use bowline_core::engine::PasswordChange;
use bowline_core::engine::config_notes::{ConfigNote, ConfigNoteKind, ConfigNotes};
use bowline_core::engine::directory::TerminalDirectory;
use bowline_core::engine::drag_out::DragOutEnd;
use bowline_core::engine::keys::InstallOutcome;
use bowline_core::engine::links::{OpenRequest, OpenWish};
use bowline_core::engine::pipes::{JointView, PipeId, PipeText, PipeView, PipesView, StageView};
use bowline_core::engine::tunnels::{TunnelId, TunnelView, TunnelsView};
use bowline_core::engine::view::{EngineEvent, KeyringState, LaneView, Overview};
use bowline_core::error::{Action, ErrorCode, Problem};
use bowline_core::files::change::{ModeChange, ModeOnly};
use bowline_core::files::edit::external::{ExternalAnswer, ExternalEdit, ExternalOpened, ExternalState};
use bowline_core::files::edit::text::{LineEnds, TextEncoding};
use bowline_core::files::edit::view::{
    EditDraft, EditOpened, EditSave, EditSaved, EditText, EditThere, EditWords, KeptDraft, SaveHow,
};
use bowline_core::files::listing::FolderPage;
use bowline_core::files::look::{DiskSpace, FilePreview, FileProperties, OwnerView, ShownPath};
use bowline_core::files::row::{FileRow, OwnerNames, RowKind};
use bowline_core::files::work::{WorkProblem, WorkView};
use bowline_core::host::import::{ImportCandidate, ImportPreview};
use bowline_core::host::link::Link;
use bowline_core::host::options::{AddressFamily, Multiplexer};
use bowline_core::host::tunnels::{
    SavedTunnel, TunnelDraft, TunnelFault, TunnelField, TunnelKind, TunnelProblem, TunnelStart,
};
use bowline_core::host::{
    AuthMethod, FieldProblem, Host, HostDraft, HostField, HostId, HostList, HostOptions, LinkedFrom,
    ProblemKind, StoreNotice,
};
use bowline_core::pipe::live::{StageEnd, StageState};
use bowline_core::pipe::saved::{PipeCommand, PipeDraft, SavedPipe};
use bowline_core::prompt::{Answer, InteractiveField, KeyPicture, KnownKey, Prompt, Question, Secret};
use bowline_core::run::detached::{Detached, DetachedId, DetachedState, DetachedText};
use bowline_core::run::view::{
    RunFormat, RunHost, RunId, RunInput, RunOutput, RunRequest, RunState, RunText, RunView,
};
use bowline_core::snippet::{Snippet, SnippetDraft, SnippetEntry, SnippetId};
use bowline_core::terminal::capture::CaptureView;
use bowline_core::terminal::commands::{LongCommand, ShellFacts, ShellView};
use bowline_core::terminal::playback::{PlaybackCommand, PlaybackState, PlaybackView};
use bowline_core::terminal::seam::{SeamCauses, SeamWords};
use bowline_core::terminal::state::{
    TerminalEnd, TerminalFacts, TerminalId, TerminalSize, TerminalState, TerminalView,
};
use bowline_core::terminal::triggers::{Found, TriggerRule};
use bowline_core::terminal::zmodem::{
    FaultKind, TransferDirection, TransferFault, TransferState, TransferView,
};
use bowline_core::timeline::{TimelineEntry, TimelineEvent};
use bowline_core::transfer::job::{
    ConflictAnswer, JobConflict, JobEnd, JobError, JobLimits, JobOrder, JobRequest, JobState, JobSync,
    JobView, JobsView, OnConflict, Verify,
};
use bowline_core::transfer::sync::saved::SavedSync;
use bowline_core::transfer::sync::{SyncAction, SyncCount, SyncRow, SyncRules, SyncSummary};
use bowline_core::trust::CertificateFault;
use bowline_core::trust::page::{KeyMarker, TrustedKey, TrustedKeys};
use bowline_core::tunnel::live::{TunnelState, TunnelTrouble};
use bowline_core::workspace::document::{
    BroughtBack, KeptScrollback, Place, Workspace, WorkspaceState, WorkspaceTab, WorkspaceWindow,
};
use bowline_core::workspace::windows::{WindowId, WindowTab, WindowView, WindowsView};
use ts_rs::{Config, TS};

/// Where the result is committed.
pub const GENERATED_FILE: &str = "ui/src/ipc/generated.ts";

/// A command as TypeScript sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    pub doc: String,
    pub name: &'static str,
    /// Each argument with its type.
    pub args: Vec<(&'static str, String)>,
    pub result: String,
}

/// Declares one command: `declare!(config, ["Doc."] name(arg: Type) -> Result)`.
macro_rules! declare {
    ($config:expr, [$($doc:literal)*] $name:ident($($arg:ident: $type:ty),*) -> $result:ty) => {
        $crate::ipc::Declaration {
            doc: [$($doc),*].map(|line: &str| line.trim()).join(" "),
            name: stringify!($name),
            args: vec![$((stringify!($arg), <$type as ts_rs::TS>::name($config))),*],
            result: <$result as ts_rs::TS>::name($config),
        }
    };
}
pub(crate) use declare;

/// The whole file.
pub fn typescript() -> String {
    let config = Config::default();
    let mut text = String::from("// Generated from the Rust types by `npm run types`. Do not edit.\n");
    macro_rules! types {
        ($($type:ty),* $(,)?) => { $(push_type::<$type>(&mut text, &config);)* };
    }
    types![
        Action,
        ErrorCode,
        Problem,
        HostId,
        AuthMethod,
        AddressFamily,
        Multiplexer,
        SeamCauses,
        SeamWords,
        Found,
        TriggerRule,
        TunnelKind,
        TunnelStart,
        TunnelDraft,
        SavedTunnel,
        TunnelField,
        TunnelFault,
        TunnelProblem,
        TunnelState,
        TunnelTrouble,
        TunnelId,
        TunnelView,
        TunnelsView,
        PipeCommand,
        PipeDraft,
        SavedPipe,
        StageEnd,
        StageState,
        StageView,
        JointView,
        PipeId,
        PipeText,
        PipeView,
        PipesView,
        RunId,
        RunInput,
        RunRequest,
        RunState,
        RunHost,
        RunView,
        RunText,
        RunOutput,
        RunFormat,
        DetachedId,
        DetachedState,
        Detached,
        DetachedText,
        HostOptions,
        HostDraft,
        LinkedFrom,
        Host,
        HostList,
        Link,
        OpenWish,
        OpenRequest,
        StoreNotice,
        HostField,
        ProblemKind,
        FieldProblem,
        ImportCandidate,
        ImportPreview,
        PasswordChange,
        Secret,
        KeyInfo,
        InstallOutcome,
        KeyPicture,
        KnownKey,
        InteractiveField,
        CertificateFault,
        Question,
        Prompt,
        Answer,
        Cause,
        ConnectionState,
        ConnectionView,
        ConnectionTimes,
        LaneKind,
        RoundTrip,
        LaneHealth,
        LaneView,
        TimelineEvent,
        TimelineEntry,
        TerminalId,
        TerminalSize,
        TerminalEnd,
        TerminalState,
        TerminalFacts,
        TerminalView,
        CaptureView,
        PlaybackCommand,
        PlaybackState,
        PlaybackView,
        LongCommand,
        ShellFacts,
        ShellView,
        TransferDirection,
        TransferFault,
        FaultKind,
        TransferState,
        TransferView,
        TerminalDirectory,
        DragOutEnd,
        JobEnd,
        OnConflict,
        Verify,
        JobRequest,
        JobConflict,
        JobState,
        JobError,
        JobView,
        JobSync,
        JobsView,
        SyncRules,
        SyncAction,
        SyncRow,
        SyncCount,
        SyncSummary,
        SavedSync,
        JobOrder,
        ConflictAnswer,
        JobLimits,
        TestStep,
        TestOutcome,
        TestProgress,
        SnippetId,
        SnippetDraft,
        Snippet,
        SnippetEntry,
        RowKind,
        FileRow,
        OwnerNames,
        TextEncoding,
        LineEnds,
        EditWords,
        EditText,
        EditDraft,
        KeptDraft,
        EditOpened,
        SaveHow,
        EditSave,
        EditThere,
        EditSaved,
        ExternalState,
        ExternalEdit,
        ExternalAnswer,
        ExternalOpened,
        FolderPage,
        ShownPath,
        DiskSpace,
        OwnerView,
        FileProperties,
        FilePreview,
        WorkProblem,
        WorkView,
        ModeOnly,
        ModeChange,
        KeyMarker,
        TrustedKey,
        TrustedKeys,
        ConfigNoteKind,
        ConfigNote,
        ConfigNotes,
        WorkspaceTab,
        Place,
        WorkspaceWindow,
        Workspace,
        WorkspaceState,
        KeptScrollback,
        BroughtBack,
        WindowId,
        WindowTab,
        WindowView,
        WindowsView,
        KeyringState,
        Overview,
        EngineEvent,
    ];
    push_codes(&mut text);
    text.push_str("\n/** Every command with its arguments and its result. A refused call rejects with a `Problem`. */\n");
    text.push_str("export type Commands = {\n");
    for command in crate::commands::declarations(&config) {
        push_command(&mut text, &command);
    }
    text.push_str("}\n");
    text
}

fn push_type<T: TS>(text: &mut String, config: &Config) {
    let docs = T::docs().unwrap_or_default();
    let _ = write!(text, "\n{docs}export {}\n", T::decl(config));
}

/// The codes as values too, so that a test can hold the message catalogue against them.
fn push_codes(text: &mut String) {
    text.push_str("\nexport const ERROR_CODES: readonly ErrorCode[] = [\n");
    for code in ErrorCode::ALL {
        let _ = writeln!(text, "  {},", serde_json::to_string(code).unwrap_or_default());
    }
    text.push_str("]\n");
}

fn push_command(text: &mut String, command: &Declaration) {
    if !command.doc.is_empty() {
        let _ = writeln!(text, "  /** {} */", command.doc);
    }
    let args: Vec<String> = command.args.iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
    let args = if args.is_empty() {
        "Record<string, never>".to_owned()
    } else {
        format!("{{ {} }}", args.join("; "))
    };
    let _ = writeln!(text, "  {}: {{ args: {args}; result: {} }}", command.name, command.result);
}
