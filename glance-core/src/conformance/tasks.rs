//! What holds of tasks in every catalog.

use futures::future::join_all;
use serde_json::{Map, json};

use super::catalog::at;
use crate::domain::query::{Direction, TaskKey, TaskQuery};
use crate::domain::{ImageId, Task, TaskId, TaskKind, TaskStatus, Timestamp, UserId, Viewer};
use crate::memory::Simulation;
use crate::ports::{Catalog, CatalogError, TASKS_AT_ONCE};

/// With all it has, and with as little as it may have; and once.
pub async fn a_task_is_found_as_it_was(catalog: &dyn Catalog) {
    let mut full = task(&Simulation::new(1), 1);
    full.input = Some(object(
        json!({"import_req": {"method": {"name": "glance-direct"}}}),
    ));
    full.result = Some(object(json!({"image_id": "é"})));
    full.message = Some("Copied 1 of 2 MiB".to_owned());
    let bare = Task::pending(id(2), TaskKind::Import, second(5));

    for task in [&full, &bare] {
        catalog.insert_task(task).await.unwrap();
        assert_eq!(
            catalog.find_task(&task.id).await.unwrap().as_ref(),
            Some(task)
        );
        let again = catalog.insert_task(task).await;
        assert!(matches!(again, Err(CatalogError::Conflict)), "{again:?}");
    }
    assert_eq!(catalog.find_task(&id(3)).await.unwrap(), None);
}

/// Of two that ended it, one has to look again.
pub async fn a_task_moves_from_the_status_that_was_read(catalog: &dyn Catalog) {
    let pending = Task::pending(id(1), TaskKind::ApiImageImport, second(5));
    let begun = pending.begun(second(6)).unwrap();
    let lifetime = std::time::Duration::from_secs(60);
    let failed = begun.failed("why".to_owned(), second(7), lifetime).unwrap();
    let done = begun.succeeded(Map::new(), second(8), lifetime).unwrap();

    let absent = catalog.move_task(&begun, TaskStatus::Pending).await;
    catalog.insert_task(&pending).await.unwrap();
    catalog
        .move_task(&begun, TaskStatus::Pending)
        .await
        .unwrap();
    let mut touched = begun.clone();
    touched.message = Some("half way".to_owned());
    catalog
        .move_task(&touched, TaskStatus::Processing)
        .await
        .unwrap();
    let half_way = catalog.find_task(&begun.id).await.unwrap();
    catalog
        .move_task(&failed, TaskStatus::Processing)
        .await
        .unwrap();
    let late = catalog.move_task(&done, TaskStatus::Processing).await;

    assert!(matches!(absent, Err(CatalogError::NotFound)), "{absent:?}");
    assert_eq!(half_way, Some(touched));
    assert!(matches!(late, Err(CatalogError::Conflict)), "{late:?}");
    assert_eq!(catalog.find_task(&begun.id).await.unwrap(), Some(failed));
}

/// Whatever is asked for, it is what the query says of each task.
pub async fn lists_of_tasks_mean_what_their_queries_mean(catalog: &dyn Catalog) {
    let random = Simulation::new(7);
    let tasks = filled(catalog, &random).await;

    for _ in 0..100 {
        let query = random_query(&random, &tasks);
        let listed = catalog.list_tasks(&query).await.unwrap();
        assert_eq!(listed, query.page_of(tasks.clone()), "{query:?}");
    }
}

/// In every order.
pub async fn pages_of_tasks_follow_each_other_without_gap_or_repeat(catalog: &dyn Catalog) {
    let tasks = filled(catalog, &Simulation::new(8)).await;
    for key in TaskKey::ALL {
        for direction in [Direction::Ascending, Direction::Descending] {
            let mut query = TaskQuery {
                key,
                direction,
                ..TaskQuery::of(viewer(true), second(50))
            };
            let all = query.page_of(tasks.clone());
            query.limit = 7;
            let mut paged = Vec::new();
            loop {
                let page = catalog.list_tasks(&query).await.unwrap();
                let Some(last) = page.last() else { break };
                query.after = Some(key.position(last));
                paged.extend(page);
            }
            assert_eq!(paged, all, "{key:?} {direction:?}");
        }
    }
}

/// At its time and not before; what has not ended stays.
pub async fn what_has_expired_is_taken_away(catalog: &dyn Catalog) {
    let lifetime = std::time::Duration::from_secs(60);
    let begun = |n| {
        Task::pending(id(n), TaskKind::Import, second(1))
            .begun(second(1))
            .unwrap()
    };
    let open = begun(1);
    let early = begun(2)
        .failed("why".to_owned(), second(1), lifetime)
        .unwrap();
    let late = begun(3)
        .failed("why".to_owned(), second(9), lifetime)
        .unwrap();
    for task in [&open, &early, &late] {
        catalog.insert_task(task).await.unwrap();
    }

    let taken = catalog.expire_tasks(second(61)).await.unwrap();

    assert_eq!(taken, 1);
    assert_eq!(catalog.find_task(&early.id).await.unwrap(), None);
    assert_eq!(catalog.find_task(&late.id).await.unwrap(), Some(late));
    assert_eq!(catalog.find_task(&open.id).await.unwrap(), Some(open));
    assert_eq!(catalog.expire_tasks(second(61)).await.unwrap(), 0);
}

/// However many there are, each call takes away so many.
pub async fn what_has_expired_goes_so_many_at_a_time(catalog: &dyn Catalog) {
    let lifetime = std::time::Duration::from_secs(60);
    let mut tasks = Vec::new();
    for n in 0..TASKS_AT_ONCE + 2 {
        let task = Task::pending(id(n.into()), TaskKind::Import, second(1));
        tasks.push(task.failed("why".to_owned(), second(1), lifetime).unwrap());
    }
    for some in tasks.chunks(20) {
        let inserts = some.iter().map(|task| catalog.insert_task(task));
        for inserted in join_all(inserts).await {
            inserted.unwrap();
        }
    }

    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(catalog.expire_tasks(second(61)).await.unwrap());
    }

    assert_eq!(taken, [TASKS_AT_ONCE, 2, 0]);
}

async fn filled(catalog: &dyn Catalog, random: &Simulation) -> Vec<Task> {
    let mut tasks = Vec::new();
    for n in 0..40 {
        let task = task(random, n);
        catalog.insert_task(&task).await.unwrap();
        tasks.push(task);
    }
    tasks
}

/// A task of few different values, so that many are alike.
fn task(random: &Simulation, n: u128) -> Task {
    let few = |most: usize| random.choose(most);
    let time = |random: &Simulation| second(10 + random.choose(4) as i64);
    let mut task = Task::pending(id(n), TaskKind::ALL[few(3)], time(random));
    task.owner = Some(format!("p{}", few(3)).parse().unwrap());
    task.image = (few(3) > 0).then(|| ImageId::from_bits(few(3) as u128));
    task.request_id = (few(3) > 0).then(|| format!("req-{}", few(3)));
    task.user = (few(3) > 0).then(|| user(few(2)));
    task.expires_at = (few(2) == 0).then(|| second(48 + few(6) as i64));
    task.updated_at = time(random).max(task.created_at);
    task.stored_as(TaskStatus::ALL[few(4)])
}

fn random_query(random: &Simulation, tasks: &[Task]) -> TaskQuery {
    let some = |odds: usize| random.choose(odds) == 0;
    let mut query = TaskQuery::of(viewer(some(2)), second(45 + random.choose(10) as i64));
    query.owner = some(4).then(|| "p2".parse().unwrap());
    query.image = some(4).then(|| ImageId::from_bits(1));
    query.request_id = some(4).then(|| "req-1".to_owned());
    query.user = some(4).then(|| user(1));
    query.status = some(3).then(|| TaskStatus::ALL[random.choose(4)]);
    query.kind = some(3).then(|| TaskKind::ALL[random.choose(3)]);
    query.key = TaskKey::ALL[random.choose(TaskKey::ALL.len())];
    if some(2) {
        query.direction = Direction::Ascending;
    }
    if some(2) {
        query.after = Some(query.key.position(&tasks[random.choose(tasks.len())]));
    }
    if some(2) {
        query.limit = 5;
    }
    query
}

fn viewer(admin: bool) -> Viewer {
    let project = Some("p1".parse().unwrap());
    Viewer { project, admin }
}

fn object(value: serde_json::Value) -> Map<String, serde_json::Value> {
    serde_json::from_value(value).unwrap()
}

fn id(n: u128) -> TaskId {
    ImageId::from_bits(n).into()
}

fn user(n: usize) -> UserId {
    format!("u{n}").parse().unwrap()
}

/// Whole seconds: MySQL keeps no more.
fn second(seconds: i64) -> Timestamp {
    at(seconds * 1_000_000)
}
