//! The hosts of a copy, as the engine's jobs reach them: one connection each, which is dialled again when it is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bowline_core::connection::{Connection, SessionPlace};
use bowline_core::engine::headless::Headless;
use bowline_core::error::{Error, Result};
use bowline_core::exec::{self, ExecEnd, ExecEvent, ExecRequest, Program, Stream};
use bowline_core::files::session::Files;
use bowline_core::host::HostId;
use bowline_core::transfer::copy::Hosts;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Mutex;

use crate::ask::Policy;
use crate::borrow;
use crate::open;
use crate::options::Options;
use crate::resolve::Resolved;

/// How long a lost connection is tried again, one after the other: half a minute in all.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

/// Hosts by the names that were typed, which are their ids here. Clones share the connections.
#[derive(Clone)]
pub struct Named(Arc<Inner>);

struct Inner {
    /// A host that was lost is tried for ever.
    patient: AtomicBool,
    engine: Headless,
    policy: Policy,
    hosts: BTreeMap<HostId, One>,
}

struct One {
    resolved: Resolved,
    /// The app's connections may be used, where another one would ask the person.
    may_borrow: bool,
    /// The newest connection; whoever needs one waits for whoever dials.
    connection: Mutex<Option<Arc<Connection>>>,
}

impl Named {
    pub fn new(engine: Headless, policy: Policy, options: &Options, hosts: Vec<(String, Resolved)>) -> Self {
        let one = |resolved| {
            let may_borrow = borrow::is_wanted(options, &resolved);
            One { resolved, may_borrow, connection: Mutex::new(None) }
        };
        let hosts = hosts.into_iter().map(|(name, resolved)| (HostId(name), one(resolved))).collect();
        Self(Arc::new(Inner { patient: AtomicBool::new(false), engine, policy, hosts }))
    }

    /// From now on a host that is lost is tried until it is back.
    pub fn be_patient(&self) {
        self.0.patient.store(true, Ordering::Relaxed);
    }

    pub async fn close(&self) {
        for one in self.0.hosts.values() {
            if let Some(connection) = one.connection.lock().await.take() {
                connection.close().await;
            }
        }
    }

    /// An SFTP session on a host that was named.
    ///
    /// # Errors
    /// What kept the connection or the session from being opened.
    pub async fn open(&self, host: &HostId, again: bool) -> Result<Files> {
        if let Some(files) = self.borrowed(host).await {
            return files;
        }
        let place = self.place(host, again).await?;
        Files::open(place, &Program::Subsystem("sftp".to_owned())).await
    }

    /// Over a connection of the app; none where there is none to borrow, or there is one of ours already.
    async fn borrowed(&self, host: &HostId) -> Option<Result<Files>> {
        let one = self.0.hosts.get(host).filter(|one| one.may_borrow)?;
        let own = one.connection.lock().await;
        if own.is_some() {
            return None;
        }
        drop(own);
        borrow::files(&host.0, &one.resolved).await
    }

    async fn place(&self, host: &HostId, again: bool) -> Result<SessionPlace> {
        let one = self.0.hosts.get(host).ok_or_else(|| Error::internal("a host that nobody named"))?;
        let mut connection = one.connection.lock().await;
        if let Some(place) = connection.as_ref().and_then(Connection::reserve) {
            return Ok(place);
        }
        let longest = PAUSES.last().filter(|_| self.0.patient.load(Ordering::Relaxed));
        let first = if again { PAUSES.iter() } else { [].iter() };
        let mut pauses = first.chain(longest.into_iter().filter(|_| again).cycle());
        loop {
            match open::connect(&self.0.engine, &one.resolved, &self.0.policy).await {
                Ok(fresh) => {
                    let place = fresh.reserve().ok_or_else(|| Error::internal("a new connection is full"));
                    *connection = Some(fresh);
                    return place;
                }
                Err((code, message)) => match pauses.next() {
                    // Who has to decide is not asked five times.
                    Some(pause) if code.is_lost_connection() => tokio::time::sleep(*pause).await,
                    _ => return Err(Error::new(code, message)),
                },
            }
        }
    }

    async fn run(self, host: HostId, line: Vec<u8>, most: usize) -> Result<Option<Vec<u8>>> {
        let mut exec = exec::start(self.place(&host, false).await?, ExecRequest::command(line)).await?;
        // A shell in the place of the command would wait for what is typed.
        exec.input.close().await;
        let mut said = Vec::new();
        while let Some(event) = exec.output.next().await {
            match event {
                ExecEvent::Output { stream: Stream::Stdout, bytes } if said.len() + bytes.len() <= most => {
                    said.extend_from_slice(&bytes);
                }
                ExecEvent::Output { stream: Stream::Stderr, .. } => {}
                ExecEvent::Output { stream: Stream::Stdout, .. } => return Ok(None),
                ExecEvent::Ended(ExecEnd::Exited { status: 0 }) => return Ok(Some(said)),
                ExecEvent::Ended(_) => return Ok(None),
            }
        }
        Ok(None)
    }
}

impl Hosts for Named {
    fn files(&self, host: &HostId, again: bool) -> BoxFuture<'static, Result<Files>> {
        let (hosts, host) = (self.clone(), host.clone());
        async move { hosts.open(&host, again).await }.boxed()
    }

    /// The command was called for these hosts.
    fn is_up(&self, _: &HostId) -> bool {
        true
    }

    fn bulk(&self, host: &HostId, _: &Arc<Connection>) -> BoxFuture<'static, Result<Files>> {
        let (hosts, host) = (self.clone(), host.clone());
        async move {
            let one = hosts.0.hosts.get(&host).ok_or_else(|| Error::internal("a host that nobody named"))?;
            let place = hosts.0.engine.connect_bulk(one.resolved.target.clone()).await?;
            Files::open(place, &Program::Subsystem("sftp".to_owned())).await
        }
        .boxed()
    }

    /// One command has one job.
    fn bulk_done(&self, _: &HostId, _: &Arc<Connection>, _: Files) {}

    fn output(
        &self,
        host: &HostId,
        line: Vec<u8>,
        most: usize,
    ) -> BoxFuture<'static, Result<Option<Vec<u8>>>> {
        self.clone().run(host.clone(), line, most).boxed()
    }
}
