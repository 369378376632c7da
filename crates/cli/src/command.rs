//! From the arguments to an exit status.

use std::ffi::OsString;
use std::io::Write;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::options::{self, Command};
use crate::{connect, exec, hosts, tty};

/// The status of a failure of our own, as ssh(1) has it.
pub const FAILED: u8 = 255;

const HELP: &str = "\
usage: bowline connect [options] [user@]host[:port] [command [argument ...]]
       bowline exec [options] [--json] [--limit n] host ... -- command [argument ...]
       bowline hosts list [--json]

A host is the name of a saved host, a name in ~/.ssh/config, or an address.
Options are those of ssh(1): -46AGNTVaknqstvx -b bind_address -e escape_char -F configfile
-i identity_file -J destination -l user -o option=value -p port
";

/// Runs the command and ends the process.
pub fn main() -> ! {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // A panic shows its message on a terminal that works again.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tty::restore();
        print(panic);
    }));
    let status = match options::parse(arguments) {
        Ok(command) => run(command),
        Err(usage) => {
            say(&usage.0);
            FAILED
        }
    };
    // Not by returning: a thread may wait in a read of standard input for ever.
    end(status)
}

/// Ends the process with the terminal as it was.
pub fn end(status: u8) -> ! {
    tty::restore();
    std::process::exit(i32::from(status));
}

fn run(command: Command) -> u8 {
    let verbosity = match &command {
        Command::Connect(connect) => connect.options.verbose,
        Command::Exec(exec) => exec.options.verbose,
        Command::Hosts { .. } | Command::Help | Command::Version => 0,
    };
    log(verbosity);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("the runtime could not be started: {error}"));
            return FAILED;
        }
    };
    let status = runtime.block_on(async {
        match command {
            Command::Connect(connect) => connect::run(*connect).await,
            Command::Exec(exec) => exec::run(*exec).await,
            Command::Hosts { json } => hosts::list(json).await,
            Command::Help => print(HELP),
            Command::Version => print(concat!("Bowline ", env!("CARGO_PKG_VERSION"), "\n")),
        }
    });
    // Neither the thread that reads nor a name that is still being looked up is waited for.
    runtime.shutdown_background();
    status
}

fn print(text: &str) -> u8 {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => FAILED,
    }
}

/// One line for the person, on standard error.
pub fn say(text: &str) {
    // In raw mode a line end does not go back to the margin by itself.
    let end = if tty::is_raw() { "\r\n" } else { "\n" };
    // Standard error may be gone; there is nobody left to tell then.
    let _ = write!(std::io::stderr(), "bowline: {}{end}", text.trim_end().replace('\n', end));
}

/// `-v` shows what the engine does. russh's own lines, which show packets before encryption, are never let through.
fn log(verbosity: u8) {
    let ours = match verbosity {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let filter = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_target("bowline", ours)
        .with_target("bowline_core", ours);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}
