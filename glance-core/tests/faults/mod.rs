//! Ports that pause, so that others run or the process ends there, and that fail now and then.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::query::ImageQuery;
use glance_core::domain::{
    BlobUrl, ByteRange, Change, Holder, Image, ImageId, Intent, IntentId, Location, MemberStatus,
    Membership, ProjectId, StoreId, Timestamp, Viewer,
};
use glance_core::memory::{MemoryCatalog, MemoryStore, Simulation};
use glance_core::ports::{
    BlobKey, BlobWriter, ByteStream, Capabilities, Catalog, CatalogError, Executor, ImageStore,
    Operation, SeenImage, StoreError,
};

/// One call in so many fails, and one stands still.
const RARELY: usize = 40;

/// How long a process stands still, as one that swaps or was stopped does: longer than a lease.
const STALL: Duration = Duration::from_secs(45);

/// A catalog that cannot be reached now and then, before or after it did its work.
#[derive(Debug)]
pub(crate) struct FaultyCatalog {
    inner: Arc<MemoryCatalog>,
    simulation: Simulation,
}

impl FaultyCatalog {
    pub(crate) fn new(inner: Arc<MemoryCatalog>, simulation: Simulation) -> Self {
        Self { inner, simulation }
    }

    async fn trouble(&self) -> Result<(), CatalogError> {
        stall(&self.simulation).await;
        match self.simulation.choose(RARELY) {
            0 => Err(CatalogError::Unavailable {
                source: "simulated".into(),
            }),
            _ => Ok(()),
        }
    }

    async fn around<T>(
        &self,
        work: impl Future<Output = Result<T, CatalogError>> + Send,
    ) -> Result<T, CatalogError> {
        self.trouble().await?;
        let result = work.await?;
        // The work is done, and who asked does not hear of it.
        self.trouble().await?;
        Ok(result)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Catalog for FaultyCatalog {
    async fn insert(&self, image: &Image, quota: Option<u64>) -> Result<(), CatalogError> {
        self.around(self.inner.insert(image, quota)).await
    }

    async fn find(
        &self,
        id: ImageId,
        project: Option<&ProjectId>,
    ) -> Result<Option<SeenImage>, CatalogError> {
        self.around(self.inner.find(id, project)).await
    }

    async fn list(&self, query: &ImageQuery, viewer: &Viewer) -> Result<Vec<Image>, CatalogError> {
        self.around(self.inner.list(query, viewer)).await
    }

    async fn commit(&self, change: &Change) -> Result<Image, CatalogError> {
        self.around(self.inner.commit(change)).await
    }

    async fn members(&self, image: ImageId) -> Result<Vec<Membership>, CatalogError> {
        self.around(self.inner.members(image)).await
    }

    async fn put_member(
        &self,
        member: &Membership,
        quota: Option<u64>,
    ) -> Result<(), CatalogError> {
        self.around(self.inner.put_member(member, quota)).await
    }

    async fn set_member(
        &self,
        image: ImageId,
        project: &ProjectId,
        status: Option<MemberStatus>,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        self.around(self.inner.set_member(image, project, status, now))
            .await
    }

    async fn abandoned_intents(
        &self,
        asking: &Holder,
        now: Timestamp,
    ) -> Result<Vec<Intent>, CatalogError> {
        self.around(self.inner.abandoned_intents(asking, now)).await
    }

    async fn renew_intent(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.around(self.inner.renew_intent(intent, holder, now, until))
            .await
    }

    async fn end_intent(&self, intent: &IntentId, holder: &Holder) -> Result<(), CatalogError> {
        self.around(self.inner.end_intent(intent, holder)).await
    }
}

/// A store that fails now and then.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: Arc<MemoryStore>,
    simulation: Simulation,
}

impl FaultyStore {
    pub(crate) fn new(inner: Arc<MemoryStore>, simulation: Simulation) -> Self {
        Self { inner, simulation }
    }
}

/// Stands still now and then.
async fn stall(simulation: &Simulation) {
    simulation.pause().await;
    if simulation.choose(RARELY) == 0 {
        simulation.sleep(STALL).await;
    }
}

/// Fails now and then.
async fn fault(
    simulation: &Simulation,
    store: &StoreId,
    operation: Operation,
) -> Result<(), StoreError> {
    simulation.pause().await;
    match simulation.choose(RARELY) {
        0 => Err(StoreError::Backend {
            store: store.clone(),
            operation,
            source: "simulated".into(),
        }),
        _ => Ok(()),
    }
}

/// Both.
async fn trouble(
    simulation: &Simulation,
    store: &StoreId,
    operation: Operation,
) -> Result<(), StoreError> {
    stall(simulation).await;
    fault(simulation, store, operation).await
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for FaultyStore {
    fn id(&self) -> &StoreId {
        self.inner.id()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn owns(&self, location: &BlobUrl) -> bool {
        self.inner.owns(location)
    }

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        trouble(&self.simulation, self.id(), Operation::Write).await?;
        let inner = self.inner.start(key).await?;
        let (simulation, store) = (self.simulation.clone(), self.id().clone());
        Ok(Box::new(FaultyWriter {
            inner,
            simulation,
            store,
        }))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        trouble(&self.simulation, self.id(), Operation::Read).await?;
        self.inner.read(location, range).await
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.inner.size(location).await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        trouble(&self.simulation, self.id(), Operation::Delete).await?;
        self.inner.delete(location).await
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        trouble(&self.simulation, self.id(), Operation::Delete).await?;
        self.inner.discard(key).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        // No stall here: between making sure of a lease and the call that follows, a process
        // must not stand still for the whole of it (ADR 0006).
        fault(&self.simulation, self.id(), Operation::Delete).await?;
        self.inner.vacate(image).await
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        trouble(&self.simulation, self.id(), Operation::Delete).await?;
        self.inner.sweep(idle).await
    }
}

#[derive(Debug)]
struct FaultyWriter {
    inner: Box<dyn BlobWriter>,
    simulation: Simulation,
    store: StoreId,
}

#[async_trait]
impl BlobWriter for FaultyWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        trouble(&self.simulation, &self.store, Operation::Write).await?;
        self.inner.write(chunk).await
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        trouble(&self.simulation, &self.store, Operation::Write).await?;
        let location = self.inner.commit().await?;
        // The blob is there, and who wrote it does not hear of it, or late.
        trouble(&self.simulation, &self.store, Operation::Write).await?;
        Ok(location)
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        trouble(&self.simulation, &self.store, Operation::Write).await?;
        self.inner.abort().await
    }
}
