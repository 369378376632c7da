//! What is asked for: whether it makes sense, and how it is called.

use std::path::Path;

use crate::error::{Error, ErrorCode, Result};
use crate::files::path_text;
use crate::files::place::are_same_files;
use crate::transfer::job::{JobEnd, JobRequest, OnConflict};
use crate::transfer::sync::filter::Filter;

/// Sources of one job: a selection of files in a folder. Whoever has more copies the folder.
const SOURCES_MAX: usize = 10_000;

/// The name of an end, to be shown.
pub(super) fn name(end: &JobEnd) -> String {
    let (JobEnd::Here { path } | JobEnd::Host { path, .. }) = end;
    let bytes = path_text::to_bytes(path);
    let is_separator = |byte: &u8| *byte == b'/' || (cfg!(windows) && *byte == b'\\');
    let trimmed =
        bytes.iter().rposition(|byte| !is_separator(byte)).map_or(&bytes[..0], |last| &bytes[..=last]);
    let last = trimmed.rsplit(|byte| is_separator(byte)).next().unwrap_or_default();
    bowline_sftp::Visible(if last.is_empty() { &bytes } else { last }).to_string()
}

pub(super) fn check(request: &JobRequest) -> Result<()> {
    let JobRequest { sources, target, exact, .. } = request;
    if sources.is_empty() {
        return Err(refused("nothing"));
    }
    if sources.len() > SOURCES_MAX || (*exact && sources.len() > 1) {
        return Err(refused("too-many"));
    }
    let same_place = |a: &JobEnd, b: &JobEnd| match (a, b) {
        (JobEnd::Here { .. }, JobEnd::Here { .. }) => true,
        (JobEnd::Host { host_id: a, .. }, JobEnd::Host { host_id: b, .. }) => are_same_files(a, b),
        (JobEnd::Here { .. }, JobEnd::Host { .. }) | (JobEnd::Host { .. }, JobEnd::Here { .. }) => false,
    };
    if sources.iter().any(|source| !same_place(source, &sources[0])) {
        return Err(refused("several-places"));
    }
    let is_absolute = |end: &JobEnd| match end {
        JobEnd::Here { path } => Path::new(path).is_absolute(),
        JobEnd::Host { path, .. } => path.starts_with('/'),
    };
    if !sources.iter().chain([target]).all(is_absolute) {
        return Err(refused("not-absolute"));
    }
    if let Some(sync) = &request.sync {
        Filter::new(sync)?;
        if sources.len() > 1 || *exact || request.remove_sources {
            return Err(refused("too-many"));
        }
        let inside = |inner, outer| same_place(inner, outer) && is_within(inner, outer, true);
        // The source would be deleted as something that it does not have itself.
        if inside(target, &sources[0]) || inside(&sources[0], target) {
            return Err(refused("into-itself"));
        }
        return Ok(());
    }
    // A folder that is copied into itself has no end; a copy beside itself needs another name.
    let may_be_beside = *exact || request.on_conflict == OnConflict::Rename;
    if sources.iter().any(|source| same_place(source, target) && is_within(target, source, may_be_beside)) {
        return Err(refused("into-itself"));
    }
    Ok(())
}

/// Whether the target lies in a source, or is it.
fn is_within(target: &JobEnd, source: &JobEnd, may_be_beside: bool) -> bool {
    let parts = |end: &JobEnd| {
        let (JobEnd::Here { path } | JobEnd::Host { path, .. }) = end;
        let is_part = |part: &&str| !part.is_empty() && *part != ".";
        path.split(['/']).filter(is_part).map(str::to_owned).collect::<Vec<_>>()
    };
    let (target, source) = (parts(target), parts(source));
    let parent = source.split_last().map(|(_, parent)| parent);
    target.starts_with(&source) || (!may_be_beside && parent == Some(target.as_slice()))
}

pub(super) fn refused(reason: &'static str) -> Error {
    Error::new(ErrorCode::JobRefused, format!("This cannot be copied ({reason}).")).with("reason", reason)
}
