//! What holds of deletes that were delayed in every catalog that has them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::catalog::{at, changed, found, rich_image};
use crate::domain::{
    BlobUrl, Change, Event, Holder, Image, ImageId, Intent, Location, LockStep, Membership, Status,
    Timestamp, Work,
};
use crate::ports::{Catalog, CatalogError, ScheduledDelete, ScheduledDeletes};

/// It is neither found nor has it members; its locations are told to whoever scrubs.
pub async fn a_scheduled_image_is_gone_and_its_data_is_not<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let image = stored(catalog, 1).await;
    let gone = active(2);
    catalog.insert(&gone, None).await.unwrap();
    let deleted = gone.after(Event::Deleted, second(90)).unwrap();
    catalog
        .commit(&Change::of_status(gone, deleted))
        .await
        .unwrap();

    schedule(catalog, &image, 90).await;

    assert_eq!(found(catalog, image.id).await, None);
    assert_eq!(catalog.members(image.id).await.unwrap(), []);
    let again = catalog.insert(&image, None).await;
    assert!(matches!(again, Err(CatalogError::Conflict)), "{again:?}");
    assert_eq!(due(catalog, 90).await, [scheduled(&image)]);
}

/// Not before their time, page after page.
pub async fn deletes_come_due_in_the_order_of_ids<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let mut images = Vec::new();
    for n in [3, 1, 2, 4] {
        let image = stored(catalog, n).await;
        schedule(catalog, &image, if n == 4 { 200 } else { 100 }).await;
        images.push(scheduled(&image));
    }
    images.sort_by_key(|due| due.image);
    let last = images.pop();

    assert_eq!(due(catalog, 99).await, []);
    assert_eq!(due(catalog, 100).await, images);
    let page = |after| catalog.due(second(200), after, 2);
    assert_eq!(page(None).await.unwrap(), images[..2]);
    let second = page(Some(images[1].image)).await.unwrap();
    assert_eq!(second, [images[2].clone(), last.unwrap()]);
}

/// Of images that are there, and of deletes that are scheduled; not of what is gone.
pub async fn where_data_is_is_told_page_by_page<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let mut there = BTreeSet::new();
    for n in 1..=4 {
        let image = stored(catalog, n).await;
        let urls = image.locations.iter().map(|location| location.url.clone());
        there.extend(urls);
        if n == 2 {
            schedule(catalog, &image, 90).await;
            let fast = &image.locations[0].url;
            catalog.scrubbed(image.id, fast, second(95)).await.unwrap();
            there.remove(fast);
        }
    }
    let gone = active(5);
    catalog.insert(&gone, None).await.unwrap();
    let deleted = gone.after(Event::Deleted, second(90)).unwrap();
    let delete = Change::of_status(gone, deleted);
    catalog.commit(&delete).await.unwrap();

    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.located(after, 2).await.unwrap();
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.at);
        told.extend(page.into_iter().map(|located| located.url));
    }

    assert_eq!(told.len(), there.len());
    assert_eq!(BTreeSet::from_iter(told), there);
}

/// Hidden ones, and those of everybody; not what is gone.
pub async fn all_images_are_told_in_the_order_of_their_ids<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let mut images = Vec::new();
    for number in [3, 1, 5, 2, 4] {
        images.push(stored(catalog, number).await);
    }
    images.sort_by_key(|image| image.id);
    schedule(catalog, &images.remove(1), 90).await;
    let mut hidden = images[0].clone();
    hidden.hidden = true;
    let change = Change::of_edit(images[0].clone(), hidden);
    images[0] = catalog.commit(&change).await.unwrap();

    let (mut told, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = catalog.all_images(after.as_deref(), 3).await.unwrap();
        let page: Vec<Image> = page.into_iter().map(Result::unwrap).collect();
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.id.to_string());
        told.extend(page);
    }

    assert_eq!(told, images);
}

/// Each location goes once, and the image with the last.
pub async fn a_delete_ends_when_no_data_is_left<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let image = stored(catalog, 1).await;
    schedule(catalog, &image, 90).await;
    let [fast, slow] = &image.locations[..] else {
        panic!("two locations: {image:?}");
    };

    for _ in 0..2 {
        catalog
            .scrubbed(image.id, &fast.url, second(100))
            .await
            .unwrap();
    }
    let too_early = catalog.finish(image.id, second(100)).await.unwrap();
    let half_way = due(catalog, 90).await;
    catalog
        .scrubbed(image.id, &slow.url, second(110))
        .await
        .unwrap();
    let emptied = due(catalog, 90).await;
    let ended = catalog.finish(image.id, second(110)).await.unwrap();
    let again = catalog.finish(image.id, second(110)).await.unwrap();

    assert_eq!((too_early, ended, again), (false, true, false));
    let left = |locations: &[Location]| ScheduledDelete {
        image: image.id,
        locations: locations.to_vec(),
    };
    assert_eq!(half_way, [left(std::slice::from_ref(slow))]);
    assert_eq!(emptied, [left(&[])]);
    assert_eq!(due(catalog, 90).await, []);
    let claim = catalog.claim(&intent(&image), second(110)).await;
    assert!(matches!(claim, Err(CatalogError::Conflict)), "{claim:?}");
}

/// One at a time, and the next one when nobody is at it any more.
pub async fn data_is_claimed_by_one_scrubber_at_a_time<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let image = stored(catalog, 1).await;
    schedule(catalog, &image, 90).await;
    let first = intent(&image);
    let second_one = Intent {
        id: ImageId::from_bits(78).into(),
        holder: holder("other"),
        lease_until: second(300),
        ..first.clone()
    };
    let elsewhere = Intent {
        id: ImageId::from_bits(79).into(),
        work: Work::Delete(image.locations[1].url.clone()),
        ..second_one.clone()
    };
    catalog.claim(&first, second(0)).await.unwrap();

    let refused = catalog.claim(&second_one, second(1)).await;
    catalog.claim(&elsewhere, second(1)).await.unwrap();
    catalog.claim(&second_one, first.lease_until).await.unwrap();

    assert!(
        matches!(refused, Err(CatalogError::Conflict)),
        "{refused:?}"
    );
    let open = catalog
        .abandoned_intents(&holder("nobody"), second(301))
        .await
        .unwrap();
    assert_eq!(open, [second_one, elsewhere]);
}

/// Whatever happens in between: who looks finds neither or both.
pub async fn a_removed_blob_ends_its_intent_and_its_location_at_once<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let image = stored(catalog, 1).await;
    schedule(catalog, &image, 90).await;
    let intent = intent(&image);
    catalog.claim(&intent, second(0)).await.unwrap();
    let told = catalog.open_deletes(image.id).await.unwrap();

    for _ in 0..2 {
        catalog
            .finish_delete(&intent, &intent.holder, second(100))
            .await
            .unwrap();
    }

    assert_eq!(told, [image.locations[0].url.clone()]);
    assert_eq!(catalog.open_deletes(image.id).await.unwrap(), []);
    let left = ScheduledDelete {
        image: image.id,
        locations: image.locations[1..].to_vec(),
    };
    assert_eq!(due(catalog, 90).await, [left]);
    let restored = catalog.restore(image.id, &[], second(110)).await;
    assert!(
        matches!(restored, Err(CatalogError::Conflict)),
        "{restored:?}"
    );
    assert_eq!(found(catalog, image.id).await, None);
}

/// What is found is what is given back: tags, properties, data and members.
pub async fn a_restored_image_has_all_that_went_with_it<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let image = stored(catalog, 1).await;
    schedule(catalog, &image, 90).await;

    let restored = catalog.restore(image.id, &[], second(200)).await.unwrap();

    let expected = changed(&image, 200 * SECOND, |_| ());
    assert_eq!(restored, expected);
    assert_eq!(restored.status(), Status::Active);
    assert_eq!(found(catalog, image.id).await, Some(expected));
    let members = catalog.members(image.id).await.unwrap();
    let projects: Vec<_> = members.iter().map(|held| held.project.as_str()).collect();
    assert_eq!(projects, ["p"]);
    assert_eq!(due(catalog, 300).await, []);
    let again = catalog.restore(image.id, &[], second(210)).await;
    assert!(matches!(again, Err(CatalogError::NotFound)), "{again:?}");
}

/// The import that had locked it has noticed the delete, and ended.
pub async fn a_restored_image_is_not_locked<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let image = stored(catalog, 1).await;
    let lock = LockStep::Taken {
        by: "task".parse().unwrap(),
        instead_of: None,
    };
    let change = Change::of_status(image.clone(), image).locking(lock);
    let locked = catalog.commit(&change).await.unwrap();
    schedule(catalog, &locked, 90).await;

    let restored = catalog.restore(locked.id, &[], second(200)).await.unwrap();

    assert!(locked.is_being_imported());
    assert_eq!(restored.import_lock(), None);
    assert_eq!(restored.properties.len() + 1, locked.properties.len());
}

/// A delete takes back itself alone, not what was done before it.
pub async fn what_was_removed_before_stays_removed<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let image = stored(catalog, 1).await;
    let project = "p".parse().unwrap();
    let later = 90;
    let bare = changed(&image, 50 * SECOND, |image| {
        image.tags.clear();
        image.properties.clear();
        image.locations.truncate(1);
    });
    catalog
        .commit(&Change::of_edit(image.clone(), bare.clone()))
        .await
        .unwrap();
    catalog
        .set_member(image.id, &project, None, second(60))
        .await
        .unwrap();
    schedule(catalog, &bare, later).await;

    let restored = catalog
        .restore(image.id, &[], second(later + 1))
        .await
        .unwrap();

    assert_eq!(restored, changed(&bare, (later + 1) * SECOND, |_| ()));
    assert_eq!(catalog.members(image.id).await.unwrap(), []);
}

/// Only whoever asks knows which work that is.
pub async fn a_delete_is_taken_back_beside_unrelated_work<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let image = stored(catalog, 1).await;
    let before = catalog.left(image.id).await.unwrap();
    schedule(catalog, &image, 90).await;
    let intent = intent(&image);
    catalog.claim(&intent, second(0)).await.unwrap();

    let left = catalog.left(image.id).await.unwrap();
    let unrelated = [intent.id.clone()];
    let restored = catalog.restore(image.id, &unrelated, second(200)).await;

    assert_eq!((before, left), (vec![], image.locations.clone()));
    assert_eq!(restored.unwrap(), changed(&image, 200 * SECOND, |_| ()));
    let kept = catalog.intents_of(image.id).await.unwrap();
    assert_eq!(kept, [intent]);
}

/// Whoever removes its data may go on; without data there is nothing to bring back.
pub async fn a_delete_that_is_claimed_or_done_is_not_taken_back<C>(catalog: &C)
where
    C: Catalog + ScheduledDeletes,
{
    let image = stored(catalog, 1).await;
    let absent = catalog.restore(image.id, &[], second(80)).await;
    schedule(catalog, &image, 90).await;
    let intent = intent(&image);

    catalog.claim(&intent, second(0)).await.unwrap();
    let late = intent.lease_until;
    let recorded = catalog
        .abandoned_intents(&holder("other"), late)
        .await
        .unwrap();
    let claimed = catalog.restore(image.id, &[], second(100)).await;
    let other = [ImageId::from_bits(80).into()];
    let still_claimed = catalog.restore(image.id, &other, second(100)).await;
    catalog
        .end_intent(&intent.id, &intent.holder)
        .await
        .unwrap();
    for location in &image.locations {
        catalog
            .scrubbed(image.id, &location.url, second(100))
            .await
            .unwrap();
    }
    let emptied = catalog.restore(image.id, &[], second(110)).await;

    assert_eq!(recorded, [intent]);
    assert!(matches!(absent, Err(CatalogError::NotFound)), "{absent:?}");
    for refused in [claimed, still_claimed, emptied] {
        assert!(
            matches!(refused, Err(CatalogError::Conflict)),
            "{refused:?}"
        );
    }
    assert_eq!(found(catalog, image.id).await, None);
}

/// A time that every database keeps: MySQL knows no parts of a second.
fn second(number: i64) -> Timestamp {
    at(number * SECOND)
}

const SECOND: i64 = 1_000_000;

fn active(n: u128) -> Image {
    let mut image = rich_image(n).stored_as(Status::Active);
    image.size = Some(7);
    image.locations = ["fast", "slow"]
        .map(|store| {
            let mut location = Location::new(BlobUrl::new(format!("file:///{store}/{n}")));
            location.metadata.insert("store".to_owned(), store.into());
            location
        })
        .to_vec();
    image
}

/// An active image with data in two places, and a member.
async fn stored(catalog: &dyn Catalog, n: u128) -> Image {
    let image = active(n);
    catalog.insert(&image, None).await.unwrap();
    let member = Membership::offered(image.id, "p".parse().unwrap(), second(2));
    catalog.put_member(&member, None).await.unwrap();
    image
}

async fn schedule(catalog: &dyn Catalog, image: &Image, seconds: i64) {
    let deleted = image
        .after(Event::DeleteScheduled, second(seconds))
        .unwrap();
    catalog
        .commit(&Change::of_status(image.clone(), deleted))
        .await
        .unwrap();
}

async fn due(deletes: &dyn ScheduledDeletes, seconds: i64) -> Vec<ScheduledDelete> {
    deletes.due(second(seconds), None, 100).await.unwrap()
}

fn scheduled(image: &Image) -> ScheduledDelete {
    ScheduledDelete {
        image: image.id,
        locations: image.locations.clone(),
    }
}

fn intent(image: &Image) -> Intent {
    Intent {
        id: ImageId::from_bits(77).into(),
        image: image.id,
        store: "fast".parse().unwrap(),
        work: Work::Delete(image.locations[0].url.clone()),
        holder: holder("scrubber"),
        lease_until: second(0).after(Duration::from_secs(30)),
    }
}

fn holder(node: &str) -> Holder {
    Holder {
        node: node.to_owned(),
        process: node.to_owned(),
    }
}
