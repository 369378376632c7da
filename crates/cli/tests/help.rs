//! Help, the man page and the completions, as the programs that use them see them.

use std::path::Path;

use crate::kit::terminal::Terminal;
use crate::kit::{BOWLINE, Home, finish};

const COMMANDS: &[&str] =
    &["connect", "exec", "cp", "sync", "tunnel", "hosts", "open", "doctor", "completions", "help"];

/// Whether a program is here; a test without it says nothing.
fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[tokio::test]
async fn each_command_has_help_in_two_ways_that_say_the_same() {
    let home = Home::new();
    let all = home.bowline(&["help"]).await;
    assert_eq!((all.status, all.stdout.clone()), (Some(0), home.bowline(&["--help"]).await.stdout));
    assert_eq!(all.stdout, home.bowline(&[]).await.stdout);
    for command in COMMANDS {
        assert!(all.text().contains(&format!("\n  {command} ")), "{command}");
        let one = home.bowline(&["help", command]).await;
        assert!(one.text().starts_with(&format!("usage: bowline {command}")), "{}", one.text());
        if *command != "help" {
            let other = home.bowline(&[command, "--help"]).await;
            assert_eq!((other.status, other.text()), (Some(0), one.text()), "{command}");
        }
    }
    let one = home.bowline(&["help", "hosts", "add"]).await;
    assert_eq!(one.text(), home.bowline(&["hosts", "add", "--help"]).await.text());
    assert!(one.text().contains("--group"), "{}", one.text());
    assert!(!all.text().contains('\x1b'));
    let forced = finish(home.program(BOWLINE).arg("help").env("CLICOLOR_FORCE", "1"), b"").await;
    assert!(forced.text().contains("\x1b[1m"));
}

#[tokio::test]
async fn a_command_that_is_not_there_is_named_with_the_one_that_was_meant() {
    let home = Home::new();
    let ran = home.bowline(&["conect", "server"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("Did you mean \"connect\"?"), "{}", ran.stderr);
    let ran = home.bowline(&["help", "sycn"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("\"sync\""), "{}", ran.stderr);
    let ran = home.bowline(&["frobnicate"]).await;
    assert!(ran.status == Some(255) && !ran.stderr.contains("mean"), "{}", ran.stderr);
}

#[tokio::test]
async fn the_man_page_is_the_one_of_this_help_and_has_no_mistakes() {
    let home = Home::new();
    let page = home.bowline(&["help", "--man"]).await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/man/bowline.1");
    let committed = std::fs::read_to_string(&file).expect("the man page");
    let advice = "docs/man/bowline.1 is old: bowline help --man > docs/man/bowline.1";
    assert!(page.text() == committed, "{advice}");
    let file = file.to_str().expect("a path");
    if is_here("man") && is_here("groff") {
        let line = format!("man --warnings=w -l '{file}' 2>&1 >/dev/null");
        let ran = finish(home.program("bash").args(["-c", &line]).env("MANWIDTH", "80"), b"").await;
        assert_eq!((ran.status, ran.text().as_str()), (Some(0), ""), "{}", ran.stderr);
    }
    if is_here("mandoc") {
        let ran = finish(home.program("mandoc").args(["-T", "lint", "-W", "warning", file]), b"").await;
        assert_eq!((ran.status, ran.text().as_str()), (Some(0), ""));
    }
}

#[tokio::test]
async fn the_letters_of_ssh_are_all_there_and_words_to_type_keep_their_case() {
    let home = Home::new();
    let help = home.bowline(&["ssh", "--help"]).await.text();
    for letter in ["-L ", "-R ", "-D ", "-W ", "-c ", "-E ", "-Q "] {
        assert!(help.contains(letter), "{letter}: {help}");
    }
    let joined =
        help.lines().find_map(|line| line.split_once("-46")).map(|(_, rest)| rest).unwrap_or_default();
    let joined = joined.split(' ').next().unwrap_or_default();
    assert!(joined.contains('f') && joined.contains('C'), "{help}");
    let page = home.bowline(&["help", "--man"]).await.text();
    assert!(page.contains("\\-L forwarding") && page.contains("\\-W host:port"), "{page}");
    for wrong in ["Socks5://", "\nAutomatic, "] {
        assert!(!page.contains(wrong), "{wrong}");
    }
}

/// A home whose hosts have names that a shell would act on.
async fn home_with_hosts() -> Home {
    let home = Home::new();
    for name in ["web-01", "web 02", "$(touch pwned)", "`touch pwned`", "db"] {
        assert_eq!(home.bowline(&["hosts", "add", "192.0.2.1", "--name", name]).await.status, Some(0));
    }
    home.config("Host linked\n");
    for shell in ["bash", "zsh", "fish"] {
        let script = home.bowline(&["completions", shell]).await;
        assert_eq!(script.status, Some(0));
        std::fs::write(home.path().join(format!("bowline.{shell}")), &script.stdout).expect("written");
    }
    std::fs::create_dir(home.path().join("bin")).expect("a folder");
    std::os::unix::fs::symlink(BOWLINE, home.path().join("bin/bowline")).expect("a link");
    home
}

#[tokio::test]
async fn bash_completes_commands_options_and_hosts_and_runs_no_name() {
    let home = home_with_hosts().await;
    let complete = |words: &'static str| {
        let home = &home;
        async move {
            let line = format!(
                "PATH=$HOME/bin:$PATH; source ~/bowline.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
                 _bowline 2>/dev/null; printf '%s\\n' \"${{COMPREPLY[@]}}\""
            );
            let ran = home.shell(&line).await;
            ran.text().lines().map(str::to_owned).collect::<Vec<_>>()
        }
    };
    assert_eq!(complete("bowline co").await, ["connect", "completions"]);
    assert_eq!(complete("bowline hosts i").await, ["import"]);
    assert_eq!(complete("bowline connect we").await, ["web\\ 02", "web-01"]);
    assert_eq!(complete("bowline doctor l").await, ["linked"]);
    // Those of ssh_config can neither be removed nor exported.
    assert!(complete("bowline hosts rm l").await.concat().is_empty());
    assert_eq!(complete("bowline hosts rm d").await, ["db"]);
    assert_eq!(complete("bowline sync --del").await, ["--delete", "--delete-many"]);
    assert_eq!(complete("bowline completions f").await, ["fish"]);
    assert!(complete("bowline cp d").await.contains(&"db:".to_owned()));
    assert!(complete("bowline connect ''").await.len() >= 6);
    assert!(!home.path().join("pwned").exists());
    let ran = home.shell("bash -n ~/bowline.bash").await;
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn fish_completes_commands_and_hosts() {
    if !is_here("fish") {
        return;
    }
    let home = home_with_hosts().await;
    let complete = |line: &'static str| {
        let home = &home;
        async move {
            let script =
                format!("set -x PATH $HOME/bin $PATH; source ~/bowline.fish; complete -C '{line}' | cut -f1");
            let mut program = home.program("fish");
            let ran = finish(program.args(["--no-config", "-c", &script]), b"").await;
            assert_eq!(ran.stderr, "", "{line}");
            ran.text().lines().map(str::to_owned).collect::<Vec<_>>()
        }
    };
    assert_eq!(complete("bowline conn").await, ["connect"]);
    assert_eq!(complete("bowline hosts im").await, ["import"]);
    assert!(complete("bowline connect web-").await.contains(&"web-01".to_owned()));
    assert!(complete("bowline hosts rm d").await.contains(&"db".to_owned()));
    assert!(complete("bowline sync --watc").await.contains(&"--watch".to_owned()));
    assert!(!home.path().join("pwned").exists());
}

#[tokio::test]
async fn zsh_completes_a_command_and_a_host_on_a_real_terminal() {
    if !is_here("zsh") {
        return;
    }
    let home = home_with_hosts().await;
    let setup = "PS1='ready> '; PATH=$HOME/bin:$PATH; autoload -Uz compinit; compinit -u -d ~/dump; source ~/bowline.zsh";
    std::fs::write(home.path().join(".zshrc"), setup).expect("written");
    let mut terminal = Terminal::run(&home, "exec zsh -i");
    terminal.shows("ready> ").await;
    terminal.type_in("bowline doc\t");
    terminal.shows("tor").await;
    terminal.type_in("web-\t");
    terminal.shows("01").await;
    terminal.type_in("\x15exit\r");
    terminal.end().await;
    assert!(!home.path().join("pwned").exists());
}
