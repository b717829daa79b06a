//! Images that nobody gives data to go after a while (rule R15).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::{Caller, Draft, Image};
use glance_core::memory::MemoryGlance;
use glance_core::ports::ByteStream;
use glance_core::{Glance, Settings, UploadOptions};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn create(glance: &Glance, protected: bool) -> Image {
    let draft = Draft {
        protected,
        ..Draft::raw("image").unwrap()
    };
    block_on(glance.create(&Caller::local_admin(), draft)).unwrap()
}

#[test]
fn images_without_data_go_after_their_lifetime_and_no_others() {
    let memory = MemoryGlance::new();
    let glance = memory.build().unwrap();
    for _ in 0..250 {
        create(&glance, false);
    }
    let (protected, active) = (create(&glance, true), create(&glance, false));
    let body = ByteStream::from_bytes("data");
    let options = UploadOptions::default();
    block_on(glance.upload(&Caller::local_admin(), active.id, body, options)).unwrap();

    memory.clock.advance(29 * DAY);
    let early = block_on(glance.scrub()).unwrap();
    let young = create(&glance, false);
    memory.clock.advance(2 * DAY);
    let late = block_on(glance.scrub()).unwrap();

    assert_eq!((early.expired, late.expired), (0, 250));
    let mut kept = [protected.id, active.id, young.id];
    kept.sort();
    let images = memory.catalog.images();
    assert_eq!(
        images.iter().map(|image| image.id).collect::<Vec<_>>(),
        kept
    );
}

#[test]
fn without_a_lifetime_they_stay() {
    let memory = MemoryGlance::new().with_settings(Settings {
        queued_lifetime: None,
        ..Settings::default()
    });
    let glance = memory.build().unwrap();
    create(&glance, false);

    memory.clock.advance(10_000 * DAY);

    assert_eq!(block_on(glance.scrub()).unwrap().expired, 0);
    assert_eq!(memory.catalog.images().len(), 1);
}
