//! Show and delete images.

use axum::http::StatusCode;
use glance_core::Settings;
use glance_http::ApiOptions;
use serde_json::json;

use super::support::{ABSENT, ADMIN, ALICE, BOB, RAW, Site};

#[tokio::test]
async fn an_absent_and_a_hidden_image_read_the_same() {
    let site = Site::new();
    let hidden = site.image(ALICE, r#"{"visibility": "private"}"#).await;

    let paths = ["", "/file", "/members", "/members/p2"];
    for path in paths {
        let stranger = site.get(BOB, &format!("/v2/images/{hidden}{path}")).await;
        let absent = site.get(BOB, &format!("/v2/images/{ABSENT}{path}")).await;

        assert_eq!(stranger.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            stranger.text().replace(&hidden, "ID"),
            absent.text().replace(ABSENT, "ID"),
            "{path}"
        );
    }
    let delete = site.delete(BOB, &format!("/v2/images/{hidden}")).await;
    assert_eq!(
        delete.explanation(),
        format!("No image found with ID {hidden}")
    );
    let patch = site.patch(BOB, &hidden, "[]").await;
    assert_eq!(
        patch.explanation(),
        format!("No image found with ID {hidden}")
    );
}

#[tokio::test]
async fn what_is_no_uuid_is_the_id_of_no_image() {
    let site = Site::new();

    for id in ["nope", "%C5%BE", "a%20b"] {
        let absent = site.get(ALICE, &format!("/v2/images/{id}")).await;
        assert_eq!(absent.status, StatusCode::NOT_FOUND, "{id}");
    }
    assert_eq!(
        site.get(ALICE, "/v2/images/nope").await.explanation(),
        "No image found with ID nope"
    );
    assert_eq!(
        site.get(ALICE, "/v2/images/a%2Fb").await.explanation(),
        "The resource could not be found."
    );
    assert_eq!(
        site.get(ALICE, "/v2/images/%ff").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_deleted_image_is_gone() {
    let site = Site::new();
    let id = site.image_with_data(ALICE, "data").await;
    let path = format!("/v2/images/{id}");

    let deleted = site.delete(ALICE, &path).await;

    assert_eq!(
        (deleted.status, deleted.text()),
        (StatusCode::NO_CONTENT, "")
    );
    assert_eq!(site.get(ALICE, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        site.delete(ALICE, &path).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(site.memory.store.contents().0.is_empty());
}

#[tokio::test]
async fn deleting_what_is_protected_or_anothers_is_forbidden() {
    let site = Site::new();
    let protected = site.image(ALICE, r#"{"protected": true}"#).await;
    let community = site.image(ALICE, r#"{"visibility": "community"}"#).await;

    let refused = site.delete(ALICE, &format!("/v2/images/{protected}")).await;
    let foreign = site.delete(BOB, &format!("/v2/images/{community}")).await;

    assert_eq!(
        refused.explanation(),
        format!("Image {protected} is protected and cannot be deleted.")
    );
    assert_eq!(
        (refused.status, foreign.status),
        (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN)
    );
}

#[tokio::test]
async fn a_body_where_none_belongs_is_refused() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    let path = format!("/v2/images/{id}");
    let with_body = |method, path: &str| {
        super::support::request(ALICE, method, path)
            .body("x".into())
            .unwrap()
    };

    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/file")),
        ("POST", format!("{path}/actions/deactivate")),
        ("PUT", format!("{path}/tags/x")),
        ("GET", format!("{path}/members")),
        ("GET", "/v2/schemas/image".to_owned()),
    ] {
        let refused = site.send(with_body(method.parse().unwrap(), &path)).await;

        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{method} {path}");
        assert_eq!(
            refused.explanation(),
            "A body is not expected with this request."
        );
    }
    let list = site
        .send(with_body("GET".parse().unwrap(), "/v2/images"))
        .await;
    assert_eq!(list.status, StatusCode::OK);
}

#[tokio::test]
async fn locations_are_shown_where_the_operator_says_so() {
    let options = ApiOptions {
        show_direct_url: true,
        show_locations: true,
        ..ApiOptions::default()
    };
    let site = Site::with(options, Settings::default());
    let empty = site.image(ALICE, "{}").await;
    let id = site.image_with_data(ALICE, "data").await;
    let path = format!("/v2/images/{id}");
    let url = format!("memory://memory/{id}");

    let shown = site.get(ALICE, &path).await.json();
    assert_eq!(shown["locations"], json!([{"url": url, "metadata": {}}]));
    assert_eq!(shown["direct_url"], url.as_str());
    let without = site.get(ALICE, &format!("/v2/images/{empty}")).await.json();
    assert_eq!(
        (without.get("locations"), without.get("direct_url")),
        (Some(&json!([])), None)
    );

    site.post(ALICE, &format!("{path}/actions/deactivate"), "")
        .await;
    let deactivated = site.get(ALICE, &path).await.json();
    assert_eq!(
        (&deactivated["locations"], deactivated.get("direct_url")),
        (&json!([]), None)
    );
    assert_eq!(
        site.get(ADMIN, &path).await.json()["direct_url"],
        url.as_str()
    );
}

#[tokio::test]
async fn locations_are_nowhere_by_default() {
    let site = Site::new();
    let id = site.image_with_data(ALICE, "data").await;

    for path in [format!("/v2/images/{id}"), "/v2/images".to_owned()] {
        let shown = site.get(ADMIN, &path).await;
        assert!(!shown.text().contains("memory:"), "{}", shown.text());
    }
}
