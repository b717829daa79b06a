//! `/healthcheck`

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::options::ApiOptions;

/// Says whether this node wants requests: to load balancers, without identity, in upstream's form.
pub(crate) async fn check(options: &ApiOptions, parts: &Parts) -> Response {
    let disabled = match &options.healthcheck_disable_file {
        // A folder that cannot be looked into says nothing.
        Some(file) => tokio::fs::try_exists(file).await.unwrap_or(false),
        None => false,
    };
    let (status, reason) = match (disabled, &parts.method) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "DISABLED BY FILE"),
        (false, &Method::HEAD) => (StatusCode::NO_CONTENT, "OK"),
        (false, _) => (StatusCode::OK, "OK"),
    };
    if status == StatusCode::NO_CONTENT {
        return status.into_response();
    }
    let accept = parts
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.starts_with("application/json")) {
        let body = format!(
            "{{\n    \"detailed\": false,\n    \"reasons\": [\n        \"{reason}\"\n    ]\n}}"
        );
        return (status, [(CONTENT_TYPE, "application/json")], body).into_response();
    }
    (
        status,
        [(CONTENT_TYPE, "text/plain; charset=UTF-8")],
        reason,
    )
        .into_response()
}
