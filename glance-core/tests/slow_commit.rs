//! A store that takes longer than a lease to commit.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::{
    BlobUrl, ByteRange, Caller, Draft, Image, ImageId, ImportMethod, Location, Status,
};
use glance_core::memory::{MemoryCatalog, MemoryStore, Simulation};
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, ByteStream, Executor, ImageStore, Operation, StoreError,
};
use glance_core::{Error, Glance, GlanceBuilder, ImportSettings, Settings, Stores, UploadOptions};

/// As long as a store is given (rule R19).
const COMMIT: Duration = Duration::from_secs(300);

const DATA: &str = "data";

#[test]
fn an_upload_keeps_its_lease_while_the_store_commits() {
    let world = World::new(false);

    // Somebody else, who would take the work over as soon as the lease ends.
    let other = world.glance("other");
    world.simulation.spawn(Box::pin(async move {
        other.keep_scrubbing().await;
    }));
    let uploaded = world.upload();

    assert_eq!(uploaded.unwrap().status(), Status::Active);
    let (blobs, _) = world.slow.store.contents();
    assert_eq!(blobs, world.located());
}

#[test]
fn an_upload_in_doubt_is_undone_after_a_lease_and_not_before() {
    let world = World::new(true);

    let error = world.upload().unwrap_err();

    let unavailable = matches!(error, Error::Store(StoreError::Unavailable { .. }));
    assert!(unavailable, "{error:?}");
    let scrub = || futures::executor::block_on(world.glance("other").scrub()).unwrap();
    world.simulation.advance(Duration::from_secs(29));
    assert_eq!(scrub().uploads, 0);
    assert_eq!(world.status(), Status::Saving);
    // What was on its way takes effect.
    world.slow.land();
    world.simulation.advance(Duration::from_secs(2));
    assert_eq!(scrub().uploads, 1);
    assert_eq!(world.status(), Status::Queued);
    assert_eq!(world.slow.store.contents(), (Vec::new(), 0));
}

#[test]
fn what_lands_after_another_took_the_upload_over_is_removed_too() {
    for way in [Way::Upload, Way::Stage] {
        let world = World::new(true);
        let answer = world.begin(way);
        world.step_until(|| *world.slow.committing.lock().unwrap());

        // The process stands still for longer than a lease, and another takes its work over.
        world.simulation.advance(Duration::from_secs(60));
        let other = world.glance("other");
        let undone = futures::executor::block_on(other.scrub()).unwrap();
        assert_eq!(undone.uploads, 1);
        world.step_until(|| answer.lock().unwrap().is_some());
        let (simulation, slow) = (world.simulation.clone(), world.slow.clone());
        world.simulation.spawn(Box::pin(async move {
            simulation.sleep(Duration::from_secs(29)).await;
            slow.land();
        }));
        while world.simulation.step() {}

        assert_eq!(world.status(), Status::Queued, "{way:?}");
        let left = world.slow.store.contents();
        assert_eq!(left, (Vec::new(), 0), "{way:?}");
    }
}

#[test]
fn what_lands_after_its_node_came_back_is_removed_too() {
    let world = World::new(true);
    let _answer = world.begin(Way::Upload);
    world.step_until(|| *world.slow.committing.lock().unwrap());
    let image = world.catalog.images()[0].id;

    let undone = futures::executor::block_on(world.glance("one").scrub()).unwrap();
    assert_eq!(undone.uploads, 1);
    *world.slow.on_its_way.lock().unwrap() = Some(image);
    world.slow.land();
    let clock = world.simulation.runtime().clock;
    let ended = clock.now().after(Duration::from_secs(60));
    world.step_until(|| clock.now() >= ended);

    assert_eq!(world.status(), Status::Queued);
    assert_eq!(world.slow.store.contents().0, []);
}

/// How data comes.
#[derive(Debug, Clone, Copy)]
enum Way {
    Upload,
    /// Of an image of which nobody has said yet what it is.
    Stage,
}

struct World {
    simulation: Simulation,
    catalog: Arc<MemoryCatalog>,
    slow: SlowStore,
}

impl World {
    fn new(in_doubt: bool) -> Self {
        let simulation = Simulation::new(1);
        let slow = SlowStore {
            store: MemoryStore::default(),
            simulation: simulation.clone(),
            in_doubt,
            committing: Arc::default(),
            on_its_way: Arc::default(),
        };
        Self {
            simulation,
            catalog: Arc::default(),
            slow,
        }
    }

    fn glance(&self, node: &str) -> Glance {
        let catalog = Arc::<MemoryCatalog>::clone(&self.catalog);
        let store = Arc::new(self.slow.clone());
        let stores = Stores::from(Arc::clone(&store));
        let import = ImportSettings {
            methods: vec![ImportMethod::GlanceDirect],
            ..ImportSettings::default()
        };
        let runtime = self.simulation.runtime();
        GlanceBuilder::new(catalog, stores.with_staging(store), runtime)
            .with_settings(Settings {
                import,
                ..Settings::default()
            })
            .with_node(node.to_owned())
            .build()
            .unwrap()
    }

    /// Uploads to an image until an answer comes.
    fn upload(&self) -> Result<Image, Error> {
        let answer = self.begin(Way::Upload);
        self.step_until(|| answer.lock().unwrap().is_some());
        answer.lock().unwrap().take().unwrap()
    }

    fn begin(&self, way: Way) -> Arc<Mutex<Option<Result<Image, Error>>>> {
        let glance = self.glance("one");
        let answer = Arc::new(Mutex::new(None));
        let told = Arc::clone(&answer);
        self.simulation.spawn(Box::pin(async move {
            let caller = Caller::local_admin();
            let draft = match way {
                Way::Upload => Draft::raw("image").unwrap(),
                Way::Stage => Draft::default(),
            };
            let id = glance.create(&caller, draft).await.unwrap().id;
            let body = ByteStream::from_bytes(DATA);
            let options = UploadOptions::default();
            let uploaded = match way {
                Way::Upload => glance.upload(&caller, id, body, options).await,
                Way::Stage => glance.stage(&caller, id, body, options).await,
            };
            *told.lock().unwrap() = Some(uploaded);
        }));
        answer
    }

    fn step_until(&self, done: impl Fn() -> bool) {
        while !done() {
            assert!(self.simulation.step(), "nothing is left to do");
        }
    }

    fn status(&self) -> Status {
        self.catalog.images().first().unwrap().status()
    }

    fn located(&self) -> Vec<ImageId> {
        let images = self.catalog.images().into_iter();
        let located = images.filter(|image| !image.locations.is_empty());
        located.map(|image| image.id).collect()
    }
}

/// Bytes in memory, committed slowly, or given up and still on their way.
#[derive(Debug, Clone)]
struct SlowStore {
    store: MemoryStore,
    simulation: Simulation,
    in_doubt: bool,
    committing: Arc<Mutex<bool>>,
    /// The image whose blob is to land.
    on_its_way: Arc<Mutex<Option<ImageId>>>,
}

impl SlowStore {
    /// Lets what is on its way take effect, whatever was discarded meanwhile.
    fn land(&self) {
        let image = self.on_its_way.lock().unwrap().take().unwrap();
        futures::executor::block_on(async {
            let key = BlobKey {
                image,
                upload: "landing".parse().unwrap(),
                size: None,
            };
            let mut writer = self.store.start(&key).await.unwrap();
            writer.write(DATA.into()).await.unwrap();
            writer.commit().await.unwrap();
        });
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for SlowStore {
    glance_core::image_store_known_as!(store);

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        Ok(Box::new(SlowWriter {
            inner: self.store.start(key).await?,
            store: self.clone(),
            image: key.image,
        }))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        self.store.read(location, range).await
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.store.size(location).await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        self.store.delete(location).await
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.store.discard(key).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.store.vacate(image).await
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        self.store.sweep(idle).await
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        self.store.list().await
    }
}

#[derive(Debug)]
struct SlowWriter {
    inner: Box<dyn BlobWriter>,
    store: SlowStore,
    image: ImageId,
}

#[async_trait]
impl BlobWriter for SlowWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.inner.write(chunk).await
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        *self.store.committing.lock().unwrap() = true;
        self.store.simulation.sleep(COMMIT).await;
        if self.store.in_doubt {
            *self.store.on_its_way.lock().unwrap() = Some(self.image);
            return Err(StoreError::Unavailable {
                store: self.store.store.id().clone(),
                operation: Operation::Write,
                source: "simulated".into(),
            });
        }
        self.inner.commit().await
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        self.inner.abort().await
    }
}
