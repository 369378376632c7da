//! What the doctor says: one line for each check, for people or as JSON.

use bowline_core::prompt::visible_line;
use serde_json::{Value, json};

use crate::style::Style;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    /// It works, and something about it is not as it should be.
    Warn,
    Fail,
    /// What it needs has failed.
    Skipped,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// One check. What a server said is made visible where it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub check: &'static str,
    /// The jump host that it is about; none if it is the host itself.
    pub jump: Option<String>,
    pub verdict: Verdict,
    /// What was found, or what went wrong.
    pub text: String,
    /// What to do; empty if nothing, or if the text says it.
    pub advice: String,
    /// The code of an error.
    pub code: Option<String>,
    pub ms: Option<f64>,
}

impl Finding {
    pub fn new(check: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { check, jump: None, verdict, text: text.into(), advice: String::new(), code: None, ms: None }
    }

    pub fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, text)
    }

    pub fn warn(check: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..Self::new(check, Verdict::Warn, text) }
    }

    pub fn fail(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(check, Verdict::Fail, text)
    }

    pub fn took(mut self, ms: f64) -> Self {
        self.ms = Some(ms);
        self
    }

    pub fn on_jump(mut self, jump: Option<&str>) -> Self {
        self.jump = jump.map(str::to_owned);
        self
    }

    pub fn json(&self, host: &str) -> String {
        let mut object = json!({
            "host": host, "check": self.check, "result": self.verdict.word(), "text": visible_line(&self.text),
        });
        if let Value::Object(fields) = &mut object {
            if let Some(jump) = &self.jump {
                fields.insert("jump".to_owned(), visible_line(jump).into());
            }
            if !self.advice.is_empty() {
                fields.insert("advice".to_owned(), visible_line(&self.advice).into());
            }
            if let Some(code) = &self.code {
                fields.insert("code".to_owned(), code.clone().into());
            }
            if let Some(ms) = self.ms {
                fields.insert("ms".to_owned(), rounded(ms).into());
            }
        }
        format!("{object}\n")
    }

    pub fn line(&self, style: Style) -> String {
        let word = format!("{:<7}", self.verdict.word());
        let word = match self.verdict {
            Verdict::Ok => style.green(&word),
            Verdict::Warn => style.yellow(&word),
            Verdict::Fail => style.red(&word),
            Verdict::Skipped => style.dim(&word),
        };
        let took = self.ms.filter(|_| self.verdict != Verdict::Skipped);
        let took =
            took.map_or_else(String::new, |ms| format!("  {}", style.dim(&format!("{} ms", rounded(ms)))));
        let advice = match visible_line(&self.advice) {
            empty if empty.is_empty() => String::new(),
            advice => format!("                   {advice}\n"),
        };
        let jump = self.jump.as_ref().map_or_else(String::new, |jump| format!("[{}] ", visible_line(jump)));
        format!("{word} {:<10} {jump}{}{took}\n{advice}", self.check, visible_line(&self.text))
    }
}

/// To a tenth below 10 ms, whole above.
fn rounded(ms: f64) -> f64 {
    if ms < 10.0 { (ms * 10.0).round() / 10.0 } else { ms.round() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_for_people_and_an_object_for_scripts() {
        let finding = Finding::warn("clock", "5 min\x1b[31m behind", "Set it.").took(12.345);
        let style = Style::plain();
        assert_eq!(
            finding.line(style),
            "warn    clock      5 min␛[31m behind  12 ms\n                   Set it.\n"
        );
        let object: Value = serde_json::from_str(&finding.json("web")).expect("JSON");
        assert_eq!(object["result"], "warn");
        assert_eq!((object["host"].as_str(), object["ms"].as_f64()), (Some("web"), Some(12.0)));
        assert_eq!(object["advice"], "Set it.");
    }
}
