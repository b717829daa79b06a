//! Any `object_store` store as an [`ImageStore`].

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use glance_core::domain::{BlobUrl, ByteRange, ImageId, StoreId};
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, BoxError, ByteStream, Capabilities, ImageStore, Operation,
    StoreError,
};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};

use super::requests::{Requests, Unfinished};
use super::urls::Urls;
use super::writer::ObjectWriter;
use super::{error, list};

/// Image data in a bucket of an object store, one object an image, named by its id.
///
/// # What it keeps, and what it cannot
///
/// * An object appears whole, or not at all. It is made only where none stands: by a condition on
///   the request (S3, Azure), and, since not every server keeps it, by a look before. Google Cloud
///   Storage and radosgw (Ceph 16) keep none for uploads in parts: another writer in the moment
///   between look and completion is not seen.
/// * One transfer holds about 30 MiB, however large the image: as many parts are on their way as
///   fit in. Parts of more than 20 MiB (see the options) take two of them.
/// * What a crash leaves is an unfinished upload in parts. It cannot be told which writer of an
///   image began it: `discard` aborts all of the image, `sweep` those that nobody wrote to for long.
///   Azure does not show unfinished uploads; it removes them after a week. A server that cannot
///   list them (it answers 501) needs such a rule of its own; the log says so.
/// * A server that is down or frozen is an error within 30 s; while a part is sent to it, within 8 s
///   and what that takes at 256 KiB/s (48 s for 10 MiB); within 5 min where an upload is completed.
#[derive(Clone)]
pub struct ObjectBridge {
    pub(super) shared: Arc<Shared>,
}

/// What the store shares with its writers.
pub(super) struct Shared {
    pub(super) id: StoreId,
    pub(super) objects: Arc<dyn Objects>,
    pub(super) urls: Urls,
    pub(super) transfer: Transfer,
    pub(super) requests: Requests,
    /// Whether uploads that nobody finished can be listed.
    pub(super) lists_uploads: AtomicBool,
}

/// What the bridge needs of `object_store`.
pub(super) trait Objects: ObjectStore + MultipartStore {}

impl<T: ObjectStore + MultipartStore> Objects for T {}

/// How objects are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transfer {
    /// Bytes from which on an object is written in parts.
    pub(super) large: u64,
    /// Bytes of a part.
    pub(super) chunk_size: u64,
    /// How many parts are on their way at most.
    pub(super) at_once: usize,
}

impl ObjectBridge {
    pub(super) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    fn object(&self, location: &BlobUrl) -> Result<Path, StoreError> {
        match self.shared.urls.image(location) {
            Some(image) => Ok(Path::from(image.as_str())),
            None => Err(StoreError::NotFound {
                store: self.shared.id.clone(),
                location: location.clone(),
            }),
        }
    }
}

impl Shared {
    /// Does something in the bucket; makes the bucket first if it is missing and may be made.
    pub(super) async fn in_bucket<T, F>(&self, work: impl Fn() -> F) -> Result<T, BoxError>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        match work().await {
            Err(error) if error::misses_bucket(&error) && self.requests.may_create_bucket() => {
                self.requests.create_bucket().await?;
                Ok(work().await?)
            }
            done => Ok(done?),
        }
    }

    pub(super) async fn ensure_absent(&self, image: ImageId) -> Result<(), StoreError> {
        match self.objects.head(&Path::from(image.as_str())).await {
            Ok(_) => Err(self.already_exists(image)),
            Err(error) if error::is_missing(&error) => Ok(()),
            Err(error) => Err(self.failed(Operation::Write, None, error)),
        }
    }

    /// Aborts an upload in parts; fine if it has ended.
    pub(super) async fn abort(&self, path: &Path, id: &String) -> object_store::Result<()> {
        match self.objects.abort_multipart(path, id).await {
            Err(error) if error::is_missing(&error) => Ok(()),
            aborted => aborted,
        }
    }

    /// Aborts the unfinished uploads of images whose ids begin with `prefix`, if nobody wrote to
    /// them for so long.
    async fn abort_unfinished(&self, prefix: &str, idle: Duration) -> Result<usize, BoxError> {
        if !self.lists_uploads.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let (unfinished, now) = match self.requests.unfinished(prefix).await {
            Err(error) if self.cannot_list(&error) => return Ok(0),
            // No bucket, no uploads.
            Err(error) if error::is_missing(error.as_ref()) => return Ok(0),
            listed => listed?,
        };
        let idle = TimeDelta::from_std(idle).unwrap_or(TimeDelta::MAX);
        let Some(latest) = now.checked_sub_signed(idle) else {
            return Ok(0);
        };
        let mut aborted = 0;
        for upload in unfinished {
            if idle.is_zero() || self.is_older(&upload, latest).await? {
                self.abort(&Path::from(upload.image.as_str()), &upload.id)
                    .await?;
                aborted += 1;
            }
        }
        Ok(aborted)
    }

    async fn is_older(
        &self,
        upload: &Unfinished,
        latest: chrono::DateTime<chrono::Utc>,
    ) -> Result<bool, BoxError> {
        if upload.started > latest {
            return Ok(false);
        }
        match self.requests.touched(upload).await {
            // It has ended meanwhile.
            Err(error) if error::is_missing(error.as_ref()) => Ok(false),
            touched => Ok(touched? <= latest),
        }
    }

    fn cannot_list(&self, error: &BoxError) -> bool {
        let refusal = error::refusal(error.as_ref());
        let cannot = refusal.is_some_and(super::refusal::Refusal::is_unsupported);
        if cannot && self.lists_uploads.swap(false, Ordering::Relaxed) {
            tracing::warn!(
                store = %self.id,
                "the object store cannot list unfinished uploads: what crashes leave there is \
                 removed by a lifecycle rule of the server, or never"
            );
        }
        cannot
    }

    pub(super) fn already_exists(&self, image: ImageId) -> StoreError {
        StoreError::AlreadyExists {
            store: self.id.clone(),
            image,
        }
    }

    pub(super) fn failed(
        &self,
        operation: Operation,
        location: Option<&BlobUrl>,
        error: impl Into<BoxError>,
    ) -> StoreError {
        error::store_error(&self.id, operation, location, error)
    }
}

#[async_trait]
impl ImageStore for ObjectBridge {
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
        self.shared.urls.image(location).is_some()
    }

    fn canonical(&self, location: &BlobUrl) -> BlobUrl {
        let urls = &self.shared.urls;
        let image = urls.image(location);
        image.map_or_else(|| location.clone(), |image| urls.of(image))
    }

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        Ok(Box::new(ObjectWriter::new(Arc::clone(&self.shared), key)))
    }

    /// One request, whose body is taken up where it broke off if the object is still the same.
    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        let path = self.object(location)?;
        let failed = |error| self.shared.failed(Operation::Read, Some(location), error);
        if range.is_some_and(|range| range.length == 0) {
            self.shared.objects.head(&path).await.map_err(failed)?;
            return Ok(ByteStream::from_bytes(""));
        }
        let asked = range.map(|ByteRange { offset, length }| {
            GetRange::Bounded(offset..offset.saturating_add(length))
        });
        let options = GetOptions::new().with_range(asked);
        let got = self.shared.objects.get_opts(&path, options).await;
        let got = got.map_err(failed)?;
        // A range that goes beyond the end is cut by `object_store`.
        let length = range.map_or(got.meta.size, |range| range.length);
        Ok(ByteStream::new(got.into_stream()).exactly(length))
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        let head = self.shared.objects.head(&self.object(location)?).await;
        let head = head.map_err(|error| self.shared.failed(Operation::Size, Some(location), error));
        Ok(head?.size)
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        let path = self.object(location)?;
        let failed = |error| self.shared.failed(Operation::Delete, Some(location), error);
        // To S3, deleting nothing is a success.
        self.shared.objects.head(&path).await.map_err(failed)?;
        self.shared.objects.delete(&path).await.map_err(failed)
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        let discarded = self
            .shared
            .abort_unfinished(key.image.as_str(), Duration::ZERO);
        let discarded = discarded.await.map(|_| ());
        discarded.map_err(|error| self.shared.failed(Operation::Delete, None, error))
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        match self
            .shared
            .objects
            .delete(&Path::from(image.as_str()))
            .await
        {
            Err(error) if error::is_missing(&error) => Ok(()),
            removed => removed.map_err(|error| self.shared.failed(Operation::Delete, None, error)),
        }
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        let swept = self.shared.abort_unfinished("", idle).await;
        swept.map_err(|error| self.shared.failed(Operation::Delete, None, error))
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        Ok(list::list(Arc::clone(&self.shared)))
    }
}

impl fmt::Debug for ObjectBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

impl fmt::Debug for Shared {
    /// Without what `object_store` would print (rule R6).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectBridge")
            .field("id", &self.id)
            .field("urls", &self.urls)
            .field("transfer", &self.transfer)
            .finish_non_exhaustive()
    }
}
