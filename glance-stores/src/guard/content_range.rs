//! Which bytes a partial answer holds.

use reqwest::header::CONTENT_RANGE;

use super::answer::{Answer, digits};

/// `Content-Range: bytes first-last/size` (RFC 9110 §14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Bytes of the whole, if they are told.
    pub(crate) size: Option<u64>,
}

impl ContentRange {
    pub(crate) fn of(answer: &Answer) -> Option<Self> {
        Self::parse(answer.header(&CONTENT_RANGE)?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (bytes, size) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = bytes.split_once('-')?;
        Some(Self {
            first: digits(first)?,
            last: digits(last)?,
            size: match size {
                "*" => None,
                size => Some(digits(size)?),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_range_is_read_to_the_letter() {
        let whole = ContentRange {
            first: 0,
            last: 9,
            size: Some(10),
        };
        assert_eq!(ContentRange::parse("bytes 0-9/10"), Some(whole));
        let unknown = ContentRange {
            size: None,
            ..whole
        };
        assert_eq!(ContentRange::parse("bytes 0-9/*"), Some(unknown));
        for text in [
            "",
            "bytes",
            "bytes */10",
            "bytes 0-9",
            "bytes 0-/10",
            "bytes -9/10",
            "bits 0-9/10",
            "bytes +0-9/10",
            "bytes 0-9/",
            "bytes 0-9/10, bytes 0-1/10",
            "bytes 0-99999999999999999999/*",
        ] {
            assert_eq!(ContentRange::parse(text), None, "{text}");
        }
    }
}
