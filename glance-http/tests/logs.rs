//! What is logged of a request, and what never is (rule R6). In a process of its own: what is
//! logged is decided for all threads at once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod kept_log;

use axum::body::Body;
use axum::http::Request;
use glance_core::memory::MemoryGlance;
use glance_http::{ApiOptions, Identity, router};
use tower::ServiceExt;
use tracing::Level;

use self::kept_log::Log;

#[tokio::test]
async fn a_request_is_one_line_without_its_secrets() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .init();
    let options = ApiOptions {
        identity: Identity::Headers,
        ..ApiOptions::default()
    };
    let api = router(MemoryGlance::new().build().unwrap(), options);
    let get = Request::get("/v2/images/nope?token=canary")
        .header("x-identity-status", "Confirmed")
        .header("x-auth-token", "canary")
        .header("authorization", "Bearer canary")
        .header("x-openstack-request-id", "req-seen")
        .body(Body::from("canary"));

    api.oneshot(get.unwrap()).await.unwrap();

    let text = log.text();
    assert!(!text.contains("canary"), "{text}");
    let answered: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("request answered"))
        .collect();
    assert_eq!(answered.len(), 1, "{text}");
    for part in [
        "request_id=req-seen",
        "method=GET",
        r#"path="/v2/images/nope""#,
        "status=400",
        "duration_ms=",
    ] {
        assert!(answered[0].contains(part), "{part}: {text}");
    }
}
