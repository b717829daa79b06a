//! A real Keystone, the people in it, and an API that believes it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use glance_core::domain::Timestamp;
use glance_core::memory::MemoryGlance;
use glance_core::ports::{Clock, Token};
use glance_http::keystone::{
    DomainRef, KeystoneVerifier, Login, Named, Scope, Session, SessionOptions, TlsOptions,
    VerifierOptions,
};
use glance_http::{ApiOptions, Identity, TokenIdentity, router};
use http_body_util::BodyExt;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use tower::ServiceExt;

/// The system's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}

/// A variable that `tests/servers/run.sh` exports.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: see tests/servers/run.sh"))
}

/// The real Keystone's URL.
pub(crate) fn keystone() -> String {
    variable("GLANCE_TEST_KEYSTONE")
}

fn in_default_domain(name: &str) -> Named {
    Named::Name(name.into(), DomainRef::Id("default".into()))
}

/// What Glance logs in with.
pub(crate) fn glance_login() -> Login {
    Login::Password {
        user: in_default_domain("glance"),
        password: "secret".into(),
        scope: Scope::Project(in_default_domain("services")),
    }
}

/// A session of Glance's user that gives up soon.
pub(crate) fn session_options(url: &str) -> SessionOptions {
    let mut options = SessionOptions::new(url.parse().unwrap(), glance_login());
    options.retries = 0;
    options
}

pub(crate) fn session(options: SessionOptions) -> Session {
    Session::new(options, Arc::new(SystemClock)).unwrap()
}

pub(crate) fn verifier(url: &str, options: VerifierOptions) -> KeystoneVerifier {
    verifier_of(session_options(url), options)
}

pub(crate) fn verifier_of(session: SessionOptions, options: VerifierOptions) -> KeystoneVerifier {
    KeystoneVerifier::new(self::session(session), options, Arc::new(SystemClock))
}

/// What TLS of the second Keystone asks for.
pub(crate) fn tls() -> TlsOptions {
    TlsOptions {
        authorities: Some(PathBuf::from(variable("GLANCE_TEST_KEYSTONE_CA"))),
        certificate: Some(PathBuf::from(variable("GLANCE_TEST_KEYSTONE_CERT"))),
        key: Some(PathBuf::from(variable("GLANCE_TEST_KEYSTONE_KEY"))),
        insecure: false,
    }
}

/// What a token is asked for.
pub(crate) fn project(name: &str) -> Value {
    json!({"project": {"name": name, "domain": {"id": "default"}}})
}

/// A token of somebody.
pub(crate) async fn token_of(user: &str, scope: Value) -> Token {
    login(&Client::new(), &keystone(), user, scope).await
}

/// A token of somebody that lives for 3 seconds.
pub(crate) async fn brief_token_of(user: &str, scope: Value) -> Token {
    let read = |name| std::fs::read(variable(name)).unwrap();
    let mut pem = read("GLANCE_TEST_KEYSTONE_CERT");
    pem.extend(read("GLANCE_TEST_KEYSTONE_KEY"));
    let authorities = Certificate::from_pem_bundle(&read("GLANCE_TEST_KEYSTONE_CA")).unwrap();
    let client = Client::builder()
        .tls_certs_only(authorities)
        .identity(reqwest::Identity::from_pem(&pem).unwrap())
        .build()
        .unwrap();
    login(&client, &variable("GLANCE_TEST_KEYSTONE_TLS"), user, scope).await
}

async fn login(client: &Client, url: &str, user: &str, scope: Value) -> Token {
    let user = json!({"name": user, "domain": {"id": "default"}, "password": "secret"});
    let mut auth = json!({"identity": {"methods": ["password"], "password": {"user": user}}});
    if !scope.is_null() {
        auth["scope"] = scope;
    }
    let sent = client.post(format!("{url}/v3/auth/tokens"));
    let answer = sent.json(&json!({"auth": auth})).send().await.unwrap();
    assert_eq!(answer.status(), 201, "{answer:?}");
    let token = answer.headers()["x-subject-token"].to_str().unwrap();
    token.parse().unwrap()
}

/// Ends a token's life.
pub(crate) async fn revoke(token: &Token) {
    let admin = token_of("admin", project("admin")).await;
    let sent = Client::new()
        .delete(format!("{}/v3/auth/tokens", keystone()))
        .header("x-auth-token", admin.reveal())
        .header("x-subject-token", token.reveal());
    assert_eq!(sent.send().await.unwrap().status(), 204);
}

/// An API over an empty memory.
pub(crate) struct Api(Router);

impl Api {
    /// One that asks the Keystone at a URL.
    pub(crate) fn at(url: &str) -> Self {
        Self::with(verifier(url, VerifierOptions::default()))
    }

    pub(crate) fn with(verifier: KeystoneVerifier) -> Self {
        let identity = TokenIdentity::new(Arc::new(verifier));
        Self::of(identity.with_authenticate_uri("https://keystone.example"))
    }

    pub(crate) fn of(identity: TokenIdentity) -> Self {
        let options = ApiOptions {
            identity: Identity::Tokens(identity),
            ..ApiOptions::default()
        };
        Self(router(MemoryGlance::new().build().unwrap(), options))
    }

    /// Lists images with these headers.
    pub(crate) async fn list(&self, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", "/v2/images", headers, "").await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &'static str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let (parts, body) = self.0.clone().oneshot(request).await.unwrap().into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// Waits for what comes with time, up to ten seconds.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..100 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not come about");
}
