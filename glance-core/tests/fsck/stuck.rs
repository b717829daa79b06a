//! Images that wait for data that nobody brings.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::{
    IMPORT_LOCK, Image, PropertyName, PropertyValue, Status, Task, TaskId, TaskKind,
};
use glance_core::ports::{Catalog, Clock, TaskLog};

use crate::site::{DAY, Site, blob};

const QUEUED: &str = "stuck_image 01 - repaired: the image is queued again";

#[test]
fn a_stuck_image_is_queued_again_and_what_it_left_anywhere_is_removed() {
    for status in [Status::Saving, Status::Uploading, Status::Importing] {
        let site = Site::new();
        site.image(1, status, &[]);
        for shelf in [&site.fast, &site.slow, &site.staging] {
            blob(shelf, 1, b"half of it");
        }
        site.clock.advance(DAY - Duration::from_secs(1));
        assert_eq!(site.repaired(), [""; 0]);
        site.clock.advance(Duration::from_secs(1));

        let lines = site.repaired();

        assert_eq!(lines.first().unwrap(), QUEUED, "{lines:?}");
        assert_eq!(site.found(1).unwrap().status(), Status::Queued);
        for shelf in [&site.fast, &site.slow, &site.staging] {
            assert_eq!(shelf.inner.contents(), (vec![], 0), "{status:?}");
        }
    }
}

#[test]
fn a_stuck_image_that_has_data_is_left() {
    let site = Site::new();
    blob(&site.fast, 1, b"the disk");
    site.image(1, Status::Importing, &["fast"]);
    site.clock.advance(DAY);

    assert_eq!(
        site.repaired(),
        ["stuck_image 01 - left: it has data: look at it"]
    );
    assert_eq!(site.fast.inner.contents().0.len(), 1);
}

#[test]
fn an_import_is_left_alone_as_long_as_its_task_lives() {
    let site = Site::new();
    let task: TaskId = "5f1d9b2a-0000-4000-8000-000000000001".parse().unwrap();
    let mut image: Image = site.image(1, Status::Importing, &[]);
    site.clock.advance(DAY);
    let pending = Task::pending(task.clone(), TaskKind::ApiImageImport, site.clock.now());
    block_on(site.catalog.insert_task(&pending)).unwrap();
    image.id = glance_core::domain::ImageId::from_bits(2);
    let name = PropertyName::stored(IMPORT_LOCK.to_owned());
    let value = PropertyValue::stored(Some(task.to_string()));
    image.properties.insert(name, value);
    block_on(site.catalog.insert(&image, None)).unwrap();

    let alive = site.told();
    let begun = pending.begun(site.clock.now()).unwrap();
    let ended = begun
        .failed("dead".to_owned(), site.clock.now(), DAY)
        .unwrap();
    block_on(site.catalog.move_task(&begun, pending.status())).unwrap();
    block_on(site.catalog.move_task(&ended, begun.status())).unwrap();
    let dead = site.repaired();

    assert_eq!(alive, ["stuck_image 01 - told"]);
    assert_eq!(dead.len(), 2, "{dead:?}");
    let image = site.found(2).unwrap();
    assert_eq!(image.status(), Status::Queued);
    assert!(!image.is_being_imported());
}

#[test]
fn what_cannot_be_cleared_stays_for_the_scrubber() {
    let site = Site::new();
    site.image(1, Status::Saving, &[]);
    site.clock.advance(DAY);
    site.fast.is_away.store(true, Ordering::Relaxed);

    let plan = glance_core::CheckPlan {
        repair: true,
        ..glance_core::CheckPlan::default()
    };
    let (checked, lines) = site.check(&plan);
    assert!(lines[0].starts_with("stuck_image 01 - Failed"), "{lines:?}");
    assert_eq!(checked.repaired, 0);
    site.fast.is_away.store(false, Ordering::Relaxed);
    site.clock.advance(Duration::from_secs(60));
    let scrubbed = block_on(site.glance.scrub()).unwrap();

    assert_eq!(scrubbed.uploads, 1);
    assert_eq!(site.found(1).unwrap().status(), Status::Queued);
}
