//! `/v2/images/{image_id}/import`

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use glance_core::Glance;
use glance_core::domain::Caller;

use super::extract::{AskedImport, Segments};
use crate::error::ApiError;
use crate::reply;
use crate::wire::image_id;

pub(super) async fn begin(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    AskedImport(asked): AskedImport,
) -> Result<Response, ApiError> {
    glance.import(&caller, image_id(&id)?, asked).await?;
    Ok(reply::accepted())
}
