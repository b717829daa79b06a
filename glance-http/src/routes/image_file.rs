//! `/v2/images/{image_id}/file`, and `/v2/images/{image_id}/stage`

use axum::Extension;
use axum::extract::State;
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use glance_core::domain::Caller;
use glance_core::{Download, DownloadOptions, Glance};

use super::extract::{AskedData, ImageData, Segments};
use crate::body::{self, NoBody};
use crate::error::ApiError;
use crate::reply;
use crate::wire::image_id;
use crate::wire::upload::OCTET_STREAM;

pub(super) async fn upload(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    ImageData { options, bytes }: ImageData,
) -> Result<Response, ApiError> {
    glance
        .upload(&caller, image_id(&id)?, bytes, options)
        .await?;
    Ok(reply::no_content())
}

pub(super) async fn stage(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    ImageData { options, bytes }: ImageData,
) -> Result<Response, ApiError> {
    glance
        .stage(&caller, image_id(&id)?, bytes, options)
        .await?;
    Ok(reply::no_content())
}

pub(super) async fn download(
    State(glance): State<Glance>,
    Extension(caller): Extension<Caller>,
    Segments([id]): Segments<1>,
    AskedData { range, prefer }: AskedData,
    _: NoBody,
) -> Result<Response, ApiError> {
    let options = DownloadOptions {
        range: range.map(|asked| asked.range),
        prefer,
    };
    let Some(download) = glance.download(&caller, image_id(&id)?, options).await? else {
        return Ok(reply::no_content());
    };
    range.map_or(Ok(()), |asked| asked.check_last(download.size))?;
    Ok(data(download, range.is_some()))
}

/// The bytes with the headers that go with them. The checksum is that of the whole image, also
/// where a part is sent (upstream).
fn data(download: Download, partial: bool) -> Response {
    let Download {
        image,
        size,
        range,
        body,
        ..
    } = download;
    let mut response = Response::new(body::outgoing(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(OCTET_STREAM));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(range.length));
    if let Some(Ok(checksum)) = image.checksum.as_deref().map(HeaderValue::from_str) {
        headers.insert(CONTENT_MD5, checksum);
    }
    if partial {
        let last = range.offset + range.length.saturating_sub(1);
        let part = format!("bytes {}-{last}/{size}", range.offset);
        if let Ok(part) = HeaderValue::from_str(&part) {
            headers.insert(CONTENT_RANGE, part);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// In hex, not in base 64: so upstream, and so its clients.
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
