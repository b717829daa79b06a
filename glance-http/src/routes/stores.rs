//! `/v2/info/stores` and `/v2/stores`: where there are several to choose from.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use glance_core::domain::Caller;
use glance_core::{Error, Glance, Stores};

use super::extract::Segments;
use crate::body::NoBody;
use crate::error::{ApiError, sentence};
use crate::reply;
use crate::wire::{image_id, store};

pub(super) async fn list(State(glance): State<Glance>) -> Result<Response, ApiError> {
    let stores = several(&glance)?;
    Ok(reply::json(StatusCode::OK, &store::list(stores, false)))
}

pub(super) async fn list_in_detail(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let stores = several(&glance)?;
    glance.may_see_store_details(&caller)?;
    Ok(reply::json(StatusCode::OK, &store::list(stores, true)))
}

pub(super) async fn delete_image(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([name, id]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let stores = several(&glance)?;
    let known = stores
        .all()
        .iter()
        .find(|known| known.id().as_str() == name);
    let Some(known) = known else {
        // Glance: here, and not with uploads, a store that is not there is a conflict.
        let explanation = sentence(&Error::UnknownStore { store: name });
        return Err(ApiError::new(StatusCode::CONFLICT, explanation));
    };
    let image = image_id(&id)?;
    glance.delete_from_store(&caller, known.id(), image).await?;
    Ok(reply::no_content())
}

fn several(glance: &Glance) -> Result<&Stores, ApiError> {
    let stores = glance.stores();
    stores.are_named().then_some(stores).ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "Multi backend is not supported at this site.",
        )
    })
}
