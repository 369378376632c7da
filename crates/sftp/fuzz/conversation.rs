//! A whole conversation with a server whose every answer is made of given bytes, so that whoever varies the bytes gets
//! beyond the first packet. For the fuzzer, and for `tests/random.rs`, which needs none.

use bowline_sftp::{Access, Attributes, Ended, Lost, Sftp, SftpPath};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// Everything that a server can announce.
const EXTENSIONS: [(&str, &str); 9] = [
    ("posix-rename@openssh.com", "1"),
    ("fsync@openssh.com", "1"),
    ("hardlink@openssh.com", "1"),
    ("statvfs@openssh.com", "2"),
    ("limits@openssh.com", "1"),
    ("copy-data", "1"),
    ("lsetstat@openssh.com", "1"),
    ("expand-path@openssh.com", "1"),
    ("users-groups-by-id@openssh.com", "1"),
];

/// Asks for everything there is, and ends when the input does.
///
/// # Panics
/// If anything in the client does, and if the session ends without the server being to blame.
pub async fn converse(input: &[u8]) {
    let (ours, theirs) = duplex(64 * 1024);
    tokio::join!(serve(theirs, Input(input)), async {
        let Ok(sftp) = Sftp::start(ours).await else { return };
        let ended = sftp.ended();
        ask_for_everything(&sftp).await;
        // The task that owns the stream ends with the server, and never by itself while someone is here to ask.
        let ended = ended.await;
        assert!(!matches!(ended, Ended::Lost(Lost::GivenUp)), "the driver broke");
        drop(sftp);
    });
}

/// What is left of the input.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    /// As many as there are, at most; None when the input is over.
    fn bytes(&mut self, most: usize) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let (bytes, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        Some(bytes)
    }
}

async fn serve(mut stream: DuplexStream, mut input: Input<'_>) {
    loop {
        let Ok(length) = stream.read_u32().await else { return };
        let mut request = vec![0; length as usize];
        if stream.read_exact(&mut request).await.is_err() {
            return;
        }
        let (kind, id) = (request[0], [request[1], request[2], request[3], request[4]]);
        let answer = match kind {
            1 => version(),
            _ => match answer(kind, id, &mut input) {
                Some(answer) => answer,
                None => {
                    // What is left as it is. The client may wait for more of it, until the stream ends.
                    let _ = stream.write_all(input.0).await;
                    return;
                }
            },
        };
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// The first byte says what kind of answer it is, the next ones how long it is and what it says. None if it is to be no
/// packet at all, or the input is over.
fn answer(kind: u8, id: [u8; 4], input: &mut Input<'_>) -> Option<Vec<u8>> {
    let choice = input.byte()?;
    let fitting = match kind {
        3 | 11 => 102,
        5 => 103,
        7 | 8 | 17 => 105,
        12 | 16 | 19 => 104,
        200 => 201,
        _ => 101,
    };
    let kind = match choice & 7 {
        0 => return Some(packet(&[&[101], &id[..], &[0; 12]].concat())),
        1..=5 => fitting,
        6 => input.byte()?,
        _ => return None,
    };
    let length = usize::from(input.byte()?) << if choice & 8 == 0 { 0 } else { 6 };
    let body = input.bytes(length)?;
    let string = u32::try_from(body.len()).ok()?.to_be_bytes();
    // Handles and data begin with their length, which few random bytes get right.
    let body = if choice & 16 == 0 { [&string, body].concat() } else { body.to_vec() };
    let id = if choice & 0xe0 == 0xe0 { [id[0], id[1], id[2] ^ 1, id[3]] } else { id };
    Some(packet(&[&[kind], &id[..], &body].concat()))
}

fn version() -> Vec<u8> {
    let mut body = vec![2, 0, 0, 0, 3];
    for (name, version) in EXTENSIONS {
        body.extend(packet(name.as_bytes()));
        body.extend(packet(version.as_bytes()));
    }
    packet(&body)
}

fn packet(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).expect("short").to_be_bytes(), body].concat()
}

/// Whatever comes of it. Each loop has an end of its own, as a server may have none.
async fn ask_for_everything(sftp: &Sftp) {
    let path = |path: &str| SftpPath::try_from(path).expect("a path");
    let (a, b, nothing) = (path("/a"), path("/b"), Attributes::default());
    let _ = sftp.stat(&a).await;
    let _ = sftp.resolve(&a).await;
    let _ = sftp.read_link(&a).await;
    let _ = sftp.space(&a).await;
    let _ = sftp.expand(&a).await;
    let _ = sftp.owner_names(&[1, 2], &[3]).await;
    let _ = sftp.replace_in_steps(&a, &b, &path("/c")).await;
    if let Ok(mut listing) = sftp.list(&a).await {
        for _ in 0..50 {
            if !matches!(listing.next().await, Ok(Some(_))) {
                break;
            }
        }
    }
    if let Ok(file) = sftp.open(&a, Access::READ, &nothing).await {
        let _ = file.stat().await;
        let _ = file.read(0, 100).await;
        let mut download = file.download(0, Some(1_000_000)).with_window(300_000);
        for _ in 0..50 {
            if !matches!(download.next().await, Ok(Some(_))) {
                break;
            }
        }
    }
    let _ = sftp.fetch(&a, 10, 100_000).await;
    let _ = sftp.store(&a, Access::CREATE, &nothing, b"abc").await;
    if let Ok(file) = sftp.open(&b, Access::WRITE, &nothing).await {
        let mut upload = file.upload(0);
        let _ = upload.send(&mut &[7; 100_000][..]).await;
        if let Ok(file) = upload.finish().await {
            let _ = file.sync().await;
            let _ = file.close().await;
        }
    }
    // Until the server has nothing more to say.
    while !matches!(sftp.stat(&a).await, Err(error) if error.is_fatal()) {}
}
