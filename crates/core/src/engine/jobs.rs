//! The transfer queue, as a person sees it.

use std::path::Path;
use std::sync::{Arc, OnceLock, Weak};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::view::EngineEvent;
use super::{Engine, Inner};
use crate::connection::Connection;
use crate::connection::state::{ConnectionState, ConnectionView};
use crate::error::{Error, Result};
use crate::exec::{self, ExecEnd, ExecEvent, ExecRequest, Program, Stream};
use crate::files::place::FilesPlace;
use crate::files::session::Files;
use crate::host::{HostId, StoreNotice};
use crate::pool::spare_lanes::SpareLanes;
use crate::transfer::copy::{self, Hosts};
use crate::transfer::job::{ConflictAnswer, JobId, JobLimits, JobOrder, JobRequest, JobsView};
use crate::transfer::queue::Queue;

/// The engine as jobs reach it. It is there once the engine has started, and they do not keep it.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    engine: Arc<OnceLock<Weak<Inner>>>,
    spare: SpareLanes,
}

impl Reach {
    pub fn set(&self, engine: &Arc<Inner>) {
        let _ = self.engine.set(Arc::downgrade(engine));
    }

    fn engine(&self) -> Result<Engine> {
        let inner = self.engine.get().and_then(Weak::upgrade);
        inner.map(|inner| Engine { inner }).ok_or_else(|| Error::internal("the engine has ended"))
    }
}

impl Hosts for Reach {
    fn files(&self, host: &HostId, again: bool) -> BoxFuture<'static, Result<Files>> {
        let (reach, host) = (self.clone(), host.clone());
        async move {
            if let FilesPlace::Elevated(_) = FilesPlace::of(&host) {
                // That of the panel: a password was typed for it, and is not asked for again.
                return reach.engine()?.used(&host).await.map(|used| Files::clone(&used));
            }
            let (pool, make_target) = {
                let engine = reach.engine()?;
                (engine.inner.pool.clone(), engine.make_target(&host))
            };
            let place = if again {
                pool.place_again(&host, make_target).await?
            } else {
                pool.place(&host, make_target).await?
            };
            if let Ok(engine) = reach.engine() {
                engine.record_remembered(place.connection(), &host).await;
            }
            Files::open(place, &Program::Subsystem("sftp".to_owned())).await
        }
        .boxed()
    }

    fn is_up(&self, host: &HostId) -> bool {
        self.engine().is_ok_and(|engine| match FilesPlace::of(host) {
            FilesPlace::Elevated(_) => engine.has_files_of(host),
            FilesPlace::Here | FilesPlace::Host(_) => {
                engine.inner.pool.views().iter().any(|view| is_up(view, host))
            }
        })
    }

    fn bulk(&self, host: &HostId, beside: &Arc<Connection>) -> BoxFuture<'static, Result<Files>> {
        let (reach, host) = (self.clone(), host.clone());
        let spare = self.spare.take(&host, beside);
        async move {
            if let Some(files) = spare {
                return Ok(files);
            }
            if let FilesPlace::Elevated(_) = FilesPlace::of(&host) {
                return Err(Error::internal("root has one session"));
            }
            let (pool, make_target) = {
                let engine = reach.engine()?;
                (engine.inner.pool.clone(), engine.make_target(&host))
            };
            Files::open(pool.bulk(make_target).await?, &Program::Subsystem("sftp".to_owned())).await
        }
        .boxed()
    }

    fn bulk_done(&self, host: &HostId, beside: &Arc<Connection>, files: Files) {
        self.spare.put(host, beside, files);
    }

    fn output(
        &self,
        host: &HostId,
        line: Vec<u8>,
        most: usize,
    ) -> BoxFuture<'static, Result<Option<Vec<u8>>>> {
        let (reach, host) = (self.clone(), host.clone());
        async move {
            // The account itself may not read what root may.
            if let FilesPlace::Elevated(_) = FilesPlace::of(&host) {
                return Ok(None);
            }
            let (pool, make_target) = {
                let engine = reach.engine()?;
                (engine.inner.pool.clone(), engine.make_target(&host))
            };
            let place = pool.place(&host, make_target).await?;
            let mut exec = exec::start(place, ExecRequest::command(line)).await?;
            // A shell in the place of the command would wait for what is typed.
            exec.input.close().await;
            let mut said = Vec::new();
            while let Some(event) = exec.output.next().await {
                match event {
                    ExecEvent::Output { stream: Stream::Stdout, bytes }
                        if said.len() + bytes.len() <= most =>
                    {
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
        .boxed()
    }
}

fn is_up(view: &ConnectionView, host: &HostId) -> bool {
    view.host_id == *host && view.state == ConnectionState::Up
}

/// Tells the queue of hosts that are connected now: jobs may have left something there.
pub(super) async fn follow(reach: Reach, mut events: broadcast::Receiver<EngineEvent>) {
    loop {
        match events.recv().await {
            Ok(EngineEvent::Connection(view)) if view.state == ConnectionState::Up => {
                let Ok(engine) = reach.engine() else { return };
                engine.inner.jobs.connected(&view.host_id);
            }
            // The next connection is another chance.
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Opens the queue of a data folder that is ours.
pub(super) fn open(
    folder: &Path,
    ended: CancellationToken,
    events: broadcast::Sender<EngineEvent>,
) -> (Queue, Reach, Vec<StoreNotice>) {
    let reach = Reach::default();
    let hosts: Arc<dyn Hosts> = Arc::new(reach.clone());
    let run = {
        let hosts = Arc::clone(&hosts);
        Arc::new(move |live| copy::run(Arc::clone(&hosts), live).boxed())
    };
    let clean = Arc::new(move |live| copy::clean(Arc::clone(&hosts), live).boxed());
    let tell = Arc::new(move |view| drop(events.send(EngineEvent::Jobs(view))));
    let (queue, notices) = Queue::open(folder, ended, run, clean, tell);
    (queue, reach, notices)
}

impl Engine {
    /// The transfer queue as it is.
    pub async fn jobs(&self) -> Result<JobsView> {
        Ok(self.inner.jobs.view())
    }

    /// Takes a transfer on. When this returns, it survives a crash.
    ///
    /// # Errors
    /// See [`Queue::add`].
    pub async fn job_add(&self, request: JobRequest) -> Result<JobId> {
        self.inner.jobs.add(request).await
    }

    /// # Errors
    /// See [`Queue::order`].
    pub async fn job_order(&self, id: JobId, order: JobOrder) -> Result<()> {
        self.inner.jobs.order(id, order)
    }

    /// Says what happens to a file that is in the way.
    ///
    /// # Errors
    /// See [`Queue::answer`].
    pub async fn job_answer(&self, id: JobId, answer: ConflictAnswer) -> Result<()> {
        self.inner.jobs.answer(id, answer)
    }

    pub async fn job_limits(&self) -> Result<JobLimits> {
        Ok(self.inner.jobs.limits())
    }

    /// Holds from now on, also after a restart.
    pub async fn job_limits_set(&self, limits: JobLimits) -> Result<()> {
        self.inner.jobs.set_limits(limits);
        Ok(())
    }
}
