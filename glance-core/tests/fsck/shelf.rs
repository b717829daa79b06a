//! A store whose blobs have an age, and that can be away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use glance_core::domain::{BlobUrl, ByteRange, ImageId};
use glance_core::memory::MemoryStore;
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, ByteStream, FoundBlob, ImageStore, Operation, StoreError,
};

/// Bytes in memory with an age, and out of reach now and then.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) inner: MemoryStore,
    pub(crate) is_away: AtomicBool,
    /// How many hours ago its blobs were written.
    pub(crate) hours: AtomicU64,
}

impl Shelf {
    pub(crate) fn new(name: &str) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(name.parse().unwrap()),
            is_away: AtomicBool::new(false),
            hours: AtomicU64::new(2),
        })
    }

    fn reach(&self, operation: Operation) -> Result<(), StoreError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable {
                store: self.id().clone(),
                operation,
                source: "simulated".into(),
            });
        }
        Ok(())
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for Shelf {
    glance_core::image_store_known_as!(inner);

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.reach(Operation::Write)?;
        self.inner.start(key).await
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        self.reach(Operation::Read)?;
        self.inner.read(location, range).await
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.reach(Operation::Size)?;
        self.inner.size(location).await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        self.reach(Operation::Delete)?;
        self.inner.delete(location).await
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.reach(Operation::Delete)?;
        self.inner.discard(key).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.reach(Operation::Delete)?;
        self.inner.vacate(image).await
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        self.inner.sweep(idle).await
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        self.reach(Operation::List)?;
        let age = Duration::from_secs(3600 * self.hours.load(Ordering::Relaxed));
        let blobs = self.inner.list().await?;
        Ok(BlobList::new(blobs.map_ok(move |blob| FoundBlob {
            age: Some(age),
            ..blob
        })))
    }
}
