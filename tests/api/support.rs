//! A site to send requests to, and the people who send them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use bytes::Bytes;
use glance_core::domain::{Caller, Image, ImportMethod, Quotas, Status};
use glance_core::memory::MemoryGlance;
use glance_core::ports::{Catalog, ImageStore};
use glance_core::{Glance, ImportSettings, Settings};
use glance_http::{ApiOptions, Identity, router};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// Somebody who sends requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) project: &'static str,
    pub(super) roles: &'static str,
}

/// A member of project p1.
pub(super) const ALICE: Who = Who {
    project: "p1",
    roles: "member,reader",
};
/// A member of project p2.
pub(super) const BOB: Who = Who {
    project: "p2",
    roles: "member,reader",
};
/// A reader of project p1.
pub(super) const READER: Who = Who {
    project: "p1",
    roles: "reader",
};
/// Somebody of project p1 without a role.
pub(super) const ROLELESS: Who = Who {
    project: "p1",
    roles: "",
};
/// An administrator, of another project.
pub(super) const ADMIN: Who = Who {
    project: "pa",
    roles: "admin,member,reader",
};

/// A service in memory with its API, which takes identities from headers.
pub(super) struct Site {
    pub(super) memory: MemoryGlance,
    pub(super) glance: Glance,
    pub(super) router: Router,
}

impl Site {
    pub(super) fn new() -> Self {
        Self::with_quotas(Quotas::default())
    }

    pub(super) fn with(options: ApiOptions, settings: Settings) -> Self {
        let memory = MemoryGlance::new().with_settings(settings);
        let glance = memory.build().unwrap();
        Self::of(options, memory, glance)
    }

    pub(super) fn with_quotas(quotas: Quotas) -> Self {
        let settings = Settings {
            import: staging(),
            quotas,
            ..Settings::default()
        };
        Self::with(ApiOptions::default(), settings)
    }

    /// A site over another service; its own memory stays empty.
    pub(super) fn over(glance: Glance) -> Self {
        Self::of(ApiOptions::default(), MemoryGlance::new(), glance)
    }

    pub(super) fn of(options: ApiOptions, memory: MemoryGlance, glance: Glance) -> Self {
        let options = ApiOptions {
            identity: Identity::Headers,
            ..options
        };
        Self {
            router: router(glance.clone(), options),
            memory,
            glance,
        }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router.clone(), request).await
    }

    pub(super) async fn get(&self, who: Who, path: &str) -> Answer {
        self.send(request(who, Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    pub(super) async fn delete(&self, who: Who, path: &str) -> Answer {
        self.send(
            request(who, Method::DELETE, path)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    pub(super) async fn post(&self, who: Who, path: &str, body: impl Into<Body>) -> Answer {
        self.send(request(who, Method::POST, path).body(body.into()).unwrap())
            .await
    }

    pub(super) async fn put(&self, who: Who, path: &str, body: impl Into<Body>) -> Answer {
        self.send(request(who, Method::PUT, path).body(body.into()).unwrap())
            .await
    }

    /// Patches an image in the newer of the two dialects.
    pub(super) async fn patch(&self, who: Who, id: &str, body: impl Into<Body>) -> Answer {
        self.send(patch_request(who, id, V21, body)).await
    }

    /// Uploads data.
    pub(super) async fn upload(&self, who: Who, id: &str, body: impl Into<Body>) -> Answer {
        let request = request(who, Method::PUT, &format!("/v2/images/{id}/file"))
            .header("content-type", "application/octet-stream");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Creates an image and gives its id.
    pub(super) async fn image(&self, who: Who, body: &str) -> String {
        let created = self.post(who, "/v2/images", body.to_owned()).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
        created.json()["id"].as_str().unwrap().to_owned()
    }

    /// Creates an image of formats raw and bare with data.
    pub(super) async fn image_with_data(&self, who: Who, data: &'static str) -> String {
        let id = self.image(who, RAW).await;
        let uploaded = self.upload(who, &id, data).await;
        assert_eq!(
            uploaded.status,
            StatusCode::NO_CONTENT,
            "{}",
            uploaded.text()
        );
        id
    }

    /// Puts an image of p1 in the catalog, in whatever status.
    pub(super) async fn stored_image(&self, number: u128, status: Status) -> Image {
        let image = Image::queued(
            glance_core::domain::ImageId::from_bits(number),
            glance_core::domain::Timestamp::from_micros(1),
        );
        let mut image = image.stored_as(status);
        image.owner = Some("p1".parse().unwrap());
        let catalog = Arc::clone(&self.memory.catalog);
        catalog.insert(&image, None).await.unwrap();
        image
    }

    /// As [`stored_image`](Self::stored_image), with a blob and a location in whatever status.
    pub(super) async fn stored_image_with_data(&self, number: u128, status: Status) -> Image {
        let mut image = Image::queued(
            glance_core::domain::ImageId::from_bits(number),
            glance_core::domain::Timestamp::from_micros(1),
        )
        .stored_as(status);
        let upload = "stored".parse().unwrap();
        let key = glance_core::ports::BlobKey {
            image: image.id,
            upload,
            size: None,
        };
        let mut writer = self.memory.store.start(&key).await.unwrap();
        writer.write("data".into()).await.unwrap();
        image.size = Some(4);
        image.locations = vec![writer.commit().await.unwrap()];
        self.memory.catalog.insert(&image, None).await.unwrap();
        image
    }

    /// The image as the service holds it.
    pub(super) async fn held(&self, id: &str) -> Image {
        self.glance
            .image(&Caller::local_admin(), id.parse().unwrap())
            .await
            .unwrap()
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) async fn of(router: Router, request: Request<Body>) -> Self {
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A header, empty where it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The explanation and the detail of an error's page, in one line.
    pub(super) fn explanation(&self) -> String {
        let text = self.text().split_once("\n\n").map_or("", |(_, text)| text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Makes sure that an error's page tells the reason for what was asked.
    #[track_caller]
    pub(super) fn assert_says(&self, why: &str, asked: &str) {
        let explanation = self.explanation();
        assert!(explanation.contains(why), "{asked}: {explanation}");
    }
}

/// The start of somebody's request.
pub(super) fn request(who: Who, method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "glance.example")
        .header("x-identity-status", "Confirmed")
        .header("x-user-id", "u")
        .header("x-project-id", who.project)
        .header("x-roles", who.roles)
}

/// A patch in a dialect.
pub(super) fn patch_request(
    who: Who,
    id: &str,
    media: &str,
    body: impl Into<Body>,
) -> Request<Body> {
    request(who, Method::PATCH, &format!("/v2/images/{id}"))
        .header("content-type", media)
        .body(body.into())
        .unwrap()
}

/// The body of an image that data can be uploaded to.
pub(super) const RAW: &str = r#"{"disk_format": "raw", "container_format": "bare"}"#;
/// The id of no image.
pub(super) const ABSENT: &str = "00000000-0000-4000-8000-00000000dead";
pub(super) const V20: &str = "application/openstack-images-v2.0-json-patch";
pub(super) const V21: &str = "application/openstack-images-v2.1-json-patch";

/// That data may be staged.
pub(super) fn staging() -> ImportSettings {
    ImportSettings {
        methods: ImportMethod::ALL.to_vec(),
        ..ImportSettings::default()
    }
}
