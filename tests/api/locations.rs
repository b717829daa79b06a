//! `/v2/images/{image_id}/locations`: data that somebody else wrote.

use axum::http::StatusCode;
use glance_core::domain::{
    Change, HashAlgorithm, Holder, Intent, Multihash, NewLocation, Quotas, Verification, Work,
};
use glance_core::ports::Catalog;
use glance_core::{LocationSettings, Settings};
use glance_http::ApiOptions;
use serde_json::{Value, json};

use super::support::{ABSENT, ADMIN, ALICE, Answer, BOB, RAW, READER, Who};
use super::web::WebSite;

/// A service that acts for p1, as Nova does.
const NOVA: Who = Who {
    project: "p1",
    roles: "service",
};
const URL: &str = "http://images.example/disk.raw";
const DATA: &str = "the bytes of a disk";

fn hash(algorithm: HashAlgorithm, data: &str) -> String {
    let mut hasher = algorithm.hasher();
    hasher.update(data.as_bytes());
    hasher.finish()
}

/// The body of a request that expects a hash of SHA-256.
fn expecting(url: &str, value: &str) -> String {
    let said = json!({"os_hash_algo": "sha256", "os_hash_value": value});
    json!({"url": url, "validation_data": said}).to_string()
}

fn at(url: &str) -> String {
    json!({"url": url}).to_string()
}

impl WebSite {
    async fn add(&self, who: Who, id: &str, body: String) -> Answer {
        let path = format!("/v2/images/{id}/locations");
        self.site.post(who, &path, body).await
    }

    async fn locations(&self, who: Who, id: &str) -> Answer {
        self.site
            .get(who, &format!("/v2/images/{id}/locations"))
            .await
    }

    async fn shown(&self, id: &str) -> Value {
        let shown = self.site.get(ALICE, &format!("/v2/images/{id}")).await;
        shown.json()
    }

    fn published() -> Self {
        let web = Self::new();
        web.web.publish(URL, DATA);
        web
    }

    fn without_hashes() -> Self {
        let locations = LocationSettings {
            is_hashed: false,
            ..LocationSettings::default()
        };
        let settings = Settings {
            locations,
            ..Settings::default()
        };
        let web = Self::with(ApiOptions::default(), settings);
        web.web.publish(URL, DATA);
        web
    }
}

#[tokio::test]
async fn a_location_makes_its_image_active_and_gets_it_a_hash() {
    let web = WebSite::published();
    let id = web.site.image(ALICE, RAW).await;
    web.web.freeze();

    let added = web.add(ALICE, &id, at(URL)).await;
    let early = web.shown(&id).await;
    web.web.thaw();
    web.settled().await;
    let late = web.shown(&id).await;
    let data = web.site.get(ALICE, &format!("/v2/images/{id}/file")).await;

    assert_eq!((added.status, added.text()), (StatusCode::ACCEPTED, ""));
    assert_eq!(
        (&early["status"], &early["size"], &early["os_hash_value"]),
        (&json!("active"), &json!(DATA.len()), &Value::Null)
    );
    assert_eq!(late["os_hash_algo"], "sha512");
    assert_eq!(late["os_hash_value"], hash(HashAlgorithm::Sha512, DATA));
    assert_eq!(late["checksum"], hash(HashAlgorithm::Md5, DATA));
    assert_eq!(late["stores"], "web");
    assert_eq!(data.text(), DATA);
}

#[tokio::test]
async fn an_expected_hash_is_found_before_the_image_is_active() {
    let web = WebSite::published();
    let id = web.site.image(ALICE, RAW).await;
    let file = format!("/v2/images/{id}/file");
    let expected = hash(HashAlgorithm::Sha256, DATA);
    web.web.freeze();

    let added = web
        .add(NOVA, &id, expecting(URL, &expected.to_uppercase()))
        .await;
    let early = web.shown(&id).await;
    let early_data = web.site.get(ALICE, &file).await;
    web.web.thaw();
    web.settled().await;
    let late = web.shown(&id).await;

    assert_eq!(added.status, StatusCode::ACCEPTED);
    assert_eq!(early["status"], "importing");
    assert_eq!(early_data.status, StatusCode::NO_CONTENT);
    assert_eq!(late["status"], "active");
    assert_eq!(late["os_hash_algo"], "sha256");
    assert_eq!(late["os_hash_value"], expected);
    assert_eq!(late["checksum"], hash(HashAlgorithm::Md5, DATA));
    assert_eq!(web.site.get(ALICE, &file).await.text(), DATA);
}

#[tokio::test]
async fn data_of_another_hash_makes_no_image() {
    let web = WebSite::published();
    let id = web.site.image(ALICE, RAW).await;

    let other = hash(HashAlgorithm::Sha256, "other data");
    let added = web.add(ALICE, &id, expecting(URL, &other)).await;
    web.settled().await;
    let shown = web.shown(&id).await;

    assert_eq!(added.status, StatusCode::ACCEPTED);
    assert_eq!(shown["status"], "queued");
    for name in ["size", "checksum", "os_hash_algo", "os_hash_value"] {
        assert_eq!(shown[name], Value::Null, "{name}");
    }
    assert_eq!(web.locations(NOVA, &id).await.json(), json!([]));
    let again = web.add(ALICE, &id, at(URL)).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn refused_data_goes_where_its_store_can_remove_it() {
    let web = WebSite::new();
    let image = web.stray_blob().await;
    let url = format!("memory://memory/{image}");

    let other = hash(HashAlgorithm::Sha256, "other data");
    let added = web.add(NOVA, &image, expecting(&url, &other)).await;
    web.settled().await;

    assert_eq!(added.status, StatusCode::ACCEPTED);
    assert_eq!(web.shown(&image).await["status"], "queued");
    assert_eq!(web.memory.store.contents(), (vec![], 0));
    let uploaded = web.site.upload(ALICE, &image, "data").await;
    assert_eq!(uploaded.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn without_do_secure_hash_the_service_believes_what_it_is_told() {
    let web = WebSite::without_hashes();
    let (said, unsaid) = (
        web.site.image(ALICE, RAW).await,
        web.site.image(ALICE, RAW).await,
    );
    let other = hash(HashAlgorithm::Sha256, "other data");

    let one = web.add(ALICE, &said, expecting(URL, &other)).await;
    let two = web.add(ALICE, &unsaid, at(URL)).await;

    assert_eq!((one.status, two.status), (StatusCode::ACCEPTED, one.status));
    assert_eq!(web.memory.catalog.intents(), []);
    assert_eq!(web.web.reads(), 0);
    for (id, value) in [(said, json!(other)), (unsaid, Value::Null)] {
        let shown = web.shown(&id).await;
        assert_eq!(
            (&shown["status"], &shown["os_hash_value"]),
            (&json!("active"), &value)
        );
    }
}

#[tokio::test]
async fn reading_for_a_hash_is_tried_as_often_as_is_configured() {
    for (failures, hashed, reads) in [(2, true, 3), (3, false, 3)] {
        let web = WebSite::published();
        let id = web.site.image(ALICE, RAW).await;
        web.web.fail(failures);

        web.add(ALICE, &id, at(URL)).await;
        web.settled().await;

        let shown = web.shown(&id).await;
        assert_eq!(shown["status"], "active");
        assert_eq!(shown["os_hash_value"].is_string(), hashed, "{failures}");
        assert_eq!(web.web.reads(), reads);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_never_taken_for_what_was_expected() {
    let web = WebSite::published();
    let id = web.site.image(ALICE, RAW).await;
    let expected = hash(HashAlgorithm::Sha256, DATA);
    web.web.fail(3);

    web.add(ALICE, &id, expecting(URL, &expected)).await;
    web.settled().await;

    let shown = web.shown(&id).await;
    assert_eq!(
        (&shown["status"], &shown["os_hash_value"]),
        (&json!("queued"), &Value::Null)
    );
}

#[tokio::test]
async fn a_delete_stops_the_reading() {
    let web = WebSite::published();
    let expected = hash(HashAlgorithm::Sha256, DATA);
    for body in [at(URL), expecting(URL, &expected)] {
        let id = web.site.image(ALICE, RAW).await;
        web.web.freeze();
        web.add(ALICE, &id, body).await;

        let deleted = web.site.delete(ALICE, &format!("/v2/images/{id}")).await;
        web.settled().await;
        web.web.thaw();

        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        let gone = web.site.get(ALICE, &format!("/v2/images/{id}")).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn another_node_goes_on_where_one_stopped() {
    let web = WebSite::published();
    let id = web.site.image(ALICE, RAW).await;
    let queued = web.site.held(&id).await;
    let expected = Multihash {
        algorithm: "sha256".to_owned(),
        value: hash(HashAlgorithm::Sha256, DATA),
    };
    let location = NewLocation::at(URL).location;
    let now = queued.updated_at;
    let (size, before) = (DATA.len() as u64, Verification::Before);
    let importing = queued.registered(location.clone(), size, Some(expected), before, now);
    let intent = Intent {
        id: "of-a-dead-node".parse().unwrap(),
        image: queued.id,
        store: "web".parse().unwrap(),
        work: Work::Hash(location.url),
        holder: Holder {
            node: "dead".to_owned(),
            process: "1".to_owned(),
        },
        lease_until: now.after(Settings::default().lease),
    };
    let change = Change::of_status(queued, importing.unwrap()).beginning([intent]);
    web.memory.catalog.commit(&change).await.unwrap();
    let other = web.other_node();

    let early = other.scrub().await.unwrap();
    web.memory.clock.advance(Settings::default().lease);
    let late = other.scrub().await.unwrap();
    web.settled().await;

    assert_eq!((early.hashes, late.hashes), (0, 1));
    let shown = web.shown(&id).await;
    assert_eq!(
        (&shown["status"], &shown["checksum"]),
        (&json!("active"), &json!(hash(HashAlgorithm::Md5, DATA)))
    );
}

#[tokio::test]
async fn who_may_add_what_matches_the_policy() {
    let web = WebSite::published();
    let empty = "http://images.example/empty";
    web.web.publish(empty, "");
    let queued = web.stray_blob().await;
    let other = web.stray_blob().await;
    let bare = web.site.image(ALICE, "{}").await;
    let active = web.site.image_with_data(ALICE, "data").await;
    let own = format!("memory://memory/{queued}");
    let foreign = format!("memory://memory/{other}");

    for (who, id, url, status, why) in [
        (ALICE, ABSENT, URL, 404, "No image found"),
        (BOB, &queued, URL, 404, "No image found"),
        (READER, &queued, URL, 403, "add_image_location"),
        (ALICE, &active, URL, 409, "image status is active"),
        (NOVA, &active, URL, 409, "image status is active"),
        (ALICE, &bare, URL, 400, "disk_format must be set"),
        (ALICE, &queued, &own, 403, "http store must be enabled"),
        (ADMIN, &queued, &own, 403, "http store must be enabled"),
        (NOVA, &queued, &foreign, 400, "the place of another image"),
        (NOVA, &queued, "memory://memory/x", 400, "cannot read it"),
        (
            NOVA,
            &queued,
            "rbd://a/b/c/snap",
            400,
            "no configured store",
        ),
        (NOVA, &queued, "file:///etc/passwd", 400, "not accepted"),
        (
            NOVA,
            &queued,
            "filesystem:///etc/passwd",
            400,
            "not accepted",
        ),
        (NOVA, &queued, "swift+config://ref/c/o", 400, "not accepted"),
        (NOVA, &queued, "cinder://volume", 400, "no configured store"),
        (ALICE, &queued, "http://a/absent", 400, "cannot read it"),
        (ALICE, &queued, empty, 400, "there is no data"),
        (ALICE, &queued, "http://user:pw@a/b", 400, "credentials"),
        (
            ALICE,
            &queued,
            "/etc/passwd",
            403,
            "http store must be enabled",
        ),
        (NOVA, &queued, "/etc/passwd", 400, "not a URL"),
    ] {
        let refused = web.add(who, id, at(url)).await;
        assert_eq!(
            (refused.status.as_u16(), refused.explanation().contains(why)),
            (status, true),
            "{url}: {}",
            refused.text()
        );
        assert!(!refused.text().contains("pw@"), "{}", refused.text());
    }

    assert_eq!(web.shown(&queued).await["status"], "queued");
    assert_eq!(
        web.add(NOVA, &queued, at(&own)).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn bodies_that_break_the_schema_are_refused() {
    let web = WebSite::published();
    let id = web.site.image(ALICE, RAW).await;
    let said = |said: Value| json!({"url": URL, "validation_data": said}).to_string();
    let algorithm = |name: &str| said(json!({"os_hash_algo": name, "os_hash_value": "ab"}));

    for body in [
        "[]".to_owned(),
        "{}".to_owned(),
        json!({"url": 1}).to_string(),
        said(json!([])),
        said(Value::Null),
        said(json!({"os_hash_algo": "sha256"})),
        said(json!({"os_hash_value": "ab"})),
        said(json!({"checksum": "ab"})),
        algorithm("sha256"),
        algorithm("sha384"),
        algorithm("crc32"),
        expecting(URL, &"x".repeat(64)),
    ] {
        let refused = web.add(ALICE, &id, body.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }

    let taken = json!({"url": URL, "validation_data": {}, "more": 1}).to_string();
    assert_eq!(
        web.add(ALICE, &id, taken).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn quotas_hold_for_data_that_others_wrote() {
    for quotas in [
        Quotas {
            locations: Some(0),
            ..Quotas::default()
        },
        Quotas {
            image_bytes: Some(3),
            ..Quotas::default()
        },
    ] {
        let settings = Settings {
            quotas,
            ..Settings::default()
        };
        let web = WebSite::with(ApiOptions::default(), settings);
        web.web.publish(URL, DATA);
        let id = web.site.image(ALICE, RAW).await;

        let refused = web.add(ALICE, &id, at(URL)).await;

        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(web.shown(&id).await["status"], "queued");
    }
}

#[tokio::test]
async fn bytes_never_change_once_an_image_is_active() {
    let web = WebSite::published();
    let id = web.site.image(ALICE, RAW).await;
    web.add(ALICE, &id, at(URL)).await;
    web.settled().await;
    let before = web.site.held(&id).await;

    web.web.publish("http://images.example/other", "other");
    for who in [ALICE, ADMIN, NOVA] {
        let other = at("http://images.example/other");
        let again = web.add(who, &id, other).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
    }
    let uploaded = web.site.upload(ALICE, &id, "other").await;

    assert_eq!(uploaded.status, StatusCode::CONFLICT);
    assert_eq!(web.site.held(&id).await, before);
}

#[tokio::test]
async fn only_services_are_told_where_data_is() {
    let web = WebSite::published();
    let id = web.site.image(ALICE, RAW).await;
    assert_eq!(web.locations(NOVA, &id).await.json(), json!([]));
    web.add(ALICE, &id, at(URL)).await;

    let told = json!([{"url": URL, "metadata": {"store": "web"}}]);
    for who in [NOVA, ADMIN] {
        let answer = web.locations(who, &id).await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::OK, told.clone())
        );
    }
    for (who, id, status) in [
        (ALICE, id.as_str(), 403),
        (READER, &id, 403),
        (BOB, &id, 404),
        (ADMIN, ABSENT, 404),
    ] {
        let refused = web.locations(who, id).await;
        assert_eq!(refused.status.as_u16(), status, "{}", refused.text());
        assert!(!refused.text().contains(URL));
    }
}
