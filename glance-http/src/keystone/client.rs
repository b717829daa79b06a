//! HTTP with a deadline and a bulkhead.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::error::KeystoneError;
use crate::tls::TlsOptions;

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
        let client = tls.client(patience.connect)?;
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

/// As keystoneauth waits, twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// More wait, within their deadline: a Keystone that is slow is not asked more and more.
const MOST_AT_A_TIME: usize = 64;
/// Catalogs of large clouds are tens of kilobytes.
const MOST_BYTES: usize = 4 << 20;
