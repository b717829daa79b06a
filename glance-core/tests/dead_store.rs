//! A store that never answers holds up nothing but what is in it (rule R19).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod troubled;

use std::sync::Arc;
use std::time::Duration;

use glance_core::domain::{
    Change, Event, Holder, Image, ImageId, Intent, Status, StoreId, Timestamp, Work,
};
use glance_core::memory::{MemoryCatalog, MemoryStore, Simulation};
use glance_core::ports::{Catalog, Executor, ImageStore};
use glance_core::{ConfiguredStore, GlanceBuilder, Stores};

use troubled::{Trouble, Troubled};

#[test]
fn the_scrubber_settles_what_is_in_the_other_stores() {
    let simulation = Simulation::new(7);
    let catalog = Arc::new(MemoryCatalog::default());
    // The dead store's work comes first: by the end of its lease, and by the name of its store.
    let names = ["dead", "live", "dead"];
    for (n, name) in (1..).zip(names) {
        break_upload(&catalog, n, name.parse().unwrap());
    }
    let dead = Troubled::new(store("dead"), Trouble::Dead);
    let alive: Arc<dyn ImageStore> = Arc::new(store("live"));
    let all = [Arc::new(dead) as Arc<dyn ImageStore>, alive];
    let stores = all.map(|store| ConfiguredStore::new(store, "memory"));
    let stores = Stores::unnamed(&"live".parse().unwrap(), stores.to_vec()).unwrap();
    let glance = GlanceBuilder::new(
        Arc::<MemoryCatalog>::clone(&catalog),
        stores,
        simulation.runtime(),
    )
    .build()
    .unwrap();
    simulation.advance(Duration::from_secs(60));

    simulation.spawn(Box::pin(async move {
        let _ = glance.scrub().await;
    }));
    for _ in 0..1000 {
        simulation.step();
    }

    let status = |n| {
        let images = catalog.images();
        let image = images
            .iter()
            .find(|image| image.id == ImageId::from_bits(n));
        image.unwrap().status()
    };
    assert_eq!(status(2), Status::Queued);
    assert_eq!((status(1), status(3)), (Status::Saving, Status::Saving));
    let left = catalog.intents();
    assert!(
        left.iter().all(|intent| intent.store.as_str() == "dead"),
        "{left:?}"
    );
    assert_eq!(left.len(), 2);
}

fn store(name: &str) -> MemoryStore {
    MemoryStore::new(name.parse().unwrap())
}

/// An upload whose process is gone, and whose lease ends after so many seconds.
fn break_upload(catalog: &MemoryCatalog, n: u128, store: StoreId) {
    let start = Timestamp::from_micros(0);
    let image = Image::queued(ImageId::from_bits(n), start);
    let saving = image.after(Event::UploadStarted, start).unwrap();
    let seconds = u64::try_from(n).unwrap();
    let intent = Intent {
        id: format!("upload {n}").parse().unwrap(),
        image: image.id,
        store,
        work: Work::Upload,
        holder: Holder {
            node: "gone".to_owned(),
            process: "gone".to_owned(),
        },
        lease_until: start.after(Duration::from_secs(seconds)),
    };
    futures::executor::block_on(async {
        catalog.insert(&image, None).await.unwrap();
        let change = Change::of_status(image, saving).beginning([intent]);
        catalog.commit(&change).await.unwrap();
    });
}
