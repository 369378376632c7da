//! Key exchanges with wrong lengths, degenerate values, injected messages and compression.

use bowline_core::error::ErrorCode;
use bowline_tests::raw_ssh::{Message, Offer, Shape, msg};

use super::Meeting;

#[tokio::test]
async fn packets_of_wrong_lengths_end_the_key_exchange() {
    for shape in [
        Shape::Length(1 << 31),
        Shape::Length(u32::MAX),
        Shape::Length(300 * 1024),
        Shape::Length(0),
        Shape::Length(1),
        Shape::Padding(255),
    ] {
        let meeting = Meeting::with(move |mut peer| async move {
            peer.identify().await?;
            peer.send_shaped(Message::of(msg::KEXINIT).raw(&[0; 16]), shape).await?;
            peer.writer.send_bytes(&[0; 4096]).await?;
            peer.reader.drain().await
        })
        .await;
        let problem = meeting.fails().await;
        let codes = [ErrorCode::Protocol, ErrorCode::ClosedInHandshake];
        assert!(codes.contains(&problem.code), "{shape:?}: {problem:?}");
    }
}

#[tokio::test]
async fn degenerate_points_of_curve25519_end_the_key_exchange() {
    // Of order 1, 2 and 8 (RFC 7748, section 6.1): the shared secret is all zeros, whatever ours is.
    let of_order_eight: [u8; 32] = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ];
    let mut one = vec![0; 32];
    one[0] = 1;
    for point in [vec![0; 32], one, of_order_eight.to_vec(), Vec::new(), vec![9; 31], vec![9; 33]] {
        let public = point.clone();
        let meeting = Meeting::with(move |mut peer| {
            let public = public.clone();
            async move {
                peer.identify().await?;
                peer.negotiate(&Offer::default()).await?;
                let client = peer.ephemeral().await?;
                let reply = peer.reply(&client, Message::default().string(public), &[]);
                peer.send(reply).await?;
                peer.reader.drain().await
            }
        })
        .await;
        let problem = meeting.fails().await;
        assert_eq!(problem.code, ErrorCode::Protocol, "{point:?}: {}", problem.message);
        assert!(meeting.desk.questions().is_empty(), "nobody was asked to trust it");
    }
}

#[tokio::test]
async fn degenerate_values_of_diffie_hellman_end_the_key_exchange() {
    // The prime of group 14 (RFC 3526, section 3), less one.
    let mut prime_less_one = from_hex(GROUP_14);
    *prime_less_one.last_mut().expect("256 bytes") -= 1;
    // With 0 the shared secret is 0, with 1 it is 1, with p-1 it is 1 or p-1: the signature is right for the first two.
    for (public, shared) in [(vec![0], vec![0]), (vec![1], vec![1]), (prime_less_one, vec![1])] {
        let value = public.clone();
        let meeting = Meeting::with(move |mut peer| {
            let (public, shared) = (value.clone(), shared.clone());
            async move {
                peer.identify().await?;
                let offer =
                    Offer { key_exchange: "diffie-hellman-group14-sha256".into(), ..Offer::default() };
                peer.negotiate(&offer).await?;
                let client = peer.ephemeral().await?;
                let public = Message::default().mpint(&public);
                let reply = peer.reply(&client, public.clone(), &shared);
                peer.send(reply).await?;
                peer.new_keys(&client, &public.into_bytes(), &shared).await?;
                peer.accept_login().await?;
                peer.serve().await
            }
        })
        .await;
        let problem = meeting.fails().await;
        let codes = [ErrorCode::Protocol, ErrorCode::NoCommonAlgorithm];
        assert!(codes.contains(&problem.code), "{:?}: {}", public.len(), problem.message);
        assert!(meeting.desk.questions().is_empty(), "nobody was asked to trust it");
    }
}

#[tokio::test]
async fn degenerate_groups_end_the_key_exchange() {
    let even: Vec<u8> = [vec![0x80], vec![0; 511]].concat();
    for (prime, generator) in [
        (vec![0], vec![2]),
        (vec![1], vec![1]),
        (vec![5], vec![2]),
        (even.clone(), vec![0]),
        (even, vec![1]),
        (vec![0xff; 8192], vec![2]),
    ] {
        let size = prime.len();
        let meeting = Meeting::with(move |mut peer| {
            let (prime, generator) = (prime.clone(), generator.clone());
            async move {
                peer.identify().await?;
                let offer =
                    Offer { key_exchange: "diffie-hellman-group-exchange-sha256".into(), ..Offer::default() };
                peer.negotiate(&offer).await?;
                // SSH_MSG_KEX_DH_GEX_REQUEST and _GROUP (RFC 4419, section 5).
                peer.expect(34).await?;
                peer.send(Message::of(31).mpint(&prime).mpint(&generator)).await?;
                // SSH_MSG_KEX_DH_GEX_INIT, if it comes to that, and a reply that is signed by nobody.
                peer.expect(32).await?;
                peer.send(Message::of(33).string("").mpint(&[1]).string("")).await?;
                peer.reader.drain().await
            }
        })
        .await;
        let problem = meeting.fails().await;
        let codes = [ErrorCode::Protocol, ErrorCode::NoCommonAlgorithm, ErrorCode::SilentServer];
        assert!(codes.contains(&problem.code), "{size}: {}", problem.message);
    }
}

#[tokio::test]
async fn messages_before_new_keys_end_a_strict_key_exchange() {
    // The Terrapin attack (CVE-2023-48795) hides such messages; with strict key exchange any of them is the end.
    let injected = [
        Message::of(msg::IGNORE).string(""),
        Message::of(msg::DEBUG).bool(true).string("x").string(""),
        Message::of(msg::UNIMPLEMENTED).u32(0),
        Message::of(msg::EXT_INFO).u32(0),
        Message::of(msg::USERAUTH_SUCCESS),
        Message::of(msg::CHANNEL_OPEN).string("session").u32(0).u32(0).u32(0),
    ];
    for (number, message) in injected.into_iter().enumerate() {
        for before_kexinit in [true, false] {
            let message = message.clone();
            let meeting = Meeting::with(move |mut peer| {
                let message = message.clone();
                async move {
                    peer.identify().await?;
                    if before_kexinit {
                        peer.send(message.clone()).await?;
                    }
                    peer.negotiate(&Offer::default()).await?;
                    let client = peer.ephemeral().await?;
                    if !before_kexinit {
                        peer.send(message).await?;
                    }
                    peer.finish_key_exchange(&client).await?;
                    peer.accept_login().await?;
                    peer.serve().await
                }
            })
            .await;
            let problem = meeting.fails().await;
            let codes = [ErrorCode::Protocol, ErrorCode::ClosedInHandshake];
            assert!(codes.contains(&problem.code), "{number}, {before_kexinit}: {problem:?}");
            assert!(meeting.desk.questions().is_empty(), "{number}: somebody was asked to trust it");
        }
    }
}

#[tokio::test]
async fn compression_is_not_offered_so_there_are_no_bombs() {
    let meeting = Meeting::with(|mut peer| async move {
        peer.identify().await?;
        peer.negotiate(&Offer { compression: "zlib,zlib@openssh.com".into(), ..Offer::default() }).await?;
        let offers = peer.client_offers();
        // Lists 6 and 7 of RFC 4253, section 7.1.
        assert_eq!(&offers[6..8], ["none", "none"]);
        peer.reader.drain().await
    })
    .await;
    let problem = meeting.fails().await;
    assert_eq!(problem.code, ErrorCode::NoCommonAlgorithm, "{}", problem.message);
    assert_eq!(problem.params["kind"], "Compression");
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect()
}

/// The prime of group 14 (RFC 3526, section 3).
const GROUP_14: &str = "\
    FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD \
    EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245 E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED \
    EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D C2007CB8 A163BF05 98DA4836 1C55D39A 69163FA8 FD24CF5F \
    83655D23 DCA3AD96 1C62F356 208552BB 9ED52907 7096966D 670C354E 4ABC9804 F1746C08 CA18217C 32905E46 2E36CE3B \
    E39E772C 180E8603 9B2783A2 EC07A28F B5C55DF0 6F4C52C9 DE2BCBF6 95581718 3995497C EA956AE5 15D22618 98FA0510 \
    15728E5A 8AACAA68 FFFFFFFF FFFFFFFF";
