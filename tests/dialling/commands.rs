//! A command that leads to the server, for which the person is asked.

use super::*;

fn started(folder: &Path) -> Vec<u32> {
    let pids = std::fs::read_to_string(folder.join("pids")).unwrap_or_default();
    pids.lines().filter_map(|pid| pid.parse().ok()).collect()
}

#[tokio::test]
async fn a_command_that_was_agreed_to_leads_to_a_shell_and_ends_with_the_connection() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let Some(script) = netcat(sshd.folder()) else { return };
    let desk = desk_for(&[&sshd]).await;
    allow(&desk);
    let host = save(&desk, &sshd, "", by_command(&format!("{} %h %p", script.display()))).await;
    work(&desk, &host).await;
    let [question] = &desk.questions()[..] else { panic!("one question: {:?}", desk.questions()) };
    let whole = format!("{} 127.0.0.1 {}", script.display(), sshd.address().port());
    assert!(
        matches!(&question.question, Question::RunCommand { command, .. } if *command == whole),
        "{question:?}"
    );
    let ran = started(sshd.folder());
    assert_eq!(ran.len(), 1);
    let with_children: Vec<u32> = ran.iter().copied().chain(processes::descendants(ran[0])).collect();
    desk.engine.host_disconnect(host).await.expect("it disconnects");
    eventually("the command and its children are gone", || {
        !with_children.iter().any(|process| processes::is_alive(*process))
    })
    .await;
}

#[tokio::test]
async fn nothing_runs_without_consent() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let Some(script) = netcat(sshd.folder()) else { return };
    let desk = desk_for(&[&sshd]).await;
    let host = save(&desk, &sshd, "", by_command(&format!("{} %h %p", script.display()))).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::Cancelled, "{}", problem.message);
    assert_eq!(started(sshd.folder()), [0; 0]);
}

#[tokio::test]
async fn a_consent_for_good_holds_for_this_command_and_this_host_only() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let Some(script) = netcat(sshd.folder()) else { return };
    let desk = desk_for(&[&sshd]).await;
    desk.answer(|prompt| {
        let command = matches!(prompt.question, Question::RunCommand { .. });
        Some(if command { Answer::Allow { always: true } } else { Answer::Cancel })
    });
    let command = format!("{} %h %p", script.display());
    let host = save(&desk, &sshd, "", by_command(&command)).await;
    work(&desk, &host).await;
    desk.engine.host_disconnect(host.clone()).await.expect("it disconnects");
    work(&desk, &host).await;
    assert_eq!(desk.questions().len(), 1, "the second time nothing is asked");
    let other = save(&desk, &sshd, "", by_command(&command)).await;
    work(&desk, &other).await;
    assert_eq!(desk.questions().len(), 2, "another host is asked about");
}

#[tokio::test]
async fn the_last_words_of_a_command_that_fails_are_told() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = desk_for(&[&sshd]).await;
    allow(&desk);
    let command = "sh -c 'printf \"no way\\033[31m\\n\" >&2; exit 3'";
    let host = save(&desk, &sshd, "", by_command(command)).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::ProxyCommandFailed, "{}", problem.message);
    assert!(problem.message.contains("no way␛[31m"), "{}", problem.message);
    assert!(problem.message.contains('3'), "{}", problem.message);
}
