//! Web servers in memory, behind a store of the kind `http`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::{BlobUrl, ByteRange, ImageId, StoreId};
use glance_core::memory::{MemoryGlance, MemoryStore};
use glance_core::ports::{
    BlobKey, BlobWriter, ByteStream, Capabilities, Catalog, ImageStore, Operation, StoreError,
};
use glance_core::{ConfiguredStore, Glance, GlanceBuilder, Settings, Stores};
use glance_http::ApiOptions;
use tokio::sync::Semaphore;

use super::support::Site;

/// What web servers hold, and how they behave.
#[derive(Debug, Clone)]
pub(super) struct Web {
    state: Arc<Mutex<State>>,
    /// Who reads needs a place.
    gate: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    pages: BTreeMap<String, Bytes>,
    failures: usize,
    reads: usize,
    /// Bytes that were read in ranges.
    looked_at: u64,
    has_no_ranges: bool,
}

impl Web {
    pub(super) fn new() -> Self {
        Self {
            state: Arc::default(),
            gate: Arc::new(Semaphore::new(1000)),
        }
    }

    pub(super) fn publish(&self, url: &str, data: impl Into<Bytes>) {
        self.with(|state| state.pages.insert(url.to_owned(), data.into()));
    }

    /// The next so many reads of all data fail.
    pub(super) fn fail(&self, times: usize) {
        self.with(|state| state.failures = times);
    }

    /// How often all data was asked for, rather than looked at.
    pub(super) fn reads(&self) -> usize {
        self.with(|state| state.reads)
    }

    /// How many bytes were read in ranges.
    pub(super) fn looked_at(&self) -> u64 {
        self.with(|state| state.looked_at)
    }

    /// From now on, nothing but whole pages is sent.
    pub(super) fn send_whole_pages(&self) {
        self.with(|state| state.has_no_ranges = true);
    }

    /// Nobody gets all data until the web is thawed.
    pub(super) fn freeze(&self) {
        self.gate.forget_permits(1000);
    }

    pub(super) fn thaw(&self) {
        self.gate.add_permits(1000);
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn page(&self, location: &BlobUrl) -> Result<Bytes, StoreError> {
        let page = self.with(|state| state.pages.get(location.as_str()).cloned());
        page.ok_or_else(|| StoreError::NotFound {
            store: self.id().clone(),
            location: location.clone(),
        })
    }

    fn unsupported<T>(&self, operation: Operation) -> Result<T, StoreError> {
        let store = self.id().clone();
        Err(StoreError::Unsupported { store, operation })
    }
}

#[async_trait]
impl ImageStore for Web {
    fn id(&self) -> &StoreId {
        static ID: std::sync::LazyLock<StoreId> = std::sync::LazyLock::new(web);
        &ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            write: false,
            delete: false,
            ranges: true,
            list: false,
        }
    }

    fn owns(&self, location: &BlobUrl) -> bool {
        matches!(location.scheme(), "http" | "https")
    }

    async fn start(&self, _: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.unsupported(Operation::Write)
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        if let Some(range) = range {
            if self.with(|state| state.has_no_ranges) {
                return self.unsupported(Operation::ReadRange);
            }
            self.with(|state| state.looked_at += range.length);
            let [start, end] =
                [range.offset, range.offset + range.length].map(|at| usize::try_from(at).unwrap());
            return Ok(ByteStream::from_bytes(
                self.page(location)?.slice(start..end),
            ));
        }
        self.with(|state| state.reads += 1);
        let _place = self.gate.acquire().await;
        let fails = self.with(|state| {
            let fails = state.failures > 0;
            state.failures = state.failures.saturating_sub(1);
            fails
        });
        if fails {
            return Err(StoreError::Unavailable {
                store: self.id().clone(),
                operation: Operation::Read,
                source: "it is down".into(),
            });
        }
        Ok(ByteStream::from_bytes(self.page(location)?))
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        Ok(self.page(location)?.len() as u64)
    }

    async fn delete(&self, _: &BlobUrl) -> Result<(), StoreError> {
        self.unsupported(Operation::Delete)
    }

    async fn discard(&self, _: &BlobKey) -> Result<(), StoreError> {
        Ok(())
    }

    async fn vacate(&self, _: ImageId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn sweep(&self, _: Duration) -> Result<usize, StoreError> {
        Ok(0)
    }
}

/// A site with the web beside the store that it writes to.
pub(super) struct WebSite {
    pub(super) site: Site,
    pub(super) memory: MemoryGlance,
    pub(super) web: Web,
    settings: Settings,
}

impl WebSite {
    pub(super) fn new() -> Self {
        Self::with(ApiOptions::default(), Settings::default())
    }

    pub(super) fn with(options: ApiOptions, settings: Settings) -> Self {
        let (memory, web) = (MemoryGlance::new(), Web::new());
        let glance = glance(&memory, &web, &settings, 3);
        Self {
            site: Site::of(options, MemoryGlance::new(), glance),
            memory,
            web,
            settings,
        }
    }

    /// Another node of the same service.
    pub(super) fn other_node(&self) -> Glance {
        glance(&self.memory, &self.web, &self.settings, 4)
    }

    /// Waits for what goes on in the background; time passes meanwhile.
    pub(super) async fn until(&self, what: &str, mut done: impl FnMut() -> bool) {
        for _ in 0..1000 {
            if done() {
                return;
            }
            self.memory.clock.advance(Duration::from_millis(100));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("in vain: {what}");
    }

    /// Waits until nobody is at work any more.
    pub(super) async fn settled(&self) {
        let catalog = &self.memory.catalog;
        self.until("everything settled", || catalog.intents().is_empty())
            .await;
    }
}

fn glance(memory: &MemoryGlance, web: &Web, settings: &Settings, seed: u64) -> Glance {
    let store = Arc::<MemoryStore>::clone(&memory.store);
    let default = store.id().clone();
    let all = vec![
        ConfiguredStore::new(store, "memory"),
        ConfiguredStore::new(Arc::new(web.clone()), "http"),
    ];
    let runtime = memory.clock.runtime(seed);
    let catalog: Arc<dyn Catalog> = Arc::clone(&memory.catalog) as Arc<dyn Catalog>;
    GlanceBuilder::new(catalog, Stores::named(&default, all).unwrap(), runtime)
        .with_settings(settings.clone())
        .build()
        .unwrap()
}

fn web() -> StoreId {
    "web".parse().unwrap()
}

/// Images whose data is there and that do not know of it.
impl WebSite {
    /// A queued image of p1, and a blob at its place in the store.
    pub(super) async fn stray_blob(&self) -> String {
        let id = self
            .site
            .image(super::support::ALICE, super::support::RAW)
            .await;
        let key = BlobKey {
            image: id.parse().unwrap(),
            upload: "stray".parse().unwrap(),
            size: None,
        };
        let mut writer = self.memory.store.start(&key).await.unwrap();
        writer.write("the service's".into()).await.unwrap();
        writer.commit().await.unwrap();
        id
    }
}
