//! The page of trusted host keys.

use bowline_core::trust::page::TrustedKeys;

super::engine_commands! {
    /// The lines of known_hosts that a search finds, hashed names by a whole host name; an empty one finds all.
    trusted_keys(search: String) -> TrustedKeys;
    /// Takes a line out, if it still has that key; the number undoes it.
    trusted_key_remove(file: String, line: u32, fingerprint: String) -> u32;
    /// Puts a line back that was taken out since the start.
    trusted_key_restore(removal: u32) -> ();
}
