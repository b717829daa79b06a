//! Why data from the web does not come, or does not go on.

use std::error::Error;

use glance_core::ports::{BodyError, SourceError};
use thiserror::Error;

use super::pace::Pace;
use crate::guard::FetchError;

/// Why there is no data.
pub(in crate::import) fn refused(error: FetchError) -> SourceError {
    match error {
        FetchError::Refused(refusal) => SourceError::Forbidden {
            reason: refusal.to_string(),
        },
        FetchError::Slow(within) => SourceError::Silent { within },
        FetchError::Unreachable(_) => SourceError::Unreachable {
            source: error.into(),
        },
        FetchError::Redirect { .. }
        | FetchError::RedirectTarget
        | FetchError::TooLarge { .. }
        | FetchError::TooManyRedirects { .. } => unusable(&error),
    }
}

/// The answer is no data.
pub(in crate::import) fn unusable(reason: &impl ToString) -> SourceError {
    SourceError::Unusable {
        reason: reason.to_string(),
    }
}

/// The data does not come to its end. Says by itself why, in words without a URL (rule R6).
pub(in crate::import) fn broken_off(BodyError(error): BodyError) -> SourceError {
    let reason = match error.downcast_ref::<reqwest::Error>() {
        // Around it is the client's talk of bodies, and where its URLs were.
        Some(error) => innermost(error).to_string(),
        None => error.to_string(),
    };
    SourceError::Broken {
        reason: format!("the data broke off: {reason}"),
    }
}

fn innermost(error: &reqwest::Error) -> &(dyn Error + 'static) {
    let mut inner: &(dyn Error + 'static) = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner
}

/// The data comes, but too slowly.
pub(super) fn too_slow(pace: Pace) -> SourceError {
    let Pace { bytes, within } = pace;
    let seconds = within.as_secs_f64();
    SourceError::Broken {
        reason: format!(
            "the data comes too slowly: fewer than {bytes} bytes in {seconds} s of waiting for them"
        ),
    }
}

/// Why an answer cannot be used.
#[derive(Debug, Error)]
pub(super) enum UnusableAnswer {
    #[error("the server sends the data encoded, though it was asked not to")]
    Encoded,
    #[error("the server does not tell where the data ends")]
    Endless,
}

/// Why data that broke off is not taken up.
#[derive(Debug, Error)]
pub(super) enum CannotResume {
    #[error("the data broke off, and is another by now")]
    Changed,
    #[error("the data broke off: {0}")]
    Fetch(FetchError),
    #[error("the data broke off, and the server sends other bytes than it was then asked for")]
    OtherBytes,
    #[error("the data broke off, and the server then answers {status}")]
    Status { status: u16 },
}

impl From<CannotResume> for SourceError {
    fn from(error: CannotResume) -> Self {
        Self::Broken {
            reason: error.to_string(),
        }
    }
}

impl CannotResume {
    /// Whether the server may answer better in a while.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Fetch(error) => {
                matches!(error, FetchError::Slow(_) | FetchError::Unreachable(_))
            }
            Self::Status { status } => matches!(status, 408 | 425 | 429 | 500..),
            Self::Changed | Self::OtherBytes => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_server_that_is_silent_is_told_from_one_that_is_away() {
        let silent = refused(FetchError::Slow(Duration::from_secs(30)));

        let told = silent.to_string();
        assert_eq!(told, "the server does not answer within 30 s");
        let gone = CannotResume::Fetch(FetchError::Slow(Duration::from_secs(30)));
        let told = SourceError::from(gone).to_string();
        let expected = "the data broke off: the server does not answer within 30 s";
        assert_eq!(told, expected);
    }
}
