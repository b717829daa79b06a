//! By what data is known to be the same as before (RFC 9110 §8.8 and §13.1.5).

use std::time::Duration;

use reqwest::header::{DATE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED};

use crate::guard::Answer;

/// What a server told of the data that changes with every byte of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Validator {
    /// Its entity tag, which is a strong one.
    Tag(String),
    /// When it was changed, well before the answer: data that changed twice in the same second
    /// would have one date.
    Modified(String),
    /// Nothing: whoever reads the data finds out in the end.
    Hash,
}

impl Validator {
    /// The one of an answer, if there is one.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        Self::strong(
            answer.header(&ETAG),
            answer.header(&LAST_MODIFIED),
            answer.header(&DATE),
        )
    }

    fn strong(tag: Option<&str>, modified: Option<&str>, date: Option<&str>) -> Option<Self> {
        if let Some(tag) = tag.filter(|tag| tag.starts_with('"')) {
            return Some(Self::Tag(tag.to_owned()));
        }
        let (modified, date) = (modified?, date?);
        let told = |text| httpdate::parse_http_date(text).ok();
        let age = told(date)?.duration_since(told(modified)?).ok()?;
        (age >= Duration::from_secs(1)).then(|| Self::Modified(modified.to_owned()))
    }

    /// Whether an answer bears the same.
    pub(super) fn is_of(&self, answer: &Answer) -> bool {
        self.parts()
            .is_none_or(|(name, text)| answer.header(&name) == Some(text))
    }

    /// The value of `If-Range`.
    pub(super) fn condition(&self) -> Option<HeaderValue> {
        self.parts()?.1.parse().ok()
    }

    fn parts(&self) -> Option<(HeaderName, &str)> {
        match self {
            Self::Tag(tag) => Some((ETAG, tag)),
            Self::Modified(date) => Some((LAST_MODIFIED, date)),
            Self::Hash => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const LATE: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    #[test]
    fn only_what_changes_with_every_byte_tells_data_apart() {
        let strong = Validator::strong;
        let tag = Some(Validator::Tag("\"a\"".to_owned()));
        let modified = Some(Validator::Modified(EARLY.to_owned()));

        assert_eq!(strong(Some("\"a\""), Some(EARLY), Some(LATE)), tag);
        assert_eq!(strong(Some("\"a\""), None, None), tag);
        assert_eq!(strong(Some("W/\"a\""), Some(EARLY), Some(LATE)), modified);
        assert_eq!(strong(None, Some(EARLY), Some(LATE)), modified);
        assert_eq!(strong(Some("W/\"a\""), None, Some(LATE)), None);
        assert_eq!(strong(None, Some(EARLY), Some(EARLY)), None);
        assert_eq!(strong(None, Some(LATE), Some(EARLY)), None);
        assert_eq!(strong(None, Some(EARLY), None), None);
        assert_eq!(strong(None, Some("yesterday"), Some(LATE)), None);
        assert_eq!(strong(Some("a"), None, None), None);
    }
}
