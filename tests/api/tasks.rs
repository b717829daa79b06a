//! Tasks, as Python nodes and this service write them.

use std::time::Duration;

use axum::http::StatusCode;
use glance_core::Settings;
use glance_core::domain::query::PageLimits;
use glance_core::domain::{ImageId, ProjectId, Task, TaskId, TaskKind, Timestamp, UserId};
use glance_core::ports::TaskLog;
use glance_http::ApiOptions;
use serde_json::{Value, json};

use super::support::{ABSENT, ADMIN, ALICE, BOB, RAW, Site};

/// 2026-01-01T00:00:00Z, when sites are made.
const NOW: i64 = 1_767_225_600_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(NOW + seconds * 1_000_000)
}

fn id(n: u128) -> TaskId {
    ImageId::from_bits(n).into()
}

fn task(n: u128, project: &str) -> Task {
    let mut task = Task::pending(id(n), TaskKind::Import, at(i64::try_from(n).unwrap()));
    task.owner = Some(ProjectId::stored(project.to_owned()));
    task
}

/// A site with four tasks of p1, p2 and the administrator's project.
async fn site() -> Site {
    let site = Site::new();
    for (n, project) in [(1, "p1"), (2, "p2"), (3, "pa"), (4, "pa")] {
        site.memory
            .catalog
            .insert_task(&task(n, project))
            .await
            .unwrap();
    }
    site
}

fn ids(list: &Value) -> Vec<&str> {
    let tasks = list["tasks"].as_array().unwrap();
    tasks
        .iter()
        .map(|task| task["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn only_administrators_are_told_of_tasks() {
    let site = site().await;

    for path in ["/v2/tasks".to_owned(), format!("/v2/tasks/{}", id(1))] {
        let of_alice = site.get(ALICE, &path).await;
        let of_admin = site.get(ADMIN, &path).await;

        assert_eq!(of_alice.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(of_admin.status, StatusCode::OK, "{path}");
    }
    let absent = site.get(ADMIN, &format!("/v2/tasks/{ABSENT}")).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    let deleted = site.delete(ADMIN, &format!("/v2/tasks/{}", id(1))).await;
    assert_eq!(deleted.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(deleted.headers["allow"], "GET");
}

#[tokio::test]
async fn a_task_is_shown_with_all_it_has_and_listed_without_what_may_be_long() {
    let site = Site::new();
    let image = site.image(ALICE, RAW).await;
    let mut full = task(7, "p1");
    full.image = Some(image.parse().unwrap());
    full.request_id = Some("req-1".to_owned());
    full.user = Some(UserId::stored("u1".to_owned()));
    full.input = json!({"import_req": {}}).as_object().cloned();
    let begun = full.begun(at(8)).unwrap();
    let failed = begun
        .failed("why".to_owned(), at(9), Duration::from_secs(60))
        .unwrap();
    site.memory.catalog.insert_task(&failed).await.unwrap();

    let shown = site
        .get(ADMIN, &format!("/v2/tasks/{}", id(7)))
        .await
        .json();
    let listed = site.get(ADMIN, "/v2/tasks").await.json();
    let rows = site
        .get(ALICE, &format!("/v2/images/{image}/tasks"))
        .await
        .json();

    let stub = json!({
        "id": id(7).as_str(), "type": "import", "status": "failure", "owner": "p1",
        "created_at": "2026-01-01T00:00:07Z", "updated_at": "2026-01-01T00:00:09Z",
        "expires_at": "2026-01-01T00:01:09Z",
        "self": format!("/v2/tasks/{}", id(7)), "schema": "/v2/schemas/task",
    });
    assert_eq!(
        listed,
        json!({
            "tasks": [stub], "first": "/v2/tasks", "schema": "/v2/schemas/tasks",
        })
    );
    let mut whole = stub;
    let more = json!({
        "input": {"import_req": {}}, "result": null, "message": "why",
        "image_id": image, "request_id": "req-1", "user_id": "u1",
    });
    whole
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    assert_eq!(shown, whole);
    assert_eq!(
        rows,
        json!({"tasks": [{
            "id": id(7).as_str(), "type": "import", "status": "failure", "owner": "p1",
            "expires_at": "2026-01-01T00:01:09.000000",
            "created_at": "2026-01-01T00:00:07.000000",
            "updated_at": "2026-01-01T00:00:09.000000",
            "deleted_at": null, "deleted": false, "image_id": image, "request_id": "req-1",
            "user_id": "u1", "input": {"import_req": {}}, "result": null, "message": "why",
        }]})
    );
}

#[tokio::test]
async fn the_tasks_of_an_image_are_those_of_one_s_own_project() {
    let site = Site::new();
    let image = site.image(ADMIN, r#"{"visibility": "public"}"#).await;
    for (n, project) in [(1, "pa"), (2, "p2")] {
        let mut about = task(n, project);
        about.image = Some(image.parse().unwrap());
        site.memory.catalog.insert_task(&about).await.unwrap();
    }
    site.memory
        .catalog
        .insert_task(&task(3, "pa"))
        .await
        .unwrap();
    let path = format!("/v2/images/{image}/tasks");

    let of_admin = site.get(ADMIN, &path).await.json();
    let of_bob = site.get(BOB, &path).await.json();
    let of_alice = site.get(ALICE, &path).await.json();

    assert_eq!(ids(&of_admin), [id(1).as_str(), id(2).as_str()]);
    assert_eq!(ids(&of_bob), [id(2).as_str()]);
    assert_eq!(ids(&of_alice), [""; 0]);
}

#[tokio::test]
async fn the_tasks_of_an_image_are_no_page_but_the_newest_thousand() {
    let pages = PageLimits { default: 1, max: 2 };
    let settings = Settings {
        pages,
        ..Settings::default()
    };
    let site = Site::with(ApiOptions::default(), settings);
    let image = site.image(ADMIN, RAW).await;
    let path = format!("/v2/images/{image}/tasks");
    let insert = async |numbers: std::ops::Range<u128>| {
        for n in numbers {
            let mut about = task(n, "pa");
            about.image = Some(image.parse().unwrap());
            site.memory.catalog.insert_task(&about).await.unwrap();
        }
    };

    insert(1..6).await;
    let few = site.get(ADMIN, &path).await.json();
    insert(6..1003).await;
    let many = site.get(ADMIN, &path).await.json();

    assert_eq!(ids(&few), [1, 2, 3, 4, 5].map(|n| id(n).to_string()));
    let newest: Vec<String> = (3..1003).map(|n| id(n).to_string()).collect();
    assert_eq!(ids(&many), newest);
}

#[tokio::test]
async fn credentials_in_addresses_are_told_to_nobody_and_stay_in_the_rows() {
    let site = Site::new();
    let image = site.image(ADMIN, RAW).await;
    let address = "http://bob:canary@host/disk?signature=canary";
    let path = format!("/v2/images/{image}/tasks");
    for (n, kind, input, shown) in [
        (
            1,
            TaskKind::Import,
            json!({"import_from": address, "import_from_format": "raw"}),
            "/import_from",
        ),
        (
            2,
            TaskKind::ApiImageImport,
            json!({"import_req": {"method": {"name": "web-download", "uri": address}}}),
            "/import_req/method/uri",
        ),
        // As Python nodes write it.
        (
            3,
            TaskKind::LocationImport,
            json!({"loc_url": address}),
            "/loc_url",
        ),
    ] {
        let mut about = task(n, "pa");
        about.kind = kind;
        about.image = Some(image.parse().unwrap());
        about.input = input.as_object().cloned();
        site.memory.catalog.insert_task(&about).await.unwrap();

        let one = site.get(ADMIN, &format!("/v2/tasks/{}", id(n))).await;
        let all = site.get(ADMIN, "/v2/tasks").await;
        let rows = site.get(ADMIN, &path).await;

        for answer in [&one, &all, &rows] {
            assert!(!answer.text().contains("canary"), "{}", answer.text());
            assert!(!answer.text().contains("bob"), "{}", answer.text());
        }
        let shown = one.json()["input"].pointer(shown).cloned();
        assert_eq!(shown, Some(json!("http://***@host/disk?***")), "{kind}");
        let kept = site.memory.catalog.find_task(&id(n)).await.unwrap();
        assert_eq!(kept, Some(about));
    }
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let site = site().await;
    let listed = async |query: &str| site.get(ADMIN, &format!("/v2/tasks{query}")).await.json();

    let newest = listed("").await;
    let oldest = listed("?sort_key=id&sort_dir=asc&limit=3").await;
    let rest = listed(&oldest["next"].as_str().unwrap()["/v2/tasks".len()..]).await;
    let of_bob = listed("?owner=p2&status=pending&type=import&whatever=x").await;

    assert_eq!(ids(&newest), [4, 3, 2, 1].map(|n| id(n).to_string()));
    assert_eq!(ids(&oldest), [1, 2, 3].map(|n| id(n).to_string()));
    assert_eq!(ids(&rest), [id(4).as_str()]);
    assert_eq!(rest.get("next"), None);
    assert_eq!(ids(&of_bob), [id(2).as_str()]);
    assert_eq!(ids(&listed("?status=success").await), [""; 0]);
    assert_eq!(ids(&listed("?limit=0").await), [""; 0]);
}

#[tokio::test]
async fn what_makes_no_sense_in_a_list_is_refused() {
    let site = site().await;

    for query in [
        "limit=x",
        "limit=-1",
        "marker=x",
        "marker=8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0",
        "sort_key=size",
        "sort_dir=up",
        "status=done",
        "type=api_image_import",
        "image_id=x",
    ] {
        let refused = site.get(ADMIN, &format!("/v2/tasks?{query}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query}");
        // Who may not ask at all hears nothing of it.
        let denied = site.get(ALICE, &format!("/v2/tasks?{query}")).await;
        assert_eq!(denied.status, StatusCode::FORBIDDEN, "{query}");
    }
}

#[tokio::test]
async fn what_has_expired_is_not_told_of_and_then_gone() {
    let site = Site::new();
    let failed = task(1, "pa")
        .failed("why".to_owned(), at(1), Duration::from_secs(60))
        .unwrap();
    site.memory.catalog.insert_task(&failed).await.unwrap();
    let path = format!("/v2/tasks/{}", id(1));

    assert_eq!(site.get(ADMIN, &path).await.status, StatusCode::OK);
    site.memory.clock.advance(Duration::from_secs(61));
    assert_eq!(site.get(ADMIN, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ids(&site.get(ADMIN, "/v2/tasks").await.json()), [""; 0]);
    let scrubbed = site.glance.scrub().await.unwrap();
    assert_eq!(scrubbed.tasks, 1);
}
