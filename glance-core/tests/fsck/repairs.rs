//! What is repaired, and what is left to people.

use std::sync::atomic::Ordering;

use futures::executor::block_on;
use glance_core::domain::{Change, Status, Work};
use glance_core::ports::{Catalog, Clock, ImageStore};

use crate::site::{DAY, Site, blob, intent};

#[test]
fn a_location_that_leads_nowhere_goes_where_another_is_good() {
    let site = Site::new();
    site.stored(1, &[&site.fast, &site.slow]);
    site.stored(2, &[&site.fast]);
    block_on(site.fast.inner.vacate(site.found(1).unwrap().id)).unwrap();

    let lines = site.repaired();

    assert_eq!(
        lines,
        ["missing_blob 01 fast repaired: the location is removed"]
    );
    let kept = site.found(1).unwrap();
    assert_eq!(kept.locations.len(), 1);
    assert_eq!(kept.locations[0].store().unwrap().as_str(), "slow");
}

#[test]
fn the_last_location_of_an_image_stays() {
    let site = Site::new();
    site.stored(1, &[&site.fast]);
    site.image(2, Status::Active, &["fast"]);
    // Its other one is no good.
    blob(&site.slow, 3, b"another size");
    site.image(3, Status::Active, &["fast", "slow"]);

    let mut lines = site.repaired();
    lines.sort();

    assert_eq!(
        lines,
        [
            "missing_blob 02 fast left: no other location of the image is good",
            "missing_blob 03 fast left: no other location of the image is good",
            "other_size 03 slow left: look at the data: it may be damaged",
        ]
    );
    assert_eq!(site.found(2).unwrap().locations.len(), 1);
}

#[test]
fn a_store_without_any_blob_may_be_a_disk_that_is_not_mounted() {
    let site = Site::new();
    site.stored(1, &[&site.slow]);
    site.image(2, Status::Active, &["fast", "slow"]);
    blob(&site.slow, 2, b"the disk");

    assert_eq!(
        site.repaired(),
        [
            "missing_blob 02 fast left: the store shows no blob at all: is it the right disk or \
             bucket?"
        ]
    );
    assert_eq!(site.found(2).unwrap().locations.len(), 2);
}

#[test]
fn blobs_of_nobody_are_removed() {
    let site = Site::new();
    site.stored(1, &[&site.fast]);
    blob(&site.slow, 1, b"of no location");
    blob(&site.fast, 2, b"of no image");
    blob(&site.staging, 3, b"of no image");
    site.image(4, Status::Queued, &[]);
    blob(&site.fast, 4, b"of an upload that broke off");

    let mut lines = site.repaired();
    lines.sort();

    let removed = "repaired: the blob is removed";
    assert_eq!(
        lines,
        [
            format!("stray_blob 01 slow {removed}"),
            format!("stray_blob 02 fast {removed}"),
            format!("stray_blob 03 staging {removed}"),
            format!("stray_blob 04 fast {removed}"),
        ]
    );
    let image = site.found(1).unwrap();
    assert_eq!(site.fast.inner.contents().0, [image.id]);
    assert_eq!(site.slow.inner.contents().0, []);
    assert_eq!(image.locations.len(), 1);
    assert_eq!(site.found(4).unwrap().status(), Status::Queued);
}

#[test]
fn a_young_blob_of_an_image_without_data_may_be_being_written() {
    let site = Site::new();
    site.image(1, Status::Queued, &[]);
    blob(&site.fast, 1, b"young");
    site.fast.hours.store(0, Ordering::Relaxed);

    assert_eq!(
        site.repaired(),
        ["stray_blob 01 fast left: somebody may be writing it: check again later"]
    );
    assert_eq!(site.fast.inner.contents().0.len(), 1);
}

#[test]
fn work_long_past_its_lease_is_settled() {
    let site = Site::new();
    let image = site.image(1, Status::Queued, &[]);
    blob(&site.slow, 1, b"of an upload that broke off");
    let upload = intent(&image, "slow", Work::Upload, site.clock.now());
    let saving = image.clone().stored_as(Status::Saving);
    let change = Change::of_status(image, saving).beginning([upload]);
    block_on(site.catalog.commit(&change)).unwrap();
    assert_eq!(site.told(), [""; 0]);
    site.clock.advance(DAY);

    assert_eq!(
        site.repaired(),
        ["overdue_work 01 slow repaired: it is finished, or undone"]
    );
    assert_eq!(site.found(1).unwrap().status(), Status::Queued);
    assert_eq!(site.slow.inner.contents().0, []);
}
