//! What is announced of data counts before a byte of it is read (rule R9).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use glance_core::domain::{
    Caller, Draft, ImportMethod, ProjectId, ProjectLimits, Quotas, Status, Task, TaskStatus,
};
use glance_core::ports::{ByteStream, ImportPlugin, Passing, PluginError};

use crate::world::{DATA, World, request};

/// Imports what is announced, as a project of limits, to two stores.
fn import(world: &World, announced: Option<u64>) -> Task {
    *world.web.announced.lock().unwrap() = announced;
    let node = world.node(1);
    let glance = node.glance.clone();
    let begun = world.done(&node, async move {
        let member = Caller::anonymous()
            .with_project(Some("p".parse::<ProjectId>().unwrap()))
            .with_roles(["member", "reader"]);
        let image = glance.create(&member, Draft::raw("disk").unwrap());
        let id = image.await.unwrap().id;
        let request = request(ImportMethod::WebDownload, true);
        let begun = glance.import(&member, id, request).await;
        begun.unwrap().unwrap()
    });
    world.settle();
    world.check_at_rest("announced data");
    world.task(&begun)
}

fn limited(image_bytes: Option<u64>, stored_bytes: Option<u64>) -> World {
    let mut world = World::new();
    world.quotas = Quotas {
        image_bytes,
        project: ProjectLimits {
            stored_bytes,
            ..ProjectLimits::default()
        },
        ..Quotas::default()
    };
    world
}

#[test]
fn data_that_is_announced_as_too_much_is_not_read() {
    let size = DATA.len() as u64;
    for (image_bytes, stored_bytes, is_refused) in [
        (Some(size), None, false),
        (Some(size - 1), None, true),
        (None, Some(2 * size), false),
        (None, Some(2 * size - 1), true),
    ] {
        let world = limited(image_bytes, stored_bytes);

        let task = import(&world, Some(size));

        let what = format!("{image_bytes:?} {stored_bytes:?} {task:?}");
        let status = match is_refused {
            true => TaskStatus::Failure,
            false => TaskStatus::Success,
        };
        assert_eq!(task.status(), status, "{what}");
        let read = world.web.given.load(Ordering::Relaxed);
        assert_eq!(read == 0, is_refused, "{what}");
        let images = world.catalog.images();
        assert_eq!(images[0].status() == Status::Queued, is_refused, "{what}");
        let message = task.message.unwrap_or_default();
        assert_eq!(message.contains("limit"), is_refused, "{message}");
    }
}

/// Gives on the first half.
#[derive(Debug)]
struct Halving;

#[async_trait]
impl ImportPlugin for Halving {
    fn name(&self) -> &'static str {
        "halving"
    }

    async fn apply(&self, data: Passing) -> Result<Passing, PluginError> {
        let half = data.body.into_stream().take(1);
        Ok(Passing {
            body: ByteStream::new(half),
            size: None,
            ..data
        })
    }
}

#[test]
fn what_a_plugin_makes_of_data_counts_and_not_what_was_announced_of_it() {
    let half = DATA.len() as u64 / 2;
    let mut world = limited(Some(half), Some(2 * half));
    world.plugins = vec![Arc::new(Halving)];

    let task = import(&world, Some(2 * half));

    assert_eq!(task.status(), TaskStatus::Success, "{task:?}");
    assert_eq!(world.catalog.images()[0].size, Some(half));
}
