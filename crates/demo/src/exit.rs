//! How a program ended, in the terms of SSH (RFC 4254, section 6.10).

pub(crate) use bowline_pty::Exit;
#[cfg(unix)]
use russh::Sig;

/// What a shell answers for a program that it cannot find or start.
pub(crate) const CANNOT_START: Exit = Exit::Status(127);

/// The name of a signal on the wire; those the RFC does not list carry a name of ours after an `@`, as it asks.
#[cfg(unix)]
pub(crate) fn signal_name(number: i32) -> Sig {
    use rustix::process::Signal;
    const NAMES: [(Signal, fn() -> Sig); 15] = [
        (Signal::ABORT, || Sig::ABRT),
        (Signal::ALARM, || Sig::ALRM),
        (Signal::FPE, || Sig::FPE),
        (Signal::HUP, || Sig::HUP),
        (Signal::ILL, || Sig::ILL),
        (Signal::INT, || Sig::INT),
        (Signal::KILL, || Sig::KILL),
        (Signal::PIPE, || Sig::PIPE),
        (Signal::QUIT, || Sig::QUIT),
        (Signal::SEGV, || Sig::SEGV),
        (Signal::TERM, || Sig::TERM),
        (Signal::USR1, || Sig::USR1),
        (Signal::USR2, || Sig::Custom("USR2".into())),
        (Signal::BUS, || Sig::Custom("BUS@bowline".into())),
        (Signal::TRAP, || Sig::Custom("TRAP@bowline".into())),
    ];
    NAMES
        .iter()
        .find(|(signal, _)| signal.as_raw() == number)
        .map_or_else(|| Sig::Custom(format!("SIG{number}@bowline")), |(_, name)| name())
}

/// The signal that a client asked for, if it is one that a program can be sent.
#[cfg(unix)]
pub(crate) fn signal_number(name: &Sig) -> Option<rustix::process::Signal> {
    use rustix::process::Signal;
    match name {
        Sig::ABRT => Some(Signal::ABORT),
        Sig::ALRM => Some(Signal::ALARM),
        Sig::FPE => Some(Signal::FPE),
        Sig::HUP => Some(Signal::HUP),
        Sig::ILL => Some(Signal::ILL),
        Sig::INT => Some(Signal::INT),
        Sig::KILL => Some(Signal::KILL),
        Sig::PIPE => Some(Signal::PIPE),
        Sig::QUIT => Some(Signal::QUIT),
        Sig::SEGV => Some(Signal::SEGV),
        Sig::TERM => Some(Signal::TERM),
        Sig::USR1 => Some(Signal::USR1),
        Sig::Custom(name) if name == "USR2" => Some(Signal::USR2),
        Sig::Custom(_) => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_the_same_name_both_ways() {
        for number in [1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15] {
            let name = signal_name(number);
            assert_eq!(signal_number(&name).map(|signal| signal.as_raw()), Some(number), "{name:?}");
        }
    }

    #[test]
    fn a_signal_the_rfc_does_not_list_is_marked_as_ours() {
        assert!(matches!(signal_name(31), Sig::Custom(name) if name == "SIG31@bowline"));
    }
}
