//! Where the output of one stage goes: into the next one, and into a file on the way.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::course::{Ending, Order};
use super::file::{TargetFile, failed};
use super::live::StageEnd;
use super::{Drain, DrainFault, Shared, Written};
use crate::error::Error;
use crate::exec::ExecInput;

/// What takes the output.
pub enum Consumer {
    Program(ExecInput),
    File(TargetFile),
    Stream(Box<dyn Drain>),
    /// The end of it is kept.
    Shown,
}

/// Why it was not taken.
enum Refused {
    /// It takes nothing any more, and says why by itself.
    Gone,
    Failed(Error),
}

impl Consumer {
    /// There is no more. A file is finished by its [`Outlet`].
    ///
    /// # Errors
    /// Not all of it was taken.
    pub async fn finish(self) -> Result<(), DrainFault> {
        match self {
            Consumer::Program(input) => {
                input.close().await;
                Ok(())
            }
            Consumer::Stream(mut drain) => drain.finish().await,
            Consumer::File(_) | Consumer::Shown => Ok(()),
        }
    }
}

/// How it went with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Done,
    /// The stage has to end; so far nobody knows what became of the piece.
    Ordered(Order),
}

/// The way out of one stage.
pub struct Outlet {
    shared: Arc<Shared>,
    stage: usize,
    consumer: Option<Consumer>,
    tee: Option<TargetFile>,
}

impl Outlet {
    pub fn new(shared: Arc<Shared>, stage: usize, consumer: Consumer, tee: Option<TargetFile>) -> Self {
        if matches!(consumer, Consumer::File(_)) {
            shared.live.runs(stage + 1);
        }
        Self { shared, stage, consumer: Some(consumer), tee }
    }

    /// Passes a piece on, and waits until it is taken or the stage has to end.
    pub async fn put(&mut self, bytes: Bytes, orders: &mut watch::Receiver<Option<Order>>) -> Put {
        if let Some(tee) = &mut self.tee {
            let written = tokio::select! {
                written = tee.write(&bytes) => written,
                order = ordered(orders, Order::HangUp) => return Put::Ordered(order),
            };
            if let Err(error) = written {
                // As with tee(1), the others get it all the same.
                self.shared.live.tee_failed(self.stage, error.problem());
                self.give_back_tee(false);
            }
        }
        let length = bytes.len();
        let taken = tokio::select! {
            taken = take(self.consumer.as_mut(), &self.shared, bytes) => taken,
            order = ordered(orders, Order::HangUp) => return Put::Ordered(order),
        };
        match taken {
            Ok(()) => {
                self.shared.live.passed(self.stage, length);
                Put::Done
            }
            Err(Refused::Gone) => Put::Ordered(Order::HangUp),
            Err(Refused::Failed(error)) => {
                let next = self.stage + 1;
                let end = StageEnd::Failed { problem: error.problem() };
                match self.consumer {
                    Some(Consumer::Stream(_)) => self.shared.live.output_ended(end),
                    _ => self.shared.live.ended(next, end),
                }
                self.give_back_file(false);
                self.shared.has_ended(next, Ending::Torn);
                Put::Ordered(Order::HangUp)
            }
        }
    }

    /// All was put: the next one's input ends here. Once. Waits until files have it, or all has to end.
    pub async fn finish(&mut self, orders: &mut watch::Receiver<Option<Order>>) -> Put {
        tokio::select! {
            biased;
            () = self.finish_all() => Put::Done,
            order = ordered(orders, Order::End) => Put::Ordered(order),
        }
    }

    async fn finish_all(&mut self) {
        if let Some(tee) = &mut self.tee {
            let finished = tee.finish().await;
            if let Err(error) = &finished {
                self.shared.live.tee_failed(self.stage, error.problem());
            }
            self.give_back_tee(finished.is_ok());
        }
        let next = self.stage + 1;
        if let Some(Consumer::File(file)) = &mut self.consumer {
            let end = match file.finish().await {
                Ok(()) => StageEnd::Done,
                Err(error) => StageEnd::Failed { problem: error.problem() },
            };
            let whole = end.is_well();
            self.shared.live.ended(next, end);
            self.give_back_file(whole);
            self.shared.has_ended(next, Ending::Whole);
        }
        match self.consumer.take() {
            None | Some(Consumer::File(_)) => {}
            Some(other @ (Consumer::Program(_) | Consumer::Stream(_) | Consumer::Shown)) => {
                match other.finish().await {
                    Ok(()) => {}
                    Err(DrainFault::Closed) => self.shared.live.output_ended(StageEnd::Unread),
                    Err(DrainFault::Failed(error)) => {
                        let problem = not_written(error).problem();
                        self.shared.live.output_ended(StageEnd::Failed { problem });
                    }
                }
            }
        }
    }

    fn give_back_tee(&mut self, whole: bool) {
        if let Some(file) = self.tee.take() {
            self.shared.has_written(Written { stage: self.stage, file, whole, tee: true });
        }
    }

    fn give_back_file(&mut self, whole: bool) {
        match self.consumer.take() {
            Some(Consumer::File(file)) => {
                let stage = self.stage + 1;
                self.shared.live.ended(stage, StageEnd::Stopped { confirmed: true });
                self.shared.has_written(Written { stage, file, whole, tee: false });
            }
            other => self.consumer = other,
        }
    }
}

impl Drop for Outlet {
    /// What was not finished is not whole. The input of a program does not end here: it is dropped.
    fn drop(&mut self) {
        self.give_back_tee(false);
        self.give_back_file(false);
    }
}

async fn take(consumer: Option<&mut Consumer>, shared: &Shared, bytes: Bytes) -> Result<(), Refused> {
    match consumer {
        None => Err(Refused::Gone),
        Some(Consumer::Program(input)) => input.write(&bytes).await.map_err(|_| Refused::Gone),
        Some(Consumer::File(file)) => file.write(&bytes).await.map_err(Refused::Failed),
        Some(Consumer::Stream(drain)) => drain.take(bytes).await.map_err(|fault| match fault {
            DrainFault::Closed => Refused::Gone,
            DrainFault::Failed(error) => Refused::Failed(not_written(error)),
        }),
        Some(Consumer::Shown) => {
            shared.live.output(&bytes);
            Ok(())
        }
    }
}

fn not_written(error: std::io::Error) -> Error {
    failed(Path::new("standard output"), error)
}

/// What the stage is to do, if that is so much. A pipe that is gone wants nothing any more.
pub async fn ordered(orders: &mut watch::Receiver<Option<Order>>, least: Order) -> Order {
    let enough = |order: &Option<Order>| order.is_some_and(|order| order >= least);
    orders.wait_for(enough).await.ok().and_then(|order| *order).unwrap_or(Order::End)
}
