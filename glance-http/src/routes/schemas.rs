//! `/v2/schemas`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::body::NoBody;
use crate::options::Api;
use crate::reply;
use crate::wire::metadef::schema as metadef;
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

pub(super) async fn metadef_namespace(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::namespace())
}

pub(super) async fn metadef_namespaces(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::namespaces())
}

pub(super) async fn metadef_object(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::object())
}

pub(super) async fn metadef_objects(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::objects())
}

pub(super) async fn metadef_properties(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::properties())
}

pub(super) async fn metadef_property(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::property())
}

pub(super) async fn metadef_resource_type(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::association())
}

pub(super) async fn metadef_resource_types(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::associations())
}

pub(super) async fn metadef_tag(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::tag())
}

pub(super) async fn metadef_tags(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &metadef::tags())
}

pub(super) async fn task(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &task_schema::task())
}

pub(super) async fn tasks(_: NoBody) -> Response {
    reply::json(StatusCode::OK, &task_schema::tasks())
}
