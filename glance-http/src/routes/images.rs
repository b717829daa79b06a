//! `/v2/images`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use glance_core::Glance;
use glance_core::domain::Caller;

use super::extract::{ImagePatch, NewImage, Segments};
use crate::body::NoBody;
use crate::edge::Base;
use crate::error::ApiError;
use crate::options::ApiOptions;
use crate::reply;
use crate::wire::image::{ImageListView, ImageView};
use crate::wire::query_string::ListRequest;
use crate::wire::{Reader, image_id};

pub(super) async fn list(
    State(glance): State<Glance>,
    State(options): State<Arc<ApiOptions>>,
    Extension(caller): Extension<Caller>,
    ListRequest {
        query,
        marker,
        links,
    }: ListRequest,
) -> Result<Response, ApiError> {
    let list = glance.images(&caller, query, marker).await?;
    let reader = Reader {
        caller: &caller,
        options: &options,
    };
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
    State(glance): State<Glance>,
    State(options): State<Arc<ApiOptions>>,
    Extension(caller): Extension<Caller>,
    Extension(Base(base)): Extension<Base>,
    NewImage(draft): NewImage,
) -> Result<Response, ApiError> {
    let image = glance.create(&caller, draft).await?;
    let reader = Reader {
        caller: &caller,
        options: &options,
    };
    let created = reply::json(StatusCode::CREATED, &ImageView::new(&image, &reader));
    Ok((
        [(LOCATION, format!("{base}/v2/images/{}", image.id))],
        created,
    )
        .into_response())
}

pub(super) async fn show(
    State(glance): State<Glance>,
    State(options): State<Arc<ApiOptions>>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let image = glance.image(&caller, image_id(&id)?).await?;
    let reader = Reader {
        caller: &caller,
        options: &options,
    };
    Ok(reply::json(
        StatusCode::OK,
        &ImageView::new(&image, &reader),
    ))
}

pub(super) async fn edit(
    State(glance): State<Glance>,
    State(options): State<Arc<ApiOptions>>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    ImagePatch(edits): ImagePatch,
) -> Result<Response, ApiError> {
    let image = glance.edit(&caller, image_id(&id)?, &edits).await?;
    let reader = Reader {
        caller: &caller,
        options: &options,
    };
    Ok(reply::json(
        StatusCode::OK,
        &ImageView::new(&image, &reader),
    ))
}

pub(super) async fn delete(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    glance.delete(&caller, image_id(&id)?).await?;
    Ok(reply::no_content())
}
