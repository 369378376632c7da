//! `bowline connect`: a terminal, or one command in place of ssh(1).

use bowline_core::connection::Connection;
use bowline_core::engine::headless::Headless;
use bowline_core::exec::{self, ExecEnd, ExecRequest, Program, PtyRequest, WhenBehind};
use bowline_core::host::ssh_config::values::RequestTty;
use rustix::stdio::stdin;
use rustix::termios::isatty;

use crate::ask::{self, Policy};
use crate::command::{FAILED, say};
use crate::escape::Escape;
use crate::open;
use crate::options::Connect;
use crate::relay::{Over, Streams, relay};
use crate::resolve::Resolved;
use crate::signals::Signals;
use crate::stdio::{Sink, Stdin};
use crate::tty;

/// Connects and runs until the end; the status is the program's, as with ssh(1).
pub async fn run(connect: Connect) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    let (engine, news) = match open::headless() {
        Ok(engine) => engine,
        Err(error) => return failed(&error),
    };
    let policy = Policy::of(&connect.options);
    ask::start(news, engine.prompts().clone(), policy.clone());
    let resolving = open::resolved(&engine, &connect.host, &connect.command, &connect.options);
    let resolved = tokio::select! {
        resolved = resolving => match resolved {
            Ok(resolved) => resolved,
            Err(error) => return failed(&error),
        },
        () = signals.end() => return FAILED,
    };
    if connect.options.show {
        return show(&resolved);
    }
    policy.add(&resolved);
    let mut session = match Session::new(engine, resolved, policy, &connect) {
        Ok(session) => session,
        Err(error) => return failed(&error),
    };
    loop {
        match session.once(&mut signals).await {
            Once::Over(status) => return status,
            Once::Lost if session.asked_to_go_on(&mut signals).await => {}
            Once::Lost => return FAILED,
        }
    }
}

fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

/// `-G`, in the form of ssh(1), which git uses to find out whom it talks to.
fn show(resolved: &Resolved) -> u8 {
    use std::io::Write;
    let target = &resolved.target;
    let text = format!(
        "host {}\nuser {}\nhostname {}\nport {}\n",
        target.asker.host, target.user, target.address, target.port
    );
    if std::io::stdout().write_all(text.as_bytes()).is_ok() { 0 } else { FAILED }
}

/// How one connection went.
enum Once {
    Over(u8),
    /// An interactive shell lost its connection.
    Lost,
}

struct Session {
    engine: Headless,
    resolved: Resolved,
    policy: Policy,
    request: ExecRequest,
    streams: Streams,
    no_input: bool,
}

impl Session {
    fn new(engine: Headless, resolved: Resolved, policy: Policy, connect: &Connect) -> Result<Self, String> {
        let settings = &resolved.settings;
        let line = match (connect.command.is_empty(), &settings.remote_command) {
            (true, Some(line)) => line.as_bytes(),
            _ => &connect.command,
        };
        let program = if connect.options.subsystem {
            Program::Subsystem(String::from_utf8_lossy(line).into_owned())
        } else if line.is_empty() {
            Program::Shell
        } else {
            Program::Command(line.to_vec())
        };
        let no_input = connect.options.no_input;
        let here = isatty(stdin()) && !no_input;
        let pty = match wants_terminal(settings.request_tty, program == Program::Shell, here) {
            Wish::Terminal => Some(PtyRequest {
                term: std::env::var("TERM").unwrap_or_default(),
                size: tty::size(stdin()),
                modes: tty::modes(stdin()),
            }),
            Wish::None => None,
            Wish::Refused => {
                if !settings.quiet {
                    say(
                        "there is no terminal on the host, because standard input is no terminal (-tt forces one)",
                    );
                }
                None
            }
        };
        // The connection is ours alone: like ssh(1) we hold the server back rather than keep what nobody takes.
        let request =
            ExecRequest { program, environment: Vec::new(), pty, when_behind: WhenBehind::PushBack };
        let standard = |error: std::io::Error| format!("no thread for the standard streams: {error}");
        let streams = Streams {
            stdin: None,
            stdout: Sink::stdout().map_err(standard)?,
            stderr: Sink::stderr().map_err(standard)?,
        };
        Ok(Self { engine, resolved, policy, request, streams, no_input })
    }

    fn is_interactive(&self) -> bool {
        self.request.program == Program::Shell && self.request.pty.is_some() && isatty(stdin())
    }

    /// Connects, runs the program, and says goodbye.
    async fn once(&mut self, signals: &mut Signals) -> Once {
        let opening = open::connect(&self.engine, &self.resolved, &self.policy);
        let connection = tokio::select! {
            opened = opening => match opened {
                Ok(connection) => connection,
                Err((_, text)) => return Once::Over(failed(&text)),
            },
            () = signals.end() => return Once::Over(FAILED),
        };
        let once = self.on(&connection, signals).await;
        connection.close().await;
        once
    }

    async fn on(&mut self, connection: &std::sync::Arc<Connection>, signals: &mut Signals) -> Once {
        let quiet = self.resolved.settings.quiet;
        if let (Some(banner), false) = (connection.take_banner(), quiet) {
            let banner = format!("{}\n", banner.trim_end());
            let _ = self.streams.stderr.write(banner.into()).await;
        }
        let Some(place) = connection.reserve() else {
            return Once::Over(failed("the connection ended at once"));
        };
        if let Some(pty) = &mut self.request.pty {
            pty.size = tty::size(stdin());
        }
        let starting = exec::start(place, self.request.clone());
        let started = tokio::select! {
            started = starting => match started {
                Ok(started) => started,
                Err(error) => return Once::Over(failed(&error.message)),
            },
            () = signals.end() => return Once::Over(FAILED),
        };
        // Only now: no question is on the terminal any more.
        if !self.no_input && self.streams.stdin.is_none() {
            match Stdin::start() {
                Ok(stdin) => self.streams.stdin = Some(stdin),
                Err(error) => return Once::Over(failed(&format!("no thread for standard input: {error}"))),
            }
        }
        let terminal = self.request.pty.is_some() && !started.pty_refused;
        if started.pty_refused {
            say("the server gave no terminal");
        }
        let raw = if terminal && isatty(stdin()) { tty::raw(stdin()).ok() } else { None };
        let escape = Escape::new(self.resolved.settings.escape.filter(|_| terminal));
        let over = relay(started, &mut self.streams, signals, escape, terminal).await;
        drop(raw);
        self.judge(over, connection, terminal && !quiet)
    }

    fn judge(&self, over: Over, connection: &Connection, tell_the_end: bool) -> Once {
        let address = &connection.target().address;
        Once::Over(match over {
            Over::Ended(ExecEnd::Exited { status }) => {
                if tell_the_end {
                    say(&format!("the connection to {address} is closed"));
                }
                // exit(3) passes on the lowest 8 bits, as ssh(1) does.
                status.to_le_bytes()[0]
            }
            Over::Ended(ExecEnd::Signalled { signal, core_dumped, message }) => {
                failed(&signalled(address, &signal, core_dumped, &message))
            }
            Over::Ended(ExecEnd::Unknown { problem }) if self.is_interactive() => {
                let cause = problem.params.get("cause").unwrap_or(&problem.message);
                say(&format!("the connection to {address} was lost: {}", cause.trim_end_matches('.')));
                return Once::Lost;
            }
            Over::Ended(ExecEnd::Unknown { problem }) => failed(&problem.message),
            Over::Disconnected => {
                if tell_the_end {
                    say(&format!("the connection to {address} is closed"));
                }
                FAILED
            }
            Over::Signalled | Over::Broken => FAILED,
        })
    }

    /// Whether the person wants another connection.
    async fn asked_to_go_on(&mut self, signals: &mut Signals) -> bool {
        say("press Enter to connect again, or Ctrl-C to end");
        let Some(stdin) = &mut self.streams.stdin else { return false };
        let entering = async {
            loop {
                // What was typed into the lost connection is not sent to the next one.
                match stdin.next().await {
                    Ok(typed) if typed.is_empty() => return false,
                    Ok(typed) if typed.contains(&b'\n') || typed.contains(&b'\r') => return true,
                    Ok(_) => {}
                    Err(_) => return false,
                }
            }
        };
        tokio::select! {
            go_on = entering => go_on,
            () = signals.end() => false,
        }
    }
}

/// How a program that died of a signal is told.
pub fn signalled(address: &str, signal: &str, core_dumped: bool, message: &str) -> String {
    let core = if core_dumped { " (core dumped)" } else { "" };
    let words = if message.trim().is_empty() { String::new() } else { format!(": {message}") };
    format!("the command on {address} was ended by the signal {signal}{core}{words}")
}

enum Wish {
    Terminal,
    None,
    /// Asked for, and ours is none.
    Refused,
}

/// As in ssh(1): a shell gets a terminal, a command gets one only if that is asked for, and neither does without one here.
fn wants_terminal(request: RequestTty, shell: bool, here: bool) -> Wish {
    match (request, here) {
        (RequestTty::Force, _) | (RequestTty::Yes, true) => Wish::Terminal,
        (RequestTty::No, _) => Wish::None,
        (RequestTty::Auto, true) if shell => Wish::Terminal,
        (RequestTty::Auto, false) if shell => Wish::Refused,
        (RequestTty::Auto, _) => Wish::None,
        (RequestTty::Yes, false) => Wish::Refused,
    }
}
