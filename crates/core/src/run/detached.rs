//! Commands that keep running when the person leaves: started on a host in a folder of their own, with what they write
//! collected there, to be looked at later, from here or from another Bowline.
//!
//! `~/.bowline/runs/<id>/` (mode 0700) holds `cmd`, `run` (what runs it), `pid`, `began`, `out`, `err`, and at its end `status`
//! and `ended`; `stopped` is there once a person has stopped it. Everything is done by POSIX shell, sent to `sh` on its
//! standard input, so that no login shell has a say in how it is quoted. What a host answers is bounded and checked.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use ts_rs::TS;
use uuid::Uuid;

use super::stop::ending;
use crate::connection::SessionPlace;
use crate::error::{Error, ErrorCode, Result};
use crate::exec::{self, ExecEnd, ExecEvent, ExecOutput, ExecRequest, Stream};
use crate::prompt::visible_text;
use crate::run::text;
use crate::run::view::{COMMAND_MAX_BYTES, refused};

/// Of each stream so much is kept on the host, from its beginning (and up to a mebibyte more, as it is counted now and then);
/// what comes after is read and dropped, so that the program never notices.
pub const COLLECTED_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// A host may have kept more; the newest are listed.
pub const LISTED_MAX: usize = 200;
/// What one call reads of a stream.
pub const READ_MAX_BYTES: usize = 128 * 1024;
/// Of a command, in a list.
const SHOWN_COMMAND_BYTES: usize = 240;
/// All that a list may take: each line has an id, a few numbers and the beginning of a command in hexadecimal digits.
const ANSWER_MAX_BYTES: usize = LISTED_MAX * 1024;
/// What `sh` may say about its own failure.
const COMPLAINT_MAX_BYTES: usize = 4 * 1024;
/// What start files of shells may write around an answer; whoever writes more is not our script.
const NOISE_MAX_BYTES: usize = 1024 * 1024;
/// Time for a script on a host that is connected. The longest waits 10 s for a command to begin, or 6 s for one to end; a home
/// folder that hangs must not hold up those who ask other hosts too.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Statuses of our scripts (sysexits.h has such numbers).
const GONE: u32 = 66;
const STILL_RUNS: u32 = 75;

/// Names one on its host: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct DetachedId(pub String);

impl DetachedId {
    fn new() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// It becomes part of a path and of a script, so nothing else is one.
    ///
    /// # Errors
    /// [`ErrorCode::RunRefused`].
    fn checked(&self) -> Result<&str> {
        let sound =
            self.0.len() == 32 && self.0.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if sound { Ok(&self.0) } else { Err(refused("gone")) }
    }
}

/// How one is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum DetachedState {
    Running,
    /// As its shell says: 128 and the number of a signal that ended it.
    Exited {
        status: u32,
    },
    Stopped,
    /// It is gone and left no status: the host was restarted, or somebody killed it.
    Lost,
}

/// One command that was left running on a host.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Detached {
    pub id: DetachedId,
    /// Its beginning.
    pub command: String,
    pub state: DetachedState,
    /// By the clock of the host.
    pub began_at: Option<f64>,
    pub ended_at: Option<f64>,
    pub stdout_bytes: f64,
    pub stderr_bytes: f64,
}

/// A piece of what one wrote.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DetachedText {
    pub text: String,
    /// From where to read on.
    pub next: f64,
}

/// Starts a command, which then needs neither the connection nor us. It is started once.
///
/// # Errors
/// [`ErrorCode::RunRefused`], [`ErrorCode::DetachedFailed`] when the host could not, and those of [`exec::start`].
pub async fn start(place: SessionPlace, command: &str) -> Result<DetachedId> {
    if command.trim().is_empty() {
        return Err(refused("no-command"));
    }
    if command.len() > COMMAND_MAX_BYTES || command.contains('\0') {
        return Err(refused("command-too-long"));
    }
    let id = DetachedId::new();
    let answer = ask(place, &starting(id.checked()?, command), 64).await?;
    answer.done()?;
    Ok(id)
}

fn starting(id: &str, command: &str) -> String {
    // No command has this line: nobody can know it.
    let end = format!("BOWLINE_{}", Uuid::new_v4().simple());
    format!(
        r#"u=$(umask)
umask 077
b=$HOME/.bowline/runs
mkdir -p "$b" && chmod 700 "$HOME/.bowline" "$b" && mkdir "$b/{id}" && cd "$b/{id}" || exit 73
cat > cmd <<'{end}' || exit 74
{command}
{end}
cat > run <<'{end}' || exit 74
d=$1
echo $$ > "$d/pid"
mkfifo "$d/o" "$d/e"
# As it comes, so that it can be looked at; head(1) would wait for a block of it.
collect() {{
  trap '' TERM
  n=0
  while [ "$n" -lt {COLLECTED_MAX_BYTES} ]; do
    dd bs=65536 count=16 2> /dev/null >> "$1"
    m=$(wc -c < "$1" | tr -cd 0-9)
    [ "$m" = "$n" ] && return 0
    n=$m
  done
  cat > /dev/null
}}
collect "$d/out" < "$d/o" &
collect "$d/err" < "$d/e" &
cd "$HOME"
(umask "$2"; exec "${{SHELL:-/bin/sh}}" -c "$(cat "$d/cmd")") < /dev/null > "$d/o" 2> "$d/e"
s=$?
wait
rm -f "$d/o" "$d/e"
date +%s > "$d/ended"
echo $s > "$d/status.new"
mv "$d/status.new" "$d/status"
{end}
date +%s > began
: > out; : > err
if command -v setsid > /dev/null 2>&1; then
  setsid nohup sh "$b/{id}/run" "$b/{id}" "$u" < /dev/null > /dev/null 2>&1 &
else
  # A group of its own, where the shell can do that (macOS).
  set -m 2> /dev/null
  nohup sh "$b/{id}/run" "$b/{id}" "$u" < /dev/null > /dev/null 2>&1 &
fi
i=0
while [ ! -s pid ]; do
  [ $i -ge 100 ] && exit 71
  i=$((i+1)); sleep 0.1 2> /dev/null || {{ i=$((i+9)); sleep 1; }}
done
exit 0
"#
    )
}

/// Says whether a process is still the one that runs a command: numbers are given away again.
const ALIVE: &str = r#"alive() {
  p=$(head -c 12 "$1/pid" 2>/dev/null)
  case $p in ''|*[!0-9]*|0|1) return 1;; esac
  if [ -r "/proc/$p/cmdline" ]; then tr '\000' ' ' < "/proc/$p/cmdline" 2>/dev/null | grep -q "$2"
  elif [ -d /proc/self ]; then return 1
  else ps -o args= -p "$p" 2>/dev/null | grep -q "$2"
  fi
}
"#;

/// What there is on a host, the newest first.
///
/// # Errors
/// [`ErrorCode::DetachedFailed`], and those of [`exec::start`].
pub async fn list(place: SessionPlace) -> Result<Vec<Detached>> {
    let script = format!(
        r#"{ALIVE}cd "$HOME/.bowline/runs" 2>/dev/null || exit 0
n() {{ head -c 12 "$1" 2>/dev/null | tr -cd 0-9; }}
for id in $(ls -t | head -n {LISTED_MAX}); do
  [ -f "$id/cmd" ] || continue
  s=$(n "$id/status"); a=-
  [ -n "$s" ] || {{ alive "$id" "$id" && a=r; }}
  [ -f "$id/stopped" ] && [ "$a" != r ] && a=s
  h=$(head -c {SHOWN_COMMAND_BYTES} "$id/cmd" | od -An -v -tx1 | tr -d ' \n')
  o=$(wc -c < "$id/out" | tr -cd 0-9); e=$(wc -c < "$id/err" | tr -cd 0-9)
  echo "$id:$a:$s:$(n "$id/began"):$(n "$id/ended"):$o:$e:$h"
done
exit 0
"#
    );
    let answer = ask(place, &script, ANSWER_MAX_BYTES).await?;
    answer.done()?;
    let text = String::from_utf8_lossy(&answer.stdout);
    let mut found: Vec<Detached> = text.lines().filter_map(line).take(LISTED_MAX).collect();
    found.sort_by(|a, b| b.began_at.unwrap_or(0.0).total_cmp(&a.began_at.unwrap_or(0.0)));
    Ok(found)
}

/// A line that is not as it has to be is left out: whoever wrote it, it was not our script.
fn line(line: &str) -> Option<Detached> {
    let fields: Vec<&str> = line.split(':').collect();
    let [id, alive, status, began, ended, out, err, command] = fields[..] else { return None };
    let id = DetachedId(id.to_owned());
    id.checked().ok()?;
    let seconds = |text: &str| text.parse::<u32>().ok().map(|seconds| f64::from(seconds) * 1000.0);
    let bytes = |text: &str| text.parse::<u64>().ok().map(|bytes| bytes.min(COLLECTED_MAX_BYTES) as f64);
    let state = match (alive, status.parse::<u32>()) {
        ("s", _) => DetachedState::Stopped,
        (_, Ok(status)) => DetachedState::Exited { status: status & 0xff },
        ("r", Err(_)) => DetachedState::Running,
        _ => DetachedState::Lost,
    };
    let command = data_encoding::HEXLOWER_PERMISSIVE.decode(command.as_bytes()).ok()?;
    Some(Detached {
        id,
        command: visible_text(String::from_utf8_lossy(&command).trim_end()),
        state,
        began_at: seconds(began),
        ended_at: seconds(ended),
        stdout_bytes: bytes(out)?,
        stderr_bytes: bytes(err)?,
    })
}

/// What one wrote on a stream, from an offset on, as it is. Empty at the end.
///
/// # Errors
/// [`ErrorCode::RunRefused`] when it is gone, [`ErrorCode::DetachedFailed`], and those of [`exec::start`].
pub async fn read(place: SessionPlace, id: &DetachedId, stream: Stream, offset: u64) -> Result<Vec<u8>> {
    let (id, name) = (id.checked()?, if stream == Stream::Stdout { "out" } else { "err" });
    let from = offset.min(COLLECTED_MAX_BYTES) + 1;
    let script = format!(
        "cd \"$HOME/.bowline/runs/{id}\" 2>/dev/null || exit {GONE}\n\
         tail -c +{from} {name} | head -c {READ_MAX_BYTES}\nexit 0\n"
    );
    let answer = ask(place, &script, READ_MAX_BYTES).await?;
    answer.done()?;
    Ok(answer.stdout)
}

/// The same as text. A character that is cut off at its end comes whole with the next piece.
///
/// # Errors
/// See [`read`].
pub async fn read_text(
    place: SessionPlace,
    id: &DetachedId,
    stream: Stream,
    offset: u64,
) -> Result<DetachedText> {
    let mut bytes = read(place, id, stream, offset).await?;
    if bytes.len() == READ_MAX_BYTES {
        let whole = match std::str::from_utf8(&bytes) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Ok(_) | Err(_) => bytes.len(),
        };
        bytes.truncate(whole);
    }
    Ok(DetachedText { next: (offset + bytes.len() as u64) as f64, text: text::plain(&bytes) })
}

/// Ends one with all its processes, and says whether that is certain.
///
/// # Errors
/// See [`read`].
pub async fn stop(place: SessionPlace, id: &DetachedId) -> Result<bool> {
    let id = id.checked()?;
    // The number is put in where the script of `ending` has one of ours.
    let kill = ending(u32::MAX, 3).replace(&u32::MAX.to_string(), "$p");
    let kill = kill.trim_start_matches("sh -c '").trim_end_matches('\'').to_owned();
    let script = format!(
        "{ALIVE}d=$HOME/.bowline/runs/{id}\n[ -d \"$d\" ] || exit {GONE}\nalive \"$d\" {id} || exit 0\n: > \"$d/stopped\"\n{kill}\n"
    );
    let answer = ask(place, &script, 64).await?;
    match answer.status {
        0 => Ok(true),
        1 => Ok(false),
        _ => Err(answer.failed()),
    }
}

/// Removes one that has ended, with all that it wrote.
///
/// # Errors
/// [`ErrorCode::RunRefused`] with `still-running`, and those of [`read`].
pub async fn remove(place: SessionPlace, id: &DetachedId) -> Result<()> {
    let id = id.checked()?;
    let script = format!(
        "{ALIVE}d=$HOME/.bowline/runs/{id}\n[ -d \"$d\" ] || exit 0\nalive \"$d\" {id} && exit {STILL_RUNS}\nrm -rf \"$d\"\n"
    );
    let answer = ask(place, &script, 64).await?;
    answer.done()
}

/// What a script on a host said.
struct Answer {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    status: u32,
    address: String,
}

impl Answer {
    fn done(&self) -> Result<()> {
        if self.status == 0 { Ok(()) } else { Err(self.failed()) }
    }

    fn failed(&self) -> Error {
        match self.status {
            GONE => return refused("gone"),
            STILL_RUNS => return refused("still-running"),
            _ => {}
        }
        let said = visible_text(&String::from_utf8_lossy(&self.stderr));
        let said = said.lines().next().unwrap_or_default().trim();
        let cause =
            if said.is_empty() { format!("sh ended with status {}", self.status) } else { said.to_owned() };
        failed(&self.address, &cause)
    }
}

fn failed(address: &str, cause: &str) -> Error {
    Error::new(
        ErrorCode::DetachedFailed,
        format!("{address} could not do that with a command that keeps running: {cause}."),
    )
    .with("address", address)
    .with("cause", cause)
}

/// Runs a script by `sh` and takes at most so much of its output.
async fn ask(place: SessionPlace, script: &str, most_bytes: usize) -> Result<Answer> {
    let address = place.connection().target().address.clone();
    let mut exec = exec::start(place, ExecRequest::command("sh -s")).await?;
    let mut input = exec.input;
    let script = script.as_bytes().to_vec();
    let writing = tokio::spawn(async move {
        // A shell that has ended needs no more of it.
        let _ = input.write(&script).await;
        input.close().await;
    });
    let answer = answer(&mut exec.output, address, most_bytes).await;
    writing.abort();
    answer
}

/// Whoever gives up closes the channel with its output.
async fn answer(output: &mut ExecOutput, address: String, most_bytes: usize) -> Result<Answer> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut said_bytes = 0;
    let listening = async {
        loop {
            let (into, most, bytes) = match output.next().await {
                Some(ExecEvent::Output { stream: Stream::Stdout, bytes }) => (&mut stdout, most_bytes, bytes),
                Some(ExecEvent::Output { stream: Stream::Stderr, bytes }) => {
                    (&mut stderr, COMPLAINT_MAX_BYTES, bytes)
                }
                Some(ExecEvent::Ended(end)) => return Ok(end),
                None => return Err(Error::internal("a script has no end")),
            };
            said_bytes += bytes.len();
            if said_bytes > most_bytes + NOISE_MAX_BYTES {
                return Err(failed(&address, "it said far more than it was asked for"));
            }
            let room = most - into.len();
            into.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    };
    let end = timeout(ANSWER_TIMEOUT, listening).await.unwrap_or_else(|_| {
        let seconds = ANSWER_TIMEOUT.as_secs();
        Err(failed(
            &address,
            &format!("it did not answer within {seconds} s, and may have done it all the same"),
        ))
    })?;
    match end {
        ExecEnd::Exited { status } => Ok(Answer { stdout, stderr, status, address }),
        ExecEnd::Unknown { problem } => Err(Error::from(problem)),
        ExecEnd::Signalled { signal, .. } => Err(failed(&address, &format!("a signal ended sh: {signal}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn what_a_host_says_is_checked_field_by_field() {
        let good = line(&format!("{ID}:r::1700000000::5:0:6c730a")).expect("it is sound");
        assert_eq!((good.command.as_str(), good.state), ("ls", DetachedState::Running));
        assert_eq!((good.began_at, good.ended_at, good.stdout_bytes), (Some(1.7e12), None, 5.0));
        let state = |text: &str| line(&format!("{ID}:{text}::5:0:")).map(|one| one.state);
        assert_eq!(state("-:3:1"), Some(DetachedState::Exited { status: 3 }));
        assert_eq!(state("s:143:1"), Some(DetachedState::Stopped));
        assert_eq!(state("-::1"), Some(DetachedState::Lost));
        for wrong in [
            "",
            "../../etc:r::1::5:0:6c73",
            &format!("{ID}:r::1::5:0"),
            &format!("{ID}:r::1::x:0:6c73"),
            &format!("{ID}:r::1::5:0:zz"),
            &format!("{}:r::1::5:0:6c73", ID.to_uppercase()),
        ] {
            assert_eq!(line(wrong), None, "{wrong}");
        }
        let escape = line(&format!("{ID}:r::1::5:0:1b5d30")).expect("it is sound");
        assert_eq!(escape.command, "␛]0");
    }

    fn said(bytes: usize) -> ExecEvent {
        ExecEvent::Output { stream: Stream::Stdout, bytes: vec![b'x'; bytes].into() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_hangs_is_waited_for_a_minute() {
        let (host, events) = tokio::sync::mpsc::channel(1);
        let mut output = ExecOutput::of(events);
        host.send(said(1)).await.expect("it is listened to");
        let begun = tokio::time::Instant::now();
        let hour = Duration::from_secs(3600);
        let answer = timeout(hour, answer(&mut output, "host".to_owned(), 64)).await.expect("in time");
        assert_eq!(answer.err().map(|error| error.code), Some(ErrorCode::DetachedFailed));
        assert_eq!(begun.elapsed(), ANSWER_TIMEOUT);
    }

    #[tokio::test]
    async fn of_an_answer_without_end_no_more_is_taken_than_may_be() {
        let (host, events) = tokio::sync::mpsc::channel(1);
        let mut output = ExecOutput::of(events);
        let talking = tokio::spawn(async move { while host.send(said(65536)).await.is_ok() {} });
        let endless = timeout(ANSWER_TIMEOUT / 4, answer(&mut output, "host".to_owned(), 64)).await;
        let code = endless.expect("in time").err().map(|error| error.code);
        assert_eq!(code, Some(ErrorCode::DetachedFailed));
        drop(output);
        talking.await.expect("no panic");
        // Noise around an answer is none of its business.
        let (host, events) = tokio::sync::mpsc::channel(8);
        let mut output = ExecOutput::of(events);
        for event in [said(70_000), ExecEvent::Ended(ExecEnd::Exited { status: 3 })] {
            host.send(event).await.expect("it is listened to");
        }
        let answer = answer(&mut output, "host".to_owned(), 64).await.expect("an answer");
        assert_eq!((answer.stdout.len(), answer.status), (64, 3));
    }

    #[test]
    fn nothing_but_an_id_becomes_part_of_a_script() {
        for id in ["", "x", "../x", &format!("{ID}0"), &ID.replace('0', ";")] {
            assert!(DetachedId(id.to_owned()).checked().is_err(), "{id}");
        }
        assert!(DetachedId::new().checked().is_ok());
    }
}
