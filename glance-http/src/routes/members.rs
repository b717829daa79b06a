//! `/v2/images/{image_id}/members`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use glance_core::Glance;
use glance_core::domain::Caller;

use super::extract::Segments;
use crate::body::{JsonBody, NoBody};
use crate::error::ApiError;
use crate::reply;
use crate::wire::image_id;
use crate::wire::member::{self, MemberListView, MemberView};

pub(super) async fn list(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let members = glance.members(&caller, image_id(&id)?).await?;
    Ok(reply::json(StatusCode::OK, &MemberListView(&members)))
}

pub(super) async fn add(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let project = member::new_member(&body)?;
    let member = glance.add_member(&caller, image_id(&id)?, project).await?;
    Ok(reply::json(StatusCode::OK, &MemberView(&member)))
}

pub(super) async fn show(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id, project]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let member = glance.member(&caller, image_id(&id)?, &project).await?;
    Ok(reply::json(StatusCode::OK, &MemberView(&member)))
}

pub(super) async fn answer(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id, project]): Segments<2>,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let status = member::answer(&body)?;
    let member = glance
        .answer_offer(&caller, image_id(&id)?, &project, status)
        .await?;
    Ok(reply::json(StatusCode::OK, &MemberView(&member)))
}

pub(super) async fn remove(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id, project]): Segments<2>,
    _: NoBody,
) -> Result<Response, ApiError> {
    glance
        .remove_member(&caller, image_id(&id)?, &project)
        .await?;
    Ok(reply::no_content())
}
