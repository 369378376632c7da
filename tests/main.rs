//! The engine against real servers, real faults and hostile peers: one program, a module for each theme.

mod algorithms;
mod attach;
mod bad_servers;
mod captures;
mod comeback;
mod configured;
#[cfg(target_os = "linux")]
mod copy_out;
mod detached;
mod dialling;
#[cfg(target_os = "linux")]
mod drafts;
#[cfg(target_os = "linux")]
mod drag_out;
#[cfg(target_os = "linux")]
mod edit_in_place;
mod exec;
mod factors;
mod fault_matrix;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod files_elevated;
#[cfg(target_os = "linux")]
mod files_here;
#[cfg(target_os = "linux")]
mod files_panel;
mod flood;
mod host_keys;
mod hostile;
mod keys;
mod kit_fault_proxy;
mod kit_hostile_server;
mod kit_sshd;
mod known_hosts;
#[cfg(target_os = "linux")]
mod lend;
#[cfg(target_os = "linux")]
mod local_shells;
mod login;
#[cfg(target_os = "linux")]
mod long_link;
mod pipes;
mod rekey;
mod runs;
mod scripted_logins;
mod secrets;
#[cfg(target_os = "linux")]
mod sftp;
mod shell;
mod shell_integration;
#[cfg(unix)]
mod ssh_config;
#[cfg(target_os = "linux")]
mod sync;
#[cfg(target_os = "linux")]
mod terminal_directory;
#[cfg(target_os = "linux")]
mod transfer_faults;
#[cfg(target_os = "linux")]
mod transfer_lanes;
#[cfg(target_os = "linux")]
mod transfer_leftovers;
#[cfg(target_os = "linux")]
mod transfer_matrix;
#[cfg(target_os = "linux")]
mod transfer_servers;
#[cfg(target_os = "linux")]
mod transfer_trees;
#[cfg(target_os = "linux")]
mod transfers;
mod tunnel_browser;
mod tunnel_faults;
mod tunnels;
