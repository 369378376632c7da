//! Secrets of this run, for when there is no keyring. Wiped when they are dropped.

use crate::prompt::Secret;

/// More hosts than a person opens in one run. When it is full the oldest is forgotten, and asked for again.
const KEPT_SECRETS: usize = 256;

/// In the order in which they came.
#[derive(Debug, Default)]
pub struct Memory(Vec<(String, Secret)>);

impl Memory {
    pub fn get(&self, account: &str) -> Option<Secret> {
        self.0.iter().find(|(kept, _)| kept == account).map(|(_, secret)| secret.clone())
    }

    pub fn insert(&mut self, account: String, secret: Secret) {
        self.remove(&account);
        if self.0.len() == KEPT_SECRETS {
            self.0.remove(0);
        }
        self.0.push((account, secret));
    }

    pub fn remove(&mut self, account: &str) {
        self.0.retain(|(kept, _)| kept != account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_secret_is_forgotten_when_the_memory_is_full() {
        let mut memory = Memory::default();
        for number in 0..=KEPT_SECRETS {
            memory.insert(number.to_string(), Secret::new(format!("s{number}")));
            memory.insert(number.to_string(), Secret::new(format!("again {number}")));
        }
        assert!(memory.get("0").is_none());
        assert_eq!(memory.get("1").unwrap().expose(), "again 1");
        assert_eq!(memory.0.len(), KEPT_SECRETS);
    }
}
