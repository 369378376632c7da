//! The `%` tokens of ssh_config(5), section TOKENS.

/// The value with its tokens replaced by what is `known`; None if it has one that is not (or a `%` at its end).
pub fn expand(value: &str, known: &[(char, &str)]) -> Option<String> {
    let mut expanded = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            expanded.push(c);
            continue;
        }
        match chars.next()? {
            '%' => expanded.push('%'),
            token => expanded.push_str(known.iter().find(|(name, _)| *name == token)?.1),
        }
    }
    Some(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_tokens_are_replaced_once_and_unknown_ones_are_not_guessed() {
        let known = [('h', "web%h"), ('d', "/home/ada")];
        assert_eq!(expand("%h.example.com", &known).as_deref(), Some("web%h.example.com"));
        assert_eq!(expand("100%%", &known).as_deref(), Some("100%"));
        assert_eq!(expand("%d/.ssh/%h", &known).as_deref(), Some("/home/ada/.ssh/web%h"));
        assert_eq!(expand("%C", &known), None);
        assert_eq!(expand("x%", &known), None);
    }
}
