//! Whose a token is, as Keystone and the API see it.

use axum::http::StatusCode;
use glance_core::ports::{TokenVerifier, Tokens};
use glance_http::keystone::VerifierOptions;
use serde_json::{Value, json};

use crate::support::{Api, keystone, project, token_of, verifier};

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn people_see_what_their_project_and_role_let_them() {
    let api = Api::at(&keystone());
    let alice = token_of("alice", project("alpha")).await;
    let rita = token_of("rita", project("alpha")).await;
    let bob = token_of("bob", project("beta")).await;
    let admin = token_of("admin", project("admin")).await;

    let token = |token| [("x-auth-token", token)];
    let created = api
        .send("POST", "/v2/images", &token(alice.reveal()), "{}")
        .await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    let path = format!("/v2/images/{}", created.json()["id"].as_str().unwrap());
    for (who, status) in [(&alice, 200), (&rita, 200), (&bob, 404), (&admin, 200)] {
        let shown = api.send("GET", &path, &token(who.reveal()), "").await;
        assert_eq!(shown.status, status, "{shown:?}");
    }
    let refused = api
        .send("POST", "/v2/images", &token(rita.reveal()), "{}")
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn the_scope_of_a_token_is_known() {
    let verifier = verifier(&keystone(), VerifierOptions::default());
    let caller = async |user, scope| {
        let tokens = Tokens::of_user(token_of(user, scope).await);
        verifier.verify(&tokens).await.unwrap()
    };

    let alpha = caller("alice", project("alpha")).await;
    assert!(alpha.project().is_some() && alpha.user().is_some());
    assert_eq!(alpha.project_domain().unwrap().as_str(), "default");
    assert_eq!(alpha.user_domain().unwrap().as_str(), "default");
    assert_eq!(alpha.roles().collect::<Vec<_>>(), ["member", "reader"]);
    assert!(alpha.service().is_none());

    let domain = caller("alice", json!({"domain": {"id": "default"}})).await;
    assert!(domain.project().is_none());
    assert_eq!(domain.domain_scope().unwrap().as_str(), "default");

    let system = caller("admin", json!({"system": {"all": true}})).await;
    assert!(system.is_system_scoped() && system.project().is_none());

    let unscoped = caller("alice", Value::Null).await;
    assert!(unscoped.project().is_none() && unscoped.roles().next().is_none());
    assert_eq!(unscoped.user(), alpha.user());
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_token_that_is_none_is_refused_and_told_where_to_get_one() {
    let api = Api::at(&keystone());
    let alice = token_of("alice", project("alpha")).await;
    let mut forged = alice.reveal().to_owned();
    forged.replace_range(20..21, if &forged[20..21] == "A" { "B" } else { "A" });

    let long = "x".repeat(8000);
    for junk in [
        &forged,
        "junk",
        "gAAAAA",
        "../../v3/users",
        "a%0d%0ab",
        "?&",
        &long,
    ] {
        let refused = api.list(&[("x-auth-token", junk)]).await;
        assert_eq!(
            refused.status,
            StatusCode::UNAUTHORIZED,
            "{junk}: {refused:?}"
        );
        let challenge = refused.header("www-authenticate");
        assert_eq!(challenge, "Keystone uri=\"https://keystone.example\"");
    }
    let admitted = api.list(&[("x-auth-token", alice.reveal())]).await;
    assert_eq!(admitted.header("www-authenticate"), "");
}
