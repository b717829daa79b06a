//! The whole service under a seeded scheduler: uploads, edits, deletes and crashes interleaved,
//! with faults of the catalog and the store, and the invariants checked after each step.
//!
//! `GLANCE_SEED=n` replays one seed; `GLANCE_SEEDS=n` runs so many.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod published;
mod room;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use glance_core::domain::{
    Attribute, Caller, Draft, Edit, HashAlgorithm, Image, ImageId, Multihash, NewLocation,
    Presence, Status, Timestamp, ValidationData,
};
use glance_core::memory::{MemoryCatalog, MemoryStore, Simulation};
use glance_core::ports::{BodyError, ByteStream, Executor};
use glance_core::{DownloadOptions, ErrorKind, Glance, GlanceBuilder, Settings, UploadOptions};

use faults::{FaultyCatalog, FaultyStore, Shared, Trouble};
use published::{both, is_published, published, published_hash, published_url};

/// How long images stay queued: nodes come back, and scrub, after longer times.
const LIFETIME: Duration = Duration::from_secs(300);

/// A process that never crashes.
const NETWORK: u64 = u64::MAX;

#[test]
fn nothing_acknowledged_is_lost_and_nothing_unexplained_stays() {
    let one = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|seed| seed.parse::<u64>().ok())
    };
    let seeds = match one("GLANCE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..one("GLANCE_SEEDS").unwrap_or(250),
    };
    for seed in seeds {
        let world = World::new(seed);
        world.run();
    }
}

/// What clients were told of an image, by which the service is measured.
#[derive(Debug, Default)]
struct Told {
    created: bool,
    /// The hash of the data that was stored.
    uploaded: Option<String>,
    /// It was said where its data is, and taken at once.
    located: bool,
    /// When it was created or edited last.
    touched: Option<Timestamp>,
    /// Names of properties that were set.
    edits: Vec<String>,
    /// Somebody asked for its end, and may have got it without hearing so.
    delete_tried: bool,
    deleted: bool,
}

type Ledger = Arc<Mutex<BTreeMap<ImageId, Told>>>;

struct World {
    seed: u64,
    simulation: Simulation,
    catalog: Arc<MemoryCatalog>,
    store: Arc<MemoryStore>,
    /// Where somebody else wrote data for each image.
    published: Arc<MemoryStore>,
    told: Ledger,
    shared: Arc<Shared>,
    /// Where a node crashed between a commit that came too late and removing what it wrote, or while
    /// one that it had given up was on its way: what leases cannot hold (ADR 0006).
    excused: Mutex<BTreeSet<ImageId>>,
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("GLANCE_SEED={} replays it", self.seed);
        }
    }
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            simulation: Simulation::new(seed),
            catalog: Arc::default(),
            store: Arc::default(),
            published: Arc::new(published()),
            told: Arc::default(),
            shared: Arc::default(),
            excused: Mutex::default(),
        }
    }

    fn run(&self) {
        // Two nodes on one catalog and one store; one of them crashes and comes back, and so on.
        let mut crashed = vec![0, 1];
        for _ in 0..4 {
            for node in crashed {
                let process = self.simulation.process(node);
                let glance = self.start(&process, node_name(node));
                for id in (1..=3).map(ImageId::from_bits) {
                    self.spawn_client(&glance, &process, id);
                }
            }
            self.steps(self.simulation.choose(900));
            let node = self.simulation.choose(2) as u64;
            self.crash(node);
            crashed = vec![node];
        }
        // What lives gets to the end of what it does.
        self.shared.over.store(true, Ordering::Relaxed);
        self.steps(2000);
        (0..2).for_each(|node| self.simulation.process(node).crash());
        self.recover();
    }

    fn steps(&self, steps: usize) {
        for _ in 0..steps {
            if !self.simulation.step() {
                break;
            }
            self.check_safety();
        }
    }

    fn crash(&self, node: u64) {
        self.simulation.process(node).crash();
        let mut late = self.shared.late.lock().unwrap();
        let (its, others) = std::mem::take(&mut *late)
            .into_iter()
            .partition(|(name, _)| *name == node_name(node));
        *late = others;
        let its: BTreeSet<_> = its;
        let on_their_way = self.shared.on_their_way.lock().unwrap();
        let on_their_way = on_their_way.iter().cloned();
        let its = its
            .into_iter()
            .chain(on_their_way.filter(|(name, _)| *name == node_name(node)));
        let mut excused = self.excused.lock().unwrap();
        excused.extend(its.map(|(_, image)| image));
    }

    /// A process of a node, which first settles what the one before it left, and then keeps on.
    fn start(&self, process: &Simulation, node: String) -> Glance {
        let trouble = Trouble {
            simulation: process.clone(),
            node: node.clone(),
            catalog: Arc::clone(&self.catalog),
            shared: Arc::clone(&self.shared),
            network: self.simulation.process(NETWORK),
        };
        let catalog = FaultyCatalog::new(trouble.clone());
        let store = FaultyStore::new(Arc::clone(&self.store), trouble.clone());
        let published = FaultyStore::new(Arc::clone(&self.published), trouble);
        let stores = both(Arc::new(store), Arc::new(published));
        let glance = GlanceBuilder::new(Arc::new(catalog), stores, process.runtime())
            .with_node(node)
            .with_settings(settings())
            .build()
            .unwrap();
        let scrubber = glance.clone();
        process.spawn(Box::pin(async move {
            // Faults make it fail; a later pass is the one that counts.
            let _ = scrubber.scrub().await;
            scrubber.keep_scrubbing().await;
        }));
        glance
    }

    fn spawn_client(&self, glance: &Glance, process: &Simulation, id: ImageId) {
        let client = Client {
            glance: glance.clone(),
            id,
            simulation: process.clone(),
            told: Arc::clone(&self.told),
        };
        process.spawn(Box::pin(client.act()));
    }

    /// After a quiet restart every image is at rest and every blob has its row.
    fn recover(&self) {
        // Every lease ends.
        self.simulation.advance(Duration::from_secs(60));
        let glance = GlanceBuilder::new(
            Arc::<MemoryCatalog>::clone(&self.catalog),
            both(
                Arc::<MemoryStore>::clone(&self.store),
                Arc::<MemoryStore>::clone(&self.published),
            ),
            self.simulation.runtime(),
        )
        .with_settings(settings())
        .build()
        .unwrap();
        let scrubbed = futures::executor::block_on(glance.scrub()).unwrap();
        assert_eq!(scrubbed.failures, 0, "seed {}", self.seed);
        // Hashes are found in the background.
        while !self.catalog.intents().is_empty() && self.simulation.step() {}

        self.check_safety();
        assert_eq!(self.catalog.intents(), [], "seed {}", self.seed);
        room::check_at_rest(&self.catalog, self.seed);
        let (mut blobs, partial) = self.store.contents();
        assert_eq!(partial, 0, "seed {}: a broken blob stays", self.seed);
        let mut located = Vec::new();
        for image in self.catalog.images() {
            let (id, status) = (image.id, image.status());
            let at_rest = matches!(status, Status::Queued | Status::Active);
            assert!(at_rest, "seed {}: {id} is {status}", self.seed);
            if !image.locations.is_empty() {
                let stored = futures::executor::block_on(hash_of_data(&glance, id));
                // What others wrote and could not be read stays without a hash.
                let is_published = is_published(&image);
                let hash = image.multihash.map(|hash| hash.value);
                let known = hash.or_else(|| is_published.then(|| stored.clone()));
                assert_eq!(
                    known,
                    Some(stored),
                    "seed {}: other data of {id}",
                    self.seed
                );
                if !is_published {
                    located.push(id);
                }
            }
        }
        let excused = self.excused.lock().unwrap();
        blobs.retain(|id| located.contains(id) || !excused.contains(id));
        assert_eq!(
            blobs, located,
            "seed {}: blobs and locations differ",
            self.seed
        );
    }

    /// What must hold at every moment, whatever has happened.
    fn check_safety(&self) {
        let images: BTreeMap<ImageId, Image> = self
            .catalog
            .images()
            .into_iter()
            .map(|image| (image.id, image))
            .collect();
        room::check(images.values(), self.seed);
        let (blobs, _) = self.store.contents();
        let (published, _) = self.published.contents();
        for image in images.values() {
            let has_data = matches!(image.status(), Status::Active | Status::Deactivated);
            assert_eq!(
                has_data || image.status() == Status::Importing,
                !image.locations.is_empty(),
                "seed {}: {image:?}",
                self.seed
            );
            if has_data {
                let there = match is_published(image) {
                    true => &published,
                    false => &blobs,
                };
                assert!(
                    there.contains(&image.id),
                    "seed {}: {} has no data",
                    self.seed,
                    image.id
                );
            }
            let hash = image.multihash.as_ref().map(|hash| &hash.value);
            if has_data && is_published(image) && hash.is_some() {
                let found = published_hash(image.id);
                assert_eq!(hash, Some(&found), "seed {}: {image:?}", self.seed);
            }
        }
        for (id, told) in self.told.lock().unwrap().iter() {
            self.check_told(*id, told, images.get(id));
        }
    }

    fn check_told(&self, id: ImageId, told: &Told, image: Option<&Image>) {
        let seed = self.seed;
        let Some(image) = image else {
            let idle = told.uploaded.is_none()
                && !told.located
                && told
                    .touched
                    .is_some_and(|touched| touched.after(LIFETIME) < self.simulation.now());
            let excused = told.delete_tried || !told.created || idle;
            assert!(excused, "seed {seed}: {id} is lost");
            return;
        };
        assert!(!told.deleted, "seed {seed}: {id} is back");
        if let Some(hash) = &told.uploaded {
            let stored = image.multihash.as_ref().map(|hash| &hash.value);
            assert_eq!(stored, Some(hash), "seed {seed}: the data of {id} is lost");
        }
        if told.located {
            let kept = !image.locations.is_empty();
            assert!(kept, "seed {seed}: the location of {id} is lost");
        }
        for name in &told.edits {
            let kept = image.properties.keys().any(|key| key.as_str() == name);
            assert!(kept, "seed {seed}: the edit {name} of {id} is lost");
        }
    }
}

async fn hash_of_data(glance: &Glance, id: ImageId) -> String {
    let download = glance
        .download(&Caller::local_admin(), id, DownloadOptions::default())
        .await;
    let mut body = download.unwrap().unwrap().body;
    let mut hasher = HashAlgorithm::Sha512.hasher();
    while let Some(chunk) = body.next().await {
        hasher.update(&chunk.unwrap());
    }
    hasher.finish()
}

fn settings() -> Settings {
    Settings {
        queued_lifetime: Some(LIFETIME),
        quotas: room::quotas(),
        ..Settings::default()
    }
}

fn node_name(node: u64) -> String {
    format!("node {node}")
}

/// Somebody who creates, uploads, edits and deletes one image, as the seed has it.
struct Client {
    glance: Glance,
    id: ImageId,
    simulation: Simulation,
    told: Ledger,
}

impl Client {
    async fn act(self) {
        self.create().await;
        for turn in 0..4 {
            match self.simulation.choose(6) {
                0 | 1 => self.upload().await,
                2 => self.edit(turn).await,
                3 => self.read().await,
                4 => self.locate().await,
                _ if self.simulation.choose(3) == 0 => self.delete().await,
                _ => self.simulation.pause().await,
            }
        }
    }

    async fn create(&self) {
        let now = self.simulation.now();
        let draft = Draft {
            id: Some(self.id),
            owner: Some(room::project()),
            ..Draft::raw("image").unwrap()
        };
        if self
            .glance
            .create(&Caller::local_admin(), draft)
            .await
            .is_ok()
        {
            self.tell(|told| {
                told.created = true;
                told.touched = Some(now);
            });
        }
    }

    /// Sends a few chunks; the body breaks off now and then.
    async fn upload(&self) {
        let chunks = 1 + self.simulation.choose(4);
        let broken = self.simulation.choose(5) == 0;
        let slow = self.simulation.choose(3) == 0;
        let content = vec![u8::try_from(self.simulation.choose(256)).unwrap(); 100_000];
        let mut hasher = HashAlgorithm::Sha512.hasher();
        (0..chunks).for_each(|_| hasher.update(&content));
        let hash = hasher.finish();
        let simulation = self.simulation.clone();
        let body = stream::unfold(0, move |sent| {
            let (simulation, content) = (simulation.clone(), Bytes::from(content.clone()));
            async move {
                simulation.pause().await;
                if slow {
                    simulation.sleep(Duration::from_secs(20)).await;
                }
                match sent {
                    _ if sent < chunks => Some((Ok(content), sent + 1)),
                    _ if sent == chunks && broken => {
                        Some((Err(BodyError("the client is gone".into())), sent + 1))
                    }
                    _ => None,
                }
            }
        });
        let is_announced = self.simulation.choose(2) == 0;
        let options = UploadOptions {
            size: is_announced.then_some(100_000 * chunks as u64),
            ..UploadOptions::default()
        };
        let caller = Caller::local_admin();
        let uploaded = self
            .glance
            .upload(&caller, self.id, ByteStream::new(body), options)
            .await;
        if let Ok(image) = uploaded {
            assert_eq!(image.multihash.unwrap().value, hash);
            self.tell(|told| told.uploaded = Some(hash));
        }
    }

    /// Says where data is, and what its hash is: nothing, the truth, or something else.
    async fn locate(&self) {
        let mut new = NewLocation::at(&published_url(self.id));
        let hash = match self.simulation.choose(3) {
            0 => None,
            1 => Some(published_hash(self.id)),
            _ => Some("0".repeat(128)),
        };
        let is_expected = hash.is_some();
        new.validation = hash.map(|value| ValidationData {
            checksum: None,
            multihash: Multihash {
                algorithm: "sha512".to_owned(),
                value,
            },
        });
        let service = Caller::local_admin().with_roles(["admin", "service"]);
        let located = self.glance.add_location(&service, self.id, new, None).await;
        if located.is_ok() && !is_expected {
            self.tell(|told| told.located = true);
        }
    }

    async fn edit(&self, turn: usize) {
        let now = self.simulation.now();
        let name = format!("p{turn}x{}", self.simulation.choose(1000));
        let property = Attribute::Property(name.parse().unwrap(), "v".parse().unwrap());
        let edits = [Edit::Set(Presence::Any, property)];
        if self
            .glance
            .edit(&Caller::local_admin(), self.id, &edits)
            .await
            .is_ok()
        {
            self.tell(|told| {
                told.edits.push(name);
                told.touched = told.touched.max(Some(now));
            });
        }
    }

    async fn read(&self) {
        let result = self
            .glance
            .download(&Caller::local_admin(), self.id, DownloadOptions::default())
            .await;
        if let Err(error) = result {
            let expected = [
                ErrorKind::NotFound,
                ErrorKind::Unavailable,
                ErrorKind::Internal,
            ];
            assert!(expected.contains(&error.kind()), "{error:?}");
        }
    }

    async fn delete(&self) {
        self.tell(|told| told.delete_tried = true);
        if self
            .glance
            .delete(&Caller::local_admin(), self.id)
            .await
            .is_ok()
        {
            self.tell(|told| told.deleted = true);
        }
    }

    fn tell(&self, note: impl FnOnce(&mut Told)) {
        note(self.told.lock().unwrap().entry(self.id).or_default());
    }
}
