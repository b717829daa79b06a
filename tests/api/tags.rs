//! Tags, one by one.

use axum::http::StatusCode;
use glance_core::domain::Quotas;
use serde_json::json;

use super::support::{ABSENT, ALICE, BOB, READER, Site};

#[tokio::test]
async fn tags_come_and_go() {
    let site = Site::new();
    let id = site.image(ALICE, "{}").await;
    let path = format!("/v2/images/{id}");

    for tag in ["a", "a", "%C5%BEl%20u"] {
        let put = site.put(ALICE, &format!("{path}/tags/{tag}"), "").await;
        assert_eq!(
            (put.status, put.text()),
            (StatusCode::NO_CONTENT, ""),
            "{tag}"
        );
    }
    assert_eq!(
        site.get(ALICE, &path).await.json()["tags"],
        json!(["a", "žl u"])
    );
    let found = site.get(ALICE, "/v2/images?tag=%C5%BEl+u").await.json();
    assert_eq!(found["images"][0]["id"], id.as_str());

    assert_eq!(
        site.delete(ALICE, &format!("{path}/tags/a")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        site.delete(ALICE, &format!("{path}/tags/a")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(site.get(ALICE, &path).await.json()["tags"], json!(["žl u"]));
}

#[tokio::test]
async fn tags_that_cannot_be_are_refused() {
    let site = Site::new();
    let id = site.image(ALICE, "{}").await;
    let path = format!("/v2/images/{id}/tags");

    for (tag, status) in [
        ("t".repeat(256), 400),
        ("%F0%9F%9A%80".to_owned(), 400),
        ("%00".to_owned(), 400),
        ("%ff".to_owned(), 400),
        ("a%2Fb".to_owned(), 404),
        (String::new(), 404),
        ("a/".to_owned(), 404),
    ] {
        let refused = site.put(ALICE, &format!("{path}/{tag}"), "").await;
        assert_eq!(refused.status.as_u16(), status, "{tag}");
    }
}

#[tokio::test]
async fn policies_and_quotas_hold_for_tags() {
    let site = Site::with_quotas(Quotas {
        tags: Some(1),
        ..Quotas::default()
    });
    let id = site.image(ALICE, r#"{"tags": ["t"]}"#).await;

    for (who, id, status) in [
        (READER, id.as_str(), StatusCode::FORBIDDEN),
        (BOB, &id, StatusCode::NOT_FOUND),
        (ALICE, ABSENT, StatusCode::NOT_FOUND),
        (ALICE, &id, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let refused = site.put(who, &format!("/v2/images/{id}/tags/u"), "").await;
        assert_eq!(refused.status, status, "{who:?}");
    }
}
