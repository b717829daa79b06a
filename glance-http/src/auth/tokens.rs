//! Identity from tokens.

use std::sync::Arc;

use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use glance_core::domain::Caller;
use glance_core::ports::{Token, TokenError, TokenVerifier, Tokens};

use crate::error::ApiError;

/// Identity from the tokens that clients send.
#[derive(Debug, Clone)]
pub struct TokenIdentity {
    verifier: Arc<dyn TokenVerifier>,
    challenge: Option<HeaderValue>,
    refuses_at_once: bool,
}

impl TokenIdentity {
    /// Identity as this verifier sees it.
    pub fn new(verifier: Arc<dyn TokenVerifier>) -> Self {
        Self {
            verifier,
            challenge: None,
            refuses_at_once: false,
        }
    }

    /// Tells those who are refused where to get a token. What cannot stand in a header is not told.
    #[must_use]
    pub fn with_authenticate_uri(mut self, uri: &str) -> Self {
        self.challenge = HeaderValue::from_str(&format!("Keystone uri=\"{uri}\"")).ok();
        self
    }

    /// Refuses in the words of Keystone's own filter instead of the API's: what upstream does where
    /// `delay_auth_decision` is off.
    #[must_use]
    pub fn refusing_at_once(mut self, refuses_at_once: bool) -> Self {
        self.refuses_at_once = refuses_at_once;
        self
    }

    pub(super) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let Some(tokens) = tokens(headers) else {
            return Err(ApiError::unauthorized());
        };
        self.verifier
            .verify(&tokens)
            .await
            .map_err(|error| match error {
                TokenError::Invalid => ApiError::unauthorized(),
                error => ApiError::identity_unavailable(&error),
            })
    }

    /// The headers by which a request shows its tokens.
    pub(super) fn shown(headers: &HeaderMap) -> HeaderMap {
        let mut shown = HeaderMap::new();
        for name in [USER, SERVICE] {
            if let Some(value) = headers.get(name) {
                let mut value = value.clone();
                value.set_sensitive(true);
                shown.insert(name, value);
            }
        }
        shown
    }

    /// Adds to a refusal where to get a token.
    pub(super) fn challenge(&self, response: Response) -> Response {
        if response.status() != StatusCode::UNAUTHORIZED {
            return response;
        }
        let mut response = if self.refuses_at_once {
            let mut response = Response::new(REFUSAL.into());
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        } else {
            response
        };
        if let Some(challenge) = &self.challenge {
            let headers = response.headers_mut();
            headers.insert(WWW_AUTHENTICATE, challenge.clone());
        }
        response
    }
}

/// What a request shows. A header that came twice, or holds what no token can be, makes it the
/// request of nobody: one of the two may be somebody else's.
fn tokens(headers: &HeaderMap) -> Option<Tokens> {
    let user = one(headers, USER)??;
    let service = one(headers, SERVICE)?;
    Some(Tokens::of_user(user).through_service(service))
}

pub(super) fn user_token(headers: &HeaderMap) -> Option<Token> {
    tokens(headers).map(|tokens| tokens.user)
}

fn one(headers: &HeaderMap, name: &str) -> Option<Option<Token>> {
    let mut values = headers.get_all(name).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Some(None),
        (Some(value), None) => value.to_str().ok()?.trim(),
        (Some(_), Some(_)) => return None,
    };
    if value.is_empty() {
        return Some(None);
    }
    value.parse().ok().map(Some)
}

const USER: &str = "x-auth-token";
const SERVICE: &str = "x-service-token";

const REFUSAL: &str = r#"{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}"#;

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Option<Tokens> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_static(value));
        }
        tokens(&headers)
    }

    #[test]
    fn a_request_shows_the_token_of_its_user_and_maybe_that_of_a_service() {
        let user = read(&[("x-auth-token", " u ")]).unwrap();
        assert_eq!(user.user.reveal(), "u");
        assert!(user.service.is_none());

        let both = read(&[("x-service-token", "s"), ("x-auth-token", "u")]).unwrap();
        assert_eq!(both.user.reveal(), "u");
        assert_eq!(both.service.unwrap().reveal(), "s");
    }

    #[test]
    fn what_is_not_clear_shows_nobody() {
        for unclear in [
            &[][..],
            &[("x-auth-token", "")],
            &[("x-auth-token", "two words")],
            &[("x-auth-token", "a"), ("x-auth-token", "b")],
            &[("x-service-token", "s")],
            &[("x-auth-token", "u"), ("x-service-token", "two words")],
        ] {
            assert!(read(unclear).is_none(), "{unclear:?}");
        }
    }
}
