//! `/v2/images/{image_id}/import`

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use glance_core::Error;
use glance_core::domain::{Caller, CannotImport};

use super::extract::{AskedImport, Segments};
use super::passing_on::PassingOn;
use crate::error::ApiError;
use crate::options::Api;
use crate::reply;
use crate::wire::image_id;

pub(super) async fn begin(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    passing_on: PassingOn,
    AskedImport { asked, body }: AskedImport,
) -> Result<Response, ApiError> {
    let id = image_id(&id)?;
    match (
        api.glance.import(&caller, id, asked).await,
        &api.options.nodes,
    ) {
        (Err(Error::CannotImport(CannotImport::StagedElsewhere { host, .. })), Some(nodes)) => {
            passing_on.import(nodes.as_ref(), &host, id, &body).await
        }
        (begun, _) => {
            begun?;
            Ok(reply::accepted())
        }
    }
}
