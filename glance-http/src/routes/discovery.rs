//! `/v2/info`, and `/v2` itself.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use glance_core::Glance;
use glance_core::domain::Caller;
use serde_json::json;

use crate::edge::Base;
use crate::error::ApiError;
use crate::reply;
use crate::wire::usage;

/// Sends `/v2` to `/v2/`, where nothing is; clients that look for a sign of life see one.
pub(super) async fn to_versioned_root(Extension(Base(base)): Extension<Base>) -> Response {
    (StatusCode::FOUND, [(LOCATION, format!("{base}/v2/"))]).into_response()
}

/// The ways to import an image.
pub(super) async fn import_methods(State(glance): State<Glance>) -> Response {
    let methods: Vec<&str> = glance
        .import_methods()
        .iter()
        .map(|method| method.as_str())
        .collect();
    let methods = json!({
        "description": "Import methods available.",
        "type": "array",
        "value": methods,
    });
    reply::json(StatusCode::OK, &json!({"import-methods": methods}))
}

/// What the caller's project has and may have, where somebody keeps limits.
pub(super) async fn usage(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let told = glance.usage(&caller).await?;
    Ok(reply::json(StatusCode::OK, &usage::body(told)))
}
