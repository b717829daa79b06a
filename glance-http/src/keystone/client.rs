//! HTTP with a deadline, a bulkhead and the operator's certificates.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use glance_core::ports::BoxError;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity, RequestBuilder, Response};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::error::KeystoneError;

/// Whom TLS believes, and what it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The authorities that are believed, and no others; by default those of the system.
    pub authorities: Option<PathBuf>,
    /// A certificate that is shown to the server.
    pub certificate: Option<PathBuf>,
    /// Its key, if it is not in the same file.
    pub key: Option<PathBuf>,
    /// Whether any certificate is believed. Whoever is on the way can then be Keystone.
    pub insecure: bool,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// How long and how often is tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) connect: Duration,
    pub(super) total: Duration,
    pub(super) retries: u32,
}

/// A client that takes nothing from the environment, and follows no redirect: a token is for one
/// server alone.
#[derive(Debug)]
pub(super) struct HttpClient {
    client: Client,
    patience: Patience,
    places: Semaphore,
}

impl HttpClient {
    pub(super) fn new(tls: &TlsOptions, patience: Patience) -> Result<Self, KeystoneError> {
        let mut client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(patience.connect)
            .tls_danger_accept_invalid_certs(tls.insecure);
        if let Some(path) = &tls.authorities {
            let certificates = Certificate::from_pem_bundle(&read(path)?)
                .map_err(|error| unusable("use the certificates of", path, error))?;
            client = client.tls_certs_only(certificates);
        }
        if let Some(path) = &tls.certificate {
            let mut pem = read(path)?;
            if let Some(key) = &tls.key {
                pem.push(b'\n');
                pem.extend(read(key)?);
            }
            let identity = Identity::from_pem(&pem)
                .map_err(|error| unusable("use the certificate and the key of", path, error))?;
            client = client.identity(identity);
        }
        let client = client.build().map_err(|error| KeystoneError::Setup {
            protocol: "HTTP",
            source: error.into(),
        })?;
        Ok(Self {
            client,
            patience,
            places: Semaphore::new(MOST_AT_A_TIME),
        })
    }

    /// Sends a request, again where nobody answers. What is sent twice does no harm: logins and
    /// questions.
    pub(super) async fn send(
        &self,
        action: &'static str,
        request: impl Fn(&Client) -> RequestBuilder + Send + Sync,
    ) -> Result<Answer, KeystoneError> {
        let within = self.patience.total;
        let answered = timeout(within, async {
            // Nobody closes the semaphore, so there is a place in the end.
            let _place = self.places.acquire().await;
            let mut tried = 0;
            loop {
                match request(&self.client).send().await {
                    Err(_) if tried < self.patience.retries => {
                        sleep(FIRST_PAUSE * 2_u32.saturating_pow(tried)).await;
                        tried += 1;
                    }
                    answered => break read_answer(action, answered).await,
                }
            }
        });
        let slow = |_| KeystoneError::Slow { action, within };
        answered.await.map_err(slow)?
    }
}

async fn read_answer(
    action: &'static str,
    answered: Result<Response, reqwest::Error>,
) -> Result<Answer, KeystoneError> {
    let unreachable = |error: reqwest::Error| KeystoneError::Unreachable {
        action,
        source: error.without_url(),
    };
    let mut response = answered.map_err(unreachable)?;
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(unreachable)? {
        if body.len() + piece.len() > MOST_BYTES {
            return Err(KeystoneError::Malformed {
                action,
                problem: format!("it is longer than {MOST_BYTES} bytes"),
            });
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer {
        status: response.status().as_u16(),
        headers: std::mem::take(response.headers_mut()),
        body: body.freeze(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, KeystoneError> {
    fs::read(path).map_err(|error| unusable("read", path, error))
}

fn unusable(action: &'static str, path: &Path, source: impl Into<BoxError>) -> KeystoneError {
    KeystoneError::File {
        action,
        path: path.to_owned(),
        source: source.into(),
    }
}

/// As keystoneauth waits, twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// More wait, within their deadline: a Keystone that is slow is not asked more and more.
const MOST_AT_A_TIME: usize = 64;
/// Catalogs of large clouds are tens of kilobytes.
const MOST_BYTES: usize = 4 << 20;
