//! Runs: one command on one host or on many, with what it wrote and how it ended on each.
//!
//! [`once`] runs it on one connection, [`kept`] bounds what is remembered of its output, [`stop`] ends its processes.
//! [`detached`] leaves one running on its host.

pub mod detached;
pub mod export;
pub mod folder;
pub mod group;
pub mod kept;
pub mod once;
pub mod stop;
pub mod text;
pub mod view;
