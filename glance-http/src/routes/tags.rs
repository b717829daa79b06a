//! `/v2/images/{image_id}/tags`

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use glance_core::Glance;
use glance_core::domain::{Caller, Tag};

use super::extract::Segments;
use crate::body::NoBody;
use crate::error::ApiError;
use crate::reply;
use crate::wire::image_id;

pub(super) async fn add(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id, tag]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    glance.add_tag(&caller, image_id(&id)?, read(&tag)?).await?;
    Ok(reply::no_content())
}

pub(super) async fn remove(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id, tag]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    glance
        .remove_tag(&caller, image_id(&id)?, read(&tag)?)
        .await?;
    Ok(reply::no_content())
}

fn read(tag: &str) -> Result<Tag, ApiError> {
    tag.parse()
        .map_err(|invalid| ApiError::schema("image", invalid))
}
