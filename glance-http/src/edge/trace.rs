//! Request ids, and one line in the log for each request.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;
use uuid::Uuid;

use super::forwarded::Forwarded;
use crate::error::ApiError;
use crate::options::Api;
use crate::reply::{Form, render};

/// The id of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives every request an id, and logs what became of it. Neither queries nor headers are logged:
/// they may hold secrets (rule R6).
pub(crate) async fn trace(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let kept = kept_id(request.headers(), api.options.max_request_id_length);
    let id = kept.as_ref().ok().cloned().flatten().unwrap_or_else(new_id);
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        method = %request.method(),
        // Quoted and escaped: a path may hold whatever a client likes.
        path = ?request.uri().path(),
        client = tracing::field::Empty,
    );
    if api.options.trust_proxy_headers {
        let told = Forwarded::of(request.headers());
        span.record("client", told.client.map(tracing::field::debug));
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = match kept {
        Ok(_) => next.run(request).instrument(span.clone()).await,
        Err(too_long) => render(too_long.into_response(), Form::preferred(request.headers())),
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let _entered = span.enter();
    tracing::info!(
        status = response.status().as_u16(),
        duration_ms = started.elapsed().as_millis(),
        "request answered"
    );
    response
}

/// The id that the client gave, with the prefix that all of them bear. One that could be taken for
/// something else in a log is not kept.
fn kept_id(headers: &HeaderMap, longest: usize) -> Result<Option<String>, ApiError> {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if longest > 0 && given.len() > longest {
        return Err(ApiError::request_id_too_long(longest));
    }
    if given.is_empty() || !given.chars().all(is_plain) {
        return Ok(None);
    }
    let prefix = if given.starts_with(PREFIX) {
        ""
    } else {
        PREFIX
    };
    Ok(Some(format!("{prefix}{given}")))
}

fn new_id() -> String {
    format!("{PREFIX}{}", Uuid::new_v4())
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-openstack-request-id");
const PREFIX: &str = "req-";

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(given: &str, longest: usize) -> Result<Option<String>, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
        kept_id(&headers, longest)
    }

    #[test]
    fn ids_of_clients_are_kept_with_their_prefix() {
        assert_eq!(kept("abc", 64).unwrap().as_deref(), Some("req-abc"));
        assert_eq!(kept("req-abc", 64).unwrap().as_deref(), Some("req-abc"));
        assert_eq!(kept("", 64).unwrap(), None);
    }

    #[test]
    fn ids_are_as_long_as_they_may_be() {
        assert!(kept(&"a".repeat(64), 64).is_ok());
        assert!(kept(&"a".repeat(65), 64).is_err());
        assert!(kept(&"a".repeat(6500), 0).is_ok());
    }

    #[test]
    fn an_id_that_could_forge_a_line_of_the_log_is_not_kept() {
        for forged in ["a status=200 path=/evil", "a\"b", "a;b"] {
            assert_eq!(kept(forged, 64).unwrap(), None, "{forged}");
        }
    }
}
