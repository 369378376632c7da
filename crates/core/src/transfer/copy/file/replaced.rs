//! Files that give way to their new versions in two steps, on a host that does not rename over one that is there: what was cut
//! between the two is seen to before anything else happens.

use super::super::fault::Result;
use super::super::tree::{Names, Over, Tree};
use super::super::{NOTHING, Run};
use super::names::old_of;
use crate::transfer::queue::live::Live;
use crate::transfer::queue::store::Parts;

/// Where the memory of a job has such a file: no path of a part begins with an empty name.
const REPLACED: &[u8] = b"\0replaced\0";
/// Between the unfinished name and the other one: no name is empty.
const BETWEEN: &[u8] = b"\0\0";

/// Remembers that a file gives way, if that takes two steps; gives back what is to be forgotten when it has.
pub fn remember(run: &Run, part: &Names, to: &Names, over: Over) -> Option<Vec<u8>> {
    if over != Over::File || !run.to.replaces_in_steps() {
        return None;
    }
    let key = [REPLACED, &part.join(&0), BETWEEN, &to.join(&0)].concat();
    run.live.remember(&key, Some(NOTHING));
    Some(key)
}

/// Whether there may be one that an earlier run has left between the steps.
pub fn has_any(parts: &Parts) -> bool {
    parts.keys().any(|key| key.starts_with(REPLACED))
}

/// Gives each file that lies aside its name back, or removes it if its new version is there.
pub async fn see_to(live: &Live, to: &Tree, parts: &Parts) -> Result<()> {
    for key in parts.keys() {
        let Some([part, name]) = read(key) else { continue };
        let old = old_of(&part);
        if to.look(&old).await?.is_some() {
            match to.look(&name).await? {
                Some(_) => to.remove(&old).await?,
                None => to.rename(&old, &name, Over::Nothing).await?,
            }
        }
        live.remember(key, None);
    }
    Ok(())
}

/// The unfinished name and the other one.
fn read(key: &[u8]) -> Option<[Vec<Vec<u8>>; 2]> {
    let rest = key.strip_prefix(REPLACED)?;
    let at = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN)?;
    let names = |bytes: &[u8]| bytes.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect();
    Some([names(&rest[..at]), names(&rest[at + BETWEEN.len()..])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_read_back() {
        let (part, name) =
            (vec![b"a".to_vec(), b"b~7.bowline-part".to_vec()], vec![b"a".to_vec(), b"b".to_vec()]);
        let key = [REPLACED, &part.join(&0), BETWEEN, &name.join(&0)].concat();
        assert_eq!(read(&key), Some([part.clone(), name]));
        assert_eq!(read(&part.join(&0)), None);
        assert_eq!(old_of(&part), [b"a".to_vec(), b"b~7~old.bowline-part".to_vec()]);
    }
}
