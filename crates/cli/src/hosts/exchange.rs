//! `bowline hosts import` and `export`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bowline_core::engine::headless::Headless;
use bowline_core::host::exchange::{self, FILE_MAX_BYTES};
use bowline_core::host::store::beside::KeyFiles;
use bowline_core::host::{HostDraft, StoreNotice};
use bowline_core::prompt::visible_line;
use serde_json::json;

use super::change::one_called;
use super::words::{Export, Import};
use super::{json_of, print};
use crate::command::{FAILED, say};

/// What a file offers.
struct Offer {
    drafts: Vec<HostDraft>,
    key_files: KeyFiles,
    /// The file names no host at all, whatever it is.
    names_none: bool,
}

pub async fn import(engine: &Headless, import: Import) -> Result<u8, String> {
    let Offer { mut drafts, key_files, names_none } = offer(engine, import.file.as_deref()).await?;
    if names_none {
        let file = visible_line(import.file.as_deref().unwrap_or_default());
        say(&format!(
            "{file} was not imported: it is no ssh_config with hosts and no file that export wrote"
        ));
        return Ok(1);
    }
    let name = |draft: &HostDraft| {
        if draft.label.is_empty() { draft.address.clone() } else { draft.label.clone() }
    };
    if let Some(missing) = import.only.iter().find(|only| !drafts.iter().any(|draft| name(draft) == **only)) {
        return Err(format!("the file names no host {}", visible_line(missing)));
    }
    drafts.retain(|draft| import.only.is_empty() || import.only.contains(&name(draft)));
    if let Some(group) = &import.group {
        drafts.iter_mut().for_each(|draft| draft.group.clone_from(group));
    }
    for draft in &drafts {
        let runs = exchange::runs(draft);
        if !runs.is_empty() {
            say(&format!("{} brings along: {}", visible_line(&name(draft)), runs.join(", ")));
        }
    }
    if import.dry_run {
        let line = |draft: &HostDraft| {
            if import.json {
                format!("{}\n", json!({ "host": draft }))
            } else {
                format!("{}\n", visible_line(&name(draft)))
            }
        };
        return Ok(print(drafts.iter().map(line).collect()).await);
    }
    let added = engine.add_hosts(drafts, key_files).await.map_err(|error| error.message)?;
    tell(&added.notices);
    for name in &added.taken {
        say(&format!("{} was left as it is: a saved host has this name", visible_line(name)));
    }
    let text = if import.json {
        let left = |name: &String, why: &str| format!("{}\n", json!({ "name": name, "left": why }));
        added
            .saved
            .iter()
            .map(|host| format!("{}\n", json!({ "saved": json_of(host) })))
            .chain(added.present.iter().map(|name| left(name, "same")))
            .chain(added.taken.iter().map(|name| left(name, "differs")))
            .collect()
    } else {
        let also = if added.present.is_empty() {
            String::new()
        } else {
            format!(", {} were saved already", added.present.len())
        };
        format!("{} saved{also}\n", count(added.saved.len()))
    };
    let printed = print(text).await;
    Ok(if added.taken.is_empty() { printed } else { 1 })
}

fn count(hosts: usize) -> String {
    if hosts == 1 { "1 host was".to_owned() } else { format!("{hosts} hosts were") }
}

async fn offer(engine: &Headless, file: Option<&str>) -> Result<Offer, String> {
    let Some(file) = file else { return copies(engine, None).await };
    let path = PathBuf::from(file);
    let bytes = {
        let path = path.clone();
        let reading = tokio::task::spawn_blocking(move || read(&path)).await;
        reading.map_err(|error| error.to_string())?.map_err(|error| format!("{file}: {error}"))?
    };
    if exchange::is_meant(&bytes) {
        let drafts = exchange::read(&bytes).map_err(|error| format!("{file} was not imported: {error}"))?;
        return Ok(Offer { drafts, key_files: KeyFiles::MayBeElsewhere, names_none: false });
    }
    if file == "-" {
        return Err("standard input was not imported: it is no file of saved hosts".to_owned());
    }
    if !may_name_hosts(&bytes) {
        return Ok(Offer { drafts: Vec::new(), key_files: KeyFiles::MayBeElsewhere, names_none: true });
    }
    copies(engine, Some(path)).await
}

/// Whether a line is one that ssh_config names hosts with.
fn may_name_hosts(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| {
        let line = line.trim_start();
        let end = line.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(line.len());
        ["Host", "Match", "Include"].iter().any(|keyword| line[..end].eq_ignore_ascii_case(keyword))
    })
}

/// Those of an ssh_config, as the window copies them.
async fn copies(engine: &Headless, path: Option<PathBuf>) -> Result<Offer, String> {
    let preview = engine.importable(path).await.map_err(|error| error.message)?;
    preview.problems.iter().for_each(|problem| say(&visible_line(problem)));
    for candidate in preview.candidates.iter().filter(|one| !one.ignored.is_empty()) {
        let ignored = visible_line(&candidate.ignored.join(", "));
        say(&format!("{}: not copied: {ignored}", visible_line(&candidate.alias)));
    }
    let drafts = preview.candidates.into_iter().map(|candidate| candidate.draft).collect();
    Ok(Offer { drafts, key_files: KeyFiles::MayBeElsewhere, names_none: false })
}

/// One byte more than may be, so that too much is noticed.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let most = FILE_MAX_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| error.to_string())?;
    Ok(bytes)
}

pub async fn export(engine: &Headless, export: Export) -> Result<u8, String> {
    let hosts = engine.hosts().await.map_err(|error| error.message)?.hosts;
    let drafts: Vec<HostDraft> = if export.names.is_empty() {
        hosts.into_iter().map(|host| host.draft).collect()
    } else {
        let named = export.names.iter().map(|name| one_called(name, &hosts).map(|host| host.draft.clone()));
        named.collect::<Result<_, _>>()?
    };
    let text = exchange::write(&drafts);
    let Some(output) = export.output.filter(|output| output != "-") else { return Ok(print(text).await) };
    if let Err(error) = write(Path::new(&output), &text, export.force) {
        let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
        let why = match exists {
            true => "it is there already. Say --force to replace it".to_owned(),
            false => error.to_string(),
        };
        say(&format!("{output} was not written: {why}"));
        return Ok(FAILED);
    }
    Ok(0)
}

/// Whole or not at all, and for nobody else: where somebody connects to is theirs.
fn write(path: &Path, text: &str, force: bool) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if !force && path.symlink_metadata().is_ok() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".bowline-part");
    let part = PathBuf::from(part);
    let mut file = bowline_core::part_file::open(&part, 0o600)?;
    let written = file
        // One that was left over may be open to others.
        .set_permissions(std::fs::Permissions::from_mode(0o600))
        .and_then(|()| file.set_len(0))
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&part, path));
    written.inspect_err(|_| drop(std::fs::remove_file(&part)))
}

/// What was done to the file of hosts on the way.
pub fn tell(notices: &[StoreNotice]) {
    for notice in notices {
        match notice {
            StoreNotice::Damaged { kept_as, restored_from } => {
                let from = restored_from.as_ref().map(|copy| format!("; {copy} is in use"));
                say(&format!(
                    "the saved hosts were damaged and are kept as {kept_as}{}",
                    from.unwrap_or_default()
                ));
            }
            StoreNotice::Newer { kept_as, version } => {
                say(&format!("the saved hosts were of version {version} and are kept as {kept_as}"));
            }
            StoreNotice::ReadOnly { path, .. } => say(&format!("{path} is read-only")),
            StoreNotice::JobsSetAside { .. }
            | StoreNotice::JobsUnkept { .. }
            | StoreNotice::EditsLeft { .. } => {}
        }
    }
}
