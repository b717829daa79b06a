//! Lists of images.

use axum::http::StatusCode;
use serde_json::Value;

use super::support::{ABSENT, ADMIN, ALICE, BOB, RAW, ROLELESS, Site};

/// The names in a list.
async fn names(site: &Site, query: &str) -> Vec<String> {
    let list = site.get(ALICE, &format!("/v2/images{query}")).await;
    assert_eq!(list.status, StatusCode::OK, "{query}: {}", list.text());
    let images = list.json()["images"].as_array().unwrap().clone();
    images
        .iter()
        .map(|image| image["name"].as_str().unwrap_or("-").to_owned())
        .collect()
}

async fn site_with_three() -> Site {
    let site = Site::new();
    for body in [
        r#"{"name": "a", "tags": ["x", "y"], "os_distro": "debian", "min_ram": 1, "protected": true}"#,
        r#"{"name": "b", "tags": ["x"], "os_distro": "alpine", "min_ram": 2, "disk_format": "raw"}"#,
        r#"{"name": "c, d", "min_ram": 3, "visibility": "private", "os_hidden": false}"#,
    ] {
        site.image(ALICE, body).await;
        site.memory
            .clock
            .advance(std::time::Duration::from_secs(10));
    }
    site
}

#[tokio::test]
async fn a_list_has_its_links_and_its_schema() {
    let site = Site::new();

    let empty = site.get(ALICE, "/v2/images?name=nothing").await;

    assert_eq!(
        empty.text(),
        r#"{"images":[],"first":"/v2/images?name=nothing","schema":"/v2/schemas/images"}"#
    );
    assert_eq!(empty.header("content-type"), "application/json");
}

#[tokio::test]
async fn the_newest_come_first() {
    assert_eq!(
        names(&site_with_three().await, "").await,
        ["c, d", "b", "a"]
    );
}

#[tokio::test]
async fn filters_are_joined_by_and() {
    let site = site_with_three().await;

    for (query, expected) in [
        ("?name=a", vec!["a"]),
        ("?name=eq:b", vec!["b"]),
        ("?name=in:a,%22c,%20d%22&sort=name:asc", vec!["a", "c, d"]),
        ("?tag=x&sort=name:asc", vec!["a", "b"]),
        ("?tag=x&tag=y", vec!["a"]),
        ("?os_distro=debian&name=b", vec![]),
        ("?os_distro=alpine", vec!["b"]),
        ("?protected=true", vec!["a"]),
        ("?os_hidden=TRUE", vec![]),
        ("?visibility=private", vec!["c, d"]),
        ("?visibility=", vec![]),
        ("?status=in:", vec![]),
        ("?min_ram=2", vec!["b"]),
        ("?min_ram_min=2&sort=name:asc", vec!["b", "c, d"]),
        ("?min_ram_max=2&min_ram_min=2", vec!["b"]),
        ("?size_min=0", vec![]),
        (
            "?created_at=gt:2026-01-01T00:00:05Z&sort=name:asc",
            vec!["b", "c, d"],
        ),
        ("?created_at=2026-01-01T00:00:00Z", vec!["a"]),
        ("?created_at=lt:2026-01-01T01:00:05%2B01:00", vec!["a"]),
        ("?owner=p1&limit=1", vec!["c, d"]),
        ("?owner=p2", vec![]),
        ("?disk_format=raw&deleted=true", vec!["b"]),
        ("?locations=x", vec![]),
        ("?limit=0", vec![]),
        (
            "?limit=5000&sort_key=name&sort_dir=asc",
            vec!["a", "b", "c, d"],
        ),
        ("?sort=min_ram:asc", vec![]),
    ] {
        if query == "?sort=min_ram:asc" {
            let refused = site.get(ALICE, &format!("/v2/images{query}")).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        } else {
            assert_eq!(names(&site, query).await, expected, "{query}");
        }
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_repeat_the_query() {
    let site = site_with_three().await;
    let mut seen = Vec::new();
    let mut path = "/v2/images?limit=1&sort=name:asc&tag=x&min_ram_min=1".to_owned();

    loop {
        let page = site.get(ALICE, &path).await.json();
        assert_eq!(
            page["first"],
            "/v2/images?limit=1&sort=name%3Aasc&tag=x&min_ram_min=1"
        );
        seen.extend(
            page["images"]
                .as_array()
                .unwrap()
                .iter()
                .map(|image| image["name"].clone()),
        );
        match page.get("next").and_then(Value::as_str) {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }

    assert_eq!(seen, ["a", "b"]);
}

#[tokio::test]
async fn every_tag_is_in_the_next_link() {
    let site = site_with_three().await;

    let page = site
        .get(ALICE, "/v2/images?tag=x&tag=y&limit=1")
        .await
        .json();

    let id = page["images"][0]["id"].as_str().unwrap();
    assert_eq!(
        page["next"],
        format!("/v2/images?tag=x&tag=y&limit=1&marker={id}")
    );
}

#[tokio::test]
async fn who_may_not_see_an_image_does_not_get_it_listed() {
    let site = Site::new();
    let shared = site.image(ALICE, r#"{"name": "shared"}"#).await;
    site.image(ALICE, r#"{"name": "community", "visibility": "community"}"#)
        .await;
    site.image(ADMIN, r#"{"name": "public", "visibility": "public"}"#)
        .await;
    let bobs = |query: &'static str| {
        let site = &site;
        async move {
            let list = site
                .get(BOB, &format!("/v2/images?sort=name:asc{query}"))
                .await
                .json();
            let images = list["images"].as_array().unwrap().clone();
            images
                .iter()
                .map(|image| image["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };

    assert_eq!(bobs("").await, ["public"]);
    assert_eq!(bobs("&visibility=all").await, ["community", "public"]);
    let members = format!("/v2/images/{shared}/members");
    site.post(ALICE, &members, r#"{"member": "p2"}"#).await;
    assert_eq!(bobs("").await, ["public"]);
    assert_eq!(bobs("&member_status=pending").await, ["public", "shared"]);
    site.put(BOB, &format!("{members}/p2"), r#"{"status": "accepted"}"#)
        .await;
    assert_eq!(bobs("").await, ["public", "shared"]);
    assert_eq!(bobs("&visibility=shared").await, ["shared"]);
}

#[tokio::test]
async fn a_marker_must_be_an_image_that_could_be_listed() {
    let site = Site::new();
    let private = site.image(ALICE, r#"{"visibility": "private"}"#).await;

    for marker in [ABSENT, &private, "nope", ""] {
        let refused = site.get(BOB, &format!("/v2/images?marker={marker}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{marker}");
    }
}

#[tokio::test]
async fn invalid_queries_name_the_parameter() {
    let site = Site::new();

    for (query, why) in [
        ("limit=x", "limit param must be an integer"),
        ("limit=-1", "limit param must be positive"),
        ("sort_key=foo", "Invalid sort key 'foo'"),
        ("sort_dir=up", "Invalid sort direction 'up'"),
        (
            "sort=name&sort_dir=asc",
            "Old and new sorting syntax cannot be combined",
        ),
        (
            "sort_key=name&sort_dir=asc&sort_dir=asc",
            "Number of sort dirs does not match",
        ),
        ("visibility=secret", "Invalid visibility value: secret"),
        ("member_status=foo", "member_status"),
        (
            "os_hidden=maybe",
            "Invalid value 'maybe' for 'os_hidden' filter.",
        ),
        (
            "protected=True",
            "Invalid value 'True' for 'protected' filter.",
        ),
        (
            "changes-since=x",
            "The \"changes-since\" filter is no longer available on v2.",
        ),
        ("name=foo:bar", "unable to filter by unknown operator 'foo'"),
        ("name=in:%22a", "name"),
        ("created_at=soon", "created_at"),
        ("size_min=x", "size_min"),
        ("foo_min=1", "foo_min"),
        ("name=%ff", "Error decoding your request."),
    ] {
        let refused = site.get(ALICE, &format!("/v2/images?{query}")).await;

        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query}");
        let text = refused.explanation();
        assert!(
            text.to_lowercase().contains(&why.to_lowercase()),
            "{query}: {text}"
        );
    }
}

#[tokio::test]
async fn who_has_no_role_lists_nothing() {
    let refused = Site::new().get(ROLELESS, "/v2/images").await;

    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        refused.explanation(),
        "You are not authorized to complete get_images action."
    );
}

#[tokio::test]
async fn images_are_hidden_only_where_they_say_so() {
    let site = Site::new();
    site.image(ALICE, r#"{"name": "hidden", "os_hidden": true}"#)
        .await;
    site.image(ALICE, RAW).await;

    assert_eq!(names(&site, "").await, ["-"]);
    assert_eq!(names(&site, "?os_hidden=true").await, ["hidden"]);
}
