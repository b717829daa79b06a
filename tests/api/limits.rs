//! Limits on what a project may have: 413 where they are passed, and `/v2/info/usage`.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use futures::stream;
use glance_core::Settings;
use glance_core::domain::{ProjectId, ProjectLimits, Quotas, Status};
use glance_core::memory::{FixedLimits, MemoryGlance};
use glance_core::ports::{LimitError, LimitSource};
use glance_http::ApiOptions;
use serde_json::json;

use super::support::{ADMIN, ALICE, Answer, BOB, RAW, Site, Who, request, staging};
use super::web::WebSite;

const MIB: u64 = 1 << 20;

/// A site on which a source says what projects may have.
fn limited(source: impl LimitSource) -> Site {
    let settings = Settings {
        import: staging(),
        ..Settings::default()
    };
    let memory = MemoryGlance::new()
        .with_settings(settings)
        .with_limits(Arc::new(source));
    let glance = memory.build().unwrap();
    Site::of(ApiOptions::default(), memory, glance)
}

/// A site with the same storage for each project: `user_storage_quota`.
fn storage(bytes: u64) -> Quotas {
    Quotas {
        project: ProjectLimits {
            stored_bytes: Some(bytes),
            ..ProjectLimits::default()
        },
        ..Quotas::default()
    }
}

/// A body of so many bytes that does not say how many.
fn chunked(bytes: usize) -> Body {
    let chunks = (0..bytes).map(|_| Ok::<_, std::io::Error>("x"));
    Body::from_stream(stream::iter(chunks))
}

impl Site {
    /// Uploads to a new image; gives its id, too.
    async fn uploaded(&self, who: Who, body: impl Into<Body>) -> (String, Answer) {
        let id = self.image(who, RAW).await;
        let answer = self.upload(who, &id, body).await;
        (id, answer)
    }
}

#[tokio::test]
async fn data_that_passes_a_limit_is_stopped_and_its_image_queued_again() {
    let cap = Quotas {
        image_bytes: Some(10),
        ..Quotas::default()
    };
    for quotas in [cap, storage(10)] {
        let site = Site::with_quotas(quotas);
        let (id, answer) = site.uploaded(ALICE, chunked(11)).await;

        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(answer.text().contains("maximum 10"), "{}", answer.text());
        assert_eq!(site.held(&id).await.status(), Status::Queued);
        assert_eq!(site.memory.store.contents(), (Vec::new(), 0));
        let answer = site.upload(ALICE, &id, chunked(10)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_size_that_is_told_is_refused_by_itself() {
    let site = Site::with_quotas(storage(10));
    let id = site.image(ALICE, RAW).await;
    let told = request(ALICE, Method::PUT, &format!("/v2/images/{id}/file"))
        .header("content-type", "application/octet-stream")
        .header("x-openstack-image-size", "11");

    let answer = site.send(told.body(chunked(10)).unwrap()).await;

    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(site.held(&id).await.status(), Status::Queued);
}

#[tokio::test]
async fn storage_is_counted_for_each_project_and_free_again_after_a_delete() {
    let site = Site::with_quotas(storage(10));
    let (id, answer) = site.uploaded(ALICE, "0123456789").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);

    let (_, full) = site.uploaded(ALICE, "0").await;
    let (_, others) = site.uploaded(BOB, "0123456789").await;
    site.delete(ALICE, &format!("/v2/images/{id}")).await;
    let (_, again) = site.uploaded(ALICE, "0123456789").await;

    assert_eq!(full.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(others.status, StatusCode::NO_CONTENT);
    assert_eq!(again.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn whose_image_it_is_pays_for_the_data() {
    let site = Site::with_quotas(storage(10));
    let id = site.image(ALICE, RAW).await;

    let by_another = site.upload(ADMIN, &id, "0123456789").await;
    let (_, of_the_owner) = site.uploaded(ALICE, "0").await;
    let (_, of_the_other) = site.uploaded(ADMIN, "0123456789").await;

    assert_eq!(by_another.status, StatusCode::NO_CONTENT);
    assert_eq!(of_the_owner.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(of_the_other.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn locations_count_as_data_whichever_way_they_come() {
    let (first, second) = ("http://images.example/1", "http://images.example/2");
    let settings = Settings {
        quotas: storage(15),
        ..Settings::default()
    };
    let options = ApiOptions {
        show_locations: true,
        ..ApiOptions::default()
    };
    let web = WebSite::with(options, settings);
    web.web.publish(first, "0123456789");
    web.web.publish(second, "0123456789");
    let site = &web.site;
    let located = async |id: &str, url: &str| {
        let path = format!("/v2/images/{id}/locations");
        site.post(ALICE, &path, json!({"url": url}).to_string())
            .await
    };
    let patched = async |id: &str, url: &str| {
        let location = json!({"url": url, "metadata": {}});
        let add = json!([{"op": "add", "path": "/locations/-", "value": location}]);
        site.patch(ADMIN, id, add.to_string()).await
    };
    let [one, other] = [site.image(ALICE, RAW).await, site.image(ALICE, RAW).await];

    assert_eq!(located(&one, first).await.status, StatusCode::ACCEPTED);
    for refused in [
        located(&other, second).await,
        patched(&one, second).await,
        patched(&other, second).await,
    ] {
        assert_eq!(
            refused.status,
            StatusCode::PAYLOAD_TOO_LARGE,
            "{}",
            refused.text()
        );
    }
    assert_eq!(site.held(&other).await.status(), Status::Queued);
    assert_eq!(site.held(&one).await.locations.len(), 1);
}

#[tokio::test]
async fn images_and_uploads_are_counted_and_usage_is_told_in_mebibytes() {
    let limits = FixedLimits::new(ProjectLimits {
        images: Some(2),
        staged_bytes: Some(7 * MIB),
        stored_bytes: Some(3 * MIB),
        uploads: None,
    });
    let site = limited(limits);
    let data = vec![b'x'; usize::try_from(2 * MIB - 1).unwrap()];
    let (_, answer) = site.uploaded(ALICE, data).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    site.image(ALICE, RAW).await;

    let third = site.post(ALICE, "/v2/images", RAW).await;
    let usage = site.get(ALICE, "/v2/info/usage").await;

    assert_eq!(third.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        usage.json(),
        json!({"usage": {
            "image_size_total": {"usage": 1, "limit": 3},
            "image_stage_total": {"usage": 0, "limit": 7},
            "image_count_total": {"usage": 2, "limit": 2},
            "image_count_uploading": {"usage": 0, "limit": -1},
        }})
    );
    let site = Site::with_quotas(storage(10));
    let usage = site.get(ALICE, "/v2/info/usage").await;
    assert_eq!(usage.json(), json!({"usage": {}}));
}

#[tokio::test]
async fn no_more_images_get_data_at_a_time_than_may() {
    let site = limited(FixedLimits::new(ProjectLimits {
        uploads: Some(1),
        ..ProjectLimits::default()
    }));
    site.stored_image(7, Status::Saving).await;

    let (_, second) = site.uploaded(ALICE, "x").await;
    let (_, others) = site.uploaded(BOB, "x").await;

    assert_eq!(second.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(others.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_is_staged_has_a_limit_of_its_own() {
    let site = limited(FixedLimits::new(ProjectLimits {
        staged_bytes: Some(10),
        ..ProjectLimits::default()
    }));
    let stage = async |who, body: Body| {
        let id = site.image(who, RAW).await;
        let put = request(who, Method::PUT, &format!("/v2/images/{id}/stage"))
            .header("content-type", "application/octet-stream");
        (site.send(put.body(body).unwrap()).await, id)
    };

    for body in [Body::from("01234567890"), chunked(11)] {
        let (refused, id) = stage(ALICE, body).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        let text = refused.text();
        assert!(
            text.contains("stages") && text.contains("maximum 10"),
            "{text}"
        );
        assert_eq!(site.held(&id).await.status(), Status::Queued);
    }
    assert_eq!(site.memory.staging.contents(), (Vec::new(), 0));
    let (staged, _) = stage(ALICE, chunked(10)).await;
    let (full, _) = stage(ALICE, Body::from("0")).await;
    let (others, _) = stage(BOB, Body::from("0123456789")).await;

    assert_eq!(staged.status, StatusCode::NO_CONTENT);
    assert_eq!(full.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(others.status, StatusCode::NO_CONTENT);
}

/// Nobody can say.
#[derive(Debug)]
struct Away;

#[async_trait]
impl LimitSource for Away {
    async fn limits(&self, _: &ProjectId) -> Result<ProjectLimits, LimitError> {
        let source = "canary".into();
        Err(LimitError::Unavailable { source })
    }
}

#[tokio::test]
async fn where_nobody_can_say_what_may_be_had_it_is_503_and_worth_another_try() {
    let site = limited(Away);

    for answer in [
        site.post(ALICE, "/v2/images", RAW).await,
        site.get(ALICE, "/v2/info/usage").await,
    ] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "5");
        assert!(!answer.text().contains("canary"));
    }
}
