//! Certificates from a key manager that answers as Barbican's API says. The login is a stand-in, too.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use glance_core::ports::{CertificateSource, SignatureError};
use glance_http::keystone::{BarbicanCertificates, Interface, KeyManagerEndpoint, Wanted};
use tokio::net::TcpListener;

use crate::support::{session, session_options};

/// What was asked for: the path after the version, and what was accepted.
type Asked = Arc<Mutex<Vec<String>>>;

const PEM: &str = "00000000-0000-4000-8000-000000000001";
const BINARY: &str = "00000000-0000-4000-8000-000000000002";
const LONG: &str = "00000000-0000-4000-8000-000000000003";
const OTHERS: &str = "00000000-0000-4000-8000-000000000004";
const BROKEN: &str = "00000000-0000-4000-8000-000000000005";
const ABSENT: &str = "00000000-0000-4000-8000-000000000006";

/// A stand-in for Keystone and Barbican; gives its URL.
async fn start(asked: Asked) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let login = format!(
        r#"{{"token": {{"expires_at": "2999-01-01T00:00:00Z", "catalog": [
            {{"type": "key-manager", "name": "b", "endpoints": [
                {{"interface": "public", "region": "R", "url": "{url}"}}]}}]}}}}"#
    );
    let tokens = post(async move || (StatusCode::CREATED, [("x-subject-token", "own")], login));
    let payload = get(async move |Path(id): Path<String>, headers: HeaderMap| {
        let accept = headers["accept"].to_str().unwrap().to_owned();
        asked.lock().unwrap().push(format!("{id} {accept}"));
        if headers["x-auth-token"] != "own" {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        payload(&id, &accept)
    });
    let router = Router::new()
        .route("/v3/auth/tokens", tokens)
        .route("/v1/secrets/{id}/payload", payload);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn payload(id: &str, accept: &str) -> Response {
    match (id, accept) {
        (PEM, "text/plain") => "pem".into_response(),
        (PEM, _) => StatusCode::NOT_ACCEPTABLE.into_response(),
        (BINARY, "application/octet-stream") => "der".into_response(),
        (LONG, _) => "x".repeat(70_000).into_response(),
        (OTHERS, _) => StatusCode::FORBIDDEN.into_response(),
        (BROKEN, _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn certificates(url: &str, endpoint: KeyManagerEndpoint) -> BarbicanCertificates {
    BarbicanCertificates::new(session(session_options(url)), endpoint)
}

fn in_catalog() -> KeyManagerEndpoint {
    KeyManagerEndpoint::Like(Wanted::service("key-manager").at(Interface::Public))
}

#[tokio::test]
async fn a_certificate_is_read_as_it_was_stored_and_remembered() {
    let asked = Asked::default();
    let url = start(Arc::clone(&asked)).await;
    let barbican = certificates(&url, in_catalog());

    for _ in 0..2 {
        let pem = barbican.certificate(&PEM.parse().unwrap()).await.unwrap();
        assert_eq!(pem, "pem");
        let der = barbican
            .certificate(&BINARY.parse().unwrap())
            .await
            .unwrap();
        assert_eq!(der, "der");
    }

    let expected = [
        format!("{PEM} application/octet-stream"),
        format!("{PEM} text/plain"),
        format!("{BINARY} application/octet-stream"),
    ];
    assert_eq!(*asked.lock().unwrap(), expected);
}

#[tokio::test]
async fn an_endpoint_may_be_named_with_its_version_or_without() {
    let url = start(Asked::default()).await;

    for endpoint in [
        url.clone(),
        format!("{url}/"),
        format!("{url}/v1"),
        format!("{url}/v1/"),
    ] {
        let endpoint = KeyManagerEndpoint::At(endpoint.parse().unwrap());
        let barbican = certificates(&url, endpoint);
        assert!(barbican.certificate(&PEM.parse().unwrap()).await.is_ok());
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_told_apart() {
    let url = start(Asked::default()).await;
    let barbican = certificates(&url, in_catalog());
    let refused = async |id: &str| {
        barbican
            .certificate(&id.parse().unwrap())
            .await
            .unwrap_err()
    };

    assert!(matches!(
        refused(LONG).await,
        SignatureError::Malformed { .. }
    ));
    assert!(matches!(
        refused(OTHERS).await,
        SignatureError::Forbidden { .. }
    ));
    assert!(matches!(
        refused(BROKEN).await,
        SignatureError::Unavailable { .. }
    ));
    assert!(matches!(
        refused(ABSENT).await,
        SignatureError::NotFound { .. }
    ));
    let nowhere = KeyManagerEndpoint::Like(Wanted::service("nothing").at(Interface::Public));
    let nowhere = certificates(&url, nowhere);
    let error = nowhere
        .certificate(&PEM.parse().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, SignatureError::Unavailable { .. }));
}
