//! Texts with escape sequences: what a server says reaches the person without them.

use bowline_core::prompt::Question;
use bowline_tests::raw_ssh::{Message, msg};

use super::{Meeting, data, is_control_free, shell};

#[tokio::test]
async fn a_banner_with_escape_sequences_is_shown_as_text() {
    let meeting = Meeting::with(|mut peer| async move {
        peer.key_exchange().await?;
        peer.accept_service().await?;
        let banner = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}Welcome\u{9b}31m";
        peer.send(Message::of(msg::USERAUTH_BANNER).string(banner).string("")).await?;
        peer.send(Message::of(msg::USERAUTH_SUCCESS)).await?;
        let channel = peer.accept_shell().await?;
        peer.send(data(channel, "a shell")).await?;
        peer.serve().await
    })
    .await;
    let screen = meeting.survives("a shell").await;
    let text = screen.text();
    assert!(text.contains("Welcome"), "{text:?}");
    for control in ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'] {
        assert!(!text.contains(control), "{control:?} in {text:?}");
    }
}

#[tokio::test]
async fn prompts_with_escape_sequences_reach_the_person_as_text() {
    let meeting = Meeting::with(|mut peer| async move {
        peer.key_exchange().await?;
        peer.accept_service().await?;
        peer.send(Message::of(msg::USERAUTH_FAILURE).string("keyboard-interactive").bool(false)).await?;
        peer.expect(msg::USERAUTH_REQUEST).await?;
        let evil = "\u{1b}[2J\u{202e}Code\r\n\u{7}";
        let ask = Message::of(msg::USERAUTH_INFO_REQUEST).string(evil).string(evil).string("").u32(1);
        peer.send(ask.string(evil).bool(true)).await?;
        peer.expect(msg::USERAUTH_INFO_RESPONSE).await?;
        peer.send(Message::of(msg::USERAUTH_SUCCESS)).await?;
        let channel = peer.accept_shell().await?;
        peer.send(data(channel, "a shell")).await?;
        peer.serve().await
    })
    .await;
    meeting.survives("a shell").await;
    let asked = meeting.desk.questions();
    let question = asked.iter().find_map(|prompt| match &prompt.question {
        Question::Interactive { name, instructions, fields, .. } => Some((name, instructions, fields)),
        _ => None,
    });
    let (name, instructions, fields) = question.expect("the person was asked");
    for text in [name, instructions, &fields[0].text] {
        assert!(text.contains("Code"), "{text:?}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    }
}

#[tokio::test]
async fn a_goodbye_with_escape_sequences_is_told_as_text() {
    for during_login in [true, false] {
        let meeting = Meeting::with(move |mut peer| async move {
            if during_login {
                peer.key_exchange().await?;
                peer.accept_service().await?;
            } else {
                shell(&mut peer).await?;
            }
            let words = "\u{1b}[2J\u{202e}Go away\r\n\u{7}";
            peer.send(Message::of(msg::DISCONNECT).u32(11).string(words).string("")).await?;
            peer.reader.drain().await
        })
        .await;
        let problem = meeting.fails().await;
        assert!(is_control_free(&problem.message), "{:?}", problem.message);
        if !during_login {
            assert!(problem.message.contains("Go away"), "{:?}", problem.message);
        }
    }
}
