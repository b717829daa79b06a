//! A few nodes on one catalog and three stores, in simulated time.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::executor::block_on;
use futures::{StreamExt, stream};
use glance_core::domain::policy::Protections;
use glance_core::domain::query::TaskQuery;
use glance_core::domain::{
    Caller, Change, Draft, Event, Image, ImageId, ImportMethod, Quotas, StoreId, Task, TaskStatus,
    Viewer,
};
use glance_core::memory::{MemoryCatalog, MemoryStore, Simulation};
use glance_core::ports::{
    ByteStream, Catalog, Executor, ImageStore, ImportPlugin, Incoming, SourceError, TaskLog,
    WebSource,
};
use glance_core::{
    ConfiguredStore, Error, Glance, GlanceBuilder, ImportRequest, ImportSettings, NewImageImport,
    Settings, Stores, UploadOptions,
};

use crate::breaking::{Breaking, Fails};
use crate::faults::{FaultyCatalog, FaultyStore, Shared, Trouble};
use crate::remote::{Remote, asked_remote};

/// The stores; the first is the default.
pub(crate) const STORES: [&str; 3] = ["first", "cheap", "fast"];

/// Where data waits for an import.
pub(crate) const STAGING: &str = "os_glance_staging_store";

/// What is imported.
pub(crate) const DATA: &str = "the disk";

pub(crate) struct World {
    pub(crate) simulation: Simulation,
    pub(crate) catalog: Arc<MemoryCatalog>,
    pub(crate) stores: BTreeMap<&'static str, Arc<MemoryStore>>,
    pub(crate) staging: Arc<MemoryStore>,
    pub(crate) web: Arc<Web>,
    pub(crate) remote: Arc<Remote>,
    pub(crate) plugins: Vec<Arc<dyn ImportPlugin>>,
    pub(crate) at_a_time: usize,
    pub(crate) at_once: usize,
    pub(crate) quotas: Quotas,
    pub(crate) protections: Option<Arc<Protections>>,
    pub(crate) remote_properties: Vec<String>,
    fails: BTreeMap<&'static str, Arc<Mutex<Fails>>>,
    pub(crate) shared: Arc<Shared>,
}

/// A web on which there is one disk.
#[derive(Debug, Default)]
pub(crate) struct Web {
    pub(crate) is_broken: Mutex<bool>,
    /// It says half of what there is, and then nothing.
    pub(crate) is_silent: Mutex<bool>,
    /// How much it says that there is.
    pub(crate) announced: Mutex<Option<u64>>,
    /// How many chunks it gave.
    pub(crate) given: Arc<AtomicUsize>,
    /// How long it takes to answer, by this clock.
    pub(crate) pause: Mutex<Option<(Arc<dyn Executor>, Duration)>>,
    /// How often it was asked, and how many were at it then, at most.
    pub(crate) asked: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
    at_once: Arc<()>,
}

#[async_trait]
impl WebSource for Web {
    fn check(&self, uri: &str) -> Result<(), SourceError> {
        match uri.starts_with("https://") {
            true => Ok(()),
            false => Err(SourceError::Forbidden {
                reason: "only https is".to_owned(),
            }),
        }
    }

    async fn open(&self, _: &str) -> Result<Incoming, SourceError> {
        let reading = Arc::clone(&self.at_once);
        self.asked.fetch_add(1, Ordering::Relaxed);
        let at_once = Arc::strong_count(&self.at_once) - 1;
        self.most_at_once.fetch_max(at_once, Ordering::Relaxed);
        let pause = self.pause.lock().unwrap().clone();
        if let Some((executor, pause)) = pause {
            executor.sleep(pause).await;
        }
        let halves = DATA.split_at(4);
        let end = match *self.is_broken.lock().unwrap() {
            true => Err(SourceError::Broken {
                reason: "the line is cut".to_owned(),
            }),
            false => Ok(halves.1),
        };
        let chunks = [Ok(halves.0), end].map(|chunk| chunk.map(Bytes::from));
        let given = Arc::clone(&self.given);
        let chunks = stream::iter(chunks).inspect(move |_| {
            let _reading = &reading;
            given.fetch_add(1, Ordering::Relaxed);
        });
        Ok(Incoming {
            size: *self.announced.lock().unwrap(),
            body: match *self.is_silent.lock().unwrap() {
                true => ByteStream::new(chunks.take(1).chain(stream::pending())),
                false => ByteStream::new(chunks),
            },
        })
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_seed(1)
    }

    pub(crate) fn with_seed(seed: u64) -> Self {
        let store = |name: &str| Arc::new(MemoryStore::new(name.parse().unwrap()));
        let shared = Arc::new(Shared::default());
        // Ports only pause.
        shared.over.store(true, Ordering::Relaxed);
        Self {
            simulation: Simulation::new(seed),
            catalog: Arc::default(),
            stores: STORES.map(|name| (name, store(name))).into(),
            staging: store(STAGING),
            web: Arc::default(),
            remote: Arc::default(),
            plugins: Vec::new(),
            at_a_time: 2,
            at_once: ImportSettings::default().at_once,
            quotas: Quotas::default(),
            protections: None,
            remote_properties: ImportSettings::default().remote_properties,
            fails: STORES
                .into_iter()
                .chain([STAGING])
                .map(|name| (name, Arc::default()))
                .collect(),
            shared,
        }
    }

    /// Makes a store fail from now on.
    pub(crate) fn fail(&self, store: &str, fails: Fails) {
        *self.fails[store].lock().unwrap() = fails;
    }

    /// A node: a process of the simulation.
    pub(crate) fn node(&self, process: u64) -> Node {
        let simulation = self.simulation.process(process);
        let trouble = Trouble {
            simulation: simulation.clone(),
            node: format!("node-{process}"),
            catalog: Arc::clone(&self.catalog),
            shared: Arc::clone(&self.shared),
            network: self.simulation.process(u64::MAX),
        };
        let slowly = |store: &Arc<MemoryStore>| -> Arc<dyn ImageStore> {
            Arc::new(FaultyStore::new(Arc::clone(store), trouble.clone()))
        };
        let breaking = |name: &str, store: &Arc<MemoryStore>| {
            Arc::new(Breaking::new(slowly(store), Arc::clone(&self.fails[name])))
        };
        let all =
            STORES.map(|name| ConfiguredStore::new(breaking(name, &self.stores[name]), "memory"));
        let stores = Stores::named(&STORES[0].parse().unwrap(), all.to_vec()).unwrap();
        let stores = stores.with_staging(breaking(STAGING, &self.staging));
        let catalog = Arc::new(FaultyCatalog::new(trouble.clone()));
        let builder = GlanceBuilder::new(catalog, stores, simulation.runtime())
            .with_node(format!("node-{process}"))
            .with_settings(Settings {
                import: ImportSettings {
                    methods: ImportMethod::ALL.to_vec(),
                    at_once: self.at_once,
                    max_parallel_stores: self.at_a_time,
                    remote_properties: self.remote_properties.clone(),
                    ..ImportSettings::default()
                },
                quotas: self.quotas.clone(),
                ..Settings::default()
            })
            .with_web_source(Arc::<Web>::clone(&self.web))
            .with_remote_images(
                Arc::<Remote>::clone(&self.remote),
                Arc::<Remote>::clone(&self.remote),
            )
            .with_plugins(self.plugins.clone());
        let builder = match &self.protections {
            Some(protections) => builder.with_protections(Arc::clone(protections)),
            None => builder,
        };
        let glance = builder.build().unwrap();
        Node { simulation, glance }
    }

    /// Until nothing is left to do.
    pub(crate) fn settle(&self) {
        while self.simulation.step() {}
    }

    /// Goes on for so many steps; whether there was so much to do.
    pub(crate) fn steps(&self, steps: usize) -> bool {
        (0..steps).all(|_| self.simulation.step())
    }

    /// An image that is ready to be imported in this way.
    pub(crate) fn image_for(&self, node: &Node, method: ImportMethod) -> ImageId {
        let glance = node.glance.clone();
        self.done(node, async move {
            let draft = Draft::raw("disk").unwrap();
            let id = glance.create(&admin(), draft).await.unwrap().id;
            let body = ByteStream::from_bytes(DATA);
            let options = UploadOptions::default();
            match method {
                ImportMethod::GlanceDirect => {
                    glance.stage(&admin(), id, body, options).await.unwrap();
                }
                ImportMethod::CopyImage => {
                    glance.upload(&admin(), id, body, options).await.unwrap();
                }
                ImportMethod::GlanceDownload | ImportMethod::WebDownload => {}
            }
            id
        })
    }

    /// Imports, and waits for the end of it.
    pub(crate) fn import(
        &self,
        node: &Node,
        id: ImageId,
        request: ImportRequest,
    ) -> Result<Option<Task>, Error> {
        let begun = self.done(node, node.importing(id, request));
        self.settle();
        begun
    }

    /// What comes of work on a node.
    pub(crate) fn done<T: Send + 'static>(
        &self,
        node: &Node,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        node.simulation.spawn(Box::pin(async move {
            *place.lock().unwrap() = Some(work.await);
        }));
        loop {
            if let Some(result) = result.lock().unwrap().take() {
                return result;
            }
            assert!(self.simulation.step(), "the work never ends");
        }
    }

    pub(crate) fn image(&self, id: ImageId) -> Option<Image> {
        let images = self.catalog.images();
        images.into_iter().find(|image| image.id == id)
    }

    pub(crate) fn task(&self, task: &Task) -> Task {
        block_on(self.catalog.find_task(&task.id)).unwrap().unwrap()
    }

    /// The stores that hold a whole blob; no store holds a part of one.
    pub(crate) fn blobs(&self) -> BTreeSet<&'static str> {
        let mut holding = BTreeSet::new();
        for (name, store) in &self.stores {
            let (whole, partial) = store.contents();
            assert_eq!(partial, 0, "a broken blob stays in {name}");
            if !whole.is_empty() {
                holding.insert(*name);
            }
        }
        holding
    }

    /// Whether a store holds a part of a blob.
    pub(crate) fn is_partial(&self, store: &str) -> bool {
        self.stores[store].contents().1 > 0
    }

    /// Leads an image to another status, as a node that knows nothing of intents does.
    pub(crate) fn step_to(&self, id: ImageId, event: Event) {
        let before = self.image(id).unwrap();
        let after = before.after(event, self.simulation.now()).unwrap();
        self.commit(&Change::of_status(before, after));
    }

    /// Edits an image as others may have it in the catalog.
    pub(crate) fn edit(&self, id: ImageId, edit: impl FnOnce(&mut Image)) {
        let before = self.image(id).unwrap();
        let mut after = before.clone();
        edit(&mut after);
        self.commit(&Change::of_edit(before, after));
    }

    fn commit(&self, change: &Change) {
        block_on(self.catalog.commit(change)).unwrap();
    }

    /// Whether something is staged.
    pub(crate) fn is_staged(&self) -> bool {
        let (whole, partial) = self.staging.contents();
        assert_eq!(partial, 0, "a broken blob stays in the staging area");
        !whole.is_empty()
    }

    /// The blobs are those that the one image leads to, and nobody is at work.
    pub(crate) fn check_at_rest(&self, what: &str) {
        let images = self.catalog.images();
        let locations = images.iter().flat_map(|image| &image.locations);
        let stores: BTreeSet<String> = locations
            .map(|location| location.store().unwrap().to_string())
            .collect();
        let blobs: BTreeSet<String> = self.blobs().into_iter().map(str::to_owned).collect();
        assert_eq!(blobs, stores, "{what}: blobs and locations differ");
        assert_eq!(self.catalog.intents(), [], "{what}");
        assert!(!self.is_staged(), "{what}: staged data stays");
        for image in images {
            assert_eq!(image.import_lock(), None, "{what}: {image:?}");
        }
        let viewer = Viewer {
            project: None,
            admin: true,
        };
        let query = TaskQuery::of(viewer, self.simulation.now());
        for task in block_on(self.catalog.list_tasks(&query)).unwrap() {
            let ended = matches!(task.status(), TaskStatus::Success | TaskStatus::Failure);
            assert!(ended, "{what}: {task:?}");
        }
    }
}

/// A process with its service.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) simulation: Simulation,
    pub(crate) glance: Glance,
}

impl Node {
    pub(crate) fn importing(
        &self,
        id: ImageId,
        request: ImportRequest,
    ) -> impl Future<Output = Result<Option<Task>, Error>> + Send + 'static {
        let glance = self.glance.clone();
        async move { glance.import(&admin(), id, request).await }
    }

    /// Imports an image that is not there yet.
    pub(crate) fn creating(
        &self,
        draft: Draft,
    ) -> impl Future<Output = Result<Task, Error>> + Send + 'static {
        let glance = self.glance.clone();
        let uri = "https://host/disk".to_owned();
        let input = [("import_from".to_owned(), uri.clone().into())];
        let asked = NewImageImport {
            draft,
            uri,
            store: Some("fast".parse().unwrap()),
            input: input.into_iter().collect(),
            request_id: None,
        };
        async move { glance.import_new(&admin(), asked).await }
    }

    /// Runs work that nobody waits for.
    pub(crate) fn spawn<T: 'static>(&self, work: impl Future<Output = T> + Send + 'static) {
        self.simulation.spawn(Box::pin(async move {
            let _ = work.await;
        }));
    }

    /// Takes over what dead processes left.
    pub(crate) fn scrub(&self) {
        let glance = self.glance.clone();
        self.spawn(async move { glance.scrub().await });
    }
}

pub(crate) fn admin() -> Caller {
    Caller::local_admin()
}

/// A request for the two stores that are not the default.
pub(crate) fn request(method: ImportMethod, all_must_succeed: bool) -> ImportRequest {
    let stores = ["cheap", "fast"].map(|name| name.parse::<StoreId>().unwrap());
    ImportRequest {
        method,
        uri: (method == ImportMethod::WebDownload).then(|| "https://host/disk".to_owned()),
        remote: (method == ImportMethod::GlanceDownload).then(asked_remote),
        stores: Some(stores.to_vec()),
        store: None,
        all_stores: false,
        all_must_succeed,
        request_id: None,
    }
}

/// Longer than a lease.
pub(crate) const LATER: Duration = Duration::from_secs(60);
