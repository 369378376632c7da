//! Two hosts and a pipe between them, and what is left of its programs.

use std::time::Duration;

use bowline_core::engine::pipes::{PipeId, PipeText, PipeView};
use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::pipe::saved::{PipeCommand, PipeDraft};

use crate::desk::{Desk, at};
use crate::eventually::{PATIENCE, eventually};
use crate::fault_proxy::FaultProxy;
use crate::processes;
use crate::sshd::Sshd;

/// A command on a host. Its processes, and what they start, can be found by the mark.
pub fn command(host: &HostId, mark: &str, line: &str) -> PipeCommand {
    PipeCommand { host_id: host.clone(), line: format!("export PIPE_MARK={mark}; {line}"), tee: None }
}

pub fn draft(commands: Vec<PipeCommand>) -> PipeDraft {
    PipeDraft { commands, ..PipeDraft::default() }
}

/// The processes that carry a mark.
pub fn marked(mark: &str) -> Vec<u32> {
    let mark = format!("PIPE_MARK={mark}");
    let has = |process: &u32| {
        ["environ", "cmdline"].iter().any(|of| {
            let text = std::fs::read(format!("/proc/{process}/{of}")).unwrap_or_default();
            text.windows(mark.len()).any(|part| part == mark.as_bytes())
        })
    };
    let all = std::fs::read_dir("/proc").expect("a list of processes");
    let numbers = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers
        .filter(|process| *process != std::process::id() && processes::is_alive(*process))
        .filter(has)
        .collect()
}

/// Waits until no process carries the mark.
pub async fn none_left(mark: &str) {
    let mut left = Vec::new();
    eventually("no process is left", || {
        left = marked(mark);
        left.is_empty()
    })
    .await;
}

/// Waits until so many stages run: each is at least one process.
pub async fn some_run(mark: &str, count: usize) {
    eventually("the stages run", || marked(mark).len() >= count).await;
}

/// Two hosts, each with a server of its own.
#[derive(Debug)]
pub struct Two {
    pub desk: Desk,
    pub servers: [Sshd; 2],
    pub a: HostId,
    pub b: HostId,
}

impl Two {
    pub async fn start() -> Option<Self> {
        Some(Self::at([crate::available(Sshd::start().await)?, crate::available(Sshd::start().await)?]).await)
    }

    pub async fn at(servers: [Sshd; 2]) -> Self {
        let desk = Desk::new().await;
        desk.answer_with("");
        let [a, b] = &servers;
        let known = format!("{}{}", a.known_hosts(), b.known_hosts());
        std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("known_hosts is written");
        let (a, b) = (desk.save(a, AuthMethod::Key).await, desk.save(b, AuthMethod::Key).await);
        Self { desk, servers, a, b }
    }

    /// A further name of one of them, through a proxy.
    pub async fn through(&self, server: &Sshd, proxy: &FaultProxy) -> HostId {
        let draft = HostDraft {
            user: server.user().to_owned(),
            auth: AuthMethod::Key,
            key_path: server.client_key_file().to_string_lossy().into_owned(),
            ..at(proxy.address())
        };
        // Nobody may be asked while a pipe connects: its key is known from here on.
        let id = self.desk.save_draft(draft).await;
        let request = bowline_core::exec::ExecRequest::command("true");
        let mut exec = self.desk.engine.exec(&id, request).await.expect("it connects");
        while exec.output.next().await.is_some() {}
        self.desk.engine.host_disconnect(id.clone()).await.expect("it is let go");
        id
    }
}

impl Desk {
    pub async fn pipe(&self, draft: PipeDraft) -> PipeId {
        self.engine.pipe_run(draft).await.expect("it is a pipe")
    }

    pub async fn pipe_view(&self, id: PipeId) -> PipeView {
        let pipes = self.engine.pipes().await.expect("the pipes").pipes;
        pipes.into_iter().find(|pipe| pipe.id == id).expect("the pipe is there")
    }

    /// Waits until what is told of a pipe is so.
    pub async fn pipe_is(&self, id: PipeId, so: impl Fn(&PipeView) -> bool) -> PipeView {
        let deadline = tokio::time::Instant::now() + PATIENCE * 3;
        loop {
            let view = self.pipe_view(id).await;
            if so(&view) {
                return view;
            }
            assert!(tokio::time::Instant::now() < deadline, "it never became so: {view:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Runs a pipe to its end.
    pub async fn piped(&self, draft: PipeDraft) -> PipeView {
        let id = self.pipe(draft).await;
        self.pipe_is(id, |view| !view.running).await
    }

    /// What the last program wrote.
    pub async fn pipe_output(&self, view: &PipeView) -> String {
        self.engine.pipe_text(view.id, PipeText::Output).await.expect("the text")
    }

    pub async fn pipe_stderr(&self, view: &PipeView, stage: u32) -> String {
        self.engine.pipe_text(view.id, PipeText::Stderr { stage }).await.expect("the text")
    }
}
