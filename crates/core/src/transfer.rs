//! Copying files between this computer and hosts: the queue of jobs, what runs one of them, and, purely, what a transfer
//! decides. Under which name something is written and that this lies in the folder of the person's choice, what happens where
//! something stands already, when two folders are alike, and from where a transfer that was cut goes on.

pub mod conflict;
pub mod copy;
pub mod job;
pub mod name;
pub mod plan;
pub mod queue;
pub mod resume;
mod room;
pub mod sync;
