//! A long network link on one machine: two network namespaces with a TUN device each, and between the devices a queue with
//! delay, loss, rate and black hole, all of which can change while it runs.
//!
//! ```no_run
//! # async fn example() -> Option<()> {
//! use bowline_tests::{available, long_link::{Link, LongLink}};
//! let link = available(LongLink::start(Link { delay_ms: 100, loss_percent: 1.0, ..Link::default() }))?;
//! let listener = link.far(|| std::net::TcpListener::bind((bowline_tests::long_link::FAR, 0)));
//! link.set(Link { black_hole: true, ..link.now() });
//! # Some(())
//! # }
//! ```
//!
//! It needs root, `/dev/net/tun` and `ip` (iproute2), and says so where they are missing. Namespaces and devices carry names
//! of this process and are removed with the value, also when a test panics; what a killed run left is removed by the next.

mod carrier;
mod tun;

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Unavailable;
use crate::processes;

use carrier::Carrier;
pub use carrier::Link;

/// The far end's address: where servers listen.
pub const FAR: Ipv4Addr = Ipv4Addr::new(10, 79, 0, 1);
/// The near end's address: where clients come from.
pub const NEAR: Ipv4Addr = Ipv4Addr::new(10, 79, 0, 2);

/// Every name begins so; the process and a count follow. Device names have at most 15 bytes.
const PREFIX: &str = "bwl";

/// A link that stands. Dropping it takes everything down.
#[derive(Debug)]
pub struct LongLink {
    name: String,
    carrier: Arc<Carrier>,
}

impl LongLink {
    /// Puts up two namespaces and the link between them. The round trip is twice the delay.
    pub fn start(link: Link) -> Result<LongLink, Unavailable> {
        if !rustix::process::geteuid().is_root() {
            return Err(Unavailable("a long link needs network namespaces, which only root can make".into()));
        }
        if !Path::new("/dev/net/tun").exists() {
            return Err(Unavailable("a long link needs /dev/net/tun".into()));
        }
        remove_leftovers();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}x{count}", std::process::id());
        // From here on a failure takes down what stands.
        let carrier = Carrier::start(&format!("{name}f"), &format!("{name}n"), link)
            .map_err(|cause| Unavailable(format!("a long link cannot make TUN devices: {cause}")))?;
        let made = LongLink { name, carrier };
        made.put_up(Side::Far).and_then(|()| made.put_up(Side::Near)).map_err(Unavailable)?;
        Ok(made)
    }

    /// Changes the link from now on; packets on their way arrive as they would have.
    pub fn set(&self, link: Link) {
        self.carrier.set(link);
    }

    /// How the link is now.
    pub fn now(&self) -> Link {
        self.carrier.now()
    }

    /// Does something at the far end, such as opening a listener. What a thread opens there stays there.
    pub fn far<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        self.inside(Side::Far, what)
    }

    /// Does something at the near end, such as connecting or running an engine's whole runtime.
    pub fn near<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        self.inside(Side::Near, what)
    }

    /// A program that runs at the far end.
    pub fn far_command(&self, program: &str) -> Command {
        self.command(Side::Far, program)
    }

    /// A program that runs at the near end.
    pub fn near_command(&self, program: &str) -> Command {
        self.command(Side::Near, program)
    }

    fn command(&self, side: Side, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(side), program]);
        command
    }

    /// Runs on a thread of its own that has entered the namespace (setns(2)) and ends after it.
    fn inside<T: Send>(&self, side: Side, what: impl FnOnce() -> T + Send) -> T {
        let namespace = Path::new("/run/netns").join(self.namespace(side));
        std::thread::scope(|scope| {
            let running = scope.spawn(|| {
                let file = std::fs::File::open(&namespace).expect("the namespace is there");
                tun::enter_network(&file).expect("root may enter a namespace");
                what()
            });
            match running.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn namespace(&self, side: Side) -> String {
        format!("{}{}", self.name, side.letter())
    }

    fn put_up(&self, side: Side) -> Result<(), String> {
        let (namespace, device) = (self.namespace(side), format!("{}{}", self.name, side.letter()));
        let (own, peer) = match side {
            Side::Far => (FAR, NEAR),
            Side::Near => (NEAR, FAR),
        };
        ip(&["netns", "add", &namespace])?;
        ip(&["link", "set", &device, "netns", &namespace])?;
        ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
        ip(&["-n", &namespace, "addr", "add", &own.to_string(), "peer", &peer.to_string(), "dev", &device])?;
        ip(&["-n", &namespace, "link", "set", &device, "up", "mtu", "1500", "txqueuelen", "20000"])
    }
}

impl Drop for LongLink {
    fn drop(&mut self) {
        self.carrier.stop();
        for side in [Side::Far, Side::Near] {
            // It may not have been made. The device goes with its last descriptor, which the carrier has closed.
            let _ = ip(&["netns", "del", &self.namespace(side)]);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Far,
    Near,
}

impl Side {
    fn letter(self) -> char {
        match self {
            Side::Far => 'f',
            Side::Near => 'n',
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|cause| format!("a long link needs the program ip (iproute2): {cause}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

/// Removes the namespaces of runs whose process is gone.
fn remove_leftovers() {
    let Ok(namespaces) = std::fs::read_dir("/run/netns") else { return };
    for namespace in namespaces.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
        let process = namespace.strip_prefix(PREFIX).and_then(|rest| rest.split('x').next()?.parse().ok());
        if process.is_some_and(|process| !processes::is_alive(process)) {
            let _ = ip(&["netns", "del", &namespace]);
        }
    }
}
