//! Data at a location that is not what it was said to be, in a store that does not remove it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod published;
mod troubled;

use std::sync::Arc;
use std::time::Duration;

use glance_core::domain::{
    Caller, Draft, Image, ImageId, Multihash, NewLocation, Status, ValidationData,
};
use glance_core::memory::{MemoryCatalog, MemoryStore, Simulation};
use glance_core::ports::Executor;
use glance_core::{Glance, GlanceBuilder};

use published::{both, is_published, published, published_hash, published_url};
use troubled::{Trouble, Troubled};

struct World {
    simulation: Simulation,
    catalog: Arc<MemoryCatalog>,
    theirs: Troubled,
    glance: Glance,
}

impl World {
    fn new(trouble: Trouble) -> Self {
        let simulation = Simulation::new(11);
        let catalog = Arc::new(MemoryCatalog::default());
        let theirs = Troubled::new(published(), trouble);
        let stores = both(Arc::new(MemoryStore::default()), Arc::new(theirs.clone()));
        let runtime = simulation.runtime();
        let glance = GlanceBuilder::new(Arc::<MemoryCatalog>::clone(&catalog), stores, runtime)
            .build()
            .unwrap();
        Self {
            simulation,
            catalog,
            theirs,
            glance,
        }
    }

    /// Locates an image whose data has another hash than is said.
    fn locate(&self) {
        let (glance, id) = (self.glance.clone(), ImageId::from_bits(1));
        let mut new = NewLocation::at(&published_url(id));
        new.validation = Some(ValidationData {
            checksum: None,
            multihash: Multihash {
                algorithm: "sha512".to_owned(),
                value: "0".repeat(published_hash(id).len()),
            },
        });
        self.simulation.spawn(Box::pin(async move {
            let draft = Draft {
                id: Some(id),
                ..Draft::raw("disk").unwrap()
            };
            let service = Caller::local_admin().with_roles(["admin", "service"]);
            glance.create(&service, draft).await.unwrap();
            glance.add_location(&service, id, new, None).await.unwrap();
        }));
        self.settle();
    }

    fn settle(&self) {
        for _ in 0..1000 {
            self.simulation.step();
        }
    }

    fn image(&self) -> Image {
        let [image] = <[Image; 1]>::try_from(self.catalog.images()).unwrap();
        image
    }
}

#[test]
fn data_that_a_store_refuses_to_remove_stays_and_its_image_is_queued_all_the_same() {
    let world = World::new(Trouble::Stubborn);

    world.locate();

    let image = world.image();
    assert_eq!(image.status(), Status::Queued);
    assert!(image.locations.is_empty() && image.size.is_none());
    assert_eq!(world.catalog.intents(), []);
    assert!(world.theirs.store.contents().0.contains(&image.id));
}

#[test]
fn data_in_a_store_that_is_out_of_reach_is_removed_before_its_image_lets_go_of_it() {
    let world = World::new(Trouble::Away);

    world.locate();

    let image = world.image();
    assert_eq!(image.status(), Status::Importing);
    assert!(is_published(&image));
    assert_eq!(world.catalog.intents().len(), 1);

    world.theirs.set(Trouble::None);
    world.simulation.advance(Duration::from_secs(60));
    let glance = world.glance.clone();
    world.simulation.spawn(Box::pin(async move {
        glance.scrub().await.unwrap();
    }));
    world.settle();

    let image = world.image();
    assert_eq!(image.status(), Status::Queued);
    assert!(image.locations.is_empty());
    assert_eq!(world.catalog.intents(), []);
    assert!(!world.theirs.store.contents().0.contains(&image.id));
}
