//! Locations beside other work: imports that lock an image, and hashes of others.

use axum::http::StatusCode;
use glance_core::domain::{Change, LockStep, TaskId};
use glance_core::ports::Catalog;
use serde_json::json;

use super::support::{ALICE, Answer, BOB, RAW, Who};
use super::web::WebSite;

const URL: &str = "http://images.example/disk.raw";

async fn locate(web: &WebSite, who: Who, id: &str) -> Answer {
    let path = format!("/v2/images/{id}/locations");
    let body = json!({"url": URL}).to_string();
    web.site.post(who, &path, body).await
}

#[tokio::test]
async fn an_image_that_an_import_has_locked_takes_no_location() {
    let web = WebSite::new();
    web.web.publish(URL, "the bytes of a disk");
    let id = web.site.image(ALICE, RAW).await;
    let image = web.site.held(&id).await;
    let task: TaskId = "task".parse().unwrap();
    let commit = async |lock| {
        let change = Change::of_status(image.clone(), image.clone()).locking(lock);
        web.memory.catalog.commit(&change).await.unwrap();
    };
    commit(LockStep::Taken {
        by: task.clone(),
        instead_of: None,
    })
    .await;

    let refused = locate(&web, ALICE, &id).await;
    commit(LockStep::Dropped(task)).await;

    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("active task"), "{}", refused.text());
    let taken = locate(&web, ALICE, &id).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn the_hashes_of_one_project_do_not_hold_up_those_of_another() {
    let web = WebSite::new();
    web.web.publish(URL, "the bytes of a disk");
    web.web.freeze();
    for _ in 0..10 {
        let id = web.site.image(ALICE, RAW).await;
        locate(&web, ALICE, &id).await;
    }
    let others = web.site.image(BOB, RAW).await;
    let added = locate(&web, BOB, &others).await;
    assert_eq!(added.status, StatusCode::ACCEPTED);

    // Two of the ten wait for their data, and the one of the other project.
    web.until("three hashes begun", || web.web.reads() == 3)
        .await;
    web.web.thaw();
    web.until("the other project's hash", || {
        let images = web.memory.catalog.images();
        let image = images.iter().find(|image| image.id.as_str() == others);
        image.is_some_and(|image| image.multihash.is_some())
    })
    .await;
}
