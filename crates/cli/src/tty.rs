//! The terminal that the command runs in: raw mode, size, and its settings for the other side. Whatever is changed is put
//! back by [`restore`], which every way out of the process calls.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use bowline_core::exec::TerminalMode as Mode;
use bowline_core::terminal::state::TerminalSize;
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex as Code, Termios,
    tcgetattr, tcgetwinsize, tcsetattr,
};

/// What was changed and how it was, the last change at the end. At most two: raw mode, and a question without echo.
static CHANGED: Mutex<Vec<Changed>> = Mutex::new(Vec::new());

struct Changed {
    terminal: OwnedFd,
    before: Termios,
    raw: bool,
}

/// Where a terminal says nothing about its size.
const DEFAULT_SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };
/// _POSIX_VDISABLE of Linux and others: the key does nothing. RFC 4254 writes that as 255.
const DISABLED: u8 = 0;

fn changed() -> std::sync::MutexGuard<'static, Vec<Changed>> {
    CHANGED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A change that ends with its value.
#[derive(Debug)]
pub struct Restore(());

impl Drop for Restore {
    fn drop(&mut self) {
        if let Some(last) = changed().pop() {
            put_back(&last);
        }
    }
}

fn put_back(changed: &Changed) {
    // A terminal that is gone needs nothing.
    let _ = tcsetattr(&changed.terminal, OptionalActions::Drain, &changed.before);
}

/// Puts every terminal back as it was, however the process ends.
pub fn restore() {
    // Taken first: after this the values that restore on drop find nothing.
    let all = std::mem::take(&mut *changed());
    all.iter().rev().for_each(put_back);
}

/// Whether a line end needs a return to the margin.
pub fn is_raw() -> bool {
    changed().last().is_some_and(|last| last.raw)
}

fn change(terminal: impl AsFd, raw: bool, edit: impl FnOnce(&mut Termios)) -> std::io::Result<Restore> {
    let before = tcgetattr(&terminal)?;
    let mut wanted = before.clone();
    edit(&mut wanted);
    // Noted first, so that a signal in between finds it.
    changed().push(Changed { terminal: terminal.as_fd().try_clone_to_owned()?, before, raw });
    let restore = Restore(());
    tcsetattr(&terminal, OptionalActions::Drain, &wanted)?;
    Ok(restore)
}

/// Every key goes to the other side as it is (OpenSSH's `enter_raw_mode`).
pub fn raw(terminal: impl AsFd) -> std::io::Result<Restore> {
    change(terminal, true, |modes| {
        modes.input_modes |= InputModes::IGNPAR;
        modes.input_modes -= InputModes::ISTRIP
            | InputModes::INLCR
            | InputModes::IGNCR
            | InputModes::ICRNL
            | InputModes::IXON
            | InputModes::IXANY
            | InputModes::IXOFF;
        modes.local_modes -= LocalModes::ISIG
            | LocalModes::ICANON
            | LocalModes::ECHO
            | LocalModes::ECHOE
            | LocalModes::ECHOK
            | LocalModes::ECHONL
            | LocalModes::IEXTEN;
        modes.output_modes -= OutputModes::OPOST;
        modes.special_codes[Code::VMIN] = 1;
        modes.special_codes[Code::VTIME] = 0;
    })
}

/// What is typed is not shown; the line end is.
pub fn without_echo(terminal: &File) -> std::io::Result<Restore> {
    change(terminal, false, |modes| {
        modes.local_modes -= LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ECHOK;
        modes.local_modes |= LocalModes::ECHONL;
    })
}

/// The size of a terminal in characters.
pub fn size(terminal: impl AsFd) -> TerminalSize {
    match tcgetwinsize(terminal) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            TerminalSize { cols: size.ws_col, rows: size.ws_row }
        }
        _ => DEFAULT_SIZE,
    }
}

/// The terminal's settings in the words of RFC 4254, section 8 (OpenSSH's ttymodes.h).
pub fn modes(terminal: impl AsFd) -> Vec<(Mode, u32)> {
    let Ok(termios) = tcgetattr(terminal) else { return Vec::new() };
    let mut modes =
        vec![(Mode::TTY_OP_OSPEED, termios.output_speed()), (Mode::TTY_OP_ISPEED, termios.input_speed())];
    let keys = [
        (Mode::VINTR, Code::VINTR),
        (Mode::VQUIT, Code::VQUIT),
        (Mode::VERASE, Code::VERASE),
        (Mode::VKILL, Code::VKILL),
        (Mode::VEOF, Code::VEOF),
        (Mode::VEOL, Code::VEOL),
        (Mode::VEOL2, Code::VEOL2),
        (Mode::VSTART, Code::VSTART),
        (Mode::VSTOP, Code::VSTOP),
        (Mode::VSUSP, Code::VSUSP),
        (Mode::VREPRINT, Code::VREPRINT),
        (Mode::VWERASE, Code::VWERASE),
        (Mode::VLNEXT, Code::VLNEXT),
        (Mode::VDISCARD, Code::VDISCARD),
    ];
    modes.extend(keys.map(|(mode, code)| match termios.special_codes[code] {
        DISABLED => (mode, 255),
        key => (mode, u32::from(key)),
    }));
    let mut flag = |mode: Mode, set: bool| modes.push((mode, u32::from(set)));
    let input = termios.input_modes;
    flag(Mode::IGNPAR, input.contains(InputModes::IGNPAR));
    flag(Mode::PARMRK, input.contains(InputModes::PARMRK));
    flag(Mode::INPCK, input.contains(InputModes::INPCK));
    flag(Mode::ISTRIP, input.contains(InputModes::ISTRIP));
    flag(Mode::INLCR, input.contains(InputModes::INLCR));
    flag(Mode::IGNCR, input.contains(InputModes::IGNCR));
    flag(Mode::ICRNL, input.contains(InputModes::ICRNL));
    flag(Mode::IXON, input.contains(InputModes::IXON));
    flag(Mode::IXANY, input.contains(InputModes::IXANY));
    flag(Mode::IXOFF, input.contains(InputModes::IXOFF));
    flag(Mode::IMAXBEL, input.contains(InputModes::IMAXBEL));
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    flag(Mode::IUTF8, input.contains(InputModes::IUTF8));
    let local = termios.local_modes;
    flag(Mode::ISIG, local.contains(LocalModes::ISIG));
    flag(Mode::ICANON, local.contains(LocalModes::ICANON));
    flag(Mode::ECHO, local.contains(LocalModes::ECHO));
    flag(Mode::ECHOE, local.contains(LocalModes::ECHOE));
    flag(Mode::ECHOK, local.contains(LocalModes::ECHOK));
    flag(Mode::ECHONL, local.contains(LocalModes::ECHONL));
    flag(Mode::NOFLSH, local.contains(LocalModes::NOFLSH));
    flag(Mode::TOSTOP, local.contains(LocalModes::TOSTOP));
    flag(Mode::IEXTEN, local.contains(LocalModes::IEXTEN));
    flag(Mode::ECHOCTL, local.contains(LocalModes::ECHOCTL));
    flag(Mode::ECHOKE, local.contains(LocalModes::ECHOKE));
    let output = termios.output_modes;
    flag(Mode::OPOST, output.contains(OutputModes::OPOST));
    flag(Mode::ONLCR, output.contains(OutputModes::ONLCR));
    flag(Mode::OCRNL, output.contains(OutputModes::OCRNL));
    flag(Mode::ONOCR, output.contains(OutputModes::ONOCR));
    flag(Mode::ONLRET, output.contains(OutputModes::ONLRET));
    let bits = termios.control_modes & ControlModes::CSIZE;
    flag(Mode::CS7, bits == ControlModes::CS7);
    flag(Mode::CS8, bits == ControlModes::CS8);
    flag(Mode::PARENB, termios.control_modes.contains(ControlModes::PARENB));
    flag(Mode::PARODD, termios.control_modes.contains(ControlModes::PARODD));
    modes
}
