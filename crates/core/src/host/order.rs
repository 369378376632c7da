//! The order in which people expect names: `web2` before `Web10`.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Chars;

/// Compares without regard to case, runs of ASCII digits as numbers; names equal in this sense by their code points,
/// so that the order is total.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.chars().peekable(), b.chars().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(l), Some(r)) if l.is_ascii_digit() && r.is_ascii_digit() => {
                number(&mut left).cmp(&number(&mut right))
            }
            (Some(l), Some(r)) => {
                let order = l.to_lowercase().cmp(r.to_lowercase());
                left.next();
                right.next();
                order
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// A run of digits such that tuples compare as the numbers do, whatever their length.
fn number(chars: &mut Peekable<Chars<'_>>) -> (usize, String) {
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        if digit != '0' || !digits.is_empty() {
            digits.push(digit);
        }
    }
    (digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_people_count() {
        let mut names = [
            "web10",
            "Web2",
            "web2",
            "db",
            "",
            "web",
            "web02b",
            "Ärger",
            "zoo",
            "web99999999999999999999",
            "字",
        ];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            [
                "",
                "db",
                "web",
                "Web2",
                "web2",
                "web02b",
                "web10",
                "web99999999999999999999",
                "zoo",
                "Ärger",
                "字"
            ]
        );
    }
}
