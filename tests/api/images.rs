//! Create images.

use axum::http::StatusCode;
use glance_core::Settings;
use glance_core::domain::{ImageQuotas, Quotas};
use glance_http::ApiOptions;
use serde_json::{Value, json};

use super::support::{ABSENT, ADMIN, ALICE, BOB, RAW, READER, ROLELESS, Site};

#[tokio::test]
async fn an_empty_object_makes_an_image_of_defaults() {
    let site = Site::new();

    let created = site.post(ALICE, "/v2/images", "{}").await;

    assert_eq!(created.status, StatusCode::CREATED);
    let image = created.json();
    let id = image["id"].as_str().unwrap();
    let expected = json!({
        "name": null, "disk_format": null, "container_format": null, "visibility": "shared",
        "size": null, "virtual_size": null, "status": "queued", "checksum": null,
        "protected": false, "min_ram": 0, "min_disk": 0, "owner": "p1", "os_hidden": false,
        "os_hash_algo": null, "os_hash_value": null, "id": id,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "tags": [], "self": format!("/v2/images/{id}"), "file": format!("/v2/images/{id}/file"),
        "schema": "/v2/schemas/image",
    });
    assert_eq!(image, expected);
    assert_eq!(
        created.header("location"),
        format!("http://glance.example/v2/images/{id}")
    );
}

#[tokio::test]
async fn keys_come_in_upstreams_order() {
    let site = Site::new();

    let created = site
        .post(
            ALICE,
            "/v2/images",
            r#"{"name": "n", "zeta": "1", "alpha": "ž ✓"}"#,
        )
        .await;

    let id = created.json()["id"].as_str().unwrap().to_owned();
    let expected = format!(
        r#"{{"alpha":"ž ✓","zeta":"1","name":"n","disk_format":null,"container_format":null,"visibility":"shared","size":null,"virtual_size":null,"status":"queued","checksum":null,"protected":false,"min_ram":0,"min_disk":0,"owner":"p1","os_hidden":false,"os_hash_algo":null,"os_hash_value":null,"id":"{id}","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","tags":[],"self":"/v2/images/{id}","file":"/v2/images/{id}/file","schema":"/v2/schemas/image"}}"#
    );
    assert_eq!(created.text(), expected);
}

#[tokio::test]
async fn everything_that_can_be_set_is_set() {
    let site = Site::new();
    let body = json!({
        "id": "AAAAAAAA-0000-4000-8000-000000000001", "name": "full", "disk_format": "qcow2",
        "container_format": "bare", "visibility": "private", "protected": true, "min_ram": 1.0,
        "min_disk": 2, "owner": "p1", "os_hidden": true, "tags": ["b", "a", "b"], "os_distro": "x",
    });

    let created = site
        .post(ALICE, "/v2/images", body.to_string())
        .await
        .json();

    for (key, value) in body.as_object().unwrap() {
        let expected = match key.as_str() {
            "tags" => json!(["a", "b"]),
            "min_ram" => json!(1),
            _ => value.clone(),
        };
        assert_eq!(created[key], expected, "{key}");
    }
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused() {
    let long = "n".repeat(256);
    for (body, why) in [
        (r#"{"name": 5}"#.to_owned(), "name must be a string or null"),
        (
            format!(r#"{{"name": "{long}"}}"#),
            "name: a name may have at most 255 characters",
        ),
        (r#"{"name": "🚀"}"#.to_owned(), "4 byte unicode"),
        (r#"{"id": "abc"}"#.to_owned(), "id must be a UUID"),
        (r#"{"id": null}"#.to_owned(), "id must be a UUID"),
        (
            r#"{"disk_format": "floppy"}"#.to_owned(),
            "not one of ami, ari",
        ),
        (
            r#"{"container_format": "box"}"#.to_owned(),
            "not one of ami, ari",
        ),
        (
            r#"{"visibility": "secret"}"#.to_owned(),
            "not one of public",
        ),
        (
            r#"{"visibility": null}"#.to_owned(),
            "visibility must be a string",
        ),
        (
            r#"{"protected": "yes"}"#.to_owned(),
            "protected must be true or false",
        ),
        (
            r#"{"os_hidden": 1}"#.to_owned(),
            "os_hidden must be true or false",
        ),
        (
            r#"{"min_ram": -1}"#.to_owned(),
            "Invalid value '-1' for parameter 'min_ram'",
        ),
        (r#"{"min_ram": 2147483648}"#.to_owned(), "2147483647"),
        (
            r#"{"min_disk": 1e300}"#.to_owned(),
            "min_disk must be an integer",
        ),
        (
            r#"{"min_disk": 1.5}"#.to_owned(),
            "min_disk must be an integer",
        ),
        (
            r#"{"min_disk": null}"#.to_owned(),
            "min_disk must be an integer",
        ),
        (
            r#"{"tags": "x"}"#.to_owned(),
            "tags must be an array of strings",
        ),
        (
            r#"{"tags": [1]}"#.to_owned(),
            "tags must be an array of strings",
        ),
        (r#"{"tags": [""]}"#.to_owned(), "must not be empty"),
        (r#"{"owner": "🚀"}"#.to_owned(), "4 byte unicode"),
        (r#"{"colour": null}"#.to_owned(), "colour must be a string"),
        (
            r#"{"colour": {"a": "b"}}"#.to_owned(),
            "colour must be a string",
        ),
        (r#"{"": "x"}"#.to_owned(), "must not be empty"),
        (format!(r#"{{"{long}": "x"}}"#), "at most 255 characters"),
        (
            format!(r#"{{"k": "{}"}}"#, "x".repeat(65_536)),
            "at most 65535",
        ),
        ("[]".to_owned(), "must be an object"),
    ] {
        let site = Site::new();

        let refused = site.post(ALICE, "/v2/images", body.clone()).await;

        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        refused.assert_says(why, &body);
        assert!(site.memory.catalog.images().is_empty());
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused() {
    let deep = "[".repeat(1000);
    for (body, why) in [
        ("", "Body expected in request."),
        (r#"{"name":"#, "Malformed JSON in request body."),
        ("5", "Unexpected body type. Expected list/dict."),
        (r#""x""#, "Unexpected body type. Expected list/dict."),
        ("null", "Unexpected body type. Expected list/dict."),
        (deep.as_str(), "Malformed JSON in request body."),
    ] {
        let refused = Site::new().post(ALICE, "/v2/images", body.to_owned()).await;

        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(refused.explanation(), why);
    }
    let undecodable = Site::new()
        .post(ALICE, "/v2/images", vec![b'{', b'"', 0xff])
        .await;
    assert_eq!(undecodable.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let options = ApiOptions {
        json_limit_bytes: 100,
        ..ApiOptions::default()
    };
    let site = Site::with(options, Settings::default());

    let refused = site
        .post(
            ALICE,
            "/v2/images",
            format!(r#"{{"name": "{}"}}"#, "x".repeat(100)),
        )
        .await;

    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_belongs_to_the_service_is_forbidden_once_the_rest_fits() {
    for name in [
        "created_at",
        "updated_at",
        "status",
        "checksum",
        "size",
        "virtual_size",
        "self",
        "file",
        "schema",
        "direct_url",
        "stores",
        "locations",
        "location",
        "deleted",
        "deleted_at",
        "os_glance_x",
        "os_hash_algo",
        "os_hash_value",
        "image_id",
        "extra_properties",
    ] {
        let site = Site::new();

        let refused = site
            .post(ALICE, "/v2/images", format!(r#"{{"{name}": "x"}}"#))
            .await;
        let invalid = site
            .post(
                ALICE,
                "/v2/images",
                format!(r#"{{"{name}": "x", "zz": 5}}"#),
            )
            .await;

        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}");
        assert_eq!(invalid.status, StatusCode::BAD_REQUEST, "{name}");
        assert!(site.memory.catalog.images().is_empty());
    }
}

#[tokio::test]
async fn only_administrators_create_for_others() {
    let site = Site::new();

    for body in [
        r#"{"owner": "p2"}"#,
        r#"{"owner": null}"#,
        r#"{"owner": ""}"#,
    ] {
        let refused = site.post(ALICE, "/v2/images", body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{body}");
        assert!(
            refused
                .explanation()
                .starts_with("Access was denied to this resource.")
        );
    }
    assert_eq!(
        site.post(ADMIN, "/v2/images", r#"{"owner": "p2"}"#)
            .await
            .json()["owner"],
        "p2"
    );
    assert_eq!(
        site.post(ADMIN, "/v2/images", r#"{"owner": null}"#)
            .await
            .json()["owner"],
        Value::Null
    );
    assert_eq!(
        site.post(ADMIN, "/v2/images", "{}").await.json()["owner"],
        "pa"
    );
}

#[tokio::test]
async fn policies_hold_for_creating() {
    let site = Site::new();

    for who in [READER, ROLELESS] {
        let refused = site.post(who, "/v2/images", "{}").await;
        assert_eq!(
            refused.explanation(),
            "You are not authorized to complete add_image action."
        );
    }
    let public = site
        .post(ALICE, "/v2/images", r#"{"visibility": "public"}"#)
        .await;
    assert_eq!(public.status, StatusCode::FORBIDDEN);
    let community = site
        .post(ALICE, "/v2/images", r#"{"visibility": "community"}"#)
        .await;
    assert_eq!(community.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_id_is_used_once_for_ever() {
    let site = Site::new();
    let body = format!(r#"{{"id": "{ABSENT}"}}"#);
    site.image(ALICE, &body).await;

    let again = site.post(BOB, "/v2/images", body.clone()).await;
    site.delete(ALICE, &format!("/v2/images/{ABSENT}")).await;
    let after = site.post(BOB, "/v2/images", body).await;

    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(after.status, StatusCode::CONFLICT);
    assert_eq!(
        after.explanation(),
        format!("Image ID {ABSENT} already exists!")
    );
}

#[tokio::test]
async fn quotas_are_413() {
    let site = Site::with_quotas(Quotas {
        tags: Some(1),
        properties: Some(1),
        images: ImageQuotas {
            all: Some(1),
            queued: None,
        },
        ..Quotas::default()
    });

    for body in [r#"{"tags": ["a", "b"]}"#, r#"{"a": "1", "b": "2"}"#] {
        assert_eq!(
            site.post(ALICE, "/v2/images", body).await.status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
    }
    site.image(ALICE, r#"{"tags": ["a"], "b": "2"}"#).await;
    assert_eq!(
        site.post(ALICE, "/v2/images", "{}").await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn the_quota_of_queued_images_is_413_until_one_has_data_or_is_gone() {
    let site = Site::with_quotas(Quotas {
        images: ImageQuotas {
            all: None,
            queued: Some(2),
        },
        ..Quotas::default()
    });
    let queued = [site.image(ALICE, RAW).await, site.image(ALICE, RAW).await];

    let refused = site.post(ALICE, "/v2/images", "{}").await;
    site.upload(ALICE, &queued[0], "data").await;
    let after_upload = site.post(ALICE, "/v2/images", "{}").await;
    let full_again = site.post(ALICE, "/v2/images", "{}").await;
    site.delete(ALICE, &format!("/v2/images/{}", queued[1]))
        .await;
    let after_delete = site.post(ALICE, "/v2/images", "{}").await;
    let other_project = site.post(BOB, "/v2/images", "{}").await;

    assert_eq!(
        refused.explanation(),
        "The limit on queued images of a project is exceeded: attempted 3, maximum 2."
    );
    for (answer, status) in [
        (refused, StatusCode::PAYLOAD_TOO_LARGE),
        (after_upload, StatusCode::CREATED),
        (full_again, StatusCode::PAYLOAD_TOO_LARGE),
        (after_delete, StatusCode::CREATED),
        (other_project, StatusCode::CREATED),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}
