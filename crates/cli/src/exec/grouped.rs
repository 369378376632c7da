//! What several hosts said alike, once.

use bowline_core::run::kept::Kept;
use bowline_core::run::view::RunState;
use bytes::Bytes;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::voice::{ended, why};
use crate::stdio::{Broken, Sink};

/// A host that has ended, with what is kept of its output.
pub struct Heard {
    pub host: String,
    pub state: RunState,
    pub stdout: Kept,
    pub stderr: Kept,
}

impl Heard {
    /// What makes two of them alike.
    pub fn key(&self) -> (String, [u8; 32], [u8; 32]) {
        (self.state.outcome(), self.stdout.digest(), self.stderr.digest())
    }
}

/// Says one group: a heading with its hosts on stdout, then what they wrote, each stream on its own.
pub async fn say(members: &[&Heard], json: bool, stdout: &Sink, stderr: &Sink) -> Result<(), Broken> {
    let Some(first) = members.first() else { return Ok(()) };
    let names: Vec<&str> = members.iter().map(|one| one.host.as_str()).collect();
    if json {
        let mut value = ended(&first.host, &first.state);
        value["hosts"] = json!(names);
        value["stdout"] = stream(&first.stdout);
        value["stderr"] = stream(&first.stderr);
        if let Value::Object(object) = &mut value {
            object.remove("host");
        }
        return stdout.write(Bytes::from(format!("{value}\n"))).await;
    }
    let heading = format!("=== {} ({}): {}\n", members.len(), first.state.outcome(), names.join(" "));
    stdout.write(Bytes::from(heading)).await?;
    for one in members {
        // Messages name their host, so each has its own.
        if let Some(why) = why(&one.host, &one.state) {
            crate::command::say(&why);
        }
    }
    stdout.write(Bytes::from(text(&first.stdout))).await?;
    stderr.write(Bytes::from(text(&first.stderr))).await
}

fn text(kept: &Kept) -> Vec<u8> {
    let (head, tail) = kept.parts();
    let mut text = head.to_vec();
    if kept.left_out() > 0 {
        text.extend_from_slice(format!("\n[{} bytes left out]\n", kept.left_out()).as_bytes());
    }
    text.extend_from_slice(&tail);
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text
}

fn stream(kept: &Kept) -> Value {
    let (head, tail) = kept.parts();
    if kept.left_out() > 0 {
        return json!({
            "leftOut": kept.left_out(), "headBase64": BASE64.encode(head), "tailBase64": BASE64.encode(&tail),
        });
    }
    match String::from_utf8([head, &tail].concat()) {
        Ok(text) => json!({ "text": text }),
        Err(error) => json!({ "base64": BASE64.encode(error.as_bytes()) }),
    }
}
