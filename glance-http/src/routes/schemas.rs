//! `/v2/schemas`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use glance_core::Glance;

use crate::body::NoBody;
use crate::reply;
use crate::wire::schema;

pub(super) async fn image(State(glance): State<Glance>, _: NoBody) -> Response {
    reply::json(StatusCode::OK, &schema::image(&glance.settings().formats))
}

pub(super) async fn images(State(glance): State<Glance>, _: NoBody) -> Response {
    reply::json(StatusCode::OK, &schema::images(&glance.settings().formats))
}

pub(super) async fn member(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &schema::member())
}

pub(super) async fn members(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &schema::members())
}
