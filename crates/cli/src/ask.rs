//! The engine's questions, on the person's terminal: `/dev/tty`, never standard input or output.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bowline_core::prompt::{Answer, KnownKey, Prompt, PromptNews, Prompts, Question, Secret};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;

use crate::command::say;
use crate::options::Options;
use crate::resolve::Resolved;
use crate::tty;

/// An answer longer than this is no password and no code.
const ANSWER_MAX_BYTES: usize = 4096;
/// How often a question looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// What is answered without the person, host by host, and what was refused so.
#[derive(Debug, Clone)]
pub struct Policy {
    inner: Arc<PolicyInner>,
}

#[derive(Debug)]
struct PolicyInner {
    /// The command line forbids questions.
    batch: bool,
    /// In place of ssh(1), which runs the commands of a config (`ProxyCommand`, `Match exec`) without a question.
    runs_commands: bool,
    /// Addresses of hosts whose own settings forbid them.
    silent: Mutex<Vec<String>>,
    /// Why a question was dismissed, by the shown address of the host.
    refusals: Mutex<Vec<(String, String)>>,
}

impl Policy {
    /// What the command line says; questions may come before the settings of a host are known.
    pub fn of(options: &Options) -> Self {
        let batch = options
            .settings
            .iter()
            .find(|(keyword, _)| keyword.eq_ignore_ascii_case("BatchMode"))
            .is_some_and(|(_, value)| ["yes", "true"].iter().any(|yes| value.eq_ignore_ascii_case(yes)));
        let (silent, refusals) = (Mutex::default(), Mutex::default());
        let runs_commands = options.like_ssh;
        Self { inner: Arc::new(PolicyInner { batch, runs_commands, silent, refusals }) }
    }

    /// Each host is asked about as its own settings say; of several names for one address the most careful one counts.
    pub fn add(&self, Resolved { target, settings, .. }: &Resolved) {
        if settings.batch {
            let mut silent = self.inner.silent.lock().unwrap_or_else(PoisonError::into_inner);
            silent.push(target.asker.address.clone());
        }
    }

    fn is_silent(&self, address: &str) -> bool {
        let silent = self.inner.silent.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.batch || silent.iter().any(|one| one == address)
    }

    /// Why the last question of a host was dismissed; once.
    pub fn refusal(&self, address: &str) -> Option<String> {
        let mut refusals = self.refusals();
        let index = refusals.iter().rposition(|(one, _)| one == address)?;
        Some(refusals.remove(index).1)
    }

    fn refuse(&self, prompt: &Prompt, why: String) -> Answer {
        self.refusals().push((prompt.address.clone(), why));
        Answer::Cancel
    }

    fn refusals(&self) -> std::sync::MutexGuard<'_, Vec<(String, String)>> {
        self.inner.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question stands on the terminal, and its line is open.
static OPEN: AtomicBool = AtomicBool::new(false);

/// What comes next begins on a line of its own.
pub fn leave() {
    if OPEN.swap(false, Ordering::Relaxed)
        && let Ok(mut terminal) = File::options().write(true).open("/dev/tty")
    {
        let _ = terminal.write_all(b"\n");
    }
}

/// Answers questions one after the other, for as long as the engine lives.
pub fn start(mut news: mpsc::Receiver<PromptNews>, prompts: Prompts, policy: Policy) {
    tokio::spawn(async move {
        while let Some(told) = news.recv().await {
            let PromptNews::Asked(prompt) = told else { continue };
            // Asked while another was on the terminal, and gone since.
            if !prompts.list().iter().any(|open| open.id == prompt.id) {
                continue;
            }
            let id = prompt.id;
            let answering = {
                let (policy, prompts) = (policy.clone(), prompts.clone());
                let wanted = move || prompts.list().iter().any(|open| open.id == id);
                tokio::task::spawn_blocking(move || answer(&prompt, &policy, &wanted))
            };
            match answering.await {
                Ok(Some(answer)) => prompts.answer(id, answer),
                Ok(None) => {}
                Err(_) => prompts.answer(id, Answer::Cancel),
            }
        }
    });
}

/// None when the question went away meanwhile.
fn answer(prompt: &Prompt, policy: &Policy, wanted: &dyn Fn() -> bool) -> Option<Answer> {
    if let Question::HostKeyChanged { key, known } = &prompt.question {
        // No answer on a terminal undoes this: it is not to be done in passing.
        changed(prompt, &key.algorithm, &key.fingerprint, known);
        return Some(policy.refuse(prompt, format!("the host key of {} has changed", prompt.address)));
    }
    if let Question::Touch { key, .. } = &prompt.question {
        // Nothing is typed: it goes away when the key was touched.
        say(&format!("touch the security key for {key}"));
        while wanted() {
            std::thread::sleep(LOOK);
        }
        return None;
    }
    if let (Question::RunCommand { .. }, true) = (&prompt.question, policy.inner.runs_commands) {
        return Some(Answer::Allow { always: false });
    }
    let what = wish(prompt);
    if policy.is_silent(&prompt.address) {
        return Some(policy.refuse(prompt, format!("{what}, and BatchMode=yes forbids to ask")));
    }
    let Ok(terminal) = File::options().read(true).write(true).open("/dev/tty") else {
        return Some(policy.refuse(prompt, format!("{what}, and there is no terminal to ask on")));
    };
    match ask(prompt, &terminal, wanted) {
        Ok(Some(answer)) => Some(answer),
        Ok(None) if wanted() => Some(policy.refuse(prompt, format!("{what}, and was given no answer"))),
        Ok(None) => None,
        Err(error) => Some(policy.refuse(prompt, format!("{what}, and the terminal failed: {error}"))),
    }
}

fn wish(prompt: &Prompt) -> String {
    let address = &prompt.address;
    match &prompt.question {
        Question::HostKeyUnknown { key, .. } => {
            format!("the host key of {address} is not known ({} {})", key.algorithm, key.fingerprint)
        }
        Question::Password { user, .. } => format!("{address} wants the password of {user}"),
        Question::Sudo { user, .. } => format!("sudo on {address} wants the password of {user}"),
        Question::Passphrase { key_path, .. } => format!("the key {key_path} wants its passphrase"),
        Question::RunCommand { command, .. } => {
            format!("{address} needs the command \"{command}\" to be run here")
        }
        Question::AddToAgent { key_path } => format!("the agent may keep the key {key_path} if you allow it"),
        Question::HostKeyChanged { .. } | Question::Interactive { .. } | Question::Touch { .. } => {
            format!("{address} asks a question at the login")
        }
    }
}

fn changed(prompt: &Prompt, algorithm: &str, fingerprint: &str, known: &[KnownKey]) {
    let mut text = format!(
        "THE HOST KEY OF {} HAS CHANGED.\nEither the server was set up anew, or somebody is between you and it. Nothing \
         was sent to it.\n  it shows  {algorithm} {fingerprint}\n",
        prompt.address
    );
    for key in known {
        text.push_str(&format!(
            "  trusted   {} {} ({}:{})\n",
            key.algorithm, key.fingerprint, key.path, key.line
        ));
    }
    text.push_str("Ask its operator for the fingerprint. If the new key is right, remove the old one with\n");
    text.push_str(&format!("  ssh-keygen -R '{}'", prompt.address));
    say(&text);
}

/// Asks on the terminal; none when the person gives no answer or the question went away.
fn ask(prompt: &Prompt, terminal: &File, wanted: &dyn Fn() -> bool) -> std::io::Result<Option<Answer>> {
    let mut out = terminal;
    if let Some(banner) = &prompt.banner {
        writeln!(out, "{}", banner.trim_end())?;
    }
    match &prompt.question {
        Question::HostKeyUnknown { key, known_as, certificate } => {
            writeln!(out, "The host key of {} is not known yet:", prompt.address)?;
            writeln!(out, "{} {}\n{}", key.algorithm, key.fingerprint, key.randomart.trim_end())?;
            if !known_as.is_empty() {
                writeln!(out, "The same key is known for: {}", known_as.join(", "))?;
            }
            if let Some(fault) = certificate {
                writeln!(out, "The host showed a certificate too, which does not count: {fault}.")?;
            }
            loop {
                write!(out, "Trust it? (yes: always, once: for this connection, no) ")?;
                let Some(typed) = line(terminal, wanted)? else { return Ok(None) };
                match typed.expose().trim() {
                    "yes" => return Ok(Some(Answer::Trust { always: true })),
                    // Whoever types the fingerprint has compared it, as in ssh(1).
                    typed if typed == key.fingerprint => return Ok(Some(Answer::Trust { always: true })),
                    "once" => return Ok(Some(Answer::Trust { always: false })),
                    "no" => return Ok(None),
                    _ => writeln!(out, "Type yes, once, no, or the fingerprint.")?,
                }
            }
        }
        Question::Password { user, attempt, kept_refused } => {
            if *kept_refused {
                writeln!(out, "The kept password was refused.")?;
            } else if *attempt > 1 {
                writeln!(out, "Permission denied, please try again.")?;
            }
            write!(out, "Password for {user} at {}: ", prompt.address)?;
            Ok(secret(terminal, wanted)?.map(|secret| Answer::Secret { secret, remember: false }))
        }
        Question::Sudo { user, attempt, .. } => {
            if *attempt > 1 {
                writeln!(out, "Sorry, try again.")?;
            }
            write!(out, "Password of {user} for sudo at {}: ", prompt.address)?;
            Ok(secret(terminal, wanted)?.map(|secret| Answer::Secret { secret, remember: false }))
        }
        Question::Passphrase { key_path, attempt } => {
            if *attempt > 1 {
                writeln!(out, "That was not it.")?;
            }
            write!(out, "Passphrase for the key {key_path}: ")?;
            Ok(secret(terminal, wanted)?.map(|secret| Answer::Secret { secret, remember: false }))
        }
        Question::Interactive { name, instructions, fields, .. } => {
            for text in [name, instructions] {
                if !text.trim().is_empty() {
                    writeln!(out, "{}", text.trim_end())?;
                }
            }
            let mut values = Vec::with_capacity(fields.len());
            for field in fields {
                write!(out, "({}) {}", prompt.address, field.text)?;
                let typed = if field.echo { line(terminal, wanted)? } else { secret(terminal, wanted)? };
                let Some(typed) = typed else { return Ok(None) };
                values.push(typed);
            }
            Ok(Some(Answer::Fields { values }))
        }
        Question::RunCommand { command, source } => {
            let place = if source.is_empty() { String::new() } else { format!(" ({source})") };
            writeln!(
                out,
                "To reach {} this command has to run on this machine{place}:\n{command}",
                prompt.address
            )?;
            loop {
                write!(out, "Run it? (yes: always for this host, once: for this connection, no) ")?;
                let Some(typed) = line(terminal, wanted)? else { return Ok(None) };
                match typed.expose().trim() {
                    "yes" => return Ok(Some(Answer::Allow { always: true })),
                    "once" => return Ok(Some(Answer::Allow { always: false })),
                    "no" => return Ok(None),
                    _ => writeln!(out, "Type yes, once or no.")?,
                }
            }
        }
        Question::AddToAgent { key_path } => {
            let agreed = yes_or_no(&format!("May the agent keep the key {key_path}?"), terminal, wanted)?;
            Ok(matches!(agreed, Some(true)).then_some(Answer::Trust { always: true }))
        }
        Question::Touch { .. } | Question::HostKeyChanged { .. } => Ok(None),
    }
}

/// A question of the command's own; none when the person gives no answer. It blocks until there is one.
///
/// # Errors
/// The terminal failed.
pub fn agrees(question: &str, terminal: &File) -> std::io::Result<Option<bool>> {
    yes_or_no(question, terminal, &|| true)
}

fn yes_or_no(question: &str, terminal: &File, wanted: &dyn Fn() -> bool) -> std::io::Result<Option<bool>> {
    let mut out = terminal;
    loop {
        write!(out, "{question} (yes, no) ")?;
        let Some(typed) = line(terminal, wanted)? else { return Ok(None) };
        match typed.expose().trim() {
            "yes" => return Ok(Some(true)),
            "no" => return Ok(Some(false)),
            _ => writeln!(out, "Type yes or no.")?,
        }
    }
}

/// What is typed without being shown.
fn secret(terminal: &File, wanted: &dyn Fn() -> bool) -> std::io::Result<Option<Secret>> {
    let _echo = tty::without_echo(terminal)?;
    line(terminal, wanted)
}

/// One line without its end; none at the end of input, or when the question went away.
fn line(mut terminal: &File, wanted: &dyn Fn() -> bool) -> std::io::Result<Option<Secret>> {
    terminal.flush()?;
    OPEN.store(true, Ordering::Relaxed);
    let typed = typed(terminal, wanted);
    OPEN.store(false, Ordering::Relaxed);
    typed
}

fn typed(mut terminal: &File, wanted: &dyn Fn() -> bool) -> std::io::Result<Option<Secret>> {
    let mut typed = Vec::with_capacity(ANSWER_MAX_BYTES);
    loop {
        let look = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
        let ready = match poll(&mut [PollFd::new(terminal, PollFlags::IN)], Some(&look)) {
            Ok(ready) => ready,
            Err(rustix::io::Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        if !wanted() {
            // The next prompt of the shell begins on a line of its own.
            leave();
            return Ok(None);
        }
        if ready == 0 {
            continue;
        }
        let mut byte = [0];
        if terminal.read(&mut byte)? == 0 {
            leave();
            return Ok(None);
        }
        match byte[0] {
            b'\n' | b'\r' => {
                let text = String::from_utf8(typed).map_err(|_| std::io::ErrorKind::InvalidData)?;
                return Ok(Some(Secret::new(text)));
            }
            byte if typed.len() < ANSWER_MAX_BYTES => typed.push(byte),
            _ => {}
        }
    }
}
