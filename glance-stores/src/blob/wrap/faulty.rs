//! A store with faults, for the tests of what stands around a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use glance_core::domain::{BlobUrl, ByteRange, ImageId, Location};
use glance_core::memory::MemoryStore;
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, BodyError, ByteStream, ImageStore, Operation, StoreError,
};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// Nothing is answered any more, once a transfer has begun also not to it.
    Hangs,
    /// Transfers begin, and then no byte moves; nor do they end.
    Stalls,
    /// What is read breaks off after some bytes.
    BreaksOff,
    /// It is out of reach for the first tries.
    UnavailableFor(u32),
    /// It does what it is asked, and its first answer is lost.
    LosesAnAnswer,
}

/// Bytes in memory behind a fault. Clones are one store.
#[derive(Debug, Clone)]
pub(super) struct Faulty {
    pub(super) memory: MemoryStore,
    fault: Fault,
    asked: Arc<AtomicU32>,
}

impl Faulty {
    pub(super) fn new(fault: Fault) -> Self {
        Self::named("memory", fault)
    }

    pub(super) fn named(name: &str, fault: Fault) -> Self {
        Self {
            memory: MemoryStore::new(name.parse().unwrap()),
            fault,
            asked: Arc::default(),
        }
    }

    /// The same bytes behind another fault.
    pub(super) fn with(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }

    /// A store that holds one blob.
    pub(super) async fn with_blob(fault: Fault) -> (Self, BlobUrl) {
        let store = Self::new(fault);
        let mut writer = store.memory.start(&key()).await.unwrap();
        writer.write(Bytes::from_static(BLOB)).await.unwrap();
        let url = writer.commit().await.unwrap().url;
        (store, url)
    }

    /// How often it was asked for anything.
    pub(super) fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    fn unavailable(&self) -> StoreError {
        StoreError::Unavailable {
            store: self.memory.id().clone(),
            operation: Operation::Read,
            source: "out of reach".into(),
        }
    }

    async fn before(&self) -> Result<(), StoreError> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::Hangs => std::future::pending().await,
            Fault::UnavailableFor(tries) if asked < tries => Err(self.unavailable()),
            _ => Ok(()),
        }
    }

    fn after<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        match self.fault {
            Fault::LosesAnAnswer if self.asked() == 1 => Err(self.unavailable()),
            _ => result,
        }
    }
}

#[async_trait]
impl ImageStore for Faulty {
    glance_core::image_store_known_as!(memory);

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.before().await?;
        let writer = self.memory.start(key).await?;
        Ok(match self.fault {
            Fault::Stalls => Box::new(Stalled),
            _ => writer,
        })
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        self.before().await?;
        let bytes = self.memory.read(location, range).await?;
        Ok(match self.fault {
            Fault::Stalls => {
                let first = stream::iter([Ok::<_, BodyError>(Bytes::from_static(b"first"))]);
                ByteStream::new(first.chain(stream::pending()))
            }
            Fault::BreaksOff => {
                let first = bytes.map(|chunk| chunk.map(|chunk| chunk.slice(..FIRST)));
                let end = Err(BodyError("the line is dead".into()));
                ByteStream::new(first.take(1).chain(stream::iter([end])))
            }
            _ => bytes,
        })
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.before().await?;
        self.after(self.memory.size(location).await)
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        self.before().await?;
        self.after(self.memory.delete(location).await)
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.before().await?;
        self.after(self.memory.discard(key).await)
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.before().await?;
        self.after(self.memory.vacate(image).await)
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        self.before().await?;
        self.after(self.memory.sweep(idle).await)
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        self.before().await?;
        let blobs = self.memory.list().await?;
        Ok(match self.fault {
            Fault::Stalls => BlobList::new(stream::pending()),
            _ => blobs,
        })
    }
}

#[derive(Debug)]
struct Stalled;

#[async_trait]
impl BlobWriter for Stalled {
    async fn write(&mut self, _chunk: Bytes) -> Result<(), StoreError> {
        std::future::pending().await
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        std::future::pending().await
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        std::future::pending().await
    }
}

pub(super) fn key() -> BlobKey {
    BlobKey {
        image: ImageId::from_bits(1),
        upload: "upload".parse().unwrap(),
        size: None,
    }
}

/// Bytes that come before what is read breaks off.
const FIRST: usize = 5;

pub(super) const BLOB: &[u8] = b"first and second";
