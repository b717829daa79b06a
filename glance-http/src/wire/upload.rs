//! What the headers of an upload say of the data.

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use glance_core::UploadOptions;

use super::store;
use crate::error::ApiError;

/// Reads the headers of an upload.
pub(crate) fn read(headers: &HeaderMap) -> Result<UploadOptions, ApiError> {
    check_media(headers)?;
    let size = match headers.get(IMAGE_SIZE) {
        Some(size) => {
            let size = size
                .to_str()
                .ok()
                .and_then(|size| size.trim().parse::<u64>().ok());
            Some(size.ok_or_else(|| {
                ApiError::bad_request("Invalid or missing image size in request headers.")
            })?)
        }
        None => headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok())
            .and_then(|length| length.parse().ok()),
    };
    // Upstream: a size of 0 says that it is not known.
    Ok(UploadOptions {
        size: size.filter(|size| *size > 0),
        store: store::chosen(headers)?,
    })
}

fn check_media(headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|media| media.to_str().ok());
    let media = given
        .and_then(|media| media.split(';').next())
        .map(str::trim);
    match media {
        Some(OCTET_STREAM) => Ok(()),
        _ => Err(ApiError::unsupported_media(
            given,
            format!("Invalid content type {}", given.unwrap_or("None")),
        )),
    }
}

/// The media type of image data.
pub(crate) const OCTET_STREAM: &str = "application/octet-stream";

const IMAGE_SIZE: &str = "x-openstack-image-size";
