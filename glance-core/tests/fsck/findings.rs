//! What is told, and what is none of it.

use std::sync::atomic::Ordering;

use futures::executor::block_on;
use glance_core::domain::{Caller, Change, Draft, ImageId, Status, Work};
use glance_core::ports::{ByteStream, Catalog, Clock};
use glance_core::{CheckPlan, Error, UploadOptions};

use crate::site::{DAY, Site, blob, intent, located};

#[test]
fn a_healthy_catalog_is_in_order() {
    let site = Site::new();
    let caller = Caller::local_admin();
    site.stored(1, &[&site.fast, &site.slow]);
    let mut hidden = site.stored(2, &[&site.slow]);
    hidden.hidden = true;
    let change = Change::of_edit(site.found(2).unwrap(), hidden);
    block_on(site.catalog.commit(&change)).unwrap();
    site.image(3, Status::Queued, &[]);
    site.stored(4, &[&site.fast]);
    block_on(site.glance.delete(&caller, ImageId::from_bits(4))).unwrap();
    let staged = block_on(async {
        let draft = Draft::raw("staged").unwrap();
        let id = site.glance.create(&caller, draft).await.unwrap().id;
        let body = ByteStream::from_bytes("to be imported");
        let options = UploadOptions::default();
        site.glance.stage(&caller, id, body, options).await.unwrap()
    });
    site.clock.advance(2 * DAY);

    let (checked, lines) = site.check(&CheckPlan {
        repair: true,
        ..CheckPlan::default()
    });

    assert_eq!(lines, [""; 0]);
    assert_eq!(staged.status(), Status::Uploading);
    // Images are those that are there; blobs are two of the first, one of each other, one staged.
    assert_eq!((checked.images, checked.blobs), (4, 5));
    assert_eq!(site.fast.inner.contents().0.len(), 2);
}

#[test]
fn each_kind_of_trouble_is_told_and_nothing_is_changed() {
    let site = Site::new();
    site.stored(1, &[&site.fast]);
    site.image(2, Status::Active, &["fast"]);
    site.image(3, Status::Deactivated, &["gone"]);
    blob(&site.slow, 4, b"another size");
    site.image(4, Status::Active, &["slow"]);
    blob(&site.slow, 5, b"of nobody");
    blob(&site.staging, 6, b"of nobody");
    site.image(7, Status::Saving, &[]);
    let begun = site.image(8, Status::Queued, &[]);
    let upload = intent(&begun, "fast", Work::Upload, site.clock.now());
    let saving = begun.clone().stored_as(Status::Saving);
    let change = Change::of_status(begun, saving).beginning([upload]);
    block_on(site.catalog.commit(&change)).unwrap();
    site.clock.advance(DAY);
    let before = (site.catalog.images(), site.catalog.intents());

    let mut told = site.told();
    told.sort();

    assert_eq!(
        told,
        [
            "missing_blob 02 fast told",
            "no_store 03 - told",
            "other_size 04 slow told",
            "overdue_work 08 fast told",
            "stray_blob 05 slow told",
            "stray_blob 06 staging told",
            "stuck_image 07 - told",
        ]
    );
    assert_eq!((site.catalog.images(), site.catalog.intents()), before);
    assert_eq!(site.slow.inner.contents().0.len(), 2);
}

#[test]
fn a_blob_that_is_named_after_one_image_and_is_the_data_of_another_is_explained() {
    let site = Site::new();
    blob(&site.fast, 1, b"the disk");
    let mut other = site.image(2, Status::Active, &[]);
    other.locations = vec![located("fast", 1)];
    let change = Change::of_edit(site.found(2).unwrap(), other);
    block_on(site.catalog.commit(&change)).unwrap();

    assert_eq!(site.repaired(), [""; 0]);
    assert_eq!(site.fast.inner.contents().0.len(), 1);
}

#[test]
fn a_store_that_is_away_is_told_once_and_the_others_are_checked() {
    let site = Site::new();
    for number in 1..50 {
        site.stored(number, &[&site.fast]);
    }
    blob(&site.slow, 99, b"of nobody");
    site.fast.is_away.store(true, Ordering::Relaxed);

    assert_eq!(
        site.told(),
        ["store_away - fast told", "stray_blob 63 slow told"]
    );
}

#[test]
fn one_store_can_be_checked_alone() {
    let site = Site::new();
    site.image(1, Status::Active, &["fast", "slow"]);
    blob(&site.staging, 2, b"of nobody");
    site.image(3, Status::Active, &["gone"]);
    let only = |name: &str| CheckPlan {
        store: Some(name.parse().unwrap()),
        ..CheckPlan::default()
    };

    assert_eq!(site.check(&only("slow")).1, ["missing_blob 01 slow told"]);
    assert_eq!(
        site.check(&only("staging")).1,
        ["stray_blob 02 staging told"]
    );
    let unknown = block_on(
        site.glance
            .check(site.catalog.as_ref(), &only("nosuch"), &mut |_| ()),
    );
    assert!(
        matches!(unknown, Err(Error::UnknownStore { .. })),
        "{unknown:?}"
    );
}
