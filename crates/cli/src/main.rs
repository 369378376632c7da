//! The `bowline` command: a terminal or a command on a host, with Bowline's engine and without its window.
//!
//! ```text
//! options.rs    what was typed, with ssh(1)'s letters
//! resolve.rs    from a name to a target and the settings around it
//! ask.rs        the engine's questions, on the terminal
//! connect.rs    bowline connect;  exec.rs: bowline exec;  hosts.rs: bowline hosts;  desktop.rs: bowline open
//! doctor.rs     bowline doctor;  help.rs: what each command is for;  completions.rs: for the shells;  style.rs: colours
//! cp.rs         bowline cp: place.rs, pattern.rs and found.rs say what a word means, hosts.rs how its host is reached
//! sync.rs       bowline sync: words.rs what was typed, lines.rs what is said
//! tunnel.rs     bowline tunnel: forwardings
//! ssh.rs        bowline ssh, in place of ssh(1): words.rs what was typed, forwards.rs, background.rs (-f)
//! borrow.rs     connections of the app that runs;  lost.rs: those that were lost, in words
//! relay.rs      one program: local input to it, its output to us, signals
//! stdio.rs      standard input and output without blocking anything;  tty.rs: the terminal;  escape.rs: `~.`
//! ```

#[cfg(unix)]
mod ask;
#[cfg(unix)]
mod borrow;
#[cfg(unix)]
mod command;
#[cfg(unix)]
mod completions;
#[cfg(unix)]
mod connect;
#[cfg(unix)]
mod cp;
#[cfg(unix)]
mod desktop;
#[cfg(unix)]
mod doctor;
#[cfg(unix)]
mod escape;
#[cfg(unix)]
mod exec;
#[cfg(unix)]
mod help;
#[cfg(unix)]
mod hosts;
#[cfg(unix)]
mod lines;
#[cfg(unix)]
mod lost;
#[cfg(unix)]
mod open;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod pipe;
#[cfg(unix)]
mod relay;
#[cfg(unix)]
mod resolve;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod ssh;
#[cfg(unix)]
mod stdio;
#[cfg(unix)]
mod style;
#[cfg(unix)]
mod sync;
#[cfg(unix)]
mod tty;
#[cfg(unix)]
mod tunnel;

#[cfg(unix)]
fn main() {
    command::main();
}

#[cfg(not(unix))]
fn main() {
    eprintln!("bowline: the command does not run on this system yet; the app does.");
    std::process::exit(255);
}
