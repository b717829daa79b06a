//! The catalog held against stores that mirror each other.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checks;

use std::sync::Arc;

use futures::executor::block_on;
use glance_core::domain::Image;
use glance_core::memory::{MemoryCatalog, MemoryStore, VirtualClock};
use glance_core::ports::{Catalog, ImageStore};
use glance_core::{ConfiguredStore, Glance, GlanceBuilder, Stores};
use glance_stores::Mirrored;

struct Site {
    near: Arc<MemoryStore>,
    far: Arc<MemoryStore>,
    catalog: Arc<MemoryCatalog>,
    glance: Glance,
}

impl Site {
    fn new() -> Self {
        let [near, far] =
            ["near", "far"].map(|name| Arc::new(MemoryStore::new(name.parse().unwrap())));
        let both = [&near, &far].map(|store| Arc::clone(store) as Arc<dyn ImageStore>);
        let mirrored: Arc<dyn ImageStore> =
            Arc::new(Mirrored::new("safe".parse().unwrap(), both.into()));
        let id = mirrored.id().clone();
        let stores = Stores::named(&id, vec![ConfiguredStore::new(mirrored, "mirrored")]).unwrap();
        let clock = VirtualClock::default();
        let runtime = clock.runtime(7);
        let catalog = Arc::<MemoryCatalog>::default();
        let rows = Arc::clone(&catalog) as Arc<dyn Catalog>;
        let glance = GlanceBuilder::new(rows, stores, runtime).build().unwrap();
        Self {
            near,
            far,
            catalog,
            glance,
        }
    }

    fn stored(&self) -> Image {
        checks::stored(&self.glance)
    }

    /// What a check finds, and what becomes of it.
    fn check(&self, repair: bool) -> Vec<String> {
        let findings = checks::findings(&self.glance, self.catalog.as_ref(), repair);
        let lines = findings.iter().map(|finding| {
            let trouble = finding.trouble.as_str();
            format!("{trouble} {}", checks::outcome(finding))
        });
        lines.collect()
    }

    fn blobs(&self) -> (usize, usize) {
        (self.near.contents().0.len(), self.far.contents().0.len())
    }
}

#[test]
fn what_all_of_them_hold_for_an_image_is_in_order() {
    let site = Site::new();
    site.stored();

    assert_eq!(site.check(true), [""; 0]);
    assert_eq!(site.blobs(), (1, 1));
}

#[test]
fn strays_in_one_of_them_or_in_all_are_found_and_removed() {
    let site = Site::new();
    site.stored();
    checks::stray(&site.near, 1);
    checks::stray(&site.far, 1);
    checks::stray(&site.far, 2);

    assert_eq!(site.check(false), ["stray_blob told"; 3]);
    assert_eq!(site.blobs(), (2, 3));
    assert_eq!(site.check(true), ["stray_blob repaired"; 3]);
    assert_eq!(site.blobs(), (1, 1));
    assert_eq!(site.check(true), [""; 0]);
}

#[test]
fn a_copy_that_one_of_them_lost_is_told_and_the_others_stay() {
    for lost in ["near", "far"] {
        let site = Site::new();
        let image = site.stored();
        let store = if lost == "near" {
            &site.near
        } else {
            &site.far
        };
        block_on(store.vacate(image.id)).unwrap();

        assert_eq!(site.check(true), ["missing_copy left"], "{lost}");
        let (near, far) = site.blobs();
        assert_eq!(near + far, 1, "{lost}");
    }
}

#[test]
fn data_that_all_of_them_lost_is_missing() {
    let site = Site::new();
    let image = site.stored();
    for store in [&site.near, &site.far] {
        block_on(store.vacate(image.id)).unwrap();
    }

    assert_eq!(site.check(false), ["missing_blob told"]);
}
