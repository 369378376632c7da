//! The SFTP client over SSH: a real sshd, and the demo host, whose server is another program.

use std::path::Path;
use std::sync::Arc;

use bowline_demo::{DemoConfig, DemoHost};
use bowline_sftp::{Access, Attributes, ErrorKind, FileKind, FileName, Listed, Sftp, SftpPath};
use bowline_tests::available;
use bowline_tests::sshd::Sshd;
use futures::{StreamExt, TryStreamExt, stream};
use russh::client;
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use tokio::net::TcpStream;

/// The servers are on loopback, started by the test itself.
struct Trusting;

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

/// A session, and the connection below it.
async fn sftp(
    address: std::net::SocketAddr,
    user: &str,
    key: Arc<PrivateKey>,
) -> (Sftp, client::Handle<Trusting>) {
    let stream = TcpStream::connect(address).await.expect("it listens");
    let mut client = client::connect_stream(Arc::default(), stream, Trusting).await.expect("it speaks SSH");
    let key = PrivateKeyWithHashAlg::new(key, None);
    assert!(client.authenticate_publickey(user, key).await.expect("an answer").success());
    let channel = client.channel_open_session().await.expect("a channel");
    channel.request_subsystem(true, "sftp").await.expect("sent");
    (Sftp::start(channel.into_stream()).await.expect("it speaks SFTP"), client)
}

async fn sftp_of(sshd: &Sshd) -> (Sftp, client::Handle<Trusting>) {
    let key = load_secret_key(sshd.client_key_file(), None).expect("a key");
    sftp(sshd.address(), sshd.user(), Arc::new(key)).await
}

fn path(folder: &Path, name: &str) -> SftpPath {
    SftpPath::new(folder.join(name).as_os_str().as_encoded_bytes()).expect("a path")
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

const NEW: fn() -> Access = || Access::WRITE | Access::CREATE | Access::TRUNCATE;

#[tokio::test]
async fn a_large_file_and_many_small_ones_go_through_one_channel_at_once() {
    const FILES: usize = 1000;
    let Some(sshd) = available(Sshd::start().await) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (sftp, _client) = sftp_of(&sshd).await;
    let bytes = pattern(40_000_000);
    let large = async {
        let file = sftp.open(&path(folder.path(), "large"), NEW(), &Attributes::default()).await?;
        let mut upload = file.upload(0);
        upload.send(&mut bytes.as_slice()).await?;
        upload.finish().await?.close().await
    };
    let small = stream::iter(0..FILES)
        .map(|number| {
            let (sftp, bytes) = (&sftp, &bytes[number..number + 4096]);
            let path = path(folder.path(), &format!("small-{number}"));
            async move { sftp.store(&path, NEW(), &Attributes::default(), bytes).await }
        })
        .buffer_unordered(128)
        .try_collect::<Vec<_>>();
    let (large, small) = tokio::join!(large, small);
    large.and(small).expect("all is written");
    assert!(std::fs::read(folder.path().join("large")).expect("there") == bytes);

    let mut listing = sftp.list(&path(folder.path(), "")).await.expect("listed");
    let mut listed = 0;
    while let Some(Listed::Entry(entry)) = listing.next().await.expect("listed") {
        assert_eq!(entry.attributes.kind(), FileKind::File);
        listed += 1;
    }
    assert_eq!(listed, FILES + 1);
    let large = async {
        let file = sftp.open(&path(folder.path(), "large"), Access::READ, &Attributes::default()).await?;
        let mut got = Vec::new();
        file.download(0, Some(bytes.len() as u64)).copy_to(&mut got).await?;
        assert!(got == bytes);
        bowline_sftp::Result::<()>::Ok(())
    };
    let small = stream::iter(0..FILES)
        .map(|number| {
            let (sftp, bytes) = (&sftp, &bytes[number..number + 4096]);
            let path = path(folder.path(), &format!("small-{number}"));
            async move {
                assert_eq!(sftp.fetch(&path, 4096, 1 << 20).await?, bytes);
                bowline_sftp::Result::<()>::Ok(())
            }
        })
        .buffer_unordered(128)
        .try_collect::<Vec<()>>();
    let (large, small) = tokio::join!(large, small);
    large.and(small).expect("all is read");
}

#[tokio::test]
async fn a_connection_that_is_cut_fails_a_transfer_and_says_how_far_it_is_certain() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (sftp, _client) = sftp_of(&sshd).await;
    let file = sftp.open(&path(folder.path(), "large"), NEW(), &Attributes::default()).await.expect("opened");
    let mut upload = file.upload(0);
    let bytes = pattern(30_000_000);
    upload.send(&mut bytes.as_slice()).await.expect("sent");
    sshd.kill_sessions();
    let error = loop {
        if let Err(error) = upload.send(&mut bytes.as_slice()).await {
            break error;
        }
    };
    assert!(matches!(error.kind, ErrorKind::ConnectionLost(_)), "{error}");
    let certain = upload.acknowledged() as usize;
    let found = std::fs::read(folder.path().join("large")).expect("there");
    assert!(certain >= 20_000_000, "all but a window of what was sent before: {certain}");
    assert!(found.len() >= certain, "{} of {certain}", found.len());
    let expected = bytes.iter().cycle().take(certain);
    assert!(found[..certain].iter().eq(expected), "what is certain is there");
}

#[tokio::test]
async fn the_demo_host_is_used_as_any_other() {
    let files = tempfile::tempdir().expect("a folder");
    let config = DemoConfig { files: files.path().to_owned(), start: String::new(), shell: None };
    let host = DemoHost::start(config).await.expect("it starts");
    let (sftp, _client) = sftp(host.address(), host.user(), host.client_key()).await;
    let bytes = pattern(3_000_001);
    let folder = SftpPath::try_from("/folder").expect("a path");
    sftp.make_directory(&folder, &Attributes::default()).await.expect("made");
    let file = folder.join(&FileName::new("文件").expect("a name")).expect("short");
    let mut upload = sftp.open(&file, NEW(), &Attributes::default()).await.expect("opened").upload(0);
    upload.send(&mut bytes.as_slice()).await.expect("sent");
    upload.finish().await.expect("written").close().await.expect("closed");
    assert!(std::fs::read(files.path().join("folder/文件")).expect("there") == bytes);
    let opened = sftp.open(&file, Access::READ, &Attributes::default()).await.expect("opened");
    let mut got = Vec::new();
    opened.download(0, None).copy_to(&mut got).await.expect("read");
    assert!(got == bytes);
    assert!(sftp.fetch(&file, 3_000_001, 1 << 23).await.expect("read") == bytes);
    let outside = sftp.stat(&SftpPath::try_from("/../../etc/passwd").expect("a path")).await;
    assert!(outside.is_err());
    // It puts the system's own words behind a failure, which say more than OpenSSH does.
    let full = sftp.replace(&file, &folder).await.expect_err("a folder stands there");
    assert!(matches!(full.kind, ErrorKind::NotEmpty), "{full}");
    let other = SftpPath::try_from("/other").expect("a path");
    sftp.store(&other, Access::CREATE, &Attributes::default(), b"old").await.expect("stored");
    sftp.replace(&file, &other).await.expect("replaced");
    assert!(std::fs::read(files.path().join("other")).expect("there") == bytes);
}
