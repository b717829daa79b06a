//! Requests that a service passes on.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use glance_core::ports::{TokenError, TokenVerifier, Tokens};
use glance_http::TokenIdentity;
use glance_http::keystone::VerifierOptions;
use serde_json::json;
use tokio::time::sleep;

use crate::support::{Api, brief_token_of, keystone, project, token_of, verifier};

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_service_is_known_and_lends_the_user_no_role() {
    let verifier = verifier(&keystone(), VerifierOptions::default());
    let alice = token_of("alice", project("alpha")).await;
    let nova = token_of("nova", project("services")).await;

    let tokens = Tokens::of_user(alice).through_service(Some(nova));
    let caller = verifier.verify(&tokens).await.unwrap();

    assert_eq!(caller.roles().collect::<Vec<_>>(), ["member", "reader"]);
    let service = caller.service().unwrap();
    assert_eq!(service.roles().collect::<Vec<_>>(), ["service"]);
    assert!(service.user().is_some() && service.project() != caller.project());
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn who_has_no_role_of_a_service_is_none_unless_that_is_not_required() {
    let alice = token_of("alice", project("alpha")).await;
    let admin = token_of("admin", project("admin")).await;
    let tokens = Tokens::of_user(alice).through_service(Some(admin));
    let caller = async |required| {
        let options = VerifierOptions {
            service_token_roles_required: required,
            ..VerifierOptions::default()
        };
        verifier(&keystone(), options)
            .verify(&tokens)
            .await
            .unwrap()
    };

    let strict = caller(true).await;
    assert!(strict.service().is_none() && !strict.has_role("admin"));
    let lenient = caller(false).await;
    assert!(lenient.service().unwrap().has_role("admin") && !lenient.has_role("admin"));
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_token_that_expired_on_the_way_counts_with_a_service_alone() {
    let verifier = verifier(&keystone(), VerifierOptions::default());
    let alice = brief_token_of("alice", project("alpha")).await;
    let nova = token_of("nova", project("services")).await;
    let bob = token_of("bob", project("beta")).await;
    let own = Tokens::of_user(alice);
    assert!(verifier.verify(&own).await.is_ok());
    sleep(Duration::from_secs(4)).await;

    // It is remembered, which does not make it live longer.
    let expired = verifier.verify(&own).await.unwrap_err();
    assert!(matches!(expired, TokenError::Invalid), "{expired:?}");
    let passed_on = own.clone().through_service(Some(nova));
    let caller = verifier.verify(&passed_on).await.unwrap();
    assert!(caller.has_role("member"));
    let not_by_bob = own.clone().through_service(Some(bob));
    assert!(verifier.verify(&not_by_bob).await.is_err());
    assert!(verifier.verify(&own).await.is_err());
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn an_expired_token_of_a_service_is_worth_nothing() {
    let verifier = verifier(&keystone(), VerifierOptions::default());
    let alice = brief_token_of("alice", project("alpha")).await;
    let nova = brief_token_of("nova", project("services")).await;
    sleep(Duration::from_secs(4)).await;

    let tokens = Tokens::of_user(alice).through_service(Some(nova));

    assert!(verifier.verify(&tokens).await.is_err());
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_service_token_that_is_none_is_passed_over_or_refused() {
    let alice = token_of("alice", project("alpha")).await;
    let headers = [
        ("x-auth-token", alice.reveal()),
        ("x-service-token", "junk"),
    ];
    let api = |delay| {
        let options = VerifierOptions {
            delay_auth_decision: delay,
            ..VerifierOptions::default()
        };
        let identity = TokenIdentity::new(Arc::new(verifier(&keystone(), options)));
        Api::of(identity.refusing_at_once(!delay))
    };

    assert_eq!(api(true).list(&headers).await.status, StatusCode::OK);
    let refused = api(false).list(&headers).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.header("content-type"), "application/json");
    assert_eq!(refused.json()["error"]["code"], json!(401));
    assert_eq!(api(false).list(&headers[..1]).await.status, StatusCode::OK);
}
