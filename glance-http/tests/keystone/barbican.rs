//! Certificates from the real Barbican (`tests/servers/barbican.sh`), and what happens where it breaks.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use glance_core::ports::{CertificateSource, SignatureError, TokenVerifier, Tokens};
use glance_http::keystone::{
    BarbicanCertificates, Interface, KeyManagerEndpoint, VerifierOptions, Wanted,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{keystone, project, session, session_options, token_of, variable, verifier};

const PEM: &str = "-----BEGIN CERTIFICATE-----\nYW55\n-----END CERTIFICATE-----";
const DER: &[u8] = &[0x30, 0x82, 0xff, 0x00, 0x80];

/// Asks Barbican for something as alice, who publishes images.
async fn alice(method: Method, url: &str, body: Value) -> Value {
    let token = token_of("alice", project("alpha")).await;
    let mut asked = Client::new()
        .request(method, url)
        .header("x-auth-token", token.reveal());
    if !body.is_null() {
        asked = asked.json(&body);
    }
    let answer = asked.send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Puts a secret into Barbican; gives its URL.
async fn secret(secret: Value) -> String {
    let url = format!("{}/v1/secrets", variable("GLANCE_TEST_BARBICAN"));
    let made = alice(Method::POST, &url, secret).await;
    made["secret_ref"].as_str().unwrap().to_owned()
}

/// Lets the image service read a secret, or nobody else any more.
async fn let_in(url: &str, is_let_in: bool) {
    let token = token_of("glance", project("services")).await;
    let verifier = verifier(&keystone(), VerifierOptions::default());
    let caller = verifier.verify(&Tokens::of_user(token)).await.unwrap();
    let user = caller.user().unwrap().to_string();
    let users = if is_let_in { vec![user] } else { vec![] };
    let acl = json!({"read": {"users": users, "project-access": true}});
    alice(Method::PUT, &format!("{url}/acl"), acl).await;
}

async fn readable(fields: Value) -> String {
    let url = secret(fields).await;
    let_in(&url, true).await;
    url
}

fn text(payload: &str) -> Value {
    json!({
        "secret_type": "certificate", "payload": payload, "payload_content_type": "text/plain",
    })
}

fn binary(payload: &[u8]) -> Value {
    json!({
        "secret_type": "certificate", "payload": STANDARD.encode(payload),
        "payload_content_type": "application/octet-stream", "payload_content_encoding": "base64",
    })
}

fn certificates(url: &str, endpoint: KeyManagerEndpoint) -> BarbicanCertificates {
    BarbicanCertificates::new(session(session_options(url)), endpoint)
}

fn in_catalog() -> KeyManagerEndpoint {
    KeyManagerEndpoint::Like(Wanted::service("key-manager").at(Interface::Public))
}

fn at(url: &str) -> KeyManagerEndpoint {
    KeyManagerEndpoint::At(url.parse().unwrap())
}

async fn read(barbican: &BarbicanCertificates, url: &str) -> Result<Bytes, SignatureError> {
    let (_, id) = url.rsplit_once('/').unwrap();
    barbican.certificate(&id.parse().unwrap()).await
}

#[tokio::test]
#[ignore = "needs a Keystone and a Barbican"]
async fn a_certificate_is_read_as_it_was_stored() {
    let barbican = certificates(&keystone(), in_catalog());

    for (stored, expected) in [
        (text(PEM), PEM.as_bytes()),
        (binary(PEM.as_bytes()), PEM.as_bytes()),
        (binary(DER), DER),
    ] {
        let url = readable(stored).await;
        assert_eq!(read(&barbican, &url).await.unwrap(), expected);
    }
}

#[tokio::test]
#[ignore = "needs a Keystone and a Barbican"]
async fn a_certificate_is_remembered_by_who_read_it() {
    let url = readable(text(PEM)).await;
    let barbican = certificates(&keystone(), in_catalog());
    read(&barbican, &url).await.unwrap();

    alice(Method::DELETE, &url, Value::Null).await;

    assert_eq!(read(&barbican, &url).await.unwrap(), PEM);
    let other = certificates(&keystone(), in_catalog());
    let error = read(&other, &url).await.unwrap_err();
    assert!(matches!(error, SignatureError::NotFound { .. }), "{error}");
}

#[tokio::test]
#[ignore = "needs a Keystone and a Barbican"]
async fn an_endpoint_may_be_named_with_its_version_or_without() {
    let (url, barbican) = (readable(text(PEM)).await, variable("GLANCE_TEST_BARBICAN"));

    for version in ["", "/", "/v1", "/v1/"] {
        let barbican = certificates(&keystone(), at(&format!("{barbican}{version}")));
        assert!(read(&barbican, &url).await.is_ok(), "{version}");
    }
}

#[tokio::test]
#[ignore = "needs a Keystone and a Barbican"]
async fn who_is_not_let_in_to_a_certificate_reads_none() {
    let url = secret(text(PEM)).await;
    let refused = async || {
        let barbican = certificates(&keystone(), in_catalog());
        matches!(
            read(&barbican, &url).await,
            Err(SignatureError::Forbidden { .. })
        )
    };

    assert!(refused().await);
    let_in(&url, true).await;
    assert!(!refused().await);
    let_in(&url, false).await;
    assert!(refused().await);
}

#[tokio::test]
#[ignore = "needs a Keystone and a Barbican"]
async fn what_cannot_be_had_is_told_apart() {
    let barbican = certificates(&keystone(), in_catalog());

    let long = readable(text(&"x".repeat(70_000))).await;
    let error = read(&barbican, &long).await.unwrap_err();
    assert!(matches!(error, SignatureError::Malformed { .. }), "{error}");

    let empty = readable(json!({"name": "nothing yet"})).await;
    let absent = "/8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a1";
    for url in [empty.as_str(), absent] {
        let error = read(&barbican, url).await.unwrap_err();
        assert!(matches!(error, SignatureError::NotFound { .. }), "{error}");
    }

    let nowhere = KeyManagerEndpoint::Like(Wanted::service("nothing").at(Interface::Public));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", closed.local_addr().unwrap());
    for endpoint in [nowhere, at(&closed)] {
        let away = certificates(&keystone(), endpoint);
        let error = read(&away, absent).await.unwrap_err();
        assert!(
            matches!(error, SignatureError::Unavailable { .. }),
            "{error}"
        );
    }
}

/// No real one can be made to: this one fails at everything but logins.
#[tokio::test]
async fn a_key_manager_that_fails_is_told_from_one_that_has_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let login = r#"{"token": {"expires_at": "2999-01-01T00:00:00Z", "catalog": []}}"#;
    let router = Router::new()
        .route(
            "/v3/auth/tokens",
            post(async move || (StatusCode::CREATED, [("x-subject-token", "own")], login)),
        )
        .fallback(get(async || StatusCode::INTERNAL_SERVER_ERROR));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let barbican = certificates(&url, at(&url));
    let absent = "/8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a1";
    let error = read(&barbican, absent).await.unwrap_err();

    assert!(
        matches!(error, SignatureError::Unavailable { .. }),
        "{error}"
    );
}
