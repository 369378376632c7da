//! The engine of Bowline. It owns hosts, connections and terminals; a window is only a view of it. It never names Tauri.

pub mod auth;
mod clock;
pub mod connection;
pub mod engine;
pub mod error;
pub mod exec;
pub mod host;
pub mod network;
pub mod pool;
pub mod prompt;
pub mod snippet;
pub mod terminal;
pub mod timeline;
pub mod trust;
pub mod wire;
pub mod workspace;
