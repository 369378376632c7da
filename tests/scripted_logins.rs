//! Servers that OpenSSH is not: questions of many rounds, a login that is never enough, channels that nobody asked for.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bowline_core::engine::PasswordChange;
use bowline_core::error::{Action, ErrorCode};
use bowline_core::host::{AuthMethod, HostDraft};
use bowline_core::prompt::{Answer, Question, Secret};
use bowline_tests::desk::{Desk, at, trusting};
use bowline_tests::eventually::eventually;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{Auth, Config, Handler, Response, Session, run_stream};
use russh::{MethodKind, MethodSet};

/// What a server does with those who log in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Password, then a code and a PIN, then only words, then in.
    ThreeRounds,
    /// Asks again and again.
    EndlessRounds,
    /// Takes every answer and wants another one.
    NeverEnough,
    /// Closes the connection in answer to a password.
    HangsUp,
    /// Opens channels of every kind towards the client.
    OpensChannels,
}

struct Server {
    script: Script,
    round: usize,
    seen: Arc<Mutex<Vec<String>>>,
}

fn asking(instructions: &'static str, prompts: &'static [(&'static str, bool)]) -> Auth {
    let prompts = prompts.iter().map(|(text, echo)| ((*text).into(), *echo)).collect::<Vec<_>>();
    Auth::Partial { name: "Two steps".into(), instructions: instructions.into(), prompts: prompts.into() }
}

fn another_factor() -> Auth {
    Auth::Reject {
        proceed_with_methods: Some(MethodSet::from(&[MethodKind::KeyboardInteractive][..])),
        partial_success: true,
    }
}

impl Handler for Server {
    type Error = russh::Error;

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        if response.is_some() && self.script == Script::NeverEnough {
            return Ok(another_factor());
        }
        if let Some(answers) = response {
            let answers: Vec<String> =
                answers.map(|answer| String::from_utf8_lossy(&answer).into_owned()).collect();
            self.seen.lock().expect("no panic").push(answers.join("+"));
        }
        self.round += 1;
        Ok(match (self.script, self.round) {
            (Script::EndlessRounds, _) => asking("Again.", &[("More: ", true)]),
            (_, 1) => asking("", &[("Password: ", false)]),
            (_, 2) => asking("Look at your \u{1b}[31mphone.", &[("Code: ", true), ("PIN: ", false)]),
            (_, 3) => asking("Welcome.", &[]),
            _ => Auth::Accept,
        })
    }

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, Self::Error> {
        self.seen.lock().expect("no panic").push(password.to_owned());
        Ok(match self.script {
            Script::NeverEnough => another_factor(),
            Script::HangsUp => return Err(russh::Error::Disconnect),
            _ => Auth::Accept,
        })
    }

    async fn auth_succeeded(&mut self, session: &mut Session) -> Result<(), Self::Error> {
        if self.script != Script::OpensChannels {
            return Ok(());
        }
        let (handle, seen) = (session.handle(), Arc::clone(&self.seen));
        tokio::spawn(async move {
            let told = |kind: &str, opened: Result<_, russh::Error>| {
                let how = match opened {
                    Ok(_) => "opened".to_owned(),
                    Err(error) => error.to_string(),
                };
                seen.lock().expect("no panic").push(format!("{kind}: {how}"));
            };
            told("auth-agent", handle.channel_open_agent().await);
            told("x11", handle.channel_open_x11("127.0.0.1", 6000).await);
            told(
                "forwarded-tcpip",
                handle.channel_open_forwarded_tcpip("localhost", 80, "127.0.0.1", 1).await,
            );
            told("forwarded-streamlocal", handle.channel_open_forwarded_streamlocal("/tmp/socket").await);
            told("session", handle.channel_open_session().await);
            told("direct-tcpip", handle.channel_open_direct_tcpip("localhost", 22, "127.0.0.1", 1).await);
            told("direct-streamlocal", handle.channel_open_direct_streamlocal("/tmp/socket").await);
        });
        Ok(())
    }
}

/// Starts a server; it ends with the test's runtime. What it was told is seen from outside.
async fn serve(script: Script) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let methods: &[MethodKind] = match script {
        Script::ThreeRounds | Script::EndlessRounds => &[MethodKind::KeyboardInteractive],
        Script::NeverEnough | Script::HangsUp | Script::OpensChannels => &[MethodKind::Password],
    };
    let host_key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).expect("a key");
    let config = Arc::new(Config {
        keys: vec![host_key],
        methods: MethodSet::from(methods),
        auth_rejection_time: std::time::Duration::ZERO,
        ..Config::default()
    });
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let told = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Server { script, round: 0, seen: Arc::clone(&told) };
            let config = Arc::clone(&config);
            tokio::spawn(async move {
                if let Ok(session) = run_stream(config, stream, server).await {
                    let _ = session.await;
                }
            });
        }
    });
    (address, seen)
}

fn host(address: SocketAddr, auth: AuthMethod) -> HostDraft {
    HostDraft { auth, user: "ann".into(), ..at(address) }
}

#[tokio::test]
async fn questions_of_many_rounds_are_answered_one_after_the_other() {
    let (address, seen) = serve(Script::ThreeRounds).await;
    let desk = Desk::new().await;
    desk.answer(|prompt| match &prompt.question {
        Question::Interactive { fields, .. } => {
            let values = fields.iter().map(|field| Secret::new(format!("<{}>", field.text.trim())));
            Some(Answer::Fields { values: values.collect() })
        }
        _ => Some(trusting(prompt, "")),
    });
    let host = desk.save_draft(host(address, AuthMethod::KeyboardInteractive)).await;
    // It has no shells; the login is what counts.
    assert_eq!(desk.open_in_vain(&host).await.code, ErrorCode::ChannelRefused);
    assert_eq!(*seen.lock().expect("no panic"), ["<Password:>", "<Code:>+<PIN:>", ""]);
    let shown: Vec<String> = desk
        .questions()
        .iter()
        .filter_map(|prompt| match &prompt.question {
            Question::Interactive { instructions, .. } => Some(instructions.clone()),
            _ => None,
        })
        .collect();
    // A round without fields asks for nothing.
    assert_eq!(shown.len(), 2);
    assert!(!shown[1].contains('\u{1b}'), "{shown:?}");
}

#[tokio::test]
async fn a_server_that_asks_without_end_is_left() {
    let (address, seen) = serve(Script::EndlessRounds).await;
    let desk = Desk::new().await;
    desk.answer_with("more");
    let host = desk.save_draft(host(address, AuthMethod::KeyboardInteractive)).await;
    assert_eq!(desk.open_in_vain(&host).await.code, ErrorCode::AuthRefused);
    assert_eq!(seen.lock().expect("no panic").len(), 10);
}

#[tokio::test]
async fn a_server_that_wants_factor_after_factor_is_left() {
    let (address, _) = serve(Script::NeverEnough).await;
    let desk = Desk::new().await;
    desk.answer_with("secret");
    let host = desk.save_draft(host(address, AuthMethod::Password)).await;
    let code = desk.open_in_vain(&host).await.code;
    assert!(matches!(code, ErrorCode::AuthNothingToTry | ErrorCode::AuthRefused), "{code:?}");
    assert!(desk.questions().len() < 8, "{}", desk.questions().len());
}

#[tokio::test]
async fn a_kept_password_to_which_a_server_hangs_up_is_not_sent_again_by_itself() {
    let (address, seen) = serve(Script::HangsUp).await;
    let desk = Desk::new().await;
    desk.answer_with("");
    let password = PasswordChange::Set { secret: Secret::new("a wrong one") };
    let draft = host(address, AuthMethod::Password);
    let host = desk.engine.host_create(draft, password).await.expect("it is saved").id;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::AuthRefused, "{}", problem.message);
    assert_eq!(problem.action, Action::Ask);
    assert_eq!(*seen.lock().expect("no panic"), ["a wrong one"]);
}

#[tokio::test]
async fn channels_that_nobody_asked_for_are_refused_whatever_their_kind() {
    let (address, seen) = serve(Script::OpensChannels).await;
    let desk = Desk::new().await;
    desk.answer_with("secret");
    let host = desk.save_draft(host(address, AuthMethod::Password)).await;
    desk.open_in_vain(&host).await;
    let told = || seen.lock().expect("no panic").iter().skip(1).cloned().collect::<Vec<_>>();
    eventually("every kind was tried", || told().len() == 7).await;
    for one in told() {
        assert!(one.contains("AdministrativelyProhibited") || one.contains("prohibited"), "{one}");
    }
}
