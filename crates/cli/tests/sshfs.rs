//! sshfs(1) over `bowline ssh`: a folder of the host, mounted here.

use std::path::{Path, PathBuf};
use std::process::Command;

use bowline_tests::eventually::eventually;
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::noise;
use bowline_tests::{Unavailable, available};

use crate::kit::{BOWLINE, Home, finish};

/// Unmounted when it is dropped, or a failed test would leave a folder that nobody can look into.
struct Mount(PathBuf);

impl Mount {
    fn unmount(&self) -> bool {
        let told = Command::new("fusermount3").arg("-u").arg(&self.0).output();
        told.is_ok_and(|told| told.status.success())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("fusermount3").args(["-u", "-z"]).arg(&self.0).output();
    }
}

fn sshfs() -> Result<(), Unavailable> {
    if std::fs::File::options().read(true).write(true).open("/dev/fuse").is_err() {
        return Err(Unavailable("/dev/fuse cannot be opened".to_owned()));
    }
    for program in ["sshfs", "fusermount3"] {
        let tried = Command::new(program).arg("--version").output();
        tried.map_err(|cause| Unavailable(format!("{program}: {cause}")))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_folder_of_the_host_is_read_and_written_as_one_of_this_computer() {
    let Some(()) = available(sshfs()) else { return };
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let (there, here) = (home.path().join("there"), Mount(home.path().join("here")));
    std::fs::create_dir(&there).expect("a folder");
    std::fs::create_dir(&here.0).expect("a folder");
    let large = noise(5, 20_000_000);
    std::fs::write(there.join("large"), &large).expect("it is written");
    for number in 0..100 {
        std::fs::write(there.join(format!("{number} 个文件")), format!("{number}")).expect("it is written");
    }
    let mut mounting = home.program("sshfs");
    mounting.arg("-o").arg(format!("ssh_command={BOWLINE} ssh"));
    let ran = finish(mounting.arg(format!("server:{}", there.display())).arg(&here.0), b"").await;
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let (far, near) = (there.clone(), here.0.clone());
    let using = move || {
        assert_eq!(names(&near), names(&far));
        assert!(std::fs::read(near.join("large")).expect("it is read") == large);
        assert_eq!(std::fs::read(near.join("7 个文件")).expect("it is read"), b"7");
        std::fs::write(near.join("copy"), &large).expect("it is written");
        assert!(std::fs::read(far.join("copy")).expect("it is there") == large);
        std::fs::create_dir(near.join("folder")).expect("it is made");
        std::fs::rename(near.join("copy"), near.join("folder/copy")).expect("it is moved");
        assert!(far.join("folder/copy").exists());
        std::fs::remove_dir_all(near.join("folder")).expect("it is removed");
        assert!(!far.join("folder").exists());
    };
    tokio::task::spawn_blocking(using).await.expect("all of it went well");
    assert!(here.unmount());
    eventually("the connection is closed", || sshd.sessions().is_empty()).await;
}

fn names(folder: &Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("it is listed")
        .map(|entry| entry.expect("it is listed").file_name())
        .collect();
    names.sort();
    names
}
