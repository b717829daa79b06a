//! Imports: how they are asked for, and what comes of them.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use glance_core::domain::{Image, Status};
use serde_json::{Value, json};

use super::support::{ALICE, Answer, BOB, RAW, READER, Site, Who, request};

async fn staged(site: &Site) -> String {
    let id = site.image(ALICE, RAW).await;
    stage(site, &id, "data").await;
    id
}

async fn stage(site: &Site, id: &str, data: &'static str) {
    let request = request(ALICE, Method::PUT, &format!("/v2/images/{id}/stage"))
        .header("content-type", "application/octet-stream");
    let staged = site.send(request.body(Body::from(data)).unwrap()).await;
    assert_eq!(staged.status, StatusCode::NO_CONTENT, "{}", staged.text());
}

async fn import(site: &Site, who: Who, id: &str, body: Value) -> Answer {
    let path = format!("/v2/images/{id}/import");
    site.post(who, &path, body.to_string()).await
}

fn direct() -> Value {
    json!({"method": {"name": "glance-direct"}})
}

/// The task of the image, once it has ended.
async fn ended(site: &Site, id: &str) -> Value {
    loop {
        let tasks = site.get(ALICE, &format!("/v2/images/{id}/tasks")).await;
        let task = tasks.json()["tasks"][0].clone();
        if task["status"] != "processing" {
            return task;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Waits for what follows the end of a task: the removal of what was staged.
async fn settled(site: &Site) {
    while !site.memory.catalog.intents().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn property(image: &Image, name: &str) -> Option<String> {
    let mut properties = image.properties.iter();
    let found = properties.find(|(known, _)| known.as_str() == name);
    found.map(|(_, value)| value.as_str().to_owned())
}

#[tokio::test]
async fn staged_data_is_imported_and_the_task_tells_of_it() {
    let site = Site::new();
    let id = staged(&site).await;

    let begun = import(&site, ALICE, &id, direct()).await;

    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text());
    assert!(begun.body.is_empty());
    let task = ended(&site, &id).await;
    assert_eq!(task["status"], "success", "{task}");
    assert_eq!(task["type"], "api_image_import");
    assert_eq!(task["result"], json!({"image_id": id}));
    assert_eq!(task["input"]["image_id"], json!(id));
    assert_eq!(
        task["input"]["import_req"]["method"],
        json!({"name": "glance-direct"})
    );
    assert!(task["request_id"].as_str().unwrap().starts_with("req-"));
    let file = site.get(ALICE, &format!("/v2/images/{id}/file")).await;
    assert_eq!(file.text(), "data");
    let held = site.held(&id).await;
    assert_eq!(held.status(), Status::Active);
    assert_eq!(held.checksum.unwrap(), "8d777f385d3dfec8815d20f7496026dc");
    settled(&site).await;
    assert_eq!(site.memory.staging.contents(), (Vec::new(), 0));
}

#[tokio::test]
async fn data_that_is_refused_puts_the_image_back_in_the_queue() {
    let site = Site::new();
    let qcow2 = r#"{"disk_format": "qcow2", "container_format": "bare"}"#;
    let id = site.image(ALICE, qcow2).await;
    stage(&site, &id, "no such format").await;

    let begun = import(&site, ALICE, &id, direct()).await;

    assert_eq!(begun.status, StatusCode::ACCEPTED);
    let task = ended(&site, &id).await;
    assert_eq!(task["status"], "failure");
    assert!(
        task["message"].as_str().unwrap().contains("qcow2"),
        "{task}"
    );
    let held = site.held(&id).await;
    assert_eq!((held.status(), held.size), (Status::Queued, None));
    assert_eq!(property(&held, "os_glance_import_task"), None);
    settled(&site).await;
    assert_eq!(site.memory.staging.contents(), (Vec::new(), 0));
    assert_eq!(site.memory.store.contents(), (Vec::new(), 0));
    assert!(site.memory.catalog.intents().is_empty());
}

#[tokio::test]
async fn what_cannot_be_imported_is_refused() {
    let site = Site::new();
    let queued = site.image(ALICE, RAW).await;
    let active = site.image_with_data(ALICE, "data").await;
    let bare = site.image(ALICE, "{}").await;
    stage(&site, &bare, "data").await;
    let ready = staged(&site).await;
    let method = |name: &str| json!({"method": {"name": name}});
    let mut table = String::new();
    for (what, who, id, body) in [
        ("no method", ALICE, &ready, json!({})),
        (
            "a method that is text",
            ALICE,
            &ready,
            json!({"method": "glance-direct"}),
        ),
        ("no name", ALICE, &ready, json!({"method": {}})),
        ("an unknown method", ALICE, &ready, method("glance-magic")),
        (
            "a method without its source",
            ALICE,
            &queued,
            method("web-download"),
        ),
        (
            "a flag that is text",
            ALICE,
            &ready,
            json!({"method": {"name": "glance-direct"}, "all_stores": "yes"}),
        ),
        (
            "stores that are text",
            ALICE,
            &ready,
            json!({"method": {"name": "glance-direct"}, "stores": "fast"}),
        ),
        ("another's image", BOB, &ready, direct()),
        ("an image that is queued", ALICE, &queued, direct()),
        ("an image that is active", ALICE, &active, direct()),
        ("an image without formats", ALICE, &bare, direct()),
        ("a reader", READER, &ready, direct()),
        (
            "a copy by no administrator",
            ALICE,
            &active,
            method("copy-image"),
        ),
        (
            "one store that may fail",
            ALICE,
            &ready,
            json!({"method": {"name": "glance-direct"}, "all_stores_must_succeed": false}),
        ),
    ] {
        let refused = import(&site, who, id, body).await;
        table += &format!("{what}: {}\n", refused.status.as_u16());
        assert!(refused.status.is_client_error());
    }

    expect_test::expect_file!["golden/import_refusals.txt"].assert_eq(&table);
    assert!(site.memory.catalog.intents().len() == 2);
}

#[tokio::test]
async fn an_import_begins_once() {
    let site = Site::new();
    let id = staged(&site).await;

    let (one, other) = tokio::join!(
        import(&site, ALICE, &id, direct()),
        import(&site, ALICE, &id, direct())
    );

    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::ACCEPTED, StatusCode::CONFLICT]);
    assert_eq!(ended(&site, &id).await["status"], "success");
}
