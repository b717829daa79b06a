//! One image service: where it is, who asks, one request and its answer.

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, Request, Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::error::{BoxError, ClientError};
use super::explanation::explanation;
use crate::output;

/// A client of one service.
#[derive(Debug)]
pub(crate) struct Session {
    http: Client,
    endpoint: Url,
    patience: Duration,
    is_verbose: bool,
}

/// How a service is reached.
#[derive(Debug)]
pub(crate) struct SessionOptions {
    /// Where it is, without a version.
    pub(crate) endpoint: Url,
    pub(crate) token: Option<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) insecure: bool,
    /// The only certificates to be trusted, if given.
    pub(crate) certificates: Option<PathBuf>,
    /// How long the service may be silent; zero is for ever.
    pub(crate) patience: Duration,
    /// Whether each request is shown.
    pub(crate) is_verbose: bool,
}

impl Session {
    /// Prepares for a service; nothing is sent.
    ///
    /// # Errors
    ///
    /// The token or the certificates are not usable.
    pub(crate) fn new(options: SessionOptions) -> Result<Self, ClientError> {
        let patience = match options.patience {
            Duration::ZERO => FOR_EVER,
            patience => patience,
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = options.token {
            let mut token: HeaderValue = token.trim().parse().map_err(|_| ClientError::Token)?;
            token.set_sensitive(true);
            headers.insert("x-auth-token", token);
        }
        headers.extend(options.headers);
        let mut builder = Client::builder()
            .user_agent(concat!("glance/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(same_origin())
            .connect_timeout(patience.min(CONNECT_PATIENCE));
        if options.endpoint.scheme() == "http" {
            // Reading the certificates of the system takes longer than most requests.
            builder = builder.tls_certs_only([]);
        } else if let Some(path) = &options.certificates {
            builder = builder.tls_certs_only(certificates(path)?);
        }
        if options.insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        let endpoint = options.endpoint;
        let http = builder
            .build()
            .map_err(|error| unreachable(&endpoint, error))?;
        Ok(Self {
            http,
            endpoint,
            patience,
            is_verbose: options.is_verbose,
        })
    }

    /// The URL of something under `/v2`.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v2").extend(segments);
        }
        url
    }

    /// The URL of a link in an answer: links start with `/v2/`, wherever the service is.
    pub(super) fn linked(&self, link: &str) -> Option<Url> {
        let link = link.strip_prefix('/')?;
        let (path, query) = link.split_once('?').unwrap_or((link, ""));
        let mut url = self.endpoint.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{path}"));
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        Some(url)
    }

    /// Sends a request, with a JSON body if there is one, and gives the JSON of the answer; `Null`
    /// where it has none.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, refuses, or answers something else.
    pub(super) async fn call(
        &self,
        method: Method,
        url: Url,
        body: Option<(&'static str, &Value)>,
    ) -> Result<Value, ClientError> {
        self.exchange(Self::request(method, url, body)).await
    }

    /// A request, with a JSON body if there is one.
    pub(super) fn request(
        method: Method,
        url: Url,
        body: Option<(&'static str, &Value)>,
    ) -> Request {
        let mut request = Request::new(method, url);
        if let Some((media_type, value)) = body {
            let media_type = HeaderValue::from_static(media_type);
            request.headers_mut().insert(CONTENT_TYPE, media_type);
            *request.body_mut() = Some(value.to_string().into());
        }
        request
    }

    /// Sends a request, and gives the JSON of the answer; `Null` where it has none.
    ///
    /// # Errors
    ///
    /// As those of [`call`](Self::call).
    pub(super) async fn exchange(&self, request: Request) -> Result<Value, ClientError> {
        let response = self.patiently(self.send(request)).await?;
        let body = self.patiently(self.body_of(response)).await?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| self.not_glance("its answer is not JSON"))
    }

    /// Sends a request. What is not a success is an error, with the explanation of the service.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(super) async fn send(&self, request: Request) -> Result<Response, ClientError> {
        if self.is_verbose {
            output::note(&format!("> {} {}", request.method(), request.url()));
            show(">", request.headers());
        }
        let result = self.http.execute(request).await;
        let response = result.map_err(|error| unreachable(&self.endpoint, error))?;
        if self.is_verbose {
            output::note(&format!("< {}", response.status()));
            show("<", response.headers());
        }
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refusal(response).await)
    }

    /// Waits, but not for ever.
    ///
    /// # Errors
    ///
    /// That of the work; or the service is silent for too long.
    pub(super) async fn patiently<T, F>(&self, work: F) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>> + Send,
    {
        tokio::time::timeout(self.patience, work)
            .await
            .unwrap_or_else(|_| Err(self.silent()))
    }

    /// How long the service may be silent.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    pub(super) fn silent(&self) -> ClientError {
        self.silent_for(self.patience)
    }

    /// What there is to say where nothing is answered for so long.
    pub(crate) fn silent_for(&self, after: Duration) -> ClientError {
        ClientError::Silent {
            endpoint: self.endpoint.to_string(),
            after,
        }
    }

    pub(super) fn broken(&self, error: reqwest::Error) -> ClientError {
        ClientError::Broken {
            endpoint: self.endpoint.to_string(),
            source: deepest(&error.without_url()),
        }
    }

    pub(super) fn not_glance(&self, problem: &'static str) -> ClientError {
        ClientError::NotGlance {
            endpoint: self.endpoint.to_string(),
            problem,
        }
    }

    async fn body_of(&self, response: Response) -> Result<bytes::Bytes, ClientError> {
        response.bytes().await.map_err(|error| self.broken(error))
    }

    async fn refusal(&self, mut response: Response) -> ClientError {
        let status = response.status();
        let mut body = Vec::new();
        // An explanation that does not come or does not end is no explanation.
        let _ = tokio::time::timeout(EXPLANATION_PATIENCE, async {
            while let Ok(Some(chunk)) = response.chunk().await {
                body.extend_from_slice(&chunk);
                if body.len() > MAX_EXPLANATION_BYTES {
                    break;
                }
            }
        })
        .await;
        let explanation = match explanation(&String::from_utf8_lossy(&body)) {
            text if text.is_empty() => said_by_status(status),
            text => text,
        };
        ClientError::Refused {
            status: status.as_u16(),
            explanation,
        }
    }
}

fn said_by_status(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("the service answered {reason:?}"),
        None => "the service refused".to_owned(),
    }
}

/// A token must not follow a redirect to somebody else.
fn same_origin() -> Policy {
    Policy::custom(|attempt| {
        let is_same = attempt
            .previous()
            .last()
            .is_some_and(|from| from.origin() == attempt.url().origin());
        if is_same && attempt.previous().len() <= MAX_REDIRECTS {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let failed = |source| ClientError::Certificates {
        path: path.to_owned(),
        source,
    };
    let pem = fs::read(path).map_err(|error| failed(error.into()))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if certificates.is_empty() => Err(failed("it holds none".into())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(failed(error.into())),
    }
}

fn unreachable(endpoint: &Url, error: reqwest::Error) -> ClientError {
    ClientError::Unreachable {
        endpoint: endpoint.to_string(),
        // The URL is said already; what lies deepest is what went wrong.
        source: deepest(&error.without_url()),
    }
}

/// The cause that has no cause itself, as text.
fn deepest(error: &reqwest::Error) -> BoxError {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string().into()
}

fn show(direction: &str, headers: &HeaderMap) {
    for (name, value) in headers {
        let shown = if value.is_sensitive() {
            "***".into()
        } else {
            String::from_utf8_lossy(value.as_bytes())
        };
        output::note(&format!("{direction} {name}: {shown}"));
    }
}

/// The longest that a connection may take to be made.
const CONNECT_PATIENCE: Duration = Duration::from_secs(60);
/// The longest that the explanation of an error may take.
const EXPLANATION_PATIENCE: Duration = Duration::from_secs(10);
/// Longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
const MAX_EXPLANATION_BYTES: usize = 64 << 10;
const MAX_REDIRECTS: usize = 5;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Session, SessionOptions};

    fn session(endpoint: &str) -> Session {
        Session::new(SessionOptions {
            endpoint: endpoint.parse().unwrap(),
            token: Some("secret".to_owned()),
            headers: Vec::new(),
            insecure: false,
            certificates: None,
            patience: Duration::ZERO,
            is_verbose: false,
        })
        .unwrap()
    }

    #[test]
    fn urls_are_made_of_escaped_pieces() {
        assert_eq!(
            session("http://h:1")
                .url(&["images", "a/b?c", "tags", "é"])
                .as_str(),
            "http://h:1/v2/images/a%2Fb%3Fc/tags/%C3%A9"
        );
        assert_eq!(
            session("http://h/image").url(&["images"]).as_str(),
            "http://h/image/v2/images"
        );
    }

    #[test]
    fn links_are_followed_under_the_endpoint() {
        let session = session("http://h/image");

        assert_eq!(
            session
                .linked("/v2/images?marker=x&tag=%26")
                .unwrap()
                .as_str(),
            "http://h/image/v2/images?marker=x&tag=%26"
        );
        assert!(session.linked("http://elsewhere/v2/images").is_none());
    }

    #[test]
    fn a_token_is_not_in_what_a_session_shows() {
        assert!(!format!("{:?}", session("http://h")).contains("secret"));
    }
}
