//! Imports that are not tried for ever: those that kill their process, and those whose store is away.

use glance_core::domain::{
    Draft, FAILED_IMPORT, ImageId, ImportMethod, Status, StoreId, TaskStatus, Work,
};
use glance_core::ports::ByteStream;
use glance_core::{Error, UploadOptions};

use crate::breaking::Fails;
use crate::world::{DATA, LATER, Node, World, admin, request};

/// A node that takes over what is left, and dies before it has done much.
fn dies_at_it(world: &World, process: u64) {
    world.simulation.advance(LATER);
    world.node(process).scrub();
    world.steps(12);
    world.simulation.process(process).crash();
}

fn scrubbed(world: &World, process: u64) -> Node {
    world.simulation.advance(LATER);
    let node = world.node(process);
    node.scrub();
    world.settle();
    node
}

#[test]
fn an_import_that_kills_its_process_each_time_is_given_up() {
    for method in ImportMethod::ALL {
        let world = World::new();
        let id = world.image_for(&world.node(0), method);
        let first = world.node(1);
        let begun = world.done(&first, first.importing(id, request(method, true)));
        let task = begun.unwrap().unwrap();
        world.steps(5);
        world.simulation.process(1).crash();

        for process in 2..5 {
            dies_at_it(&world, process);
            let status = world.task(&task).status();
            assert_eq!(status, TaskStatus::Processing, "{method}, {process}");
        }
        scrubbed(&world, 5);

        let ended = world.task(&task);
        assert_eq!(ended.status(), TaskStatus::Failure, "{method}");
        let message = ended.message.unwrap();
        assert!(message.contains("taken up again 3 times"), "{message}");
        let image = world.image(id).unwrap();
        let expected = match method {
            ImportMethod::CopyImage => Status::Active,
            _ => Status::Queued,
        };
        assert_eq!(image.status(), expected, "{method}");
        assert_eq!(image.listed_stores(FAILED_IMPORT).len(), 2, "{method}");
        world.check_at_rest(method.as_str());
    }
}

#[test]
fn an_image_that_was_made_for_such_an_import_goes() {
    let world = World::new();
    let first = world.node(1);
    let task = world.done(&first, first.creating(Draft::raw("disk").unwrap()));
    world.simulation.process(1).crash();

    for process in 2..5 {
        dies_at_it(&world, process);
    }
    scrubbed(&world, 5);

    let ended = world.task(&task.unwrap());
    assert_eq!(ended.status(), TaskStatus::Failure);
    assert_eq!(world.catalog.images(), []);
    world.check_at_rest("made for it");
}

/// An import whose store takes the data, does not say so, and is away from then on; it is given up.
fn stuck(method: ImportMethod) -> (World, ImageId) {
    let world = World::new();
    let id = world.image_for(&world.node(0), method);
    world.fail("fast", Fails::ToAnswer);
    let node = world.node(1);
    let begun = world.done(&node, node.importing(id, request(method, true)));
    let task = begun.unwrap().unwrap();
    while world.stores["fast"].contents().0.is_empty() {
        assert!(world.simulation.step(), "nothing is stored");
    }
    world.fail("fast", Fails::AtAll);
    world.settle();
    for process in 2..6 {
        let status = world.task(&task).status();
        assert_eq!(status, TaskStatus::Processing, "{method}, {process}");
        scrubbed(&world, process);
    }
    assert_eq!(world.task(&task).status(), TaskStatus::Failure, "{method}");
    (world, id)
}

fn status(world: &World, id: ImageId) -> Status {
    world.image(id).unwrap().status()
}

#[test]
fn an_import_whose_store_is_away_for_long_ends_and_what_it_left_goes_later() {
    for method in ImportMethod::ALL {
        let (world, id) = stuck(method);

        let at_rest = match method {
            ImportMethod::CopyImage => Status::Active,
            _ => Status::Queued,
        };
        assert_eq!(status(&world, id), at_rest, "{method}");
        let left: Vec<Work> = world
            .catalog
            .intents()
            .into_iter()
            .map(|left| left.work)
            .collect();
        assert!(left.contains(&Work::Vacate), "{method}: {left:?}");
        // It is away still.
        scrubbed(&world, 6);
        assert!(world.blobs().contains("fast"), "{method}");
        assert_eq!(world.catalog.intents().len(), left.len(), "{method}");
        assert_eq!(status(&world, id), at_rest, "{method}");

        world.fail("fast", Fails::Nowhere);
        scrubbed(&world, 7);

        assert_eq!(status(&world, id), at_rest, "{method}");
        world.check_at_rest(method.as_str());
    }
}

#[test]
fn no_data_is_written_where_what_an_import_left_is_to_be_removed() {
    let (world, id) = stuck(ImportMethod::WebDownload);
    world.fail("fast", Fails::Nowhere);
    let node = world.node(7);
    let upload = |store: &str| {
        let glance = node.glance.clone();
        let store: StoreId = store.parse().unwrap();
        let options = UploadOptions {
            store: Some(store),
            ..UploadOptions::default()
        };
        let body = ByteStream::from_bytes(DATA);
        world.done(&node, async move {
            glance.upload(&admin(), id, body, options).await
        })
    };

    let refused = upload("fast").unwrap_err();
    assert!(matches!(refused, Error::DataGoing { .. }), "{refused}");
    let again = request(ImportMethod::WebDownload, true);
    let refused = world.done(&node, node.importing(id, again)).unwrap_err();
    assert!(matches!(refused, Error::DataGoing { .. }), "{refused}");
    // Elsewhere it may be written, and stays when the rest is removed.
    upload("first").unwrap();
    scrubbed(&world, 8);

    assert_eq!(status(&world, id), Status::Active);
    assert_eq!(world.blobs(), ["first"].into());
    world.check_at_rest("written elsewhere");
}

#[test]
fn an_image_that_is_deleted_meanwhile_leaves_nothing() {
    let (world, id) = stuck(ImportMethod::WebDownload);
    let node = world.node(7);
    let glance = node.glance.clone();
    let deleted = world.done(&node, async move { glance.delete(&admin(), id).await });
    deleted.unwrap();
    world.fail("fast", Fails::Nowhere);

    scrubbed(&world, 8);

    assert_eq!(world.image(id), None);
    world.check_at_rest("deleted");
}
