//! How many imports a node runs at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use glance_core::Error;
use glance_core::domain::{ImportMethod, Status, Task, TaskStatus};

use crate::world::{LATER, World, admin, request};

/// A node with room for one import of a project, and a web that takes several leases to answer.
fn world() -> World {
    let mut world = World::new();
    world.at_once = 2;
    let executor = world.simulation.process(99).runtime().executor;
    *world.web.pause.lock().unwrap() = Some((executor, 3 * LATER));
    world
}

#[test]
fn imports_wait_for_their_turn_and_stay_their_node_s() {
    let world = world();
    let (node, other) = (world.node(1), world.node(2));
    let ids: Vec<_> = (0..4)
        .map(|_| world.image_for(&node, ImportMethod::WebDownload))
        .collect();

    let tasks: Vec<Task> = ids
        .iter()
        .map(|id| {
            let request = request(ImportMethod::WebDownload, true);
            let begun = world.done(&node, node.importing(*id, request));
            begun.unwrap().unwrap()
        })
        .collect();
    // The other node looks for what dead ones left, all the while.
    let glance = other.glance.clone();
    let executor = other.simulation.runtime().executor;
    other.spawn(async move {
        for _ in 0..60 {
            executor.sleep(Duration::from_secs(20)).await;
            glance.scrub().await.unwrap();
        }
    });
    world.settle();

    assert_eq!(world.web.most_at_once.load(Ordering::Relaxed), 1);
    assert_eq!(world.web.asked.load(Ordering::Relaxed), ids.len());
    for (id, task) in ids.iter().zip(&tasks) {
        assert_eq!(world.task(task).status(), TaskStatus::Success);
        assert_eq!(world.image(*id).unwrap().status(), Status::Active);
    }
    world.check_at_rest("imports in turn");
}

#[test]
fn an_import_that_waits_for_hours_keeps_its_lock() {
    let world = world();
    let node = world.node(1);
    let executor = world.simulation.process(99).runtime().executor;
    let hours = Duration::from_secs(2 * 60 * 60);
    *world.web.pause.lock().unwrap() = Some((Arc::clone(&executor), hours));
    let [_, waits] = [ImportMethod::WebDownload, ImportMethod::CopyImage].map(|method| {
        let id = world.image_for(&node, method);
        let begun = world.done(&node, node.importing(id, request(method, true)));
        begun.unwrap().unwrap();
        id
    });

    let glance = node.glance.clone();
    let again = world.done(&node, async move {
        executor.sleep(hours - LATER).await;
        let request = request(ImportMethod::CopyImage, true);
        glance.import(&admin(), waits, request).await
    });

    assert!(
        matches!(again, Err(Error::BeingImported { .. })),
        "{again:?}"
    );
    world.settle();
    world.check_at_rest("an import that waits");
}

#[test]
fn an_import_whose_image_goes_while_it_waits_is_over() {
    let world = world();
    let node = world.node(1);
    let ids: Vec<_> = (0..2)
        .map(|_| world.image_for(&node, ImportMethod::WebDownload))
        .collect();
    for id in &ids {
        let request = request(ImportMethod::WebDownload, true);
        let begun = world.done(&node, node.importing(*id, request));
        begun.unwrap().unwrap();
    }

    let (glance, id) = (node.glance.clone(), ids[1]);
    let deleted = world.done(&node, async move { glance.delete(&admin(), id).await });
    deleted.unwrap();
    world.settle();

    assert_eq!(world.web.asked.load(Ordering::Relaxed), 1);
    assert!(world.image(id).is_none());
    world.check_at_rest("an image that goes");
}
