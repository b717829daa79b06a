//! Scrubbing where one of the stores is away.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::{Caller, ImageId, Location};
use glance_core::ports::Catalog;
use glance_core::{ScrubPlan, Scrubber, Settings};

use crate::twice::{image, url, write};
use crate::two_names::Site;

/// Images beside the first one, which is in both stores.
const IMAGES: u128 = 20;

/// A service whose images are in a store that is away, and one image in another.
fn site(settings: Settings) -> (Site, ImageId) {
    let site = Site::new(settings);
    let other = ImageId::from_bits(1000);
    for id in (2..2 + IMAGES).map(ImageId::from_bits).chain([other]) {
        let (at, store) = match id == other {
            true => (1, "other"),
            false => (0, "memory"),
        };
        let mut image = image(id);
        image.locations = vec![Location::new(url(store, id))];
        block_on(write(&site.world.held[at], id));
        block_on(site.world.catalog.insert(&image, None)).unwrap();
    }
    site.is_away.store(true, Ordering::Relaxed);
    for image in site.world.catalog.images() {
        if image.id != site.world.image {
            block_on(site.glance.delete(&Caller::local_admin(), image.id)).unwrap();
        }
    }
    site.clock.advance(Duration::from_secs(60));
    (site, other)
}

#[test]
fn a_store_that_is_away_is_asked_once_in_a_pass() {
    let (site, other) = site(Settings::default());
    let before = site.deletes.load(Ordering::Relaxed);

    let away = block_on(site.glance.scrub()).unwrap();
    let asked = site.deletes.load(Ordering::Relaxed) - before;
    site.is_away.store(false, Ordering::Relaxed);
    site.clock.advance(Duration::from_secs(60));
    let back = block_on(site.glance.scrub()).unwrap();

    assert_eq!((asked, away.failures, away.deletes), (1, 1, 0));
    assert_eq!((back.failures, back.deletes), (0, IMAGES as usize));
    assert!(!site.is_held(1, other));
    assert_eq!(site.world.catalog.intents(), []);
}

#[test]
fn delayed_deletes_in_other_stores_do_not_wait_for_one_that_is_away() {
    let (site, other) = site(Settings {
        delayed_delete: true,
        ..Settings::default()
    });
    let plan = ScrubPlan {
        delay: Duration::ZERO,
        at_once: 2,
    };
    let deletes = Arc::clone(&site.world.catalog) as _;
    let scrubber = Scrubber::new(site.glance.clone(), deletes, plan);

    let away = block_on(scrubber.pass()).unwrap();
    let asked = site.deletes.load(Ordering::Relaxed);

    assert!(asked <= 2, "{asked}");
    assert_eq!((away.failures, away.deletes), (IMAGES as usize, 1));
    assert!(!site.is_held(1, other));
}
