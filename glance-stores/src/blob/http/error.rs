//! What a server answers, and why it does not, to errors of a store: one table.

use glance_core::domain::{BlobUrl, StoreId};
use glance_core::ports::{BoxError, Operation, StoreError};
use thiserror::Error;

use crate::guard::FetchError;

/// Who asked for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'s> {
    pub(super) store: &'s StoreId,
    pub(super) operation: Operation,
    pub(super) location: &'s BlobUrl,
}

impl Asked<'_> {
    /// An answer that is not one to the question.
    pub(super) fn status(self, status: u16) -> StoreError {
        let source = BoxError::from(format!("the server answers with status {status}"));
        match status {
            404 | 410 => StoreError::NotFound {
                store: self.store.clone(),
                location: self.location.clone(),
            },
            401 | 403 | 407 => StoreError::PermissionDenied {
                store: self.store.clone(),
                operation: self.operation,
                source,
            },
            408 | 425 | 429 | 500.. => self.unavailable(source),
            _ => self.bad_location(source),
        }
    }

    /// No answer.
    pub(super) fn fetch(self, error: FetchError) -> StoreError {
        match error {
            FetchError::Slow(_) | FetchError::Unreachable(_) => self.unavailable(error.into()),
            FetchError::Refused(_) => StoreError::Forbidden {
                store: self.store.clone(),
                operation: self.operation,
                source: error.into(),
            },
            FetchError::Redirect { .. }
            | FetchError::RedirectTarget
            | FetchError::TooLarge { .. }
            | FetchError::TooManyRedirects { .. } => self.bad_location(error.into()),
        }
    }

    /// An answer that breaks the protocol, or cannot be used.
    pub(super) fn answer(self, answer: UnusableAnswer) -> StoreError {
        StoreError::Backend {
            store: self.store.clone(),
            operation: self.operation,
            source: answer.into(),
        }
    }

    pub(super) fn unsupported(self) -> StoreError {
        StoreError::Unsupported {
            store: self.store.clone(),
            operation: self.operation,
        }
    }

    fn bad_location(self, source: BoxError) -> StoreError {
        StoreError::BadLocation {
            store: self.store.clone(),
            operation: self.operation,
            source,
        }
    }

    fn unavailable(self, source: BoxError) -> StoreError {
        StoreError::Unavailable {
            store: self.store.clone(),
            operation: self.operation,
            source,
        }
    }
}

/// Why an answer cannot be used.
#[derive(Debug, Error)]
pub(super) enum UnusableAnswer {
    #[error("the server sends the data encoded, though it was asked not to")]
    Encoded,
    #[error("the server does not tell where the data ends")]
    Endless,
    #[error("the server sends other bytes than it was asked for")]
    OtherBytes,
    #[error("the blob ends before the range does")]
    PastTheEnd,
    #[error("the server does not tell how many bytes there are")]
    SizeUnknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_match_the_golden_table() {
        let store = "http".parse().unwrap();
        let location = BlobUrl::new("http://user:canary@images.example/a");
        let asked = Asked {
            store: &store,
            operation: Operation::Read,
            location: &location,
        };

        let mut table = String::new();
        for status in [
            204, 304, 400, 401, 403, 404, 407, 408, 410, 425, 429, 451, 500, 503, 599,
        ] {
            table += &format!("{status}: {}\n", asked.status(status));
        }

        assert!(!table.contains("canary"), "{table}");
        expect_test::expect![[r#"
            204: store `http` cannot read: the location cannot be used
            304: store `http` cannot read: the location cannot be used
            400: store `http` cannot read: the location cannot be used
            401: store `http` is not permitted to read
            403: store `http` is not permitted to read
            404: store `http` holds nothing at `http://***@images.example/a`
            407: store `http` is not permitted to read
            408: store `http` is unavailable
            410: store `http` holds nothing at `http://***@images.example/a`
            425: store `http` is unavailable
            429: store `http` is unavailable
            451: store `http` cannot read: the location cannot be used
            500: store `http` is unavailable
            503: store `http` is unavailable
            599: store `http` is unavailable
        "#]]
        .assert_eq(&table);
    }
}
