//! Connections to object stores: each request has a deadline, each refusal a type.

use std::time::Duration;

use async_trait::async_trait;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use reqwest::{Method, StatusCode};
use thiserror::Error;

use super::refusal::Refusal;
use super::signer::Signer;

/// Makes `object_store`'s connections, with what it leaves out: deadlines that fit each request,
/// the server's own words in errors, and the condition that a multipart upload is completed only
/// where nothing stands.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    /// Puts the condition on; `None` where the server knows none.
    pub(super) condition: Option<Signer>,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let idle = |limit| ReqwestConnector {}.connect(&options.clone().with_read_timeout(limit));
        Ok(HttpClient::new(Connection {
            downloads: idle(SILENCE)?,
            // This limit counts from the first byte of a request, which may be a large one.
            uploads: idle(COMPLETION)?,
            condition: self.condition.clone(),
        }))
    }
}

#[derive(Debug)]
struct Connection {
    downloads: HttpClient,
    uploads: HttpClient,
    condition: Option<Signer>,
}

#[async_trait]
impl HttpService for Connection {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let client = if reads {
            &self.downloads
        } else {
            &self.uploads
        };
        let limit = deadline(&request);
        if let Some(signer) = &self.condition
            && is_completion(&request)
        {
            let signed = signer.only_if_absent(&mut request).await;
            signed.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        }
        let answer = async { refused(client.execute(request).await?).await };
        let answered = tokio::time::timeout(limit, answer).await;
        answered.unwrap_or_else(|_| {
            let kind = if reads {
                HttpErrorKind::Timeout
            } else {
                // Not tried again: the limit was long enough.
                HttpErrorKind::Unknown
            };
            Err(HttpError::new(kind, Silent { limit }))
        })
    }
}

/// How long the server may take to answer.
fn deadline(request: &HttpRequest) -> Duration {
    if is_completion(request) {
        return COMPLETION;
    }
    let bytes = u64::try_from(request.body().content_length()).unwrap_or(u64::MAX);
    SILENCE.saturating_add(Duration::from_secs(bytes / SLOWEST))
}

/// Whether a request makes an object of what was uploaded in parts.
fn is_completion(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    match *request.method() {
        Method::POST => query.contains("uploadId="),
        Method::PUT => query.contains("comp=blocklist"),
        _ => false,
    }
}

/// Turns the answer of a server that refuses into an error that says so.
async fn refused(answer: HttpResponse) -> Result<HttpResponse, HttpError> {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(answer);
    }
    let (_, body) = answer.into_parts();
    // A refusal without its reason is a refusal still.
    let body = body.bytes().await.unwrap_or_default();
    let kind = match status {
        StatusCode::NOT_IMPLEMENTED | StatusCode::INSUFFICIENT_STORAGE => HttpErrorKind::Unknown,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => HttpErrorKind::Request,
        // What `object_store` takes for a request that was not sent, it tries again.
        status if status.is_server_error() => HttpErrorKind::Request,
        _ => HttpErrorKind::Unknown,
    };
    Err(HttpError::new(kind, Refusal::new(status.as_u16(), &body)))
}

/// The server did not answer.
#[derive(Debug, Error)]
#[error("no answer within {} s", limit.as_secs())]
pub(super) struct Silent {
    limit: Duration,
}

/// Limits of all connections.
pub(super) fn client_options() -> ClientOptions {
    ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(CONNECT)
        .with_allow_http(true)
}

/// Up to two more tries. There is no limit of time for all of them: a long download that breaks off
/// is taken up again, and each try has its own.
pub(super) fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: 2,
        retry_timeout: Duration::MAX,
    }
}

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a server may be silent. With the retries, a request without a body ends in 30 s.
const SILENCE: Duration = Duration::from_secs(8);

/// Some servers copy all parts before they answer.
const COMPLETION: Duration = Duration::from_secs(300);

/// Bytes a second, below which a connection is held for dead.
const SLOWEST: u64 = 256 << 10;
