use super::*;

fn draft() -> HostDraft {
    HostDraft { address: "example.com".to_owned(), port: 22, ..HostDraft::default() }
}

fn problem_with_address(address: &str) -> Option<ProblemKind> {
    problem(HostField::Address, HostDraft { address: address.to_owned(), ..draft() })
}

fn problem_with_user(user: &str) -> Option<ProblemKind> {
    problem(HostField::User, HostDraft { user: user.to_owned(), ..draft() })
}

/// The only problem of a draft, which has to be in this field.
fn problem(field: HostField, draft: HostDraft) -> Option<ProblemKind> {
    let problems = check(&draft);
    assert!(problems.len() <= 1, "{problems:?}");
    problems.first().map(|found| {
        assert_eq!(found.field, field);
        found.problem
    })
}

#[test]
fn addresses_that_openssh_takes_are_taken() {
    for address in [
        "example.com",
        "a-b.example",
        "under_score",
        "192.0.2.1",
        "::1",
        "2001:db8::17",
        "fe80::1%eth0",
        "fe80::1%enp0s31f6.100",
        "::ffff:192.0.2.1",
        "bücher.example",
        "例え.テスト",
        "localhost.",
    ] {
        assert_eq!(problem_with_address(address), None, "{address}");
    }
}

#[test]
fn addresses_that_could_do_harm_are_refused() {
    use ProblemKind::*;
    for (address, kind) in [
        ("", Required),
        ("-oProxyCommand=x", LeadingDash),
        ("-", LeadingDash),
        ("a;b", ShellCharacter),
        ("$(id)", ShellCharacter),
        ("${HOME}", ShellCharacter),
        ("`id`", ShellCharacter),
        ("a|b", ShellCharacter),
        ("a\\b", ShellCharacter),
        ("it's", ShellCharacter),
        ("a\nb", ControlCharacter),
        ("a\r", ControlCharacter),
        ("a\0", ControlCharacter),
        ("a\u{1b}[31m", ControlCharacter),
        ("a\u{85}", ControlCharacter),
        ("\u{202e}moc.elpmaxe", ControlCharacter),
        ("exam\u{200b}ple.com", ControlCharacter),
        (" example.com", Whitespace),
        ("exam\u{a0}ple.com", Whitespace),
        ("ada@example.com", UserInAddress),
        ("example.com:22", PortInAddress),
        ("example.com:", PortInAddress),
        ("[::1]:22", PortInAddress),
        ("[::1]", BracketsInAddress),
        ("[::1", BracketsInAddress),
    ] {
        assert_eq!(problem_with_address(address), Some(kind), "{address:?}");
    }
    assert_eq!(problem_with_address(&"a".repeat(256)), Some(TooLong));
}

#[test]
fn users_are_checked_as_openssh_does() {
    use ProblemKind::*;
    for user in ["", "root", "ada.lovelace", "ada@corp.example", "CORP\\ada", "Ada Lovelace", "服务", "a-b"]
    {
        assert_eq!(problem_with_user(user), None, "{user}");
    }
    for (user, kind) in [
        ("-l", LeadingDash),
        ("a;b", ShellCharacter),
        ("a`b", ShellCharacter),
        ("ada\\", ShellCharacter),
        ("ada\n", ControlCharacter),
        ("ada\u{200d}", ControlCharacter),
        ("ada -oProxyCommand=x", Whitespace),
        ("ada ", Whitespace),
    ] {
        assert_eq!(problem_with_user(user), Some(kind), "{user:?}");
    }
}

#[test]
fn a_label_may_be_prose_but_not_turn_the_text_around() {
    let label = |label: &str| problem(HostField::Label, HostDraft { label: label.to_owned(), ..draft() });
    assert_eq!(label("Ada's server; the “big” one 👩‍💻"), None);
    assert_eq!(label("生产"), None);
    assert_eq!(label("a\u{202e}b"), Some(ProblemKind::ControlCharacter));
    assert_eq!(label("a\nb"), Some(ProblemKind::ControlCharacter));
    assert_eq!(label(&"字".repeat(120)), None);
    assert_eq!(label(&"字".repeat(121)), Some(ProblemKind::TooLong));
    let group = HostDraft { group: "a\tb".to_owned(), ..draft() };
    assert_eq!(problem(HostField::Group, group), Some(ProblemKind::ControlCharacter));
}

#[test]
fn port_zero_is_out_of_range() {
    assert_eq!(problem(HostField::Port, HostDraft { port: 0, ..draft() }), Some(ProblemKind::PortRange));
    assert_eq!(check(&HostDraft { port: 65535, ..draft() }), []);
}

#[test]
fn a_key_file_has_to_be_a_private_key_when_the_key_is_the_way_in() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let key = |key_path: String| {
        problem(HostField::KeyPath, HostDraft { auth: AuthMethod::Key, key_path, ..draft() })
    };
    assert_eq!(key(file("id", "-----BEGIN OPENSSH PRIVATE KEY-----\n")), None);
    assert_eq!(key(file("id.pub", "ssh-ed25519 AAAA")), Some(ProblemKind::NotAPrivateKey));
    assert_eq!(key(file("big", &"x".repeat(70_000))), Some(ProblemKind::NotAPrivateKey));
    assert_eq!(key(dir.path().to_str().unwrap().to_owned()), Some(ProblemKind::FileUnreadable));
    assert_eq!(key(dir.path().join("none").to_str().unwrap().to_owned()), Some(ProblemKind::FileMissing));
    assert_eq!(key("relative/id".to_owned()), Some(ProblemKind::FileMissing));
    assert_eq!(key(String::new()), Some(ProblemKind::Required));

    let automatic = HostDraft { key_path: "/no/such/key".to_owned(), ..draft() };
    assert_eq!(check(&automatic), []);
}

#[test]
fn every_problem_of_a_draft_is_told_in_the_order_of_the_form() {
    let draft = HostDraft { label: "\n".to_owned(), port: 0, user: "-".to_owned(), ..HostDraft::default() };
    let fields: Vec<_> = check(&draft).into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, [HostField::Label, HostField::Address, HostField::Port, HostField::User]);
}

#[test]
fn the_error_names_field_and_reason_as_the_window_does() {
    let error = accept(&HostDraft { auth: AuthMethod::Key, ..draft() }).unwrap_err();
    assert_eq!(error.code, ErrorCode::HostInvalid);
    let problem = FieldProblem { field: HostField::KeyPath, problem: ProblemKind::Required };
    let seen = serde_json::to_value(problem).unwrap();
    assert_eq!(error.params["field"], seen["field"].as_str().unwrap());
    assert_eq!(error.params["reason"], seen["problem"].as_str().unwrap());
}

#[test]
fn the_way_to_a_host_is_checked_and_there_can_be_only_one() {
    use crate::host::HostOptions;
    let options = |options: HostOptions| {
        check(&HostDraft { options, ..draft() })
            .into_iter()
            .map(|found| (found.field, found.problem))
            .collect::<Vec<_>>()
    };
    let usual = HostOptions::default;
    assert_eq!(options(HostOptions { jump: "ann@a:2200,b".to_owned(), ..usual() }), []);
    assert_eq!(
        options(HostOptions { jump: "a,,b".to_owned(), ..usual() }),
        [(HostField::Jump, ProblemKind::JumpForm)]
    );
    assert_eq!(
        options(HostOptions { proxy: "socks5://-x:1080".to_owned(), ..usual() }),
        [(HostField::Proxy, ProblemKind::ProxyForm)]
    );
    assert_eq!(
        options(HostOptions { proxy: "http://a:secret@p:8080".to_owned(), ..usual() }),
        [(HostField::Proxy, ProblemKind::PasswordInProxy)]
    );
    assert_eq!(
        options(HostOptions { proxy_command: "nc %h %z".to_owned(), ..usual() }),
        [(HostField::ProxyCommand, ProblemKind::UnknownToken)]
    );
    assert_eq!(
        options(HostOptions { proxy_command: "nc %h\nrm x".to_owned(), ..usual() }),
        [(HostField::ProxyCommand, ProblemKind::ControlCharacter)]
    );
    assert_eq!(
        options(HostOptions { jump: "a".to_owned(), proxy_command: "nc %h %p".to_owned(), ..usual() }),
        [(HostField::ProxyCommand, ProblemKind::SecondRoute)]
    );
    assert_eq!(
        options(HostOptions { startup_command: "cd /srv && ls 'a b'; 你好".to_owned(), ..usual() }),
        []
    );
    for (command, problem) in [
        ("ls\nrm x".to_owned(), ProblemKind::ControlCharacter),
        ("ls \u{1b}[A".to_owned(), ProblemKind::ControlCharacter),
        ("x".repeat(STARTUP_MAX_BYTES + 1), ProblemKind::TooLong),
    ] {
        let found = options(HostOptions { startup_command: command, ..usual() });
        assert_eq!(found, [(HostField::StartupCommand, problem)]);
    }
    assert_eq!(
        options(HostOptions { bind_address: "eth0".to_owned(), connect_timeout_seconds: Some(0), ..usual() }),
        [
            (HostField::BindAddress, ProblemKind::NotAnAddress),
            (HostField::ConnectTimeoutSeconds, ProblemKind::TimeRange)
        ]
    );
}
