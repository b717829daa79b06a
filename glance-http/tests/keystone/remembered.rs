//! How often Keystone is asked, and what holds while it cannot be.

use std::time::Duration;

use axum::http::StatusCode;
use futures::future::join_all;
use glance_http::keystone::{CacheTime, VerifierOptions};

use crate::proxy::Proxy;
use crate::support::{Api, eventually, project, revoke, token_of, verifier};

fn remembering(time: CacheTime) -> VerifierOptions {
    VerifierOptions {
        cache_time: time,
        ..VerifierOptions::default()
    }
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn ten_thousand_requests_with_one_token_are_one_validation() {
    let proxy = Proxy::start().await;
    let api = Api::at(&proxy.url());
    let alice = token_of("alice", project("alpha")).await;
    let headers = [("x-auth-token", alice.reveal())];

    for _ in 0..20 {
        let together = (0..500).map(|_| api.list(&headers));
        for answer in join_all(together).await {
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        }
    }

    assert_eq!((proxy.count("GET"), proxy.count("POST")), (1, 1));
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn many_tokens_at_the_same_time_are_one_login() {
    let proxy = Proxy::start().await;
    let api = Api::at(&proxy.url());

    let junk: Vec<String> = (0..30).map(|number| format!("junk-{number}")).collect();
    let together = junk.iter().map(async |junk| {
        let answer = api.list(&[("x-auth-token", junk)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    });
    join_all(together).await;

    assert_eq!((proxy.count("GET"), proxy.count("POST")), (30, 1));
    // What was not valid a moment ago is not asked about again.
    api.list(&[("x-auth-token", "again")]).await;
    api.list(&[("x-auth-token", "again")]).await;
    assert_eq!(proxy.count("GET"), 31);
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_token_is_asked_about_again_when_its_time_is_over() {
    let proxy = Proxy::start().await;
    let alice = token_of("alice", project("alpha")).await;
    let headers = [("x-auth-token", alice.reveal())];

    let second = remembering(CacheTime::For(Duration::from_secs(1)));
    let api = Api::with(verifier(&proxy.url(), second));
    api.list(&headers).await;
    api.list(&headers).await;
    assert_eq!(proxy.count("GET"), 1);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    api.list(&headers).await;
    assert_eq!(proxy.count("GET"), 2);

    let api = Api::with(verifier(&proxy.url(), remembering(CacheTime::Never)));
    api.list(&headers).await;
    api.list(&headers).await;
    assert_eq!(proxy.count("GET"), 4);
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_revoked_token_is_refused_when_its_time_is_over() {
    let proxy = Proxy::start().await;
    let second = remembering(CacheTime::For(Duration::from_secs(1)));
    let api = Api::with(verifier(&proxy.url(), second));
    let alice = token_of("alice", project("alpha")).await;
    let headers = [("x-auth-token", alice.reveal())];
    assert_eq!(api.list(&headers).await.status, StatusCode::OK);

    revoke(&alice).await;

    let is_refused = async || api.list(&headers).await.status == StatusCode::UNAUTHORIZED;
    eventually(is_refused).await;
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn without_keystone_only_tokens_that_are_remembered_count() {
    let proxy = Proxy::start().await;
    let api = Api::at(&proxy.url());
    let alice = token_of("alice", project("alpha")).await;
    let bob = token_of("bob", project("beta")).await;
    let nova = token_of("nova", project("services")).await;
    let (alice, bob) = (
        [("x-auth-token", alice.reveal())],
        [("x-auth-token", bob.reveal())],
    );
    assert_eq!(api.list(&alice).await.status, StatusCode::OK);

    let start_again = proxy.stop().await;

    assert_eq!(api.list(&alice).await.status, StatusCode::OK);
    let through_nova = [alice[0], ("x-service-token", nova.reveal())];
    for unknown in [&bob[..], &[("x-auth-token", "junk")], &through_nova] {
        let refused = api.list(unknown).await;
        assert_eq!(
            refused.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{refused:?}"
        );
        assert_eq!(refused.header("retry-after"), "5");
        assert_eq!(refused.header("www-authenticate"), "");
    }
    assert_eq!(api.list(&[]).await.status, StatusCode::UNAUTHORIZED);

    let _proxy = start_again().await;
    assert_eq!(api.list(&bob).await.status, StatusCode::OK);
}
