//! Chains of jump hosts: from what is typed at each host to the hops of a connection, the nearest first.
//!
//! As ssh_config(5) has it for ProxyJump: the first jump host of a list is reached in its own way (with its own jump hosts),
//! each of the others through the one before it.

use crate::error::{Error, ErrorCode, Result};
use crate::host::options::{JUMPS_MAX, JumpSpec, parse_jump};
use crate::host::{Host, HostDraft, HostId, ProblemKind, address_problem};

/// One jump host of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Under this name the pool has its connection: the saved host's own if it is reached in its own way, so that they share
    /// it; otherwise one that says how it is reached.
    pub id: HostId,
    /// Whose kept password may be used.
    pub saved: Option<HostId>,
    pub draft: HostDraft,
    /// It is reached in its own way, and not through the hop before it.
    pub own_way: bool,
}

/// The hops to a host.
///
/// # Errors
/// [`ErrorCode::JumpLoop`] when they lead in a circle or are more than [`JUMPS_MAX`], [`ErrorCode::HostInvalid`] when a jump
/// host is neither a saved host nor an address.
pub fn chain(draft: &HostDraft, hosts: &[Host], local_user: &str) -> Result<Vec<Hop>> {
    let mut expansion = Expansion { hosts, local_user, trail: Vec::new(), hops: Vec::new() };
    expansion.expand(draft)?;
    let me = expansion.identity(draft);
    if expansion.hops.iter().any(|hop| expansion.identity(&hop.draft) == me) {
        return Err(expansion.looped(&me));
    }
    Ok(expansion.hops)
}

struct Expansion<'a> {
    hosts: &'a [Host],
    local_user: &'a str,
    /// The hosts whose lists are being read, so that one among them again is a circle.
    trail: Vec<String>,
    hops: Vec<Hop>,
}

impl<'a> Expansion<'a> {
    /// Adds the hops to this host, without the host itself.
    fn expand(&mut self, draft: &HostDraft) -> Result<()> {
        let me = self.identity(draft);
        if self.trail.contains(&me) || self.trail.len() >= JUMPS_MAX {
            return Err(self.looped(&me));
        }
        self.trail.push(me);
        let specs = parse_jump(&draft.options.jump).ok_or_else(|| invalid(&draft.options.jump))?;
        for (number, spec) in specs.iter().enumerate() {
            let saved = self.find(spec);
            let hop_draft = match saved {
                Some(host) => host.draft.clone(),
                None => typed(spec)?,
            };
            let own_way = number == 0;
            if own_way {
                self.expand(&hop_draft)?;
            }
            let id = match (saved, self.hops.last()) {
                (Some(host), _) if own_way => host.id.clone(),
                (_, Some(before)) if !own_way => {
                    HostId(format!("jump:{} via {}", self.identity(&hop_draft), before.id))
                }
                _ => HostId(format!("jump:{}", self.identity(&hop_draft))),
            };
            let identity = self.identity(&hop_draft);
            let again = self.hops.iter().any(|hop| self.identity(&hop.draft) == identity);
            if again || self.hops.len() >= JUMPS_MAX {
                return Err(self.looped(&identity));
            }
            let saved = saved.map(|host| host.id.clone());
            self.hops.push(Hop { id, saved, draft: hop_draft, own_way });
        }
        self.trail.pop();
        Ok(())
    }

    /// A saved host by its name or address, as it was typed. With a user or port it has to be the very same.
    fn find(&self, spec: &JumpSpec) -> Option<&'a Host> {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let hosts = self.hosts;
        let candidates = || hosts.iter().filter(|host| !host.builtin);
        candidates().find(|host| host.draft.label == spec.text).or_else(|| {
            candidates().find(|host| {
                same(&host.draft.address, &spec.host)
                    && spec.user.as_ref().is_none_or(|user| *user == self.user(&host.draft))
                    && (spec.port.is_none_or(|port| port == host.draft.port))
            })
        })
    }

    fn user(&self, draft: &HostDraft) -> String {
        if draft.user.is_empty() { self.local_user.to_owned() } else { draft.user.clone() }
    }

    fn identity(&self, draft: &HostDraft) -> String {
        let (user, address, port) = (self.user(draft), draft.address.to_ascii_lowercase(), draft.port);
        if address.contains(':') {
            format!("{user}@[{address}]:{port}")
        } else {
            format!("{user}@{address}:{port}")
        }
    }

    fn looped(&self, last: &str) -> Error {
        let hops = self.hops.iter().map(|hop| self.identity(&hop.draft));
        let chain = self.trail.iter().cloned().chain(hops).chain([last.to_owned()]);
        let chain = chain.collect::<Vec<_>>().join(" → ");
        let address = self.trail.first().map_or(last, String::as_str);
        Error::new(
            ErrorCode::JumpLoop,
            format!(
                "{address} was not dialled, because its jump hosts lead in a circle or are more than {JUMPS_MAX}: {chain}. \
                 Correct the jump hosts in the settings of these hosts."
            ),
        )
        .with("address", address)
        .with("chain", chain)
    }
}

/// A jump host that is not saved: what is not typed is as usual.
fn typed(spec: &JumpSpec) -> Result<HostDraft> {
    let draft = HostDraft {
        address: spec.host.clone(),
        port: spec.port.unwrap_or(22),
        user: spec.user.clone().unwrap_or_default(),
        ..HostDraft::default()
    };
    if address_problem(&draft.address).is_some() { Err(invalid(&spec.text)) } else { Ok(draft) }
}

fn invalid(text: &str) -> Error {
    Error::new(
        ErrorCode::HostInvalid,
        format!("\"{text}\" is neither a saved host nor an address. Correct the jump hosts in the host's settings."),
    )
    .with("field", "jump")
    .with("reason", serde_json::json!(ProblemKind::JumpForm).as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostOptions;

    fn draft(address: &str, jump: &str) -> HostDraft {
        let options = HostOptions { jump: jump.to_owned(), ..HostOptions::default() };
        HostDraft { address: address.to_owned(), port: 22, options, ..HostDraft::default() }
    }

    fn host(id: &str, jump: &str) -> Host {
        let draft = HostDraft { label: id.to_owned(), ..draft(&format!("{id}.example"), jump) };
        Host { id: HostId(id.to_owned()), draft, builtin: false, has_password: false, linked: None }
    }

    fn ids(draft: &HostDraft, hosts: &[Host]) -> Vec<String> {
        chain(draft, hosts, "me").expect("a chain").into_iter().map(|hop| hop.id.0).collect()
    }

    #[test]
    fn a_saved_jump_host_is_found_by_name_and_address_and_shares_its_own_connection() {
        let hosts = [host("a", "")];
        assert_eq!(ids(&draft("x", "a"), &hosts), ["a"]);
        assert_eq!(ids(&draft("x", "A.example"), &hosts), ["a"]);
        assert_eq!(ids(&draft("x", "me@a.example:22"), &hosts), ["a"]);
        assert_eq!(ids(&draft("x", "other@a.example"), &hosts), ["jump:other@a.example:22"]);
    }

    #[test]
    fn the_jump_hosts_of_a_jump_host_come_first() {
        let hosts = [host("a", ""), host("b", "a"), host("c", "b")];
        assert_eq!(ids(&draft("x", "c"), &hosts), ["a", "b", "c"]);
        let way = chain(&draft("x", "c"), &hosts, "me").expect("a chain");
        assert!(way.iter().all(|hop| hop.own_way));
    }

    #[test]
    fn all_but_the_first_of_a_list_are_reached_through_the_one_before() {
        let hosts = [host("a", ""), host("b", "")];
        let hops = ids(&draft("x", "a,b,[::1]:2200"), &hosts);
        let b = "jump:me@b.example:22 via a";
        assert_eq!(hops, ["a", b, &format!("jump:me@[::1]:2200 via {b}")]);
        assert_eq!(ids(&draft("y", "a,b"), &hosts)[..], hops[..2]);
    }

    #[test]
    fn circles_and_endless_chains_are_refused_with_their_way() {
        let circle = [host("a", "b"), host("b", "a")];
        let error = chain(&draft("x", "a"), &circle, "me").expect_err("a circle");
        assert_eq!(error.code, ErrorCode::JumpLoop);
        assert!(error.message.contains("me@a.example:22 → me@b.example:22"), "{}", error.message);
        let own = chain(&draft("a.example", "a.example"), &[], "me").expect_err("through itself");
        assert_eq!(own.code, ErrorCode::JumpLoop);
        let twice = chain(&draft("x", "p,q,p"), &[], "me").expect_err("twice the same");
        assert_eq!(twice.code, ErrorCode::JumpLoop);
        let long: Vec<Host> = (0..20).map(|n| host(&format!("h{n}"), &format!("h{}", n + 1))).collect();
        assert_eq!(chain(&draft("x", "h0"), &long, "me").expect_err("too long").code, ErrorCode::JumpLoop);
    }

    #[test]
    fn what_is_no_address_and_no_saved_host_is_refused() {
        let error = chain(&draft("x", "my old bastion"), &[], "me").expect_err("a name with spaces");
        assert_eq!(error.code, ErrorCode::HostInvalid);
        assert_eq!(
            chain(&draft("x", "-oProxyCommand=x"), &[], "me").expect_err("an option").code,
            ErrorCode::HostInvalid
        );
    }
}
