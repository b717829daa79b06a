//! Edits of images, in both dialects.

use axum::http::StatusCode;
use glance_core::domain::{Quotas, Status};
use serde_json::{Value, json};

use super::support::{
    ABSENT, ADMIN, ALICE, BOB, RAW, READER, ROLELESS, Site, V20, V21, patch_request,
};

#[tokio::test]
async fn operations_are_made_in_order_and_saved_once() {
    let site = Site::new();
    let id = site.image(ALICE, r#"{"colour": "red"}"#).await;
    let patch = json!([
        {"op": "replace", "path": "/name", "value": "new"},
        {"op": "add", "path": "/shape", "value": "round"},
        {"op": "replace", "path": "/shape", "value": "flat", "unknown": 1},
        {"op": "remove", "path": "/colour", "value": "ignored"},
        {"op": "add", "path": "/tags", "value": ["b", "a"]},
        {"op": "add", "path": "/a~1b~0c", "value": "escaped"},
        {"op": "replace", "path": "/min_ram", "value": 5},
    ]);

    let edited = site.patch(ALICE, &id, patch.to_string()).await;

    assert_eq!(edited.status, StatusCode::OK, "{}", edited.text());
    let image = edited.json();
    for (key, value) in [
        ("name", json!("new")),
        ("shape", json!("flat")),
        ("colour", Value::Null),
        ("tags", json!(["a", "b"])),
        ("a/b~c", json!("escaped")),
        ("min_ram", json!(5)),
    ] {
        assert_eq!(image.get(key).unwrap_or(&Value::Null), &value, "{key}");
    }
}

#[tokio::test]
async fn one_failure_saves_nothing() {
    let site = Site::new();
    let id = site.image(ALICE, r#"{"colour": "red"}"#).await;
    let before = site.held(&id).await;
    let patch = json!([
        {"op": "replace", "path": "/name", "value": "new"},
        {"op": "remove", "path": "/missing"},
    ]);

    let refused = site.patch(ALICE, &id, patch.to_string()).await;

    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(
        refused.explanation(),
        "There was a conflict when trying to complete your request. Property missing does not exist."
    );
    assert_eq!(site.held(&id).await, before);
}

#[tokio::test]
async fn an_empty_patch_changes_nothing() {
    let site = Site::new();
    let id = site.image(ALICE, "{}").await;
    let before = site.held(&id).await;

    let edited = site.patch(ALICE, &id, "[]").await;

    assert_eq!(edited.status, StatusCode::OK);
    assert_eq!(site.held(&id).await, before);
    assert_eq!(
        site.patch(ALICE, ABSENT, "[]").await.status,
        StatusCode::NOT_FOUND
    );
}

/// What is answered is the image.
#[tokio::test]
async fn an_empty_patch_by_who_may_not_show_an_image_finds_none() {
    let site = Site::new();
    let id = site.image(ADMIN, r#"{"visibility": "public"}"#).await;

    for who in [ROLELESS, BOB] {
        let path = format!("/v2/images/{id}");
        let shown = site.get(who, &path).await.status;
        assert_eq!(site.patch(who, &id, "[]").await.status, shown, "{who:?}");
    }
    let refused = site.patch(ROLELESS, &id, "[]").await.status;
    assert_eq!(refused, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn other_media_types_are_refused_with_those_that_are_taken() {
    let site = Site::new();
    let id = site.image(ALICE, "{}").await;

    for media in [
        "application/json",
        "application/json-patch+json",
        "",
        &V21.to_uppercase(),
    ] {
        let refused = site.send(patch_request(ALICE, &id, media, "[]")).await;
        assert_eq!(
            refused.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{media}"
        );
        assert_eq!(refused.header("accept-patch"), format!("{V20}, {V21}"));
    }
    let with_parameter = format!("{V21}; charset=utf-8");
    let taken = site
        .send(patch_request(ALICE, &id, &with_parameter, "[]"))
        .await;
    assert_eq!(taken.status, StatusCode::OK);
}

#[tokio::test]
async fn patches_that_break_a_rule_are_refused_before_the_image_is_looked_for() {
    let site = Site::new();
    let op = |op: &str, path: &str, value: &str| {
        format!(r#"[{{"op": "{op}", "path": "{path}", "value": {value}}}]"#)
    };

    for (body, status, why) in [
        (
            "{}".to_owned(),
            400,
            "Request body must be a JSON array of operation objects.",
        ),
        ("[1]".to_owned(), 400, "Operations must be JSON objects."),
        (op("move", "/a", "1"), 400, "Invalid operation: `move`."),
        (op("copy", "/a", "1"), 400, "Invalid operation: `copy`."),
        (op("test", "/a", "1"), 400, "Invalid operation: `test`."),
        (
            r#"[{"op": 5, "path": "/a", "value": 1}]"#.to_owned(),
            400,
            "Invalid operation: `5`.",
        ),
        (
            r#"[{"path": "/a", "value": "x"}]"#.to_owned(),
            400,
            "Unable to find `op`",
        ),
        (
            r#"[{"op": "add", "value": "x"}]"#.to_owned(),
            400,
            "Unable to find 'path'",
        ),
        (
            r#"[{"op": "add", "path": 5, "value": "x"}]"#.to_owned(),
            400,
            "must be a string",
        ),
        (
            r#"[{"op": "add", "path": "/a"}]"#.to_owned(),
            400,
            "Operation \"add\" requires a member named \"value\".",
        ),
        (
            r#"[{"op": "replace", "path": "/a"}]"#.to_owned(),
            400,
            "Operation \"replace\" requires",
        ),
        (op("add", "a", "1"), 400, "does not start with"),
        (op("add", "", "1"), 400, "does not start with"),
        (op("add", "//a", "1"), 400, "contains adjacent"),
        (op("add", "/a//b", "1"), 400, "contains adjacent"),
        (op("add", "/a/", "1"), 400, "end with"),
        (op("add", "/a~b", "1"), 400, "recognized escape sequence"),
        (
            op("add", "/a/b", "1"),
            400,
            "Invalid JSON pointer for this resource: '/a/b'",
        ),
        (
            op("add", "/tags/-", "1"),
            400,
            "Invalid JSON pointer for this resource: '/tags/-'",
        ),
        (op("remove", "/locations", "1"), 400, "Invalid JSON pointer"),
        (op("add", "/locations", "1"), 400, "Invalid JSON pointer"),
        (op("add", "/", r#""x""#), 400, "must not be empty"),
        (
            op("add", "/status", "5"),
            403,
            "Attribute 'status' is read-only.",
        ),
        (
            op("add", "/os_glance_x", "5"),
            403,
            "Attribute 'os_glance_x' is reserved.",
        ),
        (
            op("add", "/deleted_at", "5"),
            403,
            "Attribute 'deleted_at' is reserved.",
        ),
        (
            op("add", "/image_id", "5"),
            403,
            "Attribute 'image_id' is reserved.",
        ),
        (op("add", "/colour", "5"), 400, "colour must be a string"),
        (
            op("replace", "/name", "5"),
            400,
            "name must be a string or null",
        ),
        (
            op("replace", "/disk_format", r#""x""#),
            400,
            "not one of ami",
        ),
        (
            op("replace", "/visibility", r#""x""#),
            400,
            "not one of public",
        ),
        (
            op("replace", "/protected", r#""true""#),
            400,
            "protected must be true or false",
        ),
        (
            op("replace", "/min_disk", "-1"),
            400,
            "Invalid value '-1' for parameter 'min_disk'",
        ),
        (
            op("add", "/locations/-", "{}"),
            403,
            "It's not allowed to add",
        ),
        (
            op("replace", "/locations", "[]"),
            403,
            "It's not allowed to replace",
        ),
        (
            op("remove", "/locations/0", "1"),
            403,
            "It's not allowed to remove",
        ),
    ] {
        let refused = site.patch(ALICE, ABSENT, body.clone()).await;

        assert_eq!(
            refused.status.as_u16(),
            status,
            "{body}: {}",
            refused.text()
        );
        refused.assert_says(why, &body);
    }
}

#[tokio::test]
async fn the_older_dialect_names_its_operation_by_its_key() {
    let site = Site::new();
    let id = site.image(ALICE, r#"{"there": "x"}"#).await;

    for (body, status, why) in [
        (r#"[{"add": "/new", "value": "1"}]"#, 200, ""),
        (r#"[{"replace": "/new", "value": "2"}]"#, 200, ""),
        (r#"[{"remove": "/new"}]"#, 200, ""),
        (r#"[{"replace": "/name", "value": "n"}]"#, 200, ""),
        (
            r#"[{"add": "/there", "value": "1"}]"#,
            409,
            "Property there is already present.",
        ),
        (
            r#"[{"add": "/name", "value": "1"}]"#,
            409,
            "Property name is already present.",
        ),
        (
            r#"[{"replace": "/new", "value": "2"}]"#,
            409,
            "Property new does not exist.",
        ),
        (
            r#"[{"remove": "/new"}]"#,
            409,
            "Property new does not exist.",
        ),
        (
            r#"[{"add": "/a", "remove": "/b", "value": "1"}]"#,
            400,
            "exactly one member named",
        ),
        (r#"[{"value": "1"}]"#, 400, "exactly one member named"),
        (
            r#"[{"op": "add", "path": "/a", "value": "1"}]"#,
            400,
            "exactly one member named",
        ),
        (
            r#"[{"add": "/a"}]"#,
            400,
            "Operation \"add\" requires a member named \"value\".",
        ),
        (
            r#"[{"add": "/status", "value": "active"}]"#,
            403,
            "Attribute 'status' is read-only.",
        ),
    ] {
        let answer = site.send(patch_request(ALICE, &id, V20, body)).await;

        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
        if status != 200 {
            answer.assert_says(why, body);
        }
    }
}

#[tokio::test]
async fn the_newer_dialect_adds_over_what_is_there() {
    let site = Site::new();
    let id = site.image(ALICE, r#"{"there": "x"}"#).await;

    let edited = site
        .patch(
            ALICE,
            &id,
            r#"[{"op": "add", "path": "/there", "value": "y"}]"#,
        )
        .await;

    assert_eq!(edited.json()["there"], "y");
}

#[tokio::test]
async fn built_in_attributes_are_not_removed() {
    let site = Site::new();
    let id = site.image(ALICE, "{}").await;

    for name in [
        "name",
        "tags",
        "visibility",
        "owner",
        "protected",
        "min_ram",
        "min_disk",
        "disk_format",
        "container_format",
        "os_hidden",
    ] {
        let refused = site
            .patch(
                ALICE,
                &id,
                format!(r#"[{{"op": "remove", "path": "/{name}"}}]"#),
            )
            .await;

        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}");
        assert_eq!(
            refused.explanation(),
            format!("Access was denied to this resource. Property {name} may not be removed.")
        );
    }
}

#[tokio::test]
async fn only_administrators_give_images_away() {
    let site = Site::new();
    let id = site.image(ALICE, "{}").await;
    let give = |op: &str| format!(r#"[{{"op": "{op}", "path": "/owner", "value": "p2"}}]"#);

    for op in ["add", "replace"] {
        assert_eq!(
            site.patch(ALICE, &id, give(op)).await.status,
            StatusCode::FORBIDDEN,
            "{op}"
        );
    }
    assert_eq!(
        site.patch(ADMIN, &id, give("replace")).await.json()["owner"],
        "p2"
    );
}

#[tokio::test]
async fn policies_hold_for_edits() {
    let site = Site::new();
    let id = site.image(ALICE, r#"{"visibility": "community"}"#).await;
    let name = r#"[{"op": "replace", "path": "/name", "value": "x"}]"#;
    let public = r#"[{"op": "replace", "path": "/visibility", "value": "public"}]"#;

    for (who, body, action) in [
        (BOB, name, "modify_image"),
        (READER, name, "modify_image"),
        (ALICE, public, "publicize_image"),
    ] {
        let refused = site.patch(who, &id, body).await;
        assert_eq!(
            refused.explanation(),
            format!("You are not authorized to complete {action} action.")
        );
    }
    assert_eq!(site.patch(ADMIN, &id, public).await.status, StatusCode::OK);
}

#[tokio::test]
async fn formats_are_fixed_once_there_is_data() {
    let site = Site::new();
    let queued = site.image(ALICE, RAW).await;
    let active = site.image_with_data(ALICE, "data").await;

    for op in ["add", "replace"] {
        let body = format!(r#"[{{"op": "{op}", "path": "/disk_format", "value": "raw"}}]"#);
        assert_eq!(
            site.patch(ALICE, &queued, body.clone()).await.status,
            StatusCode::OK,
            "{op}"
        );
        let refused = site.patch(ALICE, &active, body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{op}");
        assert_eq!(
            refused.explanation(),
            "Attribute disk_format can be only replaced for a queued image."
        );
    }
    assert_eq!(site.held(&active).await.status(), Status::Active);
}

#[tokio::test]
async fn quotas_refuse_growth() {
    let site = Site::with_quotas(Quotas {
        tags: Some(1),
        properties: Some(1),
        ..Quotas::default()
    });
    let id = site.image(ALICE, r#"{"a": "1", "tags": ["t"]}"#).await;

    for body in [
        r#"[{"op": "add", "path": "/b", "value": "2"}]"#,
        r#"[{"op": "add", "path": "/tags", "value": ["t", "u"]}]"#,
    ] {
        let refused = site.patch(ALICE, &id, body).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE, "{body}");
    }
}
