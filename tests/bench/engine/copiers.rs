//! Other programs that copy files over SSH, each with the cipher that Bowline takes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use bowline_tests::sshd::Sshd;

use crate::median;

const CIPHER: &str = "aes128-gcm@openssh.com";
const LOGINS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copier {
    Sftp,
    Scp,
    Rsync,
    Rclone,
    Lftp,
}

pub const COPIERS: [Copier; 5] = [Copier::Sftp, Copier::Scp, Copier::Rsync, Copier::Rclone, Copier::Lftp];

impl Copier {
    pub fn name(self) -> &'static str {
        match self {
            Copier::Sftp => "sftp",
            Copier::Scp => "scp",
            Copier::Rsync => "rsync",
            Copier::Rclone => "rclone",
            Copier::Lftp => "lftp",
        }
    }

    pub fn is_rsync(self) -> bool {
        self == Copier::Rsync
    }

    /// Seconds that it needs for a file or a folder, login and all; None if it does not run.
    pub fn run(self, sshd: &Sshd, source: &Path, target: &Path, down: bool) -> Option<f64> {
        let host = sshd.address().ip().to_string();
        let login = format!("{}@{host}", sshd.user());
        let at = |path: &Path| format!("{login}:{}", path.display());
        let (from, to) = if down {
            (at(source), target.display().to_string())
        } else {
            (source.display().to_string(), at(target))
        };
        let name = source.file_name().unwrap_or_default();
        let is_folder = source.is_dir();
        let mut command = Command::new(self.name());
        match self {
            Copier::Rsync => {
                let ssh = format!("ssh {}", options(sshd).join(" "));
                command.args(["-r", "-t", "-p", "-e", &ssh]).args([from, to]);
            }
            Copier::Scp => {
                command.args(["-q", "-r", "-p"]).args(options(sshd)).args([from, to]);
            }
            Copier::Sftp => {
                let verb = if down { "get" } else { "put" };
                let batch = sshd.folder().join("batch");
                let said = format!("{verb} -rp {} {}\n", source.display(), target.display());
                std::fs::write(&batch, said).expect("written");
                command.arg("-q").arg("-b").arg(batch).args(options(sshd)).arg(login);
            }
            // Its own first choice is the same cipher; old ones take no order.
            Copier::Rclone => {
                let target = target.join(name);
                let (here, there) =
                    if down { (target.as_path(), source) } else { (source, target.as_path()) };
                let there = format!(":sftp:{}", there.display());
                let here = here.display().to_string();
                command.args(["--config", "/dev/null"]).arg(if is_folder { "copy" } else { "copyto" });
                command.args(if down { [there, here] } else { [here, there] });
                command.args(["--sftp-host", &host, "--sftp-user", sshd.user()]);
                command.args(["--sftp-port", &sshd.address().port().to_string()]);
                command.arg("--sftp-key-file").arg(sshd.client_key_file());
            }
            Copier::Lftp => {
                let (source, target) = (source.display(), target.display());
                let verb = match (is_folder, down) {
                    (true, true) => format!("mirror -P 4 {source} {target}/"),
                    (true, false) => format!("mirror -R -P 4 {source} {target}/"),
                    (false, true) => format!("pget -n 4 {source} -o {target}/"),
                    (false, false) => format!("put -O {target} {source}"),
                };
                let ssh = format!("ssh -a -x {}", options(sshd).join(" "));
                command.arg("--norc").arg("-c").arg(format!(
                    "set sftp:connect-program '{ssh}'; set cmd:fail-exit yes; open sftp://{}:@{host}:{}; {verb}",
                    sshd.user(),
                    sshd.address().port()
                ));
            }
        }
        timed(command)
    }
}

/// Seconds from the start of ssh to the end of `true` on the host.
pub fn login(sshd: &Sshd) -> f64 {
    let seconds: Vec<f64> = (0..LOGINS)
        .filter_map(|_| {
            let mut command = Command::new("ssh");
            command.args(options(sshd)).arg(format!("{}@{}", sshd.user(), sshd.address().ip())).arg("true");
            timed(command)
        })
        .collect();
    median(&seconds)
}

fn options(sshd: &Sshd) -> Vec<String> {
    let known = sshd.folder().join("known_hosts");
    std::fs::write(&known, sshd.known_hosts()).expect("known_hosts is written");
    [
        "-F".to_owned(),
        "none".to_owned(),
        "-oBatchMode=yes".to_owned(),
        "-oIdentityAgent=none".to_owned(),
        "-oIdentitiesOnly=yes".to_owned(),
        format!("-oCiphers={CIPHER}"),
        format!("-oUserKnownHostsFile={}", known.display()),
        "-i".to_owned(),
        sshd.client_key_file().display().to_string(),
        format!("-oPort={}", sshd.address().port()),
    ]
    .into()
}

fn timed(mut command: Command) -> Option<f64> {
    let started = Instant::now();
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = quiet.status().ok()?;
    status.success().then(|| started.elapsed().as_secs_f64())
}
