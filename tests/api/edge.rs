//! What stands before the API: pages of other origins, proxies, compression, the health check.

use std::io::Read;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flate2::read::GzDecoder;
use glance_core::Settings;
use glance_http::{ApiOptions, Cors, CorsRule, HealthCheck, HealthOptions, router};
use serde_json::{Value, json};

use super::support::{ALICE, Answer, RAW, Site, request};

const HORIZON: &str = "https://horizon.example";

fn site(options: ApiOptions) -> Site {
    Site::with(options, Settings::default())
}

fn sharing(cors: Cors) -> Site {
    site(ApiOptions {
        cors,
        ..ApiOptions::default()
    })
}

async fn send(router: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers.iter().fold(
        Request::builder().method(method).uri(path),
        |request, (name, value)| request.header(*name, *value),
    );
    Answer::of(router.clone(), request.body(Body::empty()).unwrap()).await
}

/// What a browser asks before a page uploads data: nobody knows who it is.
async fn preflight(site: &Site, origin: &str, method: &str, headers: &str) -> Answer {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ];
    send(&site.router, Method::OPTIONS, "/v2/images/x/file", &asked).await
}

#[tokio::test]
async fn a_browser_is_told_that_a_page_may_upload() {
    let site = sharing(Cors::default().allowing(HORIZON, CorsRule::default()));

    let answer = preflight(&site, HORIZON, "PUT", "content-type, X-Auth-Token").await;

    assert_eq!((answer.status, answer.text()), (StatusCode::OK, ""));
    for (name, value) in [
        ("vary", "Origin"),
        ("access-control-allow-origin", HORIZON),
        ("access-control-allow-credentials", "true"),
        ("access-control-max-age", "3600"),
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-headers", "content-type,X-Auth-Token"),
        ("access-control-expose-headers", ""),
        ("content-type", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn what_a_page_may_not_is_not_told() {
    let site = sharing(Cors::default().allowing(HORIZON, CorsRule::default()));

    for (origin, method, headers) in [
        ("https://evil.example", "PUT", ""),
        ("https://horizon.example:444", "PUT", ""),
        (HORIZON, "TRACE", ""),
        (HORIZON, "PUT", "X-Auth-Token, X-Other"),
    ] {
        let answer = preflight(&site, origin, method, headers).await;

        assert_eq!(answer.status, StatusCode::OK);
        let told = answer.headers.keys().map(|name| name.as_str());
        let told: Vec<&str> = told.filter(|name| name.contains("access")).collect();
        assert!(told.is_empty(), "{origin} {method} {headers}: {told:?}");
    }
    let without_method = [("origin", HORIZON)];
    let answer = send(&site.router, Method::OPTIONS, "/v2/images", &without_method).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_page_may_read_answers_and_refusals() {
    let rule = CorsRule {
        allow_credentials: false,
        expose_headers: vec!["X-A".to_owned(), "X-B".to_owned()],
        ..CorsRule::default()
    };
    let site = sharing(Cors::default().allowing(HORIZON, rule));
    let nobody = [("origin", HORIZON)];

    let list = request(ALICE, Method::GET, "/v2/images").header("origin", HORIZON);
    let list = site.send(list.body(Body::empty()).unwrap()).await;
    let refused = send(&site.router, Method::GET, "/v2/images", &nobody).await;
    let other = request(ALICE, Method::GET, "/v2/images").header("origin", "https://other");
    let other = site.send(other.body(Body::empty()).unwrap()).await;

    assert_eq!(
        (list.status, refused.status.as_u16()),
        (StatusCode::OK, 401)
    );
    for answer in [list, refused] {
        assert_eq!(answer.header("access-control-allow-origin"), HORIZON);
        assert_eq!(answer.header("access-control-expose-headers"), "X-A,X-B");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let vary = answer.headers.get_all("vary").iter();
        assert!(vary.into_iter().any(|value| value == "Origin"));
    }
    assert_eq!(other.status, StatusCode::OK);
    assert_eq!(other.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn any_origin_is_meant_by_a_star_unless_one_has_rules_of_its_own() {
    let own = CorsRule {
        allow_methods: vec!["GET".to_owned()],
        max_age: 0,
        ..CorsRule::default()
    };
    let cors = Cors::default()
        .allowing("*", CorsRule::default())
        .allowing(HORIZON, own)
        .allowing(HORIZON, CorsRule::default());
    let site = sharing(cors);

    let any = preflight(&site, "https://any.example", "PUT", "").await;
    let put = preflight(&site, HORIZON, "PUT", "").await;
    let get = preflight(&site, HORIZON, "GET", "").await;

    assert_eq!(any.header("access-control-allow-origin"), "*");
    assert_eq!(put.header("access-control-allow-origin"), "");
    assert_eq!(get.header("access-control-allow-origin"), HORIZON);
    assert_eq!(get.header("access-control-max-age"), "");
    assert_eq!(get.header("access-control-allow-headers"), "");
}

const FORWARDED: [(&str, &str); 4] = [
    ("host", "inside:9292"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "image.example"),
    ("x-forwarded-prefix", "/image"),
];

async fn base(router: &Router, headers: &[(&str, &str)]) -> Value {
    let versions = send(router, Method::GET, "/versions", headers).await.json();
    versions["versions"][0]["links"][0]["href"].clone()
}

#[tokio::test]
async fn links_follow_a_proxy_that_is_trusted() {
    let trusting = site(ApiOptions {
        trust_proxy_headers: true,
        ..ApiOptions::default()
    });
    let plain = site(ApiOptions::default());

    assert_eq!(
        base(&trusting.router, &FORWARDED).await,
        "https://image.example/image/v2/"
    );
    let rfc = [
        ("host", "inside"),
        ("forwarded", "for=10.0.0.1;proto=https;host=image.example"),
        ("x-forwarded-host", "other"),
    ];
    assert_eq!(
        base(&trusting.router, &rfc).await,
        "https://image.example/v2/"
    );
    assert_eq!(
        base(&plain.router, &FORWARDED).await,
        "http://inside:9292/v2/"
    );
    let create = FORWARDED[1..].iter().fold(
        request(ALICE, Method::POST, "/v2/images"),
        |request, (name, value)| request.header(*name, *value),
    );
    let created = trusting.send(create.body("{}".into()).unwrap()).await;
    let location = created.header("location");
    assert!(
        location.starts_with("https://image.example/image/v2/images/"),
        "{location}"
    );
}

#[tokio::test]
async fn long_json_is_compressed_for_those_who_accept_it_and_data_never_is() {
    let site = Site::new();
    let long = "x".repeat(10_000);
    let id = site
        .image(
            ALICE,
            &RAW.replace('}', &format!(r#", "long": "{long}"}}"#)),
        )
        .await;
    let data: &'static str = Box::leak(long.into_boxed_str());
    site.upload(ALICE, &id, data).await;
    let get = async |path: &str, accept: &str| {
        let get = request(ALICE, Method::GET, path).header("accept-encoding", accept);
        site.send(get.body(Body::empty()).unwrap()).await
    };

    let plain = site.get(ALICE, "/v2/images").await;
    let packed = get("/v2/images", "gzip, deflate").await;
    let refused = get("/v2/images", "gzip;q=0, identity").await;
    let short = get("/v2/images?limit=0", "gzip").await;
    let file = get(&format!("/v2/images/{id}/file"), "gzip").await;

    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.header("vary"), "accept-encoding");
    let mut text = Vec::new();
    GzDecoder::new(&packed.body[..])
        .read_to_end(&mut text)
        .unwrap();
    assert_eq!(text, plain.body);
    assert!(packed.body.len() < plain.body.len() / 10);
    for answer in [&plain, &refused, &short, &file] {
        assert_eq!(answer.header("content-encoding"), "", "{answer:?}");
    }
    assert_eq!(file.header("content-length"), "10000");
    assert_eq!(file.text(), data);
}

#[tokio::test]
async fn the_health_check_tells_in_detail_if_it_is_to() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("marker");
    let site = site(ApiOptions {
        health: HealthOptions {
            checks: vec![HealthCheck::EnableByFiles(vec![marker.clone()])],
            detailed: true,
            ..HealthOptions::default()
        },
        ..ApiOptions::default()
    });
    let get = async |accept: &str| {
        send(
            &site.router,
            Method::GET,
            "/healthcheck",
            &[("accept", accept)],
        )
        .await
    };

    let missing = get("application/json").await;
    let head = send(&site.router, Method::HEAD, "/healthcheck", &[]).await;
    std::fs::write(&marker, "").unwrap();
    let there = get("application/json").await;
    let page = get("text/html, text/plain;q=0.5").await;
    let text = get("image/png").await;

    assert_eq!(missing.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        missing.json()["reasons"],
        json!([{
            "class": "HealthcheckResult",
            "details": format!("File path {} is missing", marker.display()),
            "reason": "FILE PATH MISSING",
        }])
    );
    assert_eq!(head.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(there.status, StatusCode::OK);
    assert_eq!(there.json()["detailed"], json!(true));
    assert!(there.json()["now"].as_str().unwrap().ends_with('Z'));
    assert_eq!(page.header("content-type"), "text/html; charset=UTF-8");
    assert!(page.text().contains("<TITLE>Healthcheck Status</TITLE>"));
    assert_eq!((text.status, text.text()), (StatusCode::OK, "OK"));
    assert_eq!(text.header("content-type"), "text/plain; charset=UTF-8");
}

#[tokio::test]
async fn a_node_that_looks_at_nothing_is_healthy() {
    let site = Site::new();
    let open = router(site.glance.clone(), ApiOptions::default());

    let answer = send(&open, Method::GET, "/healthcheck", &[]).await;

    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "OK"));
}
