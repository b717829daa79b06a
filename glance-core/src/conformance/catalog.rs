//! What holds of images in every catalog.

use std::collections::BTreeSet;

use crate::domain::{
    BlobUrl, Change, Content, Event, Image, ImageId, ImageQuotas, Location, Membership, Multihash,
    PropertyValue, Resource, Status, Timestamp, Viewer, Visibility,
};
use crate::ports::{Catalog, CatalogError};

/// A found image equals the inserted one in every field.
pub async fn what_is_inserted_is_found_as_it_was(catalog: &dyn Catalog) {
    let image = rich_image(1);

    catalog.insert(&image, None).await.unwrap();

    assert_eq!(found(catalog, image.id).await, Some(image));
    assert_eq!(found(catalog, ImageId::from_bits(2)).await, None);
}

/// Neither an image that is there nor one that is gone gives its id away.
pub async fn an_id_is_never_used_twice(catalog: &dyn Catalog) {
    let image = rich_image(1);
    catalog.insert(&image, None).await.unwrap();

    let while_there = catalog.insert(&image, None).await;
    delete(catalog, &image).await;
    let when_gone = catalog.insert(&image, None).await;

    assert!(
        matches!(while_there, Err(CatalogError::Conflict)),
        "{while_there:?}"
    );
    assert!(
        matches!(when_gone, Err(CatalogError::Conflict)),
        "{when_gone:?}"
    );
}

/// However many come at once, a project gets as many images as it may have.
pub async fn concurrent_inserts_stop_at_the_quota(catalog: &dyn Catalog) {
    let images: Vec<Image> = (1..=20).map(rich_image).collect();

    let quotas = Some(ImageQuotas {
        all: Some(5),
        queued: None,
    });
    let results =
        futures::future::join_all(images.iter().map(|image| catalog.insert(image, quotas))).await;

    assert_eq!(stored_and_refused(&results, Resource::Images), (5, 15));
}

/// Images with data, of other projects, or gone do not count; hidden ones do.
pub async fn concurrent_inserts_stop_at_the_quota_of_queued_images(catalog: &dyn Catalog) {
    let active = rich_image(1).stored_as(Status::Active);
    let foreign = changed(&rich_image(2), 5, |image| image.owner = None);
    for image in [&active, &foreign, &rich_image(3)] {
        catalog.insert(image, None).await.unwrap();
    }
    delete(catalog, &rich_image(3)).await;
    let hidden = |n: u128| changed(&rich_image(n), 5, |image| image.hidden = n < 20);
    let images: Vec<Image> = (10..30).map(hidden).collect();
    let quotas = Some(ImageQuotas {
        all: Some(100),
        queued: Some(5),
    });

    let inserts = images.iter().map(|image| catalog.insert(image, quotas));
    let results = futures::future::join_all(inserts).await;

    assert_eq!(
        stored_and_refused(&results, Resource::QueuedImages),
        (5, 15)
    );
}

fn stored_and_refused(results: &[Result<(), CatalogError>], resource: Resource) -> (usize, usize) {
    let stored = results.iter().filter(|result| result.is_ok()).count();
    let refused = results.iter().filter(|result| match result {
        Err(CatalogError::Quota(quota)) => quota.resource == resource,
        _ => false,
    });
    (stored, refused.count())
}

/// Protected images, and those of another status, are never idle.
pub async fn the_longest_idle_of_queued_images_come_first(catalog: &dyn Catalog) {
    let touched = |n, micros| changed(&rich_image(n), micros, |image| image.protected = false);
    let idle = [
        touched(1, 40),
        touched(2, 10),
        touched(3, 30),
        touched(4, 20),
    ];
    let protected = changed(&rich_image(5), 10, |image| image.protected = true);
    let active = touched(6, 10).stored_as(Status::Active);
    for image in idle.iter().chain([&protected, &active, &touched(7, 10)]) {
        catalog.insert(image, None).await.unwrap();
    }
    delete(catalog, &touched(7, 10)).await;

    let two = catalog.idle_queued(at(40), 2).await.unwrap();
    let all = catalog.idle_queued(at(40), 100).await.unwrap();

    let [_, second, fourth, third] = idle;
    assert_eq!(two, [second.clone(), third.clone()]);
    assert_eq!(all, [second, third, fourth]);
}

/// A commit stores what differs; what it gives back is what is found.
pub async fn an_edit_is_stored_and_nothing_else(catalog: &dyn Catalog) {
    let before = rich_image(1);
    let other = rich_image(2);
    catalog.insert(&before, None).await.unwrap();
    catalog.insert(&other, None).await.unwrap();
    let mut after = before.clone();
    after.name = None;
    after.visibility = Visibility::Community;
    after.hidden = true;
    after.tags = ["kept", "new"].map(|tag| tag.parse().unwrap()).into();
    after.properties.remove(&"gone".parse().unwrap());
    after
        .properties
        .insert("os".parse().unwrap(), "other".parse().unwrap());
    after
        .properties
        .insert("new".parse().unwrap(), "".parse().unwrap());
    after.updated_at = at(50);

    let stored = catalog
        .commit(&Change::of_edit(before, after.clone()))
        .await
        .unwrap();

    assert_eq!(stored, after);
    assert_eq!(found(catalog, after.id).await, Some(after));
    assert_eq!(found(catalog, other.id).await, Some(other));
}

/// The algorithm of a hash is stored before its value is known, and goes with it.
pub async fn an_awaited_hash_is_kept_until_it_is_known(catalog: &dyn Catalog) {
    let awaiting = |image: &mut Image| image.hash_awaited = Some("sha256".to_owned());
    let queued = changed(&rich_image(1), 5, |image| image.multihash = None);
    catalog.insert(&queued, None).await.unwrap();
    let early = changed(&queued, 6, awaiting);
    let late = changed(&early, 7, |image| {
        image.multihash = Some(content().multihash);
        image.hash_awaited = None;
    });
    let lost = changed(&late, 8, |image| {
        image.multihash = None;
        awaiting(image);
    });

    for (before, after) in [
        (queued, &early),
        (early.clone(), &late),
        (late.clone(), &lost),
    ] {
        let change = Change::of_edit(before, after.clone());
        catalog.commit(&change).await.unwrap();
        assert_eq!(found(catalog, after.id).await.as_ref(), Some(after));
    }
}

/// An edit is of the image that was read; a move of status minds the status alone.
pub async fn an_edit_of_what_has_changed_is_a_conflict(catalog: &dyn Catalog) {
    let read = rich_image(1);
    catalog.insert(&read, None).await.unwrap();
    let edited = changed(&read, 50, |image| image.protected = true);
    catalog
        .commit(&Change::of_edit(read.clone(), edited))
        .await
        .unwrap();

    let stale = changed(&read, 60, |image| image.min_disk = 7.try_into().unwrap());
    let edit = catalog.commit(&Change::of_edit(read.clone(), stale)).await;
    let saving = read.after(Event::UploadStarted, at(70)).unwrap();
    let moved = catalog
        .commit(&Change::of_status(read.clone(), saving.clone()))
        .await
        .unwrap();
    let again = catalog.commit(&Change::of_status(read, saving)).await;

    assert!(matches!(edit, Err(CatalogError::Conflict)), "{edit:?}");
    assert_eq!((moved.status(), moved.protected), (Status::Saving, true));
    assert!(matches!(again, Err(CatalogError::Conflict)), "{again:?}");
}

/// There is nothing to change of what is not there.
pub async fn a_change_of_what_is_gone_is_not_found(catalog: &dyn Catalog) {
    let image = rich_image(1);
    let after = changed(&image, 50, |image| image.hidden = true);
    let change = Change::of_edit(image.clone(), after);

    let never_there = catalog.commit(&change).await;
    catalog.insert(&image, None).await.unwrap();
    delete(catalog, &image).await;
    let gone = catalog.commit(&change).await;

    assert!(
        matches!(never_there, Err(CatalogError::NotFound)),
        "{never_there:?}"
    );
    assert!(matches!(gone, Err(CatalogError::NotFound)), "{gone:?}");
}

/// It is neither found nor listed, and has no members.
pub async fn a_deleted_image_is_gone_with_all_it_had(catalog: &dyn Catalog) {
    let image = rich_image(1);
    catalog.insert(&image, None).await.unwrap();
    let member = Membership::offered(image.id, "p".parse().unwrap(), at(2));
    catalog.put_member(&member, None).await.unwrap();

    delete(catalog, &image).await;

    assert_eq!(found(catalog, image.id).await, None);
    assert_eq!(catalog.members(image.id).await.unwrap(), []);
    let admin = Viewer {
        project: None,
        admin: true,
    };
    assert_eq!(catalog.list(&Default::default(), &admin).await.unwrap(), []);
    let offer = catalog.put_member(&member, None).await;
    assert!(matches!(offer, Err(CatalogError::NotFound)), "{offer:?}");
}

/// Upstream's rows are unique by name, also those that are gone.
pub async fn a_property_that_was_removed_can_come_back(catalog: &dyn Catalog) {
    let mut image = rich_image(1);
    catalog.insert(&image, None).await.unwrap();

    for (round, value) in [(1, None), (2, Some("back")), (3, None), (4, Some("again"))] {
        let mut after = image.clone();
        after.properties.remove(&"os".parse().unwrap());
        if let Some(value) = value {
            after
                .properties
                .insert("os".parse().unwrap(), value.parse().unwrap());
        }
        after.updated_at = at(100 + round);
        catalog
            .commit(&Change::of_edit(image, after.clone()))
            .await
            .unwrap();
        assert_eq!(found(catalog, after.id).await.as_ref(), Some(&after));
        image = after;
    }
}

/// Data arrives with its location, and goes with it.
pub async fn locations_come_and_go(catalog: &dyn Catalog) {
    let queued = rich_image(1);
    catalog.insert(&queued, None).await.unwrap();
    let saving = queued.after(Event::UploadStarted, at(10)).unwrap();
    catalog
        .commit(&Change::of_status(queued, saving.clone()))
        .await
        .unwrap();
    let mut location = Location::new(BlobUrl::new("file:///images/1"));
    location.metadata.insert("store".to_owned(), "fast".into());

    let active = saving
        .after(Event::DataStored, at(20))
        .unwrap()
        .with_content(content(), location);
    catalog
        .commit(&Change::of_status(saving, active.clone()))
        .await
        .unwrap();
    assert_eq!(found(catalog, active.id).await, Some(active.clone()));

    let bare = changed(&active, 30, |image| image.locations.clear());
    catalog
        .commit(&Change::of_edit(active, bare.clone()))
        .await
        .unwrap();
    assert_eq!(found(catalog, bare.id).await, Some(bare));
}

/// Upstream lets an image have one URL twice, with other metadata.
pub async fn locations_keep_their_order_whatever_changes(catalog: &dyn Catalog) {
    let location = |url: &str, store: &str| {
        let mut location = Location::new(BlobUrl::new(url));
        location.metadata.insert("store".to_owned(), store.into());
        location
    };
    let (a, b, c) = (
        location("http://h/a", "x"),
        location("http://h/b", "x"),
        location("http://h/c", "x"),
    );
    let again = location("http://h/a", "y");
    let mut image = rich_image(1).stored_as(Status::Active);
    catalog.insert(&image, None).await.unwrap();

    for (round, locations) in (1..).zip([
        vec![a.clone(), b.clone()],
        vec![c.clone(), a.clone(), b.clone()],
        vec![c.clone(), again.clone(), b.clone()],
        vec![a.clone(), again.clone(), b.clone()],
        vec![again, b.clone()],
        vec![b.clone(), c.clone(), a],
        vec![c],
    ]) {
        let after = changed(&image, 100 + round, |image| image.locations = locations);
        let change = Change::of_edit(image, after.clone());
        let stored = catalog.commit(&change).await.unwrap();
        assert_eq!(stored.locations, after.locations);
        image = found(catalog, after.id).await.unwrap();
        assert_eq!(image.locations, after.locations);
    }
}

pub(super) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + micros)
}

pub(super) async fn found(catalog: &dyn Catalog, id: ImageId) -> Option<Image> {
    catalog.find(id, None).await.unwrap().map(|seen| seen.image)
}

async fn delete(catalog: &dyn Catalog, image: &Image) {
    let deleted = image.after(Event::Deleted, at(90)).unwrap();
    catalog
        .commit(&Change::of_status(image.clone(), deleted))
        .await
        .unwrap();
}

/// A queued image with something in every field that a queued image can have.
pub(super) fn rich_image(bits: u128) -> Image {
    let mut image = Image::queued(ImageId::from_bits(bits), at(1));
    image.name = Some("näme 'quoted' % _".parse().unwrap());
    image.owner = Some("owner".parse().unwrap());
    image.disk_format = Some("qcow2".parse().unwrap());
    image.container_format = Some("bare".parse().unwrap());
    image.min_disk = i64::from(i32::MAX).try_into().unwrap();
    image.min_ram = 1.try_into().unwrap();
    image.tags = BTreeSet::from(["kept", "lost"].map(|tag| tag.parse().unwrap()));
    for (name, value) in [("os", "linux"), ("gone", "x"), ("empty", "")] {
        image
            .properties
            .insert(name.parse().unwrap(), value.parse().unwrap());
    }
    let nothing = PropertyValue::null();
    image.properties.insert("null".parse().unwrap(), nothing);
    image
}

pub(super) fn changed(image: &Image, micros: i64, change: impl FnOnce(&mut Image)) -> Image {
    let mut changed = image.clone();
    change(&mut changed);
    changed.updated_at = at(micros);
    changed
}

fn content() -> Content {
    Content {
        size: 5_000_000_000,
        checksum: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
        multihash: Multihash {
            algorithm: "sha512".to_owned(),
            value: "00ff".to_owned(),
        },
        virtual_size: Some(7_000_000_000),
    }
}
