//! The files of a store, some at a time.

use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use futures::{StreamExt, stream};
use glance_core::domain::BlobUrl;
use glance_core::ports::{BlobList, FoundBlob, Operation};

use super::directory::Directory;
use super::{Shared, errno};

/// Where in the directories of a store a list of its files is.
struct Lister {
    shared: Arc<Shared>,
    /// How many directories are begun or done.
    begun: usize,
    entries: Option<ReadDir>,
}

/// All files of a store. A thread has it while it reads names, and none while nobody takes them.
pub(super) fn list(shared: Arc<Shared>) -> BlobList {
    let lister = Lister {
        shared,
        begun: 0,
        entries: None,
    };
    let pages = stream::unfold(Some(lister), |lister| async move {
        let mut lister = lister?;
        let (threads, id) = (lister.shared.threads.clone(), lister.shared.id.clone());
        let read = threads.block(move || Ok((lister.page()?, lister))).await;
        match read {
            Ok((page, _)) if page.is_empty() => None,
            Ok((page, lister)) => Some((page.into_iter().map(Ok).collect(), Some(lister))),
            Err(error) => {
                let error = errno::store_error(&id, Operation::List, None, error);
                Some((vec![Err(error)], None))
            }
        }
    });
    BlobList::new(pages.flat_map(|page: Vec<_>| stream::iter(page)))
}

impl Lister {
    /// The next files; none at the end. Blocks.
    fn page(&mut self) -> io::Result<Vec<FoundBlob>> {
        let mut page = Vec::new();
        while page.len() < PAGE {
            let Some(entries) = &mut self.entries else {
                let Some(directory) = self.shared.directories.get(self.begun) else {
                    break;
                };
                self.entries = Some(directory.entries()?);
                self.begun += 1;
                continue;
            };
            let directory = self.shared.directories.get(self.begun.saturating_sub(1));
            match (entries.next(), directory) {
                (Some(entry), Some(directory)) => page.extend(found(directory, &entry?)?),
                _ => self.entries = None,
            }
        }
        Ok(page)
    }
}

/// The blob that an entry of a directory is: folders, links and what is being written are none.
fn found(directory: &Directory, entry: &DirEntry) -> io::Result<Option<FoundBlob>> {
    let name = entry.file_name();
    let Some(path) = name.to_str().map(|name| directory.path_of(name)) else {
        return Ok(None);
    };
    if directory.file(&path).is_none() {
        return Ok(None);
    }
    let metadata = match fs::symlink_metadata(entry.path()) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Ok(None),
        // Removed meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let age = metadata.modified().map(|modified| {
        let age = SystemTime::now().duration_since(modified);
        age.unwrap_or_default()
    });
    Ok(Some(FoundBlob {
        url: BlobUrl::new(format!("file://{path}")),
        size: metadata.len(),
        age: age.ok(),
    }))
}

/// How many files are looked at before they are given on.
const PAGE: usize = 256;
