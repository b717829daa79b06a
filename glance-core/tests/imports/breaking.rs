//! A store in memory that fails where it is told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::{BlobUrl, ByteRange, ImageId, Location};
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, ByteStream, ImageStore, Operation, StoreError,
};

/// Where a store fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fails {
    #[default]
    Nowhere,
    ToStart,
    ToWrite,
    /// It cannot be reached from the first bytes on.
    Midway,
    ToCommit,
    /// It takes the commit, and does not say so.
    ToAnswer,
    ToRead,
    /// It removes what it is told to, and does not say so.
    ToRemove,
    /// It cannot be reached.
    AtAll,
}

/// A store that fails where it is told to. Clones are one store.
#[derive(Debug, Clone)]
pub(crate) struct Breaking {
    store: Arc<dyn ImageStore>,
    fails: Arc<Mutex<Fails>>,
}

impl Breaking {
    pub(crate) fn new(store: Arc<dyn ImageStore>, fails: Arc<Mutex<Fails>>) -> Self {
        Self { store, fails }
    }

    fn fails(&self, fails: Fails) -> bool {
        *self.fails.lock().unwrap() == fails
    }

    fn reach(&self, operation: Operation) -> Result<(), StoreError> {
        match self.fails(Fails::AtAll) {
            true => Err(self.unavailable(operation)),
            false => Ok(()),
        }
    }

    fn unavailable(&self, operation: Operation) -> StoreError {
        StoreError::Unavailable {
            store: self.id().clone(),
            operation,
            source: "simulated".into(),
        }
    }

    fn broken(&self, operation: Operation) -> StoreError {
        StoreError::Backend {
            store: self.id().clone(),
            operation,
            source: "simulated".into(),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for Breaking {
    glance_core::image_store_known_as!(store);

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.reach(Operation::Write)?;
        if self.fails(Fails::ToStart) {
            return Err(self.broken(Operation::Write));
        }
        Ok(Box::new(BreakingWriter {
            store: self.clone(),
            writer: self.store.start(key).await?,
        }))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        self.reach(Operation::Read)?;
        if self.fails(Fails::ToRead) {
            return Err(self.broken(Operation::Read));
        }
        self.store.read(location, range).await
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        self.store.list().await
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.reach(Operation::Size)?;
        self.store.size(location).await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        self.reach(Operation::Delete)?;
        let deleted = self.store.delete(location).await;
        match self.fails(Fails::ToRemove) {
            true => Err(self.unavailable(Operation::Delete)),
            false => deleted,
        }
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.reach(Operation::Delete)?;
        self.store.discard(key).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.reach(Operation::Delete)?;
        self.store.vacate(image).await
    }

    /// An hour never passes here: what goes, goes by lease.
    async fn sweep(&self, _idle: Duration) -> Result<usize, StoreError> {
        Ok(0)
    }
}

#[derive(Debug)]
struct BreakingWriter {
    store: Breaking,
    writer: Box<dyn BlobWriter>,
}

#[async_trait]
impl BlobWriter for BreakingWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.store.reach(Operation::Write)?;
        if self.store.fails(Fails::Midway) {
            *self.store.fails.lock().unwrap() = Fails::AtAll;
            self.writer.write(chunk).await?;
            return Err(self.store.unavailable(Operation::Write));
        }
        match self.store.fails(Fails::ToWrite) {
            true => Err(StoreError::Full {
                store: self.store.id().clone(),
            }),
            false => self.writer.write(chunk).await,
        }
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        self.store.reach(Operation::Write)?;
        if self.store.fails(Fails::ToCommit) {
            self.writer.abort().await?;
            return Err(self.store.broken(Operation::Write));
        }
        let committed = self.writer.commit().await;
        match self.store.fails(Fails::ToAnswer) || self.store.fails(Fails::AtAll) {
            true => Err(self.store.unavailable(Operation::Write)),
            false => committed,
        }
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        self.store.reach(Operation::Write)?;
        self.writer.abort().await
    }
}
