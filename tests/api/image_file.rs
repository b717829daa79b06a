//! Upload and download.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use glance_core::Settings;
use glance_core::domain::{Quotas, Status};
use glance_http::ApiOptions;
use serde_json::json;

use super::support::{ABSENT, ADMIN, ALICE, Answer, BOB, RAW, READER, Site, Who, request};

const DATA: &str = "0123456789abcdef";

async fn upload(site: &Site, who: Who, id: &str, headers: &[(&str, &str)], body: Body) -> Answer {
    let mut put = request(who, Method::PUT, &format!("/v2/images/{id}/file"));
    for (name, value) in headers {
        put = put.header(*name, *value);
    }
    site.send(put.body(body).unwrap()).await
}

async fn download(site: &Site, who: Who, id: &str, headers: &[(&str, &str)]) -> Answer {
    let mut get = request(who, Method::GET, &format!("/v2/images/{id}/file"));
    for (name, value) in headers {
        get = get.header(*name, *value);
    }
    site.send(get.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn data_comes_back_as_it_went_in() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;

    let stored = site.upload(ALICE, &id, DATA).await;

    assert_eq!((stored.status, stored.text()), (StatusCode::NO_CONTENT, ""));
    let image = site.get(ALICE, &format!("/v2/images/{id}")).await.json();
    assert_eq!(image["status"], "active");
    assert_eq!(image["size"], 16);
    assert_eq!(image["checksum"], "4032af8d61035123906e58e067140cc5");
    assert_eq!(image["os_hash_algo"], "sha512");
    assert_eq!(image["os_hash_value"].as_str().unwrap().len(), 128);

    let data = download(&site, ALICE, &id, &[]).await;
    assert_eq!((data.status, data.text()), (StatusCode::OK, DATA));
    assert_eq!(data.header("content-type"), "application/octet-stream");
    assert_eq!(data.header("content-length"), "16");
    assert_eq!(
        data.header("content-md5"),
        "4032af8d61035123906e58e067140cc5"
    );
}

#[tokio::test]
async fn nothing_is_data_too() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;

    assert_eq!(
        site.upload(ALICE, &id, "").await.status,
        StatusCode::NO_CONTENT
    );

    let image = site.get(ALICE, &format!("/v2/images/{id}")).await.json();
    assert_eq!(
        (&image["status"], &image["size"]),
        (&json!("active"), &json!(0))
    );
    let data = download(&site, ALICE, &id, &[]).await;
    assert_eq!(
        (data.status, data.header("content-length")),
        (StatusCode::OK, "0")
    );
    let range = download(&site, ALICE, &id, &[("range", "bytes=0-")]).await;
    assert_eq!(range.status, StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn an_image_without_data_has_no_content() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;

    for headers in [&[][..], &[("range", "bytes=0-3")]] {
        let nothing = download(&site, ALICE, &id, headers).await;
        assert_eq!(
            (nothing.status, nothing.text()),
            (StatusCode::NO_CONTENT, "")
        );
    }
}

#[tokio::test]
async fn only_octets_are_taken() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;

    for media in [
        &[][..],
        &[("content-type", "application/json")],
        &[("content-type", "Application/Octet-Stream")],
    ] {
        let refused = upload(&site, ALICE, &id, media, DATA.into()).await;
        assert_eq!(
            refused.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{media:?}"
        );
    }
    let with_parameter = [("content-type", "application/octet-stream; charset=x")];
    let taken = upload(&site, ALICE, &id, &with_parameter, DATA.into()).await;
    assert_eq!(taken.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_size_that_was_announced_is_held_to() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    let octets = ("content-type", "application/octet-stream");

    for (size, why) in [
        ("x", "Invalid or missing image size in request headers."),
        ("-1", "Invalid or missing image size in request headers."),
        ("5", "Size mismatch: expected 5 bytes, got 16."),
        ("50", "Size mismatch: expected 50 bytes, got 16."),
    ] {
        let headers = [octets, ("x-openstack-image-size", size)];
        let refused = upload(&site, ALICE, &id, &headers, DATA.into()).await;
        assert_eq!(
            (refused.status, refused.explanation().as_str()),
            (StatusCode::BAD_REQUEST, why)
        );
        assert_eq!(site.held(&id).await.status(), Status::Queued);
        assert_eq!(site.memory.store.contents(), (vec![], 0));
    }
    let headers = [
        octets,
        ("x-openstack-image-size", "16"),
        ("x-image-meta-store", "ignored"),
    ];
    let stored = upload(&site, ALICE, &id, &headers, DATA.into()).await;
    assert_eq!(stored.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_body_that_breaks_off_puts_the_image_back_in_the_queue() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    let chunks = [Ok("some"), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(futures::stream::iter(chunks));

    let refused = site.upload(ALICE, &id, body).await;

    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(site.held(&id).await.status(), Status::Queued);
    assert_eq!(site.memory.store.contents(), (vec![], 0));
    assert_eq!(
        site.upload(ALICE, &id, DATA).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn a_client_that_falls_silent_is_given_up() {
    use futures::StreamExt;
    let options = ApiOptions {
        stall_timeout: std::time::Duration::from_millis(50),
        ..ApiOptions::default()
    };
    let site = Site::with(options, Settings::default());
    let id = site.image(ALICE, RAW).await;
    let silent = || {
        let chunks = futures::stream::iter([Ok::<_, std::io::Error>("{")]);
        Body::from_stream(chunks.chain(futures::stream::pending()))
    };

    let stalled = site.upload(ALICE, &id, silent()).await;

    assert_eq!(stalled.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(site.held(&id).await.status(), Status::Queued);
    let json = site.post(ALICE, "/v2/images", silent()).await;
    assert_eq!(json.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn more_than_the_cap_is_413() {
    let site = Site::with_quotas(Quotas {
        image_bytes: Some(15),
        ..Quotas::default()
    });
    let id = site.image(ALICE, RAW).await;
    let chunks = futures::stream::iter([Ok::<_, std::io::Error>(DATA)]);

    for body in [Body::from(DATA), Body::from_stream(chunks)] {
        let refused = site.upload(ALICE, &id, body).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(site.held(&id).await.status(), Status::Queued);
        assert_eq!(site.memory.store.contents(), (vec![], 0));
    }
}

#[tokio::test]
async fn policies_hold_for_data() {
    let site = Site::new();
    let queued = site.image(ALICE, RAW).await;
    let active = site.image_with_data(ALICE, DATA).await;

    for (who, id, status) in [
        (READER, queued.as_str(), StatusCode::FORBIDDEN),
        (BOB, &queued, StatusCode::NOT_FOUND),
        (ALICE, ABSENT, StatusCode::NOT_FOUND),
        (ALICE, "nope", StatusCode::NOT_FOUND),
        (ALICE, &active, StatusCode::CONFLICT),
    ] {
        assert_eq!(
            site.upload(who, id, DATA).await.status,
            status,
            "{who:?} {id}"
        );
    }
    for (who, status) in [
        (READER, StatusCode::FORBIDDEN),
        (BOB, StatusCode::NOT_FOUND),
        (ALICE, StatusCode::OK),
        (ADMIN, StatusCode::OK),
    ] {
        for headers in [
            &[][..],
            &[("range", "bytes=0-15")],
            &[("content-range", "bytes 0-15/16")],
        ] {
            let answer = download(&site, who, &active, headers).await;
            let expected = match (status, headers.is_empty()) {
                (StatusCode::OK, false) => StatusCode::PARTIAL_CONTENT,
                (status, _) => status,
            };
            assert_eq!(answer.status, expected, "{who:?} {headers:?}");
        }
    }
}

#[tokio::test]
async fn data_is_served_in_two_statuses_alone() {
    for (number, status) in (1..).zip(
        Status::ALL
            .into_iter()
            .filter(|status| *status != Status::Deleted),
    ) {
        let site = Site::new();
        let image = site.stored_image_with_data(number, status).await;

        let answer = download(&site, ADMIN, image.id.as_str(), &[]).await;

        let is_served = matches!(status, Status::Active | Status::Deactivated);
        let expected = if is_served {
            StatusCode::OK
        } else {
            StatusCode::NO_CONTENT
        };
        assert_eq!(answer.status, expected, "{status}");
    }
}

#[tokio::test]
async fn a_store_cannot_be_chosen_where_there_is_one() {
    let site = Site::new();
    let id = site.image_with_data(ALICE, DATA).await;

    let refused = site
        .get(ALICE, &format!("/v2/images/{id}/file?prefer=fast"))
        .await;

    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}
