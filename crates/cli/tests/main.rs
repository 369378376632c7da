//! The `bowline` command against a real sshd, as scripts and people use it.
// setsid(1), stty(1) and /proc; those of other systems differ.
#![cfg(target_os = "linux")]

mod command;
mod config;
mod copy;
mod doctor;
mod exec;
mod help;
mod hosts;
mod kit;
mod open;
mod pipe;
mod ssh_mode;
mod sshfs;
mod sync;
mod terminal;
mod tunnel;
