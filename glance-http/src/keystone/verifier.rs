//! Whose a client's token is: Keystone is asked, and its answer remembered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::{Caller, ServiceUser, Timestamp};
use glance_core::ports::{BoxError, Clock, Token, TokenError, TokenVerifier, Tokens};
use reqwest::header::HeaderMap;

use super::body::Known;
use super::cache::{Asked, Outcome, TokenCache};
use super::error::KeystoneError;
use super::flight::SingleFlight;
use super::session::{SUBJECT_TOKEN, Session, append, header};
use super::shared::{SharedAnswers, left};

/// How answers are remembered, and what services may do. The defaults are upstream's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierOptions {
    /// How long an answer is good.
    pub cache_time: CacheTime,
    /// The roles of services whose word counts: with such a service's token, that of the user may
    /// have expired on the way.
    pub service_token_roles: Vec<String>,
    /// Whether a service without such a role is no service at all.
    pub service_token_roles_required: bool,
    /// Whether a request with a service token that is not valid is the user's own request, rather
    /// than refused.
    pub delay_auth_decision: bool,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        Self {
            cache_time: CacheTime::default(),
            service_token_roles: vec!["service".to_owned()],
            service_token_roles_required: true,
            delay_auth_decision: true,
        }
    }
}

/// How long an answer about a token is good. A token that is revoked is still taken so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheTime {
    /// So long, and never longer than the token.
    For(Duration),
    /// Once: Keystone is asked for every request.
    Never,
    /// As long as the token.
    UntilExpiry,
}

impl Default for CacheTime {
    fn default() -> Self {
        Self::For(Duration::from_secs(300))
    }
}

/// Whose a client's token is, as Keystone says. Its answers are remembered, and those who ask about
/// one token at the same time ask once.
#[derive(Debug)]
pub struct KeystoneVerifier {
    inner: Arc<Inner>,
    flights: SingleFlight<Asked, Outcome>,
    options: VerifierOptions,
}

#[derive(Debug)]
struct Inner {
    session: Session,
    cache: TokenCache,
    shared: Option<Arc<SharedAnswers>>,
    clock: Arc<dyn Clock>,
}

impl KeystoneVerifier {
    /// A verifier that asks in the name of the session.
    pub fn new(session: Session, options: VerifierOptions, clock: Arc<dyn Clock>) -> Self {
        Self::build(session, options, None, clock)
    }

    /// A verifier that shares its answers with those of other processes.
    pub fn sharing(
        session: Session,
        options: VerifierOptions,
        answers: SharedAnswers,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::build(session, options, Some(Arc::new(answers)), clock)
    }

    fn build(
        session: Session,
        options: VerifierOptions,
        shared: Option<Arc<SharedAnswers>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let lifetime = match options.cache_time {
            CacheTime::For(time) => Some(time),
            CacheTime::Never => None,
            // No token lives so long.
            CacheTime::UntilExpiry => Some(Duration::from_secs(365 * 24 * 3600)),
        };
        Self {
            inner: Arc::new(Inner {
                session,
                cache: TokenCache::new(lifetime),
                shared,
                clock,
            }),
            flights: SingleFlight::new(),
            options,
        }
    }

    /// The service that passes a request on, and whether the user's token may have expired.
    async fn service(&self, token: &Token) -> Result<(Option<ServiceUser>, bool), TokenError> {
        let known = match self.known(token, false).await {
            Ok(known) => known,
            Err(TokenError::Invalid) => return Ok((None, false)),
            Err(error) => return Err(error),
        };
        let service = &known.service;
        let mut roles = self.options.service_token_roles.iter();
        let counts = roles.any(|role| service.has_role(&role.to_lowercase()));
        let is_service = counts || !self.options.service_token_roles_required;
        Ok((is_service.then(|| service.clone()), counts))
    }

    async fn known(&self, token: &Token, allow_expired: bool) -> Outcome {
        let asked = Asked::about(token, allow_expired);
        let outcome = match self.inner.cache.get(&asked, Instant::now()) {
            Some(outcome) => outcome,
            None => {
                let (inner, token) = (Arc::clone(&self.inner), token.clone());
                let flight = self.flights.run(asked, async move {
                    inner.learn(asked, &token, allow_expired).await
                });
                flight.await.unwrap_or_else(|| {
                    Err(nobody_can_say(KeystoneError::BrokeOff { action: VALIDATE }))
                })
            }
        };
        match outcome {
            Ok(known) if !allow_expired && known.expires <= self.inner.clock.now() => {
                Err(TokenError::Invalid)
            }
            outcome => outcome,
        }
    }
}

#[async_trait]
impl TokenVerifier for KeystoneVerifier {
    async fn verify(&self, tokens: &Tokens) -> Result<Caller, TokenError> {
        let (service, allow_expired) = match &tokens.service {
            Some(token) => {
                let (service, allow_expired) = self.service(token).await?;
                if service.is_none() && !self.options.delay_auth_decision {
                    return Err(TokenError::Invalid);
                }
                (service, allow_expired)
            }
            None => (None, false),
        };
        let known = self.known(&tokens.user, allow_expired).await?;
        Ok(known.caller.clone().with_service(service))
    }
}

impl Inner {
    /// Asks Keystone, unless somebody else's answer has just come, or is shared.
    async fn learn(&self, asked: Asked, token: &Token, allow_expired: bool) -> Outcome {
        if let Some(outcome) = self.cache.get(&asked, Instant::now()) {
            return outcome;
        }
        if let Some(known) = self.shared(&asked).await {
            return Ok(known);
        }
        let asked_at = self.clock.now();
        let outcome = match self.ask(token, allow_expired).await {
            Ok(Some((known, body))) => {
                self.share(asked, asked_at, known.expires, body);
                Ok(Arc::new(known))
            }
            Ok(None) => Err(TokenError::Invalid),
            Err(error) => Err(nobody_can_say(error)),
        };
        let now = self.clock.now();
        let left = match &outcome {
            Ok(known) if known.expires > now => known.expires.since(now),
            _ => Duration::ZERO,
        };
        self.cache.put(&asked, &outcome, left, Instant::now());
        outcome
    }

    /// What another process was told a while ago. It is remembered here for the rest of its time.
    async fn shared(&self, asked: &Asked) -> Option<Arc<Known>> {
        let (shared, lifetime) = (self.shared.as_ref()?, self.cache.lifetime()?);
        let answer = shared.get(asked).await?;
        let expires = answer.known.expires;
        let left = left(lifetime, answer.asked_at, expires, self.clock.now())?;
        let known = Arc::new(answer.known);
        let outcome = Ok(Arc::clone(&known));
        self.cache.put(asked, &outcome, left, Instant::now());
        Some(known)
    }

    /// Tells other processes, beside the request.
    fn share(&self, asked: Asked, asked_at: Timestamp, expires: Timestamp, body: Bytes) {
        let (Some(shared), Some(lifetime)) = (&self.shared, self.cache.lifetime()) else {
            return;
        };
        if let Some(left) = left(lifetime, asked_at, expires, self.clock.now()) {
            let shared = Arc::clone(shared);
            tokio::spawn(async move { shared.put(&asked, asked_at, &body, left).await });
        }
    }

    /// What Keystone knows of a token, and how it said so; `None` if it is not valid.
    async fn ask(
        &self,
        token: &Token,
        allow_expired: bool,
    ) -> Result<Option<(Known, Bytes)>, Arc<KeystoneError>> {
        let mut url = self.session.identity_url().await?;
        append(&mut url, "auth/tokens");
        url.set_query(Some(if allow_expired {
            "nocatalog&allow_expired=1"
        } else {
            "nocatalog"
        }));
        let headers = HeaderMap::from_iter([(SUBJECT_TOKEN, header(token))]);
        let answer = self.session.get(VALIDATE, &url, &headers).await?;
        match answer.status {
            200 => match Known::read(&answer.body) {
                Ok(known) => Ok(Some((known, answer.body))),
                Err(error) => Err(Arc::new(KeystoneError::Malformed {
                    action: VALIDATE,
                    problem: error.to_string(),
                })),
            },
            404 => Ok(None),
            status => Err(Arc::new(KeystoneError::Refused {
                action: VALIDATE,
                status,
            })),
        }
    }
}

pub(super) fn nobody_can_say(error: impl Into<BoxError>) -> TokenError {
    TokenError::Unavailable {
        source: Arc::new(error.into()),
    }
}

const VALIDATE: &str = "validate a token";
