//! Terminal modes that a client asks for with its terminal (RFC 4254, section 8).

use russh::Pty as Mode;
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios, tcgetattr,
    tcsetattr,
};

use bowline_pty::Pty;

/// The value that switches a special character off on the wire.
const DISABLED: u32 = 255;

/// Applies the modes that this system has; the rest keep their defaults, as the RFC allows.
pub(crate) fn apply(pty: &Pty, modes: &[(Mode, u32)]) {
    if modes.is_empty() {
        return;
    }
    let Ok(mut termios) = tcgetattr(pty) else {
        return;
    };
    for &(mode, value) in modes {
        set(&mut termios, mode, value);
    }
    if let Err(cause) = tcsetattr(pty, OptionalActions::Now, &termios) {
        tracing::debug!(%cause, "demo host: terminal modes refused");
    }
}

fn set(termios: &mut Termios, mode: Mode, value: u32) {
    let on = value != 0;
    if let Some(index) = special_code(mode) {
        // 0 is how Linux and the BSDs' own clients write "none"; 255 is the RFC's way.
        let code = if value >= DISABLED { 0 } else { value };
        termios.special_codes[index] = u8::try_from(code).unwrap_or(0);
        return;
    }
    match mode {
        Mode::IGNPAR => termios.input_modes.set(InputModes::IGNPAR, on),
        Mode::INLCR => termios.input_modes.set(InputModes::INLCR, on),
        Mode::IGNCR => termios.input_modes.set(InputModes::IGNCR, on),
        Mode::ICRNL => termios.input_modes.set(InputModes::ICRNL, on),
        Mode::IXON => termios.input_modes.set(InputModes::IXON, on),
        Mode::IXANY => termios.input_modes.set(InputModes::IXANY, on),
        Mode::IXOFF => termios.input_modes.set(InputModes::IXOFF, on),
        Mode::IMAXBEL => termios.input_modes.set(InputModes::IMAXBEL, on),
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        Mode::IUTF8 => termios.input_modes.set(InputModes::IUTF8, on),
        Mode::ISIG => termios.local_modes.set(LocalModes::ISIG, on),
        Mode::ICANON => termios.local_modes.set(LocalModes::ICANON, on),
        Mode::ECHO => termios.local_modes.set(LocalModes::ECHO, on),
        Mode::ECHOE => termios.local_modes.set(LocalModes::ECHOE, on),
        Mode::ECHOK => termios.local_modes.set(LocalModes::ECHOK, on),
        Mode::ECHONL => termios.local_modes.set(LocalModes::ECHONL, on),
        Mode::NOFLSH => termios.local_modes.set(LocalModes::NOFLSH, on),
        Mode::IEXTEN => termios.local_modes.set(LocalModes::IEXTEN, on),
        Mode::OPOST => termios.output_modes.set(OutputModes::OPOST, on),
        Mode::ONLCR => termios.output_modes.set(OutputModes::ONLCR, on),
        Mode::CS8 => termios.control_modes.set(ControlModes::CS8, on),
        // Parity, old line disciplines, speeds: nothing on a pseudo-terminal.
        _ => {}
    }
}

fn special_code(mode: Mode) -> Option<SpecialCodeIndex> {
    match mode {
        Mode::VINTR => Some(SpecialCodeIndex::VINTR),
        Mode::VQUIT => Some(SpecialCodeIndex::VQUIT),
        Mode::VERASE => Some(SpecialCodeIndex::VERASE),
        Mode::VKILL => Some(SpecialCodeIndex::VKILL),
        Mode::VEOF => Some(SpecialCodeIndex::VEOF),
        Mode::VSTART => Some(SpecialCodeIndex::VSTART),
        Mode::VSTOP => Some(SpecialCodeIndex::VSTOP),
        Mode::VSUSP => Some(SpecialCodeIndex::VSUSP),
        Mode::VREPRINT => Some(SpecialCodeIndex::VREPRINT),
        Mode::VWERASE => Some(SpecialCodeIndex::VWERASE),
        Mode::VLNEXT => Some(SpecialCodeIndex::VLNEXT),
        _ => None,
    }
}
