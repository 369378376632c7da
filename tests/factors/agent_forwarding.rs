//! The agent as commands on the host find it.

use super::*;

/// Runs a command on a session of the connection, with what it says on both outputs.
async fn run(connection: &Arc<Connection>, command: &str) -> String {
    let place = connection.reserve().expect("a place");
    let mut channel = place.open_channel().await.expect("a session");
    channel.exec(true, command).await.expect("it is asked for");
    let mut said = Vec::new();
    while let Some(message) = channel.wait().await {
        match message {
            russh::ChannelMsg::Data { data } | russh::ChannelMsg::ExtendedData { data, .. } => {
                said.extend_from_slice(&data);
            }
            russh::ChannelMsg::Close => break,
            _ => {}
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn forwarding(agent: &Agent) -> impl FnOnce(&mut AuthOptions) + use<> {
    let socket = agent.socket().to_string_lossy().into_owned();
    move |options| options.forward_agent = ForwardAgent::Socket(socket)
}

#[tokio::test]
async fn commands_on_the_host_use_the_forwarded_agent_and_cannot_change_it() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let agent = Agent::start().await;
    agent.add(&sshd.client_key_file());
    let try_it = Try::new(&sshd, AuthMethod::Key, forwarding(&agent)).key(&sshd.client_key_file());
    let connection = try_it.log_in().await.expect("it connects");
    assert_eq!(run(&connection, "ssh-add -l").await, agent.list());
    // Signs and verifies with the key.
    let public = sshd.client_key_file().with_extension("pub");
    let said = run(&connection, &format!("ssh-add -T {} && echo signed", public.display())).await;
    assert!(said.contains("signed"), "{said}");
    let said = run(&connection, "ssh-add -D; ssh-add -x </dev/null").await;
    assert!(!agent.list().is_empty() && agent.list().contains("ED25519"), "{said}");
    // One after the other and at once: each channel gives its place back.
    for _ in 0..20 {
        assert_eq!(run(&connection, "ssh-add -l").await, agent.list());
    }
    connection.close().await;
}

#[tokio::test]
async fn no_agent_is_forwarded_unless_it_was_asked_for() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let agent = Agent::start().await;
    agent.add(&sshd.client_key_file());
    let try_it = Try::new(&sshd, AuthMethod::Agent, by_agent(&agent));
    let connection = try_it.log_in().await.expect("it connects");
    assert_eq!(run(&connection, "echo \"[$SSH_AUTH_SOCK]\"").await.trim(), "[]");
    connection.close().await;
}

#[tokio::test]
async fn a_key_that_is_limited_to_this_host_logs_in_and_is_not_usable_from_there() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let agent = Agent::start().await;
    let known = agent.folder().join("known_hosts");
    // ssh-add looks destinations up by name; the port is no part of it.
    let host_key = sshd.host_key(HostKeyType::Ed25519);
    std::fs::write(&known, format!("there {host_key}")).expect("known_hosts");
    let known = known.to_string_lossy().into_owned();
    agent.add_with(&["-H", &known, "-h", "there"], &sshd.client_key_file());
    let (log_in, forward) = (by_agent(&agent), forwarding(&agent));
    let try_it = Try::new(&sshd, AuthMethod::Agent, |options| {
        log_in(options);
        forward(options);
    });
    let connection = try_it.log_in().await.unwrap_or_else(|error| panic!("{}", error.message));
    let said = run(&connection, "ssh-add -l").await;
    assert!(said.contains("no identities"), "{said}");
    connection.close().await;
}
