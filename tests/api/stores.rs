//! Several stores to choose from.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use glance_core::domain::{Change, Location};
use glance_core::memory::{MemoryGlance, MemoryStore};
use glance_core::ports::{BlobKey, Catalog, ImageStore};
use glance_core::{ConfiguredStore, Glance, GlanceBuilder, Stores};
use serde_json::json;

use super::support::{ADMIN, ALICE, RAW, Site, request};

/// A site with the stores `fast`, the default, and `cheap`, which is read first.
struct TwoStores {
    site: Site,
    catalog: Arc<dyn Catalog>,
    fast: MemoryStore,
    cheap: MemoryStore,
}

impl TwoStores {
    fn new() -> Self {
        let memory = MemoryGlance::new();
        let store = |name: &str| MemoryStore::new(name.parse().unwrap());
        let (fast, cheap) = (store("fast"), store("cheap"));
        let described = ConfiguredStore {
            description: Some("behind the big disks".to_owned()),
            weight: 10,
            properties: json!({"data_dir": "/srv"}).as_object().unwrap().clone(),
            ..ConfiguredStore::new(Arc::new(cheap.clone()), "file")
        };
        let all = vec![
            ConfiguredStore::new(Arc::new(fast.clone()), "file"),
            described,
        ];
        let stores = Stores::named(&"fast".parse().unwrap(), all).unwrap();
        let runtime = memory.clock.runtime(3);
        let catalog: Arc<dyn Catalog> = memory.catalog;
        let glance: Glance = GlanceBuilder::new(Arc::clone(&catalog), stores, runtime)
            .build()
            .unwrap();
        Self {
            site: Site::over(glance),
            catalog,
            fast,
            cheap,
        }
    }

    /// Uploads data to the store that a header names.
    async fn upload(&self, id: &str, store: &str, data: &'static str) -> StatusCode {
        let request = request(ALICE, Method::PUT, &format!("/v2/images/{id}/file"))
            .header("content-type", "application/octet-stream")
            .header("x-image-meta-store", store)
            .body(Body::from(data));
        self.site.send(request.unwrap()).await.status
    }

    /// An image with data in `fast`, and other data in `cheap`, so that one can tell.
    async fn image_in_both(&self) -> String {
        let id = self.site.image(ALICE, RAW).await;
        assert_eq!(
            self.upload(&id, "fast", "fast!").await,
            StatusCode::NO_CONTENT
        );
        let image = self.site.held(&id).await;
        let key = BlobKey {
            image: image.id,
            upload: "copy".parse().unwrap(),
            size: None,
        };
        let mut writer = self.cheap.start(&key).await.unwrap();
        writer.write("cheap".into()).await.unwrap();
        let url = writer.commit().await.unwrap().url;
        let mut copied = image.clone();
        // As an older Glance left it: without the name of the store.
        copied.locations.push(Location::new(url));
        let change = Change::of_edit(image, copied);
        self.catalog.commit(&change).await.unwrap();
        id
    }
}

#[tokio::test]
async fn stores_are_listed_with_what_is_said_of_them() {
    let TwoStores { site, .. } = TwoStores::new();

    let list = site.get(ALICE, "/v2/info/stores").await;
    let detail = site.get(ADMIN, "/v2/info/stores/detail").await;
    let denied = site.get(ALICE, "/v2/info/stores/detail").await;

    let cheap = json!({"id": "cheap", "description": "behind the big disks"});
    assert_eq!(
        list.json(),
        json!({"stores": [{"id": "fast", "default": "true"}, cheap]})
    );
    assert_eq!(
        detail.json()["stores"][1],
        json!({
            "id": "cheap", "description": "behind the big disks",
            "type": "file", "weight": 10, "properties": {"data_dir": "/srv"},
        })
    );
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_new_image_is_answered_with_the_stores_to_choose_from() {
    let TwoStores { site, .. } = TwoStores::new();

    let created = site.post(ALICE, "/v2/images", RAW).await;

    assert_eq!(created.header("openstack-image-store-ids"), "fast,cheap");
    assert_eq!(created.json().get("stores"), None);
}

#[tokio::test]
async fn data_goes_to_the_store_that_is_named_or_to_the_default() {
    let two = TwoStores::new();
    let by_default = two.site.image_with_data(ALICE, "data").await;
    let chosen = two.site.image(ALICE, RAW).await;

    assert_eq!(
        two.upload(&chosen, "nowhere", "data").await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        two.upload(&chosen, "cheap", "data").await,
        StatusCode::NO_CONTENT
    );

    for (id, store) in [(by_default, "fast"), (chosen, "cheap")] {
        let shown = two.site.get(ALICE, &format!("/v2/images/{id}")).await;
        assert_eq!(shown.json()["stores"], store);
        let held = two.site.held(&id).await;
        assert_eq!(held.locations[0].store(), Some(store.parse().unwrap()));
    }
}

#[tokio::test]
async fn data_is_read_from_the_heaviest_store_unless_another_is_preferred() {
    let two = TwoStores::new();
    let id = two.image_in_both().await;
    let path = format!("/v2/images/{id}/file");

    let shown = two.site.get(ALICE, &format!("/v2/images/{id}")).await;
    assert_eq!(shown.json()["stores"], "cheap,fast");
    for (query, data) in [
        ("", "cheap"),
        ("?prefer=fast", "fast!"),
        ("?prefer=fast,cheap", "fast!"),
    ] {
        let answer = two.site.get(ALICE, &format!("{path}{query}")).await;
        assert_eq!(answer.text(), data, "{query}");
    }
    let unknown = two.site.get(ALICE, &format!("{path}?prefer=nowhere")).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn where_one_store_has_lost_the_data_the_next_is_read() {
    let two = TwoStores::new();
    let id = two.image_in_both().await;
    let url = two.site.held(&id).await.locations[1].url.clone();
    two.cheap.delete(&url).await.unwrap();

    let answer = two.site.get(ALICE, &format!("/v2/images/{id}/file")).await;

    assert_eq!(answer.text(), "fast!");
}

#[tokio::test]
async fn data_can_be_taken_out_of_one_store_but_not_out_of_the_last() {
    let two = TwoStores::new();
    let id = two.image_in_both().await;
    let absent = super::support::ABSENT;
    let queued = two.site.image(ALICE, RAW).await;

    for (who, path, status) in [
        (ALICE, format!("cheap/{id}"), 403),
        (ADMIN, format!("nowhere/{id}"), 409),
        (ADMIN, format!("cheap/{absent}"), 404),
        (ADMIN, format!("cheap/{queued}"), 409),
        (ADMIN, format!("cheap/{id}"), 204),
        (ADMIN, format!("fast/{id}"), 403),
        (ADMIN, format!("cheap/{id}"), 403),
    ] {
        let answer = two.site.delete(who, &format!("/v2/stores/{path}")).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    }

    let shown = two.site.get(ALICE, &format!("/v2/images/{id}")).await;
    assert_eq!(shown.json()["stores"], "fast");
    assert_eq!(two.cheap.contents(), (vec![], 0));
    assert_eq!(two.fast.contents().0.len(), 1);
}

#[tokio::test]
async fn deleting_an_image_removes_it_from_every_store() {
    let two = TwoStores::new();
    let id = two.image_in_both().await;

    let deleted = two.site.delete(ALICE, &format!("/v2/images/{id}")).await;

    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(two.cheap.contents(), (vec![], 0));
    assert_eq!(two.fast.contents(), (vec![], 0));
}

#[tokio::test]
async fn a_service_of_one_store_offers_no_choice() {
    let site = Site::new();
    let id = site.image_with_data(ALICE, "data").await;

    for path in ["/v2/info/stores", "/v2/info/stores/detail"] {
        assert_eq!(site.get(ADMIN, path).await.status, StatusCode::NOT_FOUND);
    }
    let deleted = site.delete(ADMIN, &format!("/v2/stores/memory/{id}")).await;
    assert_eq!(deleted.status, StatusCode::NOT_FOUND);
    let path = format!("/v2/images/{id}/file?prefer=memory");
    assert_eq!(site.get(ALICE, &path).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(site.held(&id).await.locations[0].store(), None);
}

#[tokio::test]
async fn the_versions_of_several_stores_are_listed_and_served() {
    let TwoStores { site, .. } = TwoStores::new();

    let versions = site.get(ALICE, "/versions").await.json();

    let ids: Vec<&str> = versions["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids[..8],
        [
            "v2.15", "v2.13", "v2.12", "v2.11", "v2.10", "v2.9", "v2.8", "v2.17"
        ]
    );
    assert_eq!(
        site.get(ALICE, "/v2.13/images").await.status,
        StatusCode::OK
    );
    let one = Site::new().get(ALICE, "/v2.13/images").await;
    assert_eq!(one.status, StatusCode::MULTIPLE_CHOICES);
}
