//! The order in which ways to log in are tried: a pure plan. It knows no server and no key, only names.

use std::collections::VecDeque;

use crate::host::AuthMethod;

/// Keys that are tried while the server also takes a password: sshd's MaxAuthTries is 6, and a second password must fit.
const KEYS_BESIDE_PASSWORD: u32 = 4;
/// Keys that are tried otherwise, one below sshd's MaxAuthTries.
const KEYS_ALONE: u32 = 5;
/// Factors of one login; nobody asks for more.
const FACTORS_MAX: u32 = 4;

/// A way to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Every key of the agent, in its order.
    Agent,
    /// One key file, by its path.
    KeyFile(String),
    Password,
    KeyboardInteractive,
}

impl Step {
    /// The method's name on the wire (RFC 4252, RFC 4256).
    pub fn method(&self) -> &'static str {
        match self {
            Step::Agent | Step::KeyFile(_) => "publickey",
            Step::Password => "password",
            Step::KeyboardInteractive => "keyboard-interactive",
        }
    }
}

/// What is left to try.
#[derive(Debug, Clone)]
pub struct Plan {
    all: Vec<Step>,
    left: VecDeque<Step>,
    keys_tried: u32,
    factors: u32,
    password_may_replace: bool,
}

impl Plan {
    /// `key_path` (it may be empty) is the only key for [`AuthMethod::Key`] and the first for [`AuthMethod::Automatic`];
    /// `default_keys` are the usual files that exist.
    pub fn new(method: AuthMethod, key_path: &str, default_keys: &[String]) -> Self {
        let all: Vec<Step> = match method {
            AuthMethod::Automatic => Some(key_path)
                .filter(|path| !path.is_empty())
                .map(|path| Step::KeyFile(path.to_owned()))
                .into_iter()
                .chain([Step::Agent])
                .chain(default_keys.iter().filter(|path| *path != key_path).cloned().map(Step::KeyFile))
                .chain([Step::Password, Step::KeyboardInteractive])
                .collect(),
            // Many servers take a password only as the answer to a question.
            AuthMethod::Password => vec![Step::Password, Step::KeyboardInteractive],
            AuthMethod::Key => vec![Step::KeyFile(key_path.to_owned())],
            AuthMethod::Agent => vec![Step::Agent],
            AuthMethod::KeyboardInteractive => vec![Step::KeyboardInteractive],
        };
        Self {
            left: all.iter().cloned().collect(),
            all,
            keys_tried: 0,
            factors: 1,
            password_may_replace: true,
        }
    }

    /// The next way that the server offers, or nothing when all have been tried.
    pub fn next(&mut self, offered: &[&str]) -> Option<Step> {
        while let Some(step) = self.left.pop_front() {
            if !offered.contains(&step.method()) {
                continue;
            }
            // A refused password is not asked for again as an answer.
            if step == Step::KeyboardInteractive
                && offered.contains(&"password")
                && !self.password_may_replace
            {
                continue;
            }
            return Some(step);
        }
        None
    }

    /// Whether one more key of the agent may be offered; call it before each. One try is left for a key file that waits.
    pub fn may_try_agent_key(&mut self, offered: &[&str]) -> bool {
        let file_waits = self.left.iter().any(|step| matches!(step, Step::KeyFile(_)));
        self.may_try(self.key_limit(offered) - u32::from(file_waits))
    }

    /// Whether one more key file may be offered; call it before each.
    pub fn may_try_key_file(&mut self, offered: &[&str]) -> bool {
        self.may_try(self.key_limit(offered))
    }

    fn key_limit(&self, offered: &[&str]) -> u32 {
        let asks =
            self.left.iter().any(|step| offered.contains(&step.method()) && step.method() != "publickey");
        if asks { KEYS_BESIDE_PASSWORD } else { KEYS_ALONE }
    }

    fn may_try(&mut self, limit: u32) -> bool {
        let may = self.keys_tried < limit;
        self.keys_tried += u32::from(may);
        may
    }

    /// The password was refused as often as it may be.
    pub fn password_refused(&mut self) {
        self.password_may_replace = false;
    }

    /// The server accepted `step` and wants another factor: everything but it may be tried again, and whatever the
    /// server asks for may be answered. False when there have been too many.
    pub fn partial_success(&mut self, step: &Step) -> bool {
        self.factors += 1;
        self.all.retain(|one| one != step);
        for more in [Step::Password, Step::KeyboardInteractive] {
            if more != *step && !self.all.contains(&more) {
                self.all.push(more);
            }
        }
        self.left = self.all.iter().cloned().collect();
        self.factors <= FACTORS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[&str] = &["publickey", "password", "keyboard-interactive"];

    fn order(mut plan: Plan, offered: &[&str]) -> Vec<Step> {
        std::iter::from_fn(|| plan.next(offered)).collect()
    }

    #[test]
    fn automatic_tries_the_agent_then_files_then_what_a_person_types() {
        let plan = Plan::new(AuthMethod::Automatic, "", &["a".into(), "b".into()]);
        assert_eq!(
            order(plan, ALL),
            [
                Step::Agent,
                Step::KeyFile("a".into()),
                Step::KeyFile("b".into()),
                Step::Password,
                Step::KeyboardInteractive
            ]
        );
    }

    #[test]
    fn only_what_the_server_offers_is_tried() {
        let plan = Plan::new(AuthMethod::Automatic, "", &["a".into()]);
        assert_eq!(order(plan, &["keyboard-interactive"]), [Step::KeyboardInteractive]);
    }

    #[test]
    fn a_chosen_key_is_tried_alone() {
        let plan = Plan::new(AuthMethod::Key, "k", &["a".into()]);
        assert_eq!(order(plan, ALL), [Step::KeyFile("k".into())]);
    }

    #[test]
    fn a_refused_password_is_not_asked_for_again_as_a_question() {
        let mut plan = Plan::new(AuthMethod::Password, "", &[]);
        assert_eq!(plan.next(ALL), Some(Step::Password));
        plan.password_refused();
        assert_eq!(plan.next(ALL), None);
    }

    #[test]
    fn keys_leave_room_for_a_password() {
        let mut plan = Plan::new(AuthMethod::Automatic, "", &[]);
        assert_eq!(plan.next(ALL), Some(Step::Agent));
        let tried = std::iter::repeat_with(|| plan.may_try_agent_key(ALL)).take_while(|may| *may).count();
        assert_eq!(tried, 4);
    }

    #[test]
    fn an_agent_full_of_keys_leaves_a_try_for_a_key_file() {
        let mut plan = Plan::new(AuthMethod::Automatic, "", &["a".into()]);
        assert_eq!(plan.next(ALL), Some(Step::Agent));
        let tried = std::iter::repeat_with(|| plan.may_try_agent_key(ALL)).take_while(|may| *may).count();
        assert_eq!(tried, 3);
        assert_eq!(plan.next(ALL), Some(Step::KeyFile("a".into())));
        assert!(plan.may_try_key_file(ALL));
    }

    #[test]
    fn a_key_file_of_the_host_comes_first_and_once() {
        let plan = Plan::new(AuthMethod::Automatic, "b", &["a".into(), "b".into()]);
        let keys = [Step::KeyFile("b".into()), Step::Agent, Step::KeyFile("a".into())];
        assert_eq!(order(plan, &["publickey"]), keys);
    }

    #[test]
    fn after_a_first_factor_the_second_may_be_typed() {
        let mut plan = Plan::new(AuthMethod::Key, "k", &[]);
        let first = plan.next(ALL).expect("the key");
        assert!(plan.partial_success(&first));
        assert_eq!(plan.next(&["password"]), Some(Step::Password));
    }

    #[test]
    fn a_server_that_is_never_satisfied_is_left() {
        let mut plan = Plan::new(AuthMethod::Automatic, "", &[]);
        let rounds = (0..10).take_while(|_| plan.partial_success(&Step::Password)).count();
        assert!(rounds < 5, "{rounds}");
    }
}
