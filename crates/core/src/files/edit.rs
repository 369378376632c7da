//! Changing a file of a host in place: what it was when it was read, and how a changed one takes its place so that nobody's
//! work is lost.

pub mod command;
pub mod drafts;
pub mod external;
pub mod left;
pub mod local;
pub mod look;
pub mod open;
pub mod save;
pub mod text;
pub mod view;
