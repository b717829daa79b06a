//! Who may begin an import, and when.

use std::time::Duration;

use futures::executor::block_on;
use futures::future::join;
use glance_core::domain::{
    CannotImport, Change, Event, IMPORTING_TO_STORES, ImportMethod, LockStep, Status, Task, TaskId,
    TaskKind, TaskStatus, TaskStep,
};
use glance_core::ports::{ByteStream, Catalog};
use glance_core::{Error, ErrorKind, ImportRequest, UploadOptions};
use serde_json::json;

use crate::world::{DATA, LATER, World, admin, request};

#[test]
fn of_two_imports_at_once_one_begins() {
    for method in ImportMethod::ALL {
        let world = World::new();
        let (one, other) = (world.node(1), world.node(2));
        let id = world.image_for(&one, method);
        let both = join(
            one.importing(id, request(method, true)),
            other.importing(id, request(method, true)),
        );

        let (first, second) = world.done(&one, both);

        world.settle();
        let refused = match (first, second) {
            (Ok(Some(_)), Err(refused)) | (Err(refused), Ok(Some(_))) => refused,
            both => panic!("{method}: {both:?}"),
        };
        assert_eq!(refused.kind(), ErrorKind::Conflict, "{method}");
        world.check_at_rest(method.as_str());
        assert_eq!(world.image(id).unwrap().status(), Status::Active);
    }
}

/// An active image that a Python node's import has locked.
fn locked(world: &World) -> (glance_core::domain::ImageId, Task) {
    let node = world.node(9);
    let id = world.image_for(&node, ImportMethod::CopyImage);
    let image = world.image(id).unwrap();
    let task: TaskId = "python".parse().unwrap();
    let mut row = Task::pending(
        task.clone(),
        TaskKind::ApiImageImport,
        world.simulation.now(),
    );
    row.input = json!({"backend": ["fast"], "image_id": id.as_str()})
        .as_object()
        .cloned();
    let row = row.begun(world.simulation.now()).unwrap();
    let change = Change::of_status(image.clone(), image)
        .locking(LockStep::Taken {
            by: task,
            instead_of: None,
        })
        .with_task(TaskStep::Recorded(row.clone()));
    block_on(world.catalog.commit(&change)).unwrap();
    (id, row)
}

#[test]
fn a_lock_that_shows_no_sign_of_life_is_broken() {
    let world = World::new();
    let (id, old) = locked(&world);
    let node = world.node(1);
    let asked = ImportRequest {
        stores: Some(vec!["cheap".parse().unwrap()]),
        ..request(ImportMethod::CopyImage, true)
    };

    world.simulation.advance(Duration::from_secs(59 * 60));
    let early = world.import(&node, id, asked.clone());
    world.simulation.advance(Duration::from_secs(60));
    let late = world.import(&node, id, asked).unwrap().unwrap();

    assert!(matches!(early, Err(Error::BeingImported { .. })));
    assert_eq!(world.task(&late).status(), TaskStatus::Success);
    let old = world.task(&old);
    assert_eq!(old.status(), TaskStatus::Failure);
    assert_eq!(old.message.as_deref(), Some("Expired lock preempted"));
    let image = world.image(id).unwrap();
    assert!(image.listed_stores(IMPORTING_TO_STORES).is_empty());
    world.check_at_rest("a broken lock");
}

#[test]
fn stores_are_chosen_in_one_way_and_have_to_be_there() {
    let world = World::new();
    let node = world.node(1);
    let asked = request(ImportMethod::CopyImage, true);
    let all = ImportRequest {
        stores: None,
        all_stores: true,
        ..asked.clone()
    };
    let header = Some("fast".parse().unwrap());
    let named = |name: &str| ImportRequest {
        stores: Some(vec![name.parse().unwrap()]),
        ..asked.clone()
    };
    let refusals = [
        ImportRequest {
            all_stores: true,
            ..asked.clone()
        },
        ImportRequest {
            store: header.clone(),
            ..asked.clone()
        },
        ImportRequest {
            store: header,
            ..all.clone()
        },
        named("nowhere"),
        named("first"),
    ];
    let refused = refusals.map(|request| {
        let id = world.image_for(&node, ImportMethod::CopyImage);
        match world.import(&node, id, request) {
            Err(Error::CannotImport(error)) => error,
            other => panic!("{other:?}"),
        }
    });
    let id = world.image_for(&node, ImportMethod::CopyImage);

    let everywhere = world.import(&node, id, all.clone()).unwrap();
    let again = world.import(&node, id, all).unwrap();

    assert_eq!(refused[..3], vec![CannotImport::StoresTwice; 3]);
    assert!(matches!(refused[3], CannotImport::UnknownStore { .. }));
    assert!(matches!(refused[4], CannotImport::AlreadyThere { .. }));
    assert!(everywhere.is_some() && again.is_none());
    assert_eq!(world.image(id).unwrap().locations.len(), 3);
}

#[test]
fn an_address_that_the_web_refuses_is_not_asked() {
    let world = World::new();
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::WebDownload);
    for uri in [None, Some("file:///etc/passwd".to_owned())] {
        let asked = ImportRequest {
            uri,
            ..request(ImportMethod::WebDownload, true)
        };

        let refused = world.import(&node, id, asked);

        assert!(
            matches!(
                refused,
                Err(Error::CannotImport(CannotImport::Address { .. }))
            ),
            "{refused:?}"
        );
    }
    assert_eq!(world.image(id).unwrap().status(), Status::Queued);
}

#[test]
fn what_a_python_node_imports_is_left_alone_and_staged_again_later() {
    let world = World::new();
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::GlanceDirect);
    let moved = |event| {
        let image = world.image(id).unwrap();
        let next = image.after(event, world.simulation.now()).unwrap();
        block_on(world.catalog.commit(&Change::of_status(image, next))).unwrap();
    };
    moved(Event::ImportStarted);
    world.simulation.advance(LATER * 60 * 24 * 365);
    node.scrub();
    world.settle();

    assert!(world.is_staged(), "it is read by the other node");
    assert_eq!(world.catalog.intents(), []);
    // It fails there, and removes what was staged.
    block_on(glance_core::ports::ImageStore::vacate(&*world.staging, id)).unwrap();
    moved(Event::DataFailed);
    let glance = node.glance.clone();
    let staged = world.done(&node, async move {
        let body = ByteStream::from_bytes(DATA);
        let options = UploadOptions::default();
        glance.stage(&admin(), id, body, options).await
    });
    assert_eq!(staged.unwrap().status(), Status::Uploading);
}

#[test]
fn the_row_of_an_import_in_vain_does_not_keep_others_from_staging() {
    let world = World::new();
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::GlanceDirect);
    let image = world.image(id).unwrap();
    let queued = image
        .after(Event::DataFailed, world.simulation.now())
        .unwrap();
    block_on(world.catalog.commit(&Change::of_status(image, queued))).unwrap();
    block_on(glance_core::ports::ImageStore::vacate(&*world.staging, id)).unwrap();

    let glance = node.glance.clone();
    let staged = world.done(&node, async move {
        let body = ByteStream::from_bytes(DATA);
        let options = UploadOptions::default();
        glance.stage(&admin(), id, body, options).await
    });

    assert_eq!(staged.unwrap().status(), Status::Uploading);
    assert_eq!(world.catalog.intents().len(), 1);
}
