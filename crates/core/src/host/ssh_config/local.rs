//! What a config may ask about this machine and the person at it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Facts that do not change while a config is read. Tests bring their own.
#[derive(Clone)]
pub struct Local {
    /// `$HOME`: where `~` in an `Include` leads.
    pub home: PathBuf,
    /// The home folder of the account (`%d`, and `~` in every other value). Nearly always the same.
    pub account_home: PathBuf,
    /// `%u`.
    pub user: String,
    /// `%i`; 0 where there is no such number.
    pub uid: u32,
    /// `%l`, and up to its first dot `%L`.
    pub host_name: String,
    /// For `${NAME}`. May hold secrets, so it is not printed.
    pub environment: HashMap<String, String>,
    /// Of the interfaces that are up, for `Match localnetwork`.
    pub addresses: Vec<IpAddr>,
    /// Where the relative `Include`s of the system config lead.
    pub system_folder: PathBuf,
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("home", &self.home).field("user", &self.user).finish_non_exhaustive()
    }
}

impl Local {
    pub fn here() -> Self {
        let home = dirs::home_dir().unwrap_or_default();
        Self {
            account_home: account::home().unwrap_or_else(|| home.clone()),
            home,
            user: whoami::username().unwrap_or_default(),
            uid: account::uid(),
            host_name: whoami::hostname().unwrap_or_default(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            addresses: account::addresses(),
            system_folder: system_folder(),
        }
    }

    /// `~/.ssh/config`.
    pub fn user_config(&self) -> PathBuf {
        self.account_home.join(".ssh").join("config")
    }

    /// `/etc/ssh/ssh_config`.
    pub fn system_config(&self) -> PathBuf {
        self.system_folder.join("ssh_config")
    }

    /// `tilde_expand`: None if there is no such person.
    pub fn expand_tilde(&self, path: &str) -> Option<String> {
        expand_tilde(path, &self.account_home)
    }

    /// The same for `Include`.
    pub fn expand_include_tilde(&self, path: &str) -> Option<String> {
        expand_tilde(path, &self.home)
    }
}

fn expand_tilde(path: &str, home: &Path) -> Option<String> {
    let Some(rest) = path.strip_prefix('~') else { return Some(path.to_owned()) };
    let (user, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let home = if user.is_empty() { Some(home.to_owned()) } else { account::home_of(user) }?;
    let home = home.to_string_lossy();
    let slash = if home.ends_with('/') { "" } else { "/" };
    Some(format!("{home}{slash}{}", rest.trim_start_matches('/')))
}

fn system_folder() -> PathBuf {
    if cfg!(windows) {
        let data =
            std::env::var_os("ProgramData").map_or_else(|| PathBuf::from("C:\\ProgramData"), PathBuf::from);
        data.join("ssh")
    } else {
        PathBuf::from("/etc/ssh")
    }
}

#[cfg(unix)]
mod account {
    use super::{IpAddr, PathBuf};
    use nix::net::if_::InterfaceFlags;
    use nix::unistd::{User, getuid};

    pub fn uid() -> u32 {
        getuid().as_raw()
    }

    pub fn home() -> Option<PathBuf> {
        User::from_uid(getuid()).ok().flatten().map(|user| user.dir)
    }

    pub fn home_of(name: &str) -> Option<PathBuf> {
        User::from_name(name).ok().flatten().map(|user| user.dir)
    }

    pub fn addresses() -> Vec<IpAddr> {
        let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
        let up = interfaces.filter(|one| one.flags.contains(InterfaceFlags::IFF_UP));
        let address = |one: nix::ifaddrs::InterfaceAddress| {
            let address = one.address?;
            let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
        };
        up.filter_map(address).collect()
    }
}

#[cfg(not(unix))]
mod account {
    use super::{IpAddr, PathBuf};

    pub fn uid() -> u32 {
        0
    }

    pub fn home() -> Option<PathBuf> {
        None
    }

    pub fn home_of(_: &str) -> Option<PathBuf> {
        None
    }

    pub fn addresses() -> Vec<IpAddr> {
        Vec::new()
    }
}
