//! `%` tokens and `${VARIABLE}` in values, as `vdollar_percent_expand` of OpenSSH's `misc.c` replaces them.

use std::collections::HashMap;

/// Longer than any path or command that somebody means.
const EXPANDED_MAX_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    #[error("%{0} is no token that may stand here")]
    Unknown(char),
    #[error("there is a % at the end")]
    Unfinished,
    #[error("${{ is not closed")]
    OpenBrace,
    #[error("${{}} names no environment variable")]
    NoName,
    #[error("the environment variable {0} is not set")]
    Unset(String),
    #[error("it is too long with its tokens replaced")]
    TooLong,
}

/// What may be replaced in a value.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    /// None: a `%` is a `%`.
    pub percent: Option<&'a [(char, String)]>,
    /// None: `${` is `${`.
    pub environment: Option<&'a HashMap<String, String>>,
}

impl Tokens<'_> {
    pub fn expand(&self, text: &str) -> Result<String, TokenFault> {
        let mut expanded = String::with_capacity(text.len());
        let mut unset = None;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(environment) = self.environment
                && let Some(tail) = rest.strip_prefix("${")
            {
                let (name, tail) = tail.split_once('}').ok_or(TokenFault::OpenBrace)?;
                match environment.get(name) {
                    _ if name.is_empty() => return Err(TokenFault::NoName),
                    Some(value) => expanded.push_str(value),
                    // What is wrong with the rest is said first, as OpenSSH does.
                    None => unset = unset.or(Some(name.to_owned())),
                }
                rest = tail;
            } else if let (Some(known), '%') = (self.percent, c) {
                let token = rest[1..].chars().next().ok_or(TokenFault::Unfinished)?;
                match known.iter().find(|(name, _)| *name == token) {
                    _ if token == '%' => expanded.push('%'),
                    Some((_, value)) => expanded.push_str(value),
                    None => return Err(TokenFault::Unknown(token)),
                }
                rest = &rest[1 + token.len_utf8()..];
            } else {
                expanded.push(c);
                rest = &rest[c.len_utf8()..];
            }
            if expanded.len() > EXPANDED_MAX_BYTES {
                return Err(TokenFault::TooLong);
            }
        }
        unset.map_or(Ok(expanded), |name| Err(TokenFault::Unset(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_variables_are_replaced_once() {
        let environment = HashMap::from([("A".to_owned(), "a%h${A}".to_owned())]);
        let percent = [('h', "web%n".to_owned())];
        let both = Tokens { percent: Some(&percent), environment: Some(&environment) };
        assert_eq!(both.expand("%h/${A}/100%%/$A"), Ok("web%n/a%h${A}/100%/$A".to_owned()));
        assert_eq!(both.expand("%x"), Err(TokenFault::Unknown('x')));
        assert_eq!(both.expand("x%"), Err(TokenFault::Unfinished));
        assert_eq!(both.expand("${A"), Err(TokenFault::OpenBrace));
        assert_eq!(both.expand("${}"), Err(TokenFault::NoName));
        assert_eq!(both.expand("${B}"), Err(TokenFault::Unset("B".to_owned())));
        assert_eq!(both.expand("${B}%x"), Err(TokenFault::Unknown('x')));
        let neither = Tokens { percent: None, environment: None };
        assert_eq!(neither.expand("%h${A}"), Ok("%h${A}".to_owned()));
        assert_eq!(both.expand(&"%h".repeat(32 * 1024)), Err(TokenFault::TooLong));
    }
}
