//! Parts of requests that handlers ask for.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use glance_core::domain::{Draft, Edit, NewLocation, StoreId};
use glance_core::ports::ByteStream;
use glance_core::{ImportRequest, UploadOptions};
use serde_json::Value;

use crate::body::{self, JsonBody};
use crate::edge::RequestId;
use crate::error::{ACCEPT_PATCH, ApiError};
use crate::options::Api;
use crate::wire::patch::Dialect;
use crate::wire::range::AskedRange;
use crate::wire::{import, location, new_image, store, upload};

/// The variable segments of a path, decoded.
pub(super) struct Segments<const N: usize>(pub(super) [String; N]);

impl<const N: usize, S: Send + Sync> FromRequestParts<S> for Segments<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::undecodable())?;
        let segments: Vec<String> = params
            .iter()
            .map(|(_, segment)| segment.to_owned())
            .collect();
        // Upstream decodes before it routes: an escaped slash makes another path.
        if segments.iter().any(|segment| segment.contains('/')) {
            return Err(ApiError::no_resource());
        }
        segments
            .try_into()
            .map(Self)
            .map_err(|_| ApiError::internal())
    }
}

/// The body of a request to create an image.
pub(super) struct NewImage(pub(super) Draft);

impl FromRequest<Api> for NewImage {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let JsonBody(body) = JsonBody::from_request(request, api).await?;
        new_image::read(&body, api.image_rules()).map(Self)
    }
}

/// The body of a request to edit an image.
pub(super) struct ImagePatch(pub(super) Vec<Edit>);

impl FromRequest<Api> for ImagePatch {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let media = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|media| media.to_str().ok());
        let Some(dialect) = Dialect::of(media) else {
            let all = Dialect::all();
            let detail = format!("Image PATCH expects Content-Type one of: {all}");
            return Err(ApiError::unsupported_media(media, detail).with_header(ACCEPT_PATCH, &all));
        };
        let JsonBody(body) = JsonBody::from_request(request, api).await?;
        let show_locations = api.options.show_locations;
        dialect
            .read(&body, api.image_rules(), show_locations)
            .map(Self)
    }
}

/// The body of a request to add a location.
pub(super) struct AddedLocation {
    pub(super) location: NewLocation,
    /// The request, for the row of the task.
    pub(super) request_id: Option<String>,
}

impl FromRequest<Api> for AddedLocation {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let request_id = request_id(&request);
        let JsonBody(body) = JsonBody::from_request(request, api).await?;
        Ok(Self {
            location: location::read_request(&body)?,
            request_id,
        })
    }
}

/// The body and the headers of a request to import an image.
pub(super) struct AskedImport {
    pub(super) asked: ImportRequest,
    /// The body as it came, for another node.
    pub(super) body: Value,
}

impl FromRequest<Api> for AskedImport {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let store = store::chosen(request.headers())?;
        let token = api.options.identity.user_token(request.headers());
        let request_id = request_id(&request);
        let JsonBody(body) = JsonBody::from_request(request, api).await?;
        let mut asked = ImportRequest {
            store,
            request_id,
            ..import::read(&body)?
        };
        if let Some(remote) = &mut asked.remote {
            remote.token = token;
        }
        Ok(Self { asked, body })
    }
}

fn request_id(request: &Request) -> Option<String> {
    let RequestId(id) = request.extensions().get().cloned().unwrap_or_default();
    Some(id).filter(|id| !id.is_empty())
}

/// Which bytes of an image are asked for, and from where.
pub(super) struct AskedData {
    pub(super) range: Option<AskedRange>,
    pub(super) prefer: Vec<StoreId>,
}

impl FromRequestParts<Api> for AskedData {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let prefer = store::preferred(parts.uri.query().unwrap_or_default())?;
        if !prefer.is_empty() && !api.glance.stores().are_named() {
            return Err(ApiError::bad_request(
                "Store selection for download is not available when multiple backends are not \
                 enabled.",
            ));
        }
        let range = AskedRange::of(&parts.headers)?;
        Ok(Self { range, prefer })
    }
}

/// Image data on its way in.
pub(super) struct ImageData {
    pub(super) options: UploadOptions,
    pub(super) bytes: ByteStream,
}

impl FromRequest<Api> for ImageData {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let options = upload::read(request.headers());
        // Also where the headers are refused the body is let go of gently.
        let bytes = body::incoming(request, api.options.stall_timeout);
        Ok(Self {
            options: options?,
            bytes,
        })
    }
}
