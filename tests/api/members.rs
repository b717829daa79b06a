//! Members of images.

use axum::http::StatusCode;
use glance_core::domain::Quotas;
use serde_json::json;

use super::support::{ABSENT, ADMIN, ALICE, BOB, Site, Who};

const CAROL: Who = Who {
    project: "p3",
    roles: "member,reader",
};

async fn shared() -> (Site, String) {
    let site = Site::new();
    let id = site.image(ALICE, "{}").await;
    let path = format!("/v2/images/{id}/members");
    for project in ["p2", "p3"] {
        let added = site
            .post(ALICE, &path, format!(r#"{{"member": "{project}"}}"#))
            .await;
        assert_eq!(added.status, StatusCode::OK, "{}", added.text());
    }
    (site, path)
}

#[tokio::test]
async fn a_new_member_is_pending() {
    let site = Site::new();
    let id = site.image(ALICE, "{}").await;

    let added = site
        .post(
            ALICE,
            &format!("/v2/images/{id}/members"),
            r#"{"member": "p2", "status": "accepted"}"#,
        )
        .await;

    assert_eq!(
        added.text(),
        format!(
            r#"{{"member_id":"p2","image_id":"{id}","status":"pending","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","schema":"/v2/schemas/member"}}"#
        )
    );
}

#[tokio::test]
async fn owners_see_all_members_and_members_themselves() {
    let (site, path) = shared().await;
    let seen = |who: Who| {
        let (site, path) = (&site, &path);
        async move {
            let list = site.get(who, path).await.json();
            assert_eq!(list["schema"], "/v2/schemas/members");
            let members = list["members"].as_array().unwrap().clone();
            members
                .iter()
                .map(|member| member["member_id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };

    assert_eq!(seen(ALICE).await, ["p2", "p3"]);
    assert_eq!(seen(ADMIN).await, ["p2", "p3"]);
    assert_eq!(seen(BOB).await, ["p2"]);
    let others = site.get(BOB, &format!("{path}/p3")).await;
    let nobody = site.get(BOB, &format!("{path}/px")).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND);
    assert_eq!(
        others.text().replace("p3", "X"),
        nobody.text().replace("px", "X")
    );
}

#[tokio::test]
async fn the_member_itself_answers() {
    let (site, path) = shared().await;
    let answer = |who: Who, project: &str, body: &'static str| {
        let (site, path) = (&site, format!("{path}/{project}"));
        async move { site.put(who, &path, body).await }
    };

    let accepted = answer(BOB, "p2", r#"{"status": "accepted"}"#).await;
    assert_eq!(
        (accepted.status, &accepted.json()["status"]),
        (StatusCode::OK, &json!("accepted"))
    );
    let owner = answer(ALICE, "p2", r#"{"status": "rejected"}"#).await;
    assert_eq!(
        owner.explanation(),
        "You are not authorized to complete modify_member action."
    );
    assert_eq!(
        answer(BOB, "p3", r#"{"status": "accepted"}"#).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        answer(ADMIN, "p3", r#"{"status": "rejected"}"#)
            .await
            .status,
        StatusCode::OK
    );

    for (body, why) in [
        (
            r#"{"status": "maybe"}"#,
            "Incorrect request: Status must be",
        ),
        (r#"{"status": 5}"#, "Incorrect request: Status must be"),
        ("{}", "Status not specified"),
        ("[]", "Expected a status in the form"),
        ("", "Body expected in request."),
    ] {
        let refused = answer(BOB, "p2", body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        refused.assert_says(why, body);
    }
}

#[tokio::test]
async fn only_the_owner_removes_members() {
    let (site, path) = shared().await;

    let member = site.delete(BOB, &format!("{path}/p2")).await;
    assert_eq!(
        member.explanation(),
        "You are not authorized to complete delete_member action."
    );
    let removed = site.delete(ALICE, &format!("{path}/p2")).await;
    assert_eq!(
        (removed.status, removed.text()),
        (StatusCode::NO_CONTENT, "")
    );
    assert_eq!(
        site.delete(ALICE, &format!("{path}/p2")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(site.get(BOB, &path).await.status, StatusCode::NOT_FOUND);

    let again = site.post(ALICE, &path, r#"{"member": "p2"}"#).await;
    assert_eq!(again.json()["status"], "pending");
}

#[tokio::test]
async fn members_that_cannot_be_are_refused() {
    let (site, path) = shared().await;
    let long = format!(r#"{{"member": "{}"}}"#, "m".repeat(256));

    for (body, status, why) in [
        (
            r#"{"member": "p2"}"#,
            409,
            "Member p2 is duplicated for image",
        ),
        (r#"{"member": ""}"#, 400, "Member can't be empty"),
        (r#"{"member": null}"#, 400, "Member can't be empty"),
        (r#"{"member": 5}"#, 400, "a string"),
        (r#"{"member": "🚀"}"#, 400, "4 byte unicode"),
        (long.as_str(), 400, "at most 255 characters"),
        ("{}", 400, "Member to be added not specified"),
        (
            "[]",
            400,
            "Expected a member in the form: {\"member\": \"image_id\"}",
        ),
        ("", 400, "Body expected in request."),
    ] {
        let refused = site.post(ALICE, &path, body.to_owned()).await;
        assert_eq!(
            refused.status.as_u16(),
            status,
            "{body}: {}",
            refused.text()
        );
        refused.assert_says(why, body);
    }
    let stranger = site.post(CAROL, &path, r#"{"member": "p4"}"#).await;
    assert_eq!(
        stranger.explanation(),
        "You are not authorized to complete add_member action."
    );
    let absent = site
        .post(
            ALICE,
            &format!("/v2/images/{ABSENT}/members"),
            r#"{"member": "p"}"#,
        )
        .await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_shared_images_have_members() {
    let site = Site::new();
    let id = site.image(ALICE, r#"{"visibility": "private"}"#).await;
    let path = format!("/v2/images/{id}/members");

    assert_eq!(site.get(ALICE, &path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        site.get(ALICE, &format!("{path}/p2")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        site.post(ALICE, &path, r#"{"member": "p2"}"#).await.status,
        StatusCode::FORBIDDEN
    );
    let answer = site
        .put(ALICE, &format!("{path}/p2"), r#"{"status": "accepted"}"#)
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(
        site.delete(ALICE, &format!("{path}/p2")).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn the_quota_of_members_is_413() {
    let site = Site::with_quotas(Quotas {
        members: Some(1),
        ..Quotas::default()
    });
    let id = site.image(ALICE, "{}").await;
    let path = format!("/v2/images/{id}/members");

    site.post(ALICE, &path, r#"{"member": "p2"}"#).await;
    let refused = site.post(ALICE, &path, r#"{"member": "p3"}"#).await;

    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
}
