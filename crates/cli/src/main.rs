//! The `bowline` command: a terminal or a command on a host, with Bowline's engine and without its window.
//!
//! ```text
//! options.rs    what was typed, with ssh(1)'s letters
//! resolve.rs    from a name to a target and the settings around it
//! ask.rs        the engine's questions, on the terminal
//! connect.rs    bowline connect;  exec.rs: bowline exec;  hosts.rs: bowline hosts
//! relay.rs      one program: local input to it, its output to us, signals
//! stdio.rs      standard input and output without blocking anything;  tty.rs: the terminal;  escape.rs: `~.`
//! ```

#[cfg(unix)]
mod ask;
#[cfg(unix)]
mod command;
#[cfg(unix)]
mod connect;
#[cfg(unix)]
mod escape;
#[cfg(unix)]
mod exec;
#[cfg(unix)]
mod hosts;
#[cfg(unix)]
mod lines;
#[cfg(unix)]
mod open;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod relay;
#[cfg(unix)]
mod resolve;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod stdio;
#[cfg(unix)]
mod tty;

#[cfg(unix)]
fn main() {
    command::main();
}

#[cfg(not(unix))]
fn main() {
    eprintln!("bowline: the command does not run on this system yet; the app does.");
    std::process::exit(255);
}
