use super::*;

fn only(line: &str) -> Content {
    let config = SshConfig::parse(line.as_bytes());
    assert_eq!(config.to_string(), line);
    assert_eq!(config.lines.len(), 1, "{line:?}");
    config.lines[0].content.clone()
}

#[track_caller]
fn assert_directive(line: &str, keyword: &str, arguments: &[&str]) {
    let Content::Directive(directive) = only(line) else { panic!("{line:?}: {:?}", only(line)) };
    assert_eq!(
        (directive.keyword.as_str(), directive.arguments),
        (keyword, arguments.iter().map(ToString::to_string).collect())
    );
}

#[test]
fn keywords_and_arguments_are_split_as_openssh_does() {
    assert_directive("Host a b\n", "Host", &["a", "b"]);
    assert_directive("\t HOST=a\r\n", "HOST", &["a"]);
    assert_directive("Host = a", "Host", &["a"]);
    assert_directive("Host == a", "Host", &["=", "a"]);
    assert_directive("Host \t=\t\"a b\" c", "Host", &["a b", "c"]);
    assert_directive("IdentityFile \"~/my keys/id\"", "IdentityFile", &["~/my keys/id"]);
    assert_directive("IdentityFile ~/my\\ keys/id", "IdentityFile", &["~/my keys/id"]);
    assert_directive("IdentityFile 'it is'", "IdentityFile", &["it is"]);
    assert_directive(r#"ProxyCommand "say \"hi\" \\ \x""#, "ProxyCommand", &[r#"say "hi" \ \x"#]);
    assert_directive("User a#b # the admin", "User", &["a#b"]);
    assert_directive("User\"quoted x\" y", "Userquoted x", &["y"]);
    assert_directive("\"User\"=x", "User", &["=x"]);
    assert_directive(" = Host a", "Host", &["a"]);
    assert_directive("\"User\" x", "User", &["x"]);
    assert_directive("Host pre\"fix ed\"post", "Host", &["prefix edpost"]);
    assert_directive("User x \u{c}\n", "User", &["x"]);
    assert_directive("User #x", "User", &[]);
}

#[test]
fn blank_lines_comments_and_faults_are_told_apart() {
    for line in ["\n", "  \t\r\n", "# Host a\n", "   # x"] {
        assert_eq!(only(line), Content::Empty, "{line:?}");
    }
    for line in ["Host\n", "Host =", "Port   "] {
        assert_eq!(only(line), Content::Fault(Fault::MissingArgument), "{line:?}");
    }
    for line in ["Host \"a", "Host 'a b", "\"Host a", "Host a\"b c"] {
        assert_eq!(only(line), Content::Fault(Fault::OpenQuote), "{line:?}");
    }
    assert_eq!(only(&format!("Host {}", "a".repeat(LINE_MAX_BYTES))), Content::Fault(Fault::TooLong));
}

#[test]
fn the_text_comes_back_byte_for_byte() {
    let text = "# mine\r\n\r\nHost  a\t b # c\n\n   Port=22\n Broken \"x\nno line end";
    let config = SshConfig::parse(text.as_bytes());
    assert_eq!(config.to_string(), text);
    assert!(!config.lossy);
    assert!(SshConfig::parse(b"Host \xff\n").lossy);
    assert_eq!(SshConfig::parse(b"").lines, []);
}
