//! Long JSON, compressed for clients that accept it.

use axum::body::HttpBody;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Response, StatusCode};
use tower_http::CompressionLevel;
use tower_http::compression::{CompressionLayer, Predicate};

/// Which answers are compressed: JSON of so many bytes and more. Image data never is: it may be
/// endless, it has its length and its ranges, and most of it does not shrink.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compressing {
    from_bytes: Option<u64>,
}

/// The layer that compresses. Quickly: what it saves on the way is not to be lost in the making.
pub(crate) fn compress(from_bytes: Option<u64>) -> CompressionLayer<Compressing> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(Compressing { from_bytes })
}

impl Predicate for Compressing {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|media| media.as_bytes().starts_with(b"application/json"));
        let length = response.body().size_hint().lower();
        let is_long = self.from_bytes.is_some_and(|least| length >= least);
        is_json && is_long && response.status() != StatusCode::PARTIAL_CONTENT
    }
}
