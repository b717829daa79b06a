//! Checks that repair, while others are at work: nothing of theirs is told, and none of it is lost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use futures::stream;
use glance_core::domain::{Caller, Draft, ImageId, Status};
use glance_core::memory::{MemoryCatalog, MemoryStore, Simulation};
use glance_core::ports::{BodyError, ByteStream, Executor};
use glance_core::{CheckEvent, CheckPlan, DownloadOptions, Glance, GlanceBuilder, UploadOptions};

use crate::faults::{FaultyCatalog, FaultyStore, Shared, Trouble};
use crate::site::line;

/// How many interleavings are tried.
const SEEDS: u64 = 150;

#[test]
fn a_check_tells_nothing_of_work_that_goes_on() {
    let mut looked_at = 0;
    for seed in 0..SEEDS {
        let world = World::new(seed);
        world.shared.over.store(true, Ordering::Relaxed);
        for number in 1..=4 {
            world.spawn_client("server", number);
        }
        let told = world.spawn_checks(6);

        while world.simulation.step() {}

        assert_eq!(*told.lock().unwrap(), [""; 0], "seed {seed}");
        looked_at += world.looked_at.load(Ordering::Relaxed);
    }
    assert!(looked_at > 0, "no check saw a blob");
}

/// Leases are kept by `FaultyStore`, which stops whoever removes data without one.
#[test]
fn a_check_that_repairs_beside_broken_work_loses_no_data() {
    for seed in 0..SEEDS {
        let world = World::new(seed);
        for number in 1..=4 {
            world.spawn_client("server", number);
        }
        world.spawn_checks(6);
        for _ in 0..3000 {
            world.simulation.step();
        }
        world.shared.over.store(true, Ordering::Relaxed);
        while world.simulation.step() {}
        world.simulation.advance(Duration::from_secs(3600));

        let glance = world.glance("after");
        let quiet = glance.clone();
        world.simulation.spawn(Box::pin(async move {
            quiet.scrub().await.unwrap();
        }));
        while world.simulation.step() {}
        world.spawn_checks(1);
        while world.simulation.step() {}
        let told = world.spawn_checks(1);
        while world.simulation.step() {}

        assert_eq!(*told.lock().unwrap(), [""; 0], "seed {seed}");
        for image in world.catalog.images() {
            let at_rest = matches!(image.status(), Status::Queued | Status::Active);
            assert!(at_rest, "seed {seed}: {image:?}");
            let url = image.locations.first().map(|location| &location.url);
            let is_held = |url| block_on(glance_core::ports::ImageStore::size(&*world.store, url));
            assert!(url.is_none_or(|url| is_held(url).is_ok()), "seed {seed}");
        }
        assert_eq!(world.catalog.intents(), [], "seed {seed}");
    }
}

struct World {
    simulation: Simulation,
    catalog: Arc<MemoryCatalog>,
    store: Arc<MemoryStore>,
    shared: Arc<Shared>,
    looked_at: Arc<AtomicUsize>,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            simulation: Simulation::new(seed),
            catalog: Arc::default(),
            store: Arc::default(),
            shared: Arc::default(),
            looked_at: Arc::default(),
        }
    }

    fn trouble(&self, node: &str) -> Trouble {
        Trouble {
            simulation: self.simulation.clone(),
            node: node.to_owned(),
            catalog: Arc::clone(&self.catalog),
            shared: Arc::clone(&self.shared),
            network: self.simulation.clone(),
        }
    }

    fn glance(&self, node: &str) -> Glance {
        let trouble = self.trouble(node);
        let catalog = FaultyCatalog::new(trouble.clone());
        let store = FaultyStore::new(Arc::clone(&self.store), trouble);
        let runtime = self.simulation.runtime();
        GlanceBuilder::new(Arc::new(catalog), Arc::new(store), runtime)
            .with_node(node)
            .build()
            .unwrap()
    }

    /// Creates, uploads, reads and deletes, again and again.
    fn spawn_client(&self, node: &str, number: u128) {
        let glance = self.glance(&format!("{node}{number}"));
        let simulation = self.simulation.clone();
        self.simulation.spawn(Box::pin(async move {
            let caller = Caller::local_admin();
            for turn in 0..3 {
                let id = ImageId::from_bits(number * 10 + turn);
                let mut draft = Draft::raw("image").unwrap();
                draft.id = Some(id);
                let _ = glance.create(&caller, draft).await;
                for _ in 0..2 {
                    let is_whole = simulation.choose(3) > 0;
                    let last = match is_whole {
                        true => Ok("and half".into()),
                        false => Err(BodyError("broken off".into())),
                    };
                    let body = ByteStream::new(stream::iter([Ok("half ".into()), last]));
                    let options = UploadOptions::default();
                    let _ = glance.upload(&caller, id, body, options).await;
                    simulation.pause().await;
                }
                let options = DownloadOptions::default();
                let _ = glance.download(&caller, id, options).await;
                if simulation.choose(2) == 0 {
                    let _ = glance.delete(&caller, id).await;
                }
            }
        }));
    }

    /// So many checks in a row; gives what they find.
    fn spawn_checks(&self, checks: usize) -> Arc<Mutex<Vec<String>>> {
        let glance = self.glance("check");
        let deletes = FaultyCatalog::new(self.trouble("check"));
        let told = Arc::<Mutex<Vec<String>>>::default();
        let (lines, looked_at) = (Arc::clone(&told), Arc::clone(&self.looked_at));
        let plan = CheckPlan {
            repair: true,
            // As long as a lease: there is no work of Python nodes.
            min_age: Duration::from_secs(60),
            ..CheckPlan::default()
        };
        self.simulation.spawn(Box::pin(async move {
            for _ in 0..checks {
                let mut tell = |event: CheckEvent| match event {
                    CheckEvent::Found(finding) => lines.lock().unwrap().push(line(&finding)),
                    CheckEvent::Progress(checked) => {
                        let blobs = usize::try_from(checked.blobs).unwrap();
                        looked_at.fetch_add(blobs, Ordering::Relaxed);
                    }
                };
                let _ = glance.check(&deletes, &plan, &mut tell).await;
            }
        }));
        told
    }
}
