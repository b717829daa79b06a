//! What a store is asked, how long it takes, and what goes through it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use glance_core::domain::{BlobUrl, ByteRange, ImageId, Location};
use glance_core::ports::{BlobKey, BlobList, BlobWriter, ByteStream, ImageStore, StoreError};
use tokio::time::Instant;

use super::histogram::{Histogram, Timings};

/// What is counted apart: the methods of a store, and of its writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum StoreOperation {
    /// To give up writing a blob.
    Abort,
    /// To make a blob readable.
    Commit,
    /// To remove a blob.
    Delete,
    /// To remove what one upload left.
    Discard,
    /// To begin to tell what blobs there are.
    List,
    /// To start to read a blob.
    Read,
    /// To tell the size of a blob.
    Size,
    /// To start to write a blob.
    Start,
    /// To remove what any uploads left.
    Sweep,
    /// To remove what stands where an image's blob goes.
    Vacate,
    /// To take a chunk.
    Write,
}

impl StoreOperation {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 11] = [
        Self::Abort,
        Self::Commit,
        Self::Delete,
        Self::Discard,
        Self::List,
        Self::Read,
        Self::Size,
        Self::Start,
        Self::Sweep,
        Self::Vacate,
        Self::Write,
    ];

    /// Its name in figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::Commit => "commit",
            Self::Delete => "delete",
            Self::Discard => "discard",
            Self::List => "list",
            Self::Read => "read",
            Self::Size => "size",
            Self::Start => "start",
            Self::Sweep => "sweep",
            Self::Vacate => "vacate",
            Self::Write => "write",
        }
    }
}

/// What a store has done since it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreMetrics {
    /// Bytes that the store took.
    pub bytes_in: u64,
    /// Bytes that the store gave.
    pub bytes_out: u64,
    /// Reads that broke off after they had started.
    pub broken_reads: u64,
    /// What it was asked.
    pub operations: BTreeMap<StoreOperation, OperationMetrics>,
}

/// What came of one kind of operation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationMetrics {
    /// How many ended in an error, of whatever kind.
    pub errors: u64,
    /// How many there were, and how long they took. One that its caller gave up is not among them.
    pub latency: Histogram,
}

/// A store whose work is counted.
///
/// ```
/// use std::sync::Arc;
/// use glance_core::memory::MemoryStore;
/// use glance_stores::{Metered, StoreOperation};
///
/// let store = Metered::new(Arc::new(MemoryStore::default()));
/// let metrics = store.metrics();
/// assert_eq!(metrics.operations[&StoreOperation::Read].latency.count(), 0);
/// ```
#[derive(Debug)]
pub struct Metered {
    store: Arc<dyn ImageStore>,
    meter: Arc<Meter>,
}

impl Metered {
    /// `store`, counted from now on.
    pub fn new(store: Arc<dyn ImageStore>) -> Self {
        Self {
            store,
            meter: Arc::default(),
        }
    }

    /// What the store has done. What ends meanwhile may be in one figure, and not yet in another.
    pub fn metrics(&self) -> StoreMetrics {
        self.meter.snapshot()
    }
}

#[derive(Debug, Default)]
struct Meter {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    broken_reads: AtomicU64,
    /// In the order of `StoreOperation::ALL`.
    operations: [Counted; StoreOperation::ALL.len()],
}

#[derive(Debug, Default)]
struct Counted {
    errors: AtomicU64,
    latency: Timings,
}

impl Meter {
    async fn count<T>(
        &self,
        operation: StoreOperation,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        let result = work.await;
        if let Some(counted) = self.operations.get(operation as usize) {
            counted.latency.add(begun.elapsed());
            if result.is_err() {
                counted.errors.fetch_add(1, Ordering::Relaxed);
            }
        }
        result
    }

    fn snapshot(&self) -> StoreMetrics {
        let operations = StoreOperation::ALL.into_iter().zip(&self.operations);
        StoreMetrics {
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            broken_reads: self.broken_reads.load(Ordering::Relaxed),
            operations: operations
                .map(|(operation, counted)| {
                    let metrics = OperationMetrics {
                        errors: counted.errors.load(Ordering::Relaxed),
                        latency: counted.latency.snapshot(),
                    };
                    (operation, metrics)
                })
                .collect(),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for Metered {
    glance_core::image_store_known_as!(store);

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        let start = self.store.start(key);
        let writer = self.meter.count(StoreOperation::Start, start).await?;
        Ok(Box::new(MeteredWriter {
            writer,
            meter: Arc::clone(&self.meter),
        }))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        let read = self.store.read(location, range);
        let bytes = self.meter.count(StoreOperation::Read, read).await?;
        let meter = Arc::clone(&self.meter);
        Ok(ByteStream::new(bytes.inspect(move |chunk| match chunk {
            Ok(chunk) => {
                let length = chunk.len() as u64;
                meter.bytes_out.fetch_add(length, Ordering::Relaxed);
            }
            Err(_) => {
                meter.broken_reads.fetch_add(1, Ordering::Relaxed);
            }
        })))
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        let size = self.store.size(location);
        self.meter.count(StoreOperation::Size, size).await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        let delete = self.store.delete(location);
        self.meter.count(StoreOperation::Delete, delete).await
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        let discard = self.store.discard(key);
        self.meter.count(StoreOperation::Discard, discard).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        let vacate = self.store.vacate(image);
        self.meter.count(StoreOperation::Vacate, vacate).await
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        let sweep = self.store.sweep(idle);
        self.meter.count(StoreOperation::Sweep, sweep).await
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        let list = self.store.list();
        self.meter.count(StoreOperation::List, list).await
    }
}

#[derive(Debug)]
struct MeteredWriter {
    writer: Box<dyn BlobWriter>,
    meter: Arc<Meter>,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl BlobWriter for MeteredWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        let length = chunk.len() as u64;
        let write = self.writer.write(chunk);
        self.meter.count(StoreOperation::Write, write).await?;
        self.meter.bytes_in.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        let commit = self.writer.commit();
        self.meter.count(StoreOperation::Commit, commit).await
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        let abort = self.writer.abort();
        self.meter.count(StoreOperation::Abort, abort).await
    }
}

#[cfg(test)]
mod tests;
