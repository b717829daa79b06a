//! Plugins: what they make of data is what the image gets.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use glance_core::domain::{ImportMethod, Status, TaskStatus};
use glance_core::ports::{BoxError, ByteStream, ImportPlugin, Passing, PluginError};

use crate::world::{DATA, World, request};

/// Doubles what passes.
#[derive(Debug)]
struct Doubling;

#[async_trait]
impl ImportPlugin for Doubling {
    fn name(&self) -> &'static str {
        "doubling"
    }

    async fn apply(&self, data: Passing) -> Result<Passing, PluginError> {
        let doubled = data.body.flat_map(|chunk| match chunk {
            Ok(chunk) => futures::stream::iter(vec![Ok(chunk.clone()), Ok(chunk)]),
            Err(error) => futures::stream::iter(vec![Err(error)]),
        });
        Ok(Passing {
            body: ByteStream::new(doubled),
            size: None,
            container_format: Some("docker".parse().unwrap()),
            ..data
        })
    }
}

/// Takes nothing.
#[derive(Debug)]
struct Picky;

#[async_trait]
impl ImportPlugin for Picky {
    fn name(&self) -> &'static str {
        "picky"
    }

    async fn apply(&self, _: Passing) -> Result<Passing, PluginError> {
        Err(PluginError::BadData {
            plugin: self.name(),
            reason: "it is too small".to_owned(),
        })
    }
}

#[test]
fn data_is_what_plugins_make_of_it_but_for_copies() {
    for (method, times) in [
        (ImportMethod::GlanceDirect, 2),
        (ImportMethod::WebDownload, 2),
        (ImportMethod::GlanceDownload, 2),
        (ImportMethod::CopyImage, 1),
    ] {
        let mut world = World::new();
        world.plugins = vec![Arc::new(Doubling)];
        let node = world.node(1);
        let id = world.image_for(&node, method);

        let begun = world.import(&node, id, request(method, true)).unwrap();

        assert_eq!(
            world.task(&begun.unwrap()).status(),
            TaskStatus::Success,
            "{method}"
        );
        let image = world.image(id).unwrap();
        assert_eq!(image.size, Some(DATA.len() as u64 * times), "{method}");
        let container = image.container_format.map(|format| format.to_string());
        let expected = if times == 2 { "docker" } else { "bare" };
        assert_eq!(container.as_deref(), Some(expected), "{method}");
        world.check_at_rest(method.as_str());
    }
}

/// Reads all of what passes before it gives any of it on.
#[derive(Debug)]
struct Patient;

#[async_trait]
impl ImportPlugin for Patient {
    fn name(&self) -> &'static str {
        "patient"
    }

    async fn apply(&self, data: Passing) -> Result<Passing, PluginError> {
        let read: Result<Vec<_>, _> = data.body.try_collect().await;
        let read = read.map_err(|error| PluginError::Failed {
            plugin: self.name(),
            source: error.into(),
        });
        let chunks = read?.into_iter().map(Ok::<_, BoxError>);
        Ok(Passing {
            body: ByteStream::new(futures::stream::iter(chunks)),
            ..data
        })
    }
}

#[test]
fn why_data_breaks_off_is_told_through_a_plugin_that_reads_it() {
    let mut world = World::new();
    world.plugins = vec![Arc::new(Patient)];
    *world.web.is_broken.lock().unwrap() = true;
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::WebDownload);

    let request = request(ImportMethod::WebDownload, true);
    let begun = world.import(&node, id, request).unwrap();

    let task = world.task(&begun.unwrap());
    assert_eq!(task.message.as_deref(), Some("the line is cut"));
    world.check_at_rest("a plugin that reads what breaks off");
}

#[test]
fn data_that_a_plugin_refuses_is_not_imported() {
    let mut world = World::new();
    world.plugins = vec![Arc::new(Picky)];
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::GlanceDirect);

    let request = request(ImportMethod::GlanceDirect, true);
    let begun = world.import(&node, id, request).unwrap();

    let task = world.task(&begun.unwrap());
    assert_eq!(task.message.as_deref(), Some("picky: it is too small"));
    assert_eq!(world.image(id).unwrap().status(), Status::Queued);
    world.check_at_rest("a plugin that refuses");
}
