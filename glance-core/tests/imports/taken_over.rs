//! Why an import failed is told by whoever brings it to its end.

use glance_core::domain::{ImportMethod, TaskStatus};

use crate::breaking::Fails;
use crate::world::{LATER, World, request};

/// What the task of an import tells whose stores fail from the beginning, or else after its first
/// node died.
fn told(method: ImportMethod, all_must_succeed: bool, fails: Fails, dies: bool) -> String {
    let world = World::new();
    let id = world.image_for(&world.node(0), method);
    let node = world.node(1);
    let begun = world.done(&node, node.importing(id, request(method, all_must_succeed)));
    let task = begun.unwrap().unwrap();
    if dies {
        world.simulation.process(1).crash();
    }
    for store in ["cheap", "fast"] {
        world.fail(store, fails);
    }
    for process in 2..7 {
        world.settle();
        if world.task(&task).status() != TaskStatus::Processing {
            break;
        }
        world.simulation.advance(LATER);
        world.node(process).scrub();
    }
    let ended = world.task(&task);
    assert_eq!(ended.status(), TaskStatus::Failure, "{method}, {fails:?}");
    ended.message.unwrap()
}

#[test]
fn the_reason_is_told_by_whoever_takes_an_import_over() {
    // Nobody else has the caller's token.
    let methods = ImportMethod::ALL.into_iter();
    for method in methods.filter(|method| *method != ImportMethod::GlanceDownload) {
        for all_must_succeed in [true, false] {
            for fails in [
                Fails::ToStart,
                Fails::ToWrite,
                Fails::ToCommit,
                Fails::ToAnswer,
                Fails::AtAll,
            ] {
                let reason = told(method, all_must_succeed, fails, false);

                let message = told(method, all_must_succeed, fails, true);

                assert!(
                    message.ends_with(&reason),
                    "{method}, {all_must_succeed}, {fails:?}: {message}, and not {reason}"
                );
            }
        }
    }
}
