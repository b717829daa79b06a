//! Why a URL was not fetched.

use std::error::Error;
use std::time::Duration;

use thiserror::Error;

use super::rules::Refusal;

/// Why a URL was not fetched. No variant shows a URL: those hold credentials (rule R6).
#[derive(Debug, Error)]
pub(crate) enum FetchError {
    #[error("the server redirects with status {status}, which is not followed")]
    Redirect { status: u16 },
    #[error("the server redirects to what is no URL")]
    RedirectTarget,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the server does not answer within {} s", .0.as_secs_f64())]
    Slow(Duration),
    #[error("there are {length} bytes, and no more than {most} are taken")]
    TooLarge { length: u64, most: u64 },
    #[error("the server redirects more than {most} times")]
    TooManyRedirects { most: usize },
    #[error("the server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        match refusal_in(&error) {
            Some(refusal) => Self::Refused(refusal),
            None => Self::Unreachable(error),
        }
    }
}

/// What the resolver refused; the client wraps it.
fn refusal_in(error: &(dyn Error + 'static)) -> Option<Refusal> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(refusal.clone());
        }
        next = error.source();
    }
    None
}
