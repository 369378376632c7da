use bowline_core::host::ssh_config::forward::Kind;

use super::*;

fn parsed(line: &str) -> Result<Command, Usage> {
    parse(line.split_whitespace().map(OsString::from).collect())
}

fn connected(line: &str) -> Connect {
    match parsed(line) {
        Ok(Command::Connect(connect)) => *connect,
        other => panic!("{line}: {other:?}"),
    }
}

fn set(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn letters_may_be_joined_and_their_values_too() {
    let connect = connected("connect -vvTp2222 -l ada -oBatchMode=yes -i key host");
    assert_eq!(connect.options.verbose, 2);
    let expected = [("RequestTTY", "no"), ("Port", "2222"), ("User", "ada"), ("BatchMode", "yes")];
    assert_eq!(connect.options.settings, set(&expected));
    assert_eq!(connect.options.identity_files, ["key"]);
    assert_eq!(connect.host, "host");
}

#[test]
fn rsync_git_and_scp_call_it_as_they_call_ssh() {
    let rsync = connected("connect -l ada host rsync --server -vlogDtpre.iLsfxCIvu . dir");
    assert_eq!(rsync.command, b"rsync --server -vlogDtpre.iLsfxCIvu . dir");
    let git = connected("connect -o SendEnv=GIT_PROTOCOL -p 22 ada@host git-upload-pack 'repo.git'");
    assert_eq!(git.command, b"git-upload-pack 'repo.git'");
    let scp = connected("connect -x -oPermitLocalCommand=no -oRequestTTY=no -s -- host sftp");
    assert!(scp.options.subsystem);
    assert_eq!((scp.host.as_str(), scp.command.as_slice()), ("host", &b"sftp"[..]));
}

#[test]
fn options_after_the_host_count_up_to_the_command() {
    let connect = connected("connect host -p 22 ls -p 23");
    assert_eq!(connect.options.settings, set(&[("Port", "22")]));
    assert_eq!(connect.command, b"ls -p 23");
    assert_eq!(connected("connect host -- -x y").command, b"-x y");
}

#[test]
fn a_setting_is_written_in_any_of_three_ways() {
    for text in ["Port=22", "Port 22", "Port = 22", " Port=22 "] {
        assert_eq!(setting(text), Ok(("Port".into(), "22".into())), "{text}");
    }
    assert_eq!(setting("SetEnv A=\"b c\""), Ok(("SetEnv".into(), "A=\"b c\"".into())));
    assert!(setting("Port").is_err());
    assert!(setting("=22").is_err());
}

#[test]
fn exec_takes_hosts_before_the_dashes_and_a_command_after_them() {
    let Ok(Command::Exec(exec)) = parsed("exec --json a b --limit 3 -- ls -l --json") else { panic!() };
    assert_eq!((exec.hosts.len(), exec.limit, exec.json), (2, Some(3), true));
    assert_eq!(exec.command, b"ls -l --json");
    assert!(parsed("exec a b").is_err());
    assert!(parsed("exec -- ls").is_err());
    assert!(parsed("exec --limit 0 a -- ls").is_err());
}

#[test]
fn forwardings_are_read_as_ssh_reads_them() {
    let line = "tunnel -vNL8080:db:5432 server -R 0:localhost:80 -D[::1]:1080 --json -p 22";
    let Ok(Command::Tunnel(order)) = parsed(line) else { panic!() };
    assert_eq!((order.host.as_str(), order.json, order.options.verbose), ("server", true, 1));
    let forwards: Vec<_> = order.forwards.iter().map(|forward| (forward.kind, forward.to_string())).collect();
    let expected =
        [(Kind::Local, "8080 [db]:5432"), (Kind::Remote, "0 [localhost]:80"), (Kind::Dynamic, "[::1]:1080")];
    assert_eq!(forwards, expected.map(|(kind, text)| (kind, text.to_owned())));
    for wrong in
        ["tunnel -L 8080:db:5432", "tunnel host -L 8080", "tunnel host -D x", "tunnel a b", "tunnel -t a"]
    {
        assert!(parsed(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_not_understood_is_named() {
    let Err(Usage(text)) = parsed("connect -w 3 host") else { panic!() };
    assert!(text.contains("-w"), "{text}");
    assert!(parsed("connect -p").is_err());
    assert!(parsed("connect").is_err());
}
