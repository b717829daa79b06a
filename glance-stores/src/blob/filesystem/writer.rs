//! A file being written.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::{BlobUrl, ImageId, Location};
use glance_core::ports::{BlobKey, BlobWriter, BoxError, Operation, StoreError};
use object_store::{MultipartUpload, PutPayload, UploadPart};
use rustix::io::Errno;

use super::directory::{Directory, remove_temporary};
use super::errno::{self, store_error};
use super::{Shared, blocking};

/// A file being written under a temporary name. While one part goes to the system on a thread, the
/// next is taken in.
#[derive(Debug)]
pub(super) struct FileWriter {
    shared: Arc<Shared>,
    directory: Directory,
    image: ImageId,
    /// The temporary file, until it is published or removed.
    temporary: Leftover,
    upload: Box<dyn MultipartUpload>,
    on_its_way: Option<Part>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    /// A part was not written: `object_store` would complete the file without it.
    holed: bool,
}

impl FileWriter {
    /// Makes the temporary file. Blocks.
    pub(super) fn start(shared: Arc<Shared>, key: &BlobKey) -> Result<Self, StoreError> {
        let Some(directory) = shared.with_room(key.size.unwrap_or(0)).cloned() else {
            return Err(StoreError::Full {
                store: shared.id.clone(),
            });
        };
        let (temporary, upload) = directory
            .begin(key)
            .map_err(|error| store_error(&shared.id, Operation::Write, None, error))?;
        Ok(Self {
            shared,
            directory,
            image: key.image,
            temporary: Leftover(Some(temporary)),
            upload,
            on_its_way: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
            holed: false,
        })
    }

    /// Waits for the part on its way, and sends the next one.
    async fn send(&mut self) -> Result<(), BoxError> {
        self.arrived().await?;
        let payload = PutPayload::from_iter(std::mem::take(&mut self.waiting));
        self.waiting_bytes = 0;
        let part = self.on_its_way.insert(Part(self.upload.put_part(payload)));
        // Nothing is done before a part is polled; then a thread is at it.
        match futures::poll!(&mut part.0) {
            Poll::Ready(written) => self.note(written),
            Poll::Pending => Ok(()),
        }
    }

    /// Waits for the part on its way.
    async fn arrived(&mut self) -> Result<(), BoxError> {
        if let Some(part) = &mut self.on_its_way {
            let written = (&mut part.0).await;
            self.note(written)?;
        }
        if self.holed { Err(holed()) } else { Ok(()) }
    }

    fn note(&mut self, written: object_store::Result<()>) -> Result<(), BoxError> {
        self.on_its_way = None;
        self.holed |= written.is_err();
        Ok(written?)
    }

    /// Makes the file whole and durable, under its temporary name.
    async fn complete(&mut self) -> Result<(), BoxError> {
        if !self.waiting.is_empty() {
            self.send().await?;
        }
        self.arrived().await?;
        self.upload.complete().await?;
        Ok(())
    }

    /// Gives the file its name. Blocks.
    fn publish(&mut self) -> io::Result<Location> {
        if self.shared.holds(self.image) {
            return Err(Errno::EXIST.into());
        }
        let temporary = self.temporary.0.as_ref().ok_or(Errno::NOENT)?;
        self.directory
            .publish(temporary, self.image, self.shared.file_perm)?;
        self.temporary.0 = None;
        Ok(Location::new(BlobUrl::new(self.directory.url(self.image))))
    }

    fn failed(shared: &Shared, image: ImageId, error: BoxError) -> StoreError {
        if errno::of(error.as_ref()) == Some(Errno::EXIST) {
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
        if self.waiting_bytes < PART && self.waiting.len() < MOST_CHUNKS {
            return Ok(());
        }
        let sent = self.send().await;
        sent.map_err(|error| Self::failed(&self.shared, self.image, error))
    }

    async fn commit(mut self: Box<Self>) -> Result<Location, StoreError> {
        let (shared, image) = (Arc::clone(&self.shared), self.image);
        let completed = self.complete().await;
        let published = blocking(move || {
            let published = completed.and_then(|()| Ok(self.publish()?));
            if published.is_err() {
                // What cannot be removed now is removed by `discard`.
                let _ = self.temporary.remove();
            }
            Ok(published)
        });
        let published = published.await.unwrap_or_else(|error| Err(error.into()));
        published.map_err(|error| Self::failed(&shared, image, error))
    }

    async fn abort(mut self: Box<Self>) -> Result<(), StoreError> {
        let (shared, image) = (Arc::clone(&self.shared), self.image);
        let aborted = match self.upload.abort().await {
            Err(error) if errno::of(&error) != Some(Errno::NOENT) => Err(error.into()),
            _ => Ok(()),
        };
        let removed = blocking(move || self.temporary.remove()).await;
        aborted
            .and(removed.map_err(BoxError::from))
            .map_err(|error| Self::failed(&shared, image, error))
    }
}

/// A part of the file on its way to the system.
struct Part(UploadPart);

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

/// A temporary file, which is removed unless it is published.
#[derive(Debug)]
struct Leftover(Option<PathBuf>);

impl Leftover {
    fn remove(&mut self) -> io::Result<()> {
        self.0.take().map_or(Ok(()), |path| remove_temporary(&path))
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        // What cannot be removed now is removed by `discard`.
        let remove = move || drop(remove_temporary(&path));
        match tokio::runtime::Handle::try_current() {
            // To remove a large file takes its time.
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

fn holed() -> BoxError {
    "an earlier write of this file failed".into()
}

/// How many bytes go to the system at a time.
const PART: usize = 512 << 10;

/// How many chunks go to the system at a time.
const MOST_CHUNKS: usize = 256;

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use glance_core::ports::ImageStore;
    use object_store::PutResult;

    use super::super::{FilesystemOptions, FilesystemStore};
    use super::*;

    /// An upload whose first part does not fit on the disk, and whose others do.
    #[derive(Debug)]
    struct FullForAMoment {
        inner: Box<dyn MultipartUpload>,
        is_full: bool,
    }

    #[async_trait]
    impl MultipartUpload for FullForAMoment {
        fn put_part(&mut self, data: PutPayload) -> UploadPart {
            if !std::mem::take(&mut self.is_full) {
                return self.inner.put_part(data);
            }
            let source = io::Error::from(Errno::NOSPC).into();
            let store = "LocalFileSystem";
            async move { Err(object_store::Error::Generic { store, source }) }.boxed()
        }

        async fn complete(&mut self) -> object_store::Result<PutResult> {
            self.inner.complete().await
        }

        async fn abort(&mut self) -> object_store::Result<()> {
            self.inner.abort().await
        }
    }

    #[tokio::test]
    async fn a_file_with_a_hole_is_never_committed() {
        let folder = tempfile::tempdir().unwrap();
        let store = FilesystemStore::open(FilesystemOptions {
            id: "file".parse().unwrap(),
            directories: vec![(folder.path().to_owned(), 0)],
            file_perm: None,
        })
        .unwrap();
        let key = BlobKey {
            image: ImageId::from_bits(1),
            upload: "upload".parse().unwrap(),
            size: None,
        };
        let mut writer = FileWriter::start(Arc::clone(&store.shared), &key).unwrap();
        let inner = writer.upload;
        writer.upload = Box::new(FullForAMoment {
            inner,
            is_full: true,
        });
        let part = Bytes::from(vec![0; PART]);

        let full = writer.write(part.clone()).await;
        let later = writer.write(part).await;
        let committed = Box::new(writer).commit().await;

        assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
        assert!(
            matches!(later, Err(StoreError::Backend { .. })),
            "{later:?}"
        );
        assert!(
            matches!(committed, Err(StoreError::Backend { .. })),
            "{committed:?}"
        );
        store.discard(&key).await.unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
