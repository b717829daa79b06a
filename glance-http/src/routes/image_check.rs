//! `/v2/images/{image_id}/metadefs/check`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use glance_core::Glance;
use glance_core::domain::Caller;

use super::extract::Segments;
use crate::body::NoBody;
use crate::error::ApiError;
use crate::reply;
use crate::wire::image_check::ImageCheckView;
use crate::wire::image_id;

pub(super) async fn check(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let check = glance
        .metadefs()?
        .check_image(&caller, image_id(&id)?)
        .await?;
    Ok(reply::json(StatusCode::OK, &ImageCheckView(&check)))
}
