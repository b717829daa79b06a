//! One service user's dealings with Keystone: login, renewal, requests with its token.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use glance_core::domain::Timestamp;
use glance_core::ports::{Clock, Token};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::body::LoginBody;
use super::catalog::{Interface, ServiceCatalog, Wanted, version_3};
use super::client::{Answer, HttpClient, Patience};
use super::error::KeystoneError;
use super::flight::SingleFlight;
use super::login::Login;
use crate::tls::TlsOptions;

/// How a session reaches Keystone, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOptions {
    /// Where to log in: Keystone's URL, with its version or without.
    pub auth_url: Url,
    /// As whom.
    pub login: Login,
    /// Whom TLS believes, and what it shows.
    pub tls: TlsOptions,
    /// Which endpoints of the catalog are used.
    pub interface: Interface,
    /// The region whose endpoints are used; `None` for the first of the catalog.
    pub region: Option<String>,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long a request may take, with all tries and its wait for a place.
    pub deadline: Duration,
    /// How often a request that nobody answers is sent again.
    pub retries: u32,
}

impl SessionOptions {
    /// A session that logs in there, with upstream's defaults for the rest.
    pub fn new(auth_url: Url, login: Login) -> Self {
        Self {
            auth_url,
            login,
            tls: TlsOptions::default(),
            interface: Interface::Internal,
            region: None,
            connect_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(15),
            retries: 3,
        }
    }
}

/// One service user's dealings with Keystone, and with the services of its catalog. Clones are one
/// session. It logs in when it has to, before its token expires, and once more where a token is
/// refused; who needs the token at the same time waits for one login.
#[derive(Debug, Clone)]
pub struct Session {
    inner: Arc<Inner>,
    logins: Arc<SingleFlight<(), LoginResult>>,
}

#[derive(Debug)]
struct Inner {
    options: SessionOptions,
    client: HttpClient,
    clock: Arc<dyn Clock>,
    current: Mutex<Option<Arc<LoggedIn>>>,
}

type LoginResult = Result<Arc<LoggedIn>, Arc<KeystoneError>>;

/// What a login gave.
#[derive(Debug)]
struct LoggedIn {
    token: Token,
    renew_at: Timestamp,
    catalog: ServiceCatalog,
}

impl Session {
    /// A session that has not logged in yet.
    ///
    /// # Errors
    /// [`KeystoneError`] names the certificate or key that cannot be used.
    pub fn new(options: SessionOptions, clock: Arc<dyn Clock>) -> Result<Self, KeystoneError> {
        let patience = Patience {
            connect: options.connect_timeout,
            total: options.deadline,
            retries: options.retries,
        };
        let client = HttpClient::new(&options.tls, patience)?;
        Ok(Self {
            inner: Arc::new(Inner {
                options,
                client,
                clock,
                current: Mutex::new(None),
            }),
            logins: Arc::new(SingleFlight::new()),
        })
    }

    /// The session's own token.
    ///
    /// # Errors
    /// Keystone does not let it in.
    pub async fn token(&self) -> Result<Token, Arc<KeystoneError>> {
        Ok(self.logged_in().await?.token.clone())
    }

    /// Where a service is reached.
    ///
    /// # Errors
    /// Keystone does not let the session in, or knows no such endpoint.
    pub async fn url(&self, wanted: &Wanted) -> Result<Url, Arc<KeystoneError>> {
        url_in(&self.logged_in().await?.catalog, wanted).map_err(Arc::new)
    }

    /// Where version 3 of Keystone's own API is reached.
    ///
    /// # Errors
    /// As [`url`](Self::url).
    pub async fn identity_url(&self) -> Result<Url, Arc<KeystoneError>> {
        let wanted = Wanted::service("identity")
            .at(self.inner.options.interface)
            .in_region(self.inner.options.region.clone());
        self.url(&wanted).await.map(version_3)
    }

    /// Asks a service for something in the session's own name; where the token is refused, with a
    /// new one. `action` is what errors call it: "validate a token", say.
    ///
    /// # Errors
    /// There is no answer. Any status is one.
    pub async fn get(
        &self,
        action: &'static str,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<Answer, Arc<KeystoneError>> {
        let logged_in = self.logged_in().await?;
        let answer = self.get_with(action, url, headers, &logged_in).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        self.inner.forget(&logged_in);
        let logged_in = self.logged_in().await?;
        self.get_with(action, url, headers, &logged_in).await
    }

    async fn get_with(
        &self,
        action: &'static str,
        url: &Url,
        headers: &HeaderMap,
        logged_in: &LoggedIn,
    ) -> Result<Answer, Arc<KeystoneError>> {
        let mut headers = headers.clone();
        headers.insert(AUTH_TOKEN, header(&logged_in.token));
        let client = &self.inner.client;
        let answered = client.send(action, |client| {
            client.get(url.clone()).headers(headers.clone())
        });
        answered.await.map_err(Arc::new)
    }

    async fn logged_in(&self) -> LoginResult {
        if let Some(logged_in) = self.inner.fresh() {
            return Ok(logged_in);
        }
        let inner = Arc::clone(&self.inner);
        let login = self.logins.run((), async move {
            // Somebody else's login may just have ended.
            match inner.fresh() {
                Some(logged_in) => Ok(logged_in),
                None => inner.log_in().await.map_err(Arc::new),
            }
        });
        let broke_off = || Err(Arc::new(KeystoneError::BrokeOff { action: LOG_IN }));
        login.await.unwrap_or_else(broke_off)
    }
}

impl Inner {
    /// What is still good for a while.
    fn fresh(&self) -> Option<Arc<LoggedIn>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|logged_in| self.clock.now() < logged_in.renew_at)
            .cloned()
    }

    /// Lets go of a login whose token was refused, unless there is a newer one.
    fn forget(&self, refused: &Arc<LoggedIn>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, refused))
        {
            *current = None;
        }
    }

    async fn log_in(&self) -> Result<Arc<LoggedIn>, KeystoneError> {
        let mut url = version_3(self.options.auth_url.clone());
        append(&mut url, "auth/tokens");
        let body = self.options.login.body();
        let sent = self
            .client
            .send(LOG_IN, |client| client.post(url.clone()).json(&body));
        let answer = sent.await?;
        if answer.status != 201 {
            return Err(KeystoneError::Refused {
                action: LOG_IN,
                status: answer.status,
            });
        }
        let malformed = |problem: String| KeystoneError::Malformed {
            action: LOG_IN,
            problem,
        };
        let token = answer
            .headers
            .get(SUBJECT_TOKEN)
            .and_then(|token| token.to_str().ok())
            .and_then(|token| token.parse::<Token>().ok())
            .ok_or_else(|| malformed("it bears no token".to_owned()))?;
        let LoginBody { expires, catalog } =
            LoginBody::read(&answer.body).map_err(|error| malformed(error.to_string()))?;
        let logged_in = Arc::new(LoggedIn {
            token,
            renew_at: renewal(self.clock.now(), expires),
            catalog,
        });
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::clone(&logged_in));
        Ok(logged_in)
    }
}

/// When to log in anew: half a minute before the token expires, sooner where it lives briefly.
fn renewal(now: Timestamp, expires: Timestamp) -> Timestamp {
    expires.before((expires.since(now) / 4).min(Duration::from_secs(30)))
}

fn url_in(catalog: &ServiceCatalog, wanted: &Wanted) -> Result<Url, KeystoneError> {
    catalog
        .url(wanted)
        .ok_or_else(|| KeystoneError::NoEndpoint {
            service: wanted.service.clone(),
            interface: wanted.interface,
            region: wanted.region.clone(),
        })
}

/// Adds to the path of a URL.
pub(super) fn append(url: &mut Url, path: &str) {
    let path = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&path);
}

/// A token as a header that is not logged.
pub(super) fn header(token: &Token) -> HeaderValue {
    // A token is visible ASCII, which a header can hold.
    let mut value =
        HeaderValue::from_str(token.reveal()).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

const LOG_IN: &str = "log in";
const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
pub(super) const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        let now = Timestamp::from_micros(0);
        let seconds = |seconds| now.after(Duration::from_secs(seconds));

        assert_eq!(renewal(now, seconds(3600)), seconds(3570));
        assert_eq!(renewal(now, seconds(4)), seconds(3));
        assert_eq!(renewal(seconds(9), seconds(4)), seconds(4));
    }
}
