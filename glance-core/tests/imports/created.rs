//! Imports that make their image: it comes with its data, or goes again.

use futures::executor::block_on;
use glance_core::domain::{
    Draft, FAILED_IMPORT, Image, ImportMethod, Status, Task, TaskKind, TaskStatus,
};
use glance_core::memory::MemoryGlance;
use glance_core::{Error, ErrorKind, ImportSettings, NewImageImport, Settings};

use crate::breaking::Fails;
use crate::world::{LATER, Node, World, admin};

fn draft() -> Draft {
    Draft::raw("disk").unwrap()
}

fn created(world: &World, node: &Node, draft: Draft) -> Result<Task, Error> {
    let task = world.done(node, node.creating(draft));
    world.settle();
    task
}

/// The one image that is there, if there is one.
fn image(world: &World) -> Option<Image> {
    let mut images = world.catalog.images();
    assert!(images.len() < 2, "{images:?}");
    images.pop()
}

#[test]
fn an_image_comes_with_its_data() {
    let world = World::new();
    let node = world.node(1);

    let asked = created(&world, &node, draft()).unwrap();

    assert_eq!(asked.status(), TaskStatus::Pending);
    let task = world.task(&asked);
    assert_eq!(
        (task.kind, task.status()),
        (TaskKind::Import, TaskStatus::Success)
    );
    assert_eq!(task.input, asked.input);
    let image = image(&world).unwrap();
    assert_eq!(task.result.unwrap()["image_id"], image.id.as_str());
    assert_eq!(image.status(), Status::Active);
    assert_eq!(image.checksum.unwrap().len(), 32);
    assert_eq!(world.blobs(), ["fast"].into());
    world.check_at_rest("created");
}

#[test]
fn an_image_whose_data_does_not_come_goes_unless_it_is_protected() {
    for fails in [
        Fails::Nowhere,
        Fails::ToStart,
        Fails::ToWrite,
        Fails::ToCommit,
        Fails::ToAnswer,
    ] {
        for protected in [false, true] {
            let world = World::new();
            let node = world.node(1);
            world.fail("fast", fails);
            *world.web.is_broken.lock().unwrap() = fails == Fails::Nowhere;
            let draft = Draft {
                protected,
                ..draft()
            };

            let task = created(&world, &node, draft).unwrap();

            let task = world.task(&task);
            assert_eq!(task.status(), TaskStatus::Failure, "{fails:?}");
            assert!(task.message.is_some(), "{fails:?}");
            match image(&world) {
                Some(image) => {
                    assert_eq!((image.status(), protected), (Status::Queued, true));
                    assert_eq!(image.listed_stores(FAILED_IMPORT).len(), 1);
                }
                None => assert!(!protected, "{fails:?}"),
            }
            assert!(world.blobs().is_empty(), "{fails:?}");
            world.check_at_rest(&format!("{fails:?}"));
        }
    }
}

#[test]
fn what_cannot_be_begun_leaves_nothing() {
    let world = World::new();
    let node = world.node(1);
    let without_formats = Draft {
        disk_format: None,
        ..draft()
    };
    let of_no_format = Draft {
        disk_format: Some("floppy".parse().unwrap()),
        ..draft()
    };

    for refused in [without_formats, of_no_format] {
        let refused = created(&world, &node, refused).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
    }

    assert_eq!(image(&world), None);
    world.check_at_rest("refused");
}

/// Wherever the process dies: the task, the image and its import are there together, or none is.
#[test]
fn a_creation_whose_process_dies_is_brought_to_its_end_by_another_node() {
    let mut begun = 0;
    for steps in 0.. {
        assert!(steps < 2000, "it never ends");
        let world = World::new();
        let node = world.node(1);
        node.spawn(node.creating(draft()));
        let has_steps = world.steps(steps);
        world.simulation.process(1).crash();
        world.simulation.advance(LATER);

        world.node(2).scrub();
        world.settle();

        let what = format!("after {steps} steps");
        if let Some(image) = image(&world) {
            assert_eq!(image.status(), Status::Active, "{what}");
            begun += 1;
        }
        world.check_at_rest(&what);
        if !has_steps {
            break;
        }
    }
    assert!(begun > 10, "{begun}");
}

#[test]
fn a_service_that_does_not_read_the_web_says_what_to_do_instead() {
    let told = |methods: &[ImportMethod]| {
        let memory = MemoryGlance::new().with_settings(Settings {
            import: ImportSettings {
                methods: methods.to_vec(),
                ..ImportSettings::default()
            },
            ..Settings::default()
        });
        let asked = NewImageImport {
            draft: draft(),
            uri: "https://host/disk".to_owned(),
            store: None,
            input: serde_json::Map::new(),
            request_id: None,
        };
        let refused = block_on(memory.build().unwrap().import_new(&admin(), asked));
        refused.unwrap_err().to_string()
    };

    assert_eq!(
        told(&ImportMethod::ALL),
        "import method web-download is not enabled: use one of glance-direct, copy-image"
    );
    assert_eq!(
        told(&[]),
        "import method web-download is not enabled, nor is any other: upload the data instead"
    );
}
