//! A key on a security key, which is to be touched.

use super::*;

const ON_SECURITY_KEY: &[u8] = b"sk-ssh-ed25519@openssh.com";
const APPLICATION: &[u8] = b"ssh:";

/// A string of RFC 4251.
fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("short").to_be_bytes()[..], bytes].concat()
}

/// An agent with one key on a security key of software (OpenSSH's PROTOCOL.u2f), which signs once it was `touched`.
async fn security_key_agent(
    listener: tokio::net::UnixListener,
    pair: Ed25519Keypair,
    touched: impl AsyncFn() + Send + Sync,
) {
    let blob = [string(ON_SECURITY_KEY), string(pair.public.as_ref()), string(APPLICATION)].concat();
    while let Ok((mut client, _)) = listener.accept().await {
        while let Ok(length) = client.read_u32().await {
            let mut request = vec![0; length as usize];
            client.read_exact(&mut request).await.expect("a whole request");
            let answer = match request[0] {
                11 => [&[12, 0, 0, 0, 1][..], &string(&blob), &string(b"my token")].concat(),
                13 => {
                    touched().await;
                    let rest = &request[1 + 4 + blob.len()..];
                    let length = u32::from_be_bytes(rest[..4].try_into().expect("four bytes")) as usize;
                    let (flags_and_counter, message) = ([1, 0, 0, 0, 9], &rest[4..4 + length]);
                    let signed = [
                        &HashAlg::Sha256.digest(APPLICATION)[..],
                        &flags_and_counter,
                        &HashAlg::Sha256.digest(message),
                    ]
                    .concat();
                    let signature: Signature = pair.try_sign(&signed).expect("a signature");
                    let whole =
                        [&string(ON_SECURITY_KEY)[..], &string(signature.as_bytes()), &flags_and_counter]
                            .concat();
                    [&[14][..], &string(&whole)].concat()
                }
                _ => vec![5],
            };
            client.write_all(&string(&answer)).await.expect("it is read");
        }
    }
}

#[tokio::test]
async fn a_security_key_in_the_agent_logs_in_once_the_person_was_told_to_touch_it() {
    let pair = Ed25519Keypair::from_seed(&[7; 32]);
    let blob = [string(ON_SECURITY_KEY), string(pair.public.as_ref()), string(APPLICATION)].concat();
    let public = PublicKey::from_bytes(&blob).and_then(|key| key.to_openssh()).expect("a public key");
    let Some(sshd) = available(Sshd::builder().authorize(&public).start().await) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("agent");
    let listener = tokio::net::UnixListener::bind(&socket).expect("a socket");
    let socket = IdentityAgent::Socket(socket.to_string_lossy().into_owned());
    let try_it = Try::new(&sshd, AuthMethod::Agent, |options| options.identity_agent = socket);
    let told = |asked: &Arc<std::sync::Mutex<Vec<Prompt>>>| {
        let asked = asked.lock().expect("no panic");
        asked
            .iter()
            .any(|prompt| matches!(&prompt.question, Question::Touch { key, .. } if key == "my token"))
    };
    let asked = Arc::clone(&try_it.asked);
    let touched = async || eventually("the person is told to touch the key", || told(&asked)).await;
    tokio::select! {
        questions = try_it.works() => assert_eq!(questions.len(), 1),
        () = security_key_agent(listener, pair, touched) => panic!("the agent ended"),
    }
}
