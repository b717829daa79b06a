//! Every end of an import, by what fails.

use glance_core::domain::{FAILED_IMPORT, IMPORTING_TO_STORES, ImportMethod, Status};

use crate::breaking::Fails;
use crate::world::{World, request};

/// Runs an import in which stores fail, and tells what comes of it.
fn end(method: ImportMethod, all_must_succeed: bool, failing: &[(&str, Fails)]) -> String {
    let world = World::new();
    let node = world.node(1);
    let id = world.image_for(&node, method);
    for (store, fails) in failing {
        world.fail(store, *fails);
    }

    let begun = world.import(&node, id, request(method, all_must_succeed));

    let task = world.task(&begun.unwrap().unwrap());
    let what = format!("{method}, all must succeed: {all_must_succeed}, failing: {failing:?}");
    world.check_at_rest(&what);
    let image = world.image(id).unwrap();
    assert_eq!(image.status() == Status::Active, image.checksum.is_some());
    let stores = |list| {
        let stores = image.listed_stores(list);
        let names: Vec<_> = stores.iter().map(ToString::to_string).collect();
        names.join(",")
    };
    format!(
        "{what}\n  {}, data in [{}], importing [{}], failed [{}], task {}: {}\n",
        image.status(),
        world.blobs().into_iter().collect::<Vec<_>>().join(","),
        stores(IMPORTING_TO_STORES),
        stores(FAILED_IMPORT),
        task.status(),
        task.message.unwrap_or_default(),
    )
}

#[test]
fn imports_end_as_the_golden_table_has_it() {
    let mut table = String::new();
    for method in ImportMethod::ALL {
        for all_must_succeed in [true, false] {
            let mut add = |failing: &[(&str, Fails)]| {
                table += &end(method, all_must_succeed, failing);
            };
            add(&[]);
            for fails in [
                Fails::ToStart,
                Fails::ToWrite,
                Fails::ToCommit,
                Fails::ToAnswer,
            ] {
                add(&[("fast", fails)]);
                add(&[("cheap", fails), ("fast", fails)]);
            }
        }
    }

    expect_test::expect_file!["../golden/import_ends.txt"].assert_eq(&table);
}

#[test]
fn a_source_that_breaks_off_fails_for_all_stores() {
    for all_must_succeed in [true, false] {
        let world = World::new();
        let node = world.node(1);
        let id = world.image_for(&node, ImportMethod::WebDownload);
        *world.web.is_broken.lock().unwrap() = true;

        let request = request(ImportMethod::WebDownload, all_must_succeed);
        let begun = world.import(&node, id, request).unwrap();

        let task = world.task(&begun.unwrap());
        world.check_at_rest("a source that breaks off");
        let image = world.image(id).unwrap();
        assert_eq!(image.status(), Status::Queued);
        assert_eq!(image.listed_stores(FAILED_IMPORT).len(), 2);
        assert_eq!(task.message.as_deref(), Some("the line is cut"));
    }
}

#[test]
fn stores_that_are_filled_one_after_the_other_get_the_same() {
    for method in ImportMethod::ALL {
        for all_must_succeed in [true, false] {
            let mut world = World::new();
            world.at_a_time = 1;
            let node = world.node(1);
            let id = world.image_for(&node, method);

            let begun = world.import(&node, id, request(method, all_must_succeed));

            begun.unwrap().unwrap();
            world.check_at_rest("one after the other");
            let image = world.image(id).unwrap();
            assert_eq!(image.status(), Status::Active);
            let blobs = world.blobs();
            assert!(
                blobs.contains("cheap") && blobs.contains("fast"),
                "{blobs:?}"
            );
        }
    }
}

#[test]
fn a_copy_that_is_not_what_the_image_is_becomes_none_of_its_locations() {
    let world = World::new();
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::CopyImage);
    world.edit(id, |image| image.checksum = Some("0".repeat(32)));

    let request = request(ImportMethod::CopyImage, false);
    let begun = world.import(&node, id, request).unwrap();

    let message = world.task(&begun.unwrap()).message.unwrap();
    assert!(message.contains("is not what it was"), "{message}");
    world.check_at_rest("a copy of other data");
    assert_eq!(world.image(id).unwrap().status(), Status::Active);
    assert_eq!(world.image(id).unwrap().locations.len(), 1);
}

#[test]
fn a_copy_of_data_that_no_upload_would_bring_becomes_none_of_its_locations() {
    for all_must_succeed in [true, false] {
        let world = World::new();
        let node = world.node(1);
        let id = world.image_for(&node, ImportMethod::CopyImage);
        // As a service left it that looked at nothing.
        world.edit(id, |image| image.disk_format = "qcow2".parse().ok());

        let request = request(ImportMethod::CopyImage, all_must_succeed);
        let begun = world.import(&node, id, request).unwrap();

        let message = world.task(&begun.unwrap()).message.unwrap();
        assert!(message.contains("qcow2"), "{message}");
        world.check_at_rest("a copy of refused data");
        assert_eq!(world.image(id).unwrap().locations.len(), 1);
    }
}
