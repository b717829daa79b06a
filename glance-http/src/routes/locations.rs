//! `/v2/images/{image_id}/locations`: where data is, between services.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use glance_core::Glance;
use glance_core::domain::Caller;

use super::extract::{AddedLocation, Segments};
use crate::body::NoBody;
use crate::error::ApiError;
use crate::reply;
use crate::wire::image_id;
use crate::wire::location::Locations;

pub(super) async fn list(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let locations = glance.locations(&caller, image_id(&id)?).await?;
    Ok(reply::json(StatusCode::OK, &Locations(locations.iter())))
}

pub(super) async fn add(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    added: AddedLocation,
) -> Result<Response, ApiError> {
    let AddedLocation {
        location,
        request_id,
    } = added;
    glance
        .add_location(&caller, image_id(&id)?, location, request_id)
        .await?;
    Ok(reply::accepted())
}
