//! `bowline doctor`: a connection tried step by step, as the "Test" of the window does, and then what it can do.
//!
//! It connects as the other commands do: with the same questions, and nothing is sent to a host whose key is not trusted.

mod report;
pub mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bowline_core::connection::Connection;
use bowline_core::connection::dial::Route;
use bowline_core::connection::progress::{TestOutcome, TestProgress, TestStep};
use bowline_core::engine::headless::{Headless, JumpWatch};
use bowline_core::error::{Error, ErrorCode, Problem};
use bowline_core::exec::{self, ExecEvent, ExecRequest, Program, Stream};
use bowline_core::files::session::Files;
use bowline_core::prompt::Asker;
use bowline_core::terminal::shell;
use bowline_core::terminal::state::TerminalSize;
use bytes::Bytes;

use crate::ask::{self, Policy};
use crate::command::{FAILED, say};
use crate::open;
use crate::resolve::Resolved;
use crate::signals::Signals;
use crate::stdio::Sink;
use crate::style::Style;
use report::{Finding, Verdict};
use words::Doctor;

/// What each of the later checks may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The codes of authenticators change every 30 s, and Kerberos allows 5 minutes.
const CLOCK_WARN: i64 = 30;
/// Printed by the host around its clock, so that what its start-up files print is told apart.
const MARK: &str = "bowline-doctor";
/// More output than this before the mark is not kept.
const OUTPUT_MAX_BYTES: usize = 64 * 1024;
/// The checks of a connection, in their order; those that were not reached are said to be skipped.
const STEPS: &[(TestStep, &str)] = &[
    (TestStep::Resolve, "name"),
    (TestStep::Connect, "reach"),
    (TestStep::HostKey, "host-key"),
    (TestStep::Authenticate, "login"),
];
const LATER: &[&str] = &["server", "algorithms", "commands", "clock", "terminal", "files"];

/// Status 0: nothing failed. 1: something did.
pub async fn run(doctor: Doctor) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    tokio::select! {
        status = examine(doctor) => status,
        () = signals.end() => FAILED,
    }
}

fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

/// Tells findings as they come.
struct Voice {
    host: String,
    json: bool,
    style: Style,
    out: Sink,
    failed: bool,
}

impl Voice {
    async fn say(&mut self, finding: &Finding) {
        self.failed |= finding.verdict == Verdict::Fail;
        let text = if self.json { finding.json(&self.host) } else { finding.line(self.style) };
        // Who does not read any more has seen enough.
        let _ = self.out.write(Bytes::from(text)).await;
        let _ = self.out.flush().await;
    }

    async fn skip(&mut self, checks: impl Iterator<Item = &'static str>) {
        for check in checks {
            self.say(&Finding::new(check, Verdict::Skipped, "not tried, for what failed above")).await;
        }
    }

    fn status(&self) -> u8 {
        u8::from(self.failed)
    }
}

async fn examine(doctor: Doctor) -> u8 {
    let (mut engine, news) = match open::headless() {
        Ok(engine) => engine,
        Err(error) => return failed(&error),
    };
    let jumps = Jumps::default();
    engine.watch_jumps(jumps.watch());
    let policy = Policy::of(&doctor.options);
    ask::start(news, engine.prompts().clone(), policy.clone());
    let Ok(out) = Sink::stdout() else { return failed("no thread for the standard streams") };
    let Doctor { mut options, host, json } = doctor;
    // What a file says and we do not do is said by a check of its own, and not beside it.
    options.quiet = true;
    let mut voice = Voice { host: host.clone(), json, style: Style::of_stdout(), out, failed: false };
    let resolved = match open::resolved(&engine, &host, b"", &options).await {
        Ok(resolved) => resolved,
        Err(error) => {
            voice.say(&Finding::fail("config", error)).await;
            voice.skip(STEPS.iter().map(|(_, check)| *check).chain(LATER.iter().copied())).await;
            return voice.status();
        }
    };
    policy.add(&resolved);
    voice.say(&config(&resolved)).await;
    if let Some(connection) = connect(&engine, &resolved, &policy, &jumps, &mut voice).await {
        let findings = [server(&connection), algorithms(&connection)];
        for finding in &findings {
            voice.say(finding).await;
        }
        let (commands, clock) = commands(&connection).await;
        voice.say(&commands).await;
        voice.say(&clock).await;
        voice.say(&terminal(&connection).await).await;
        voice.say(&files(&connection).await).await;
        connection.close().await;
    }
    voice.status()
}

/// Where it leads, and by which way.
fn config(resolved: &Resolved) -> Finding {
    let target = &resolved.target;
    let address =
        if target.address.contains(':') { format!("[{}]", target.address) } else { target.address.clone() };
    let way = match &target.route {
        Route::Direct => String::new(),
        Route::Jump(jump) => format!(", through {}", jump.name),
        Route::Proxy(proxy) => format!(", through the proxy {}", proxy.address()),
        Route::Command(_) => ", through a command".to_owned(),
    };
    let text = format!("{}@{address}:{}{way}", target.user, target.port);
    if resolved.unused.is_empty() {
        return Finding::ok("config", text);
    }
    let advice = format!("Bowline does not use: {}", resolved.unused.join("; "));
    Finding::warn("config", text, advice)
}

/// A jump host, and what was told of its connection.
type OfJump = (Asker, Vec<TestProgress>);

/// How far the connections to the jump hosts have come. The farthest is the first that begins: it asks for the one
/// before it.
#[derive(Default, Clone)]
struct Jumps(Arc<Mutex<Vec<OfJump>>>);

impl Jumps {
    fn watch(&self) -> JumpWatch {
        let Self(jumps) = self.clone();
        JumpWatch::new(move |jump, step| {
            let mut jumps = jumps.lock().unwrap_or_else(PoisonError::into_inner);
            let is_it = |known: &Asker| (&known.host, &known.address) == (&jump.host, &jump.address);
            match jumps.iter_mut().find(|(known, _)| is_it(known)) {
                Some((_, told)) => told.push(step),
                None => jumps.push((jump.clone(), vec![step])),
            }
        })
    }

    /// The nearest first.
    fn told(&self) -> Vec<OfJump> {
        let jumps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jumps.iter().rev().cloned().collect()
    }
}

/// The last word of a step: a login may be tried once more on a new connection.
fn outcome_of(told: &[TestProgress], step: TestStep) -> Option<&TestOutcome> {
    let found = told.iter().rev().find(|one| one.step == step && one.outcome != TestOutcome::Started);
    found.map(|found| &found.outcome)
}

/// The steps of the jump hosts, in the order in which one goes through them. Behind one that failed nothing was tried.
async fn say_jumps(jumps: &Jumps, policy: &Policy, voice: &mut Voice) {
    let mut failed = false;
    for (Asker { host, address, .. }, told) in jumps.told() {
        for (step, check) in STEPS {
            let finding = match outcome_of(&told, *step) {
                Some(TestOutcome::Passed { detail, ms }) if !failed => {
                    Finding::ok(check, detail.clone()).took(*ms)
                }
                Some(TestOutcome::Failed { problem, ms }) if !failed => {
                    failed = true;
                    failure(check, *step, problem, policy, &address, &host).took(*ms)
                }
                _ => Finding::new(check, Verdict::Skipped, "not tried, for what failed above"),
            };
            voice.say(&finding.on_jump(Some(&host))).await;
        }
    }
}

fn failure(
    check: &'static str,
    step: TestStep,
    problem: &Problem,
    policy: &Policy,
    address: &str,
    host: &str,
) -> Finding {
    let why = match problem.code {
        ErrorCode::Cancelled | ErrorCode::HostKeyChanged | ErrorCode::HostKeyRejected => {
            policy.refusal(address)
        }
        _ => None,
    };
    let mut finding = Finding::fail(check, why.unwrap_or_else(|| problem.message.clone()));
    finding.code = Some(Error::from(problem.clone()).code_name());
    finding.advice = advice(step, problem.code, host);
    finding
}

/// The steps up to the login.
async fn connect(
    engine: &Headless,
    resolved: &Resolved,
    policy: &Policy,
    jumps: &Jumps,
    voice: &mut Voice,
) -> Option<Arc<Connection>> {
    // Before: a person may trust it on the way.
    let knew_key = engine.knows_key(&resolved.target).await;
    let told = Mutex::<Vec<TestProgress>>::default();
    let progress = |step: TestProgress| told.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    let connected = engine.connect(resolved.target.clone(), &progress).await;
    let told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    say_jumps(jumps, policy, voice).await;
    let mut last_failure = None;
    for (step, check) in STEPS {
        let finding = match outcome_of(&told, *step) {
            Some(TestOutcome::Passed { detail, ms }) => {
                let text = match (step, &connected) {
                    (TestStep::HostKey, _) => host_key(detail, &knew_key),
                    (TestStep::Authenticate, Ok(connection)) if !connection.offered().is_empty() => {
                        format!("{detail}; the server offers {}", connection.offered())
                    }
                    (TestStep::Resolve, _) if detail.is_empty() => "left to the command".to_owned(),
                    _ => detail.clone(),
                };
                Finding::ok(check, text).took(*ms)
            }
            Some(TestOutcome::Failed { problem, ms }) => {
                last_failure = Some(*step);
                let address = &resolved.target.asker.address;
                failure(check, *step, problem, policy, address, &voice.host).took(*ms)
            }
            Some(TestOutcome::Started) | None => {
                Finding::new(check, Verdict::Skipped, "not tried, for what failed above")
            }
        };
        voice.say(&finding).await;
    }
    match connected {
        Ok(connection) => Some(connection),
        Err(error) => {
            // A failure between the steps, such as the end of the connection.
            if last_failure.is_none() {
                voice.say(&Finding::fail("connection", error.message)).await;
            }
            voice.skip(LATER.iter().copied()).await;
            None
        }
    }
}

fn host_key(fingerprint: &str, knew_key: &Result<bool, Error>) -> String {
    match knew_key {
        Ok(true) => format!("{fingerprint} is known"),
        Ok(false) => format!("{fingerprint} was not known, and has just been trusted"),
        Err(_) => fingerprint.to_owned(),
    }
}

/// What the message of an error does not say, since the window has buttons for it.
fn advice(step: TestStep, code: ErrorCode, host: &str) -> String {
    match code {
        ErrorCode::Cancelled | ErrorCode::HostKeyRejected | ErrorCode::HostKeyUnknown if step == TestStep::HostKey => format!(
            "Compare the fingerprint with the one that its operator tells you; \"bowline connect {host}\" asks and keeps it."
        ),
        ErrorCode::HostKeyChanged => {
            "Ask its operator. If the key was really replaced, remove the old one: ssh-keygen -R, or Trusted keys in the app."
                .to_owned()
        }
        ErrorCode::AuthRefused | ErrorCode::AuthNothingToTry => {
            "Look at the user name, at the keys (ssh-add -l) and at ~/.ssh/authorized_keys on the host.".to_owned()
        }
        _ => String::new(),
    }
}

fn server(connection: &Connection) -> Finding {
    match connection.server() {
        Some(server) => Finding::ok("server", server),
        None => Finding::ok("server", "it does not say what it is"),
    }
}

/// Ways of encryption that others have given up. Bowline offers most of them only where a config asks for them.
fn algorithms(connection: &Connection) -> Finding {
    let health = connection.health();
    let used: Vec<String> =
        [health.key_exchange, health.host_key, health.cipher, health.mac].into_iter().flatten().collect();
    let weak = |name: &&String| {
        name.ends_with("-sha1") || name.ends_with("-cbc") || *name == "ssh-rsa" || *name == "ssh-dss"
    };
    let old: Vec<&str> = used.iter().filter(weak).map(String::as_str).collect();
    let text = used.join(", ");
    if old.is_empty() {
        Finding::ok("algorithms", text)
    } else {
        Finding::warn("algorithms", text, format!("{} is old and weak. Update the server.", old.join(", ")))
    }
}

/// Runs a command that says what the host's clock says. What comes before it is printed by start-up files, and breaks scp.
async fn commands(connection: &Arc<Connection>) -> (Finding, Finding) {
    let line = format!("echo {MARK} $(date +%s)");
    let started = Instant::now();
    let asked = SystemTime::now();
    let Ok(result) = tokio::time::timeout(PATIENCE, output_of(connection, line.as_bytes())).await else {
        let text = format!("no answer within {} s", PATIENCE.as_secs());
        return (Finding::fail("commands", text), Finding::new("clock", Verdict::Skipped, "not told"));
    };
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    let output = match result {
        Ok(output) => output,
        Err(error) => {
            let finding =
                Finding { code: Some(error.code_name()), ..Finding::fail("commands", error.message) };
            return (finding, Finding::new("clock", Verdict::Skipped, "not told"));
        }
    };
    // In the middle of the round trip.
    let here = asked + started.elapsed() / 2;
    let (before, seconds) = taken_apart(&output);
    let commands = match (&seconds, before) {
        (None, _) => Finding::warn(
            "commands",
            "its answer is not what a shell would print",
            "Terminals may work all the same; exec, cp to old servers and the directory of a terminal may not.",
        ),
        (Some(_), true) => Finding::warn(
            "commands",
            "they run, and start-up files on the host print something before them",
            "Let ~/.bashrc and the like print only in terminals: scp, rsync and git take it for their own.",
        ),
        (Some(_), false) => Finding::ok("commands", "they run"),
    };
    (commands.took(ms), clock(seconds, here))
}

/// Whether there is something before the mark, and the number behind it.
fn taken_apart(output: &[u8]) -> (bool, Option<i64>) {
    let text = String::from_utf8_lossy(output);
    let Some((before, rest)) = text.split_once(MARK) else { return (true, None) };
    (!before.is_empty(), rest.split_whitespace().next().and_then(|word| word.parse().ok()))
}

fn clock(there: Option<i64>, here: SystemTime) -> Finding {
    let here = here.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) as i64;
    let Some(there) = there else { return Finding::new("clock", Verdict::Skipped, "the host does not tell") };
    let offset = there.saturating_sub(here);
    let apart = offset.saturating_abs();
    if apart < CLOCK_WARN {
        return Finding::ok("clock", "as here");
    }
    let apart = if apart < 120 { format!("{apart} s") } else { format!("{} min", apart / 60) };
    let text = if offset < 0 { format!("{apart} behind") } else { format!("{apart} ahead") };
    Finding::warn(
        "clock",
        text,
        "Set the clock there or here: one-time codes, certificates and make depend on it.",
    )
}

async fn output_of(connection: &Arc<Connection>, line: &[u8]) -> Result<Vec<u8>, Error> {
    let place = connection.reserve().ok_or_else(|| Error::internal("a new connection is full"))?;
    let mut running = exec::start(place, ExecRequest::command(line)).await?;
    let mut output = Vec::new();
    while let Some(event) = running.output.next().await {
        match event {
            ExecEvent::Output { stream: Stream::Stdout, bytes } => {
                let room = OUTPUT_MAX_BYTES.saturating_sub(output.len());
                output.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            ExecEvent::Output { stream: Stream::Stderr, .. } => {}
            ExecEvent::Ended(_) => break,
        }
    }
    Ok(output)
}

async fn terminal(connection: &Arc<Connection>) -> Finding {
    let started = Instant::now();
    let opening = async {
        let place = connection.reserve().ok_or_else(|| Error::internal("a new connection is full"))?;
        shell::open(place, TerminalSize { cols: 80, rows: 24 }).await
    };
    let opened = tokio::time::timeout(PATIENCE, opening).await;
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    match opened {
        Ok(Ok(source)) => {
            source.control.close().await;
            Finding::ok("terminal", "a shell starts").took(ms)
        }
        Ok(Err(error)) => {
            Finding { code: Some(error.code_name()), ..Finding::fail("terminal", error.message) }.took(ms)
        }
        Err(_) => Finding::fail("terminal", format!("no shell within {} s", PATIENCE.as_secs())),
    }
}

/// Without SFTP terminals and commands work, so it is no failure.
async fn files(connection: &Arc<Connection>) -> Finding {
    let started = Instant::now();
    let opening = async {
        let place = connection.reserve().ok_or_else(|| Error::internal("a new connection is full"))?;
        Files::open(place, &Program::Subsystem("sftp".to_owned())).await
    };
    let opened = tokio::time::timeout(PATIENCE, opening).await;
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    let advice = "Files, cp and sync need it: in sshd_config, Subsystem sftp internal-sftp.";
    match opened {
        Ok(Ok(_)) => Finding::ok("files", "SFTP works").took(ms),
        Ok(Err(error)) => {
            let code = Some(error.code_name());
            Finding { code, ..Finding::warn("files", error.message, advice) }.took(ms)
        }
        Err(_) => Finding::warn("files", format!("no SFTP within {} s", PATIENCE.as_secs()), advice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_the_host_is_held_against_ours() {
        let here = UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(clock(Some(1_000_010), here).verdict, Verdict::Ok);
        let behind = clock(Some(999_400), here);
        assert_eq!((behind.verdict, behind.text.as_str()), (Verdict::Warn, "10 min behind"));
        assert_eq!(clock(Some(1_000_045), here).text, "45 s ahead");
        assert_eq!(clock(Some(i64::MIN), here).verdict, Verdict::Warn);
        assert_eq!(clock(None, here).verdict, Verdict::Skipped);
    }

    #[test]
    fn what_start_up_files_print_is_noticed() {
        assert_eq!(taken_apart(b"bowline-doctor 12\n"), (false, Some(12)));
        assert_eq!(taken_apart(b"Welcome!\nbowline-doctor 12\n"), (true, Some(12)));
        assert_eq!(taken_apart(b"bowline-doctor %s\n"), (false, None));
        assert_eq!(taken_apart(b"\xff% Unknown command"), (true, None));
    }
}
