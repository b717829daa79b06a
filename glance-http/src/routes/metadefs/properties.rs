//! `/v2/metadefs/namespaces/{namespace}/properties`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use glance_core::Glance;
use glance_core::domain::Caller;

use crate::body::{JsonBody, NoBody};
use crate::error::ApiError;
use crate::reply;
use crate::routes::extract::Segments;
use crate::wire::metadef::body;
use crate::wire::metadef::property::{PropertyListView, SchemaView};
use crate::wire::metadef::query::ShownFor;

pub(in crate::routes) async fn list(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let properties = glance.metadefs()?.properties(&caller, &namespace).await?;
    Ok(reply::json(StatusCode::OK, &PropertyListView(&properties)))
}

pub(in crate::routes) async fn add(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace]): Segments<1>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let property = body::property(&body)?;
    let metadefs = glance.metadefs()?;
    let property = metadefs.add_property(&caller, &namespace, property).await?;
    Ok(reply::json(StatusCode::CREATED, &SchemaView::of(&property)))
}

pub(in crate::routes) async fn show(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    ShownFor(resource_type): ShownFor,
) -> Result<Response, ApiError> {
    let property = glance
        .metadefs()?
        .property(&caller, &namespace, &name, resource_type.as_deref())
        .await?;
    Ok(reply::json(StatusCode::OK, &SchemaView::of(&property)))
}

pub(in crate::routes) async fn replace(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let property = body::property(&body)?;
    let property = glance
        .metadefs()?
        .replace_property(&caller, &namespace, &name, property)
        .await?;
    Ok(reply::json(StatusCode::OK, &SchemaView::of(&property)))
}

pub(in crate::routes) async fn delete(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
) -> Result<Response, ApiError> {
    let metadefs = glance.metadefs()?;
    metadefs.delete_property(&caller, &namespace, &name).await?;
    Ok(reply::no_content())
}
