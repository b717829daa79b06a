//! Rule R5: what belongs to the service is written by no client, on no way, in no status.

use axum::http::StatusCode;
use glance_core::domain::Status;
use serde_json::{Value, json};

use super::support::{ADMIN, ALICE, Site, V20, V21, patch_request};

/// Every attribute of the published schema that only the service sets, and names that are none.
async fn names_of_the_service(site: &Site) -> Vec<String> {
    let schema = site.get(ALICE, "/v2/schemas/image").await.json();
    let properties = schema["properties"].as_object().unwrap();
    let mut names: Vec<String> = properties
        .iter()
        .filter(|(name, property)| property["readOnly"] == true || *name == "id")
        .map(|(name, _)| name.clone())
        .collect();
    names.extend(
        [
            "locations",
            "location",
            "deleted",
            "deleted_at",
            "os_glance_import_task",
            "os_glance_x",
        ]
        .map(str::to_owned),
    );
    assert!(names.len() > 15, "{names:?}");
    names
}

#[tokio::test]
async fn no_patch_writes_what_belongs_to_the_service() {
    let site = Site::new();
    let names = names_of_the_service(&site).await;
    let values = [
        json!("x"),
        json!(1),
        Value::Null,
        json!([]),
        json!({"url": "file:///etc/passwd", "metadata": {}}),
    ];
    let statuses = Status::ALL
        .into_iter()
        .filter(|status| *status != Status::Deleted);

    for (number, status) in (1..).zip(statuses) {
        let image = site.stored_image(number, status).await;
        for (name, value) in names
            .iter()
            .flat_map(|name| values.iter().map(move |value| (name, value)))
        {
            for path in [
                format!("/{name}"),
                format!("/ {name} "),
                format!("/{name}/0"),
                format!("/{name}/-"),
            ] {
                for op in ["add", "replace", "remove"] {
                    let v21 = json!([{"op": op, "path": path, "value": value}]).to_string();
                    let v20 = json!([{op: path, "value": value}]).to_string();
                    for (media, body) in [(V21, v21), (V20, v20)] {
                        for who in [ALICE, ADMIN] {
                            let request =
                                patch_request(who, image.id.as_str(), media, body.clone());
                            let refused = site.send(request).await.status;
                            assert!(
                                matches!(refused.as_u16(), 400 | 403 | 409),
                                "{status} {body}: {refused}"
                            );
                        }
                    }
                }
            }
        }
        assert_eq!(site.held(image.id.as_str()).await, image, "{status}");
    }
}

#[tokio::test]
async fn no_header_writes_what_belongs_to_the_service() {
    let site = Site::new();
    let id = site.image(ALICE, super::support::RAW).await;
    let before = site.held(&id).await;

    for name in [
        "status",
        "size",
        "checksum",
        "location",
        "owner",
        "property-os_glance_x",
    ] {
        let request =
            super::support::request(ALICE, axum::http::Method::GET, &format!("/v2/images/{id}"))
                .header(format!("x-image-meta-{name}"), "1")
                .body(axum::body::Body::empty());
        assert_eq!(site.send(request.unwrap()).await.status, StatusCode::OK);
    }

    assert_eq!(site.held(&id).await, before);
}
