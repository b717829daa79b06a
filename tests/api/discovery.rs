//! Versions, the health check, request ids, and where the router is nested.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, Method, Request, StatusCode};
use glance_core::Settings;
use glance_http::{ApiOptions, HealthCheck, HealthOptions, router};
use serde_json::json;

use super::support::{ALICE, Answer, Site, request};

async fn get(router: &Router, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(router.clone(), request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn versions_are_told_to_everybody() {
    let site = Site::new();

    let choices = get(&site.router, "/", &[("host", "img.example:9292")]).await;

    assert_eq!(choices.status, StatusCode::MULTIPLE_CHOICES);
    let versions = choices.json()["versions"].as_array().unwrap().clone();
    let ids: Vec<&str> = versions
        .iter()
        .map(|version| version["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "v2.15", "v2.9", "v2.17", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1",
            "v2.0"
        ]
    );
    assert_eq!(
        versions[2],
        json!({
            "id": "v2.17", "status": "CURRENT",
            "links": [{"rel": "self", "href": "http://img.example:9292/v2/"}],
        })
    );
    for (path, status) in [
        ("/versions", 200),
        ("/versions/", 200),
        ("/versions/foo", 200),
        ("/v1/images", 300),
        ("/v3", 300),
        ("/v2.8/images", 300),
    ] {
        let answer = get(&site.router, path, &[("host", "img.example:9292")]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body),
            (status, choices.body.clone()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_version_is_the_same_api() {
    let site = Site::new();

    for path in [
        "/v2/images",
        "/v2.0/images",
        "/v2.9/images",
        "/v2.17/images",
    ] {
        assert_eq!(site.get(ALICE, path).await.status, StatusCode::OK, "{path}");
    }
    let accept = |path: &str, version: &str| {
        let accept = format!("application/vnd.openstack.images-{version}");
        request(ALICE, Method::GET, path)
            .header("accept", accept)
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(
        site.send(accept("/images", "v2.3")).await.status,
        StatusCode::OK
    );
    assert_eq!(
        site.send(accept("/v2/images", "v2.3")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        site.send(accept("/images", "v9")).await.status,
        StatusCode::MULTIPLE_CHOICES
    );
}

#[tokio::test]
async fn the_root_of_a_version_is_nothing() {
    let site = Site::new();

    let redirect = site.get(ALICE, "/v2").await;

    assert_eq!(redirect.status, StatusCode::FOUND);
    assert_eq!(redirect.header("location"), "http://glance.example/v2/");
    assert_eq!(site.get(ALICE, "/v2/").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        get(&site.router, "/v2", &[]).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn links_follow_the_public_endpoint_where_there_is_one() {
    let options = ApiOptions {
        public_endpoint: Some("https://image.example/".to_owned()),
        ..ApiOptions::default()
    };
    let site = Site::with(options, Settings::default());

    let versions = get(&site.router, "/versions", &[("host", "evil.example")])
        .await
        .json();
    let created = site.post(ALICE, "/v2/images", "{}").await;

    assert_eq!(
        versions["versions"][0]["links"][0]["href"],
        "https://image.example/v2/"
    );
    assert!(
        created
            .header("location")
            .starts_with("https://image.example/v2/images/")
    );
}

#[tokio::test]
async fn a_nested_router_knows_its_prefix() {
    let site = Site::new();
    let outer = || Router::new().route("/hello", axum::routing::get(|| async { "hello" }));
    for application in [
        outer().nest("/deep/image", site.router.clone()),
        outer().nest_service("/deep/image", site.router.clone()),
    ] {
        check_nested(application).await;
    }
    // axum's `nest` leaves the prefix with a slash to others.
    let service = outer().nest_service("/deep/image", site.router.clone());
    let root = request(ALICE, Method::GET, "/deep/image/")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        Answer::of(service, root).await.status,
        StatusCode::MULTIPLE_CHOICES
    );
}

async fn check_nested(application: Router) {
    let send = |path: &str| {
        let request = request(ALICE, Method::GET, path)
            .body(Body::empty())
            .unwrap();
        Answer::of(application.clone(), request)
    };

    assert_eq!(send("/hello").await.text(), "hello");
    let versions = send("/deep/image/versions").await.json();
    assert_eq!(
        versions["versions"][0]["links"][0]["href"],
        "http://glance.example/deep/image/v2/"
    );
    assert_eq!(
        send("/deep/image").await.status,
        StatusCode::MULTIPLE_CHOICES
    );
    assert_eq!(send("/deep/image/healthcheck").await.text(), "OK");
    let list = send("/deep/image/v2.9/images").await.json();
    assert_eq!(list["first"], "/v2/images");
    assert_eq!(
        send("/deep/image/v2/nothing").await.status,
        StatusCode::NOT_FOUND
    );

    let create = request(ALICE, Method::POST, "/deep/image/v2.9/images")
        .body("{}".into())
        .unwrap();
    let created = Answer::of(application.clone(), create).await;
    let location = created.header("location");
    assert!(
        location.starts_with("http://glance.example/deep/image/v2/images/"),
        "{location}"
    );
    assert_eq!(
        send(&location["http://glance.example".len()..])
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_health_check_asks_nobody_who_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("down");
    let options = ApiOptions {
        health: HealthOptions {
            checks: vec![HealthCheck::DisableByFile(Some(file.clone()))],
            ..HealthOptions::default()
        },
        ..ApiOptions::default()
    };
    let site = Site::with(options, Settings::default());

    let healthy = get(&site.router, "/healthcheck", &[("accept", "*/*")]).await;
    assert_eq!((healthy.status, healthy.text()), (StatusCode::OK, "OK"));
    let json = get(
        &site.router,
        "/healthcheck",
        &[("accept", "application/json")],
    )
    .await;
    assert_eq!(
        json.text(),
        "{\n    \"detailed\": false,\n    \"reasons\": [\n        \"OK\"\n    ]\n}"
    );
    let head = Request::head("/healthcheck").body(Body::empty()).unwrap();
    assert_eq!(
        Answer::of(site.router.clone(), head).await.status,
        StatusCode::NO_CONTENT
    );

    std::fs::write(file, "").unwrap();
    let down = get(&site.router, "/healthcheck", &[]).await;
    assert_eq!(
        (down.status, down.text()),
        (StatusCode::SERVICE_UNAVAILABLE, "DISABLED BY FILE")
    );
}

#[tokio::test]
async fn the_health_check_is_not_there_for_those_it_is_not_for() {
    let options = ApiOptions {
        health: HealthOptions {
            allowed_sources: ["10.0.0.0/8", "::1/128"]
                .map(|network| network.parse().unwrap())
                .to_vec(),
            ignores_proxied: true,
            ..HealthOptions::default()
        },
        ..ApiOptions::default()
    };
    let site = Site::with(options, Settings::default());
    let status = async |source: Option<&str>, proxied: Option<&str>| {
        let mut request = Request::get("/healthcheck").body(Body::empty()).unwrap();
        if let Some(source) = source {
            let source: SocketAddr = source.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(source));
        }
        if let Some(name) = proxied {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().insert(name, "x".parse().unwrap());
        }
        Answer::of(site.router.clone(), request).await.status
    };

    for source in ["10.1.2.3:80", "[::1]:80", "[::ffff:10.1.2.3]:80"] {
        assert_eq!(status(Some(source), None).await, StatusCode::OK, "{source}");
    }
    for source in [Some("11.0.0.1:80"), Some("[::2]:80"), None] {
        let status = status(source, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{source:?}");
    }
    for name in ["x-forwarded", "x-forwarded-for", "x-forwarded-proto"] {
        let status = status(Some("10.1.2.3:80"), Some(name)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{name}");
    }
    assert_eq!(
        status(Some("10.1.2.3:80"), Some("x-other")).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let site = Site::new();

    for path in [
        "/",
        "/versions",
        "/healthcheck",
        "/v2/images",
        "/v2/nothing",
        "/v2/images/%ff",
    ] {
        let id = get(&site.router, path, &[])
            .await
            .header("x-openstack-request-id")
            .to_owned();
        assert!(id.starts_with("req-") && id.len() == 40, "{path}: {id}");
    }
    for (given, expected) in [("abc", "req-abc"), ("req-abc", "req-abc")] {
        let answer = get(
            &site.router,
            "/versions",
            &[("x-openstack-request-id", given)],
        )
        .await;
        assert_eq!(answer.header("x-openstack-request-id"), expected);
    }
    let long = "a".repeat(65);
    let refused = get(
        &site.router,
        "/versions",
        &[("x-openstack-request-id", &long)],
    )
    .await;
    assert_eq!(refused.status.as_u16(), 431);
    assert_eq!(refused.header("x-openstack-request-id").len(), 40);
}

#[tokio::test]
async fn without_identities_everybody_is_the_administrator_and_headers_mean_nothing() {
    let site = Site::new();
    let open = router(site.glance.clone(), ApiOptions::default());
    let headers = [
        ("x-identity-status", "Invalid"),
        ("x-project-id", "mallory"),
        ("x-roles", "none"),
        ("x-is-admin-project", "False"),
    ];

    let create = headers
        .iter()
        .fold(Request::post("/v2/images"), |request, (name, value)| {
            request.header(*name, *value)
        });
    let created = Answer::of(
        open.clone(),
        create.body(r#"{"visibility": "public"}"#.into()).unwrap(),
    )
    .await;

    assert_eq!(created.status, StatusCode::CREATED);
    assert_eq!(created.json()["owner"], json!(null));
    assert_eq!(
        get(&open, "/v2/images", &[]).await.json()["images"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn what_is_not_there_yet_says_so() {
    let site = Site::new();

    let methods = site.get(ALICE, "/v2/info/import").await.json();
    assert_eq!(
        methods["import-methods"]["value"],
        json!(["glance-direct", "copy-image"])
    );
    let stores = site.get(ALICE, "/v2/info/stores").await;
    assert_eq!(
        stores.explanation(),
        "Multi backend is not supported at this site."
    );
    assert_eq!(
        site.get(ALICE, "/v2/info/usage").await.json(),
        json!({"usage": {}})
    );
}
