//! Folders being listed for the window: it takes a page when it wants one, so nothing piles up here, and a listing that
//! nobody asks about any more is closed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bowline_sftp::{Attributes, FileName, Listed, Listing, SftpPath};
use serde::Serialize;
use tokio::time::Instant;
use ts_rs::TS;

use super::kept::UsedFiles;
use super::path_text;
use super::row::{FileRow, OwnerNames, rows};
use crate::error::Result;

/// A folder is shown up to here. The window says so; the command line and the terminal know no such limit.
pub const ENTRIES_MAX: usize = 200_000;
/// The first page is small, so that something is there at once.
const FIRST_PAGE: usize = 200;
const PAGE: usize = 4000;
/// Who has not taken a page for so long has gone.
const UNUSED: Duration = Duration::from_secs(60);
/// Listings that are open at once; the one that was asked for first goes for another.
const OPEN_MAX: usize = 32;

/// Some entries of a folder, in the server's order.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FolderPage {
    /// For the next page; null when this was the last one.
    pub listing: Option<u32>,
    /// The folder without links and dots, as [`path_text`] makes it.
    pub path: String,
    pub rows: Vec<FileRow>,
    /// Of numbers that are new on this page.
    pub names: OwnerNames,
    /// Names up to here that are none, such as `../x`: nothing can be done with them.
    pub refused: u32,
    /// There is more than is shown.
    pub cut: bool,
}

/// One folder being listed.
#[derive(Debug)]
pub struct OpenListing {
    files: UsedFiles,
    folder: SftpPath,
    listing: Listing,
    given: usize,
    refused: u32,
    users: BTreeSet<u32>,
    groups: BTreeSet<u32>,
}

impl OpenListing {
    /// # Errors
    /// The folder is not there or may not be read.
    pub async fn open(files: UsedFiles, path: &SftpPath) -> Result<Self> {
        let opened = async {
            let folder = files.sftp.resolve(path).await?;
            let listing = files.sftp.list(&folder).await?;
            Ok((folder, listing))
        };
        match opened.await {
            Ok((folder, listing)) => Ok(Self {
                files,
                folder,
                listing,
                given: 0,
                refused: 0,
                users: BTreeSet::new(),
                groups: BTreeSet::new(),
            }),
            Err(error) => Err(files.problem(&error).await),
        }
    }

    /// The next page, and whether there may be another.
    ///
    /// # Errors
    /// What came before may not be all.
    pub async fn page(&mut self) -> Result<(FolderPage, bool)> {
        let most = if self.given == 0 { FIRST_PAGE } else { PAGE }.min(ENTRIES_MAX - self.given);
        let mut entries: Vec<(FileName, Attributes)> = Vec::with_capacity(most);
        let mut more = true;
        while more && entries.len() < most {
            match self.listing.next().await {
                Ok(Some(Listed::Entry(entry))) => entries.push((entry.name, entry.attributes)),
                Ok(Some(Listed::Refused { .. })) => self.refused = self.refused.saturating_add(1),
                Ok(None) => more = false,
                Err(error) => return Err(self.files.problem(&error).await),
            }
        }
        self.given += entries.len();
        let cut = more && self.given == ENTRIES_MAX;
        let page = FolderPage {
            listing: None,
            path: path_text::to_text(self.folder.as_bytes()),
            rows: rows(&self.files, &self.folder, &entries).await,
            names: self.new_names(&entries).await,
            refused: self.refused,
            cut,
        };
        Ok((page, more && !cut))
    }

    /// The names of owners that were not asked for yet. Without them there are numbers.
    async fn new_names(&mut self, entries: &[(FileName, Attributes)]) -> OwnerNames {
        let owners = || entries.iter().filter_map(|(_, attributes)| attributes.owner);
        let users: BTreeSet<u32> = owners().map(|owner| owner.user).collect();
        let groups: BTreeSet<u32> = owners().map(|owner| owner.group).collect();
        let new_users: Vec<u32> = users.into_iter().filter(|id| self.users.insert(*id)).collect();
        let new_groups: Vec<u32> = groups.into_iter().filter(|id| self.groups.insert(*id)).collect();
        owner_names(&self.files, &new_users, &new_groups).await
    }
}

/// The names of owners where the server knows them.
pub async fn owner_names(files: &super::session::Files, users: &[u32], groups: &[u32]) -> OwnerNames {
    /// A folder with more owners than this shows numbers for the rest.
    const OWNERS_MAX: usize = 1024;
    let (users, groups) = (&users[..users.len().min(OWNERS_MAX)], &groups[..groups.len().min(OWNERS_MAX)]);
    if (users.is_empty() && groups.is_empty()) || !files.sftp.extensions().owner_names {
        return OwnerNames::default();
    }
    let shown = |ids: &[u32], names: Vec<Option<Vec<u8>>>| {
        let named = ids.iter().zip(names);
        named.filter_map(|(id, name)| Some((*id, bowline_sftp::Visible(&name?).to_string()))).collect()
    };
    match files.sftp.owner_names(users, groups).await {
        Ok(names) => OwnerNames { users: shown(users, names.users), groups: shown(groups, names.groups) },
        Err(_) => OwnerNames::default(),
    }
}

/// The listings that are open. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Listings {
    open: Arc<Mutex<Numbered>>,
}

#[derive(Debug, Default)]
struct Numbered {
    next: u32,
    listings: HashMap<u32, (Instant, OpenListing)>,
}

impl Listings {
    /// Keeps one until its next page is asked for, and gives it a number.
    pub fn put(&self, listing: OpenListing) -> u32 {
        let mut open = self.lock();
        open.next = open.next.wrapping_add(1);
        let number = open.next;
        let oldest = open.listings.iter().min_by_key(|(_, (since, _))| *since).map(|(number, _)| *number);
        if open.listings.len() >= OPEN_MAX
            && let Some(oldest) = oldest
        {
            open.listings.remove(&oldest);
        }
        open.listings.insert(number, (Instant::now(), listing));
        drop(open);
        let listings = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(UNUSED).await;
            listings.take(number);
        });
        number
    }

    pub fn take(&self, number: u32) -> Option<OpenListing> {
        self.lock().listings.remove(&number).map(|(_, listing)| listing)
    }

    fn lock(&self) -> MutexGuard<'_, Numbered> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
