//! `/v2/tasks`, and the tasks of an image.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use glance_core::Glance;
use glance_core::domain::{Caller, TaskId};

use super::extract::Segments;
use crate::body::{JsonBody, NoBody};
use crate::edge::RequestId;
use crate::error::ApiError;
use crate::options::Api;
use crate::reply;
use crate::wire::image_id;
use crate::wire::new_task;
use crate::wire::task::{self, ImageTasksView, TaskListView, TaskView};

pub(super) async fn list(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Result<Response, ApiError> {
    glance.may_use_tasks(&caller)?;
    let (request, links) = task::read_list(query.as_deref().unwrap_or_default())?;
    let list = glance.tasks(&caller, request).await?;
    let view = TaskListView {
        list: &list,
        links: &links,
    };
    Ok(reply::json(StatusCode::OK, &view))
}

/// Who may not is told so before the body is looked at (upstream).
pub(super) async fn create(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    body: Result<JsonBody, ApiError>,
) -> Result<Response, ApiError> {
    api.glance.may_use_tasks(&caller)?;
    let JsonBody(body) = body?;
    let request_id = Some(request_id).filter(|id| !id.is_empty());
    let asked = new_task::read(&body, api.image_rules(), request_id)?;
    let task = api.glance.import_new(&caller, asked).await?;
    let location = format!("/v2/tasks/{}", task.id);
    let created = reply::json(StatusCode::CREATED, &TaskView(&task));
    Ok(([(LOCATION, location)], created).into_response())
}

pub(super) async fn show(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let task = glance.task(&caller, &TaskId::stored(id)).await?;
    Ok(reply::json(StatusCode::OK, &TaskView(&task)))
}

pub(super) async fn of_image(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let tasks = glance.image_tasks(&caller, image_id(&id)?).await?;
    Ok(reply::json(StatusCode::OK, &ImageTasksView(&tasks)))
}
