//! Answers to questions.

use bowline_core::prompt::Answer;

super::engine_commands! {
    prompt_answer(id: u32, answer: Answer) -> ();
}
