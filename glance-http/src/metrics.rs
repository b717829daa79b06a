//! `/metrics`: figures of the service for monitoring systems, apart from the API.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

/// Serves `GET /metrics` with what `render` gives at the time, in the text format of Prometheus.
///
/// It asks nobody who they are: it is for a listener that only monitoring reaches.
pub fn metrics_router(render: impl Fn() -> String + Clone + Send + Sync + 'static) -> Router {
    let answer = move || async move { ([(CONTENT_TYPE, TEXT)], render()) };
    Router::new().route("/metrics", get(answer))
}

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
