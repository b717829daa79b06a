//! Exactly the bytes asked for, or a refusal (rule R12).

use glance_core::domain::{BlobUrl, ByteRange, StoreId};
use glance_core::ports::{ByteStream, Operation, StoreError};
use reqwest::header::{CONTENT_RANGE, HeaderMap, HeaderValue, RANGE};
use reqwest::{Method, StatusCode};
use url::Url;

use super::error::{Asked, UnusableAnswer};
use crate::guard::{Answer, ContentRange, Guard, digits};

/// One operation on one location.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    pub(super) store: &'s StoreId,
    pub(super) guard: &'s Guard,
    pub(super) location: &'s BlobUrl,
    pub(super) operation: Operation,
    pub(super) url: Url,
}

impl Reader<'_> {
    pub(super) async fn whole(&self) -> Result<ByteStream, StoreError> {
        let answer = self.ask(Method::GET, None).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::PARTIAL_CONTENT => return Err(self.unusable(UnusableAnswer::OtherBytes)),
            status => return Err(self.asked().status(status.as_u16())),
        }
        self.check_encoding(&answer)?;
        if !answer.is_framed() {
            return Err(self.unusable(UnusableAnswer::Endless));
        }
        let length = answer.length();
        let bytes = self.bytes(answer)?;
        Ok(match length {
            Some(length) => bytes.exactly(length),
            None => bytes,
        })
    }

    pub(super) async fn range(&self, range: ByteRange) -> Result<ByteStream, StoreError> {
        let past_the_end = || self.unusable(UnusableAnswer::PastTheEnd);
        let Some(to_last) = range.length.checked_sub(1) else {
            // HTTP cannot ask for nothing.
            return match self.size().await? {
                size if range.offset <= size => Ok(ByteStream::from_bytes("")),
                _ => Err(past_the_end()),
            };
        };
        let last = range.offset.checked_add(to_last).ok_or_else(past_the_end)?;
        let answer = self.ask(Method::GET, Some((range.offset, last))).await?;
        match answer.status() {
            StatusCode::PARTIAL_CONTENT => {}
            StatusCode::OK => return Err(self.asked().unsupported()),
            StatusCode::RANGE_NOT_SATISFIABLE => return Err(past_the_end()),
            status => return Err(self.asked().status(status.as_u16())),
        }
        self.check_encoding(&answer)?;
        let sent = ContentRange::of(&answer).ok_or_else(|| {
            // A multipart body, or none that we know.
            self.unusable(UnusableAnswer::OtherBytes)
        })?;
        if sent.first == range.offset && sent.last < last {
            return Err(past_the_end());
        }
        let length = answer.length().unwrap_or(range.length);
        if (sent.first, sent.last, length) != (range.offset, last, range.length) {
            return Err(self.unusable(UnusableAnswer::OtherBytes));
        }
        Ok(self.bytes(answer)?.exactly(range.length))
    }

    /// By `HEAD`, and where that tells nothing, by the first byte: some servers know no `HEAD`, and
    /// signed URLs are good for one method.
    pub(super) async fn size(&self) -> Result<u64, StoreError> {
        let answer = self.ask(Method::HEAD, None).await?;
        let told = match answer.status() {
            StatusCode::OK => self.length(&answer)?,
            status if matches!(status.as_u16(), 404 | 410 | 500 | 502..) => {
                return Err(self.asked().status(status.as_u16()));
            }
            _ => None,
        };
        match told {
            Some(size) => Ok(size),
            None => self.size_by_the_first_byte().await,
        }
    }

    async fn size_by_the_first_byte(&self) -> Result<u64, StoreError> {
        let answer = self.ask(Method::GET, Some((0, 0))).await?;
        let told = match answer.status() {
            StatusCode::OK => self.length(&answer)?,
            StatusCode::PARTIAL_CONTENT => {
                self.check_encoding(&answer)?;
                let range = ContentRange::of(&answer);
                range
                    .filter(|range| (range.first, range.last) == (0, 0))
                    .and_then(|range| range.size)
            }
            // Of an empty blob there is no first byte.
            StatusCode::RANGE_NOT_SATISFIABLE => answer
                .header(&CONTENT_RANGE)
                .and_then(|range| digits(range.strip_prefix("bytes */")?)),
            status => return Err(self.asked().status(status.as_u16())),
        };
        told.ok_or_else(|| self.unusable(UnusableAnswer::SizeUnknown))
    }

    async fn ask(&self, method: Method, range: Option<(u64, u64)>) -> Result<Answer, StoreError> {
        let mut headers = HeaderMap::new();
        if let Some((first, last)) = range
            && let Ok(range) = HeaderValue::try_from(format!("bytes={first}-{last}"))
        {
            headers.insert(RANGE, range);
        }
        let answer = self.guard.fetch(method, self.url.clone(), headers).await;
        answer.map_err(|error| self.asked().fetch(error))
    }

    fn length(&self, answer: &Answer) -> Result<Option<u64>, StoreError> {
        self.check_encoding(answer)?;
        Ok(answer.length())
    }

    fn bytes(&self, answer: Answer) -> Result<ByteStream, StoreError> {
        let bytes = answer.into_bytes();
        bytes.map_err(|error| self.asked().fetch(error))
    }

    /// Encoded bytes are not the blob's, and are not decoded: their length would be another.
    fn check_encoding(&self, answer: &Answer) -> Result<(), StoreError> {
        match answer.is_encoded() {
            true => Err(self.unusable(UnusableAnswer::Encoded)),
            false => Ok(()),
        }
    }

    fn unusable(&self, answer: UnusableAnswer) -> StoreError {
        self.asked().answer(answer)
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            store: self.store,
            operation: self.operation,
            location: self.location,
        }
    }
}
