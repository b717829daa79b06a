//! A bulkhead and deadlines around a store (rule R19).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use glance_core::domain::{BlobUrl, ByteRange, ImageId, Location, StoreId};
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, ByteStream, ImageStore, Operation, StoreError,
};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::watched::Watched;

/// How much at a time a store is given to do, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreLimits {
    /// Blobs that are read or written at the same time.
    pub transfers: usize,
    /// Other operations at the same time.
    pub operations: usize,
    /// How long one waits for its turn.
    pub turn: Duration,
    /// How long a short operation may take: to start to read, write or list, to abort, `size`,
    /// `delete`, `discard`, `vacate`.
    pub short: Duration,
    /// How long what grows with a blob or a store may take: `commit`, `sweep`.
    pub long: Duration,
    /// How long a transfer may wait for the store to take a chunk, or to give the next one, and a
    /// list for the next blob. A
    /// transfer as a whole has no deadline, and the time its other end takes does not count.
    pub idle: Duration,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            transfers: 256,
            operations: 64,
            turn: Duration::from_secs(5),
            short: Duration::from_secs(10),
            long: Duration::from_secs(300),
            idle: Duration::from_secs(60),
        }
    }
}

/// A store that answers in time: what takes too long, or finds no turn, is
/// [`StoreError::Unavailable`]. One that hangs holds up its own callers only, and so many of them.
///
/// Whatever misses its deadline is dropped. Of a `commit`, the outcome is then unknown: the blob
/// may be there, or come to be there. The core takes it for failed, and removes the blob (`discard`,
/// `vacate`) after another lease, in which what is on its way may land (ADR 0006).
///
/// Dropping stops what waits for a socket. It does not stop a system call on a thread of its own:
/// a store that blocks threads bounds their number itself.
///
/// ```
/// use std::sync::Arc;
/// use glance_core::memory::MemoryStore;
/// use glance_core::ports::ImageStore;
/// use glance_stores::{Limited, StoreLimits};
///
/// let store = Limited::new(Arc::new(MemoryStore::default()), StoreLimits::default());
/// assert_eq!(store.id().as_str(), "memory");
/// ```
#[derive(Debug)]
pub struct Limited {
    store: Arc<dyn ImageStore>,
    limits: StoreLimits,
    transfers: Arc<Semaphore>,
    operations: Arc<Semaphore>,
}

impl Limited {
    /// `store` within `limits`.
    pub fn new(store: Arc<dyn ImageStore>, limits: StoreLimits) -> Self {
        Self {
            store,
            limits,
            transfers: Arc::new(places(limits.transfers)),
            operations: Arc::new(places(limits.operations)),
        }
    }

    /// A place in the bulkhead, given back when it is dropped.
    async fn turn(
        &self,
        places: &Arc<Semaphore>,
        operation: Operation,
    ) -> Result<OwnedSemaphorePermit, StoreError> {
        let place = timeout(self.limits.turn, Arc::clone(places).acquire_owned()).await;
        match place {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(self.late(operation, Late::Turn(self.limits.turn))),
        }
    }

    /// A short or long operation: in turn, and in time.
    async fn operation<T>(
        &self,
        operation: Operation,
        deadline: Duration,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let _place = self.turn(&self.operations, operation).await?;
        self.in_time(operation, deadline, work).await
    }

    async fn in_time<T>(
        &self,
        operation: Operation,
        deadline: Duration,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let done = timeout(deadline, work).await;
        done.unwrap_or_else(|_| Err(self.late(operation, Late::Deadline(deadline))))
    }

    fn late(&self, operation: Operation, late: Late) -> StoreError {
        unavailable(self.store.id(), operation, late)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for Limited {
    glance_core::image_store_known_as!(store);

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        let place = self.turn(&self.transfers, Operation::Write).await?;
        let start = self.store.start(key);
        let writer = self
            .in_time(Operation::Write, self.limits.short, start)
            .await?;
        Ok(Box::new(LimitedWriter {
            writer,
            store: self.store.id().clone(),
            limits: self.limits,
            _place: place,
        }))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        let operation = match range {
            Some(_) => Operation::ReadRange,
            None => Operation::Read,
        };
        let place = self.turn(&self.transfers, operation).await?;
        let read = self.store.read(location, range);
        let bytes = self.in_time(operation, self.limits.short, read).await?;
        Ok(ByteStream::new(Watched::new(
            bytes,
            self.limits.idle,
            place,
        )))
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        let size = self.store.size(location);
        self.operation(Operation::Size, self.limits.short, size)
            .await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        let delete = self.store.delete(location);
        self.operation(Operation::Delete, self.limits.short, delete)
            .await
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        let discard = self.store.discard(key);
        self.operation(Operation::Delete, self.limits.short, discard)
            .await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        let vacate = self.store.vacate(image);
        self.operation(Operation::Delete, self.limits.short, vacate)
            .await
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        let sweep = self.store.sweep(idle);
        self.operation(Operation::Delete, self.limits.long, sweep)
            .await
    }

    /// A place for as long as the list goes on; each blob of it has to come in time.
    async fn list(&self) -> Result<BlobList, StoreError> {
        let place = self.turn(&self.operations, Operation::List).await?;
        let list = self.store.list();
        let blobs = self
            .in_time(Operation::List, self.limits.short, list)
            .await?;
        let (store, idle) = (self.store.id().clone(), self.limits.idle);
        Ok(BlobList::new(stream::unfold(
            Some((blobs, place)),
            move |going_on| {
                let store = store.clone();
                async move {
                    let (mut blobs, place) = going_on?;
                    match timeout(idle, blobs.next()).await {
                        Ok(blob) => blob.map(|blob| (blob, Some((blobs, place)))),
                        Err(_) => {
                            let late = Late::Deadline(idle);
                            let late = unavailable(&store, Operation::List, late);
                            Some((Err(late), None))
                        }
                    }
                }
            },
        )))
    }
}

#[derive(Debug)]
struct LimitedWriter {
    writer: Box<dyn BlobWriter>,
    store: StoreId,
    limits: StoreLimits,
    _place: OwnedSemaphorePermit,
}

impl LimitedWriter {
    fn late(store: &StoreId, deadline: Duration) -> StoreError {
        unavailable(store, Operation::Write, Late::Deadline(deadline))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl BlobWriter for LimitedWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        let deadline = self.limits.idle;
        let written = timeout(deadline, self.writer.write(chunk)).await;
        written.unwrap_or_else(|_| Err(Self::late(&self.store, deadline)))
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        let deadline = self.limits.long;
        let committed = timeout(deadline, self.writer.commit()).await;
        committed.unwrap_or_else(|_| Err(Self::late(&self.store, deadline)))
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        let deadline = self.limits.short;
        let aborted = timeout(deadline, self.writer.abort()).await;
        aborted.unwrap_or_else(|_| Err(Self::late(&self.store, deadline)))
    }
}

fn places(count: usize) -> Semaphore {
    Semaphore::new(count.min(Semaphore::MAX_PERMITS))
}

fn unavailable(store: &StoreId, operation: Operation, late: Late) -> StoreError {
    StoreError::Unavailable {
        store: store.clone(),
        operation,
        source: late.into(),
    }
}

/// What came too late.
#[derive(Debug, Error)]
enum Late {
    #[error("it did not answer within {} s", .0.as_secs_f64())]
    Deadline(Duration),
    #[error("it is busy: no turn came within {} s", .0.as_secs_f64())]
    Turn(Duration),
}

#[cfg(test)]
mod tests;
