//! Deletes that are taken back while a scrubber works, fails or crashes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::{Caller, ImageId, Status};
use glance_core::memory::Simulation;
use glance_core::{Error, GlanceBuilder, ScrubPlan, Scrubber, Settings};

use crate::faults::{FaultyCatalog, FaultyStore, Shared, Trouble};
use crate::twice::Twice;

#[test]
fn what_is_restored_has_all_its_data_wherever_a_scrubber_stopped() {
    let outcomes: Vec<bool> = (0..600).map(restored_after_a_crash).collect();

    assert!(outcomes.contains(&true) && outcomes.contains(&false));
}

/// Whether the delete was taken back after a scrubber of this seed had crashed.
fn restored_after_a_crash(seed: u64) -> bool {
    let simulation = Simulation::new(seed);
    let world = Twice::new(ImageId::from_bits(1));
    let quiet = GlanceBuilder::new(
        Arc::clone(&world.catalog) as _,
        world.stores(|store| store),
        simulation.runtime(),
    );
    let quiet = quiet.with_settings(settings()).build().unwrap();
    block_on(quiet.delete(&Caller::local_admin(), world.image)).unwrap();
    simulation.advance(Duration::from_secs(1));

    let process = simulation.process(0);
    let shared = Arc::new(Shared::default());
    let trouble = Trouble {
        simulation: process.clone(),
        node: "scrubber".to_owned(),
        catalog: Arc::clone(&world.catalog),
        shared: Arc::clone(&shared),
        network: simulation.process(1),
    };
    let catalog = Arc::new(FaultyCatalog::new(trouble.clone()));
    let stores = world.stores(|store| Arc::new(FaultyStore::new(store, trouble.clone())));
    let glance = GlanceBuilder::new(Arc::clone(&catalog) as _, stores, process.runtime())
        .with_node("scrubber")
        .with_settings(settings())
        .build()
        .unwrap();
    let scrubber = Scrubber::new(glance, catalog, PLAN);
    glance_core::ports::Executor::spawn(
        &process,
        Box::pin(async move {
            let _ = scrubber.pass().await;
        }),
    );
    for _ in 0..simulation.choose(80) {
        simulation.step();
    }
    process.crash();
    shared.over.store(true, Ordering::Relaxed);
    if simulation.choose(2) == 0 {
        // A server takes over what was left.
        simulation.advance(Duration::from_secs(60));
        block_on(quiet.scrub()).unwrap();
    }

    let scrubber = Scrubber::new(quiet.clone(), Arc::clone(&world.catalog) as _, PLAN);
    match block_on(scrubber.restore(world.image)) {
        Ok(image) => {
            assert_eq!(image.status(), Status::Active, "seed {seed}");
            assert_eq!(image.locations.len(), 2, "seed {seed}");
            assert_eq!(world.blobs(), 2, "seed {seed}: data is lost");
            true
        }
        Err(refused) => {
            let fits = matches!(refused, Error::DataGone { .. } | Error::NotScheduled { .. });
            assert!(fits, "seed {seed}: {refused}");
            simulation.advance(Duration::from_secs(60));
            block_on(quiet.scrub()).unwrap();
            block_on(scrubber.pass()).unwrap();
            assert_eq!(world.blobs(), 0, "seed {seed}: data of nobody stays");
            assert_eq!(world.catalog.intents(), [], "seed {seed}");
            false
        }
    }
}

fn settings() -> Settings {
    Settings {
        delayed_delete: true,
        ..Settings::default()
    }
}

const PLAN: ScrubPlan = ScrubPlan {
    delay: Duration::ZERO,
    at_once: 2,
};
