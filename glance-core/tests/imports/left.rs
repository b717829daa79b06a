//! What an import wrote to a store and could not take back, because the store was away by then.

use glance_core::domain::{
    Event, Image, ImageId, ImportMethod, Status, StoreId, Task, TaskStatus, Work,
};
use glance_core::ports::ByteStream;
use glance_core::{Error, UploadOptions};

use crate::breaking::Fails;
use crate::world::{DATA, LATER, Node, World, admin, request};

/// An import one of whose stores goes away when a part of the data is there.
fn broken(method: ImportMethod, all_must_succeed: bool) -> (World, ImageId, Task) {
    let world = World::new();
    let node = world.node(1);
    let id = world.image_for(&node, method);
    world.fail("fast", Fails::Midway);
    let begun = world.done(&node, node.importing(id, request(method, all_must_succeed)));
    while !world.is_partial("fast") {
        assert!(world.simulation.step(), "nothing is written");
    }
    (world, id, begun.unwrap().unwrap())
}

fn scrubbed(world: &World, node: &Node) {
    world.simulation.advance(LATER);
    node.scrub();
    world.settle();
}

fn image(world: &World, id: ImageId) -> Image {
    world.image(id).unwrap()
}

#[test]
fn it_goes_as_soon_as_the_store_is_back() {
    for method in ImportMethod::ALL {
        for all_must_succeed in [true, false] {
            let what = format!("{method}, all must succeed: {all_must_succeed}");
            let (world, id, task) = broken(method, all_must_succeed);
            world.settle();

            let ended = match all_must_succeed {
                true => TaskStatus::Failure,
                false => TaskStatus::Success,
            };
            assert_eq!(world.task(&task).status(), ended, "{what}");
            let at_rest = image(&world, id);
            let node = world.node(2);
            scrubbed(&world, &node);
            assert!(world.is_partial("fast"), "{what}: it is away still");
            assert_eq!(image(&world, id), at_rest, "{what}");

            world.fail("fast", Fails::Nowhere);
            scrubbed(&world, &node);

            assert!(!world.is_partial("fast"), "{what}");
            assert_eq!(image(&world, id), at_rest, "{what}");
            world.check_at_rest(&what);
        }
    }
}

#[test]
fn nothing_else_of_the_image_is_written_there_before() {
    let (world, id, _) = broken(ImportMethod::WebDownload, true);
    world.settle();
    world.fail("fast", Fails::Nowhere);
    let node = world.node(2);
    let upload = |store: &str| {
        let glance = node.glance.clone();
        let options = UploadOptions {
            store: Some(store.parse::<StoreId>().unwrap()),
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
    upload("first").unwrap();
    scrubbed(&world, &node);

    assert_eq!(world.blobs(), ["first"].into());
    world.check_at_rest("written elsewhere");
    let again = request(ImportMethod::CopyImage, true);
    world.import(&node, id, again).unwrap();
    assert_eq!(world.blobs(), ["cheap", "fast", "first"].into());
    world.check_at_rest("copied there at last");
}

#[test]
fn it_waits_while_a_python_node_may_write_there() {
    let (world, id, _) = broken(ImportMethod::WebDownload, true);
    world.settle();
    world.fail("fast", Fails::Nowhere);
    world.step_to(id, Event::UploadStarted);

    let node = world.node(2);
    scrubbed(&world, &node);
    assert!(
        world.is_partial("fast"),
        "parts of its upload would go, too"
    );

    world.step_to(id, Event::DataFailed);
    scrubbed(&world, &node);
    world.check_at_rest("it has ended");
}

#[test]
fn it_goes_with_an_image_that_is_deleted_while_the_import_runs() {
    for method in ImportMethod::ALL {
        let (world, id, task) = broken(method, true);
        let node = world.node(2);
        let glance = node.glance.clone();
        node.spawn(async move { glance.delete(&admin(), id).await });
        world.settle();
        assert_eq!(world.image(id), None, "{method}");
        assert!(world.is_partial("fast"), "{method}");
        let status = world.task(&task).status();
        assert_eq!(
            status,
            TaskStatus::Failure,
            "{method}: nobody waits for the store"
        );

        world.fail("fast", Fails::Nowhere);
        scrubbed(&world, &node);

        assert!(!world.is_partial("fast"), "{method}");
        world.check_at_rest(method.as_str());
    }
}

#[test]
fn it_goes_after_an_image_that_was_deleted_when_the_import_had_ended() {
    let (world, id, _) = broken(ImportMethod::WebDownload, true);
    world.settle();
    let node = world.node(2);
    let glance = node.glance.clone();
    let deleted = world.done(&node, async move { glance.delete(&admin(), id).await });
    deleted.unwrap();
    world.fail("fast", Fails::Nowhere);

    scrubbed(&world, &node);

    assert!(!world.is_partial("fast"));
    world.check_at_rest("deleted");
}

#[test]
fn it_goes_where_the_process_died_and_the_import_was_given_up() {
    let (world, id, task) = broken(ImportMethod::WebDownload, true);
    world.simulation.process(1).crash();
    for process in 2..6 {
        let node = world.node(process);
        scrubbed(&world, &node);
    }
    assert_eq!(world.task(&task).status(), TaskStatus::Failure);
    assert_eq!(image(&world, id).status(), Status::Queued);
    assert!(world.is_partial("fast"));
    let left = world.catalog.intents();
    let discards = left
        .iter()
        .filter(|left| matches!(left.work, Work::Discard(_)));
    assert_eq!(discards.count(), 1, "{left:?}");

    world.fail("fast", Fails::Nowhere);
    scrubbed(&world, &world.node(6));

    assert!(!world.is_partial("fast"));
    world.check_at_rest("given up");
}
