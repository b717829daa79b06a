//! Image data in files: upstream's layout, `file://<directory>/<image id>`.

mod blob_file;
mod directory;
mod errno;
mod lister;
mod reader;
mod threads;
mod writer;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use glance_core::domain::{BlobUrl, ByteRange, ImageId, StoreId};
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, BoxError, ByteStream, Capabilities, ImageStore, Operation,
    StoreError,
};

use self::blob_file::BlobFile;
use self::directory::Directory;
use self::threads::Threads;
use self::writer::FileWriter;
use crate::OpenError;

/// Where a filesystem store keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesystemOptions {
    /// The name of the store.
    pub id: StoreId,
    /// Directories with their priorities. A new file goes to the highest priority that has room
    /// for it, and there to where the most room is.
    pub directories: Vec<(PathBuf, i64)>,
    /// Permissions of new files: `filesystem_store_file_perm`. The system's default if none.
    pub file_perm: Option<u32>,
}

/// Image data in files of one or several directories, as upstream's `file` store lays them out.
///
/// A file gets its name when it is whole and on the disk; what is being written is called
/// `.glance_rs-<image>-<upload>`, with a `#` and a number after it until it is whole. Files are
/// never replaced. The directories are `object_store`'s, who writes, opens and removes the files.
///
/// ```
/// use glance_core::ports::ImageStore;
/// use glance_stores::{FilesystemOptions, FilesystemStore};
///
/// let folder = tempfile::tempdir()?;
/// let store = FilesystemStore::open(FilesystemOptions {
///     id: "file".parse()?,
///     directories: vec![(folder.path().join("images"), 0)],
///     file_perm: None,
/// })?;
/// assert!(store.capabilities().ranges);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FilesystemStore {
    shared: Arc<Shared>,
}

/// What the store shares with its writers.
#[derive(Debug)]
struct Shared {
    id: StoreId,
    /// Highest priority first.
    directories: Vec<Directory>,
    file_perm: Option<u32>,
    threads: Threads,
}

impl FilesystemStore {
    /// Bytes of the chunks in which a file is read.
    pub const CHUNK_SIZE: u64 = 256 << 10;

    /// Opens the store; creates its directories where they are missing.
    ///
    /// # Errors
    /// [`OpenError`] names the directory that cannot be created or written to.
    pub fn open(options: FilesystemOptions) -> Result<Self, OpenError> {
        let FilesystemOptions {
            id,
            directories,
            file_perm,
        } = options;
        if directories.is_empty() {
            return Err(OpenError::NoDirectory {
                store: id.to_string(),
            });
        }
        let mut directories = directories
            .into_iter()
            .map(|(path, priority)| Directory::open(&path, priority))
            .collect::<Result<Vec<_>, _>>()?;
        directories.sort_by_key(|directory| std::cmp::Reverse(directory.priority));
        Ok(Self {
            shared: Arc::new(Shared {
                id,
                directories,
                file_perm,
                threads: Threads::new(),
            }),
        })
    }

    /// What is done to all directories. Blocks.
    async fn everywhere<T: Send + 'static>(
        &self,
        work: impl FnOnce(&[Directory]) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let threads = &self.shared.threads;
        let done = threads.block(move || work(&shared.directories)).await;
        done.map_err(|error| self.failed(Operation::Delete, None, error))
    }

    /// What is done to one file, in turn.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, BoxError>> + Send + 'static,
    ) -> Result<T, BoxError> {
        self.shared.threads.run(work).await?
    }

    /// The file of a location, if it is one of this store.
    fn file(&self, location: &BlobUrl) -> Result<BlobFile, StoreError> {
        self.shared
            .file(location)
            .ok_or_else(|| StoreError::NotFound {
                store: self.shared.id.clone(),
                location: location.clone(),
            })
    }

    fn failed(
        &self,
        operation: Operation,
        location: Option<&BlobUrl>,
        error: impl Into<BoxError>,
    ) -> StoreError {
        errno::store_error(&self.shared.id, operation, location, error)
    }
}

#[async_trait]
impl ImageStore for FilesystemStore {
    fn id(&self) -> &StoreId {
        &self.shared.id
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            write: true,
            delete: true,
            ranges: true,
            list: true,
        }
    }

    fn owns(&self, location: &BlobUrl) -> bool {
        self.shared.file(location).is_some()
    }

    /// A path is owned in one spelling alone; its scheme has two.
    fn canonical(&self, location: &BlobUrl) -> BlobUrl {
        match location.as_str().split_once("://") {
            Some((_, path)) if self.owns(location) => BlobUrl::new(format!("file://{path}")),
            _ => location.clone(),
        }
    }

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        let (shared, key) = (Arc::clone(&self.shared), key.clone());
        let threads = &self.shared.threads;
        let writer = threads
            .block(move || Ok(FileWriter::start(shared, &key)))
            .await
            .unwrap_or_else(|error| Err(self.failed(Operation::Write, None, error)))?;
        Ok(Box::new(writer))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        let opened = self.in_turn(self.file(location)?.open(range)).await;
        let (file, range) =
            opened.map_err(|error| self.failed(Operation::Read, Some(location), error))?;
        let threads = self.shared.threads.clone();
        let stream = reader::FileStream::new(file, range.length, threads);
        Ok(ByteStream::new(stream))
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        let size = self.in_turn(self.file(location)?.size()).await;
        size.map_err(|error| self.failed(Operation::Size, Some(location), error))
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        let removed = self.in_turn(self.file(location)?.remove()).await;
        removed.map_err(|error| self.failed(Operation::Delete, Some(location), error))
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.everywhere(move |directories| {
            directories
                .iter()
                .try_for_each(|directory| directory.discard(&key))
        })
        .await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        for directory in &self.shared.directories {
            let removed = self.in_turn(directory.blob(image).remove_if_there()).await;
            removed.map_err(|error| self.failed(Operation::Delete, None, error))?;
        }
        Ok(())
    }

    async fn sweep(&self, age: Duration) -> Result<usize, StoreError> {
        self.everywhere(move |directories| {
            directories
                .iter()
                .map(|directory| directory.sweep(age))
                .sum()
        })
        .await
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        Ok(lister::list(Arc::clone(&self.shared)))
    }
}

impl Shared {
    /// Rule R4: a file of exactly one of the directories, by its bare name, and nothing else.
    fn file(&self, location: &BlobUrl) -> Option<BlobFile> {
        let (scheme, path) = location.as_str().split_once("://")?;
        if !matches!(scheme, "file" | "filesystem") {
            return None;
        }
        self.directories
            .iter()
            .find_map(|directory| directory.file(path))
    }

    /// Where a blob of this image is already.
    fn holds(&self, image: ImageId) -> bool {
        self.directories
            .iter()
            .any(|directory| directory.holds(image))
    }

    /// The directory for a new file: the highest priority with room, and there the most room.
    fn with_room(&self, size: u64) -> Option<&Directory> {
        let rooms: Vec<(&Directory, u64)> = self
            .directories
            .iter()
            .map(|directory| (directory, directory.room()))
            .filter(|(_, room)| *room >= size)
            .collect();
        let highest = rooms.first()?.0.priority;
        let candidates = rooms
            .into_iter()
            .filter(|(directory, _)| directory.priority == highest);
        candidates
            .max_by_key(|(_, room)| *room)
            .map(|(directory, _)| directory)
    }
}

#[cfg(test)]
mod tests;
