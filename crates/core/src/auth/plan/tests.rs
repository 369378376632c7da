use super::*;

const ALL: &[&str] = &["publickey", "password", "keyboard-interactive"];

fn file(key: &str, named: bool) -> FileEntry {
    FileEntry { key: key.into(), named, signs: true }
}

fn held(keys: &[&str]) -> Vec<AgentEntry> {
    // "x+" is a certificate of the key x.
    let entry = |key: &&str| AgentEntry {
        key: key.trim_end_matches('+').to_owned(),
        certificate: key.ends_with('+'),
    };
    keys.iter().map(entry).collect()
}

/// `key` or `key+` for its certificate, with `@agent` or `@file`.
fn shown(inventory: &Inventory) -> Vec<String> {
    let name = |offer: &Offer| {
        let certificate = if offer.certificate.is_some() { "+" } else { "" };
        let signer = if matches!(offer.signer, SignsWith::Agent(_)) { "agent" } else { "file" };
        format!("{}{certificate}@{signer}", offer.key)
    };
    order(inventory).iter().map(name).collect()
}

#[test]
fn keys_are_shown_in_the_order_of_openssh() {
    let named_b_usual_a = vec![file("b", true), file("a", false)];
    let inventory = |agent: &[&str], files: &[FileEntry], certificates: &[&str], only_files| Inventory {
        agent: held(agent),
        files: files.to_vec(),
        certificates: certificates.iter().map(|key| (*key).to_owned()).collect(),
        only_files,
    };
    let table: [(&str, Inventory, &[&str]); 9] = [
        (
            "the chosen file, the agent, the usual files",
            inventory(&["x"], &named_b_usual_a, &[], false),
            &["b@file", "x@agent", "a@file"],
        ),
        (
            "the agent signs for the chosen file",
            inventory(&["x", "b"], &named_b_usual_a, &[], false),
            &["b@agent", "x@agent", "a@file"],
        ),
        (
            "an agent's key that is a usual file comes before its others",
            inventory(&["x", "a"], &named_b_usual_a, &[], false),
            &["b@file", "a@agent", "x@agent"],
        ),
        (
            "IdentitiesOnly leaves the agent's other keys out",
            inventory(&["x", "b"], &named_b_usual_a, &[], true),
            &["b@agent", "a@file"],
        ),
        (
            "a certificate comes before its key",
            inventory(&["x"], &named_b_usual_a, &["a", "b"], false),
            &["b+@file", "b@file", "x@agent", "a+@file", "a@file"],
        ),
        (
            "a certificate in a file for a key in the agent",
            inventory(&["x"], &[], &["x"], false),
            &["x+@agent", "x@agent"],
        ),
        (
            "a certificate in a file for a key in the agent, with IdentitiesOnly",
            inventory(&["x", "y"], &[], &["x"], true),
            &["x+@agent"],
        ),
        (
            "a certificate that the agent holds, in its order",
            inventory(&["x", "x+", "y"], &[], &[], false),
            &["x@agent", "x+@agent", "y@agent"],
        ),
        (
            "a certificate that the agent holds for a chosen file",
            inventory(&["x", "b", "b+"], &named_b_usual_a, &[], false),
            &["b+@agent", "b@agent", "x@agent", "a@file"],
        ),
    ];
    for (what, inventory, expected) in table {
        assert_eq!(shown(&inventory), expected, "{what}");
    }
}

#[test]
fn a_public_key_file_is_for_a_key_of_the_agent() {
    let handle = FileEntry { signs: false, ..file("sk", true) };
    let mut inventory = Inventory { files: vec![handle], only_files: true, ..Inventory::default() };
    assert_eq!(shown(&inventory), [""; 0]);
    inventory.agent = held(&["other", "sk"]);
    assert_eq!(shown(&inventory), ["sk@agent"]);
}

fn agent_keys(number: usize) -> Vec<Offer> {
    let offer =
        |index| Offer { key: format!("key {index}"), certificate: None, signer: SignsWith::Agent(index) };
    (0..number).map(offer).collect()
}

fn file_key(name: &str) -> Offer {
    Offer { key: name.into(), certificate: None, signer: SignsWith::File(0) }
}

/// What a plan does when everything is refused: `k` for a key, `p`, `i`.
fn walk(plan: &mut Plan, offered: &[&str], keys: &[Offer]) -> String {
    let mut walked = String::new();
    while let Some(step) = plan.next(offered) {
        walked.push(match step {
            Step::FindKeys(_) => {
                plan.found(keys.to_vec());
                continue;
            }
            Step::Key(_) => 'k',
            Step::Password => 'p',
            Step::KeyboardInteractive => 'i',
        });
        plan.refused();
    }
    walked
}

#[test]
fn the_tries_of_the_server_suffice_for_a_password_after_many_keys() {
    let options = |max_tries| AuthOptions { max_tries, ..AuthOptions::default() };
    let password: &[&str] = &["publickey", "password"];
    for (max_tries, offered, keys, expected) in [
        (6, password, 20, "kkkkp"),
        (3, password, 20, "kkp"),
        (2, password, 20, "kp"),
        (1, password, 20, "p"),
        (6, password, 2, "kkp"),
        (6, &["publickey"], 20, "kkkkk"),
        (2, &["publickey"], 20, "k"),
        (1, &["publickey"], 20, "k"),
        (6, ALL, 1, "kpi"),
        (6, &["hostbased"], 1, ""),
    ] {
        let mut plan = Plan::new(AuthMethod::Automatic, &options(max_tries));
        assert_eq!(
            walk(&mut plan, offered, &agent_keys(keys)),
            expected,
            "{max_tries} tries, {offered:?}, {keys} keys"
        );
    }
}

#[test]
fn settings_decide_on_methods_and_their_order() {
    let with = |change: fn(&mut AuthOptions)| {
        let mut options = AuthOptions::default();
        change(&mut options);
        options
    };
    let table: [(AuthMethod, AuthOptions, &str); 9] = [
        (AuthMethod::Automatic, AuthOptions::default(), "kpi"),
        (AuthMethod::Automatic, with(|options| options.publickey = false), "pi"),
        (AuthMethod::Automatic, with(|options| options.password = false), "ki"),
        (AuthMethod::Automatic, with(|options| options.keyboard_interactive = false), "kp"),
        (
            AuthMethod::Automatic,
            with(|options| {
                options.preferred =
                    vec!["keyboard-interactive".into(), "gssapi-with-mic".into(), "publickey".into()]
            }),
            "ik",
        ),
        (AuthMethod::Password, AuthOptions::default(), "pi"),
        (AuthMethod::Key, AuthOptions::default(), "k"),
        (AuthMethod::Agent, AuthOptions::default(), "k"),
        (AuthMethod::KeyboardInteractive, AuthOptions::default(), "i"),
    ];
    for (method, options, expected) in table {
        let mut plan = Plan::new(method, &options);
        assert_eq!(walk(&mut plan, ALL, &agent_keys(1)), expected, "{method:?} {options:?}");
    }
}

#[test]
fn what_keys_are_looked_for_follows_the_choice() {
    for (method, keys) in [
        (AuthMethod::Automatic, Keys::All),
        (AuthMethod::Key, Keys::Chosen),
        (AuthMethod::Agent, Keys::Agent),
    ] {
        let mut plan = Plan::new(method, &AuthOptions::default());
        assert_eq!(plan.next(ALL), Some(Step::FindKeys(keys)));
    }
}

#[test]
fn keys_are_not_looked_for_when_the_server_takes_none() {
    let mut plan = Plan::new(AuthMethod::Automatic, &AuthOptions::default());
    assert_eq!(plan.next(&["password"]), Some(Step::Password));
}

#[test]
fn a_refused_password_is_not_asked_for_again_as_a_question() {
    let mut plan = Plan::new(AuthMethod::Password, &AuthOptions::default());
    assert_eq!(plan.next(ALL), Some(Step::Password));
    plan.password_refused();
    assert_eq!(plan.next(ALL), None);
}

#[test]
fn an_agent_full_of_keys_leaves_a_try_for_a_key_file() {
    let mut plan = Plan::new(AuthMethod::Automatic, &AuthOptions::default());
    assert_eq!(plan.next(ALL), Some(Step::FindKeys(Keys::All)));
    let mut keys = agent_keys(8);
    keys.push(file_key("a"));
    plan.found(keys);
    let mut walked = Vec::new();
    while let Some(Step::Key(offer)) = plan.next(ALL) {
        walked.push(offer.signer);
        plan.refused();
    }
    assert_eq!(walked.len(), 4);
    assert_eq!(walked.last(), Some(&SignsWith::File(0)));
    assert_eq!(plan.skipped(), 5);
}

#[test]
fn after_a_first_factor_the_second_may_be_anything_but_the_first() {
    let key = Step::Key(file_key("k"));
    let table: [(AuthMethod, Step, &[&str], Option<Step>); 5] = [
        (AuthMethod::Key, key.clone(), &["password"], Some(Step::Password)),
        (AuthMethod::Key, key, &["keyboard-interactive"], Some(Step::KeyboardInteractive)),
        (AuthMethod::Password, Step::Password, &["publickey"], Some(Step::FindKeys(Keys::All))),
        (AuthMethod::Password, Step::Password, &["password"], None),
        (
            AuthMethod::KeyboardInteractive,
            Step::KeyboardInteractive,
            &["keyboard-interactive"],
            Some(Step::KeyboardInteractive),
        ),
    ];
    for (method, first, offered, expected) in table {
        let mut plan = Plan::new(method, &AuthOptions::default());
        assert!(plan.partial_success(&first));
        assert_eq!(plan.next(offered), expected, "{method:?} {offered:?}");
    }
}

#[test]
fn a_key_that_was_a_factor_is_not_shown_again() {
    let mut plan = Plan::new(AuthMethod::Automatic, &AuthOptions::default());
    assert!(plan.partial_success(&Step::Key(file_key("a"))));
    assert_eq!(plan.next(&["publickey"]), Some(Step::FindKeys(Keys::All)));
    plan.found(vec![file_key("a"), file_key("b")]);
    assert_eq!(plan.next(&["publickey"]), Some(Step::Key(file_key("b"))));
}

#[test]
fn after_a_first_factor_a_key_is_shown_even_when_tries_are_short() {
    let mut plan = Plan::new(AuthMethod::Automatic, &AuthOptions::default());
    (0..5).for_each(|_| plan.refused());
    assert!(plan.partial_success(&Step::Password));
    plan.next(&["publickey"]);
    plan.found(agent_keys(3));
    assert!(matches!(plan.next(&["publickey"]), Some(Step::Key(_))));
    plan.refused();
    assert_eq!(plan.next(&["publickey"]), None);
}

#[test]
fn a_server_that_is_never_satisfied_is_left() {
    let mut plan = Plan::new(AuthMethod::Automatic, &AuthOptions::default());
    let rounds = (0..10).take_while(|_| plan.partial_success(&Step::Password)).count();
    assert!(rounds < 5, "{rounds}");
}
