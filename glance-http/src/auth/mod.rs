//! Who asks.

mod headers;
mod tokens;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use glance_core::domain::Caller;
use glance_core::ports::Token;

pub use self::tokens::TokenIdentity;

use crate::error::ApiError;
use crate::options::Api;

/// Who vouches for callers.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Identity {
    /// Nobody: everyone is the one administrator. Identity headers of clients mean nothing.
    #[default]
    None,
    /// A proxy in front, which sets `X-Identity-Status` and the headers that go with it, and lets
    /// none of them through from clients.
    Headers,
    /// Who verifies the tokens in `X-Auth-Token` and `X-Service-Token`. Identity headers of
    /// clients mean nothing.
    Tokens(TokenIdentity),
}

impl Identity {
    /// The token of a caller, where callers are known by one.
    pub(crate) fn user_token(&self, headers: &HeaderMap) -> Option<Token> {
        match self {
            Self::None | Self::Headers => None,
            Self::Tokens(_) => tokens::user_token(headers),
        }
    }

    /// The caller of a request.
    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        match self {
            Self::None => Ok(Caller::local_admin()),
            Self::Headers => headers::caller(headers).ok_or_else(ApiError::unauthorized),
            Self::Tokens(tokens) => tokens.caller(headers).await,
        }
    }
}

/// What shows another node who asks: the headers by which this one knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credentials(pub(crate) HeaderMap);

/// Lets nobody in of whom it is not known who they are. Behind it there are no headers that tell of
/// an identity (rule R18).
pub(crate) async fn identify(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let identity = &api.options.identity;
    if !matches!(identity, Identity::Headers) {
        headers::take_identity(request.headers_mut());
    }
    let caller = identity.caller(request.headers()).await;
    let claims = headers::take_identity(request.headers_mut());
    if api.options.nodes.is_some() {
        let credentials = match identity {
            Identity::None => HeaderMap::new(),
            Identity::Headers => claims,
            Identity::Tokens(_) => TokenIdentity::shown(request.headers()),
        };
        request.extensions_mut().insert(Credentials(credentials));
    }
    let response = match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    };
    match identity {
        Identity::Tokens(tokens) => tokens.challenge(response),
        Identity::None | Identity::Headers => response,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use axum::body::Body;
    use axum::routing::get;
    use axum::{Extension, Router, middleware};
    use glance_core::memory::MemoryGlance;
    use glance_core::ports::{TokenError, TokenVerifier, Tokens};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::nodes::{NodeAnswer, NodeError, NodeRequest, Nodes};
    use crate::options::ApiOptions;

    /// Knows one token.
    #[derive(Debug)]
    struct Doorman;

    #[async_trait]
    impl TokenVerifier for Doorman {
        async fn verify(&self, tokens: &Tokens) -> Result<Caller, TokenError> {
            match tokens.user.reveal() {
                "alice" => Ok(Caller::anonymous().with_roles(["reader"])),
                _ => Err(TokenError::Invalid),
            }
        }
    }

    /// What a handler sees of a request full of claims: its headers and its caller's roles.
    async fn seen(identity: Identity) -> String {
        let options = ApiOptions {
            identity,
            ..ApiOptions::default()
        };
        let api = Api::new(MemoryGlance::new().build().unwrap(), options);
        let show = async |Extension(caller): Extension<Caller>, headers: HeaderMap| {
            let names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
            let roles: Vec<&str> = caller.roles().collect();
            format!("{} {}", names.join(","), roles.join(","))
        };
        let router = Router::new()
            .route("/", get(show))
            .layer(middleware::from_fn_with_state(api, identify));
        let mut request = axum::http::Request::get("/").header("x-auth-token", "alice");
        for name in headers::IDENTITY {
            let claim = match name {
                "x-identity-status" => "Confirmed",
                "x-roles" => "admin",
                _ => "claimed",
            };
            request = request.header(name, claim);
        }
        let request = request.body(Body::empty()).unwrap();
        let body = router.oneshot(request).await.unwrap().into_body();
        String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap()
    }

    /// Other nodes, whom nobody asks.
    #[derive(Debug)]
    struct Unasked;

    #[async_trait]
    impl Nodes for Unasked {
        async fn ask(&self, _: &str, _: NodeRequest) -> Result<NodeAnswer, NodeError> {
            Err(NodeError::NotReachable)
        }
    }

    /// What another node would be shown of a request with tokens and claims.
    async fn shown(identity: Identity) -> Vec<String> {
        let options = ApiOptions {
            identity,
            nodes: Some(Arc::new(Unasked)),
            ..ApiOptions::default()
        };
        let api = Api::new(MemoryGlance::new().build().unwrap(), options);
        let show = async |Extension(Credentials(shown)): Extension<Credentials>| {
            let names: Vec<&str> = shown.keys().map(|name| name.as_str()).collect();
            names.join(",")
        };
        let router = Router::new()
            .route("/", get(show))
            .layer(middleware::from_fn_with_state(api, identify));
        let request = axum::http::Request::get("/")
            .header("x-auth-token", "alice")
            .header("x-service-token", "alice")
            .header("x-identity-status", "Confirmed")
            .header("x-roles", "reader")
            .header("cookie", "c");
        let request = request.body(Body::empty()).unwrap();
        let body = router.oneshot(request).await.unwrap().into_body();
        let text = body.collect().await.unwrap().to_bytes();
        let mut names: Vec<String> = String::from_utf8_lossy(&text)
            .split(',')
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        names
    }

    #[tokio::test]
    async fn other_nodes_are_shown_that_by_which_this_one_knows_who_asks() {
        let tokens = TokenIdentity::new(Arc::new(Doorman));

        assert_eq!(shown(Identity::None).await, [""]);
        let claims = ["x-identity-status", "x-roles"];
        assert_eq!(shown(Identity::Headers).await, claims);
        let both = ["x-auth-token", "x-service-token"];
        assert_eq!(shown(Identity::Tokens(tokens)).await, both);
    }

    #[tokio::test]
    async fn no_claim_of_an_identity_gets_past_the_identity_of_the_caller() {
        let tokens = TokenIdentity::new(Arc::new(Doorman));

        let everybody = seen(Identity::None).await;
        assert_eq!(everybody, "x-auth-token admin,member,reader");
        assert_eq!(seen(Identity::Headers).await, "x-auth-token admin");
        assert_eq!(seen(Identity::Tokens(tokens)).await, "x-auth-token reader");
    }
}
