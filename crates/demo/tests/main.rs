//! The demo host against a client of russh and against OpenSSH's own.

#[cfg(target_os = "linux")]
mod commands;
#[cfg(target_os = "linux")]
mod endings;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod logins;
#[cfg(target_os = "linux")]
mod openssh;
#[cfg(target_os = "linux")]
mod support;
#[cfg(target_os = "linux")]
mod terminal;
