//! Who asks.

mod headers;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use glance_core::domain::Caller;

use crate::error::ApiError;
use crate::options::Api;

/// Who vouches for callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Identity {
    /// Nobody: everyone is the one administrator. Identity headers of clients mean nothing.
    #[default]
    None,
    /// A proxy in front, which sets `X-Identity-Status` and the headers that go with it, and lets
    /// none of them through from clients.
    Headers,
}

impl Identity {
    /// The caller of a request; `None` if nobody vouches for them.
    fn caller(self, headers: &HeaderMap) -> Option<Caller> {
        match self {
            Self::None => Some(Caller::local_admin()),
            Self::Headers => headers::caller(headers),
        }
    }
}

/// Lets nobody in of whom it is not known who they are.
pub(crate) async fn identify(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    match api.options.identity.caller(request.headers()) {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => ApiError::unauthorized().into_response(),
    }
}
