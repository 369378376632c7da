//! On which way a host is reached: directly, through jump hosts, or by a command.

use super::super::jump::HostSpec;
use super::super::options::{Jump, Place};
use super::super::resolved::{Proxy, Stage};
use super::super::tokens::Tokens;
use super::finish::Finish;
use super::{SSH_PORT, place_of};

impl Finish<'_> {
    pub(super) fn proxy(
        &mut self,
        host_name: &str,
        port: u16,
        user: &str,
    ) -> (Proxy, Option<String>, Option<Place>) {
        let options = self.options;
        if let Some(Jump::Chain(chain)) = &options.proxy_jump {
            if let Some(last) = chain.last()
                && last.host == host_name
                && last.port.unwrap_or(SSH_PORT) == port
                && last.user.as_deref().unwrap_or(user) == user
            {
                let message = format!("{} would be reached through itself", last.host);
                self.note("ProxyJump", message, Stage::Resolving);
            }
            let expanded: Result<Vec<HostSpec>, String> = chain
                .iter()
                .map(|jump| {
                    let user = jump.user.as_deref().map(|user| self.expand_for_proxy(user)).transpose()?;
                    Ok(HostSpec { user, host: self.expand_for_proxy(&jump.host)?, port: jump.port })
                })
                .collect();
            let chain = expanded.unwrap_or_else(|message| {
                self.note("ProxyJump", message, Stage::Connecting);
                chain.clone()
            });
            let written = Some(options.proxy_jump_written.clone());
            return (Proxy::Jump(chain), written, Some(place_of(options, "proxyjump")));
        }
        let command = options.proxy_command.as_ref().filter(|text| !text.eq_ignore_ascii_case("none"));
        let Some(command) = command else { return (Proxy::Direct, None, None) };
        let expanded = self.expand_for_proxy(command).unwrap_or_else(|message| {
            self.note("ProxyCommand", message, Stage::Connecting);
            command.clone()
        });
        let place = place_of(options, "proxycommand");
        (Proxy::Command(expanded), Some(command.clone()), Some(place))
    }

    pub(super) fn jump_host(&self) -> String {
        match &self.options.proxy_jump {
            Some(Jump::Chain(chain)) => chain.last().map(|last| last.host.clone()).unwrap_or_default(),
            Some(Jump::None) | None => String::new(),
        }
    }

    /// `expand_proxy_command`.
    fn expand_for_proxy(&self, text: &str) -> Result<String, String> {
        let known: Vec<(char, String)> =
            self.tokens.iter().filter(|(token, _)| "hknpr".contains(*token)).cloned().collect();
        let expanded = Tokens { percent: Some(&known), environment: None }.expand(text);
        expanded.map_err(|fault| format!("{text}: {fault}"))
    }
}
