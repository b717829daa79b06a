//! `POST /v2/tasks`: an image and its data in one request.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::StatusCode;
use glance_core::domain::Status;
use glance_core::memory::MemoryGlance;
use glance_core::ports::{ByteStream, Incoming, SourceError, WebSource};
use glance_http::ApiOptions;
use serde_json::{Value, json};

use super::support::{ADMIN, ALICE, Answer, Site};

/// A web on which there is one disk, and no other address.
#[derive(Debug)]
struct Web;

#[async_trait]
impl WebSource for Web {
    fn check(&self, uri: &str) -> Result<(), SourceError> {
        match uri.starts_with("https://images.example/") {
            true => Ok(()),
            false => Err(SourceError::Forbidden {
                reason: "the host is not allowed".to_owned(),
            }),
        }
    }

    async fn open(&self, uri: &str) -> Result<Incoming, SourceError> {
        match uri.ends_with("/disk") {
            true => Ok(Incoming {
                size: Some(4),
                body: ByteStream::from_bytes("data"),
            }),
            false => Err(SourceError::Refused { status: 404 }),
        }
    }
}

fn site() -> Site {
    let memory = MemoryGlance::new().with_web_source(Arc::new(Web));
    let glance = memory.build().unwrap();
    Site::of(ApiOptions::default(), memory, glance)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what is said of an image is written where it is asked for"
)]
fn task(uri: &str, properties: Value) -> Value {
    json!({"type": "import", "input": {
        "import_from": uri, "import_from_format": "raw", "image_properties": properties,
    }})
}

async fn create(site: &Site, body: &Value) -> Answer {
    site.post(ADMIN, "/v2/tasks", body.to_string()).await
}

/// The task, once it has ended.
async fn ended(site: &Site, created: &Answer) -> Value {
    let path = created.headers["location"].to_str().unwrap();
    loop {
        let task = site.get(ADMIN, path).await.json();
        if !matches!(task["status"].as_str().unwrap(), "pending" | "processing") {
            return task;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn what_may_be_a_credential_in_the_address_is_used_and_not_told() {
    let site = site();
    let properties = json!({"disk_format": "raw", "container_format": "bare"});

    let body = task("https://images.example/?signature=canary/disk", properties);
    let created = create(&site, &body).await;

    let shown = "https://images.example/?***";
    assert_eq!(created.json()["input"]["import_from"], shown);
    let task = ended(&site, &created).await;
    assert_eq!(
        (&task["status"], &task["input"]["import_from"]),
        (&json!("success"), &json!(shown))
    );
}

#[tokio::test]
async fn a_task_makes_an_image_with_its_data() {
    let site = site();
    let properties = json!({
        "name": "disk", "disk_format": "raw", "container_format": "bare", "visibility": "public",
        "os_distro": "debian", "tags": ["a"], "min_ram": 1,
    });
    let body = task("https://images.example/disk", properties);

    let created = create(&site, &body).await;

    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let begun = created.json();
    let path = format!("/v2/tasks/{}", begun["id"].as_str().unwrap());
    assert_eq!(created.headers["location"], *path);
    assert_eq!(begun["status"], "pending");
    assert_eq!(
        (&begun["result"], &begun["message"]),
        (&Value::Null, &json!(""))
    );
    assert_eq!(begun["input"], body["input"]);
    assert!(begun["request_id"].as_str().unwrap().starts_with("req-"));
    let task = ended(&site, &created).await;
    assert_eq!(
        (&task["type"], &task["status"]),
        (&json!("import"), &json!("success"))
    );
    assert_eq!(task["input"], body["input"]);
    let id = task["result"]["image_id"].as_str().unwrap();
    let image = site.get(ALICE, &format!("/v2/images/{id}")).await.json();
    assert_eq!(image["status"], "active");
    assert_eq!(
        (&image["name"], &image["min_ram"]),
        (&json!("disk"), &json!(1))
    );
    assert_eq!(
        (&image["os_distro"], &image["tags"]),
        (&json!("debian"), &json!(["a"]))
    );
    assert_eq!(image["owner"], ADMIN.project);
    let file = site.get(ALICE, &format!("/v2/images/{id}/file")).await;
    assert_eq!(file.text(), "data");
    assert!(site.memory.catalog.intents().is_empty());
}

#[tokio::test]
async fn an_image_of_which_nothing_is_said_is_a_bare_qcow2_and_goes_where_it_is_none() {
    let site = site();

    let created = create(&site, &task("https://images.example/disk", json!({}))).await;

    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let task = ended(&site, &created).await;
    assert_eq!(task["status"], "failure");
    let message = task["message"].as_str().unwrap();
    assert!(message.contains("qcow2"), "{message}");
    assert_eq!(site.memory.catalog.images(), []);
    assert_eq!(site.memory.store.contents(), (Vec::new(), 0));
    assert!(site.memory.catalog.intents().is_empty());
}

#[tokio::test]
async fn a_task_whose_data_cannot_be_had_fails_and_leaves_no_image() {
    let site = site();
    let raw = json!({"disk_format": "raw", "container_format": "bare"});

    let created = create(&site, &task("https://images.example/none", raw)).await;

    let task = ended(&site, &created).await;
    assert_eq!(task["status"], "failure");
    assert_eq!(task["message"], "the server answers 404");
    assert_eq!(site.memory.catalog.images(), []);
}

#[tokio::test]
async fn a_protected_image_stays_queued_where_its_data_does_not_come() {
    let site = site();
    let properties = json!({"disk_format": "raw", "container_format": "bare", "protected": true});

    let created = create(&site, &task("https://images.example/none", properties)).await;

    assert_eq!(ended(&site, &created).await["status"], "failure");
    let images = site.memory.catalog.images();
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].status(), Status::Queued);
}

#[tokio::test]
async fn what_is_no_task_is_refused_with_what_is_wrong() {
    let site = site();
    let good = || task("https://images.example/disk", json!({}));
    let with = |path: &str, value: Value| {
        let mut body = good();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    let without = |parent: &str, name: &str| {
        let mut body = good();
        let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.remove(name);
        body
    };
    let with_more = |name: &str| {
        let mut body = good();
        body[name] = json!(1);
        body
    };
    let long = "x".repeat(70_000);
    for (body, status, word) in [
        (without("", "type"), 400, "'type' is required"),
        (without("", "input"), 400, "'input' is required"),
        (with("/type", json!("export")), 400, "export"),
        (with("/type", json!(1)), 400, "type"),
        (
            with("/type", json!("api_image_import")),
            400,
            "api_image_import",
        ),
        (with("/input", Value::Null), 400, "'input'"),
        (with("/input", json!([])), 400, "'input'"),
        (with_more("whatever"), 400, "whatever"),
        (without("/input", "import_from"), 400, "import_from"),
        (
            without("/input", "import_from_format"),
            400,
            "import_from_format",
        ),
        (
            without("/input", "image_properties"),
            400,
            "image_properties",
        ),
        (with("/input/import_from", json!("")), 400, "import_from"),
        (
            with("/input/import_from", json!("file:///etc/passwd")),
            400,
            "import_from",
        ),
        (
            with("/input/import_from", json!("swift://a/b")),
            400,
            "import_from",
        ),
        (
            with("/input/import_from", json!("https://elsewhere/a")),
            400,
            "not allowed",
        ),
        (with("/input/import_from_format", json!(long)), 400, "65535"),
        (
            with("/input/image_properties", json!("x")),
            400,
            "image_properties",
        ),
        (
            with("/input/image_properties", json!({"name": "n"})),
            400,
            "format",
        ),
        (
            with(
                "/input/image_properties",
                json!({"disk_format": "floppy", "container_format": "bare"}),
            ),
            400,
            "floppy",
        ),
        (
            with("/input/image_properties", json!({"min_ram": "x"})),
            400,
            "min_ram",
        ),
        (
            with("/input/image_properties", json!({"status": "active"})),
            403,
            "status",
        ),
        (
            with("/input/image_properties", json!({"os_glance_x": "y"})),
            403,
            "os_glance",
        ),
        (json!([]), 400, "object"),
    ] {
        let refused = create(&site, &body).await;
        assert_eq!(
            refused.status.as_u16(),
            status,
            "{body}: {}",
            refused.text()
        );
        assert!(refused.text().contains(word), "{body}: {}", refused.text());
    }
    let mut elsewhere = task(
        "https://images.example/disk",
        json!({"disk_format": "raw", "container_format": "bare"}),
    );
    elsewhere["input"]["backend"] = json!(["a", "list"]);
    let refused = create(&site, &elsewhere).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    for body in ["", "{", "1"] {
        let refused = site.post(ADMIN, "/v2/tasks", body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }

    assert_eq!(site.memory.catalog.images(), []);
    let tasks = site.get(ADMIN, "/v2/tasks").await.json();
    assert_eq!(tasks["tasks"], json!([]));
}

#[tokio::test]
async fn who_may_not_ask_for_tasks_hears_nothing_of_what_is_wrong() {
    let site = site();

    for body in ["", "{", r#"{"type": "import"}"#] {
        let refused = site.post(ALICE, "/v2/tasks", body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{body}");
    }
}

#[tokio::test]
async fn a_service_that_does_not_read_the_web_says_so() {
    let site = Site::new();

    let refused = create(&site, &task("https://images.example/disk", json!({}))).await;

    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(
        refused.text().contains("web-download"),
        "{}",
        refused.text()
    );
}
