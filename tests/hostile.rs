//! Servers that break the protocol on purpose, before, during and after the login. Each ends with a message of ours or is
//! survived, in bounded memory, without a panic, within half a minute.

use std::future::Future;
use std::io;
use std::time::Duration;

use bowline_core::connection::state::ConnectionState;
use bowline_core::error::{ErrorCode, Problem};
use bowline_core::host::AuthMethod;
use bowline_core::host::HostDraft;
use bowline_core::terminal::state::TerminalEnd;
use bowline_tests::desk::{Desk, Screen, at};
use bowline_tests::memory::Watch;
use bowline_tests::raw_ssh::{Message, Offer, RawPeer, RawServer, msg};
use tokio::time::{Instant, timeout};

mod floods;
mod key_exchange;
mod session;
mod texts;

/// By how much memory may grow for one hostile server.
const MEMORY_MIB: f64 = 16.0;
/// How long one may keep us.
const TIME: Duration = Duration::from_secs(30);

/// A desk that trusts what it meets, and a terminal that is opened at this server.
struct Meeting {
    desk: Desk,
    watch: Watch,
    _server: RawServer,
    host: bowline_core::host::HostId,
}

impl Meeting {
    async fn with<F, S>(script: S) -> Meeting
    where
        S: Fn(RawPeer) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let server = RawServer::start(script).await;
        let desk = Desk::new().await;
        desk.answer_with("secret");
        let draft = HostDraft { auth: AuthMethod::Password, ..at(server.address()) };
        let host = desk.save_draft(draft).await;
        Meeting { desk, watch: Watch::start(), _server: server, host }
    }

    /// Meets a server with which no shell comes about.
    async fn fails(&self) -> Problem {
        let problem = timeout(TIME, self.ends()).await.expect("within the time");
        self.watch.check(MEMORY_MIB);
        let down = self.desk.states(&self.host);
        assert!(
            down.iter()
                .any(|state| matches!(state, ConnectionState::Down { .. } | ConnectionState::Halted { .. })),
            "{down:?}"
        );
        problem
    }

    async fn ends(&self) -> Problem {
        let screen = self.desk.open(&self.host).await;
        match ended(&screen).await {
            TerminalEnd::Failed { problem } => problem,
            other => panic!("it was to fail, but {other:?}"),
        }
    }

    /// Meets a server that goes on after it did its worst: what it says last is shown.
    async fn survives(&self, last: &str) -> Screen<'_> {
        let screen = self.desk.open(&self.host).await;
        timeout(TIME, screen.shows(last)).await.expect("within the time");
        self.watch.check(MEMORY_MIB);
        screen
    }
}

/// The end of a terminal, or the loss of its connection, however long it takes.
async fn ended(screen: &Screen<'_>) -> TerminalEnd {
    loop {
        if let Ok(end) = timeout(Duration::from_secs(15), screen.gone()).await {
            return end;
        }
    }
}

fn is_control_free(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn data(channel: u32, text: impl AsRef<[u8]>) -> Message {
    Message::of(msg::CHANNEL_DATA).u32(channel).string(text)
}

/// Logs anybody in and gives a shell.
async fn shell(peer: &mut RawPeer) -> io::Result<u32> {
    peer.key_exchange().await?;
    peer.accept_login().await?;
    peer.accept_shell().await
}

#[tokio::test]
async fn the_kit_s_own_server_is_a_server_when_it_behaves() {
    let meeting = Meeting::with(|mut peer| async move {
        let channel = shell(&mut peer).await?;
        peer.send(data(channel, "hello from a raw server")).await?;
        peer.send(Message::of(msg::CHANNEL_REQUEST).u32(channel).string("exit-status").bool(false).u32(44))
            .await?;
        peer.send(Message::of(msg::CHANNEL_CLOSE).u32(channel)).await?;
        peer.serve().await
    })
    .await;
    let screen = meeting.survives("hello from a raw server").await;
    assert_eq!(screen.end().await, TerminalEnd::Exited { status: 44 });
}

#[tokio::test]
async fn silence_in_each_phase_is_left_within_its_time() {
    let phases = ["connected", "identified", "exchanging keys", "encrypted", "logging in"];
    let mut meetings = Vec::new();
    for (number, phase) in phases.into_iter().enumerate() {
        let meeting = Meeting::with(move |mut peer| async move {
            if number > 0 {
                peer.identify().await?;
            }
            if number > 1 {
                peer.negotiate(&Offer::default()).await?;
                let client = peer.ephemeral().await?;
                if number > 2 {
                    peer.finish_key_exchange(&client).await?;
                }
            }
            if number > 3 {
                peer.accept_service().await?;
            }
            std::future::pending().await
        });
        meetings.push((phase, meeting.await));
    }
    // All at once, because each takes its time.
    let watch = Watch::start();
    let started = Instant::now();
    let leaving = meetings.iter().map(async |(phase, meeting)| {
        let problem = meeting.ends().await;
        assert_eq!(problem.code, ErrorCode::SilentServer, "{phase}: {}", problem.message);
        // The time for the login begins when the keys are agreed on.
        assert!(started.elapsed() < TIME + Duration::from_secs(5), "{phase}: {:?}", started.elapsed());
    });
    futures::future::join_all(leaving).await;
    watch.check(MEMORY_MIB);
}
