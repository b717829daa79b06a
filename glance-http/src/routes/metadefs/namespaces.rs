//! `/v2/metadefs/namespaces`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use glance_core::Glance;
use glance_core::domain::Caller;
use glance_core::domain::metadef::ResourceTypeName;

use crate::body::{JsonBody, NoBody};
use crate::edge::Base;
use crate::error::ApiError;
use crate::reply;
use crate::routes::extract::Segments;
use crate::wire::metadef::body;
use crate::wire::metadef::namespace::{
    BareNamespaceView, NamespaceListView, NamespaceView, url_path,
};
use crate::wire::metadef::query::{NamespaceListRequest, ShownFor};

pub(in crate::routes) async fn list(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    NamespaceListRequest {
        query,
        marker,
        links,
    }: NamespaceListRequest,
) -> Result<Response, ApiError> {
    let metadefs = glance.metadefs()?;
    let list = metadefs
        .namespaces(&caller, query, marker.as_deref())
        .await?;
    Ok(reply::json(
        StatusCode::OK,
        &NamespaceListView {
            list: &list,
            links: &links,
        },
    ))
}

pub(in crate::routes) async fn create(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Extension(Base(base)): Extension<Base>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let document = body::namespace(&body, &caller)?;
    let contents = glance
        .metadefs()?
        .create_namespace(&caller, &document)
        .await?;
    let created = reply::json(StatusCode::CREATED, &NamespaceView(&contents));
    let path = url_path(&contents.namespace.value.name);
    Ok(([(LOCATION, format!("{base}{path}"))], created).into_response())
}

pub(in crate::routes) async fn show(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([name]): Segments<1>,
    ShownFor(resource_type): ShownFor,
    _: NoBody,
) -> Result<Response, ApiError> {
    let resource_type = resource_type.map(ResourceTypeName::stored);
    let metadefs = glance.metadefs()?;
    let contents = metadefs
        .namespace(&caller, &name, resource_type.as_ref())
        .await?;
    Ok(reply::json(StatusCode::OK, &NamespaceView(&contents)))
}

pub(in crate::routes) async fn edit(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([name]): Segments<1>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let edited = body::namespace(&body, &caller)?.namespace;
    let metadefs = glance.metadefs()?;
    let namespace = metadefs.edit_namespace(&caller, &name, edited).await?;
    Ok(reply::json(StatusCode::OK, &BareNamespaceView(&namespace)))
}

pub(in crate::routes) async fn delete(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([name]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    glance.metadefs()?.delete_namespace(&caller, &name).await?;
    Ok(reply::no_content())
}

pub(in crate::routes) async fn delete_objects(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([name]): Segments<1>,
) -> Result<Response, ApiError> {
    glance.metadefs()?.delete_objects(&caller, &name).await?;
    Ok(reply::no_content())
}

pub(in crate::routes) async fn delete_properties(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([name]): Segments<1>,
) -> Result<Response, ApiError> {
    glance.metadefs()?.delete_properties(&caller, &name).await?;
    Ok(reply::no_content())
}

pub(in crate::routes) async fn delete_tags(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([name]): Segments<1>,
) -> Result<Response, ApiError> {
    glance.metadefs()?.delete_tags(&caller, &name).await?;
    Ok(reply::no_content())
}
