//! The `bowline` command against a real sshd, as scripts and people use it.
// setsid(1), stty(1) and /proc; those of other systems differ.
#![cfg(target_os = "linux")]

mod command;
mod config;
mod kit;
mod terminal;
