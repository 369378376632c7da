//! Which hosts said the same.

use std::collections::HashMap;
use std::hash::Hash;

/// The places of equal keys, the largest group first, those of one size in the order of their first member.
pub fn alike<K: Eq + Hash>(keys: impl IntoIterator<Item = K>) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<K, usize> = HashMap::new();
    for (place, key) in keys.into_iter().enumerate() {
        let group = *known.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let Some(members) = groups.get_mut(group) {
            members.push(place);
        }
    }
    // Stable, so that equal sizes stay as they began.
    groups.sort_by_key(|members| std::cmp::Reverse(members.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_group_comes_first_and_equal_ones_as_they_began() {
        assert_eq!(alike(["b", "a", "c", "a", "c", "d"]), [vec![1, 3], vec![2, 4], vec![0], vec![5]]);
        assert_eq!(alike::<u8>([]), Vec::<Vec<usize>>::new());
    }
}
