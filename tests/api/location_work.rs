//! Locations beside other work: imports that lock an image, hashes of others, uploads that follow
//! refused data; and the tasks that tell of it.

use axum::http::StatusCode;
use glance_core::domain::{Change, LockStep, TaskId};
use glance_core::ports::{Catalog, TaskLog};
use glance_core::{LocationSettings, Settings};
use glance_http::ApiOptions;
use serde_json::{Value, json};

use super::support::{ALICE, Answer, BOB, RAW, V21, Who, patch_request};
use super::web::WebSite;

const URL: &str = "http://images.example/disk.raw";
const DATA: &str = "the bytes of a disk";

/// A service that acts for p1, as Nova does.
const NOVA: Who = Who {
    project: "p1",
    roles: "service",
};

async fn locate(web: &WebSite, who: Who, id: &str) -> Answer {
    add(web, who, id, json!({"url": URL})).await
}

async fn add(web: &WebSite, who: Who, id: &str, body: Value) -> Answer {
    let path = format!("/v2/images/{id}/locations");
    web.site.post(who, &path, body.to_string()).await
}

/// A body that expects a hash that the data does not have.
fn expecting_other_data(url: &str) -> Value {
    let said = json!({"os_hash_algo": "sha256", "os_hash_value": "0".repeat(64)});
    json!({"url": url, "validation_data": said})
}

/// The one task of an image.
async fn task(web: &WebSite, id: &str) -> Value {
    let path = format!("/v2/images/{id}/tasks");
    let told = web.site.get(ALICE, &path).await.json();
    let tasks = told["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 1, "{told}");
    tasks[0].clone()
}

fn site(is_hashed: bool, options: ApiOptions, delayed_delete: bool) -> WebSite {
    let locations = LocationSettings {
        is_hashed,
        ..LocationSettings::default()
    };
    let settings = Settings {
        locations,
        delayed_delete,
        ..Settings::default()
    };
    let web = WebSite::with(options, settings);
    web.web.publish(URL, DATA);
    web
}

/// A queued image whose row says where data is that was refused.
async fn image_with_refused_data(web: &WebSite) -> String {
    let id = web.site.image(ALICE, RAW).await;
    let added = add(web, NOVA, &id, expecting_other_data(URL)).await;
    assert_eq!(added.status, StatusCode::ACCEPTED);
    web.settled().await;
    assert_eq!(web.site.held(&id).await.locations.len(), 1);
    id
}

#[tokio::test]
async fn a_task_tells_what_came_of_a_location() {
    for (is_hashed, body, failures, status, image) in [
        (true, json!({"url": URL}), 0, "success", "active"),
        (true, json!({"url": URL}), 3, "success", "active"),
        (true, expecting_other_data(URL), 0, "failure", "queued"),
        (true, expecting_other_data(URL), 3, "failure", "queued"),
        (false, json!({"url": URL}), 0, "success", "active"),
        (false, expecting_other_data(URL), 0, "success", "active"),
    ] {
        let web = site(is_hashed, ApiOptions::default(), false);
        let id = web.site.image(ALICE, RAW).await;
        web.web.fail(failures);
        web.web.freeze();

        add(&web, ALICE, &id, body.clone()).await;
        let early = task(&web, &id).await;
        web.web.thaw();
        web.settled().await;
        let late = task(&web, &id).await;
        let shown = web.site.get(ALICE, &format!("/v2/images/{id}")).await;

        let begun = if is_hashed { "processing" } else { status };
        assert_eq!(
            (&early["status"], &late["status"]),
            (&json!(begun), &json!(status)),
            "{body}"
        );
        assert_eq!(shown.json()["status"], image, "{body}");
        assert_eq!(late["type"], "location_import");
        assert_eq!(late["image_id"], json!(id));
        assert_eq!(late["input"]["loc_url"], URL);
        assert_eq!(late["input"]["validation_data"], body["validation_data"]);
        assert!(late["request_id"].as_str().is_some_and(|id| !id.is_empty()));
        let result = if status == "success" {
            json!({"image_id": id})
        } else {
            Value::Null
        };
        assert_eq!(late["result"], result, "{body}");
        let has_reason = late["message"].as_str().is_some_and(|why| !why.is_empty());
        assert_eq!(has_reason, status == "failure", "{late}");
    }
}

#[tokio::test]
async fn the_algorithm_of_a_hash_is_told_while_the_hash_is_being_found() {
    let web = site(true, ApiOptions::default(), false);
    let id = web.site.image(ALICE, RAW).await;
    web.web.freeze();

    locate(&web, ALICE, &id).await;
    let early = web
        .site
        .get(ALICE, &format!("/v2/images/{id}"))
        .await
        .json();
    web.web.thaw();
    web.settled().await;
    let late = web.site.held(&id).await;

    assert_eq!(
        (&early["os_hash_algo"], &early["os_hash_value"]),
        (&json!("sha512"), &Value::Null)
    );
    assert_eq!((late.hash_awaited, late.multihash.is_some()), (None, true));
}

#[tokio::test]
async fn the_task_of_a_deleted_image_fails() {
    let web = site(true, ApiOptions::default(), false);
    let id = web.site.image(ALICE, RAW).await;
    web.web.freeze();
    locate(&web, ALICE, &id).await;
    let task: TaskId = task(&web, &id).await["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();

    web.site.delete(ALICE, &format!("/v2/images/{id}")).await;
    web.settled().await;
    web.web.thaw();

    let ended = web.memory.catalog.find_task(&task).await.unwrap().unwrap();
    assert_eq!(ended.status().as_str(), "failure");
}

#[tokio::test]
async fn no_task_tells_where_services_put_data_or_what_a_url_holds_of_secrets() {
    let web = site(true, ApiOptions::default(), false);
    let signed = format!("{URL}?signature=canary");
    web.web.publish(&signed, DATA);
    let [inside, outside] = [web.stray_blob().await, web.site.image(ALICE, RAW).await];

    add(
        &web,
        NOVA,
        &inside,
        json!({"url": format!("memory://memory/{inside}")}),
    )
    .await;
    add(&web, ALICE, &outside, json!({"url": signed})).await;
    web.settled().await;

    let [inside, outside] = [task(&web, &inside).await, task(&web, &outside).await];
    assert_eq!(
        (&inside["status"], &outside["status"]),
        (&json!("success"), &json!("success"))
    );
    assert_eq!(inside["input"].as_object().unwrap().len(), 1, "{inside}");
    assert!(!outside.to_string().contains("canary"), "{outside}");
}

#[tokio::test]
async fn refused_data_on_the_web_is_noted_and_read_by_nobody() {
    let options = ApiOptions {
        show_locations: true,
        show_direct_url: true,
        ..ApiOptions::default()
    };
    let web = site(true, options, false);
    let id = image_with_refused_data(&web).await;

    let shown = web
        .site
        .get(ALICE, &format!("/v2/images/{id}"))
        .await
        .json();
    let data = web.site.get(ALICE, &format!("/v2/images/{id}/file")).await;
    let places = web
        .site
        .get(NOVA, &format!("/v2/images/{id}/locations"))
        .await;

    assert_eq!(
        (&shown["status"], &shown["stores"]),
        (&json!("queued"), &json!("web"))
    );
    assert_eq!(
        (&shown["locations"], &shown["direct_url"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(data.status, StatusCode::NO_CONTENT);
    assert_eq!((places.status, places.json()), (StatusCode::OK, json!([])));
}

#[tokio::test]
async fn an_image_with_other_data_has_no_location_of_what_was_refused() {
    let options = ApiOptions {
        show_locations: true,
        ..ApiOptions::default()
    };
    let web = site(true, options, false);
    let other = "http://images.example/other";
    web.web.publish(other, "other");
    let one = |url: &str| json!([{"op": "add", "path": "/locations/-", "value": {"url": url, "metadata": {}}}]);
    let all =
        json!([{"op": "replace", "path": "/locations", "value": [{"url": other, "metadata": {}}]}]);
    let [uploaded, added, same, replaced] = [
        image_with_refused_data(&web).await,
        image_with_refused_data(&web).await,
        image_with_refused_data(&web).await,
        image_with_refused_data(&web).await,
    ];

    let upload = web.site.upload(ALICE, &uploaded, "other").await;
    let mut answers = vec![upload.status];
    for (id, edit) in [(&added, one(other)), (&same, one(URL)), (&replaced, all)] {
        let request = patch_request(ALICE, id, V21, edit.to_string());
        answers.push(web.site.send(request).await.status);
    }

    assert_eq!(answers[0], StatusCode::NO_CONTENT);
    assert_eq!(answers[1..], [StatusCode::OK; 3]);
    for (id, url) in [
        (&uploaded, format!("memory://memory/{uploaded}")),
        (&added, other.to_owned()),
        (&same, URL.to_owned()),
        (&replaced, other.to_owned()),
    ] {
        let image = web.site.held(id).await;
        let urls: Vec<&str> = image.locations.iter().map(|at| at.url.as_str()).collect();
        assert_eq!(
            (image.status().as_str(), urls),
            ("active", vec![url.as_str()])
        );
    }
}

#[tokio::test]
async fn an_image_with_refused_data_is_deleted_at_once() {
    let web = site(true, ApiOptions::default(), true);
    let id = image_with_refused_data(&web).await;

    let deleted = web.site.delete(ALICE, &format!("/v2/images/{id}")).await;

    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
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
