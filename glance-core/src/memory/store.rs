//! Bytes in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;

use crate::domain::{BlobUrl, ByteRange, ImageId, Location, StoreId};
use crate::ports::{
    BlobKey, BlobList, BlobWriter, ByteStream, Capabilities, FoundBlob, ImageStore, Operation,
    StoreError,
};

/// Bytes in memory. Clones hold the same blobs.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    id: StoreId,
    blobs: Arc<Mutex<Blobs>>,
}

#[derive(Debug, Default)]
struct Blobs {
    whole: BTreeMap<ImageId, Bytes>,
    /// What writers have written; a crash leaves them here.
    partial: BTreeMap<(ImageId, String), Partial>,
}

#[derive(Debug)]
struct Partial {
    data: Vec<u8>,
    /// Dead with its writer.
    writer: Weak<()>,
}

impl MemoryStore {
    /// An empty store of this name.
    pub fn new(id: StoreId) -> Self {
        Self {
            id,
            blobs: Arc::default(),
        }
    }

    /// Which images have a whole blob, and how many broken ones there are.
    pub fn contents(&self) -> (Vec<ImageId>, usize) {
        let blobs = self.blobs();
        (blobs.whole.keys().copied().collect(), blobs.partial.len())
    }

    fn blobs(&self) -> MutexGuard<'_, Blobs> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn image_of(&self, location: &BlobUrl) -> Result<ImageId, StoreError> {
        let rest = location.as_str().strip_prefix(&self.prefix());
        rest.and_then(|id| id.parse().ok())
            .ok_or_else(|| self.not_found(location))
    }

    fn blob(&self, location: &BlobUrl) -> Result<Bytes, StoreError> {
        let image = self.image_of(location)?;
        self.blobs()
            .whole
            .get(&image)
            .cloned()
            .ok_or_else(|| self.not_found(location))
    }

    /// The blob of the image that follows in the order of ids.
    fn after(&self, last: Option<ImageId>) -> Option<(ImageId, FoundBlob)> {
        let blobs = self.blobs();
        let mut rest = blobs.whole.range((
            last.map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Unbounded,
        ));
        let (image, data) = rest.next()?;
        let blob = FoundBlob {
            url: BlobUrl::new(self.prefix() + image.as_str()),
            size: data.len() as u64,
            age: None,
        };
        Some((*image, blob))
    }

    fn prefix(&self) -> String {
        format!("memory://{}/", self.id)
    }

    fn discarded(&self) -> StoreError {
        StoreError::Backend {
            store: self.id.clone(),
            operation: Operation::Write,
            source: "what was written has been discarded".into(),
        }
    }

    fn not_found(&self, location: &BlobUrl) -> StoreError {
        StoreError::NotFound {
            store: self.id.clone(),
            location: location.clone(),
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(StoreId::literal("memory"))
    }
}

#[async_trait]
impl ImageStore for MemoryStore {
    fn id(&self) -> &StoreId {
        &self.id
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
        location.as_str().starts_with(&self.prefix())
    }

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        let key = (key.image, key.upload.to_string());
        let alive = Arc::new(());
        let partial = Partial {
            data: Vec::new(),
            writer: Arc::downgrade(&alive),
        };
        self.blobs().partial.insert(key.clone(), partial);
        Ok(Box::new(MemoryWriter {
            store: self.clone(),
            key,
            _alive: alive,
        }))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        let blob = self.blob(location)?;
        let Some(range) = range else {
            return Ok(ByteStream::from_bytes(blob));
        };
        let bounds = usize::try_from(range.offset).ok().zip(
            range
                .offset
                .checked_add(range.length)
                .and_then(|end| usize::try_from(end).ok()),
        );
        match bounds {
            Some((start, end)) if end <= blob.len() => {
                Ok(ByteStream::from_bytes(blob.slice(start..end)))
            }
            _ => Err(StoreError::Backend {
                store: self.id.clone(),
                operation: Operation::Read,
                source: format!("the blob has {} bytes, not {range:?}", blob.len()).into(),
            }),
        }
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        Ok(self.blob(location)?.len() as u64)
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        let image = self.image_of(location)?;
        let removed = self.blobs().whole.remove(&image);
        removed.map(|_| ()).ok_or_else(|| self.not_found(location))
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.blobs()
            .partial
            .remove(&(key.image, key.upload.to_string()));
        Ok(())
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.blobs().whole.remove(&image);
        Ok(())
    }

    /// Time does not pass in memory: what has no writer any more is idle.
    async fn sweep(&self, _idle: Duration) -> Result<usize, StoreError> {
        let mut blobs = self.blobs();
        let before = blobs.partial.len();
        blobs
            .partial
            .retain(|_, partial| partial.writer.strong_count() > 0);
        Ok(before - blobs.partial.len())
    }

    /// One after the other: how old they are is not known.
    async fn list(&self) -> Result<BlobList, StoreError> {
        let store = self.clone();
        let next = move |last: Option<ImageId>| {
            let found = store.after(last);
            async move { found.map(|(image, blob)| (Ok(blob), Some(image))) }
        };
        Ok(BlobList::new(stream::unfold(None, next)))
    }
}

#[derive(Debug)]
struct MemoryWriter {
    store: MemoryStore,
    key: (ImageId, String),
    _alive: Arc<()>,
}

#[async_trait]
impl BlobWriter for MemoryWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        let mut blobs = self.store.blobs();
        let partial = blobs.partial.get_mut(&self.key);
        let partial = partial.ok_or_else(|| self.store.discarded())?;
        partial.data.extend_from_slice(&chunk);
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        let image = self.key.0;
        let mut blobs = self.store.blobs();
        let partial = blobs.partial.remove(&self.key);
        let data = partial.ok_or_else(|| self.store.discarded())?.data;
        if blobs.whole.contains_key(&image) {
            return Err(StoreError::AlreadyExists {
                store: self.store.id.clone(),
                image,
            });
        }
        blobs.whole.insert(image, data.into());
        Ok(Location::new(BlobUrl::new(
            self.store.prefix() + image.as_str(),
        )))
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        self.store.blobs().partial.remove(&self.key);
        Ok(())
    }
}
