//! Which bytes of an image are asked for.

use axum::http::header::{CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderName};
use glance_core::domain::RangeRequest;

use crate::error::ApiError;

/// The bytes asked for, and the last one if it must not be past the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AskedRange {
    pub(crate) range: RangeRequest,
    last: Option<u64>,
}

impl AskedRange {
    /// Reads `Range`, or else `Content-Range`, which old clients of Glance send in its place.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        if headers.contains_key(RANGE) {
            return range(one(headers, &RANGE)?).map(Some);
        }
        if headers.contains_key(CONTENT_RANGE) {
            return content_range(one(headers, &CONTENT_RANGE)?).map(Some);
        }
        Ok(None)
    }

    /// Refuses a last byte past the end of an image of `size` bytes: a `Content-Range` is exact,
    /// where the end of a `Range` is cut.
    pub(crate) fn check_last(self, size: u64) -> Result<(), ApiError> {
        match self.last {
            Some(last) if last >= size => Err(ApiError::range_not_satisfiable(format!(
                "The last byte of Content-Range is past the end of an image of {size} bytes."
            ))),
            _ => Ok(()),
        }
    }
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, ApiError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| invalid("Range")),
        _ => Err(multiple()),
    }
}

fn range(text: &str) -> Result<AskedRange, ApiError> {
    let (unit, spec) = text.split_once('=').ok_or_else(|| invalid("Range"))?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Err(invalid("Range"));
    }
    if spec.contains(',') {
        return Err(multiple());
    }
    let (first, last) = spec.split_once('-').ok_or_else(|| invalid("Range"))?;
    let range = match (first.trim(), last.trim()) {
        ("", count) => RangeRequest::Last(number(count).ok_or_else(|| invalid("Range"))?),
        (first, "") => RangeRequest::From(number(first).ok_or_else(|| invalid("Range"))?),
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => RangeRequest::Between(first, last),
            _ => return Err(invalid("Range")),
        },
    };
    Ok(AskedRange { range, last: None })
}

fn content_range(text: &str) -> Result<AskedRange, ApiError> {
    let invalid = || invalid("Content-Range");
    let spec = text.trim().strip_prefix("bytes").ok_or_else(invalid)?;
    let (bytes, length) = spec.trim().split_once('/').ok_or_else(invalid)?;
    let (first, last) = bytes.split_once('-').ok_or_else(invalid)?;
    let known = length == "*" || number(length).is_some();
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last && known => Ok(AskedRange {
            range: RangeRequest::Between(first, last),
            last: Some(last),
        }),
        _ => Err(invalid()),
    }
}

/// Digits and nothing else; what is too large for a number is past every image.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn invalid(header: &str) -> ApiError {
    ApiError::range_not_satisfiable(format!("Invalid {header} header."))
}

fn multiple() -> ApiError {
    ApiError::bad_request(
        "Requests with multiple ranges are not supported in Glance. You may make multiple \
         single-range requests instead.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ranges_are_read() {
        for (text, expected) in [
            ("bytes=0-3", RangeRequest::Between(0, 3)),
            ("Bytes = 0 - 3", RangeRequest::Between(0, 3)),
            ("bytes=5-", RangeRequest::From(5)),
            ("bytes=-5", RangeRequest::Last(5)),
            (
                "bytes=1-99999999999999999999",
                RangeRequest::Between(1, u64::MAX),
            ),
        ] {
            assert_eq!(range(text).unwrap().range, expected, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=3-1",
            "items=0-1",
            "bytes=--4",
        ] {
            assert!(range(text).is_err(), "{text}");
        }
        for text in [
            "bytes */16",
            "bytes 0-3",
            "bytes 3-0/16",
            "0-3/16",
            "bytes 0-3/x",
        ] {
            assert!(content_range(text).is_err(), "{text}");
        }
    }
}
