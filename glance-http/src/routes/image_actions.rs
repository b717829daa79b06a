//! `/v2/images/{image_id}/actions`

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use glance_core::Glance;
use glance_core::domain::Caller;

use super::extract::Segments;
use crate::body::NoBody;
use crate::error::ApiError;
use crate::reply;
use crate::wire::image_id;

pub(super) async fn deactivate(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    glance.deactivate(&caller, image_id(&id)?).await?;
    Ok(reply::no_content())
}

pub(super) async fn reactivate(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    glance.reactivate(&caller, image_id(&id)?).await?;
    Ok(reply::no_content())
}
