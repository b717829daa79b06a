//! PATCH of `locations`, where an operator has switched it on.

use axum::http::StatusCode;
use glance_core::Settings;
use glance_core::domain::{BlobUrl, Change, HashAlgorithm, Location, Quotas};
use glance_core::ports::Catalog;
use glance_http::ApiOptions;
use serde_json::{Value, json};

use super::support::{ABSENT, ADMIN, ALICE, Answer, BOB, RAW, READER, Site, V20, patch_request};
use super::web::WebSite;

const A: &str = "http://images.example/a";
const B: &str = "http://images.example/b";
const LONGER: &str = "http://images.example/longer";

fn op(op: &str, path: &str, value: &Value) -> String {
    json!([{"op": op, "path": path, "value": value}]).to_string()
}

fn add(url: &str) -> String {
    op("add", "/locations/-", &json!({"url": url, "metadata": {}}))
}

fn replace(urls: &[&str]) -> String {
    let all: Vec<Value> = urls
        .iter()
        .map(|url| json!({"url": url, "metadata": {}}))
        .collect();
    op("replace", "/locations", &json!(all))
}

fn remove(at: &str) -> String {
    json!([{"op": "remove", "path": format!("/locations/{at}")}]).to_string()
}

fn hash(data: &str) -> String {
    let mut hasher = HashAlgorithm::Sha512.hasher();
    hasher.update(data.as_bytes());
    hasher.finish()
}

/// A location of which its hash is said.
fn said(url: &str, algorithm: &str, value: &str) -> Value {
    let validation = json!({"os_hash_algo": algorithm, "os_hash_value": value});
    json!({"url": url, "metadata": {}, "validation_data": validation})
}

fn opened(settings: Settings) -> WebSite {
    let options = ApiOptions {
        show_locations: true,
        ..ApiOptions::default()
    };
    let web = WebSite::with(options, settings);
    for (url, data) in [(A, "four"), (B, "four"), (LONGER, "longer")] {
        web.web.publish(url, data);
    }
    web
}

fn urls(image: &Value) -> Vec<&str> {
    let locations = image["locations"].as_array().unwrap().iter();
    locations.map(|at| at["url"].as_str().unwrap()).collect()
}

async fn queued(web: &WebSite) -> String {
    web.site.image(ALICE, RAW).await
}

/// An active image with data at A.
async fn active(web: &WebSite) -> String {
    let id = queued(web).await;
    ok(&web.site.patch(ALICE, &id, add(A)).await);
    web.settled().await;
    id
}

fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn the_first_location_makes_an_image_active_and_gets_it_a_hash() {
    for body in [
        add(A),
        replace(&[A]),
        op("add", "/locations/7", &json!({"url": A, "metadata": {}})),
    ] {
        let web = opened(Settings::default());
        let id = queued(&web).await;

        let image = ok(&web.site.patch(ALICE, &id, body).await);
        web.settled().await;

        assert_eq!(
            (&image["status"], &image["size"]),
            (&json!("active"), &json!(4))
        );
        assert_eq!(
            image["locations"],
            json!([{"url": A, "metadata": {"store": "web"}}])
        );
        let held = web.site.held(&id).await;
        assert_eq!(held.multihash.unwrap().value, hash("four"));
        let data = web.site.get(ALICE, &format!("/v2/images/{id}/file")).await;
        assert_eq!(data.text(), "four");
    }
}

#[tokio::test]
async fn more_locations_are_kept_in_their_order() {
    let web = opened(Settings::default());
    let id = active(&web).await;
    let first = op(
        "add",
        "/locations/0",
        &json!({"url": B, "metadata": {"k": "v"}}),
    );

    let image = ok(&web.site.patch(ALICE, &id, first).await);
    let shown = web
        .site
        .get(ALICE, &format!("/v2/images/{id}"))
        .await
        .json();

    assert_eq!(urls(&image), [B, A]);
    assert_eq!(
        shown["locations"][0]["metadata"],
        json!({"k": "v", "store": "web"})
    );
    assert_eq!(urls(&shown), [B, A]);
}

#[tokio::test]
async fn metadata_is_replaced_and_nothing_else() {
    let web = opened(Settings::default());
    let id = web.site.image_with_data(ALICE, "four").await;
    ok(&web.site.patch(ALICE, &id, add(A)).await);
    let own = web.site.held(&id).await.locations[0]
        .url
        .as_str()
        .to_owned();
    let reads = web.web.reads();

    let metadata =
        json!([{"url": own, "metadata": {"k": "v", "store": "web"}}, {"url": A, "metadata": {}}]);
    let image = ok(&web
        .site
        .patch(ALICE, &id, op("replace", "/locations", &metadata))
        .await);

    assert_eq!(urls(&image), [own.as_str(), A]);
    assert_eq!(
        image["locations"][0]["metadata"],
        json!({"k": "v", "store": "memory"})
    );
    assert_eq!(web.web.reads(), reads);
    for other in [replace(&[A]), replace(&[&own, B]), replace(&[&own, A, A])] {
        let refused = web.site.patch(ALICE, &id, other).await;
        assert_eq!(
            refused.status,
            StatusCode::BAD_REQUEST,
            "{}",
            refused.text()
        );
    }
}

/// Clients send back what they were shown, of whatever scheme.
#[tokio::test]
async fn locations_are_known_again_by_what_clients_are_shown() {
    let web = opened(Settings::default());
    let id = web.site.image_with_data(ALICE, "four").await;
    let before = web.site.held(&id).await;
    let mut kept = before.clone();
    kept.locations = ["file:///srv/images/a", "s3://key:pw@host/bucket/a"]
        .map(|url| Location::new(BlobUrl::new(url)))
        .to_vec();
    kept.updated_at = before.updated_at.after(std::time::Duration::from_secs(1));
    let change = Change::of_edit(before, kept.clone());
    web.memory.catalog.commit(&change).await.unwrap();

    let shown = web
        .site
        .get(ALICE, &format!("/v2/images/{id}"))
        .await
        .json();
    let mut all = shown["locations"].clone();
    all[1]["metadata"] = json!({"k": "v"});
    ok(&web
        .site
        .patch(ALICE, &id, op("replace", "/locations", &all))
        .await);

    assert_eq!(urls(&shown), ["file:///srv/images/a", "s3://host/bucket/a"]);
    let held = web.site.held(&id).await.locations;
    assert_eq!(held[0], kept.locations[0]);
    assert_eq!(held[1].url, kept.locations[1].url);
    assert_eq!(held[1].metadata["k"], "v");
}

#[tokio::test]
async fn a_location_goes_with_its_data_but_never_the_last() {
    let web = opened(Settings::default());
    let id = web.site.image_with_data(ALICE, "four").await;
    ok(&web.site.patch(ALICE, &id, add(A)).await);

    for (who, at, status) in [
        (ALICE, "0", 403),
        (ADMIN, "2", 400),
        (ADMIN, "x", 400),
        (ADMIN, "-1", 400),
        (ADMIN, "0", 200),
        (ADMIN, "0", 403),
    ] {
        let answer = web.site.patch(who, &id, remove(at)).await;
        assert_eq!(answer.status.as_u16(), status, "{at}: {}", answer.text());
    }

    web.settled().await;
    assert_eq!(web.memory.store.contents(), (vec![], 0));
    let data = web.site.get(ALICE, &format!("/v2/images/{id}/file")).await;
    assert_eq!(data.text(), "four");
}

#[tokio::test]
async fn the_status_decides_what_may_be_edited() {
    let web = opened(Settings::default());
    let id = active(&web).await;
    let deactivated = format!("/v2/images/{id}/actions/deactivate");
    assert_eq!(
        web.site.post(ADMIN, &deactivated, "").await.status,
        StatusCode::NO_CONTENT
    );
    let bare = web.site.image(ALICE, "{}").await;
    let fresh = queued(&web).await;

    for (who, id, body, status, why) in [
        (
            ALICE,
            &id,
            add(B),
            409,
            "add locations if image status is deactivated",
        ),
        (
            ALICE,
            &id,
            replace(&[A]),
            409,
            "replace locations if image status is deactivated",
        ),
        (
            ADMIN,
            &id,
            remove("0"),
            409,
            "remove locations if image status is deactivated",
        ),
        (
            ADMIN,
            &fresh,
            remove("0"),
            409,
            "remove locations if image status is queued",
        ),
        (ALICE, &fresh, replace(&[]), 403, "empty list"),
        (ALICE, &bare, add(A), 400, "disk_format must be set"),
        (READER, &fresh, add(A), 403, "set_image_location"),
        (BOB, &fresh, add(A), 404, "No image found"),
        (ALICE, &ABSENT.to_owned(), add(A), 404, "No image found"),
    ] {
        let refused = web.site.patch(who, id, body.clone()).await;
        assert_eq!(
            refused.status.as_u16(),
            status,
            "{body}: {}",
            refused.text()
        );
        assert!(refused.explanation().contains(why), "{}", refused.text());
    }
    assert_eq!(web.site.held(&fresh).await.locations, []);
}

#[tokio::test]
async fn locations_that_cannot_be_used_are_refused_and_nothing_is_saved() {
    let web = opened(Settings::default());
    let (fresh, full) = (queued(&web).await, active(&web).await);
    let foreign = format!("memory://memory/{}", web.stray_blob().await);
    let before = web.site.held(&full).await;
    let long = format!("http://images.example/{}", "x".repeat(255));

    for (id, url, why) in [
        (&fresh, "file:///etc/passwd", "not accepted"),
        (&fresh, "filesystem:///etc/passwd", "not accepted"),
        (&fresh, "swift+config://ref/c/o", "not accepted"),
        (&fresh, "cinder://volume", "no configured store"),
        (&fresh, "http://user:pw@images.example/a", "credentials"),
        (&fresh, foreign.as_str(), "the place of another image"),
        (&fresh, "http://images.example/absent", "cannot read it"),
        (&fresh, long.as_str(), "255 characters"),
        (&full, A, "the image has it already"),
        (&full, LONGER, "holds 6 bytes, not 4"),
    ] {
        let both = json!([
            {"op": "replace", "path": "/name", "value": "new"},
            {"op": "add", "path": "/locations/-", "value": {"url": url, "metadata": {}}},
        ]);
        let refused = web.site.patch(ALICE, id, both.to_string()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{url}");
        assert!(refused.explanation().contains(why), "{}", refused.text());
        assert!(!refused.text().contains("pw@"));
    }

    assert_eq!(web.site.held(&fresh).await.name, None);
    assert_eq!(web.site.held(&full).await, before);
}

#[tokio::test]
async fn values_that_break_the_schema_are_refused() {
    let web = opened(Settings::default());
    let id = queued(&web).await;
    let validated = |said: Value| json!({"url": A, "metadata": {}, "validation_data": said});
    let short = json!({"checksum": "ab", "os_hash_algo": "sha512", "os_hash_value": "ab"});

    for body in [
        op("add", "/locations/-", &json!("x")),
        op("add", "/locations/-", &json!({"url": A})),
        op("add", "/locations/-", &json!({"metadata": {}})),
        op("add", "/locations/-", &json!({"url": A, "metadata": "x"})),
        op(
            "add",
            "/locations/-",
            &json!({"url": A, "metadata": {"k": "x".repeat(70_000)}}),
        ),
        op("add", "/locations/-", &validated(json!({}))),
        op(
            "add",
            "/locations/-",
            &validated(json!({"os_hash_algo": "sha512"})),
        ),
        op("add", "/locations/-", &validated(short)),
        op("add", "/locations/x", &json!({"url": A, "metadata": {}})),
        op("replace", "/locations", &json!({"url": A, "metadata": {}})),
        op("replace", "/locations", &json!([{"url": A}])),
    ] {
        let refused = web.site.patch(ALICE, &id, body.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[tokio::test]
async fn what_is_said_of_the_data_is_taken_once_and_must_hold_together() {
    let web = opened(Settings::default());
    let (value, other) = (hash("four"), hash("other"));
    let at = |location: &Value| op("add", "/locations/-", location);
    let (fresh, known) = (queued(&web).await, queued(&web).await);
    let image = ok(&web
        .site
        .patch(ALICE, &known, at(&said(A, "sha512", &value)))
        .await);
    assert_eq!(image["os_hash_value"], value);
    assert_eq!(web.web.reads(), 0);

    let contradiction = json!([said(A, "sha512", &value), said(B, "sha512", &other)]);
    for (id, body, why) in [
        (
            &fresh,
            at(&said(A, "md5", &"ab".repeat(16))),
            "must be sha512",
        ),
        (&fresh, at(&said(A, "sha512", "xyz")), "hexadecimal"),
        (&fresh, at(&said(A, "sha512", "ab")), "not the correct size"),
        (
            &fresh,
            op("replace", "/locations", &contradiction),
            "Conflicting values for os_hash_value",
        ),
        (
            &known,
            at(&said(B, "sha512", &other)),
            "already set with a different value",
        ),
    ] {
        let refused = web.site.patch(ALICE, id, body.clone()).await;
        assert_eq!(
            refused.status,
            StatusCode::CONFLICT,
            "{body}: {}",
            refused.text()
        );
        assert!(refused.explanation().contains(why), "{}", refused.text());
    }

    ok(&web
        .site
        .patch(ALICE, &known, at(&said(B, "sha512", &value)))
        .await);
    assert_eq!(web.site.held(&fresh).await.locations, []);
}

#[tokio::test]
async fn locations_stop_at_their_quota_before_anybody_is_asked() {
    let web = opened(Settings {
        quotas: Quotas {
            locations: Some(1),
            ..Quotas::default()
        },
        ..Settings::default()
    });
    let (fresh, full) = (queued(&web).await, active(&web).await);

    for (id, body) in [
        (&full, add(B)),
        (&fresh, replace(&["http://nowhere/1", "http://nowhere/2"])),
    ] {
        let refused = web.site.patch(ALICE, id, body).await;
        assert_eq!(
            refused.status,
            StatusCode::PAYLOAD_TOO_LARGE,
            "{}",
            refused.text()
        );
    }
}

#[tokio::test]
async fn both_dialects_edit_locations() {
    let web = opened(Settings::default());
    let id = queued(&web).await;
    let body = json!([{"add": "/locations/-", "value": {"url": A, "metadata": {}}}]);

    let request = patch_request(ALICE, &id, V20, body.to_string());
    let image = ok(&web.site.send(request).await);

    assert_eq!(urls(&image), [A]);
}

/// Rule R4, as it is unless an operator says otherwise.
#[tokio::test]
async fn by_default_nobody_edits_locations_in_any_status() {
    let site = Site::new();
    let queued = site.image(ALICE, RAW).await;
    let active = site.image_with_data(ALICE, "data").await;
    let deactivated = site.image_with_data(ALICE, "data").await;
    let action = format!("/v2/images/{deactivated}/actions/deactivate");
    site.post(ADMIN, &action, "").await;

    for id in [queued, active, deactivated] {
        let before = site.held(&id).await;
        for who in [ALICE, ADMIN] {
            for body in [
                add(A),
                replace(&[A]),
                replace(&[]),
                remove("0"),
                remove("-"),
            ] {
                let refused = site.patch(who, &id, body).await;
                assert_eq!(refused.status, StatusCode::FORBIDDEN);
                assert!(refused.explanation().contains("locations are invisible"));
            }
        }
        assert_eq!(site.held(&id).await, before);
    }
}
