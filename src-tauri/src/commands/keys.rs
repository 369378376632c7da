//! Keys of the person: listed, made, installed on a host.

use bowline_core::auth::keygen::KeyInfo;
use bowline_core::engine::keys::InstallOutcome;
use bowline_core::host::HostId;
use bowline_core::prompt::Secret;

super::engine_commands! {
    /// The private keys of ~/.ssh, by name.
    keys_list() -> Vec<KeyInfo>;
    /// Makes an Ed25519 key pair. Nothing is overwritten.
    key_generate(path: String, comment: String, passphrase: Option<Secret>) -> KeyInfo;
    /// Lets the person log in to a host with a key from now on, and tries it out.
    key_install(host: HostId, path: String) -> InstallOutcome;
}
