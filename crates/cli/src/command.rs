//! From the arguments to an exit status.

use std::ffi::OsString;
use std::io::Write;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::options::{self, Command};
use crate::style::Style;
use crate::{
    completions, connect, cp, desktop, doctor, exec, help, hosts, pipe, ssh, stdio, sync, tty, tunnel,
};

/// The status of a failure of our own, as ssh(1) has it.
pub const FAILED: u8 = 255;

/// Runs the command and ends the process.
pub fn main() -> ! {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    // A panic shows its message on a terminal that works again.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tty::restore();
        print(panic);
    }));
    let parsed = match ssh::is_its_name(&name) {
        true => options::ssh(arguments),
        false => options::parse(arguments),
    };
    let status = match parsed {
        Ok(command) => told(run(command)),
        Err(usage) => {
            say(&usage.0);
            FAILED
        }
    };
    // Not by returning: a thread may wait in a read of standard input for ever.
    end(status)
}

/// Where standard output failed, the status and the line are of that.
fn told(status: u8) -> u8 {
    match stdio::judged().filter(|_| status == FAILED) {
        Some((status, line)) => {
            line.iter().for_each(|line| say(line));
            status
        }
        None => status,
    }
}

/// Ends the process with the terminal as it was.
pub fn end(status: u8) -> ! {
    crate::ask::leave();
    tty::restore();
    std::process::exit(i32::from(status));
}

fn run(command: Command) -> u8 {
    if let Command::Ssh(order) = &command {
        if let Err(error) = ssh::log_file::open(order) {
            say(&error);
            return FAILED;
        }
        if let Some(words) = order.to_background() {
            return ssh::background::start(words);
        }
    }
    let verbosity = match &command {
        Command::Ssh(order) => order.options.verbose,
        Command::Connect(connect) => connect.options.verbose,
        Command::Exec(exec) => exec.options.verbose,
        Command::Cp(cp) => cp.options.verbose,
        Command::Sync(sync) => sync.options.verbose,
        Command::Tunnel(tunnel) => tunnel.options.verbose,
        Command::Doctor(doctor) => doctor.options.verbose,
        Command::Hosts(_) | Command::Open(_) | Command::Completions(_) => 0,
        Command::Pipe(pipe) => pipe.options.verbose,
        Command::SshQuery(_) | Command::SshVersion => 0,
        Command::Help | Command::HelpOn(_) | Command::Man | Command::Version => 0,
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
            Command::Cp(cp) => cp::run(*cp).await,
            Command::Sync(sync) => sync::run(*sync).await,
            Command::Tunnel(order) => tunnel::run(*order).await,
            Command::Hosts(order) => hosts::run(order).await,
            Command::Open(wanted) => desktop::run(wanted).await,
            Command::Doctor(doctor) => doctor::run(*doctor).await,
            Command::Completions(shell) => print(&completions::script(shell)),
            Command::Help => help_on(&[]),
            Command::HelpOn(words) => help_on(&words),
            Command::Man => print(&help::man()),
            Command::Pipe(order) => pipe::run(*order).await,
            Command::Ssh(order) => ssh::run(*order).await,
            Command::SshQuery(answer) => print(&answer),
            Command::SshVersion => ssh::version(),
            Command::Version => print(concat!("Bowline ", env!("CARGO_PKG_VERSION"), "\n")),
        }
    });
    // Neither the thread that reads nor a name that is still being looked up is waited for.
    runtime.shutdown_background();
    status
}

fn help_on(words: &[String]) -> u8 {
    help::text(words, Style::of_stdout()).map_or(FAILED, |text| print(&text))
}

fn print(text: &str) -> u8 {
    if stdio::print(text).is_ok() { 0 } else { FAILED }
}

/// One line for the person, on standard error.
pub fn say(text: &str) {
    // In raw mode a line end does not go back to the margin by itself.
    let end = if tty::is_raw() { "\r\n" } else { "\n" };
    crate::ask::leave();
    // Standard error may be gone; there is nobody left to tell then.
    let line = format!("bowline: {}{end}", crate::lost::plain(text.trim_end()).replace('\n', end));
    let _ = ssh::log_file::writer().write_all(line.as_bytes());
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
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(ssh::log_file::writer)
        .with_ansi(ssh::log_file::style().has_colours())
        .with_target(false);
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}
