//! `/v2/metadefs/namespaces/{namespace}/objects`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use glance_core::Glance;
use glance_core::domain::Caller;
use glance_core::domain::metadef::{Dated, NamespaceName, Object};

use crate::body::{JsonBody, NoBody};
use crate::error::ApiError;
use crate::reply;
use crate::routes::extract::Segments;
use crate::wire::metadef::body;
use crate::wire::metadef::object::{ObjectListView, ObjectView};
use crate::wire::metadef::query::ObjectListRequest;

pub(in crate::routes) async fn list(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace]): Segments<1>,
    _: ObjectListRequest,
) -> Result<Response, ApiError> {
    let objects = glance.metadefs()?.objects(&caller, &namespace).await?;
    let view = ObjectListView {
        namespace: &NamespaceName::stored(namespace),
        objects: &objects,
    };
    Ok(reply::json(StatusCode::OK, &view))
}

pub(in crate::routes) async fn add(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace]): Segments<1>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let object = body::object(&body)?;
    let metadefs = glance.metadefs()?;
    let object = metadefs.add_object(&caller, &namespace, object).await?;
    Ok(shown(StatusCode::CREATED, namespace, &object))
}

pub(in crate::routes) async fn show(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let metadefs = glance.metadefs()?;
    let object = metadefs.object(&caller, &namespace, &name).await?;
    Ok(shown(StatusCode::OK, namespace, &object))
}

pub(in crate::routes) async fn replace(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let object = body::object(&body)?;
    let object = glance
        .metadefs()?
        .replace_object(&caller, &namespace, &name, object)
        .await?;
    Ok(shown(StatusCode::OK, namespace, &object))
}

pub(in crate::routes) async fn delete(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([namespace, name]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let metadefs = glance.metadefs()?;
    metadefs.delete_object(&caller, &namespace, &name).await?;
    Ok(reply::no_content())
}

fn shown(status: StatusCode, namespace: String, object: &Dated<Object>) -> Response {
    let view = ObjectView {
        namespace: &NamespaceName::stored(namespace),
        object,
    };
    reply::json(status, &view)
}
