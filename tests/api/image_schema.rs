//! Custom properties that an operator declares: `schema-image.json`.

use axum::http::StatusCode;
use glance_core::Settings;
use glance_http::ApiOptions;
use serde_json::json;

use super::support::{ALICE, Site};

fn site(schema: &str) -> Site {
    let options = ApiOptions {
        image_schema: schema.parse().unwrap(),
        ..ApiOptions::default()
    };
    Site::with(options, Settings::default())
}

const DECLARED: &str = r#"{
    "kernel_id": {"type": ["null", "string"], "pattern": "^[0-9a-f]{4}$"},
    "cores": {"type": "integer", "minimum": 1},
    "policy": {"enum": ["keep", "drop"]},
    "list": {"type": "array"},
    "flag": {"type": "boolean"}
}"#;

#[tokio::test]
async fn a_declared_property_takes_what_its_schema_allows() {
    let site = site(DECLARED);
    let body = r#"{"kernel_id": null, "cores": 2, "policy": "keep", "flag": true, "free": "x"}"#;

    let created = site.post(ALICE, "/v2/images", body).await;

    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let created = created.json();
    let id = created["id"].as_str().unwrap();
    let shown = site.get(ALICE, &format!("/v2/images/{id}")).await.json();
    for image in [&created, &shown] {
        // Upstream keeps every value as text.
        assert_eq!(image["kernel_id"], json!(null));
        assert_eq!(image["cores"], "2");
        assert_eq!(image["policy"], "keep");
        assert_eq!(image["flag"], "1");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_on_create_and_on_patch() {
    let site = site(DECLARED);
    let id = site.image(ALICE, "{}").await;

    for (name, value) in [
        ("kernel_id", r#""xyz""#),
        ("kernel_id", "7"),
        ("cores", "0"),
        ("cores", r#""2""#),
        ("policy", r#""other""#),
        ("policy", "null"),
        ("list", "[1]"),
        ("undeclared", "null"),
    ] {
        let created = site
            .post(ALICE, "/v2/images", format!(r#"{{"{name}": {value}}}"#))
            .await;
        let patch = format!(r#"[{{"op": "add", "path": "/{name}", "value": {value}}}]"#);
        let patched = site.patch(ALICE, &id, patch).await;

        for answer in [created, patched] {
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}: {value}");
            let text = answer.explanation();
            assert!(text.contains("schema 'image'"), "{text}");
            assert!(text.contains(name), "{text}");
        }
    }
}

#[tokio::test]
async fn a_patch_sets_a_declared_property_to_nothing() {
    let site = site(DECLARED);
    let id = site.image(ALICE, r#"{"kernel_id": "00ff"}"#).await;

    let patch = r#"[{"op": "replace", "path": "/kernel_id", "value": null}]"#;
    let patched = site.patch(ALICE, &id, patch).await;

    assert_eq!(patched.status, StatusCode::OK, "{}", patched.text());
    assert_eq!(patched.json()["kernel_id"], json!(null));
    let all = site.get(ALICE, "/v2/images").await.json();
    assert_eq!(all["images"][0]["kernel_id"], json!(null));
    let empty = site.get(ALICE, "/v2/images?kernel_id=").await.json();
    assert_eq!(empty["images"], json!([]));
}

#[tokio::test]
async fn what_is_required_is_required_of_new_images_alone() {
    let site =
        site(r#"{"properties": {"cores": {"type": "integer"}}, "required": ["cores", "name"]}"#);

    let without = site.post(ALICE, "/v2/images", r#"{"cores": 1}"#).await;
    let id = site.image(ALICE, r#"{"cores": 1, "name": "n"}"#).await;
    let patch = r#"[{"op": "add", "path": "/other", "value": "x"}]"#;
    let patched = site.patch(ALICE, &id, patch).await;

    assert_eq!(without.status, StatusCode::BAD_REQUEST);
    assert!(
        without
            .explanation()
            .contains("'name' is a required property")
    );
    assert_eq!(patched.status, StatusCode::OK, "{}", patched.text());
}

#[tokio::test]
async fn the_schema_documents_show_what_is_declared() {
    let site = site(r#"{"properties": {"cores": {"type": "integer"}}, "required": ["cores"]}"#);

    let image = site.get(ALICE, "/v2/schemas/image").await.json();
    let images = site.get(ALICE, "/v2/schemas/images").await.json();

    let declared = json!({"type": "integer", "is_base": false});
    assert_eq!(image["properties"]["cores"], declared);
    assert_eq!(image["required"], json!(["cores"]));
    assert_eq!(image["properties"]["name"]["is_base"], json!(null));
    assert_eq!(images["properties"]["images"]["items"], image);
}

#[tokio::test]
async fn a_value_that_is_missing_is_an_empty_text_where_nothing_is_declared() {
    let declaring = site(DECLARED);
    let id = declaring.image(ALICE, r#"{"kernel_id": null}"#).await;
    let plain = Site::over(declaring.glance.clone());

    let shown = plain.get(ALICE, &format!("/v2/images/{id}")).await.json();

    assert_eq!(shown["kernel_id"], "");
}
