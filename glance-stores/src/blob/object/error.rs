//! Errors of object stores to errors of a store: one table.

use std::error::Error;

use glance_core::domain::{BlobUrl, StoreId};
use glance_core::ports::{BoxError, Operation, StoreError};
use object_store::client::{HttpError, HttpErrorKind};

use super::connection::Silent;
use super::refusal::Refusal;

/// What the server answered, if it is a refusal that stands behind an error.
pub(super) fn refusal<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Refusal> {
    chain(error).find_map(<dyn Error>::downcast_ref)
}

/// Whether the server says that there is no such object, upload or bucket.
pub(super) fn is_missing(error: &(dyn Error + 'static)) -> bool {
    // Azure deletes in batches: a refusal of one stands in an answer that is none.
    let is_named =
        |error: &object_store::Error| matches!(error, object_store::Error::NotFound { .. });
    refusal(error).is_some_and(|refusal| refusal.status == 404)
        || chain(error).any(|error| error.downcast_ref().is_some_and(is_named))
}

/// Whether the server says that there is no such bucket.
pub(super) fn misses_bucket(error: &(dyn Error + 'static)) -> bool {
    refusal(error).is_some_and(Refusal::misses_bucket)
}

/// Whether the server says that an object stands there already.
pub(super) fn is_in_the_way(error: &(dyn Error + 'static)) -> bool {
    refusal(error).is_some_and(Refusal::is_in_the_way)
}

/// What an error means for whoever asked the store for `operation`.
pub(super) fn store_error(
    store: &StoreId,
    operation: Operation,
    location: Option<&BlobUrl>,
    error: impl Into<BoxError>,
) -> StoreError {
    let store = store.clone();
    let error = error.into();
    let Some(refusal) = refusal(error.as_ref()).cloned() else {
        let source = error;
        if let (true, Some(location)) = (is_missing(source.as_ref()), location) {
            let location = location.clone();
            return StoreError::NotFound { store, location };
        }
        return if is_passing(source.as_ref()) {
            StoreError::Unavailable {
                store,
                operation,
                source,
            }
        } else {
            StoreError::Backend {
                store,
                operation,
                source,
            }
        };
    };
    match (refusal.status, refusal.code.as_str(), location) {
        (404, _, Some(location)) if !refusal.misses_bucket() => StoreError::NotFound {
            store,
            location: location.clone(),
        },
        (413 | 507, _, _) | (_, "EntityTooLarge" | "QuotaExceeded" | "InsufficientStorage", _) => {
            StoreError::Full { store }
        }
        (401 | 403, _, _) => StoreError::PermissionDenied {
            store,
            operation,
            source: refusal.into(),
        },
        (408 | 409 | 429 | 500 | 502..=504, _, _) => StoreError::Unavailable {
            store,
            operation,
            source: refusal.into(),
        },
        _ => StoreError::Backend {
            store,
            operation,
            source: refusal.into(),
        },
    }
}

/// Whether the connection failed, and not what was asked over it.
fn is_passing(error: &(dyn Error + 'static)) -> bool {
    let kind = chain(error).find_map(|error| error.downcast_ref().map(HttpError::kind));
    let is_silent = chain(error).any(|error| error.is::<Silent>());
    is_silent
        || matches!(
            kind,
            Some(
                HttpErrorKind::Connect
                    | HttpErrorKind::Interrupted
                    | HttpErrorKind::Request
                    | HttpErrorKind::Timeout
            )
        )
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_match_the_golden_table() {
        let store: StoreId = "s3".parse().unwrap();
        let location = BlobUrl::new("s3://host/bucket/image");
        let answers = [
            (400, "EntityTooLarge"),
            (400, "InvalidArgument"),
            (401, ""),
            (403, "AccessDenied"),
            (403, "QuotaExceeded"),
            (404, "NoSuchKey"),
            (404, "NoSuchBucket"),
            (405, "MethodNotAllowed"),
            (409, "OperationAborted"),
            (413, ""),
            (429, "SlowDown"),
            (500, "InternalError"),
            (501, "NotImplemented"),
            (503, "ServiceUnavailable"),
            (507, ""),
        ];

        let mut table = String::new();
        for (status, code) in answers {
            let body = format!("<Error><Code>{code}</Code><Message>canary</Message></Error>");
            let refusal = Refusal::new(status, body.as_bytes());
            let error = store_error(&store, Operation::Read, Some(&location), refusal);
            table += &format!("{status} {code}: {error}\n");
        }

        expect_test::expect![[r#"
            400 EntityTooLarge: store `s3` is full
            400 InvalidArgument: store `s3` failed to read
            401 : store `s3` is not permitted to read
            403 AccessDenied: store `s3` is not permitted to read
            403 QuotaExceeded: store `s3` is full
            404 NoSuchKey: store `s3` holds nothing at `s3://host/bucket/image`
            404 NoSuchBucket: store `s3` failed to read
            405 MethodNotAllowed: store `s3` failed to read
            409 OperationAborted: store `s3` is unavailable
            413 : store `s3` is full
            429 SlowDown: store `s3` is unavailable
            500 InternalError: store `s3` is unavailable
            501 NotImplemented: store `s3` failed to read
            503 ServiceUnavailable: store `s3` is unavailable
            507 : store `s3` is full
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn a_refusal_repeats_no_more_than_the_name_of_the_reason() {
        let body = b"<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>canary\
            </AWSAccessKeyId><StringToSign>canary</StringToSign></Error>";

        let refusal = Refusal::new(403, body);

        assert_eq!(refusal.code, "SignatureDoesNotMatch");
        assert!(!format!("{refusal:?} {refusal}").contains("canary"));
        assert_eq!(Refusal::new(403, b"<Code>a b<c></Code>").code, "");
    }
}
