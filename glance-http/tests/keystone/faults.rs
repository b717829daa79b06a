//! Servers that answer what no Keystone should, or too late, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use futures::future::join_all;
use glance_core::ports::{TokenVerifier, Tokens};
use glance_http::keystone::{KeystoneError, SessionOptions, VerifierOptions};
use tokio::net::TcpListener;

use crate::fake_keystone::keystone;
use crate::support::{Api, session, session_options, verifier_of};

fn impatient(url: &str) -> SessionOptions {
    let mut options = session_options(url);
    options.deadline = Duration::from_millis(500);
    options
}

fn alice() -> Tokens {
    Tokens::of_user("alice".parse().unwrap())
}

#[tokio::test]
async fn no_answer_but_a_whole_one_lets_anybody_in() {
    let valid = r#"{"token": {"expires_at": "2999-01-01T00:00:00Z", "user": {"id": "u"}}}"#;
    let answers: [(u16, String, u16); 10] = [
        (200, valid.to_owned(), 200),
        (200, String::new(), 503),
        (200, "{}".to_owned(), 503),
        (200, valid[..40].to_owned(), 503),
        (200, "x".repeat(5 << 20), 503),
        (204, String::new(), 503),
        (300, valid.to_owned(), 503),
        (401, valid.to_owned(), 503),
        (403, valid.to_owned(), 503),
        (500, valid.to_owned(), 503),
    ];
    for (status, body, answered) in answers {
        let told = format!("{status} {body:.30}");
        let url = keystone(move || {
            let answer = (StatusCode::from_u16(status).unwrap(), body.clone());
            async move { answer.into_response() }
        });
        let options = VerifierOptions::default();
        let api = Api::with(verifier_of(session_options(&url.await), options));

        // The policy then refuses somebody without a role.
        let answer = api.send("GET", "/v2/schemas/image", &[("x-auth-token", "t")], "");
        assert_eq!(answer.await.status, answered, "{told}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_a_token() {
    let elsewhere = keystone(|| async { panic!("it was followed") }).await;
    let url = keystone(move || {
        let target = format!("{elsewhere}/v3/auth/tokens");
        async move { Redirect::temporary(&target).into_response() }
    });
    let verifier = verifier_of(session_options(&url.await), VerifierOptions::default());

    let error = verifier.verify(&alice()).await.unwrap_err();

    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "a request to validate a token was answered 307");
}

#[tokio::test]
async fn a_keystone_that_hangs_is_given_up_at_the_deadline_by_all_who_wait() {
    let asked = Arc::new(AtomicUsize::new(0));
    let url = keystone({
        let asked = Arc::clone(&asked);
        move || {
            asked.fetch_add(1, Ordering::SeqCst);
            std::future::pending()
        }
    });
    let verifier = verifier_of(impatient(&url.await), VerifierOptions::default());
    let begun = Instant::now();

    let tokens = alice();
    let errors = join_all((0..100).map(|_| verifier.verify(&tokens))).await;

    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    for error in errors {
        let error = error.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(
            cause,
            "a request to validate a token was not answered within 0.5 s"
        );
    }
}

#[tokio::test]
async fn a_login_that_nobody_answers_is_tried_again_and_names_no_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut options = session_options(&format!("http://user:canary@{address}"));
    options.retries = 1;
    let begun = Instant::now();

    let error = session(options).token().await.unwrap_err();

    assert!(begun.elapsed() >= Duration::from_millis(500));
    assert!(matches!(*error, KeystoneError::Unreachable { .. }));
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}
