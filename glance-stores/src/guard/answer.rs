//! What a server answers, with the deadlines and the size that were set.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use glance_core::ports::{BodyError, BoxError, ByteStream};
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, TRANSFER_ENCODING};
use reqwest::{StatusCode, Version};
use tokio::time::{Instant, timeout_at};

use super::error::FetchError;
use crate::watched::Watched;

/// An answer whose body has not been read yet.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) response: reqwest::Response,
    pub(super) idle: Duration,
    /// When all of the body must have come.
    pub(super) end: Option<Instant>,
    pub(super) most_bytes: Option<u64>,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// A header, if it is there once and is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        single(self.response.headers(), name)
    }

    /// Whether a header is there at all.
    pub(crate) fn has(&self, name: &HeaderName) -> bool {
        self.response.headers().contains_key(name)
    }

    /// The length that the answer tells.
    pub(crate) fn length(&self) -> Option<u64> {
        digits(self.header(&CONTENT_LENGTH)?)
    }

    /// Whether the bytes are not those of the data, though they were asked for as they are.
    pub(crate) fn is_encoded(&self) -> bool {
        match self.header(&CONTENT_ENCODING) {
            Some(encoding) => !encoding.eq_ignore_ascii_case("identity"),
            None => self.has(&CONTENT_ENCODING),
        }
    }

    /// Whether a body that breaks off can be told from one that is whole.
    pub(crate) fn is_framed(&self) -> bool {
        self.length().is_some()
            || self.has(&TRANSFER_ENCODING)
            || self.response.version() >= Version::HTTP_2
    }

    /// The bytes of the body.
    pub(crate) fn into_bytes(self) -> Result<ByteStream, FetchError> {
        if let (Some(length), Some(most)) = (self.length(), self.most_bytes)
            && length > most
        {
            return Err(FetchError::TooLarge { length, most });
        }
        let body = self.response.bytes_stream();
        let body = body.map_err(reqwest::Error::without_url);
        let mut bytes = ByteStream::new(Watched::new(ByteStream::new(body), self.idle, ()));
        if let Some(end) = self.end {
            bytes = until(bytes, end);
        }
        if let Some(most) = self.most_bytes {
            bytes = at_most(bytes, most);
        }
        Ok(bytes)
    }
}

/// A count in digits alone: what is signed or spaced is no HTTP.
pub(crate) fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(())?;
    text.parse().ok()
}

fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The same bytes, and an error where they are not all there in time.
fn until(bytes: ByteStream, end: Instant) -> ByteStream {
    ByteStream::new(stream::unfold(Some(bytes), move |bytes| async move {
        let mut bytes = bytes?;
        match timeout_at(end, bytes.next()).await {
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(bytes))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_) => Some((Err(broken("the data takes too long")), None)),
        }
    }))
}

/// The same bytes, and an error where there are more than `most`.
fn at_most(bytes: ByteStream, most: u64) -> ByteStream {
    let state = Some((bytes, 0_u64));
    ByteStream::new(stream::unfold(state, move |state| async move {
        let (mut bytes, length) = state?;
        match bytes.next().await? {
            Ok(chunk) => {
                let length = length.saturating_add(chunk.len() as u64);
                if length > most {
                    let error = broken(FetchError::TooLarge { length, most });
                    return Some((Err(error), None));
                }
                Some((Ok(chunk), Some((bytes, length))))
            }
            Err(error) => Some((Err(error), None)),
        }
    }))
}

fn broken(why: impl Into<BoxError>) -> BodyError {
    BodyError(why.into())
}
