//! `/v2/schemas`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::body::NoBody;
use crate::options::Api;
use crate::reply;
use crate::wire::{schema, task_schema};

pub(super) async fn image(State(api): State<Api>, _: NoBody) -> Response {
    reply::json(StatusCode::OK, &schema::image(api.image_rules()))
}

pub(super) async fn images(State(api): State<Api>, _: NoBody) -> Response {
    reply::json(StatusCode::OK, &schema::images(api.image_rules()))
}

pub(super) async fn member(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &schema::member())
}

pub(super) async fn members(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &schema::members())
}

pub(super) async fn task(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &task_schema::task())
}

pub(super) async fn tasks(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &task_schema::tasks())
}
