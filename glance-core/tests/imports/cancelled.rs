//! Imports that somebody cancels: at whichever moment, nothing of them is left.

use glance_core::Error;
use glance_core::domain::{
    Caller, CannotImport, Draft, ImageId, ImportMethod, Status, Task, TaskId, TaskKind, TaskStatus,
    UserId,
};
use glance_core::ports::TaskLog;

use crate::world::{LATER, Node, World, admin, request};

fn cancelling(
    node: &Node,
    caller: Caller,
    id: &TaskId,
) -> impl Future<Output = Result<Task, Error>> + Send + 'static {
    let (glance, id) = (node.glance.clone(), id.clone());
    async move { glance.cancel_task(&caller, &id).await }
}

/// Cancels an import that is so many steps on its way, of which the node is dead by then or not; how
/// the task ends, or `None` where it was over before.
fn cancelled(
    method: ImportMethod,
    all_must_succeed: bool,
    steps: usize,
    dies: bool,
) -> Option<TaskStatus> {
    let what = format!("{method}, {all_must_succeed}, {steps}, {dies}");
    let world = World::new();
    let other = world.node(0);
    let id = world.image_for(&other, method);
    let node = world.node(1);
    let begun = world.done(&node, node.importing(id, request(method, all_must_succeed)));
    let task = begun.unwrap().unwrap();
    world.steps(steps);
    if world.task(&task).status() != TaskStatus::Processing {
        return None;
    }
    if dies {
        world.simulation.process(1).crash();
    }

    let answer = world.done(&other, cancelling(&other, admin(), &task.id));

    world.settle();
    if dies {
        assert!(world.image(id).unwrap().is_being_imported(), "{what}");
        world.simulation.advance(LATER);
        world.node(2).scrub();
        world.settle();
    }
    let ended = world.task(&task);
    match answer {
        Ok(told) => {
            assert_eq!(told.status(), TaskStatus::Failure, "{what}");
            assert_eq!(ended.status(), TaskStatus::Failure, "{what}");
            let message = ended.message.as_deref();
            assert_eq!(message, Some("cancelled by an operator"), "{what}");
        }
        Err(Error::Task(_)) => assert_eq!(ended.status(), TaskStatus::Success, "{what}"),
        Err(error) => panic!("{what}: {error}"),
    }
    world.check_at_rest(&what);
    let image = world.image(id).unwrap();
    if ended.status() == TaskStatus::Failure && all_must_succeed {
        let (status, locations) = match method {
            ImportMethod::CopyImage => (Status::Active, 1),
            _ => (Status::Queued, 0),
        };
        assert_eq!(image.status(), status, "{what}");
        assert_eq!(image.locations.len(), locations, "{what}");
    }
    Some(ended.status())
}

#[test]
fn an_import_that_is_cancelled_leaves_nothing_at_whichever_moment() {
    for method in ImportMethod::ALL {
        for all_must_succeed in [true, false] {
            for dies in [true, false] {
                let ends: Vec<TaskStatus> = (0..)
                    .map_while(|steps| cancelled(method, all_must_succeed, steps, dies))
                    .collect();

                let failures = ends.iter().filter(|end| **end == TaskStatus::Failure);
                assert!(failures.count() > 10, "{method}, {dies}: {ends:?}");
            }
        }
    }
}

/// An import from a web that is silent in the middle, by a member of project p1.
fn silent(world: &World, node: &Node) -> (ImageId, Task) {
    *world.web.is_silent.lock().unwrap() = true;
    let glance = node.glance.clone();
    let begun = world.done(node, async move {
        let draft = Draft::raw("disk").unwrap();
        let image = glance.create(&alice(), draft).await.unwrap();
        let request = request(ImportMethod::WebDownload, true);
        let task = glance.import(&alice(), image.id, request).await.unwrap();
        (image.id, task.unwrap())
    });
    for _ in 0..200 {
        assert!(world.simulation.step());
    }
    assert_eq!(world.task(&begun.1).status(), TaskStatus::Processing);
    begun
}

fn of(project: &str, roles: &[&str]) -> Caller {
    Caller::of_project(project.parse().unwrap()).with_roles(roles.iter().copied())
}

fn alice() -> Caller {
    of("p1", &["member", "reader"]).with_user(Some(UserId::stored("u1".to_owned())))
}

#[test]
fn what_is_being_read_is_dropped_when_it_is_cancelled() {
    let world = World::new();
    let node = world.node(1);
    let (id, task) = silent(&world, &node);
    let begun = world.simulation.now();

    world
        .done(&node, cancelling(&node, alice(), &task.id))
        .unwrap();
    world.settle();

    assert_eq!(world.image(id).unwrap().status(), Status::Queued);
    assert!(world.simulation.now().since(begun).as_secs() < 10);
    let message = world.task(&task).message;
    assert_eq!(message.as_deref(), Some("cancelled by user u1"));
    world.check_at_rest("silent");
    // It is free for another import.
    *world.web.is_silent.lock().unwrap() = false;
    let again = request(ImportMethod::WebDownload, true);
    world.import(&node, id, again).unwrap();
    assert_eq!(world.image(id).unwrap().status(), Status::Active);
}

#[test]
fn an_import_is_cancelled_by_those_who_may_begin_it() {
    let world = World::new();
    let node = world.node(1);
    let (_, task) = silent(&world, &node);
    let cancel = |caller| world.done(&node, cancelling(&node, caller, &task.id));

    let reader = cancel(of("p1", &["reader"])).unwrap_err();
    let stranger = cancel(of("p2", &["member", "reader"])).unwrap_err();

    assert!(matches!(reader, Error::Denied(_)), "{reader}");
    assert!(matches!(stranger, Error::TaskNotFound { .. }), "{stranger}");
    assert_eq!(world.task(&task).status(), TaskStatus::Processing);
    cancel(admin()).unwrap();
    let again = cancel(admin()).unwrap_err();
    assert!(matches!(again, Error::Task(_)), "{again}");
    world.settle();
    world.check_at_rest("silent");
}

#[test]
fn an_image_that_was_made_for_an_import_goes_when_it_is_cancelled() {
    for dies in [true, false] {
        let world = World::new();
        let (node, other) = (world.node(1), world.node(0));
        let task = world.done(&node, node.creating(Draft::raw("disk").unwrap()));
        let task = task.unwrap();
        if dies {
            world.simulation.process(1).crash();
        }
        assert_eq!(world.task(&task).status(), TaskStatus::Pending);

        let told = world.done(&other, cancelling(&other, admin(), &task.id));

        assert_eq!(told.unwrap().status(), TaskStatus::Failure);
        world.settle();
        if dies {
            world.simulation.advance(LATER);
            world.node(2).scrub();
            world.settle();
        }
        assert_eq!(world.catalog.images(), [], "{dies}");
        let message = world.task(&task).message;
        assert_eq!(message.as_deref(), Some("cancelled by an operator"));
        world.check_at_rest("made for it");
    }
}

#[test]
fn what_no_node_of_this_service_is_at_work_on_is_not_cancelled() {
    let world = World::new();
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::WebDownload);
    let input = serde_json::json!({
        "image_id": id.as_str(), "backend": ["fast"],
        "import_req": {"method": {"name": "web-download", "uri": "https://host/disk"}},
    });
    for (number, kind) in [
        (1, TaskKind::ApiImageImport),
        (2, TaskKind::Import),
        (3, TaskKind::LocationImport),
    ] {
        let task = ImageId::from_bits(number).into();
        let mut task = Task::pending(task, kind, world.simulation.now());
        task.image = Some(id);
        task.input = input.as_object().cloned();
        futures::executor::block_on(world.catalog.insert_task(&task)).unwrap();

        let refused = world.done(&node, cancelling(&node, admin(), &task.id));

        let refused = refused.unwrap_err();
        let expected = matches!(refused, Error::CannotImport(CannotImport::NotAtWork { .. }));
        assert!(expected, "{kind}: {refused}");
        assert_eq!(world.task(&task).status(), TaskStatus::Pending, "{kind}");
    }
}
