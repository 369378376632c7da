//! The server's side of SOCKS, as far as a dynamic tunnel needs it: CONNECT of SOCKS5 (RFC 1928) without a login, of SOCKS4 and
//! of SOCKS4a. Pure: bytes in, answers out. Names are passed on as they are, for the far end to resolve.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A name (RFC 1928, section 5: one byte of length), and the user of SOCKS4, which nobody looks at.
const TEXT_MAX_BYTES: usize = 255;

/// What a client wants, bit by bit.
#[derive(Debug, Default)]
pub struct Handshake {
    received: Vec<u8>,
    /// The methods of SOCKS5 have been agreed on.
    greeted: bool,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// More bytes are needed.
    More,
    /// Say this, and go on.
    Say(Vec<u8>),
    Connect(Request),
    /// Say this, if anything, and hang up.
    Refuse {
        answer: Vec<u8>,
        why: &'static str,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub host: String,
    pub port: u16,
    version: Version,
    /// What the client has sent behind the request, without waiting for the answer.
    pub early: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Four,
    Five,
}

/// How a request went, as far as SOCKS has words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Connected,
    /// The server does not allow it.
    Forbidden,
    /// Nothing answers at the target.
    Failed,
    /// The host is not connected.
    NoNetwork,
}

impl Request {
    /// The answer to it.
    pub fn answer(&self, reply: Reply) -> Vec<u8> {
        match self.version {
            // "A SOCKS4 protocol": 90 granted, 91 rejected or failed; the rest is ignored.
            Version::Four => vec![0, if reply == Reply::Connected { 90 } else { 91 }, 0, 0, 0, 0, 0, 0],
            Version::Five => answer_5(match reply {
                Reply::Connected => 0,
                Reply::Forbidden => 2,
                Reply::NoNetwork => 3,
                Reply::Failed => 5,
            }),
        }
    }
}

/// RFC 1928, section 6, with an address of nobody's.
fn answer_5(code: u8) -> Vec<u8> {
    vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

fn refuse(answer: Vec<u8>, why: &'static str) -> Step {
    Step::Refuse { answer, why }
}

impl Handshake {
    /// Takes what the client sent; to be called again, without bytes, after each [`Step::Say`].
    pub fn push(&mut self, bytes: &[u8]) -> Step {
        self.received.extend_from_slice(bytes);
        match self.received.first() {
            None => Step::More,
            Some(4) => self.four().unwrap_or(Step::More),
            Some(5) if !self.greeted => self.greet().unwrap_or(Step::More),
            Some(5) => self.five().unwrap_or(Step::More),
            Some(b'A'..=b'Z') => refuse(Vec::new(), "it speaks HTTP, and this is a SOCKS proxy"),
            Some(_) => refuse(Vec::new(), "it speaks neither SOCKS4 nor SOCKS5"),
        }
    }

    fn greet(&mut self) -> Option<Step> {
        let count = usize::from(*self.received.get(1)?);
        let methods = self.received.get(2..2 + count)?;
        if !methods.contains(&0) {
            return Some(refuse(vec![5, 0xff], "it wants to log in, and this proxy has no logins"));
        }
        self.received.drain(..2 + count);
        self.greeted = true;
        Some(Step::Say(vec![5, 0]))
    }

    fn five(&mut self) -> Option<Step> {
        let command = *self.received.get(1)?;
        if command != 1 {
            return Some(refuse(answer_5(7), "it wants something other than CONNECT"));
        }
        let kind = *self.received.get(3)?;
        let (host, end) = match kind {
            1 => (Ipv4Addr::from(*self.received.get(4..)?.first_chunk::<4>()?).to_string(), 8),
            4 => (Ipv6Addr::from(*self.received.get(4..)?.first_chunk::<16>()?).to_string(), 20),
            3 => {
                let end = 5 + usize::from(*self.received.get(4)?);
                match name(self.received.get(5..end)?) {
                    Some(name) => (name, end),
                    None => return Some(refuse(answer_5(8), "it asked for a name that is none")),
                }
            }
            _ => return Some(refuse(answer_5(8), "it asked for an unknown kind of address")),
        };
        let port = u16::from_be_bytes(*self.received.get(end..)?.first_chunk::<2>()?);
        if port == 0 {
            return Some(refuse(answer_5(1), "it asked for port 0"));
        }
        let early = self.received.split_off(end + 2);
        Some(Step::Connect(Request { host, port, version: Version::Five, early }))
    }

    fn four(&mut self) -> Option<Step> {
        let rejected = || vec![0, 91, 0, 0, 0, 0, 0, 0];
        if *self.received.get(1)? != 1 {
            return Some(refuse(rejected(), "it wants something other than CONNECT"));
        }
        let port = u16::from_be_bytes(*self.received.get(2..)?.first_chunk::<2>()?);
        let address = *self.received.get(4..)?.first_chunk::<4>()?;
        let text = |from: usize| match self.received.get(from..)?.iter().position(|byte| *byte == 0) {
            Some(length) if length <= TEXT_MAX_BYTES => Some(Ok(from + length)),
            None if self.received.len() - from <= TEXT_MAX_BYTES => None,
            Some(_) | None => Some(Err(())),
        };
        let Ok(user_end) = text(8)? else { return Some(refuse(rejected(), "its user name has no end")) };
        let (host, end) = match address {
            // SOCKS4a: an address that cannot be says that a name follows.
            [0, 0, 0, last] if last != 0 => {
                let Ok(end) = text(user_end + 1)? else {
                    return Some(refuse(rejected(), "its name has no end"));
                };
                match name(self.received.get(user_end + 1..end)?) {
                    Some(name) => (name, end),
                    None => return Some(refuse(rejected(), "it asked for a name that is none")),
                }
            }
            address => (Ipv4Addr::from(address).to_string(), user_end),
        };
        if port == 0 {
            return Some(refuse(rejected(), "it asked for port 0"));
        }
        let early = self.received.split_off(end + 1);
        Some(Step::Connect(Request { host, port, version: Version::Four, early }))
    }
}

/// A name as a resolver may be given it: what can be seen of ASCII, and letters beyond it.
fn name(bytes: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(bytes).ok()?;
    let sound = !name.is_empty()
        && name.len() <= TEXT_MAX_BYTES
        && name.chars().all(|c| !c.is_control() && !c.is_whitespace());
    sound.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the pieces and answers what is said; the last step.
    fn feed(pieces: &[&[u8]]) -> (Vec<u8>, Step) {
        let (mut handshake, mut said) = (Handshake::default(), Vec::new());
        let mut step = Step::More;
        for piece in pieces {
            step = handshake.push(piece);
            while let Step::Say(answer) = step {
                said.extend(answer);
                step = handshake.push(&[]);
            }
        }
        (said, step)
    }

    fn connect(step: Step) -> (String, u16, Vec<u8>) {
        match step {
            Step::Connect(request) => (request.host, request.port, request.early),
            other => panic!("{other:?}"),
        }
    }

    const V5_NAME: &[u8] = b"\x05\x02\x02\x00\x05\x01\x00\x03\x0bexample.com\x01\xbbearly";
    const V5_IPV4: &[u8] = b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50";
    const V5_IPV6: &[u8] = b"\x05\x01\x00\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90";
    const V4: &[u8] = b"\x04\x01\x00\x50\xc0\x00\x02\x07me\x00early";
    const V4A: &[u8] = b"\x04\x01\x01\xbb\x00\x00\x00\x01\x00example.com\x00early";

    #[test]
    fn every_kind_of_request_is_read_however_it_is_cut() {
        let early = b"early".to_vec();
        for (bytes, host, port, early, said) in [
            (V5_NAME, "example.com", 443, early.clone(), &[5_u8, 0][..]),
            (V5_IPV4, "192.0.2.7", 80, vec![], &[5, 0]),
            (V5_IPV6, "2001:db8::1", 8080, vec![], &[5, 0]),
            (V4, "192.0.2.7", 80, early.clone(), &[]),
            (V4A, "example.com", 443, early, &[]),
        ] {
            let expected = (host.to_owned(), port, early.clone());
            let request = bytes.len() - early.len();
            for cut in 0..request {
                let (answered, step) = feed(&[&bytes[..cut], &bytes[cut..]]);
                assert_eq!((connect(step), &answered[..]), (expected.clone(), said), "cut at {cut}");
                let (_, step) = feed(&[&bytes[..cut]]);
                assert_eq!(step, Step::More, "only {cut} bytes");
            }
            let single: Vec<&[u8]> = bytes[..request].chunks(1).collect();
            assert_eq!(connect(feed(&single).1).0, host);
        }
    }

    #[test]
    fn what_cannot_be_served_is_refused_in_its_own_words() {
        for (bytes, expected) in [
            (&b"\x05\x01\x02"[..], &[5, 0xff][..]),
            (b"\x05\x00", &[5, 0xff]),
            (b"\x05\x01\x00\x05\x02\x00\x01", &[5, 7, 0, 1, 0, 0, 0, 0, 0, 0]),
            (b"\x05\x01\x00\x05\x01\x00\x09", &[5, 8, 0, 1, 0, 0, 0, 0, 0, 0]),
            (b"\x05\x01\x00\x05\x01\x00\x03\x00\x00\x50", &[5, 8, 0, 1, 0, 0, 0, 0, 0, 0]),
            (b"\x05\x01\x00\x05\x01\x00\x03\x03a\x00b\x00\x50", &[5, 8, 0, 1, 0, 0, 0, 0, 0, 0]),
            (b"\x05\x01\x00\x05\x01\x00\x01\x01\x02\x03\x04\x00\x00", &[5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
            (b"\x04\x02\x00\x50\x01\x02\x03\x04\x00", &[0, 91, 0, 0, 0, 0, 0, 0]),
            (b"GET / HTTP/1.1", &[]),
            (b"\x16\x03\x01", &[]),
            (b"\x00", &[]),
        ] {
            match feed(&[bytes]).1 {
                Step::Refuse { answer, .. } => assert_eq!(answer, expected, "{bytes:?}"),
                other => panic!("{bytes:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_client_that_never_ends_its_name_is_not_listened_to_for_ever() {
        let mut handshake = Handshake::default();
        assert_eq!(handshake.push(b"\x04\x01\x00\x50\x01\x02\x03\x04"), Step::More);
        let mut fed = 0;
        while handshake.push(b"x") == Step::More {
            fed += 1;
            assert!(fed <= TEXT_MAX_BYTES, "it still listens");
        }
        assert_eq!(fed, TEXT_MAX_BYTES);
    }

    #[test]
    fn answers_are_those_of_the_version_that_asked() {
        let Step::Connect(five) = feed(&[V5_IPV4]).1 else { panic!() };
        let Step::Connect(four) = feed(&[V4]).1 else { panic!() };
        assert_eq!(five.answer(Reply::Connected), [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(five.answer(Reply::Failed)[1], 5);
        assert_eq!(four.answer(Reply::Connected), [0, 90, 0, 0, 0, 0, 0, 0]);
        assert_eq!(four.answer(Reply::NoNetwork), [0, 91, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn random_bytes_never_panic_nor_grow_without_end() {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..20_000 {
            let mut handshake = Handshake::default();
            // Mostly something that begins as SOCKS does, or nothing but the first byte would be looked at.
            let mut bytes: Vec<u8> = match random() % 4 {
                0 => vec![4, 1],
                1 => vec![5, 1, 0, 5, 1, 0, (random() % 5) as u8],
                2 => vec![5, (random() % 8) as u8],
                _ => Vec::new(),
            };
            bytes.extend((0..random() % 700).map(|_| (random() >> 32) as u8));
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((1 + random() % 90).min(rest.len() as u64) as usize);
                rest = after;
                let mut step = handshake.push(piece);
                while let Step::Say(_) = step {
                    step = handshake.push(&[]);
                }
                match step {
                    Step::Connect(request) => {
                        assert!(request.port != 0 && !request.host.is_empty() && request.host.len() <= 255);
                        break;
                    }
                    Step::Refuse { .. } => break,
                    Step::More => assert!(handshake.received.len() < 1024),
                    Step::Say(_) => unreachable!(),
                }
            }
        }
    }
}
