//! Certificates in Barbican, the key manager of OpenStack.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::CertificateId;
use glance_core::ports::{BoxError, CertificateSource, SignatureError};
use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};

use super::cache::Generations;
use super::catalog::Wanted;
use super::client::Answer;
use super::error::KeystoneError;
use super::session::{Session, append};

/// Where Barbican is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyManagerEndpoint {
    /// There, with the version of its API or without.
    At(Url),
    /// Where the catalog says.
    Like(Wanted),
}

/// Certificates that are secrets of Barbican, read in the name of the session: its user needs to be
/// let in to them. They are remembered for five minutes, and 256 of them at most.
#[derive(Debug)]
pub struct BarbicanCertificates {
    session: Session,
    endpoint: KeyManagerEndpoint,
    known: Mutex<Generations<CertificateId, Bytes>>,
}

impl BarbicanCertificates {
    /// The certificates of a Barbican.
    pub fn new(session: Session, endpoint: KeyManagerEndpoint) -> Self {
        Self {
            session,
            endpoint,
            known: Mutex::new(Generations::new(MOST_KNOWN)),
        }
    }

    fn known(&self) -> MutexGuard<'_, Generations<CertificateId, Bytes>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The payload of a secret: its bytes, whatever it was stored as.
    async fn payload(&self, id: &CertificateId) -> Result<Answer, Arc<KeystoneError>> {
        let mut url = match &self.endpoint {
            KeyManagerEndpoint::At(url) => url.clone(),
            KeyManagerEndpoint::Like(wanted) => self.session.url(wanted).await?,
        };
        if !url.path().trim_end_matches('/').ends_with("/v1") {
            append(&mut url, "v1");
        }
        append(&mut url, &format!("secrets/{id}/payload"));
        let bytes = HeaderValue::from_static("application/octet-stream");
        let headers = HeaderMap::from_iter([(ACCEPT, bytes)]);
        self.session.get(ASK, &url, &headers).await
    }
}

#[async_trait]
impl CertificateSource for BarbicanCertificates {
    async fn certificate(&self, id: &CertificateId) -> Result<Bytes, SignatureError> {
        let known = self.known().get(id, Instant::now());
        if let Some(known) = known {
            return Ok(known);
        }
        let unavailable = |source: BoxError| SignatureError::Unavailable {
            certificate: id.clone(),
            keeper: "the key manager",
            source,
        };
        let answer = self.payload(id).await;
        let answer = answer.map_err(|error| unavailable(error.into()))?;
        let certificate = id.clone();
        match answer.status {
            200 if answer.body.len() <= MOST_BYTES => {
                let until = Instant::now() + LIFETIME;
                self.known().put(certificate, answer.body.clone(), until);
                Ok(answer.body)
            }
            200 => Err(SignatureError::Malformed { certificate }),
            403 => Err(SignatureError::Forbidden { certificate }),
            404 => Err(SignatureError::NotFound { certificate }),
            status => {
                let refused = KeystoneError::Refused {
                    action: ASK,
                    status,
                };
                Err(unavailable(refused.into()))
            }
        }
    }
}

const ASK: &str = "read a certificate";
/// Long enough for the images of one who publishes several, short enough for a withdrawal.
const LIFETIME: Duration = Duration::from_secs(300);
/// Two kilobytes each, mostly.
const MOST_KNOWN: usize = 256;
const MOST_BYTES: usize = 64 << 10;
