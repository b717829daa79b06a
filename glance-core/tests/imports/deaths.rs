//! Whoever dies, and whatever is deleted: no image stays `importing`, and nothing is left.

use glance_core::domain::{ImportMethod, Status};

use crate::world::{LATER, World, admin, request};

/// Does something after every step of every kind of import, and lets `then` see what comes of it.
/// Each import comes to its end before there are so many steps.
fn at_every_step(interfere: impl Fn(&World, usize) -> Check) {
    for method in ImportMethod::ALL {
        for all_must_succeed in [true, false] {
            for steps in 0.. {
                assert!(steps < 2000, "{method}: it never ends");
                let world = World::new();
                let id = world.image_for(&world.node(0), method);
                let node = world.node(1);
                node.spawn(node.importing(id, request(method, all_must_succeed)));
                let has_steps = world.steps(steps);
                let what = format!("{method}, {all_must_succeed}, after {steps} steps");

                interfere(&world, steps)(&world, &what, id);

                if !has_steps {
                    break;
                }
            }
        }
    }
}

type Check = Box<dyn Fn(&World, &str, glance_core::domain::ImageId)>;

#[test]
fn an_import_whose_process_dies_is_brought_to_its_end_by_another_node() {
    at_every_step(|world, _| {
        world.simulation.process(1).crash();
        world.simulation.advance(LATER);
        let other = world.node(2);
        other.scrub();
        world.settle();
        Box::new(|world, what, id| {
            let image = world.image(id).unwrap();
            match image.status() {
                // It had not begun.
                Status::Uploading => {
                    assert_eq!(world.catalog.intents().len(), 1, "{what}");
                    assert!(world.is_staged() && world.blobs().is_empty(), "{what}");
                }
                Status::Queued | Status::Active => world.check_at_rest(what),
                status => panic!("{what}: {status}"),
            }
            let is_begun = image.status() != Status::Uploading
                && image.properties.keys().any(|name| name.is_internal());
            // Nobody else has the caller's token.
            let is_given_up =
                what.starts_with("glance-download") && image.status() == Status::Queued;
            if is_given_up {
                assert!(world.blobs().is_empty(), "{what}");
            } else if is_begun {
                let blobs = world.blobs();
                let is_filled = blobs.contains("cheap") && blobs.contains("fast");
                assert!(is_filled, "{what}: {blobs:?}");
            }
        })
    });
}

#[test]
fn an_import_whose_process_dies_is_taken_up_when_the_node_is_back() {
    at_every_step(|world, _| {
        world.simulation.process(1).crash();
        world.node(1).scrub();
        world.settle();
        Box::new(|world, what, id| {
            let status = world.image(id).unwrap().status();
            assert_ne!(status, Status::Importing, "{what}");
        })
    });
}

#[test]
fn an_image_that_is_deleted_in_the_middle_leaves_nothing() {
    at_every_step(|world, _| {
        let node = world.node(3);
        Box::new(move |world, what, id| {
            let glance = node.glance.clone();
            let deleted = world.done(&node, async move { glance.delete(&admin(), id).await });
            deleted.unwrap();
            world.settle();

            assert_eq!(world.image(id), None, "{what}");
            world.check_at_rest(what);
        })
    });
}

#[test]
fn an_image_that_is_deleted_after_its_worker_died_leaves_nothing() {
    at_every_step(|world, _| {
        world.simulation.process(1).crash();
        let node = world.node(3);
        Box::new(move |world, what, id| {
            let glance = node.glance.clone();
            let deleted = world.done(&node, async move { glance.delete(&admin(), id).await });
            deleted.unwrap();
            world.simulation.advance(LATER);
            node.scrub();
            world.settle();

            assert_eq!(world.image(id), None, "{what}");
            world.check_at_rest(what);
        })
    });
}
