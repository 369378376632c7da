//! Which files of a host a word of the command line means.

use bowline_core::error::Error;
use bowline_core::files::session::Files;
use bowline_sftp::{FileName, Listed, SftpPath};

use super::pattern::{TooMany, braces, is_pattern, literal, matches};

/// Files that patterns of one word may find. Beyond that a person means the folder.
const FOUND_MAX: usize = 100_000;

/// The absolute paths that a word means: braces, patterns and `~` are seen to, and what no pattern finds stands for itself, so
/// that copying it says what is wrong.
///
/// # Errors
/// One sentence for the person.
pub async fn find(files: &Files, word: &[u8]) -> Result<Vec<SftpPath>, String> {
    let mut found = Vec::new();
    for word in braces(word).map_err(|TooMany| format!("{}: its braces are too many", shown(word)))? {
        let matched = matching(files, &word).await?;
        if matched.is_empty() {
            let literal: Vec<u8> = join(word.split(|byte| *byte == b'/').map(literal));
            found.push(absolute(files, &literal).await?);
        } else {
            found.extend(matched);
        }
        if found.len() > FOUND_MAX {
            return Err(format!("{}: more than {FOUND_MAX} files are called so", shown(&word)));
        }
    }
    Ok(found)
}

/// An absolute path of something that need not be there; empty is the home folder.
///
/// # Errors
/// One sentence for the person.
pub async fn absolute(files: &Files, path: &[u8]) -> Result<SftpPath, String> {
    if path.first() == Some(&b'~') {
        let typed = SftpPath::new(path).map_err(|error| format!("{}: {error}", shown(path)))?;
        if files.sftp.extensions().expand_path {
            return said(files, files.sftp.expand(&typed).await).await;
        }
        if path == b"~" || path.starts_with(b"~/") {
            return Box::pin(absolute(files, path[1..].strip_prefix(b"/").unwrap_or_default())).await;
        }
    }
    if path.first() == Some(&b'/') {
        return SftpPath::new(path).map_err(|error| format!("{}: {error}", shown(path)));
    }
    let home = said(files, files.sftp.resolve(&SftpPath::here()).await).await?;
    let joined =
        if path.is_empty() { home.as_bytes().to_vec() } else { [home.as_bytes(), b"/", path].concat() };
    SftpPath::new(joined).map_err(|error| format!("{}: {error}", shown(path)))
}

/// The files that a word with patterns stands for; none if it has none.
async fn matching(files: &Files, word: &[u8]) -> Result<Vec<SftpPath>, String> {
    let components: Vec<&[u8]> = word.split(|byte| *byte == b'/').collect();
    let Some(first) = components.iter().position(|component| is_pattern(component)) else {
        return Ok(Vec::new());
    };
    let mut base = join(components[..first].iter().map(|component| literal(component)));
    if base.is_empty() && word.first() == Some(&b'/') {
        base.push(b'/');
    }
    let mut places = vec![absolute(files, &base).await?];
    for component in components[first..].iter().filter(|component| !component.is_empty()) {
        let mut next = Vec::new();
        for place in places {
            if is_pattern(component) {
                next.extend(listed(files, &place, component).await);
            } else if let Some(path) =
                FileName::new(literal(component)).ok().and_then(|name| place.join(&name).ok())
                && files.sftp.lstat(&path).await.is_ok()
            {
                next.push(path);
            }
            if next.len() > FOUND_MAX {
                return Err(format!("{}: more than {FOUND_MAX} files are called so", shown(word)));
            }
        }
        places = next;
    }
    Ok(places)
}

/// The entries of a folder that a pattern stands for, by name; none of what is no folder or cannot be read.
async fn listed(files: &Files, folder: &SftpPath, pattern: &[u8]) -> Vec<SftpPath> {
    let mut paths = Vec::new();
    let Ok(mut listing) = files.sftp.list(folder).await else { return paths };
    while let Ok(Some(entry)) = listing.next().await {
        if let Listed::Entry(entry) = entry
            && matches(pattern, entry.name.as_bytes())
            && let Ok(path) = folder.join(&entry.name)
        {
            paths.push(path);
            if paths.len() > FOUND_MAX {
                break;
            }
        }
    }
    paths.sort();
    paths
}

fn join(components: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    components.collect::<Vec<_>>().join(&b'/')
}

async fn said<T>(files: &Files, result: bowline_sftp::Result<T>) -> Result<T, String> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => {
            let Error { message, .. } = files.problem(&error).await;
            Err(message)
        }
    }
}

pub fn shown(bytes: &[u8]) -> String {
    bowline_core::prompt::visible_line(&String::from_utf8_lossy(bytes))
}
