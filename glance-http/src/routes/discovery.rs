//! `/v2/info`, and `/v2` itself.

use axum::Extension;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::edge::Base;
use crate::reply;

/// Sends `/v2` to `/v2/`, where nothing is; clients that look for a sign of life see one.
pub(super) async fn to_versioned_root(Extension(Base(base)): Extension<Base>) -> Response {
    (StatusCode::FOUND, [(LOCATION, format!("{base}/v2/"))]).into_response()
}

/// The ways to import an image: none yet.
pub(super) async fn import_methods() -> Response {
    let methods = json!({"description": "Import methods available.", "type": "array", "value": []});
    reply::json(StatusCode::OK, &json!({"import-methods": methods}))
}

/// What is used of limits that Keystone keeps: it keeps none.
pub(super) async fn usage() -> Response {
    reply::json(StatusCode::OK, &json!({"usage": {}}))
}
