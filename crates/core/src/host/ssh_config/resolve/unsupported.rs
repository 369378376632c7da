//! What a config asks for and is not acted on.

use super::super::algorithms::{self, Algorithms};
use super::super::options::Options;
use super::super::resolved::Unsupported;
use super::super::values::SessionType;
use super::finish::Finish;
use super::{on, place_of};

/// Keywords that apply, ask for something, and are not acted on.
pub(super) fn unsupported(options: &Options) -> Vec<Unsupported> {
    let asking =
        options.foreign.iter().filter(|(keyword, value)| *keyword != "revokedhostkeys" && asks(value));
    let mut unsupported: Vec<Unsupported> =
        asking.map(|(keyword, value)| named(options, keyword, value.clone())).collect();
    if on(options.compression, false) {
        unsupported.push(named(options, "compression", "yes".to_owned()));
    }
    if on(options.check_host_ip, false) {
        unsupported.push(named(options, "checkhostip", "yes".to_owned()));
    }
    if let Some(kind) = options.session_type.filter(|kind| *kind != SessionType::Default) {
        unsupported.push(named(options, "sessiontype", kind.word().to_owned()));
    }
    if !on(options.clear_all_forwardings, false) {
        for keyword in ["localforward", "remoteforward", "dynamicforward"] {
            if options.places.contains_key(keyword) {
                unsupported.push(named(options, keyword, String::new()));
            }
        }
    }
    unsupported
}

impl Finish<'_> {
    pub(super) fn missing_algorithms(&self, algorithms: &Algorithms, unsupported: &mut Vec<Unsupported>) {
        let options = self.options;
        for (keyword, list, names) in [
            ("ciphers", &options.ciphers, &algorithms.ciphers),
            ("macs", &options.macs, &algorithms.macs),
            ("kexalgorithms", &options.kex_algorithms, &algorithms.kex),
            ("hostkeyalgorithms", &options.host_key_algorithms, &algorithms.keys),
            ("pubkeyacceptedalgorithms", &options.pubkey_accepted_algorithms, &algorithms.keys),
            ("casignaturealgorithms", &options.ca_signature_algorithms, &algorithms.ca_signatures),
        ] {
            let missing = list.as_deref().map(|list| algorithms::missing(list, names)).unwrap_or_default();
            if !missing.is_empty() {
                unsupported.push(named(options, keyword, missing.join(",")));
            }
        }
    }
}

pub(super) fn named(options: &Options, keyword: &str, value: String) -> Unsupported {
    Unsupported { keyword: keyword.to_owned(), value, place: place_of(options, keyword) }
}

/// `no` and the like ask for what happens anyway.
pub(super) fn asks(value: &str) -> bool {
    !["no", "none", "false"].iter().any(|nothing| value.eq_ignore_ascii_case(nothing))
}
