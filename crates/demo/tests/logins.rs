//! Who gets in, and what a connection may not do.

use std::sync::Arc;

use crate::support::{Bed, enter, eventually, processes_named, unique_sleep};
use russh::MethodKind;
use russh::client::AuthResult;
use russh::keys::{Algorithm, PrivateKey};
use tokio::net::TcpStream;

#[tokio::test]
async fn another_key_is_refused() {
    let bed = Bed::start().await;
    for algorithm in [Algorithm::Ed25519, Algorithm::Ecdsa { curve: russh::keys::EcdsaCurve::NistP256 }] {
        let other = PrivateKey::random(&mut rand::rng(), algorithm).expect("a key");
        let mut client = bed.stranger().await;
        let refused = enter(&mut client, bed.host.user(), Arc::new(other)).await;
        let AuthResult::Failure { remaining_methods, .. } = refused else { panic!("{refused:?}") };
        assert_eq!(remaining_methods.iter().collect::<Vec<_>>(), [&MethodKind::PublicKey]);
        assert!(client.channel_open_session().await.is_err());
    }
}

#[tokio::test]
async fn the_key_of_another_host_is_refused() {
    let (bed, other) = (Bed::start().await, Bed::start().await);
    let mut client = bed.stranger().await;
    assert!(!enter(&mut client, bed.host.user(), other.host.client_key()).await.success());
    assert_ne!(bed.host.host_key(), other.host.host_key());
}

#[tokio::test]
async fn another_user_is_refused() {
    let bed = Bed::start().await;
    let mut client = bed.stranger().await;
    assert!(!enter(&mut client, "somebody-else", bed.host.client_key()).await.success());
}

#[tokio::test]
async fn passwords_questions_and_nothing_at_all_are_refused() {
    let bed = Bed::start().await;
    let mut client = bed.stranger().await;
    let user = bed.host.user().to_owned();
    assert!(!client.authenticate_none(&user).await.expect("an answer").success());
    assert!(!client.authenticate_password(&user, "").await.expect("an answer").success());
    assert!(!client.authenticate_password(&user, "secret").await.expect("an answer").success());
    let answer = client.authenticate_keyboard_interactive_start(&user, None).await.expect("an answer");
    assert!(format!("{answer:?}").starts_with("Failure"), "{answer:?}");
    // And the right key still enters on the same connection.
    assert!(enter(&mut client, &user, bed.host.client_key()).await.success());
}

#[tokio::test]
async fn nothing_is_forwarded() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    let address = bed.host.address();
    let direct = client.channel_open_direct_tcpip("127.0.0.1", address.port().into(), "127.0.0.1", 1).await;
    assert!(direct.is_err());
    assert!(client.channel_open_direct_streamlocal("/run/x").await.is_err());
    assert!(client.tcpip_forward("127.0.0.1", 0).await.is_err());
    assert!(client.streamlocal_forward("/tmp/bowline-demo-must-not-exist").await.is_err());
    assert!(!std::path::Path::new("/tmp/bowline-demo-must-not-exist").exists());
}

#[tokio::test]
async fn a_ping_is_answered() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    tokio::time::timeout(crate::support::PATIENCE, client.send_ping())
        .await
        .expect("in time")
        .expect("a pong");
}

#[tokio::test]
async fn channels_beyond_the_limit_are_refused_and_come_back() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    let mut channels = Vec::new();
    for _ in 0..256 {
        channels.push(client.channel_open_session().await.expect("a channel"));
    }
    assert!(client.channel_open_session().await.is_err());
    for channel in channels.drain(..) {
        channel.close().await.expect("sent");
    }
    client.send_ping().await.expect("a pong");
    client.channel_open_session().await.expect("a channel again");
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_come_back() {
    let bed = Bed::start().await;
    let address = bed.host.address();
    let mut strangers = Vec::new();
    for _ in 0..64 {
        let stranger = TcpStream::connect(address).await.expect("connected");
        banner(&stranger).await.expect("a banner");
        strangers.push(stranger);
    }
    let one_more = TcpStream::connect(address).await.expect("connected");
    assert_eq!(banner(&one_more).await, None);
    strangers.clear();
    let mut served = false;
    for _ in 0..100 {
        let stranger = TcpStream::connect(address).await.expect("connected");
        served = banner(&stranger).await.is_some();
        if served {
            break;
        }
    }
    assert!(served, "no slot became free");
}

/// The first bytes from the host, or none if it closes.
async fn banner(stranger: &TcpStream) -> Option<Vec<u8>> {
    let mut bytes = [0; 64];
    loop {
        stranger.readable().await.expect("readable");
        match stranger.try_read(&mut bytes) {
            Ok(0) => return None,
            Ok(read) => return Some(bytes[..read].to_vec()),
            Err(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
}

#[tokio::test]
async fn the_secret_key_is_in_no_debug_output() {
    let bed = Bed::start().await;
    let secret = bed.host.client_key().to_openssh(Default::default()).expect("encodes");
    let shown = format!("{:?}", bed.host);
    assert!(shown.contains("127.0.0.1"), "{shown}");
    for line in secret.lines() {
        assert!(!shown.contains(line));
    }
    let bytes = bed.host.client_key();
    let seed = bytes.key_data().ed25519().expect("ed25519").private.as_ref().to_vec();
    assert!(!shown.contains(&format!("{seed:?}")));
}

#[tokio::test]
async fn a_client_that_vanishes_takes_its_programs_with_it() {
    let bed = Bed::start().await;
    let client = bed.client().await;
    let channel = client.channel_open_session().await.expect("a channel");
    let sleep = unique_sleep();
    channel.exec(true, sleep.as_str()).await.expect("sent");
    eventually("it sleeps", || !processes_named(&sleep).is_empty()).await;
    drop(channel);
    drop(client);
    eventually("it is gone", || processes_named(&sleep).is_empty()).await;
}
