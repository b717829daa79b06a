//! Whether the properties of an image are what the metadata definitions say.

use axum::http::StatusCode;
use glance_core::domain::metadef::{Existing, NamespaceDocument};
use serde_json::{Value, json};

use super::support::{ADMIN, ALICE, BOB, Site};

async fn define(site: &Site, namespace: Value) {
    let document = NamespaceDocument::from_file(&namespace.to_string()).unwrap();
    let metadefs = site.glance.metadefs().unwrap();
    metadefs.load(&document, Existing::Refused).await.unwrap();
}

fn watchdog(namespace: &str, visibility: &str, resource_type: &str) -> Value {
    json!({
        "namespace": namespace,
        "visibility": visibility,
        "owner": "p2",
        "resource_type_associations": [{"name": resource_type, "prefix": "hw_"}],
        "properties": {
            "watchdog_action": {"title": "Action", "type": "string", "enum": ["pause", "reset"]},
        },
    })
}

#[tokio::test]
async fn each_broken_rule_is_told_with_its_pointer() {
    let site = Site::new();
    define(&site, watchdog("Dogs", "public", "OS::Glance::Image")).await;
    let id = site
        .image(
            ALICE,
            r#"{"hw_watchdog_action": "bark", "watchdog_action": "bark", "own": "x"}"#,
        )
        .await;

    let check = site
        .get(ALICE, &format!("/v2/images/{id}/metadefs/check"))
        .await;

    assert_eq!(check.status, StatusCode::OK);
    assert_eq!(
        check.json(),
        json!({
            "namespaces": ["Dogs"],
            "violations": [{
                "property": "hw_watchdog_action",
                "value": "bark",
                "namespace": "Dogs",
                "pointer": "/properties/watchdog_action/enum",
                "message": "is not one of pause, reset",
            }],
        })
    );
}

#[tokio::test]
async fn only_namespaces_that_are_seen_and_are_for_images_count() {
    let site = Site::new();
    define(&site, watchdog("Hidden", "private", "OS::Glance::Image")).await;
    define(&site, watchdog("Flavors", "public", "OS::Nova::Flavor")).await;
    let fields = r#"{"hw_watchdog_action": "bark", "visibility": "private"}"#;
    let of_alice = site.image(ALICE, fields).await;
    let of_bob = site.image(BOB, fields).await;
    let namespaces = async |who, id: &str| {
        let check = site
            .get(who, &format!("/v2/images/{id}/metadefs/check"))
            .await;
        check.json()["namespaces"].clone()
    };

    assert_eq!(namespaces(ALICE, &of_alice).await, json!([]));
    assert_eq!(namespaces(BOB, &of_bob).await, json!(["Hidden"]));
    assert_eq!(namespaces(ADMIN, &of_alice).await, json!(["Hidden"]));
}

#[tokio::test]
async fn more_namespaces_than_are_held_at_once_are_all_looked_at() {
    let site = Site::new();
    for at in 0..205 {
        let namespace = watchdog(&format!("Dogs{at:03}"), "public", "OS::Glance::Image");
        define(&site, namespace).await;
    }
    let id = site.image(ALICE, r#"{"hw_watchdog_action": "bark"}"#).await;

    let check = site
        .get(ALICE, &format!("/v2/images/{id}/metadefs/check"))
        .await
        .json();

    assert_eq!(check["violations"].as_array().unwrap().len(), 205);
    assert_eq!(check["namespaces"][204], "Dogs204");
}

#[tokio::test]
async fn an_image_that_is_not_seen_is_not_there() {
    let site = Site::new();
    let id = site.image(ALICE, r#"{"visibility": "private"}"#).await;

    let hidden = site
        .get(BOB, &format!("/v2/images/{id}/metadefs/check"))
        .await;
    let absent = site
        .get(
            BOB,
            "/v2/images/00000000-0000-0000-0000-000000000000/metadefs/check",
        )
        .await;

    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
}
