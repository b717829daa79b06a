//! A store that does not do what it is asked.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use glance_core::domain::{BlobUrl, ByteRange, ImageId};
use glance_core::memory::MemoryStore;
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, ByteStream, ImageStore, Operation, StoreError,
};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "each test has its own trouble")]
pub(crate) enum Trouble {
    /// Nothing.
    None,
    /// It never answers.
    Dead,
    /// It is out of reach for those who remove something.
    Away,
    /// It refuses to remove anything, and always will.
    Stubborn,
}

/// A store in memory, and its trouble, which may change. Clones are one store.
#[derive(Debug, Clone)]
pub(crate) struct Troubled {
    pub(crate) store: Arc<MemoryStore>,
    trouble: Arc<Mutex<Trouble>>,
}

impl Troubled {
    pub(crate) fn new(store: MemoryStore, trouble: Trouble) -> Self {
        Self {
            store: Arc::new(store),
            trouble: Arc::new(Mutex::new(trouble)),
        }
    }

    #[allow(dead_code, reason = "not every trouble passes")]
    pub(crate) fn set(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = trouble;
    }

    async fn answers(&self) {
        if *self.trouble.lock().unwrap() == Trouble::Dead {
            pending::<()>().await;
        }
    }

    async fn removes(&self) -> Result<(), StoreError> {
        self.answers().await;
        let (store, operation) = (self.id().clone(), Operation::Delete);
        let trouble = *self.trouble.lock().unwrap();
        match trouble {
            Trouble::None | Trouble::Dead => Ok(()),
            Trouble::Away => Err(StoreError::Unavailable {
                store,
                operation,
                source: "simulated".into(),
            }),
            Trouble::Stubborn => Err(StoreError::Backend {
                store,
                operation,
                source: "simulated".into(),
            }),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for Troubled {
    glance_core::image_store_known_as!(store);

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.answers().await;
        self.store.start(key).await
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        self.answers().await;
        self.store.read(location, range).await
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.answers().await;
        self.store.size(location).await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        self.removes().await?;
        self.store.delete(location).await
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.removes().await?;
        self.store.discard(key).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.removes().await?;
        self.store.vacate(image).await
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        self.answers().await;
        self.store.sweep(idle).await
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        self.answers().await;
        self.store.list().await
    }
}
