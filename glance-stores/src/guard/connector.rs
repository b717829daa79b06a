//! The connector: clients that reach only what may be reached.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use glance_core::domain::UriFilter;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Method, Proxy};
use tokio::time::{Instant, timeout};
use url::Url;

use super::answer::Answer;
use super::error::FetchError;
use super::resolver::{GuardedResolver, Resolver, SystemResolver};
use super::rules::{AllowList, Rules};
use crate::OpenError;

/// What a guard allows, and for how long.
#[derive(Debug, Clone)]
pub(crate) struct GuardOptions {
    /// What is allowed beyond the rules.
    pub(crate) allowed: AllowList,
    /// What an operator lets be asked at all. It judges ports in place of `allowed`.
    pub(crate) filter: Option<UriFilter>,
    /// Which redirects are followed.
    pub(crate) redirects: Redirects,
    /// How long things may take.
    pub(crate) deadlines: Deadlines,
    /// How many bytes of a body are taken.
    pub(crate) most_bytes: Option<u64>,
    /// Which certificates are believed.
    pub(crate) trust: Trust,
    /// The proxy of a scheme. It resolves the names, and is the operator's to guard.
    pub(crate) proxies: BTreeMap<String, ProxyAddress>,
}

/// Which redirects are followed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Redirects {
    pub(crate) statuses: &'static [u16],
    pub(crate) most: usize,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// From the request to the head of its answer, each redirect anew.
    pub(crate) answer: Duration,
    /// From one piece of a body to the next.
    pub(crate) idle: Duration,
    /// All of it.
    pub(crate) total: Option<Duration>,
}

/// Which certificates are believed.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    /// Those that the system believes.
    System,
    /// Those of this file's authorities alone.
    File(PathBuf),
    /// All.
    Anything,
}

/// `host:port` or a URL of a proxy, credentials included. They are never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyAddress(String);

impl ProxyAddress {
    /// The proxy at this address.
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }

    fn url(&self) -> String {
        if self.0.contains("://") {
            return self.0.clone();
        }
        format!("http://{}", self.0)
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self
            .0
            .rsplit_once('@')
            .map_or(self.0.as_str(), |(_, host)| host);
        write!(f, "ProxyAddress({shown})")
    }
}

/// Fetches URLs that somebody else chose.
#[derive(Debug)]
pub(crate) struct Guard {
    rules: Arc<Rules>,
    direct: Client,
    /// By scheme. Clients of their own, for they reach the proxy wherever it is.
    proxied: BTreeMap<String, Client>,
    redirects: Redirects,
    deadlines: Deadlines,
    most_bytes: Option<u64>,
}

impl Guard {
    /// A guard that resolves names as the system does.
    ///
    /// # Errors
    /// [`OpenError`] names the option that cannot be used.
    pub(crate) fn new(options: GuardOptions) -> Result<Self, OpenError> {
        Self::with_resolver(options, Arc::new(SystemResolver))
    }

    pub(super) fn with_resolver(
        options: GuardOptions,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, OpenError> {
        let rules = Arc::new(Rules::new(options.allowed, options.filter)?);
        let guarded = GuardedResolver {
            resolver,
            rules: Arc::clone(&rules),
        };
        let client = || client(&options.trust);
        let direct = client()?.no_proxy().dns_resolver(guarded);
        let mut proxied = BTreeMap::new();
        for (scheme, address) in &options.proxies {
            // Its address may hold a password: the error is told without it.
            let proxy = Proxy::all(address.url())
                .map_err(|error| unusable(format!("proxy {address:?}"), error.without_url()))?;
            let client = client()?.proxy(proxy).build().map_err(no_client)?;
            proxied.insert(scheme.clone(), client);
        }
        Ok(Self {
            rules,
            direct: direct.build().map_err(no_client)?,
            proxied,
            redirects: options.redirects,
            deadlines: options.deadlines,
            most_bytes: options.most_bytes,
        })
    }

    /// Whether a URL may be asked, by all that is known before its name is resolved.
    pub(crate) fn judge(&self, url: &Url) -> Result<(), FetchError> {
        Ok(self.rules.judge_url(url)?)
    }

    /// Asks for a URL, and follows its redirects. The URL's own credentials are sent to its own
    /// origin and no other; those of a redirect's target are not used.
    pub(crate) async fn fetch(
        &self,
        method: Method,
        mut url: Url,
        headers: HeaderMap,
    ) -> Result<Answer, FetchError> {
        let end = self.deadlines.total.map(|total| Instant::now() + total);
        let mut credentials = Some(Credentials::of(&url));
        for _ in 0..=self.redirects.most {
            let response = self.send(&method, &url, &headers, end).await?;
            let status = response.status();
            if !status.is_redirection() || !response.headers().contains_key(LOCATION) {
                return Ok(Answer {
                    response,
                    idle: self.deadlines.idle,
                    end,
                    most_bytes: self.most_bytes,
                });
            }
            if !self.redirects.statuses.contains(&status.as_u16()) {
                let status = status.as_u16();
                return Err(FetchError::Redirect { status });
            }
            let mut target = target(&url, response.headers())?;
            credentials = credentials.filter(|_| target.origin() == url.origin());
            credentials
                .clone()
                .unwrap_or_default()
                .replace_in(&mut target);
            url = target;
        }
        Err(FetchError::TooManyRedirects {
            most: self.redirects.most,
        })
    }

    /// One request, without redirects.
    async fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        end: Option<Instant>,
    ) -> Result<reqwest::Response, FetchError> {
        self.rules.judge_url(url)?;
        let client = self.proxied.get(url.scheme()).unwrap_or(&self.direct);
        // The client makes the URL's credentials a header, and sends the URL without them.
        let request = client
            .request(method.clone(), url.clone())
            .headers(headers.clone())
            .header(ACCEPT_ENCODING, "identity")
            .send();
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let within = left.map_or(self.deadlines.answer, |left| {
            left.min(self.deadlines.answer)
        });
        let answered = timeout(within, request).await;
        Ok(answered.map_err(|_| FetchError::Slow(within))??)
    }
}

/// What a URL itself says of who asks, percent-encoded.
#[derive(Clone, Default)]
struct Credentials {
    user: String,
    password: Option<String>,
}

impl Credentials {
    fn of(url: &Url) -> Self {
        Self {
            user: url.username().to_owned(),
            password: url.password().map(str::to_owned),
        }
    }

    /// Puts them where a URL may have others. One that cannot have any has none.
    fn replace_in(&self, url: &mut Url) {
        let _ = url.set_username(&self.user);
        let _ = url.set_password(self.password.as_deref());
    }
}

/// Where a redirect leads.
fn target(from: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    location
        .and_then(|location| from.join(location).ok())
        .ok_or(FetchError::RedirectTarget)
}

/// A client that takes nothing from the environment, follows nothing and decodes nothing.
fn client(trust: &Trust) -> Result<ClientBuilder, OpenError> {
    let client = Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .connect_timeout(CONNECT);
    Ok(match trust {
        Trust::System => client,
        Trust::Anything => client.tls_danger_accept_invalid_certs(true),
        Trust::File(path) => {
            let pem = std::fs::read(path).map_err(|e| OpenError::failed("read", path, e))?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .map_err(|error| OpenError::failed("use the certificates of", path, error))?;
            client.tls_certs_only(certificates)
        }
    })
}

fn no_client(error: reqwest::Error) -> OpenError {
    unusable("the HTTP client".to_owned(), error)
}

fn unusable(setting: String, reason: reqwest::Error) -> OpenError {
    OpenError::Setting {
        setting,
        reason: reason.into(),
    }
}

/// How long a name may take to resolve and one of its addresses to answer.
const CONNECT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
