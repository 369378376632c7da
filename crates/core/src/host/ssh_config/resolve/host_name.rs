//! The name to connect to: as the config has it, and made canonical.

use super::super::canonical::{self, NameLookup, Rules};
use super::super::options::Jump;
use super::super::reading::{Reading, expand_host_name};
use super::super::resolved::Stage;
use super::super::values::{AddressFamily, CanonicalizeHostname};
use super::{CANONICALIZE_MAX_DOTS, is_none_rule, on, place_of};

/// The name to connect to after the first pass.
pub(super) fn host_name(reading: &mut Reading<'_>, names: &mut dyn NameLookup) -> String {
    let mut host = reading.original_host.to_owned();
    if let Some(written) = reading.options.host_name.clone() {
        match expand_host_name(&written, &host) {
            Ok(expanded) => host = expanded,
            Err(message) => {
                let place = place_of(&reading.options, "hostname");
                reading.note(place, Some("HostName"), message, Stage::Resolving);
            }
        }
    }
    let options = &reading.options;
    let family = options.address_family.unwrap_or(AddressFamily::Any);
    if !canonical::is_address(&host, family) {
        host.make_ascii_lowercase();
    }
    let command = options.proxy_command.as_deref().filter(|command| !command.eq_ignore_ascii_case("none"));
    let cnames = &options.canonicalize_permitted_cnames;
    let rules = Rules {
        mode: options.canonicalize_hostname.unwrap_or(CanonicalizeHostname::No),
        domains: &options.canonical_domains,
        max_dots: options.canonicalize_max_dots.unwrap_or(CANONICALIZE_MAX_DOTS),
        fallback_local: on(options.canonicalize_fallback_local, true),
        permitted_cnames: if is_none_rule(cnames) { &[] } else { cnames },
        family,
        direct: command.is_none() && !matches!(options.proxy_jump, Some(Jump::Chain(_))),
    };
    match rules.apply(&host, names) {
        Ok(host) => host,
        Err(canonical::Unresolvable(host)) => {
            let place = place_of(&reading.options, "canonicalizehostname");
            let message = format!("there is no {host} in any of the domains");
            reading.note(place, Some("CanonicalizeHostname"), message, Stage::Resolving);
            host
        }
    }
}
