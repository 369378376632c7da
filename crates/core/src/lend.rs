//! The app lends its connections to the `bowline` command of the same person, through a socket that only they can reach: what
//! is connected and logged in already need not be dialled, and nobody is asked a password twice.
//!
//! One connection to the socket is one session. Only what is up is lent: nothing is dialled for a command in a way that could
//! ask the person anything, and what the command means has to be what the app has (`key.rs`). In doubt it dials by itself.
//!
//! ```text
//! lend/place.rs    where the socket is, and whose it is
//! lend/key.rs      when two targets are the same
//! lend/wire.rs     what is said on it: frames and messages
//! lend/serve.rs    the app's side;  lend/session.rs: one session of it
//! lend/borrow.rs   the command's side;  lend/direct.rs: both sides of a connection to somewhere behind a host
//! engine/lend.rs   which connections are lent
//! ```

pub mod borrow;
pub mod direct;
pub mod key;
pub mod place;
pub mod serve;
mod session;
pub mod wire;
