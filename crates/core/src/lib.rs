//! The engine of Bowline. It owns hosts, connections and terminals; a window is only a view of it. It never names Tauri.

pub mod auth;
mod clock;
pub mod connection;
pub mod engine;
pub mod error;
pub mod exec;
pub mod files;
pub mod host;
mod json_file;
#[cfg(unix)]
pub mod lend;
pub mod network;
pub mod part_file;
pub mod pipe;
pub mod pool;
pub mod prompt;
pub mod run;
pub mod snippet;
pub mod terminal;
pub mod timeline;
pub mod transfer;
pub mod trust;
pub mod tunnel;
pub mod wire;
pub mod workspace;
