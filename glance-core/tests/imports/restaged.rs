//! Data that is staged anew after an import failed.

use glance_core::domain::{Image, ImageId, ImportMethod, Status, Work};
use glance_core::ports::ByteStream;
use glance_core::{Error, UploadOptions};

use crate::breaking::Fails;
use crate::world::{DATA, LATER, Node, STAGING, World, admin, request};

fn stage(world: &World, node: &Node, id: ImageId) -> Result<Image, Error> {
    let glance = node.glance.clone();
    world.done(node, async move {
        let body = ByteStream::from_bytes(DATA);
        let options = UploadOptions::default();
        glance.stage(&admin(), id, body, options).await
    })
}

/// Imports what is staged, from the beginning to the end.
fn imported(world: &World, node: &Node, id: ImageId, what: &str) {
    let asked = request(ImportMethod::GlanceDirect, true);
    world.import(node, id, asked).unwrap();
    assert_eq!(world.image(id).unwrap().status(), Status::Active, "{what}");
    world.check_at_rest(what);
}

/// An image for which an import of staged data has just failed.
fn failed(world: &World, node: &Node) -> ImageId {
    let id = world.image_for(node, ImportMethod::GlanceDirect);
    world.fail("fast", Fails::ToWrite);
    node.spawn(node.importing(id, request(ImportMethod::GlanceDirect, true)));
    while world.image(id).unwrap().status() == Status::Uploading {
        assert!(world.simulation.step(), "it never begins");
    }
    while world.image(id).unwrap().status() != Status::Queued {
        assert!(world.simulation.step(), "it never ends");
    }
    world.fail("fast", Fails::Nowhere);
    id
}

#[test]
fn data_that_is_staged_anew_at_once_is_not_taken_for_the_old() {
    for seed in 1..100 {
        for other in [1, 2] {
            let world = World::with_seed(seed);
            let node = world.node(1);
            let id = failed(&world, &node);
            let node = world.node(other);

            let staged = stage(&world, &node, id);

            let what = format!("seed {seed}, on node {other}");
            assert!(staged.is_ok(), "{what}: {staged:?}");
            world.settle();
            assert!(world.is_staged(), "{what}: it was taken");
            imported(&world, &node, id, &what);
        }
    }
}

#[test]
fn nothing_is_staged_where_staged_data_is_still_to_be_removed() {
    let world = World::new();
    let node = world.node(1);
    world.fail(STAGING, Fails::ToRemove);
    let id = failed(&world, &node);
    world.settle();
    let removed_again = || {
        world.simulation.advance(LATER);
        node.scrub();
        world.settle();
    };
    assert!(matches!(&world.catalog.intents()[..], [left] if matches!(left.work, Work::Delete(_))));

    let staged = stage(&world, &node, id);
    world.fail(STAGING, Fails::Nowhere);
    removed_again();

    assert_eq!(staged.is_ok(), world.is_staged(), "what is staged stays");
    assert!(matches!(staged, Err(Error::DataGoing { .. })), "{staged:?}");
    world.check_at_rest("removed at last");
    stage(&world, &node, id).unwrap();
    removed_again();
    imported(&world, &node, id, "staged anew");
}
