//! Data that is kept aside for an import.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use glance_core::domain::{Quotas, Status};
use glance_core::{ImportSettings, Settings};
use glance_http::ApiOptions;
use serde_json::json;

use super::support::{ALICE, Answer, RAW, READER, Site, Who, request, staging};

async fn stage(site: &Site, who: Who, id: &str, data: &'static str) -> Answer {
    let request = request(who, Method::PUT, &format!("/v2/images/{id}/stage"))
        .header("content-type", "application/octet-stream");
    site.send(request.body(Body::from(data)).unwrap()).await
}

/// The images whose data is in the staging area.
fn in_staging(site: &Site) -> Vec<String> {
    let (whole, partial) = site.memory.staging.contents();
    assert_eq!(partial, 0);
    whole.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn staged_data_is_kept_aside_and_its_size_is_known() {
    let site = Site::new();
    // Formats may be said later.
    let id = site.image(ALICE, "{}").await;

    let staged = stage(&site, ALICE, &id, "data").await;

    assert_eq!(staged.status, StatusCode::NO_CONTENT, "{}", staged.text());
    let shown = site.get(ALICE, &format!("/v2/images/{id}")).await.json();
    assert_eq!(shown["status"], "uploading");
    assert_eq!(shown["size"], 4);
    assert_eq!(shown["checksum"], json!(null));
    assert_eq!(in_staging(&site), std::slice::from_ref(&id));
    let file = site.get(ALICE, &format!("/v2/images/{id}/file")).await;
    assert_eq!(file.status, StatusCode::NO_CONTENT);
    // It stays, whatever restarts.
    site.memory.build().unwrap().scrub().await.unwrap();
    assert_eq!(in_staging(&site), [id]);
}

#[tokio::test]
async fn only_a_queued_image_of_one_s_own_is_staged_to() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    assert_eq!(
        stage(&site, READER, &id, "x").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        stage(&site, ALICE, &id, "data").await.status,
        StatusCode::NO_CONTENT
    );

    let twice = stage(&site, ALICE, &id, "other").await;
    let uploaded = site.upload(ALICE, &id, "other").await;

    assert_eq!(twice.status, StatusCode::CONFLICT, "{}", twice.text());
    assert_eq!(uploaded.status, StatusCode::CONFLICT);
    assert_eq!(site.held(&id).await.size, Some(4));
}

#[tokio::test]
async fn data_that_is_refused_leaves_nothing() {
    let site = Site::with_quotas(Quotas {
        image_bytes: Some(4),
        ..Quotas::default()
    });
    let id = site.image(ALICE, RAW).await;
    let stage_with = async |header: &str, value: &str, data: &'static str| {
        let request = request(ALICE, Method::PUT, &format!("/v2/images/{id}/stage"))
            .header("content-type", "application/octet-stream")
            .header(header, value);
        site.send(request.body(Body::from(data)).unwrap())
            .await
            .status
    };

    let too_large = stage(&site, ALICE, &id, "12345").await.status;
    let too_short = stage_with("x-openstack-image-size", "4", "123").await;
    let no_size = stage_with("x-openstack-image-size", "many", "123").await;

    assert_eq!(too_large, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(too_short, StatusCode::BAD_REQUEST);
    assert_eq!(no_size, StatusCode::BAD_REQUEST);
    let held = site.held(&id).await;
    assert_eq!((held.status(), held.size), (Status::Queued, None));
    assert!(in_staging(&site).is_empty());
    assert!(site.memory.catalog.intents().is_empty());
}

#[tokio::test]
async fn a_delete_takes_staged_data_with_it() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    stage(&site, ALICE, &id, "data").await;

    let deleted = site.delete(ALICE, &format!("/v2/images/{id}")).await;

    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert!(in_staging(&site).is_empty());
    assert!(site.memory.catalog.intents().is_empty());
}

#[tokio::test]
async fn staged_data_that_nobody_imports_goes_when_its_lease_ends() {
    let lifetime = Duration::from_secs(3600);
    let settings = Settings {
        queued_lifetime: Some(lifetime),
        import: ImportSettings {
            self_reference: Some("http://node-1:9292".to_owned()),
            ..staging()
        },
        ..Settings::default()
    };
    let site = Site::with(ApiOptions::default(), settings);
    let id = site.image(ALICE, RAW).await;
    stage(&site, ALICE, &id, "data").await;
    let host = |image: &glance_core::domain::Image| {
        let host = image.properties.iter().next();
        host.map(|(name, value)| (name.to_string(), value.as_str().to_owned()))
    };
    let staged = site.held(&id).await;

    site.memory.clock.advance(lifetime - Duration::from_secs(1));
    site.glance.scrub().await.unwrap();
    assert_eq!(in_staging(&site), std::slice::from_ref(&id));
    site.memory.clock.advance(Duration::from_secs(1));
    site.glance.scrub().await.unwrap();

    let told = (
        "os_glance_stage_host".to_owned(),
        "http://node-1:9292".to_owned(),
    );
    assert_eq!(host(&staged), Some(told));
    assert!(in_staging(&site).is_empty());
    let held = site.held(&id).await;
    assert_eq!(
        (held.status(), held.size, host(&held)),
        (Status::Queued, None, None)
    );
    assert_eq!(
        stage(&site, ALICE, &id, "data").await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn the_ways_to_import_are_told_and_no_other_is_there() {
    let site = Site::new();
    let settings = Settings {
        import: ImportSettings {
            methods: Vec::new(),
            ..ImportSettings::default()
        },
        ..Settings::default()
    };
    let none = Site::with(ApiOptions::default(), settings);
    let methods = async |site: &Site| {
        let info = site.get(ALICE, "/v2/info/import").await.json();
        info["import-methods"]["value"].clone()
    };

    assert_eq!(methods(&site).await, json!(["glance-direct", "copy-image"]));
    assert_eq!(methods(&none).await, json!([]));
    let created = site.post(ALICE, "/v2/images", RAW).await;
    assert_eq!(
        created.headers["openstack-image-import-methods"],
        "glance-direct,copy-image"
    );
    let created = none.post(ALICE, "/v2/images", RAW).await;
    assert!(
        !created
            .headers
            .contains_key("openstack-image-import-methods")
    );
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let refused = stage(&none, ALICE, &id, "data").await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}
