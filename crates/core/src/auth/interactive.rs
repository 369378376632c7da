//! Questions that the server makes up: one-time codes, passwords that PAM asks for.

use russh::client::KeyboardInteractiveAuthResponse;

use super::{Attempt, Outcome};
use crate::error::{Error, Result};
use crate::prompt::{Answer, InteractiveField, Question, visible, visible_line};

/// Rounds of questions in one keyboard-interactive login; a server that goes on asking is left.
const INTERACTIVE_ROUNDS: u32 = 10;
/// Fields of one round; russh bounds the packet, this bounds the form.
const INTERACTIVE_FIELDS: usize = 16;

impl Attempt<'_> {
    /// Passes the server's questions on to the person, round by round (RFC 4256), and the answers back.
    pub(super) async fn try_interactive(&mut self) -> Result<Outcome> {
        // One that was accepted already is no answer to a second factor.
        let mut kept = if self.accepted.contains(&"password") { None } else { self.kept_password().await };
        let user = self.target.user.clone();
        let mut tries = 0;
        loop {
            tries += 1;
            let starting = self.handle.authenticate_keyboard_interactive_start(&user, None);
            let started = super::in_time(self.target, starting).await?;
            let mut response = started.map_err(|error| self.ended(error))?;
            let mut rounds = 0;
            let outcome = loop {
                let (name, instructions, fields) = match response {
                    KeyboardInteractiveAuthResponse::Success => break Outcome::Success,
                    KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success } => {
                        break if partial_success {
                            Outcome::Partial(remaining_methods)
                        } else {
                            Outcome::Refused(remaining_methods)
                        };
                    }
                    KeyboardInteractiveAuthResponse::InfoRequest { name, instructions, prompts } => {
                        (name, instructions, prompts)
                    }
                };
                rounds += 1;
                if rounds > INTERACTIVE_ROUNDS || fields.len() > INTERACTIVE_FIELDS {
                    self.tried.push(format!(
                        "keyboard-interactive (> {INTERACTIVE_ROUNDS} × {INTERACTIVE_FIELDS})"
                    ));
                    return Err(self.refused(&["keyboard-interactive"]));
                }
                let fields: Vec<InteractiveField> = fields
                    .iter()
                    .map(|field| InteractiveField { text: visible_line(&field.prompt), echo: field.echo })
                    .collect();
                let answers = match (fields.as_slice(), &mut kept) {
                    ([], _) => Vec::new(),
                    // A single hidden field that names a password is one; the kept one is tried once.
                    ([field], kept @ Some(_)) if asks_password(field) => kept.take().into_iter().collect(),
                    _ => {
                        let question = Question::Interactive {
                            user: user.clone(),
                            name: visible_line(&name),
                            instructions: visible(&instructions),
                            fields: fields.clone(),
                        };
                        match self.ask(question, false).await? {
                            Answer::Fields { values } if values.len() == fields.len() => values,
                            _ => return Err(Error::internal("a question with fields got another answer")),
                        }
                    }
                };
                let secret = !answers.is_empty();
                let answers = answers.iter().map(|answer| answer.expose().to_owned()).collect();
                let answering = self.handle.authenticate_keyboard_interactive_respond(answers);
                let answered = super::in_time(self.target, answering).await?;
                response = answered.map_err(|error| match self.ended(error) {
                    error if secret => self.refused_silently(error, "keyboard-interactive"),
                    error => error,
                })?;
            };
            let asked = rounds > 0;
            if !matches!(outcome, Outcome::Refused(_)) {
                return Ok(outcome);
            }
            self.refusals += 1;
            if !asked || tries >= self.options.password_prompts.max(1) {
                self.tried.push(format!("keyboard-interactive × {tries}"));
                return Ok(outcome);
            }
        }
    }
}

/// A one-time code is hidden too, so the words decide. PAM's own prompt is `Password: `.
fn asks_password(field: &InteractiveField) -> bool {
    let text = field.text.to_lowercase();
    !field.echo && (text.contains("password") || text.contains("密码") || text.contains("口令"))
}
