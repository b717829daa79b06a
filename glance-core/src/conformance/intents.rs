//! What holds of intents in every catalog.

use std::time::Duration;

use super::catalog::{at, found, rich_image};
use crate::domain::{BlobUrl, Change, Event, Holder, Image, Intent, Status, Work};
use crate::ports::{ABANDONED_AT_ONCE, Catalog, CatalogError};

/// It is recorded with the change that begins it and goes with the change that ends it.
pub async fn an_intent_lives_from_change_to_change(catalog: &dyn Catalog) {
    let (saving, intent) = begun_upload(catalog).await;
    let late = intent.lease_until;

    let begun = catalog
        .abandoned_intents(&holder("b", "2"), late)
        .await
        .unwrap();
    let queued = saving.after(Event::DataFailed, at(20)).unwrap();
    let change = Change::of_status(saving, queued).ending(intent.id.clone(), intent.holder.clone());
    catalog.commit(&change).await.unwrap();
    let ended = catalog
        .abandoned_intents(&holder("b", "2"), late)
        .await
        .unwrap();

    assert_eq!(begun, [intent]);
    assert_eq!(ended, []);
}

/// It is found as it was recorded, whatever is done; what waits is nobody's until its lease ends.
pub async fn an_intent_is_found_by_its_id(catalog: &dyn Catalog) {
    let (saving, intent) = begun_upload(catalog).await;
    let waiting = Intent {
        id: Intent::id_of_staged(saving.id),
        work: Work::Staged(BlobUrl::new("file:///staging/a")),
        holder: Holder::nobody(),
        ..intent.clone()
    };
    let mut touched = saving.clone();
    touched.touch(at(20));
    let change = Change::of_status(saving, touched)
        .beginning([waiting.clone()])
        .ending(intent.id.clone(), intent.holder.clone());
    let before = catalog.find_intent(&intent.id).await.unwrap();
    catalog.commit(&change).await.unwrap();

    assert_eq!(before, Some(intent.clone()));
    assert_eq!(catalog.find_intent(&intent.id).await.unwrap(), None);
    let found = catalog.find_intent(&waiting.id).await.unwrap();
    assert_eq!(found, Some(waiting.clone()));
    let early = at(0);
    let (mine, until) = (holder("a", "1"), waiting.lease_until);
    let taken = catalog.renew_intent(&waiting.id, &mine, early, until).await;
    assert!(!taken.unwrap());
    let ended = waiting.lease_until;
    let taken = catalog.renew_intent(&waiting.id, &mine, ended, until).await;
    assert!(taken.unwrap());
}

/// It may end and begin anew in one change, which so is its holder's alone.
pub async fn an_intent_may_begin_anew_as_it_ends(catalog: &dyn Catalog) {
    let (saving, intent) = begun_upload(catalog).await;
    let step = |work: Work, before: &Image| {
        let renewed = Intent {
            work,
            ..intent.clone()
        };
        let mut touched = before.clone();
        touched.touch(at(20));
        Change::of_status(before.clone(), touched)
            .ending(intent.id.clone(), intent.holder.clone())
            .beginning([renewed])
    };
    let mut image = saving;
    for work in [
        Work::Import(None),
        Work::Import(Some(BlobUrl::new("file:///staging/a"))),
        Work::Vacate,
        Work::Discard("an upload".parse().unwrap()),
    ] {
        image = catalog.commit(&step(work.clone(), &image)).await.unwrap();

        let found = catalog.find_intent(&intent.id).await.unwrap();
        assert_eq!(found.map(|found| found.work), Some(work));
    }
    let late = intent.lease_until;
    let (other, until) = (holder("b", "2"), at(1_000_000));
    let taken = catalog.renew_intent(&intent.id, &other, late, until).await;
    assert!(taken.unwrap());

    let refused = catalog.commit(&step(Work::Import(None), &image)).await;

    assert!(
        matches!(refused, Err(CatalogError::Conflict)),
        "{refused:?}"
    );
}

/// By another node, or by another process of the same one; what is somebody's is not taken over.
pub async fn take_overs_are_counted_as_long_as_an_intent_lasts(catalog: &dyn Catalog) {
    let (saving, intent) = begun_upload(catalog).await;
    let (early, late) = (at(0), intent.lease_until);
    let until = late.after(Duration::from_secs(60));
    let take = async |by: &Holder, now| {
        let taken = catalog.take_over(&intent.id, by, now, until).await;
        taken.unwrap()
    };
    let (same, other) = (holder("a", "2"), holder("b", "1"));

    assert_eq!(take(&other, early).await, None);
    assert_eq!(take(&intent.holder, early).await, None);
    assert_eq!(take(&same, early).await, Some(1));
    assert_eq!(take(&other, late).await, None);
    assert_eq!(take(&other, until).await, Some(2));
    let mut touched = saving.clone();
    touched.touch(at(20));
    let renewed = Intent {
        holder: other.clone(),
        ..intent.clone()
    };
    let renew = Change::of_status(saving, touched)
        .ending(intent.id.clone(), other.clone())
        .beginning([renewed.clone()]);
    catalog.commit(&renew).await.unwrap();
    // Its own holder may find it abandoned, too.
    assert_eq!(take(&other, until).await, Some(3));
    catalog.end_intent(&intent.id, &other).await.unwrap();
    assert_eq!(take(&same, until).await, None);

    let image = rich_image(2);
    catalog.insert(&image, None).await.unwrap();
    let mut touched = image.clone();
    touched.touch(at(20));
    let another = Intent {
        id: "another".parse().unwrap(),
        image: image.id,
        ..renewed
    };
    let begin = Change::of_status(image, touched).beginning([another.clone()]);
    catalog.commit(&begin).await.unwrap();
    let taken = catalog.take_over(&another.id, &same, until, until).await;
    assert_eq!(taken.unwrap(), Some(1));
}

/// Its id is free again when it has ended, and not before.
pub async fn an_intent_that_is_there_does_not_begin(catalog: &dyn Catalog) {
    let (saving, intent) = begun_upload(catalog).await;
    let other = Intent {
        holder: holder("b", "2"),
        ..intent.clone()
    };
    let mut touched = saving.clone();
    touched.touch(at(20));
    let begin = Change::of_status(saving.clone(), touched).beginning([other.clone()]);

    let refused = catalog.commit(&begin).await;

    assert!(
        matches!(refused, Err(CatalogError::Conflict)),
        "{refused:?}"
    );
    assert_eq!(found(catalog, saving.id).await, Some(saving));
    let there = catalog.find_intent(&intent.id).await.unwrap();
    assert_eq!(there, Some(intent.clone()));
    catalog
        .end_intent(&intent.id, &intent.holder)
        .await
        .unwrap();
    catalog.commit(&begin).await.unwrap();
    assert_eq!(catalog.find_intent(&other.id).await.unwrap(), Some(other));
}

/// Who lost its lease cannot commit what it did.
pub async fn an_intent_that_was_taken_ends_nothing(catalog: &dyn Catalog) {
    let (saving, intent) = begun_upload(catalog).await;
    let active = saving.after(Event::DataStored, at(20)).unwrap();
    let change = Change::of_status(saving, active).ending(intent.id.clone(), intent.holder);
    let (other, late) = (holder("b", "2"), intent.lease_until);
    let longer = late.after(Duration::from_secs(60));

    assert!(
        catalog
            .renew_intent(&intent.id, &other, late, longer)
            .await
            .unwrap()
    );
    let held_by_another = catalog.commit(&change).await;
    catalog
        .end_intent(&intent.id, &holder("a", "1"))
        .await
        .unwrap();
    assert!(
        catalog
            .renew_intent(&intent.id, &other, late, longer)
            .await
            .unwrap()
    );
    for _ in 0..2 {
        catalog.end_intent(&intent.id, &other).await.unwrap();
    }
    let gone = catalog.commit(&change).await;

    for result in [held_by_another, gone] {
        assert!(matches!(result, Err(CatalogError::Conflict)), "{result:?}");
    }
    let stored = found(catalog, change.before.id).await.unwrap();
    assert_eq!(stored.status(), Status::Saving);
}

/// Others get it only when it has ended.
pub async fn a_lease_is_renewed_by_its_holder_alone(catalog: &dyn Catalog) {
    let (_, intent) = begun_upload(catalog).await;
    let (mine, other) = (intent.holder.clone(), holder("b", "2"));
    let (early, late) = (at(10), intent.lease_until);
    let longer = late.after(Duration::from_secs(60));

    assert!(
        !catalog
            .renew_intent(&intent.id, &other, early, longer)
            .await
            .unwrap()
    );
    assert!(
        catalog
            .renew_intent(&intent.id, &mine, early, longer)
            .await
            .unwrap()
    );
    assert_eq!(catalog.abandoned_intents(&other, late).await.unwrap(), []);
    assert!(
        catalog
            .renew_intent(&intent.id, &other, longer, longer)
            .await
            .unwrap()
    );
    assert!(
        !catalog
            .renew_intent(&intent.id, &mine, early, longer)
            .await
            .unwrap()
    );
    let absent = "absent".parse().unwrap();
    assert!(
        !catalog
            .renew_intent(&absent, &mine, early, longer)
            .await
            .unwrap()
    );
}

/// The same node's next process gets it at once; deletes and hashes name their blob.
pub async fn what_a_restarted_node_left_is_abandoned(catalog: &dyn Catalog) {
    let image = rich_image(1);
    catalog.insert(&image, None).await.unwrap();
    let deleted = image.after(Event::Deleted, at(10)).unwrap();
    let url = BlobUrl::new("file:///images/1");
    let intent = intent(&image, Work::Delete(url.clone()));
    let reading = Intent {
        id: "reading".parse().unwrap(),
        work: Work::Hash(url),
        lease_until: at(40_000_000),
        ..intent.clone()
    };
    let both = [intent.clone(), reading];
    let change = Change::of_status(image, deleted).beginning(both.clone());
    catalog.commit(&change).await.unwrap();

    let to_itself = catalog
        .abandoned_intents(&intent.holder, at(11))
        .await
        .unwrap();
    let to_another = catalog
        .abandoned_intents(&holder("b", "2"), at(11))
        .await
        .unwrap();
    let to_the_next = catalog
        .abandoned_intents(&holder("a", "2"), at(11))
        .await
        .unwrap();

    assert_eq!((to_itself, to_another), (vec![], vec![]));
    assert_eq!(to_the_next, both);
}

/// Those that wait the longest, and those of other stores beside them.
pub async fn so_many_of_each_store_are_abandoned_at_a_time(catalog: &dyn Catalog) {
    let image = rich_image(1);
    catalog.insert(&image, None).await.unwrap();
    let waiting = |n: u64, store: &str| Intent {
        id: format!("{store} {n:04}").parse().unwrap(),
        store: store.parse().unwrap(),
        // Seconds: MySQL keeps no more.
        lease_until: at(1_000_000 * (2_000 - n as i64)),
        ..intent(&image, Work::Upload)
    };
    let mut dead: Vec<Intent> = (0..ABANDONED_AT_ONCE + 2)
        .map(|n| waiting(n, "dead"))
        .collect();
    let other = waiting(0, "other");
    let all = dead.iter().cloned().chain([other.clone()]);
    let change = Change::of_status(image.clone(), image.clone()).beginning(all);
    catalog.commit(&change).await.unwrap();

    let late = at(2_000_000_000);
    let found = catalog.abandoned_intents(&holder("b", "2"), late).await;

    dead.reverse();
    dead.truncate(usize::try_from(ABANDONED_AT_ONCE).unwrap());
    dead.push(other);
    assert!(found.unwrap() == dead);
}

/// Deletes alone, whoever holds them, until they end.
pub async fn open_deletes_are_told_by_their_image(catalog: &dyn Catalog) {
    let (image, other) = (rich_image(1), rich_image(2));
    let url = BlobUrl::new("file:///images/1");
    let delete = intent(&image, Work::Delete(url.clone()));
    let hash = Intent {
        id: "reading".parse().unwrap(),
        work: Work::Hash(url.clone()),
        ..delete.clone()
    };
    catalog.insert(&image, None).await.unwrap();
    let mut after = image.clone();
    after.updated_at = at(10);
    let change = Change::of_edit(image.clone(), after).beginning([delete.clone(), hash]);
    catalog.commit(&change).await.unwrap();

    let told = catalog.open_deletes(image.id).await.unwrap();
    let of_other = catalog.open_deletes(other.id).await.unwrap();
    let stranger = holder("b", "2");
    catalog
        .finish_delete(&delete, &stranger, at(11))
        .await
        .unwrap();
    let still = catalog.open_deletes(image.id).await.unwrap();
    catalog
        .finish_delete(&delete, &delete.holder, at(12))
        .await
        .unwrap();

    assert_eq!((told, of_other), (vec![url.clone()], vec![]));
    assert_eq!(still, [url]);
    assert_eq!(catalog.open_deletes(image.id).await.unwrap(), []);
}

/// All of them, and of no other image.
pub async fn intents_are_told_by_their_image(catalog: &dyn Catalog) {
    let (saving, upload) = begun_upload(catalog).await;
    let delete = Intent {
        id: "another".parse().unwrap(),
        work: Work::Delete(BlobUrl::new("file:///images/1")),
        ..upload.clone()
    };
    let mut touched = saving.clone();
    touched.touch(at(20));
    let change = Change::of_status(saving, touched).beginning([delete.clone()]);
    let image = catalog.commit(&change).await.unwrap().id;

    let told = catalog.intents_of(image).await.unwrap();
    let of_other = catalog.intents_of(rich_image(2).id).await.unwrap();

    assert_eq!((told, of_other), (vec![delete, upload], vec![]));
}

/// Not while the image is there, nor while somebody else is at it.
pub async fn data_of_no_image_is_claimed_by_one_at_a_time(catalog: &dyn Catalog) {
    let (image, absent) = (rich_image(1), rich_image(2));
    catalog.insert(&image, None).await.unwrap();
    let url = BlobUrl::new("file:///images/a");
    let claim = |image: &Image, id: &str, by: &str| Intent {
        id: id.parse().unwrap(),
        holder: holder(by, by),
        ..intent(image, Work::Delete(url.clone()))
    };
    let of_image = claim(&image, "0", "a");
    let (first, second) = (claim(&absent, "1", "a"), claim(&absent, "2", "b"));

    let early = catalog.begin_delete(&of_image, at(10)).await;
    catalog.begin_delete(&first, at(10)).await.unwrap();
    let taken = catalog.begin_delete(&second, at(10)).await;
    let late = catalog.begin_delete(&second, first.lease_until).await;
    let held = catalog.intents_of(absent.id).await.unwrap();
    let deleted = image.after(Event::Deleted, at(20)).unwrap();
    let change = Change::of_status(image, deleted);
    catalog.commit(&change).await.unwrap();

    for refused in [early, taken] {
        assert!(
            matches!(refused, Err(CatalogError::Conflict)),
            "{refused:?}"
        );
    }
    late.unwrap();
    assert_eq!(held, [second]);
    catalog.begin_delete(&of_image, at(30)).await.unwrap();
}

async fn begun_upload(catalog: &dyn Catalog) -> (Image, Intent) {
    let image = rich_image(1);
    catalog.insert(&image, None).await.unwrap();
    let saving = image.after(Event::UploadStarted, at(10)).unwrap();
    let intent = intent(&image, Work::Upload);
    let change = Change::of_status(image, saving).beginning([intent.clone()]);
    (catalog.commit(&change).await.unwrap(), intent)
}

pub(super) fn intent(image: &Image, work: Work) -> Intent {
    Intent {
        id: "intent".parse().unwrap(),
        image: image.id,
        store: "file".parse().unwrap(),
        work,
        holder: holder("a", "1"),
        lease_until: at(30_000_000),
    }
}

pub(super) fn holder(node: &str, process: &str) -> Holder {
    Holder {
        node: node.to_owned(),
        process: process.to_owned(),
    }
}
