//! `bowline tunnel`: a host and forwardings.

use std::ffi::OsString;

use bowline_core::host::ssh_config::forward::{self, Forward, Kind};

use super::words::{Parsed, Words};
use super::{Command, Options, Usage, text, usage};

/// `bowline tunnel`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TunnelOrder {
    pub options: Options,
    pub host: String,
    /// In the order in which they were given; none: those of the config.
    pub forwards: Vec<Forward>,
    pub json: bool,
}

pub(super) fn tunnel(words: Vec<OsString>) -> Result<Command, Usage> {
    let mut order = TunnelOrder::default();
    let mut words = Words::new(words);
    let (mut json, mut specs, mut host) = (false, Vec::new(), None);
    let mut long = |name: &str, _: &mut Words| {
        json |= name == "--json";
        Ok(name == "--json")
    };
    loop {
        match words.next_tunnel_option(&mut order.options, &mut specs, &mut long)? {
            Parsed::Option => {}
            Parsed::Version => return Ok(Command::Version),
            Parsed::Help => return Ok(Command::Help),
            Parsed::Word(word) if host.is_none() => host = Some(text(word)?),
            Parsed::Word(word) => {
                return Err(usage(format!(
                    "tunnel: there is one host, and \"{}\" is another",
                    word.to_string_lossy()
                )));
            }
            Parsed::End => break,
        }
    }
    for (letter, spec) in specs {
        let kind = match letter {
            'L' => Kind::Local,
            'R' => Kind::Remote,
            _ => Kind::Dynamic,
        };
        let forward = forward::parse_one(kind, &spec);
        order
            .forwards
            .push(forward.ok_or_else(|| usage(format!("tunnel: -{letter} {spec} is no forwarding")))?);
    }
    order.json = json;
    order.options.tunnels = true;
    order.host = host.ok_or_else(|| usage("tunnel: a host is missing"))?;
    Ok(Command::Tunnel(Box::new(order)))
}
