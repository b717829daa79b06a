//! A file being written.

use std::fs::{File, Permissions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::{BlobUrl, ImageId, Location};
use glance_core::ports::{BlobKey, BlobWriter, Operation, StoreError};
use rustix::io::Errno;
use tokio::task::JoinHandle;

use super::Shared;
use super::directory::Directory;
use super::errno::store_error;

/// A file being written under a temporary name. While one batch of chunks goes to the system on a
/// thread, the next is taken in.
#[derive(Debug)]
pub(super) struct FileWriter {
    shared: Arc<Shared>,
    /// Which of the directories.
    directory: usize,
    image: ImageId,
    /// The temporary file, until it is published or removed.
    temporary: Leftover,
    /// The file, when no thread has it.
    file: Option<File>,
    writing: Option<JoinHandle<io::Result<File>>>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
}

impl FileWriter {
    /// Makes the temporary file. Blocks.
    pub(super) fn start(shared: Arc<Shared>, key: &BlobKey) -> Result<Self, StoreError> {
        let Some(chosen) = shared.with_room(key.size.unwrap_or(0)) else {
            return Err(StoreError::Full {
                store: shared.id.clone(),
            });
        };
        let directory = shared
            .directories
            .iter()
            .position(|known| std::ptr::eq(known, chosen));
        let (path, file) = chosen
            .create_temporary(key)
            .map_err(|error| store_error(&shared.id, Operation::Write, None, error))?;
        Ok(Self {
            directory: directory.unwrap_or_default(),
            image: key.image,
            temporary: Leftover(Some(path)),
            file: Some(file),
            writing: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
            shared,
        })
    }

    /// Waits for the batch under way, and sends the next one.
    async fn flush(&mut self) -> io::Result<()> {
        if let Some(writing) = self.writing.take() {
            self.file = Some(
                writing
                    .await
                    .unwrap_or_else(|error| Err(io::Error::other(error)))?,
            );
        }
        let Some(mut file) = self.file.take() else {
            return Err(broken());
        };
        let batch = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        self.writing = Some(tokio::task::spawn_blocking(move || {
            write_batch(&mut file, &batch)?;
            Ok(file)
        }));
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> io::Result<Location> {
        self.flush().await?;
        let writing = self.writing.take().ok_or_else(broken)?;
        let file = writing
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))?;
        let publish = tokio::task::spawn_blocking(move || self.publish(&file));
        publish
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// Makes the file durable, then gives it its name. Blocks.
    fn publish(mut self, file: &File) -> io::Result<Location> {
        if let Some(mode) = self.shared.file_perm {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        file.sync_all()?;
        if self.shared.holds(self.image) {
            return Err(Errno::EXIST.into());
        }
        let directory = self.directory()?;
        directory.publish(self.temporary.path()?, self.image)?;
        let mut location = Location::new(BlobUrl::new(directory.url(self.image)));
        let store = self.shared.id.to_string();
        location.metadata.insert("store".to_owned(), store.into());
        self.temporary.is_published();
        Ok(location)
    }

    fn directory(&self) -> io::Result<&Directory> {
        self.shared
            .directories
            .get(self.directory)
            .ok_or_else(broken)
    }

    fn failed(shared: &Shared, image: ImageId, error: io::Error) -> StoreError {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return StoreError::AlreadyExists {
                store: shared.id.clone(),
                image,
            };
        }
        store_error(&shared.id, Operation::Write, None, error)
    }
}

#[async_trait]
impl BlobWriter for FileWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.waiting_bytes += chunk.len();
        self.waiting.push(chunk);
        if self.waiting_bytes < BATCH && self.waiting.len() < MOST_CHUNKS {
            return Ok(());
        }
        let flushed = self.flush().await;
        flushed.map_err(|error| Self::failed(&self.shared, self.image, error))
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        let (shared, image) = (Arc::clone(&self.shared), self.image);
        self.finish()
            .await
            .map_err(|error| Self::failed(&shared, image, error))
    }

    async fn abort(mut self: Box<Self>) -> Result<(), StoreError> {
        let (shared, image) = (Arc::clone(&self.shared), self.image);
        let removed = tokio::task::spawn_blocking(move || self.temporary.remove()).await;
        let removed = removed.unwrap_or_else(|error| Err(io::Error::other(error)));
        removed.map_err(|error| Self::failed(&shared, image, error))
    }
}

/// A temporary file, which is removed unless it is published.
#[derive(Debug)]
struct Leftover(Option<PathBuf>);

impl Leftover {
    fn path(&self) -> io::Result<&PathBuf> {
        self.0.as_ref().ok_or_else(broken)
    }

    fn is_published(&mut self) {
        self.0 = None;
    }

    fn remove(&mut self) -> io::Result<()> {
        match self.0.take().map(std::fs::remove_file) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        // What cannot be removed now is removed by `discard`.
        let remove = move || drop(std::fs::remove_file(path));
        match tokio::runtime::Handle::try_current() {
            // To remove a large file takes its time.
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

/// Writes chunks in order, many in one call.
fn write_batch(file: &mut File, batch: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = batch.iter().map(|chunk| IoSlice::new(chunk)).collect();
    let mut rest = slices.as_mut_slice();
    // Empty slices at the front would read as a file that takes no more.
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        match file.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn broken() -> io::Error {
    io::Error::other("an earlier write of this file failed")
}

/// How many bytes go to the system at a time.
const BATCH: usize = 512 << 10;

/// How many chunks go to the system at a time.
const MOST_CHUNKS: usize = 256;
