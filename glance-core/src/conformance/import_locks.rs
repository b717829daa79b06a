//! What holds of the lock of imports, and of tasks that change with an image, in every catalog.

use futures::future::join_all;
use serde_json::json;

use super::catalog::{at, changed, found, rich_image};
use super::intents::intent;
use crate::domain::{
    Area, Change, Claim, Creation, Event, IMPORT_LOCK, Image, ImageQuotas, ImportPlan, Intent,
    LockStep, ProjectLimits, PropertyName, PropertyValue, Status, Task, TaskId, TaskKind,
    TaskStatus, TaskStep, Timestamp, Work,
};
use crate::ports::{Catalog, CatalogError};

/// Whoever is refused changes nothing.
pub async fn a_lock_is_taken_from_nobody_or_from_whom_the_taker_names(catalog: &dyn Catalog) {
    let image = inserted(catalog).await;
    let hidden = changed(&image, 50, |image| image.hidden = true);
    let take = |by, instead_of| {
        Change::of_status(image.clone(), hidden.clone()).locking(taken(by, instead_of))
    };

    conflicts(catalog, &take("a", Some("b")), &image).await;
    let locked = Change::of_status(image.clone(), image.clone()).locking(taken("a", None));
    let locked = catalog.commit(&locked).await.unwrap();
    assert_eq!(locked.import_lock(), Some(task_id("a")));
    assert_eq!(found(catalog, image.id).await.as_ref(), Some(&locked));
    for (by, instead_of) in [("a", None), ("b", None), ("b", Some("b")), ("b", Some("c"))] {
        conflicts(catalog, &take(by, instead_of), &locked).await;
    }
    let broken = catalog.commit(&take("b", Some("a"))).await.unwrap();

    assert_eq!(broken.import_lock(), Some(task_id("b")));
    assert!(broken.hidden);
    assert_eq!(found(catalog, image.id).await, Some(broken));
}

/// Only while it has it can a task go on.
pub async fn a_lock_is_dropped_by_whom_it_belongs_and_can_be_taken_again(catalog: &dyn Catalog) {
    let image = inserted(catalog).await;
    let hidden = changed(&image, 50, |image| image.hidden = true);
    let commit = async |lock| {
        let change = Change::of_status(image.clone(), image.clone()).locking(lock);
        catalog.commit(&change).await.unwrap()
    };
    let refused = async |task, stored: &Image| {
        for lock in [
            LockStep::Held(task_id(task)),
            LockStep::Dropped(task_id(task)),
        ] {
            let change = Change::of_status(image.clone(), hidden.clone()).locking(lock);
            conflicts(catalog, &change, stored).await;
        }
    };

    refused("a", &image).await;
    for task in ["a", "b"] {
        let locked = commit(taken(task, None)).await;
        refused("other", &locked).await;
        let held = commit(LockStep::Held(task_id(task))).await;
        assert_eq!(held, locked);
        let dropped = commit(LockStep::Dropped(task_id(task))).await;
        assert_eq!(dropped, image);
        refused(task, &image).await;
    }
}

/// Python nodes may leave it empty.
pub async fn a_lock_without_a_task_is_none(catalog: &dyn Catalog) {
    for (n, value) in (1..).zip([Some(String::new()), None]) {
        let mut image = rich_image(n);
        let value = PropertyValue::stored(value);
        image.properties.insert(lock_name(), value);
        catalog.insert(&image, None).await.unwrap();
        let commit = |lock| Change::of_status(image.clone(), image.clone()).locking(lock);

        conflicts(catalog, &commit(LockStep::Held(task_id("a"))), &image).await;
        let locked = catalog.commit(&commit(taken("a", None))).await.unwrap();

        assert_eq!(locked.import_lock(), Some(task_id("a")));
    }
}

/// Whatever it holds of the lock: it neither takes it, nor drops it, nor passes it on.
pub async fn an_edit_does_not_touch_the_lock(catalog: &dyn Catalog) {
    let image = inserted(catalog).await;
    let with = |value: &str, micros| {
        let value = value.parse().unwrap();
        changed(&image, micros, |image| {
            image.properties.insert(lock_name(), value);
        })
    };

    let edit = Change::of_status(image.clone(), with("a", 50));
    let edited = catalog.commit(&edit).await.unwrap();
    assert_eq!(edited, changed(&image, 50, |_| ()));
    let lock = Change::of_status(image.clone(), image.clone()).locking(taken("a", None));
    catalog.commit(&lock).await.unwrap();
    for after in [with("b", 60), changed(&image, 60, |_| ())] {
        let edit = Change::of_status(with("a", 50), after);
        let edited = catalog.commit(&edit).await.unwrap();
        assert_eq!(edited, with("a", 60));
    }
    assert_eq!(found(catalog, image.id).await, Some(with("a", 60)));
}

/// From nobody, and from a task that has come to nothing.
pub async fn one_of_many_takes_the_lock(catalog: &dyn Catalog) {
    let image = inserted(catalog).await;
    let mut instead_of = None;
    for round in ["first", "second"] {
        let take = |n| {
            let lock = LockStep::Taken {
                by: task_id(&format!("{round} {n}")),
                instead_of: instead_of.clone(),
            };
            Change::of_status(image.clone(), image.clone()).locking(lock)
        };
        let changes: Vec<Change> = (0..20).map(take).collect();

        let results = join_all(changes.iter().map(|change| catalog.commit(change))).await;

        let (granted, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        for refused in refused {
            assert!(
                matches!(refused, Err(CatalogError::Conflict)),
                "{refused:?}"
            );
        }
        let [Ok(locked)] = granted.as_slice() else {
            panic!("{granted:?}")
        };
        assert_eq!(found(catalog, image.id).await.as_ref(), Some(locked));
        instead_of = locked.import_lock();
    }
}

/// Whoever has it, unless the delete needs it.
pub async fn the_lock_goes_with_its_image(catalog: &dyn Catalog) {
    let image = inserted(catalog).await;
    let lock = Change::of_status(image.clone(), image.clone()).locking(taken("a", None));
    let locked = catalog.commit(&lock).await.unwrap();
    let deleted = image.after(Event::Deleted, at(90)).unwrap();
    let delete = Change::of_status(image, deleted);

    let needs_another = delete.clone().locking(LockStep::Held(task_id("b")));
    conflicts(catalog, &needs_another, &locked).await;
    let gone = catalog.commit(&delete).await.unwrap();

    assert!(gone.properties.is_empty());
    assert_eq!(found(catalog, gone.id).await, None);
}

/// Recorded in one change, and moved on in the next.
pub async fn a_task_is_recorded_and_moved_with_a_change(catalog: &dyn Catalog) {
    let image = inserted(catalog).await;
    let commit = async |step| {
        let change = Change::of_status(image.clone(), image.clone()).with_task(step);
        catalog.commit(&change).await.unwrap();
    };
    let pending = task("a");
    let mut begun = pending.begun(second(6)).unwrap();
    begun.message = Some("Copied 1 MiB".to_owned());

    commit(TaskStep::Recorded(pending.clone())).await;
    let recorded = catalog.find_task(&pending.id).await.unwrap();
    commit(moved(&begun, TaskStatus::Pending)).await;
    let at_last = catalog.find_task(&pending.id).await.unwrap();

    assert_eq!(recorded, Some(pending));
    assert_eq!(at_last, Some(begun));
}

/// Nor are its tasks changed where the rest of it is refused.
pub async fn a_change_is_not_made_without_its_tasks(catalog: &dyn Catalog) {
    let image = inserted(catalog).await;
    let hidden = changed(&image, 50, |image| image.hidden = true);
    let there = task("there");
    catalog.insert_task(&there).await.unwrap();
    let begun = there.begun(second(6)).unwrap();
    let change = || Change::of_status(image.clone(), hidden.clone()).locking(taken("a", None));

    let (new, absent) = (TaskStep::Recorded(task("new")), task("absent"));
    for step in [
        TaskStep::Recorded(there.clone()),
        moved(&begun, TaskStatus::Processing),
        moved(&absent.begun(second(6)).unwrap(), TaskStatus::Pending),
    ] {
        let change = change().with_task(new.clone()).with_task(step);
        conflicts(catalog, &change, &image).await;
    }
    let change = change()
        .with_task(new)
        .with_task(moved(&begun, TaskStatus::Pending))
        .locking(LockStep::Held(task_id("a")));
    conflicts(catalog, &change, &image).await;

    assert_eq!(catalog.find_task(&task_id("new")).await.unwrap(), None);
    assert_eq!(catalog.find_task(&there.id).await.unwrap(), Some(there));
}

/// With its lock, its task and who works on it.
pub async fn an_image_is_created_with_its_import(catalog: &dyn Catalog) {
    let creation = creation(1);

    catalog.create(&creation).await.unwrap();

    let Creation {
        image,
        intent,
        task,
        ..
    } = &creation;
    let stored = found(catalog, image.id).await;
    assert_eq!(stored.as_ref(), Some(image));
    assert_eq!(stored.unwrap().import_lock().as_ref(), Some(&task.id));
    let there = catalog.find_intent(&intent.id).await.unwrap();
    assert_eq!(there.as_ref(), Some(intent));
    let there = catalog.find_task(&task.id).await.unwrap();
    assert_eq!(there.as_ref(), Some(task));
    let again = catalog.create(&creation).await;
    assert!(matches!(again, Err(CatalogError::Conflict)), "{again:?}");
    let mut done = image.clone().stored_as(Status::Active);
    done.updated_at = at(90);
    let end = Change::of_status(image.clone(), done)
        .locking(LockStep::Dropped(task.id.clone()))
        .ending(intent.id.clone(), intent.holder.clone());
    let ended = catalog.commit(&end).await.unwrap();
    assert_eq!(ended.import_lock(), None);
}

/// Nor where it passes a quota or a limit.
pub async fn an_image_is_not_created_without_all_of_its_import(catalog: &dyn Catalog) {
    catalog.create(&creation(1)).await.unwrap();
    let with_task_of_another = Creation {
        task: creation(1).task,
        ..creation(2)
    };
    let with_intent_of_another = Creation {
        intent: creation(1).intent,
        ..creation(2)
    };
    let with_used_id = Creation {
        image: creation(1).image,
        ..creation(2)
    };
    for refused in [with_task_of_another, with_intent_of_another, with_used_id] {
        let result = catalog.create(&refused).await;
        assert!(matches!(result, Err(CatalogError::Conflict)), "{result:?}");
    }
    let owner = creation(2).image.owner.unwrap();
    let claim = Claim {
        project: owner,
        limits: ProjectLimits {
            uploads: Some(1),
            ..ProjectLimits::default()
        },
        area: Area::Stores,
        bytes: 0,
        staged: None,
        uploads: 1,
    };
    let too_many = ImageQuotas {
        all: Some(1),
        queued: None,
    };
    for refused in [
        creation(2).within(too_many),
        creation(2).claiming(Some(claim)),
    ] {
        let result = catalog.create(&refused).await;
        assert!(matches!(result, Err(CatalogError::Quota(_))), "{result:?}");
    }

    let Creation {
        image,
        intent,
        task,
        ..
    } = creation(2);
    assert_eq!(found(catalog, image.id).await, None);
    assert_eq!(catalog.find_intent(&intent.id).await.unwrap(), None);
    assert_eq!(catalog.find_task(&task.id).await.unwrap(), None);
    catalog.create(&creation(2)).await.unwrap();
}

/// An image that comes with its import.
fn creation(n: u128) -> Creation {
    let mut image = rich_image(n).stored_as(Status::Queued);
    image.locations.clear();
    image.size = None;
    let mut task = task(&format!("task {n}"));
    task.kind = TaskKind::Import;
    task.image = Some(image.id);
    let input = json!({"import_from": "https://host/disk"});
    task.input = input.as_object().cloned();
    let intent = Intent {
        id: format!("task {n}").parse().unwrap(),
        ..intent(&image, Work::Import(None))
    };
    let plan = ImportPlan::of_task(&task, &intent.store).unwrap();
    Creation::importing(&image, &plan, true, intent, task, at(60)).unwrap()
}

/// A commit is a conflict, and leaves the image as it is stored.
async fn conflicts(catalog: &dyn Catalog, change: &Change, stored: &Image) {
    let result = catalog.commit(change).await;

    assert!(matches!(result, Err(CatalogError::Conflict)), "{result:?}");
    assert_eq!(found(catalog, stored.id).await.as_ref(), Some(stored));
}

async fn inserted(catalog: &dyn Catalog) -> Image {
    let image = rich_image(1);
    catalog.insert(&image, None).await.unwrap();
    image
}

fn taken(by: &str, instead_of: Option<&str>) -> LockStep {
    LockStep::Taken {
        by: task_id(by),
        instead_of: instead_of.map(task_id),
    }
}

fn moved(task: &Task, from: TaskStatus) -> TaskStep {
    let task = task.clone();
    TaskStep::Moved { task, from }
}

fn task(id: &str) -> Task {
    Task::pending(task_id(id), TaskKind::ApiImageImport, second(5))
}

fn task_id(id: &str) -> TaskId {
    id.parse().unwrap()
}

fn lock_name() -> PropertyName {
    PropertyName::stored(IMPORT_LOCK.to_owned())
}

/// Whole seconds: MySQL keeps no more.
fn second(seconds: i64) -> Timestamp {
    at(seconds * 1_000_000)
}
