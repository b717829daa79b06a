//! `/v2/metadefs/namespaces/{namespace}/tags`

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use glance_core::Glance;
use glance_core::domain::Caller;

use crate::body::{JsonBody, NoBody};
use crate::error::ApiError;
use crate::reply;
use crate::routes::extract::Segments;
use crate::wire::metadef::body;
use crate::wire::metadef::query::TagListRequest;
use crate::wire::metadef::tag::{TagListView, TagView};

pub(in crate::routes) async fn list(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace]): Segments<1>,
    TagListRequest(query): TagListRequest,
) -> Result<Response, ApiError> {
    let tags = glance.metadefs()?.tags(&caller, &namespace, &query).await?;
    let names = tags.iter().map(|tag| &tag.value).collect();
    Ok(reply::json(StatusCode::OK, &TagListView(names)))
}

pub(in crate::routes) async fn add_all(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace]): Segments<1>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let tags = body::tags(&body)?;
    let metadefs = glance.metadefs()?;
    metadefs
        .add_tags(&caller, &namespace, &tags, body::are_added(&headers))
        .await?;
    let names = tags.iter().collect();
    Ok(reply::json(StatusCode::CREATED, &TagListView(names)))
}

pub(in crate::routes) async fn show(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let tag = glance.metadefs()?.tag(&caller, &namespace, &name).await?;
    Ok(reply::json(StatusCode::OK, &TagView(&tag)))
}

pub(in crate::routes) async fn add(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let tag = body::tag_name(&name)?;
    let tag = glance.metadefs()?.add_tag(&caller, &namespace, tag).await?;
    Ok(reply::json(StatusCode::CREATED, &TagView(&tag)))
}

pub(in crate::routes) async fn rename(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let tag = body::tag(&body)?;
    let metadefs = glance.metadefs()?;
    let tag = metadefs.rename_tag(&caller, &namespace, &name, tag).await?;
    Ok(reply::json(StatusCode::OK, &TagView(&tag)))
}

pub(in crate::routes) async fn delete(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let metadefs = glance.metadefs()?;
    metadefs.delete_tag(&caller, &namespace, &name).await?;
    Ok(reply::no_content())
}
