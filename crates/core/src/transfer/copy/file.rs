//! One file on its way: where it goes, from which offset on, and how it gets its name.

mod folder;
mod link;
mod names;
mod ranges;
pub(super) mod replaced;
mod target;

use std::time::Duration;

use tokio::time::Instant;

use super::fault::{Fault, Result, not_copied};
use super::lanes::{Taken, WORTH_BYTES, Which};
use super::tree::{Facts, Finish, Names, Over, Reader, Tree, Writer};
use super::{Run, SMALL_BYTES, Source};
use crate::transfer::conflict::Kind;
use crate::transfer::job::Verify;
use crate::transfer::plan::Place;
use crate::transfer::resume::{self, Begin, CHECKED_BYTES, Remembered};
pub(super) use folder::settle_folder;
use link::put_link;
pub(super) use link::{copy_link, link_may_go};
pub(super) use names::old_of;
use names::{Reserved, forget_beside, free_name, part_of, remember_beside};
pub(super) use names::{aside_of, is_part};
use target::{Where, next_beside, settle_target};

const PRIVATE_FILE: u32 = 0o600;
/// How often it is written down how far a large file is.
const REMEMBER_EVERY: Duration = Duration::from_secs(1);

/// Copies a file to where it goes.
pub(super) async fn copy_file(
    run: &Run,
    source: &Source,
    place: &Place,
    facts: &Facts,
    is_new: bool,
) -> Result<()> {
    if run.halt.is_cancelled() {
        return Err(Fault::Stopped);
    }
    run.live.set_current(source.tree.shown(&place.remote));
    let reserved = Reserved::take(run, &place.local, is_new);
    let settled = settle_target(run, source, place, facts, is_new, &reserved).await?;
    let goes_beside = matches!(settled, Where::Beside(_));
    let (mut to, over, behind) = match settled {
        Where::To(to, over) => (to, over, None),
        Where::Beside(to) => (to, Over::Nothing, None),
        Where::Behind(to, there) => (to, Over::File, Some(there)),
        Where::There(to) => {
            run.live.file_done();
            run.live.add_bytes(facts.size);
            return arrived(run, source, place, &to, facts);
        }
        Where::Skip => {
            run.live.file_skipped();
            return Ok(());
        }
    };
    let verify = run.live.request.verify;
    let is_small = facts.size <= SMALL_BYTES && verify == Verify::Size && behind.is_none();
    let beside = goes_beside.then_some(&place.local[..]);
    loop {
        let copy = Copy { run, source, from: &place.remote, to: &to, facts, over, beside };
        let copied = if is_small { copy.small().await.map(|()| None) } else { copy.large(behind).await };
        match copied {
            Ok(None) => break,
            // It got another name in the end.
            Ok(Some(named)) => {
                to = named;
                break;
            }
            Err(Fault::File(_)) if is_small && goes_beside && run.to.look(&to).await?.is_some() => {
                // Another job was faster, with the same file perhaps.
                to = next_beside(run, source, &place.remote, &to, &place.local).await?;
            }
            Err(fault) => return Err(fault),
        }
    }
    if goes_beside {
        remember_beside(run, source, &place.remote, &to, true);
    }
    run.live.file_done();
    arrived(run, source, place, &to, facts)
}

/// Notes a file that is there without its mode or time.
fn note(run: &Run, finish: Finish) {
    if finish == Finish::Bare {
        run.live.file_bare();
    }
}

/// Copies a file or link to where it goes for sure: whoever calls has looked at what stands there.
pub(super) async fn carry(
    run: &Run,
    source: &Source,
    from: &Names,
    to: &Names,
    facts: &Facts,
    over: Over,
) -> Result<()> {
    if run.halt.is_cancelled() {
        return Err(Fault::Stopped);
    }
    run.live.set_current(source.tree.shown(from));
    if facts.kind == Kind::Link {
        let target = source.tree.read_link(from).await?;
        let (here, leads_on) = (matches!(run.to, Tree::Here(_)), run.to.is_same_end(&source.tree));
        if !link_may_go(&target, from.len().saturating_sub(1), here, leads_on) {
            return Err(not_copied(&source.tree.shown(from), "link-outside"));
        }
        put_link(run, to, &target, over).await?;
    } else {
        let copy = Copy { run, source, from, to, facts, over, beside: None };
        if facts.size <= SMALL_BYTES && run.live.request.verify == Verify::Size {
            copy.small().await?;
        } else {
            copy.large(None).await?;
        }
    }
    run.live.file_done();
    Ok(())
}

fn arrived(run: &Run, source: &Source, place: &Place, to: &Names, facts: &Facts) -> Result<()> {
    match &run.arrived {
        Some(list) => list.note(source, &place.remote, to, facts),
        None => Ok(()),
    }
}

/// One file and where it goes.
struct Copy<'a> {
    run: &'a Run,
    source: &'a Source,
    from: &'a Names,
    to: &'a Names,
    facts: &'a Facts,
    over: Over,
    /// What it goes beside.
    beside: Option<&'a Names>,
}

impl Copy<'_> {
    /// Whole, in two or three round trips.
    async fn small(&self) -> Result<()> {
        let Copy { run, source, from, to, facts, over, .. } = *self;
        let copied = async {
            let data = run.few.tree(&source.tree).read_small(from, facts.size).await?;
            run.live.pass(data.len()).await;
            // Its turn had not come when the job was told to stop.
            if run.halt.is_cancelled() {
                return Err(Fault::Stopped);
            }
            let part = part_of(run.live.id, to);
            let request = &run.live.request;
            let is_only_copy =
                request.remove_sources || request.sync.as_ref().is_some_and(|sync| sync.delete);
            let replaced = replaced::remember(run, &part, to, over);
            let written = match run.to.write_small(&part, to, data, facts, over, is_only_copy).await {
                Err(Fault::File(_)) if self.has_come_late(&part).await? => Ok(Finish::Kept),
                written => written,
            };
            self.has_replaced(replaced, &written);
            written
        };
        // It is so short that nothing is gained by stopping in the middle.
        let finish = copied.await?;
        run.live.add_bytes(facts.size);
        note(run, finish);
        Ok(())
    }

    /// Piece by piece, from where an earlier run came to. Says which name it got, if that is another one.
    async fn large(&self, behind: Option<Facts>) -> Result<Option<Vec<Vec<u8>>>> {
        let mut counted = 0;
        let part = part_of(self.run.live.id, self.to);
        let key = part.join(&0);
        let known = self.run.parts.get(&key).copied();
        let copied = self.part(&part, &key, known, behind, &mut counted).await;
        let copied = match copied {
            Ok(()) => self.name(&part).await,
            Err(fault) => Err(fault),
        };
        match copied {
            Ok(named) => {
                self.run.live.remember(&key, None);
                Ok(named)
            }
            Err(fault) => {
                self.run.live.take_bytes(counted);
                let goes_on = match &fault {
                    Fault::Lost(_) | Fault::All(_) => true,
                    Fault::Stopped => !self.run.live.is_cancelled(),
                    Fault::File(_) => false,
                };
                if !goes_on {
                    let _ = self.run.to.remove(&part).await;
                    self.run.live.remember(&key, None);
                }
                Err(fault)
            }
        }
    }

    /// Gives a part that is whole its name.
    async fn name(&self, part: &Names) -> Result<Option<Vec<Vec<u8>>>> {
        match self.rename(part).await {
            Err(Fault::File(_)) if self.has_come_late(part).await? => Ok(None),
            named => named,
        }
    }

    /// A file whose connection is lost on the way may lie aside still.
    fn has_replaced<T>(&self, replaced: Option<Vec<u8>>, result: &Result<T>) {
        if let Some(key) = replaced
            && !matches!(result, Err(Fault::Lost(_) | Fault::Stopped))
        {
            self.run.live.remember(&key, None);
        }
    }

    /// Whether the run before has given the file its name after all: what it sent last over a line that was lost may come
    /// there late, also between a look and what follows from it.
    async fn has_come_late(&self, part: &Names) -> Result<bool> {
        let Copy { run, to, facts, .. } = *self;
        Ok(run.again
            && run.to.look(part).await?.is_none()
            && run.to.look(to).await?.is_some_and(|there| there.is_copy_of(facts)))
    }

    async fn rename(&self, part: &Names) -> Result<Option<Vec<Vec<u8>>>> {
        let Copy { run, to, facts, over, .. } = *self;
        // What was written had the right size; what bears its name may be something else by now.
        match run.to.look(part).await? {
            Some(there) if there.kind == Kind::File && there.size == facts.size => {}
            Some(_) | None => return Err(not_copied(&run.to.shown(part), "size")),
        }
        let mut named = None;
        loop {
            let to = named.as_deref().unwrap_or(to);
            let replaced = replaced::remember(run, part, to, over);
            let renamed = run.to.rename(part, to, over).await;
            self.has_replaced(replaced, &renamed);
            match renamed {
                Ok(()) => return Ok(named),
                // Another job was faster, with the same file perhaps.
                Err(fault @ Fault::File(_)) if run.to.look(to).await?.is_some() => {
                    let Some(beside) = self.beside else { return Err(fault) };
                    let (free, _) = free_name(run, beside, None).await?;
                    forget_beside(run, self.source, self.from, to.last().map_or(&[][..], Vec::as_slice));
                    remember_beside(run, self.source, self.from, &free, false);
                    named = Some(free);
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    async fn part(
        &self,
        part: &Names,
        key: &[u8],
        known: Option<Remembered>,
        behind: Option<Facts>,
        counted: &mut u64,
    ) -> Result<()> {
        let Copy { run, source, from, facts, .. } = *self;
        let mut at = self.begin(part, known).await?;
        if at == 0 {
            // From here on there may be a part, whatever becomes of the app.
            run.live.remember(key, Some(self.remembered(0)));
            if let (Tree::Host(there), Tree::Host(here)) = (&run.to, &source.tree)
                && behind.is_none()
            {
                let count = |bytes| {
                    run.live.add_bytes(bytes);
                    *counted += bytes;
                };
                let copying = there.copy_within((here, from), part, facts, count);
                let copied = tokio::select! {
                    copied = copying => copied?,
                    () = run.halt.cancelled() => return Err(Fault::Stopped),
                };
                if let Some(finish) = copied {
                    note(run, finish);
                    self.look_again().await?;
                    return self.verify(part).await;
                }
            }
            if let Some(there) = behind {
                at = self.copy_beginning(part, &there).await?;
            }
        }
        run.live.add_bytes(at);
        *counted += at;
        let left = facts.size.saturating_sub(at);
        let lane = (left >= WORTH_BYTES).then(|| run.lanes.take());
        if let Some(first) = lane {
            let more = tokio::select! {
                more = self.more_lanes(left) => more?,
                () = run.halt.cancelled() => return Err(Fault::Stopped),
            };
            if more.is_empty() {
                return self.in_order(part, key, at, Some(first), counted).await;
            }
            let lanes: Vec<_> = std::iter::once(first).chain(more).collect();
            run.live.remember(key, Some(self.remembered(at)));
            let copying = async {
                // It is made, or cut to what is verified: behind that nothing counts.
                run.to.write(part, at).await?.leave().await?;
                run.to.make_room(part, facts.size).await?;
                Ok::<_, Fault>(self.in_ranges((part, key), at, &lanes, counted).await)
            };
            let (verified, copied) = self.beside_dialling(&lanes, copying).await?;
            if let Err(fault) = copied {
                if !matches!(fault, Fault::File(_)) {
                    run.live.remember(key, Some(self.remembered(verified)));
                }
                return Err(fault);
            }
            run.live.remember(key, Some(self.remembered(facts.size)));
            note(run, run.to.write_range(part, facts.size, None).await?.finish(facts).await?);
            return self.verify(part).await;
        }
        self.in_order(part, key, at, None, counted).await
    }

    /// From `at` to the end over one lane.
    async fn in_order(
        &self,
        part: &Names,
        key: &[u8],
        at: u64,
        lane: Option<Taken<'_>>,
        counted: &mut u64,
    ) -> Result<()> {
        let Copy { run, source, from, facts, .. } = *self;
        let (from_tree, to_tree) = match &lane {
            Some(lane) => {
                let both = async {
                    futures::join!(lane.over(Which::From, &source.tree), lane.over(Which::To, &run.to))
                };
                tokio::select! {
                    both = both => both,
                    () = run.halt.cancelled() => return Err(Fault::Stopped),
                }
            }
            None => (source.tree.clone(), run.to.clone()),
        };
        run.live.remember(key, Some(self.remembered(at)));
        let mut writer = to_tree.write(part, at).await?;
        let reader = from_tree.read(from, at, facts.size).await;
        let pumped = tokio::select! {
            pumped = self.pump(reader, &mut writer, key, at, counted) => pumped,
            () = run.halt.cancelled() => Err(Fault::Stopped),
        };
        let finished = match pumped {
            Ok(()) => writer.finish(facts).await.map(|finish| note(run, finish)),
            Err(fault) => {
                // At once as well: the app may not wait for answers that take long to come.
                run.live.remember(key, Some(self.remembered(writer.verified())));
                let verified = writer.abandon().await;
                if !matches!(fault, Fault::File(_)) {
                    run.live.remember(key, Some(self.remembered(verified)));
                }
                Err(fault)
            }
        };
        finished?;
        self.verify(part).await
    }

    async fn pump(
        &self,
        reader: Result<Reader>,
        writer: &mut Writer,
        key: &[u8],
        at: u64,
        counted: &mut u64,
    ) -> Result<()> {
        let Copy { run, source, from, facts, .. } = *self;
        let mut reader = reader?;
        let mut position = at;
        let mut remembered = Instant::now();
        while let Some(piece) = reader.next().await? {
            run.live.pass(piece.len()).await;
            if run.halt.is_cancelled() {
                return Err(Fault::Stopped);
            }
            let length = piece.len() as u64;
            writer.write(piece).await?;
            position += length;
            run.live.add_bytes(length);
            *counted += length;
            if remembered.elapsed() >= REMEMBER_EVERY {
                remembered = Instant::now();
                run.live.remember(key, Some(self.remembered(writer.verified())));
            }
        }
        if position != facts.size {
            return Err(not_copied(&source.tree.shown(from), "changed"));
        }
        self.look_again().await
    }

    /// The source may be another file by now, or a longer one.
    async fn look_again(&self) -> Result<()> {
        let Copy { source, from, facts, .. } = *self;
        let now = source.tree.look(from).await?;
        let is_same = now.is_some_and(|now| now.size == facts.size && now.modified == facts.modified);
        if is_same { Ok(()) } else { Err(not_copied(&source.tree.shown(from), "changed")) }
    }

    /// From where it goes on: only if the source is the one of before, and both sides hold the same before that.
    async fn begin(&self, part: &Names, known: Option<Remembered>) -> Result<u64> {
        let Copy { run, source, from, facts, .. } = *self;
        let Some(known) = known else { return Ok(0) };
        let there = run.to.look(part).await?.filter(|there| there.kind == Kind::File);
        let now = resume::Source { size: facts.size, modified: facts.modified };
        let (at, checked) = match resume::begin(Some(known), now, there.map(|there| there.size)) {
            Begin::AtStart(why) => {
                tracing::debug!(?why, "a transfer begins at its start");
                return Ok(0);
            }
            Begin::At { at, checked } => (at, checked),
            Begin::Whole => (facts.size, facts.size.saturating_sub(CHECKED_BYTES)..facts.size),
        };
        let (here, there) = futures::try_join!(
            source.tree.read_range(from, checked.start, checked.end),
            run.to.read_range(part, checked.start, checked.end),
        )?;
        Ok(if here == there && here.len() as u64 == checked.end - checked.start { at } else { 0 })
    }

    /// Copies what is there to the part, if it is the beginning of the source, so that it stays as it is until the end.
    async fn copy_beginning(&self, part: &Names, there: &Facts) -> Result<u64> {
        let Copy { run, source, from, to, .. } = *self;
        let (mut theirs, mut ours) =
            (run.to.read(to, 0, there.size).await?, source.tree.read(from, 0, there.size).await?);
        let mut writer = run.to.write(part, 0).await?;
        let (mut left, mut at) = (bytes::Bytes::new(), 0);
        let same = async {
            while let Some(piece) = theirs.next().await? {
                let mut rest = &piece[..];
                while !rest.is_empty() {
                    if left.is_empty() {
                        left = ours.next().await?.unwrap_or_default();
                    }
                    let length = left.len().min(rest.len());
                    if length == 0 || left[..length] != rest[..length] {
                        return Err(not_copied(&run.to.shown(to), "other-beginning"));
                    }
                    let _ = left.split_to(length);
                    rest = &rest[length..];
                }
                at += piece.len() as u64;
                writer.write(piece).await?;
            }
            Ok(at)
        };
        let same = tokio::select! {
            same = same => same,
            () = run.halt.cancelled() => Err(Fault::Stopped),
        };
        // Its mode comes at the end: one that may only be read could not be gone on with.
        let there = Facts { mode: Some(PRIVATE_FILE), ..*there };
        match same {
            Ok(at) => writer.finish(&there).await.map(|_| at),
            Err(fault) => {
                writer.abandon().await;
                Err(fault)
            }
        }
    }

    /// The source as it is now, up to there.
    fn remembered(&self, verified: u64) -> Remembered {
        let source = resume::Source { size: self.facts.size, modified: self.facts.modified };
        Remembered { source, verified }
    }

    /// Holds what lies there against the source, if that was asked for.
    async fn verify(&self, part: &Names) -> Result<()> {
        let Copy { run, source, from, .. } = *self;
        if run.live.request.verify != Verify::Sha256 {
            return Ok(());
        }
        let hashing = async { futures::try_join!(source.tree.hash(from), run.to.hash(part)) };
        let (here, there) = tokio::select! {
            hashes = hashing => hashes?,
            () = run.halt.cancelled() => return Err(Fault::Stopped),
        };
        if here == there { Ok(()) } else { Err(not_copied(&source.tree.shown(from), "hash")) }
    }
}
