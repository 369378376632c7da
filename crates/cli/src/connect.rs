//! `bowline connect`: a terminal, or one command in place of ssh(1).

use std::sync::atomic::{AtomicBool, Ordering};

use bowline_core::connection::Connection;
use bowline_core::engine::headless::Headless;
use bowline_core::exec::{self, Exec, ExecEnd, ExecRequest, Program, PtyRequest, WhenBehind};
use bowline_core::host::ssh_config::values::RequestTty;
use rustix::stdio::stdin;
use rustix::termios::isatty;

use crate::ask::{self, Policy};
use crate::borrow;
use crate::command::{FAILED, say};
use crate::escape::Escape;
use crate::exec::leash::{self, Leash};
use crate::lost;
use crate::open;
use crate::options::Connect;
use crate::relay::{Over, Streams, relay};
use crate::resolve::Resolved;
use crate::signals::Signals;
use crate::ssh::shown;
use crate::stdio::{self, Sink, Stdin};
use crate::tty;

/// Connects and runs until the end; the status is the program's, as with ssh(1).
pub async fn run(connect: Connect) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    run_with(connect, None, &mut signals).await
}

/// The same; with a leash what runs on the host ends with us.
pub async fn run_with(connect: Connect, leash: Option<Leash>, signals: &mut Signals) -> u8 {
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
    if let Some(leash) = leash {
        session.holds(leash);
    }
    let mut borrowed = match borrow::is_wanted(&connect.options, &session.resolved) {
        true => session.borrowed(signals, || Ok(())).await,
        false => None,
    };
    loop {
        let once = match borrowed.take() {
            Some(once) => once,
            None => session.once(signals).await,
        };
        match once {
            Once::Over(status) => return status,
            Once::Lost if session.asked_to_go_on(signals).await => {}
            Once::Lost => return FAILED,
        }
    }
}

fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

/// `-G`.
pub(crate) fn show(resolved: &Resolved) -> u8 {
    if stdio::print(&shown::text(resolved)).is_ok() { 0 } else { FAILED }
}

/// How one connection went.
pub(crate) enum Once {
    Over(u8),
    /// An interactive shell lost its connection.
    Lost,
}

pub(crate) struct Session {
    engine: Headless,
    resolved: Resolved,
    policy: Policy,
    pub(crate) request: ExecRequest,
    pub(crate) streams: Streams,
    no_input: bool,
}

impl Session {
    pub(crate) fn new(
        engine: Headless,
        resolved: Resolved,
        policy: Policy,
        connect: &Connect,
    ) -> Result<Self, String> {
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
                if !settings.quiet && !TOLD.swap(true, Ordering::Relaxed) {
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
            leash: None,
        };
        Ok(Self { engine, resolved, policy, request, streams, no_input })
    }

    /// A terminal needs none: what runs on it is hung up with it.
    fn holds(&mut self, mut leash: Leash) {
        if self.request.pty.is_none() {
            let program = std::mem::replace(&mut self.request.program, Program::Shell);
            self.request.program = leash.around(program);
            self.streams.leash = Some(leash);
        } else {
            leash::none_is_needed();
        }
    }

    fn is_interactive(&self) -> bool {
        self.request.program == Program::Shell && self.request.pty.is_some() && isatty(stdin())
    }

    /// Runs the program on a connection of the app; none if there is none, and nothing was done.
    /// `when_started` is called when it runs.
    pub(crate) async fn borrowed(
        &mut self,
        signals: &mut Signals,
        when_started: impl FnOnce() -> Result<(), String>,
    ) -> Option<Once> {
        if let Some(pty) = &mut self.request.pty {
            pty.size = tty::size(stdin());
        }
        let starting = borrow::program_and_beside(&self.resolved, &self.request);
        let Some(started) = leash::started(&mut self.streams.leash, signals, starting).await else {
            return Some(Once::Over(FAILED));
        };
        let started = match started {
            Some(started) => started,
            None if self.streams.leash.as_ref().is_some_and(Leash::is_pulled) => {
                return Some(Once::Over(FAILED));
            }
            None => return None,
        };
        Some(match started {
            Ok((started, lent)) => match when_started() {
                Ok(()) => {
                    if let Some(leash) = &mut self.streams.leash {
                        leash.over(lent);
                    }
                    self.follow_to_the_end(started, signals).await
                }
                Err(error) => Once::Over(failed(&error)),
            },
            Err(error) => Once::Over(failed(&error.message)),
        })
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

    pub(crate) async fn on(
        &mut self,
        connection: &std::sync::Arc<Connection>,
        signals: &mut Signals,
    ) -> Once {
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
        if let Some(leash) = &mut self.streams.leash {
            leash.over(std::sync::Arc::clone(connection));
        }
        let starting = exec::start(place, self.request.clone());
        let started = match leash::started(&mut self.streams.leash, signals, starting).await {
            Some(Ok(started)) => started,
            Some(Err(error)) => return Once::Over(failed(&error.message)),
            None => return Once::Over(FAILED),
        };
        self.follow_to_the_end(started, signals).await
    }

    async fn follow_to_the_end(&mut self, started: Exec, signals: &mut Signals) -> Once {
        let quiet = self.resolved.settings.quiet;
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
        self.judge(over, terminal && !quiet)
    }

    fn judge(&self, over: Over, tell_the_end: bool) -> Once {
        let address = &self.resolved.target.address;
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
                say(&lost::line(address, cause));
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

/// Another session may be made of the same order, where no connection of the app carries it.
static TOLD: AtomicBool = AtomicBool::new(false);

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
