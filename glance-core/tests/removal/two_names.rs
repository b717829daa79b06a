//! Stores that know two spellings of each place, and the first of which may be away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use glance_core::domain::{BlobUrl, ByteRange, ImageId, StoreId};
use glance_core::memory::{MemoryStore, VirtualClock};
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, ByteStream, Capabilities, ImageStore, Operation, StoreError,
};
use glance_core::{Glance, GlanceBuilder, Settings};

use crate::twice::Twice;

/// A store whose URLs have two schemes, and that can be out of reach for deletes.
#[derive(Debug)]
struct TwoNames {
    inner: Arc<MemoryStore>,
    is_away: Arc<AtomicBool>,
    deletes: Arc<AtomicUsize>,
}

impl TwoNames {
    fn plain(location: &BlobUrl) -> BlobUrl {
        BlobUrl::new(location.as_str().replace("memory+s://", "memory://"))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for TwoNames {
    fn id(&self) -> &StoreId {
        self.inner.id()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn owns(&self, location: &BlobUrl) -> bool {
        self.inner.owns(&Self::plain(location))
    }

    fn canonical(&self, location: &BlobUrl) -> BlobUrl {
        Self::plain(location)
    }

    fn copies(&self, location: &BlobUrl) -> Vec<BlobUrl> {
        vec![Self::plain(location)]
    }

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.inner.start(key).await
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        self.inner.read(&Self::plain(location), range).await
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.inner.size(&Self::plain(location)).await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        self.deletes.fetch_add(1, Ordering::Relaxed);
        if self.is_away.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable {
                store: self.id().clone(),
                operation: Operation::Delete,
                source: "it is away".into(),
            });
        }
        self.inner.delete(&Self::plain(location)).await
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.inner.discard(key).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.inner.vacate(image).await
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        self.inner.sweep(idle).await
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        self.inner.list().await
    }
}

/// A service on two such stores.
pub(crate) struct Site {
    pub(crate) world: Twice,
    pub(crate) glance: Glance,
    pub(crate) clock: VirtualClock,
    pub(crate) is_away: Arc<AtomicBool>,
    /// How often the first store was asked to remove something.
    pub(crate) deletes: Arc<AtomicUsize>,
}

impl Site {
    pub(crate) fn new(settings: Settings) -> Self {
        let world = Twice::new(ImageId::from_bits(1));
        let clock = VirtualClock::default();
        let (is_away, deletes) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let stores = world.stores(|inner| {
            let is_first = inner.id().as_str() == "memory";
            let (is_away, deletes) = if is_first {
                (Arc::clone(&is_away), Arc::clone(&deletes))
            } else {
                Default::default()
            };
            Arc::new(TwoNames {
                inner,
                is_away,
                deletes,
            })
        });
        let runtime = clock.runtime(0);
        let glance = GlanceBuilder::new(Arc::clone(&world.catalog) as _, stores, runtime)
            .with_settings(settings)
            .build()
            .unwrap();
        Self {
            world,
            glance,
            clock,
            is_away,
            deletes,
        }
    }

    pub(crate) fn is_held(&self, store: usize, id: ImageId) -> bool {
        self.world.held[store].contents().0.contains(&id)
    }
}
