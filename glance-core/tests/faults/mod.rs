//! Ports that pause, so that others run or the process ends there, and that fail now and then.

mod catalog;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::query::TaskQuery;
use glance_core::domain::{
    BlobUrl, ByteRange, Claim, Holder, Image, ImageId, Intent, IntentId, Location, ProjectId,
    StoreId, Task, TaskId, TaskStatus, Timestamp, Usage, Work,
};
use glance_core::memory::{MemoryCatalog, MemoryStore, Simulation};
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, ByteStream, CatalogError, Executor, ImageStore, Located,
    OddImage, Operation, ScheduledDelete, ScheduledDeletes, StoreError, TaskLog, UsageLedger,
};

/// One call in so many fails, and one stands still.
const RARELY: usize = 40;

/// How long a process stands still, as one that swaps or was stopped does: longer than a lease.
const STALL: Duration = Duration::from_secs(45);

/// The trouble that one node has, and what becomes of it.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) simulation: Simulation,
    pub(crate) node: String,
    pub(crate) catalog: Arc<MemoryCatalog>,
    pub(crate) shared: Arc<Shared>,
    /// Where what is on its way to the store goes on without the node.
    pub(crate) network: Simulation,
}

/// What all nodes share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Nothing fails any more.
    pub(crate) over: AtomicBool,
    /// Blobs committed by nodes that had lost the lease, and not removed yet.
    pub(crate) late: Mutex<BTreeSet<(String, ImageId)>>,
    /// Commits that nodes gave up, and that are still to take effect.
    pub(crate) on_their_way: Mutex<BTreeSet<(String, ImageId)>>,
}

impl Trouble {
    /// One time in [`RARELY`].
    fn strikes(&self) -> bool {
        self.simulation.choose(RARELY) == 0 && !self.shared.over.load(Ordering::Relaxed)
    }

    /// Stands still now and then.
    async fn stall(&self) {
        self.simulation.pause().await;
        if self.strikes() {
            self.simulation.sleep(STALL).await;
        }
    }

    /// Fails now and then.
    async fn fault(&self, store: &StoreId, operation: Operation) -> Result<(), StoreError> {
        self.simulation.pause().await;
        if self.strikes() {
            let (store, source) = (store.clone(), "simulated".into());
            return Err(StoreError::Backend {
                store,
                operation,
                source,
            });
        }
        Ok(())
    }

    /// Both.
    async fn any(&self, store: &StoreId, operation: Operation) -> Result<(), StoreError> {
        self.stall().await;
        self.fault(store, operation).await
    }

    /// Whether this node holds the lease of an intent that is as asked for.
    fn holds(&self, wanted: impl Fn(&Intent) -> bool) -> bool {
        let now = self.simulation.now();
        let intents = self.catalog.intents();
        intents.iter().any(|intent| {
            wanted(intent) && intent.holder.node == self.node && intent.lease_until > now
        })
    }

    /// Notes a blob that came too late.
    fn committed(&self, key: &BlobKey) {
        if !self.holds(|intent| intent.id == key.upload) {
            let late = (self.node.clone(), key.image);
            self.shared.late.lock().unwrap().insert(late);
        }
    }

    fn removed(&self, image: ImageId) {
        let mut late = self.shared.late.lock().unwrap();
        late.retain(|(_, stray)| *stray != image);
    }

    /// Only who holds the lease of an image removes its blob, or anybody once it is gone.
    fn may_remove(&self, id: ImageId) {
        let gone = self.catalog.images().iter().all(|image| image.id != id);
        let held = self.holds(|intent| intent.image == id);
        assert!(
            gone || held,
            "the blob of {id} is removed without its lease"
        );
    }
}

/// A catalog that cannot be reached now and then, before or after it did its work.
#[derive(Debug)]
pub(crate) struct FaultyCatalog {
    inner: Arc<MemoryCatalog>,
    trouble: Trouble,
}

impl FaultyCatalog {
    pub(crate) fn new(trouble: Trouble) -> Self {
        let inner = Arc::clone(&trouble.catalog);
        Self { inner, trouble }
    }

    async fn trouble(&self) -> Result<(), CatalogError> {
        self.trouble.stall().await;
        if self.trouble.strikes() {
            let source = "simulated".into();
            return Err(CatalogError::Unavailable { source });
        }
        Ok(())
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
impl ScheduledDeletes for FaultyCatalog {
    async fn due(
        &self,
        before: Timestamp,
        after: Option<ImageId>,
        limit: u32,
    ) -> Result<Vec<ScheduledDelete>, CatalogError> {
        self.around(self.inner.due(before, after, limit)).await
    }

    async fn located(&self, after: Option<u64>, limit: u32) -> Result<Vec<Located>, CatalogError> {
        self.around(self.inner.located(after, limit)).await
    }

    async fn all_images(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Result<Image, OddImage>>, CatalogError> {
        self.around(self.inner.all_images(after, limit)).await
    }

    async fn left(&self, image: ImageId) -> Result<Vec<Location>, CatalogError> {
        self.around(self.inner.left(image)).await
    }

    async fn claim(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError> {
        self.around(self.inner.claim(intent, now)).await
    }

    async fn scrubbed(
        &self,
        image: ImageId,
        url: &BlobUrl,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        self.around(self.inner.scrubbed(image, url, now)).await
    }

    async fn finish(&self, image: ImageId, now: Timestamp) -> Result<bool, CatalogError> {
        self.around(self.inner.finish(image, now)).await
    }

    async fn restore(
        &self,
        image: ImageId,
        unrelated: &[IntentId],
        now: Timestamp,
    ) -> Result<Image, CatalogError> {
        self.around(self.inner.restore(image, unrelated, now)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl UsageLedger for FaultyCatalog {
    async fn usage(&self, project: &ProjectId) -> Result<Usage, CatalogError> {
        self.around(self.inner.usage(project)).await
    }

    async fn reserve(
        &self,
        intent: &IntentId,
        holder: &Holder,
        claim: &Claim,
    ) -> Result<(), CatalogError> {
        self.around(self.inner.reserve(intent, holder, claim)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskLog for FaultyCatalog {
    async fn insert_task(&self, task: &Task) -> Result<(), CatalogError> {
        self.around(self.inner.insert_task(task)).await
    }

    async fn find_task(&self, id: &TaskId) -> Result<Option<Task>, CatalogError> {
        self.around(self.inner.find_task(id)).await
    }

    async fn list_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, CatalogError> {
        self.around(self.inner.list_tasks(query)).await
    }

    async fn move_task(&self, task: &Task, from: TaskStatus) -> Result<(), CatalogError> {
        self.around(self.inner.move_task(task, from)).await
    }

    async fn expire_tasks(&self, now: Timestamp) -> Result<u64, CatalogError> {
        self.around(self.inner.expire_tasks(now)).await
    }
}

/// A store that fails now and then, and holds its users to the contract.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: Arc<MemoryStore>,
    trouble: Trouble,
}

impl FaultyStore {
    pub(crate) fn new(inner: Arc<MemoryStore>, trouble: Trouble) -> Self {
        Self { inner, trouble }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for FaultyStore {
    glance_core::image_store_known_as!(inner);

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.trouble.fault(self.id(), Operation::Write).await?;
        let inner = self.inner.start(key).await?;
        self.trouble.any(self.id(), Operation::Write).await?;
        Ok(Box::new(FaultyWriter {
            target: Arc::clone(&self.inner),
            written: Vec::new(),
            inner,
            key: key.clone(),
            trouble: self.trouble.clone(),
            store: self.id().clone(),
        }))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        self.trouble.any(self.id(), Operation::Read).await?;
        self.inner.read(location, range).await
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.inner.size(location).await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        self.trouble.fault(self.id(), Operation::Delete).await?;
        let image = location.as_str().rsplit('/').next().unwrap();
        self.trouble.may_remove(image.parse().unwrap());
        self.inner.delete(location).await?;
        self.trouble.any(self.id(), Operation::Delete).await
    }

    // No stall before these: between making sure of a lease and the call that follows, a process
    // must not stand still for the whole of it (ADR 0006).
    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.trouble.fault(self.id(), Operation::Delete).await?;
        let held = self.trouble.holds(|intent| match &intent.work {
            Work::Discard(upload) => *upload == key.upload,
            _ => intent.id == key.upload,
        });
        assert!(held, "{key:?} is discarded without its lease");
        self.inner.discard(key).await?;
        self.trouble.any(self.id(), Operation::Delete).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.trouble.fault(self.id(), Operation::Delete).await?;
        self.trouble.may_remove(image);
        self.trouble.removed(image);
        self.inner.vacate(image).await?;
        self.trouble.any(self.id(), Operation::Delete).await
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        self.trouble.any(self.id(), Operation::Delete).await?;
        self.inner.sweep(idle).await
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        self.trouble.any(self.id(), Operation::List).await?;
        self.inner.list().await
    }
}

#[derive(Debug)]
struct FaultyWriter {
    target: Arc<MemoryStore>,
    /// A copy of what `inner` was given.
    written: Vec<u8>,
    inner: Box<dyn BlobWriter>,
    key: BlobKey,
    trouble: Trouble,
    store: StoreId,
}

#[async_trait]
impl BlobWriter for FaultyWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.trouble.any(&self.store, Operation::Write).await?;
        self.written.extend_from_slice(&chunk);
        self.inner.write(chunk).await
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        let held = self.trouble.holds(|intent| intent.id == self.key.upload);
        assert!(held, "{:?} is committed without its lease", self.key);
        self.trouble.any(&self.store, Operation::Write).await?;
        if self.trouble.strikes() {
            return Err(self.land_later());
        }
        let location = self.inner.commit().await?;
        self.trouble.committed(&self.key);
        // The blob is there, and who wrote it does not hear of it, or late.
        self.trouble.any(&self.store, Operation::Write).await?;
        Ok(location)
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        self.trouble.any(&self.store, Operation::Write).await?;
        self.inner.abort().await
    }
}

impl FaultyWriter {
    /// The commit misses its deadline, and takes effect all the same: within a lease, whatever was
    /// discarded meanwhile, and also where the node crashes.
    fn land_later(self) -> StoreError {
        let error = StoreError::Unavailable {
            store: self.store,
            operation: Operation::Write,
            source: "simulated".into(),
        };
        let (target, trouble, key) = (self.target, self.trouble, self.key);
        let on_its_way = (trouble.node.clone(), key.image);
        let on_their_way = trouble.shared.on_their_way.lock();
        on_their_way.unwrap().insert(on_its_way.clone());
        let (network, written) = (trouble.network.clone(), self.written);
        let delay = Duration::from_secs(network.choose(30) as u64);
        network.clone().spawn(Box::pin(async move {
            network.sleep(delay).await;
            let landing = BlobKey {
                upload: "landing".parse().unwrap(),
                ..key.clone()
            };
            let mut writer = target.start(&landing).await.unwrap();
            writer.write(written.into()).await.unwrap();
            // Refused where another blob stands.
            if writer.commit().await.is_ok() {
                trouble.committed(&key);
            }
            let on_their_way = trouble.shared.on_their_way.lock();
            on_their_way.unwrap().remove(&on_its_way);
        }));
        error
    }
}
