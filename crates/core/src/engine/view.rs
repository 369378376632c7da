//! What the engine tells its window: snapshots, never differences, so that a reloaded window needs only the newest.

use serde::Serialize;
use ts_rs::TS;

use super::config_notes::ConfigNotes;
use super::links::OpenRequest;
use super::pipes::PipesView;
use super::tunnels::TunnelsView;
use crate::connection::health::LaneHealth;
use crate::connection::state::ConnectionView;
use crate::error::Problem;
use crate::files::edit::external::ExternalEdit;
use crate::host::{HostList, StoreNotice};
use crate::prompt::Prompt;
use crate::run::view::RunView;
use crate::terminal::capture::CaptureView;
use crate::terminal::commands::ShellView;
use crate::terminal::playback::PlaybackView;
use crate::terminal::state::{TerminalId, TerminalView};
use crate::terminal::triggers::Found;
use crate::terminal::zmodem::TransferView;
use crate::timeline::TimelineEntry;
use crate::transfer::job::JobsView;
use crate::workspace::windows::WindowsView;

/// One piece of news for the window.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "kebab-case")]
pub enum EngineEvent {
    Hosts(HostList),
    Connection(ConnectionView),
    Terminal(TerminalView),
    /// The files that a terminal is written to.
    Capture(CaptureView),
    /// Where a recording is.
    Playback(PlaybackView),
    /// What a terminal's shell tells about itself.
    Shell(ShellView),
    /// A rule has found something in a new line of a terminal.
    Found(Found),
    /// A file transfer that a program on a host asks for.
    Transfer(TransferView),
    /// The transfer queue.
    Jobs(JobsView),
    /// Files that other programs change.
    ExternalEdits(Vec<ExternalEdit>),
    Tunnels(TunnelsView),
    /// What other starts of the app ask for and no window has taken on.
    Links(Vec<OpenRequest>),
    Pipes(PipesView),
    /// All runs of commands: some came or went.
    Runs(Vec<RunView>),
    /// One of them has changed.
    Run(RunView),
    /// A new line of the timeline; lines are never changed.
    Timeline(TimelineEntry),
    /// Which windows there are, and which of them a person uses.
    Windows(WindowsView),
    Prompt(Prompt),
    /// The question needs no answer any more (answered, timed out, or its asker is gone).
    PromptGone(u32),
    /// What a connection found in ssh_config and did not do.
    ConfigNotes(ConfigNotes),
}

/// Whether passwords can be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum KeyringState {
    Ready,
    /// Absent or locked: passwords are asked for and kept for this run only.
    Unusable {
        problem: Problem,
    },
}

/// What a window needs to know once, at its start.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    pub version: String,
    /// `linux`, `macos` or `windows`.
    pub platform: String,
    /// The local user's name: what an empty user field means.
    pub local_user: String,
    pub hosts: HostList,
    pub connections: Vec<ConnectionView>,
    pub terminals: Vec<TerminalView>,
    /// Of terminals that are written to files.
    pub captures: Vec<CaptureView>,
    /// Of terminals that play recordings.
    pub playbacks: Vec<PlaybackView>,
    pub shells: Vec<ShellView>,
    /// Of terminals in which files are transferred.
    pub transfers: Vec<TransferView>,
    /// The transfer queue.
    pub jobs: JobsView,
    /// Files that other programs change.
    pub external_edits: Vec<ExternalEdit>,
    pub tunnels: TunnelsView,
    pub links: Vec<OpenRequest>,
    pub pipes: PipesView,
    /// Commands on many hosts.
    pub runs: Vec<RunView>,
    pub timeline: Vec<TimelineEntry>,
    pub windows: WindowsView,
    pub prompts: Vec<Prompt>,
    pub store_notices: Vec<StoreNotice>,
    pub keyring: KeyringState,
    /// Hosts in the person's ~/.ssh/config that are not saved here yet.
    pub importable: u32,
}

impl Overview {
    /// The same as news, for a window that missed some.
    pub fn into_events(self) -> Vec<EngineEvent> {
        [EngineEvent::Hosts(self.hosts), EngineEvent::Windows(self.windows), EngineEvent::Jobs(self.jobs)]
            .into_iter()
            .chain([EngineEvent::Tunnels(self.tunnels), EngineEvent::Links(self.links)])
            .chain([EngineEvent::Pipes(self.pipes), EngineEvent::Runs(self.runs)])
            .chain(self.connections.into_iter().map(EngineEvent::Connection))
            .chain(self.terminals.into_iter().map(EngineEvent::Terminal))
            .chain(self.captures.into_iter().map(EngineEvent::Capture))
            .chain(self.playbacks.into_iter().map(EngineEvent::Playback))
            .chain(self.shells.into_iter().map(EngineEvent::Shell))
            .chain(self.transfers.into_iter().map(EngineEvent::Transfer))
            .chain(self.timeline.into_iter().map(EngineEvent::Timeline))
            .chain([EngineEvent::ExternalEdits(self.external_edits)])
            .chain(self.prompts.into_iter().map(EngineEvent::Prompt))
            .collect()
    }
}

/// One connection of a host, and whose shells are on it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct LaneView {
    #[serde(flatten)]
    pub health: LaneHealth,
    pub terminals: Vec<TerminalId>,
}
