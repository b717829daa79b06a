//! `/v2/images`

use axum::Extension;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use glance_core::Glance;
use glance_core::domain::Caller;

use super::extract::{ImagePatch, NewImage, Segments};
use super::passing_on::PassingOn;
use crate::body::NoBody;
use crate::edge::Base;
use crate::error::ApiError;
use crate::options::Api;
use crate::reply;
use crate::wire::image::{ImageListView, ImageView};
use crate::wire::query_string::ListRequest;
use crate::wire::{Reader, image_id, store};

pub(super) async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    ListRequest {
        query,
        marker,
        links,
    }: ListRequest,
) -> Result<Response, ApiError> {
    let list = api.glance.images(&caller, query, marker).await?;
    let reader = Reader::new(&caller, &api);
    Ok(reply::json(
        StatusCode::OK,
        &ImageListView {
            list: &list,
            links: &links,
            reader,
        },
    ))
}

pub(super) async fn create(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Extension(Base(base)): Extension<Base>,
    NewImage(draft): NewImage,
) -> Result<Response, ApiError> {
    let image = api.glance.create(&caller, draft).await?;
    let reader = Reader::new(&caller, &api);
    let mut created = reply::json(StatusCode::CREATED, &ImageView::new(&image, &reader));
    if let Some(names) = store::names(api.glance.stores()) {
        created.headers_mut().insert(IMAGE_STORES, names);
    }
    if let Some(methods) = import_methods(&api.glance) {
        created.headers_mut().insert(IMPORT_METHODS, methods);
    }
    Ok((
        [(LOCATION, format!("{base}/v2/images/{}", image.id))],
        created,
    )
        .into_response())
}

/// The ways to import an image, where there are some.
fn import_methods(glance: &Glance) -> Option<HeaderValue> {
    let methods: Vec<&str> = glance
        .import_methods()
        .iter()
        .map(|method| method.as_str())
        .collect();
    let value = HeaderValue::from_str(&methods.join(",")).ok()?;
    (!methods.is_empty()).then_some(value)
}

pub(super) async fn show(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let image = api.glance.image(&caller, image_id(&id)?).await?;
    let reader = Reader::new(&caller, &api);
    Ok(reply::json(
        StatusCode::OK,
        &ImageView::new(&image, &reader),
    ))
}

pub(super) async fn edit(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    ImagePatch(edits): ImagePatch,
) -> Result<Response, ApiError> {
    let image = api.glance.edit(&caller, image_id(&id)?, &edits).await?;
    let reader = Reader::new(&caller, &api);
    Ok(reply::json(
        StatusCode::OK,
        &ImageView::new(&image, &reader),
    ))
}

pub(super) async fn delete(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    passing_on: PassingOn,
    _: NoBody,
) -> Result<Response, ApiError> {
    let (glance, id) = (&api.glance, image_id(&id)?);
    if let Some(nodes) = api
        .options
        .nodes
        .as_ref()
        .filter(|_| !passing_on.is_passed_on)
        && let Some(host) = glance.host_to_delete_at(&caller, id).await?
        && let Some(answer) = passing_on.delete(nodes.as_ref(), &host, id).await?
    {
        return Ok(answer);
    }
    glance.delete(&caller, id).await?;
    Ok(reply::no_content())
}

const IMPORT_METHODS: HeaderName = HeaderName::from_static("openstack-image-import-methods");
const IMAGE_STORES: HeaderName = HeaderName::from_static("openstack-image-store-ids");
