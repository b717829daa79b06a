//! Who is behind a token?

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;

use super::BoxError;
use crate::domain::{Caller, Secret};

/// Who is behind a token?
///
/// # Contract
///
/// * a token that is not valid, or no longer, is [`TokenError::Invalid`];
/// * as long as nobody can say whose a token is, it is [`TokenError::Unavailable`], never a caller;
/// * roles come from the user's token alone; what a service's token says is in
///   [`Caller::service`], and gives the caller no right (rule R18).
#[async_trait]
pub trait TokenVerifier: fmt::Debug + Send + Sync + 'static {
    /// The caller whom these tokens speak for.
    async fn verify(&self, tokens: &Tokens) -> Result<Caller, TokenError>;
}

/// The tokens of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tokens {
    /// That of the user.
    pub user: Token,
    /// That of the service which passes the user's request on.
    pub service: Option<Token>,
}

impl Tokens {
    /// The token of a user, who asks directly.
    pub fn of_user(user: Token) -> Self {
        Self {
            user,
            service: None,
        }
    }

    /// The same request passed on by a service.
    #[must_use]
    pub fn through_service(mut self, service: Option<Token>) -> Self {
        self.service = service;
        self
    }
}

/// A token: visible ASCII, as it stands in a header. It is never printed (rule R6).
///
/// ```
/// use glance_core::ports::Token;
///
/// let token: Token = "canary".parse()?;
/// assert!(!format!("{token:?}").contains("canary"));
/// assert!("two words".parse::<Token>().is_err());
/// # Ok::<(), glance_core::ports::InvalidToken>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(Secret);

impl Token {
    /// The text itself, for whoever asks about it.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let is_token = (1..=MAX_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self(text.into())).ok_or(InvalidToken)
    }
}

/// A text that no token can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a token is 1 to {MAX_BYTES} visible ASCII characters")]
#[non_exhaustive]
pub struct InvalidToken;

/// Why there is no caller.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token is not valid, or no longer.
    #[error("the token is not valid")]
    Invalid,
    /// Nobody can say.
    #[error("nobody can say whose the token is")]
    Unavailable {
        /// Why. Shared by all who asked about the token at the time.
        source: Arc<BoxError>,
    },
}

/// What Keystone's longest tokens, signed by JWS, need many times over.
const MAX_BYTES: usize = 8192;
