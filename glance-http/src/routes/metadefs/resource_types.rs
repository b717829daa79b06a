//! `/v2/metadefs/resource_types` and `/v2/metadefs/namespaces/{namespace}/resource_types`

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
use crate::wire::metadef::resource_type::{
    AssociationListView, AssociationView, ResourceTypeListView,
};

pub(in crate::routes) async fn list(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let types = glance.metadefs()?.resource_types(&caller).await?;
    Ok(reply::json(StatusCode::OK, &ResourceTypeListView(&types)))
}

pub(in crate::routes) async fn list_of_namespace(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let associations = glance.metadefs()?.associations(&caller, &namespace).await?;
    Ok(reply::json(
        StatusCode::OK,
        &AssociationListView(&associations),
    ))
}

pub(in crate::routes) async fn add(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace]): Segments<1>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let association = body::association(&body)?;
    let association = glance
        .metadefs()?
        .add_association(&caller, &namespace, association)
        .await?;
    Ok(reply::json(
        StatusCode::CREATED,
        &AssociationView(&association),
    ))
}

pub(in crate::routes) async fn delete(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let metadefs = glance.metadefs()?;
    metadefs
        .delete_association(&caller, &namespace, &name)
        .await?;
    Ok(reply::no_content())
}
