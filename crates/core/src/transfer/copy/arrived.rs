//! What a move has copied, so that nothing else is removed: the list lies in an unlinked file, since it may be long.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::fault::{Fault, Result, local, not_copied};
use super::file::aside_of;
use super::tree::{Facts, Item, Names, Over, Tree};
use super::{NOTHING, Run, Source};
use crate::transfer::conflict::Kind;
use crate::transfer::plan::DEPTH_MAX;
use crate::transfer::queue::live::Live;
use crate::transfer::queue::store::Parts;

/// The longest record: two paths of 64 names of 255 bytes, with room to spare.
const RECORD_MAX_BYTES: usize = 64 * 1024;

/// Where the memory of a job has a source that stepped aside: no path of a part begins with an empty name.
const ASIDE: &[u8] = b"\0aside\0";

/// The sources that arrived.
#[derive(Debug)]
pub(super) struct Arrived {
    files: Mutex<BufWriter<File>>,
    /// Where the chosen folders went, by the numbers of their sources.
    folders: Mutex<HashMap<usize, Vec<Vec<u8>>>>,
}

impl Arrived {
    pub fn new() -> Result<Self> {
        let file = tempfile::tempfile().map_err(|error| local(Path::new("a temporary file"), error))?;
        Ok(Self { files: Mutex::new(BufWriter::new(file)), folders: Mutex::default() })
    }

    /// Notes where a chosen folder went.
    pub fn note_folder(&self, source: &Source, to: &Names) {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.insert(source.number, to.to_vec());
    }

    /// Notes a file or link as it was when it was copied, and where it went.
    pub fn note(&self, source: &Source, names: &Names, to: &Names, facts: &Facts) -> Result<()> {
        let record = Record {
            number: source.number,
            names: names.to_vec(),
            to: to.to_vec(),
            size: facts.size,
            modified: facts.modified.unwrap_or(u64::MAX),
        };
        let record = record.bytes();
        let mut file = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let written =
            file.write_all(&(record.len() as u64).to_le_bytes()).and_then(|()| file.write_all(&record));
        written.map_err(|error| local(Path::new("a temporary file"), error))
    }

    /// Removes every source that is still what was copied, and then the folders that are empty.
    pub async fn remove_sources(&self, run: &Run, sources: &[Arc<Source>]) -> Result<()> {
        let file = {
            let mut file = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            let flushed = file.flush().and_then(|()| file.get_ref().try_clone());
            flushed.and_then(|mut file| file.rewind().map(|()| file))
        };
        let mut file = BufReader::new(file.map_err(|error| local(Path::new("a temporary file"), error))?);
        while let Some(record) =
            next(&mut file).map_err(|error| local(Path::new("a temporary file"), error))?
        {
            if run.live.stop.is_cancelled() {
                return Err(Fault::Stopped);
            }
            let Some(source) = sources.iter().find(|source| source.number == record.number) else { continue };
            let removed = async {
                match source.tree.look(&record.names).await? {
                    Some(now)
                        if now.size == record.size && now.modified.unwrap_or(u64::MAX) == record.modified =>
                    {
                        remove(run, source, &record).await
                    }
                    // It was changed since, so it stays.
                    Some(_) => Ok(()),
                    // The run before may have put it aside by what it sent last over a line that was lost.
                    None if run.again => finish_aside(run, source, &record).await,
                    None => Ok(()),
                }
            };
            match removed.await {
                // A connection that is lost is no end of it: the next run goes on.
                Err(fault @ (Fault::Lost(_) | Fault::All(_) | Fault::Stopped)) => return Err(fault),
                removed => run.settle(source, &record.names, &record.to, removed),
            }
        }
        // What is its own target keeps its empty folders too.
        if run.live.error_count() > 0 {
            return Ok(());
        }
        for source in sources {
            let names = vec![source.name.clone()];
            let to = {
                let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
                folders.get(&source.number).cloned()
            };
            let (Some(to), Ok(Some(facts))) = (to, source.tree.look(&names).await) else { continue };
            if facts.kind != Kind::Directory {
                continue;
            }
            let record = Record {
                number: source.number,
                names: names.clone(),
                to,
                size: 0,
                modified: facts.modified.unwrap_or(u64::MAX),
            };
            match is_elsewhere(run, source, &record).await {
                Ok(()) => remove_empty(run, source, names, &record.to).await?,
                Err(fault @ (Fault::Lost(_) | Fault::All(_) | Fault::Stopped)) => return Err(fault),
                Err(fault) => run.settle(source, &names, &record.to, Err(fault)),
            }
        }
        Ok(())
    }
}

/// Removes a source, unless it is its own copy: one machine may have two names, and one folder two paths. So it steps aside
/// first, and only if its copy is there even then, it goes.
async fn remove(run: &Run, source: &Source, record: &Record) -> Result<()> {
    let Record { names, to, .. } = record;
    let aside = aside_of(run.live.id, names);
    let key = [ASIDE, &record.bytes()].concat();
    // Should the connection or the app end just then, the next run sees to it.
    run.live.remember(&key, Some(NOTHING));
    let removed = async {
        source.tree.rename(names, &aside, Over::Nothing).await?;
        let fault = match run.to.look(to).await {
            Ok(Some(_)) => return source.tree.remove(&aside).await,
            Ok(None) => not_copied(&source.tree.shown(names), "same-file"),
            Err(fault) => fault,
        };
        source.tree.rename(&aside, names, Over::Nothing).await?;
        Err(fault)
    };
    let removed = removed.await;
    if !matches!(removed, Err(Fault::Lost(_))) {
        run.live.remember(&key, None);
    }
    removed
}

/// Removes a source that stands aside, whose copy is there.
async fn finish_aside(run: &Run, source: &Source, record: &Record) -> Result<()> {
    let aside = aside_of(run.live.id, &record.names);
    if source.tree.look(&aside).await?.is_none() {
        return Ok(());
    }
    match run.to.look(&record.to).await? {
        Some(_) => source.tree.remove(&aside).await,
        None => source.tree.rename(&aside, &record.names, Over::Nothing).await,
    }
}

/// Makes sure that a folder is not its own copy, as [`remove`] does: while it is called otherwise, its copy is there.
async fn is_elsewhere(run: &Run, source: &Source, record: &Record) -> Result<()> {
    let Record { names, to, .. } = record;
    let aside = aside_of(run.live.id, names);
    let key = [ASIDE, &record.bytes()].concat();
    run.live.remember(&key, Some(NOTHING));
    let seen = async {
        source.tree.rename(names, &aside, Over::Nothing).await?;
        let there = run.to.look(to).await;
        source.tree.rename(&aside, names, Over::Nothing).await?;
        match there? {
            Some(_) => Ok(()),
            None => Err(not_copied(&source.tree.shown(names), "same-file")),
        }
    };
    let seen = seen.await;
    if !matches!(seen, Err(Fault::Lost(_))) {
        run.live.remember(&key, None);
    }
    seen
}

/// Sees to sources that an earlier run left aside, before they are taken for others: they go if their copies are there, and
/// get their names back if not.
pub(super) async fn see_to_asides(
    live: &Live,
    to: &Tree,
    parts: &Parts,
    sources: &[Arc<Source>],
) -> Result<()> {
    for key in parts.keys() {
        let Some(Ok(record)) = key.strip_prefix(ASIDE).map(Record::read) else { continue };
        let Some(source) = sources.iter().find(|source| source.number == record.number) else { continue };
        let aside = aside_of(live.id, &record.names);
        match source.tree.look(&aside).await? {
            // A folder is only looked at under that name; what is in it is seen to under its own.
            Some(facts) if facts.kind != Kind::Directory && to.look(&record.to).await?.is_some() => {
                source.tree.remove(&aside).await?;
            }
            Some(_) => source.tree.rename(&aside, &record.names, Over::Nothing).await?,
            None => {}
        }
        live.remember(key, None);
    }
    Ok(())
}

/// Whether something in the memory of a job is a source that stepped aside.
pub(super) fn is_aside(key: &[u8]) -> bool {
    key.starts_with(ASIDE)
}

/// Removes folders from the innermost on; one that is not empty stays. Of more folders than are kept in mind the rest stays too,
/// which is told.
async fn remove_empty(run: &Run, source: &Source, top: Vec<Vec<u8>>, to: &Names) -> Result<()> {
    // A folder, and whether what is in it was seen to.
    let mut waiting = vec![(top, false, None)];
    let mut is_told = false;
    while let Some((names, seen, held)) = waiting.pop() {
        if run.live.stop.is_cancelled() {
            return Err(Fault::Stopped);
        }
        if seen {
            match source.tree.remove_folder(&names).await {
                Ok(()) => {}
                Err(fault @ Fault::Lost(_)) => return Err(fault),
                Err(fault) => tracing::debug!(?fault, "a folder that was moved from is not empty"),
            }
            continue;
        }
        let Ok(mut items) = source.tree.list(&names).await else { continue };
        waiting.push((names.clone(), true, held));
        while let Ok(Some(item)) = items.next().await {
            if run.live.stop.is_cancelled() {
                return Err(Fault::Stopped);
            }
            let Item::Entry { name, facts } = item else { continue };
            if facts.kind != Kind::Directory || names.len() > DEPTH_MAX {
                continue;
            }
            let inner = [names.as_slice(), &[name]].concat();
            if let Some(held) = run.room.take_for(&inner) {
                waiting.push((inner, false, Some(held)));
                continue;
            }
            if !is_told {
                is_told = true;
                run.settle(source, &names, to, Err(not_copied(&source.tree.shown(&names), "folders-stay")));
            }
            break;
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Record {
    number: usize,
    names: Vec<Vec<u8>>,
    to: Vec<Vec<u8>>,
    size: u64,
    modified: u64,
}

impl Record {
    fn bytes(&self) -> Vec<u8> {
        let numbers = [self.number as u64, self.size, self.modified].map(u64::to_le_bytes);
        // No name is empty.
        [&numbers.concat()[..], &self.names.join(&0), &[0, 0], &self.to.join(&0)].concat()
    }

    fn read(record: &[u8]) -> io::Result<Self> {
        let (numbers, paths) = record.split_at_checked(24).ok_or(io::ErrorKind::InvalidData)?;
        let number = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&numbers[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let middle = paths.windows(2).position(|pair| pair == [0, 0]).ok_or(io::ErrorKind::InvalidData)?;
        let split = |path: &[u8]| path.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect();
        let (names, to) = (split(&paths[..middle]), split(&paths[middle + 2..]));
        Ok(Self { number: number(0) as usize, names, to, size: number(8), modified: number(16) })
    }
}

fn next(file: &mut impl Read) -> io::Result<Option<Record>> {
    let mut number = [0; 8];
    match file.read_exact(&mut number) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u64::from_le_bytes(number) as usize;
    if !(24..=RECORD_MAX_BYTES).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut record = vec![0; length];
    file.read_exact(&mut record)?;
    Record::read(&record).map(Some)
}

/// As a move remembers a source that has just stepped aside.
#[cfg(test)]
pub(super) fn remember_aside(live: &Live, number: usize, names: &Names) {
    let record = Record { number, names: names.to_vec(), to: names.to_vec(), size: 0, modified: 0 };
    live.remember(&[ASIDE, &record.bytes()].concat(), Some(NOTHING));
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NoHosts, request, run_here};
    use super::*;
    use crate::transfer::job::JobState;
    use crate::transfer::queue::RunJob;

    #[test]
    fn what_arrived_is_read_as_it_was_noted() {
        let names = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect();
        let (from, to) = (names(&["d", "a"]), names(&["d (2)", "a"]));
        let record = Record { number: 3, names: from, to, size: 0, modified: u64::MAX };
        assert_eq!(Record::read(&record.bytes()).expect("a record"), record);
        Record::read(&[0; 24]).expect_err("it has no names");
    }

    #[tokio::test]
    async fn a_source_that_was_left_aside_goes_with_its_copy_there_and_is_copied_without() {
        for is_there in [true, false] {
            let folder = tempfile::tempdir().expect("a folder");
            let (from, to) = (folder.path().join("from"), folder.path().join("to"));
            std::fs::create_dir(&from).expect("a folder");
            std::fs::create_dir(&to).expect("a folder");
            std::fs::write(from.join("a~moved~1.bowline-part"), b"the only one").expect("written");
            if is_there {
                std::fs::write(to.join("a"), b"the copy").expect("written");
            }
            let run: RunJob = Arc::new(|live| {
                Box::pin(async move {
                    remember_aside(&live, 0, &[b"a".to_vec()]);
                    live.again.store(true, std::sync::atomic::Ordering::Relaxed);
                    super::super::run(Arc::new(NoHosts), live).await
                })
            });
            let view = run_here(folder.path(), run, request(vec![from.join("a")], &to, true)).await;
            assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]));
            let wanted: &[u8] = if is_there { b"the copy" } else { b"the only one" };
            assert_eq!(std::fs::read(to.join("a")).expect("it is there"), wanted);
            assert_eq!(std::fs::read_dir(&from).expect("a folder").count(), 0, "{is_there}");
        }
    }
}
