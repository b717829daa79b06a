//! Schema documents: what stands in them is upstream's, the descriptions are not.

use axum::http::StatusCode;
use glance_core::Settings;
use glance_core::domain::Formats;
use glance_http::ApiOptions;
use serde_json::Value;

use super::support::{ALICE, Site};

/// A schema without descriptions, as a golden file holds it.
async fn meaning(name: &str) -> String {
    fn strip(value: &mut Value) {
        if let Value::Object(map) = value {
            if map.get("description").is_some_and(Value::is_string) {
                map.remove("description");
            }
            map.values_mut().for_each(strip);
        } else if let Value::Array(items) = value {
            items.iter_mut().for_each(strip);
        }
    }
    let answer = Site::new().get(ALICE, &format!("/v2/schemas/{name}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut schema = answer.json();
    strip(&mut schema);
    format!("{}\n", serde_json::to_string_pretty(&schema).unwrap())
}

#[tokio::test]
async fn schemas_match_those_of_upstream() {
    // Made from the answers of Python Glance 33.0.0, descriptions left out.
    expect_test::expect_file!["golden/schema-image.json"].assert_eq(&meaning("image").await);
    expect_test::expect_file!["golden/schema-images.json"].assert_eq(&meaning("images").await);
    expect_test::expect_file!["golden/schema-member.json"].assert_eq(&meaning("member").await);
    expect_test::expect_file!["golden/schema-members.json"].assert_eq(&meaning("members").await);
    for name in [
        "namespace",
        "namespaces",
        "object",
        "objects",
        "properties",
        "property",
        "resource_type",
        "resource_types",
        "tag",
        "tags",
    ] {
        let file = format!(
            "{}/tests/api/golden/schema-metadef-{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        expect_test::expect_file![file].assert_eq(&meaning(&format!("metadefs/{name}")).await);
    }
    expect_test::expect_file!["golden/schema-task.json"].assert_eq(&meaning("task").await);
    expect_test::expect_file!["golden/schema-tasks.json"].assert_eq(&meaning("tasks").await);
}

#[tokio::test]
async fn formats_are_those_of_the_service() {
    let formats = Formats {
        disk: vec!["raw".to_owned()],
        container: vec!["bare".to_owned()],
    };
    let site = Site::with(
        ApiOptions::default(),
        Settings {
            formats,
            ..Settings::default()
        },
    );

    let schema = site.get(ALICE, "/v2/schemas/image").await.json();

    assert_eq!(
        schema["properties"]["disk_format"]["enum"],
        serde_json::json!([null, "raw"])
    );
    assert_eq!(
        schema["properties"]["container_format"]["enum"],
        serde_json::json!([null, "bare"])
    );
}

#[tokio::test]
async fn there_are_no_other_schemas() {
    let site = Site::new();

    for name in ["nothing", "image/", ""] {
        let absent = site.get(ALICE, &format!("/v2/schemas/{name}")).await;
        assert_eq!(absent.status, StatusCode::NOT_FOUND, "{name}");
    }
}
