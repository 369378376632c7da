//! A real browser through a dynamic tunnel: a page of many parts, on a server whose name only the host knows.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use bowline_core::host::AuthMethod;
use bowline_core::host::tunnels::TunnelKind;
use bowline_tests::desk::Desk;
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::{draft, noise, serve};
use bowline_tests::{Unavailable, available};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// Known to the host alone.
const NAME: &str = "far.bowline.test";
const IMAGES: usize = 40;
/// A browser starts in a second or two; a busy machine needs some of this.
const PATIENCE: Duration = Duration::from_secs(90);
const BYTES: usize = 1 << 20;

/// The page counts its images by their sizes, each of which is another, and the bytes that it asks for by a checksum.
fn page() -> String {
    let images: String =
        (1..=IMAGES).map(|image| format!("<img src=\"/{image}.svg\" onload=\"seen(this)\">")).collect();
    format!(
        r#"<!doctype html><link rel="stylesheet" href="/style.css"><body><p id="told">nothing</p><script>
let count = 0, widths = 0
const asked = new XMLHttpRequest()
asked.open('GET', '/bytes', false)
asked.overrideMimeType('text/plain; charset=x-user-defined')
asked.send()
let sum = 0x811c9dc5
for (let at = 0; at < asked.response.length; at++) sum = Math.imul(sum ^ (asked.response.charCodeAt(at) & 0xff), 0x01000193)
function seen(image) {{
  count += 1
  widths += image.naturalWidth
  const styled = getComputedStyle(document.body).fontSize
  document.getElementById('told').textContent =
    `${{count}} images, ${{widths}} px, ${{asked.response.length}} bytes, ${{sum >>> 0}}, ${{styled}}`
}}
</script>{images}"#
    )
}

/// What the page says when everything has come.
fn told(bytes: &[u8]) -> String {
    let sum =
        bytes.iter().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    let widths: usize = (1..=IMAGES).sum();
    format!("{IMAGES} images, {widths} px, {BYTES} bytes, {sum}, 17px")
}

/// One part of the page: its type and its bytes.
fn part(path: &str, bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    match path {
        "/" => Some(("text/html", page().into_bytes())),
        "/style.css" => Some(("text/css", b"body { font-size: 17px }".to_vec())),
        "/bytes" => Some(("application/octet-stream", bytes.to_vec())),
        image => {
            let size: usize = image.strip_prefix('/')?.strip_suffix(".svg")?.parse().ok()?;
            // As long as a picture of a page usually is.
            let filler = "x".repeat(size * 1000);
            let text = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}\" height=\"{size}\"><!-- {filler} --></svg>"
            );
            Some(("image/svg+xml", text.into_bytes()))
        }
    }
}

/// Serves the page, and keeps connections as a web server does.
async fn web(bytes: Vec<u8>) -> SocketAddr {
    serve(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            while let Some(path) = request(&mut stream).await {
                let (status, (kind, body)) = match part(&path, &bytes) {
                    Some(part) => ("200 OK", part),
                    None => ("404 Not Found", ("text/plain", Vec::new())),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\r\n",
                    body.len()
                );
                if stream.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
                    break;
                }
            }
        }
    })
    .await
}

/// The path of the next request.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 64 * 1024 {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8_lossy(&head).split_whitespace().nth(1).map(str::to_owned)
}

fn chromium() -> Result<PathBuf, Unavailable> {
    let named = std::env::var_os("BOWLINE_CHROMIUM").filter(|named| !named.is_empty()).map(PathBuf::from);
    let folders: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let known = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];
    let known = known.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let mut found = named.into_iter().chain(known);
    found.find(|path| path.is_file()).ok_or_else(|| Unavailable("there is no Chromium".to_owned()))
}

/// The page as the browser has it when everything is loaded.
async fn dumped(chromium: &PathBuf, proxy: SocketAddr, url: &str) -> String {
    let profile = TempDir::with_prefix("profile-").expect("a folder");
    let mut command = Command::new(chromium);
    command
        .args(["--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-sandbox"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--proxy-server=socks5://{proxy}"))
        .args(["--dump-dom", url])
        .env("HOME", profile.path())
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ran =
        tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends in time").expect("it runs");
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{text}\n{}", String::from_utf8_lossy(&ran.stderr));
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_loads_a_page_that_only_the_host_can_find_also_after_a_lost_connection() {
    let Some(chromium) = available(chromium()) else { return };
    let Some(sshd) = available(Sshd::builder().knows_loopback_as(NAME).start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let bytes = noise(7, BYTES);
    let url = format!("http://{NAME}:{}/", web(bytes.clone()).await.port());
    let (id, proxy) = desk.tunnel_up(&host, draft(TunnelKind::Dynamic, 0, "")).await;
    for cut in [false, true] {
        if cut {
            sshd.kill_sessions();
        }
        let page = dumped(&chromium, proxy, &url).await;
        let told = told(&bytes);
        assert!(page.contains(&told), "not {told:?} (cut: {cut}):\n{page}");
    }
    // Several at once, as browsers do, and none of them is left.
    let view = desk.tunnel_is(&id, |view| view.live == 0).await;
    assert!(view.total >= 4.0, "{view:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_finds_the_name_through_the_proxy_and_not_here() {
    let Some(sshd) = available(Sshd::builder().knows_loopback_as(NAME).start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let bytes = noise(8, BYTES);
    let url = format!("http://{NAME}:{}/bytes", web(bytes.clone()).await.port());
    let (_, proxy) = desk.tunnel_up(&host, draft(TunnelKind::Dynamic, 0, "")).await;
    for (option, there) in
        [("--socks5-hostname", true), ("--socks4a", true), ("--socks5", false), ("--socks4", false)]
    {
        let curl = Command::new("curl")
            .args(["-sS", option, &proxy.to_string(), &url])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let Ok(ran) = tokio::time::timeout(PATIENCE, curl).await.expect("it ends in time") else {
            return eprintln!("SKIPPED: there is no curl");
        };
        let error = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.stdout == bytes, there, "{option}: {error}");
        assert!(there || error.contains("resolve"), "{option}: {error}");
    }
}
