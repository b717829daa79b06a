//! A file being written.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::{BlobUrl, ImageId, Location};
use glance_core::ports::{BlobKey, BlobWriter, BoxError, Operation, StoreError};
use object_store::{MultipartUpload, PutPayload};
use rustix::io::Errno;
use tokio::task::JoinHandle;

use super::Shared;
use super::directory::{Directory, remove_temporary};
use super::errno::{self, store_error};
use super::threads::{Threads, blocking, spawn};

/// A file being written under a temporary name. While one part goes to the system on a thread, the
/// next is taken in.
#[derive(Debug)]
pub(super) struct FileWriter {
    shared: Arc<Shared>,
    directory: Directory,
    image: ImageId,
    /// The temporary file, until it is published or removed.
    temporary: Temporary,
    on_its_way: Option<JoinHandle<object_store::Result<()>>>,
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
        let threads = shared.threads.clone();
        Ok(Self {
            shared,
            directory,
            image: key.image,
            temporary: Temporary {
                path: Some(temporary),
                upload: Some(upload),
                threads,
            },
            on_its_way: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
            holed: false,
        })
    }

    /// Waits for the part on its way, and sends the next one.
    async fn send(&mut self) -> Result<(), BoxError> {
        self.arrived().await?;
        let turn = self.shared.threads.turn().await?;
        let payload = PutPayload::from_iter(std::mem::take(&mut self.waiting));
        self.waiting_bytes = 0;
        let part = self.temporary.upload()?.put_part(payload);
        self.on_its_way = Some(spawn(turn, part));
        Ok(())
    }

    /// Waits for the part on its way.
    async fn arrived(&mut self) -> Result<(), BoxError> {
        if let Some(part) = &mut self.on_its_way {
            let written = part.await;
            self.on_its_way = None;
            // Whatever goes wrong before this is known leaves a hole.
            self.holed |= !matches!(written, Ok(Ok(())));
            written??;
        }
        if self.holed { Err(holed()) } else { Ok(()) }
    }

    /// Sends what is left, and waits until it has arrived.
    async fn flush(&mut self) -> Result<(), BoxError> {
        if !self.waiting.is_empty() {
            self.send().await?;
        }
        self.arrived().await
    }

    /// Makes the file whole and durable, and gives it its name.
    async fn finish(mut self: Box<Self>) -> Result<Location, BoxError> {
        let threads = self.shared.threads.clone();
        let flushed = self.flush().await;
        // Turn by turn: given up during the first, it is not published.
        let completed = threads.run(async move {
            let completed = match flushed {
                Ok(()) => self.temporary.complete().await,
                Err(error) => Err(error),
            };
            if completed.is_err() {
                // What cannot be removed now is removed by `discard`.
                let _ = self.temporary.take().remove().await;
            }
            completed.map(|()| self)
        });
        let mut whole = completed.await??;
        let published = threads.block(move || {
            let published = whole.publish();
            if let (Err(_), Some(path)) = (&published, whole.temporary.path.take()) {
                let _ = remove_temporary(&path);
            }
            published
        });
        Ok(published.await?)
    }

    /// Gives the file its name. Blocks.
    fn publish(&mut self) -> io::Result<Location> {
        if self.shared.holds(self.image) {
            return Err(Errno::EXIST.into());
        }
        let temporary = self.temporary.path.as_ref().ok_or(Errno::NOENT)?;
        self.directory
            .publish(temporary, self.image, self.shared.file_perm)?;
        self.temporary.path = None;
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

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        let (shared, image) = (Arc::clone(&self.shared), self.image);
        let finished = self.finish().await;
        finished.map_err(|error| Self::failed(&shared, image, error))
    }

    async fn abort(mut self: Box<Self>) -> Result<(), StoreError> {
        let (shared, image) = (Arc::clone(&self.shared), self.image);
        let removed = shared.threads.run(self.temporary.take().remove()).await;
        let removed = removed.map_err(BoxError::from).flatten();
        removed.map_err(|error| Self::failed(&shared, image, error))
    }
}

/// A temporary file, which is removed unless it is published.
#[derive(Debug)]
struct Temporary {
    path: Option<PathBuf>,
    /// What writes to it, until it is whole.
    upload: Option<Box<dyn MultipartUpload>>,
    threads: Threads,
}

impl Temporary {
    fn upload(&mut self) -> io::Result<&mut Box<dyn MultipartUpload>> {
        let upload = self.upload.as_mut();
        upload.ok_or_else(|| Errno::NOENT.into())
    }

    async fn complete(&mut self) -> Result<(), BoxError> {
        let completed = self.upload()?.complete().await;
        self.upload = None;
        completed?;
        Ok(())
    }

    fn take(&mut self) -> Leftover {
        Leftover {
            path: self.path.take(),
            upload: self.upload.take(),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let leftover = self.take();
        if leftover.path.is_none() {
            return;
        }
        // Without a runtime, and where it fails, it is removed by `discard`.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let threads = self.threads.clone();
            runtime.spawn(async move { threads.run(leftover.remove()).await });
        }
    }
}

/// A temporary file on its way out.
struct Leftover {
    path: Option<PathBuf>,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl Leftover {
    async fn remove(self) -> Result<(), BoxError> {
        let aborted = match self.upload {
            // Dropped without it, it would take a thread that nobody counts.
            Some(mut upload) => upload.abort().await,
            None => Ok(()),
        };
        if let Some(path) = self.path {
            blocking(move || remove_temporary(&path)).await?;
        }
        match aborted {
            Err(error) if errno::of(&error) != Some(Errno::NOENT) => Err(error.into()),
            _ => Ok(()),
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
    use object_store::{PutResult, UploadPart};

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
        let inner = writer.temporary.upload.take().unwrap();
        writer.temporary.upload = Some(Box::new(FullForAMoment {
            inner,
            is_full: true,
        }));
        let part = Bytes::from(vec![0; PART]);

        writer.write(part.clone()).await.unwrap();
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
