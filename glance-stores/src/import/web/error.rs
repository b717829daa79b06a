//! Why data from the web does not come, or does not go on.

use glance_core::ports::SourceError;
use thiserror::Error;

use crate::guard::FetchError;

/// Why there is no data.
pub(in crate::import) fn refused(error: FetchError) -> SourceError {
    match error {
        FetchError::Refused(refusal) => SourceError::Forbidden {
            reason: refusal.to_string(),
        },
        FetchError::Slow(_) | FetchError::Unreachable(_) => SourceError::Unreachable {
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
    #[error(transparent)]
    Fetch(FetchError),
    #[error("the data broke off, and the server sends other bytes than it was then asked for")]
    OtherBytes,
    #[error("the data broke off, and the server then answers {status}")]
    Status { status: u16 },
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
