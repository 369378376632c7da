//! A run as a text or as JSON, for a file.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::kept::Kept;
use super::view::{RunHost, RunState, RunView, counted};

/// A host with its two streams.
#[derive(Debug)]
pub struct Exported<'a> {
    pub host: &'a RunHost,
    pub stdout: &'a Kept,
    pub stderr: &'a Kept,
}

/// One object. Output that is no UTF-8 stands in base64; where some was left out both parts are there and the number of
/// bytes between them.
pub fn json(run: &RunView, hosts: &[Exported<'_>]) -> Value {
    let hosts: Vec<Value> = hosts
        .iter()
        .map(|Exported { host, stdout, stderr }| {
            let mut value = json!({
                "host": host.name, "outcome": host.state.outcome(), "group": host.group,
                "beganAt": host.began_at, "tookMs": host.took_ms,
                "stdout": stream(stdout), "stderr": stream(stderr),
            });
            match &host.state {
                RunState::Exited { status } => value["status"] = json!(status),
                RunState::Signalled { signal, .. } => value["signal"] = json!(signal),
                RunState::Failed { problem } | RunState::Unknown { problem } => {
                    value["message"] = json!(problem.message);
                }
                _ => {}
            }
            value
        })
        .collect();
    json!({ "command": run.command, "beganAt": run.began_at, "hosts": hosts })
}

fn stream(kept: &Kept) -> Value {
    let (head, tail) = kept.parts();
    let bytes = kept.bytes();
    if kept.left_out() == 0 {
        let whole = [head, &tail].concat();
        return match std::str::from_utf8(&whole) {
            Ok(text) => json!({ "bytes": bytes, "text": text }),
            Err(_) => json!({ "bytes": bytes, "base64": BASE64.encode(&whole) }),
        };
    }
    json!({
        "bytes": bytes, "leftOut": kept.left_out(),
        "headBase64": BASE64.encode(head), "tailBase64": BASE64.encode(&tail),
    })
}

/// A part for each host: a heading, stdout, and stderr behind a heading of its own. Bytes are as they came.
pub fn text(run: &RunView, hosts: &[Exported<'_>]) -> Vec<u8> {
    let mut text = format!("$ {}\n", run.command).into_bytes();
    for (outcome, count) in counted(&run.hosts) {
        text.extend_from_slice(format!("{count} × {outcome}\n").as_bytes());
    }
    for Exported { host, stdout, stderr } in hosts {
        let took = host.took_ms.map_or_else(String::new, |ms| format!(", {:.1} s", ms / 1000.0));
        text.extend_from_slice(format!("\n=== {}: {}{took}\n", host.name, host.state.outcome()).as_bytes());
        if let RunState::Failed { problem } | RunState::Unknown { problem } = &host.state {
            text.extend_from_slice(format!("{}\n", problem.message).as_bytes());
        }
        push_stream(&mut text, stdout);
        if stderr.bytes() > 0 {
            text.extend_from_slice(b"--- stderr\n");
            push_stream(&mut text, stderr);
        }
    }
    text
}

fn push_stream(text: &mut Vec<u8>, kept: &Kept) {
    let (head, tail) = kept.parts();
    text.extend_from_slice(head);
    if kept.left_out() > 0 {
        text.extend_from_slice(format!("\n[{} bytes left out]\n", kept.left_out()).as_bytes());
    }
    text.extend_from_slice(&tail);
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostId;
    use crate::run::view::RunId;

    fn kept(bytes: &[u8]) -> Kept {
        let mut kept = Kept::new(4);
        kept.push(bytes);
        kept
    }

    #[test]
    fn both_forms_say_what_is_there_and_what_is_not() {
        let host = RunHost {
            host_id: HostId("1".into()),
            name: "web".into(),
            state: RunState::Exited { status: 3 },
            began_at: Some(1.0),
            took_ms: Some(1500.0),
            stdout_bytes: 3.0,
            stderr_bytes: 0.0,
            group: Some(0),
            files_problem: None,
        };
        let run = RunView {
            id: RunId("r".into()),
            command: "ls".into(),
            began_at: 0.0,
            running: false,
            stopped: false,
            folder: None,
            hosts: vec![host.clone()],
        };
        let (stdout, stderr) = (kept(b"a\nb"), kept(b"12345\xff7890"));
        let hosts = [Exported { host: &host, stdout: &stdout, stderr: &stderr }];
        let text = text(&run, &hosts);
        let expected =
            "$ ls\n1 × exit 3\n\n=== web: exit 3, 1.5 s\na\nb\n--- stderr\n1234\n[2 bytes left out]\n7890\n";
        assert_eq!(String::from_utf8_lossy(&text), expected);
        let value = json(&run, &hosts);
        assert_eq!(value["hosts"][0]["stdout"], json!({ "bytes": 3, "text": "a\nb" }));
        assert_eq!(value["hosts"][0]["stderr"]["leftOut"], json!(2));
        assert_eq!(value["hosts"][0]["status"], json!(3));
        assert_eq!(stream(&kept(b"\xff")), json!({ "bytes": 1, "base64": "/w==" }));
    }
}
