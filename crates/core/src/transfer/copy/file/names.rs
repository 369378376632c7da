//! Names at the target: which are free, which are being written, and what an unfinished file is called.

use std::sync::PoisonError;

use super::super::fault::{Result, not_copied};
use super::super::tree::{Facts, Names};
use super::super::{Run, Source};
use crate::transfer::job::JobId;
use crate::transfer::name::{NUMBER_MAX, PART_ENDING, numbered, part_name};
use crate::transfer::plan::Place;
use crate::transfer::resume::{self, Remembered};

/// A free name beside one that is taken. True with the one under which an earlier run has put the same file.
pub async fn free_name(run: &Run, taken: &Names, same: Option<&Facts>) -> Result<(Vec<Vec<u8>>, bool)> {
    let Some((name, above)) = taken.split_last() else {
        return Err(not_copied(&run.to.shown(taken), "no-name"));
    };
    for number in 2..NUMBER_MAX {
        let candidate = [above, &[numbered(name, number)]].concat();
        match run.to.look(&candidate).await? {
            Some(there) if same.is_some_and(|facts| there.is_copy_of(facts)) => return Ok((candidate, true)),
            Some(_) => {}
            None => {
                let mut reserved = run.reserved.lock().unwrap_or_else(PoisonError::into_inner);
                if reserved.insert(candidate.clone()) {
                    return Ok((candidate, false));
                }
            }
        }
    }
    Err(not_copied(&run.to.shown(taken), "crowded"))
}

/// A name that is being written, so that no copy beside it takes the same.
pub struct Reserved<'a> {
    run: &'a Run,
    /// Ours to give back.
    name: Option<Vec<Vec<u8>>>,
    is_taken: bool,
}

impl<'a> Reserved<'a> {
    /// In a new folder nothing goes beside anything.
    pub fn take(run: &'a Run, name: &Names, is_new: bool) -> Self {
        if is_new {
            return Self { run, name: None, is_taken: false };
        }
        let mut reserved = run.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ours = reserved.insert(name.to_vec());
        Self { run, name: is_ours.then(|| name.to_vec()), is_taken: !is_ours }
    }

    /// Another file of this run has got this name, beside one that was in its way.
    pub fn is_taken(&self) -> bool {
        self.is_taken
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            self.run.reserved.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        }
    }
}

/// The unfinished form of a file, beside it. Each job has its own, the same after a restart: two jobs may write the same
/// file, also by two names of one host, and neither may take what the other has half written for its own.
pub fn part_of(job: JobId, to: &Names) -> Vec<Vec<u8>> {
    let mut part = to.to_vec();
    if let Some(name) = part.last_mut() {
        name.extend_from_slice(format!("~{job}").as_bytes());
        *name = part_name(name);
    }
    part
}

/// What a file is called for a moment that gives way to its new version, where a host does not rename over it.
pub fn old_of(part: &Names) -> Vec<Vec<u8>> {
    let mut old = part.to_vec();
    if let Some(name) = old.last_mut() {
        let stem = name.strip_suffix(PART_ENDING.as_bytes()).unwrap_or(name);
        *name = part_name(&[stem, b"~old"].concat());
    }
    old
}

/// What a source is called while it is made sure that its copy is another file. It is no part, which would be removed.
pub fn aside_of(job: JobId, names: &Names) -> Vec<Vec<u8>> {
    let mut aside = names.to_vec();
    if let Some(name) = aside.last_mut() {
        name.extend_from_slice(b"~moved");
    }
    part_of(job, &aside)
}

/// Where the memory of a job has the name of a folder that was chosen: no path of a part begins with an empty name.
fn top_key(source: &Source, name: &[u8]) -> Vec<u8> {
    [&b"\0"[..], source.number.to_string().as_bytes(), b"\0", name].concat()
}

/// Whether something in the memory of a job is an unfinished file.
pub fn is_part(key: &[u8]) -> bool {
    !key.starts_with(&[0])
}

/// The name that a chosen folder got in an earlier run, which had to choose it where one stood there already.
pub fn known_top(run: &Run, source: &Source) -> Option<Vec<u8>> {
    let key = top_key(source, b"");
    let (found, _) = run.parts.range(key.clone()..).next()?;
    found.strip_prefix(&key[..]).map(<[u8]>::to_vec)
}

/// Where the memory of a job has the name that a file got beside another: no path of a part begins with an empty name.
const BESIDE: &[u8] = b"\0beside\0";
/// Names of that kind that are kept with a job. With more, one that looks like the file passes for its copy.
pub const BESIDE_MAX: usize = 20_000;

fn beside_key(source: &Source, from: &Names, name: &[u8]) -> Vec<u8> {
    let number = source.number.to_string();
    [BESIDE, number.as_bytes(), b"\0", &from.join(&0), b"\0\0", name].concat()
}

/// The name that a file got beside another in an earlier run, and whether the file had arrived.
pub fn known_beside(run: &Run, source: &Source, from: &Names) -> Option<(Vec<u8>, bool)> {
    let key = beside_key(source, from, b"");
    let (found, known) = run.parts.range(key.clone()..).next()?;
    found.strip_prefix(&key[..]).map(|name| (name.to_vec(), known.verified > 0))
}

/// Keeps that name with the job: another job may put the same file beside the same one, and neither may pass for the other.
pub fn remember_beside(run: &Run, source: &Source, from: &Names, to: &Names, has_arrived: bool) {
    let Some(name) = to.last() else { return };
    let there = resume::Source { size: 0, modified: None };
    let known = Remembered { source: there, verified: u64::from(has_arrived) };
    run.live.remember(&beside_key(source, from, name), Some(known));
}

/// Forgets a name that another one has got meanwhile.
pub fn forget_beside(run: &Run, source: &Source, from: &Names, name: &[u8]) {
    run.live.remember(&beside_key(source, from, name), None);
}

/// Keeps the name of a chosen folder with the job, so that it goes on in the same folder.
pub fn remember_top(run: &Run, source: &Source, place: &Place) {
    let [name] = &place.local[..] else { return };
    let nothing = Remembered { source: resume::Source { size: 0, modified: None }, verified: 0 };
    run.live.remember(&top_key(source, name), Some(nothing));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_has_unfinished_files_of_its_own_which_it_finds_again() {
        for name in [b"big.iso".to_vec(), vec![b'x'; 255]] {
            let names = [b"d".to_vec(), name];
            let parts = [1, 2].map(|job| part_of(job, &names));
            assert_ne!(parts[0], parts[1]);
            assert_eq!(parts[0], part_of(1, &names));
            assert!(parts.iter().all(|part| part[0] == b"d" && part[1].len() <= 255));
        }
    }
}
