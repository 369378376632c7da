//! Checks on what a person types into the host form, as OpenSSH does them.

use std::net::{IpAddr, Ipv6Addr};

use serde::Serialize;
use ts_rs::TS;

use super::key_file::{KeyFileKind, expand_home, read_key_file};
use super::options::{BadProxy, expand_command, parse_jump, parse_proxy};
use super::{AuthMethod, HostDraft, HostOptions};
use crate::error::{Error, ErrorCode, Result};

/// Characters in the name of a host or its group: what still fits a sidebar's tooltip.
pub const NAME_MAX_CHARS: usize = 120;
/// Characters in an address: a DNS name has at most 253 (RFC 1035, section 2.3.4), an IPv6 scope adds a few.
pub const ADDRESS_MAX_CHARS: usize = 255;
/// Characters in a user name; Linux allows 32, directory services more.
pub const USER_MAX_CHARS: usize = 255;
/// Bytes in the path of a key: PATH_MAX of Linux.
pub const KEY_PATH_MAX_BYTES: usize = 4096;

/// Bytes in a list of jump hosts or the address of a proxy.
pub const OPTION_MAX_BYTES: usize = 4096;
/// Bytes in a proxy command.
pub const COMMAND_MAX_BYTES: usize = 4096;
/// Bytes in a start-up command: a terminal of Linux takes 4095 in one line before a shell edits it (N_TTY_BUF_SIZE).
pub const STARTUP_MAX_BYTES: usize = 4000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum HostField {
    Label,
    Group,
    Address,
    Port,
    User,
    KeyPath,
    Jump,
    Proxy,
    ProxyCommand,
    BindAddress,
    ConnectTimeoutSeconds,
    StartupCommand,
}

/// Why a field is not acceptable; the window has a sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    Required,
    TooLong,
    /// It would be read as an option (`-oProxyCommand=x`).
    LeadingDash,
    /// A control character, a line end, or an invisible character that turns or hides text.
    ControlCharacter,
    Whitespace,
    /// A character that a shell would act on (`a;b`).
    ShellCharacter,
    /// The address holds `user@`; it belongs in the field of its own.
    UserInAddress,
    /// The address holds `:port`; it belongs in the field of its own.
    PortInAddress,
    /// The address is in brackets (`[::1]`); it is written without them.
    BracketsInAddress,
    /// Ports are 1 to 65535.
    PortRange,
    FileMissing,
    /// The file is there and cannot be read (its permissions, or it is a folder).
    FileUnreadable,
    /// The file is there but is no private key (a public key, perhaps).
    NotAPrivateKey,
    /// Jump hosts are written as `name, user@host:port`, at most 16.
    JumpForm,
    /// A proxy is written as `socks5://host:port` or `http://host:port`.
    ProxyForm,
    /// The proxy's address holds a password; Bowline asks for it and keeps it in the keyring.
    PasswordInProxy,
    /// The command holds a `%` token other than `%h`, `%n`, `%p`, `%r` and `%%`.
    UnknownToken,
    /// There can be one of jump hosts, a proxy and a command.
    SecondRoute,
    /// It is no IP address.
    NotAnAddress,
    /// Times are 1 to 300 seconds.
    TimeRange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct FieldProblem {
    pub field: HostField,
    pub problem: ProblemKind,
}

/// Everything that is wrong with a draft, at most one problem for each field, in the order of the form.
///
/// Addresses and users follow `valid_hostname` and `valid_ruser` of OpenSSH's ssh.c. Letters beyond ASCII are allowed:
/// the resolver decides. With [`AuthMethod::Key`] the key file is looked at (at most 64 KiB of it), so this touches the
/// disk but never the network.
pub fn check(draft: &HostDraft) -> Vec<FieldProblem> {
    [
        (HostField::Label, name_problem(&draft.label)),
        (HostField::Group, name_problem(&draft.group)),
        (HostField::Address, address_problem(&draft.address)),
        (HostField::Port, (draft.port == 0).then_some(ProblemKind::PortRange)),
        (HostField::User, user_problem(&draft.user)),
        (HostField::KeyPath, key_path_problem(&draft.key_path, draft.auth)),
        (HostField::Jump, jump_problem(&draft.options)),
        (HostField::Proxy, proxy_problem(&draft.options)),
        (HostField::ProxyCommand, command_problem(&draft.options)),
        (HostField::BindAddress, bind_problem(&draft.options.bind_address)),
        (HostField::ConnectTimeoutSeconds, time_problem(draft.options.connect_timeout_seconds)),
        (HostField::StartupCommand, startup_problem(&draft.options.startup_command)),
    ]
    .into_iter()
    .filter_map(|(field, problem)| problem.map(|problem| FieldProblem { field, problem }))
    .collect()
}

/// [`check`] as an error: [`ErrorCode::HostInvalid`] with the first problem's `field` and `reason`.
pub(crate) fn accept(draft: &HostDraft) -> Result<()> {
    check(draft).first().map_or(Ok(()), |problem| Err(invalid(*problem)))
}

/// [`accept`] for a draft that was written on another machine: that its key file is not here is passed over.
pub(crate) fn accept_elsewhere(draft: &HostDraft) -> Result<()> {
    let of_disk = |problem: &FieldProblem| {
        let kinds = [ProblemKind::FileMissing, ProblemKind::FileUnreadable, ProblemKind::NotAPrivateKey];
        problem.field == HostField::KeyPath && kinds.contains(&problem.problem)
    };
    check(draft).iter().find(|problem| !of_disk(problem)).map_or(Ok(()), |problem| Err(invalid(*problem)))
}

/// A group's name on its own, as it is renamed.
pub(crate) fn accept_group(name: &str) -> Result<()> {
    name_problem(name)
        .map_or(Ok(()), |problem| Err(invalid(FieldProblem { field: HostField::Group, problem })))
}

fn invalid(FieldProblem { field, problem }: FieldProblem) -> Error {
    let name = match field {
        HostField::Label => "name",
        HostField::Group => "group",
        HostField::Address => "address",
        HostField::Port => "port",
        HostField::User => "user name",
        HostField::KeyPath => "key file",
        HostField::Jump => "list of jump hosts",
        HostField::Proxy => "proxy",
        HostField::ProxyCommand => "proxy command",
        HostField::BindAddress => "bind address",
        HostField::ConnectTimeoutSeconds => "time limit for connecting",
        HostField::StartupCommand => "start-up command",
    };
    let reason = match problem {
        ProblemKind::Required => "it is empty. Fill it in",
        ProblemKind::TooLong => "it is too long. Shorten it",
        ProblemKind::LeadingDash => "it begins with a dash and would be read as an option. Remove the dash",
        ProblemKind::ControlCharacter => {
            "it holds a line end, a control character or an invisible character. Type it by hand"
        }
        ProblemKind::Whitespace => "it holds a space. Remove the space",
        ProblemKind::ShellCharacter => {
            "it holds a character that a shell would act on, such as ; or |. Remove that character"
        }
        ProblemKind::UserInAddress => "it holds a user name before the @. Put that into the user field",
        ProblemKind::PortInAddress => "it holds a port after the colon. Put that into the port field",
        ProblemKind::BracketsInAddress => "it is in brackets. Write the address without them",
        ProblemKind::PortRange => "ports are 1 to 65535. The usual one is 22",
        ProblemKind::FileMissing => "there is no file at this path. Choose another file",
        ProblemKind::FileUnreadable => {
            "the file cannot be read. Check its permissions or choose another file"
        }
        ProblemKind::NotAPrivateKey => "the file is no private key. Choose the one without .pub at its end",
        ProblemKind::JumpForm => "write it as name, user@host:port, at most 16 of them",
        ProblemKind::ProxyForm => "write it as socks5://host:port or http://host:port",
        ProblemKind::PasswordInProxy => {
            "it holds a password. Remove that; Bowline asks for it and can keep it in the keyring"
        }
        ProblemKind::UnknownToken => {
            "it holds a % that is not %h, %n, %p, %r or %%. Write %% for a percent sign"
        }
        ProblemKind::SecondRoute => {
            "there can be only one of jump hosts, a proxy and a command. Empty the others"
        }
        ProblemKind::NotAnAddress => "it is no IP address. Write one of this machine's, such as 192.0.2.7",
        ProblemKind::TimeRange => "times are 1 to 300 seconds",
    };
    Error::new(
        ErrorCode::HostInvalid,
        format!("The host was not saved because its {name} is not acceptable: {reason}."),
    )
    .with("field", name_on_the_wire(field))
    .with("reason", name_on_the_wire(problem))
}

/// The name that the window knows a unit variant by.
fn name_on_the_wire(variant: impl Serialize) -> String {
    let value = serde_json::to_value(variant).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn name_problem(name: &str) -> Option<ProblemKind> {
    if name.chars().any(unreadable) {
        Some(ProblemKind::ControlCharacter)
    } else if name.chars().count() > NAME_MAX_CHARS {
        Some(ProblemKind::TooLong)
    } else {
        None
    }
}

pub(crate) fn address_problem(address: &str) -> Option<ProblemKind> {
    if address.is_empty() {
        return Some(ProblemKind::Required);
    }
    if address.starts_with('-') {
        return Some(ProblemKind::LeadingDash);
    }
    if address.chars().any(|c| is_control(c) || turns_text(c) || is_invisible(c)) {
        return Some(ProblemKind::ControlCharacter);
    }
    if address.chars().any(char::is_whitespace) {
        return Some(ProblemKind::Whitespace);
    }
    if address.contains(is_shell_character) || address.contains(['$', '\\']) {
        return Some(ProblemKind::ShellCharacter);
    }
    if address.contains('@') {
        return Some(ProblemKind::UserInAddress);
    }
    if let Some(rest) = address.strip_prefix('[') {
        let with_port = rest.split_once("]:").is_some_and(|(_, port)| !port.is_empty());
        return Some(if with_port { ProblemKind::PortInAddress } else { ProblemKind::BracketsInAddress });
    }
    if address.contains(':') && !is_ipv6(address) && address.matches(':').count() == 1 {
        return Some(ProblemKind::PortInAddress);
    }
    (address.chars().count() > ADDRESS_MAX_CHARS).then_some(ProblemKind::TooLong)
}

/// An IPv6 address, perhaps with a scope (`fe80::1%eth0`, RFC 4007, section 11).
fn is_ipv6(address: &str) -> bool {
    let (address, scope) = address.split_once('%').map_or((address, None), |(a, scope)| (a, Some(scope)));
    address.parse::<Ipv6Addr>().is_ok() && scope.is_none_or(|scope| !scope.is_empty())
}

pub(crate) fn user_problem(user: &str) -> Option<ProblemKind> {
    if user.starts_with('-') {
        return Some(ProblemKind::LeadingDash);
    }
    if user.chars().any(|c| is_control(c) || turns_text(c) || is_invisible(c)) {
        return Some(ProblemKind::ControlCharacter);
    }
    // A backslash parts domain and user (`CORP\ada`), so only one at the end is refused, as OpenSSH does.
    if user.contains(is_shell_character) || user.ends_with('\\') {
        return Some(ProblemKind::ShellCharacter);
    }
    let dash_after_space = user.split(char::is_whitespace).skip(1).any(|word| word.starts_with('-'));
    if user.trim() != user || dash_after_space {
        return Some(ProblemKind::Whitespace);
    }
    (user.chars().count() > USER_MAX_CHARS).then_some(ProblemKind::TooLong)
}

fn key_path_problem(path: &str, auth: AuthMethod) -> Option<ProblemKind> {
    if path.chars().any(|c| is_control(c) || turns_text(c)) {
        return Some(ProblemKind::ControlCharacter);
    }
    if path.len() > KEY_PATH_MAX_BYTES {
        return Some(ProblemKind::TooLong);
    }
    if auth != AuthMethod::Key {
        return None;
    }
    if path.trim().is_empty() {
        return Some(ProblemKind::Required);
    }
    let path = expand_home(path);
    // A relative path would depend on the folder that Bowline was started from.
    if path.is_relative() {
        return Some(ProblemKind::FileMissing);
    }
    match read_key_file(&path) {
        Ok(content) => {
            let content = zeroize::Zeroizing::new(content);
            (!KeyFileKind::of(&content).is_private()).then_some(ProblemKind::NotAPrivateKey)
        }
        Err(error) => Some(match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => ProblemKind::FileMissing,
            std::io::ErrorKind::FileTooLarge => ProblemKind::NotAPrivateKey,
            _ => ProblemKind::FileUnreadable,
        }),
    }
}

fn jump_problem(options: &HostOptions) -> Option<ProblemKind> {
    if let Some(problem) = text_problem(&options.jump, OPTION_MAX_BYTES) {
        return Some(problem);
    }
    parse_jump(&options.jump).is_none().then_some(ProblemKind::JumpForm)
}

fn proxy_problem(options: &HostOptions) -> Option<ProblemKind> {
    let text = &options.proxy;
    if text.trim().is_empty() {
        return None;
    }
    if let Some(problem) = text_problem(text, OPTION_MAX_BYTES) {
        return Some(problem);
    }
    match parse_proxy(text) {
        Err(BadProxy::Form) => Some(ProblemKind::ProxyForm),
        Err(BadProxy::Password) => Some(ProblemKind::PasswordInProxy),
        Ok(proxy) if address_problem(&proxy.host).is_some() => Some(ProblemKind::ProxyForm),
        Ok(_) => (!options.jump.trim().is_empty()).then_some(ProblemKind::SecondRoute),
    }
}

fn command_problem(options: &HostOptions) -> Option<ProblemKind> {
    let text = &options.proxy_command;
    if text.trim().is_empty() {
        return None;
    }
    if let Some(problem) = text_problem(text, COMMAND_MAX_BYTES) {
        return Some(problem);
    }
    if expand_command(text, "", 0, "").is_none() {
        return Some(ProblemKind::UnknownToken);
    }
    let second = !options.jump.trim().is_empty() || !options.proxy.trim().is_empty();
    second.then_some(ProblemKind::SecondRoute)
}

/// One line: a line end would run what stands before it, and a control character would act on the line itself.
fn startup_problem(text: &str) -> Option<ProblemKind> {
    text_problem(text, STARTUP_MAX_BYTES)
}

fn bind_problem(text: &str) -> Option<ProblemKind> {
    let wrong = !text.trim().is_empty() && text.trim().parse::<IpAddr>().is_err();
    wrong.then_some(ProblemKind::NotAnAddress)
}

fn time_problem(seconds: Option<u32>) -> Option<ProblemKind> {
    seconds.is_some_and(|seconds| !(1..=300).contains(&seconds)).then_some(ProblemKind::TimeRange)
}

fn text_problem(text: &str, max_bytes: usize) -> Option<ProblemKind> {
    if text.chars().any(|c| is_control(c) || turns_text(c) || is_invisible(c)) {
        return Some(ProblemKind::ControlCharacter);
    }
    (text.len() > max_bytes).then_some(ProblemKind::TooLong)
}

fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Marks that change the direction of text, so that a name can look like another one (CVE-2021-42574).
fn turns_text(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What has no place in a name that a person reads.
pub(crate) fn unreadable(c: char) -> bool {
    is_control(c) || turns_text(c)
}

/// Characters without a shape; in a label they join letters and emoji, in an address they only deceive.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// What `valid_hostname` and `valid_ruser` of OpenSSH refuse alike.
fn is_shell_character(c: char) -> bool {
    "'`\";&<>|(){}".contains(c)
}

#[cfg(test)]
mod tests;
