//! What Python nodes leave when they die, and the scrubber takes up.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::{
    Change, Event, IMPORT_LOCK, Image, ImageId, PropertyName, PropertyValue, Status, Task, TaskId,
    TaskKind, TaskStatus, Work,
};
use glance_core::ports::{Catalog, Clock, ImageStore, TaskLog};
use glance_core::{GlanceBuilder, Scrubbed, Stores};

use crate::shelf::Shelf;
use crate::site::{DAY, Site, blob, intent, located};

const MINUTE: Duration = Duration::from_secs(60);

/// A task that a Python node has begun.
fn task(site: &Site, number: u128) -> Task {
    let id = TaskId::from(ImageId::from_bits(1000 + number));
    let pending = Task::pending(id, TaskKind::ApiImageImport, site.clock.now());
    let task = pending.begun(site.clock.now()).unwrap();
    block_on(site.catalog.insert_task(&task)).unwrap();
    task
}

/// An image that a Python node is importing, under the lock of a task.
fn importing(site: &Site, number: u128, lock: &TaskId) -> Image {
    let id = ImageId::from_bits(number);
    let mut image = Image::queued(id, site.clock.now()).stored_as(Status::Importing);
    let value = PropertyValue::stored(Some(lock.to_string()));
    let name = PropertyName::stored(IMPORT_LOCK.to_owned());
    image.properties.insert(name, value);
    image
}

fn insert(site: &Site, image: &Image) {
    block_on(site.catalog.insert(image, None)).unwrap();
}

fn scrub(site: &Site) -> Scrubbed {
    block_on(site.glance.scrub()).unwrap()
}

#[test]
fn what_a_dead_node_was_importing_is_queued_again_when_its_lock_is_lost() {
    for hidden in [false, true] {
        let site = Site::new();
        let task = task(&site, 1);
        let mut image = importing(&site, 1, &task.id);
        image.hidden = hidden;
        insert(&site, &image);
        blob(&site.staging, 1, b"the disk");
        site.clock.advance(59 * MINUTE);
        assert_eq!(scrub(&site), Scrubbed::default());
        assert_eq!(site.found(1).unwrap(), image);
        site.clock.advance(MINUTE);

        assert_eq!(scrub(&site).imports, 1);

        let queued = site.found(1).unwrap();
        assert_eq!(queued.status(), Status::Queued);
        assert!(!queued.is_being_imported());
        let ended = block_on(site.catalog.find_task(&task.id)).unwrap().unwrap();
        assert_eq!(ended.status(), TaskStatus::Failure);
        assert!(ended.message.unwrap().ends_with("queued again"));
        assert_eq!(site.catalog.intents(), []);
        assert_eq!(site.staging.inner.contents(), (vec![], 0));
        assert_eq!(scrub(&site), Scrubbed::default());
    }
}

#[test]
fn a_lock_of_a_task_that_is_gone_or_over_holds_no_image() {
    let site = Site::new();
    let [failed, young] = [1, 2].map(|number| task(&site, number));
    let end = |task: &Task| {
        let ended = task
            .failed("dead".to_owned(), site.clock.now(), DAY)
            .unwrap();
        block_on(site.catalog.move_task(&ended, task.status())).unwrap();
    };
    end(&failed);
    site.clock.advance(60 * MINUTE);
    end(&young);
    insert(&site, &importing(&site, 1, &failed.id));
    insert(&site, &importing(&site, 2, &young.id));
    for number in 3..=250 {
        insert(&site, &importing(&site, number, &"gone".parse().unwrap()));
    }
    for number in 251..=400 {
        site.image(number, Status::Queued, &[]);
    }

    let done = scrub(&site);

    assert_eq!((done.imports, done.failures), (249, 0));
    assert_eq!(site.found(2).unwrap().status(), Status::Importing);
    assert_eq!(site.found(250).unwrap().status(), Status::Queued);
}

#[test]
fn an_import_that_somebody_is_at_or_that_has_data_is_left() {
    let site = Site::new();
    let gone: TaskId = "gone".parse().unwrap();
    let at_work = importing(&site, 1, &gone);
    insert(&site, &at_work);
    let mut filled = importing(&site, 2, &gone);
    filled.locations = vec![located("fast", 2)];
    insert(&site, &filled);
    site.image(3, Status::Importing, &[]);
    let copied = importing(&site, 4, &gone).stored_as(Status::Active);
    insert(&site, &copied);
    site.clock.advance(2 * DAY);
    let lease = site.clock.now().after(MINUTE);
    let work = intent(&at_work, "staging", Work::Import(None), lease);
    let change = Change::of_status(at_work.clone(), at_work).beginning([work]);
    block_on(site.catalog.commit(&change)).unwrap();

    assert_eq!(scrub(&site), Scrubbed::default());

    for (number, status) in [
        (1, Status::Importing),
        (2, Status::Importing),
        (3, Status::Importing),
        (4, Status::Active),
    ] {
        assert_eq!(site.found(number).unwrap().status(), status, "{number}");
    }
}

#[test]
fn staging_that_is_away_is_cleared_when_it_is_back() {
    let site = Site::new();
    insert(&site, &importing(&site, 1, &"gone".parse().unwrap()));
    blob(&site.staging, 1, b"the disk");
    site.staging.is_away.store(true, Ordering::Relaxed);

    // It cannot be listed, either.
    assert_eq!(scrub(&site).failures, 2);
    site.staging.is_away.store(false, Ordering::Relaxed);
    site.clock.advance(MINUTE);
    scrub(&site);

    assert_eq!(site.found(1).unwrap().status(), Status::Queued);
    assert_eq!(site.catalog.intents(), []);
    assert_eq!(site.staging.inner.contents(), (vec![], 0));
}

#[test]
fn what_was_staged_for_an_image_that_is_gone_goes_when_nobody_writes_to_it_any_more() {
    let site = Site::new();
    blob(&site.staging, 1, b"the disk");
    blob(&site.fast, 1, b"the disk");
    site.staging.hours.store(0, Ordering::Relaxed);
    assert_eq!(scrub(&site), Scrubbed::default());
    site.staging.hours.store(1, Ordering::Relaxed);

    assert_eq!(scrub(&site).strays, 1);

    assert_eq!(site.staging.inner.contents(), (vec![], 0));
    assert_eq!(site.fast.inner.contents().0.len(), 1);
    assert_eq!(site.catalog.intents(), []);
}

#[test]
fn what_is_staged_stays_where_something_explains_it() {
    let site = Site::new();
    for (number, status) in [
        (1, Status::Uploading),
        (2, Status::Importing),
        (3, Status::Queued),
        (4, Status::Active),
    ] {
        site.image(number, status, &[]);
    }
    let delayed = site.image(5, Status::Active, &["fast"]);
    let deleted = delayed
        .after(Event::DeleteScheduled, site.clock.now())
        .unwrap();
    block_on(site.catalog.commit(&Change::of_status(delayed, deleted))).unwrap();
    let gone = site.image(6, Status::Queued, &[]);
    let deleted = gone.after(Event::Deleted, site.clock.now()).unwrap();
    let lease = site.clock.now().after(MINUTE);
    let work = intent(&gone, "staging", Work::Vacate, lease);
    let change = Change::of_status(gone, deleted).beginning([work]);
    block_on(site.catalog.commit(&change)).unwrap();
    for number in 1..=6 {
        blob(&site.staging, number, b"the disk");
    }

    assert_eq!(scrub(&site), Scrubbed::default());

    assert_eq!(site.staging.inner.contents().0.len(), 6);
}

#[test]
fn nothing_goes_from_a_folder_that_is_staging_and_store_at_once() {
    let site = Site::new();
    blob(&site.fast, 1, b"the disk");
    let store = || Arc::<Shelf>::clone(&site.fast) as Arc<dyn ImageStore>;
    let stores = Stores::from(store()).with_staging(store());
    let catalog = Arc::clone(&site.catalog);
    let glance = GlanceBuilder::new(catalog, stores, site.clock.runtime(7))
        .build()
        .unwrap();

    assert_eq!(block_on(glance.scrub()).unwrap(), Scrubbed::default());

    assert_eq!(site.fast.inner.contents().0.len(), 1);
}
