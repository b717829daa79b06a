//! How the service user gets in.

use std::time::Duration;

use glance_core::ports::{TokenVerifier, Tokens};
use glance_http::keystone::{
    DomainRef, Interface, KeystoneError, Login, Named, Scope, Session, SessionOptions, TlsOptions,
    VerifierOptions, Wanted,
};
use tokio::time::sleep;

use crate::proxy::Proxy;
use crate::support::{
    glance_login, keystone, project, revoke, session, session_options, tls, token_of, variable,
    verifier_of,
};

fn at(url: &str, login: Login) -> SessionOptions {
    let mut options = SessionOptions::new(url.parse().unwrap(), login);
    options.retries = 0;
    options
}

fn glance() -> Named {
    Named::Name("glance".into(), DomainRef::Name("Default".into()))
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn every_way_to_log_in_lets_tokens_be_validated() {
    let application = variable("GLANCE_TEST_KEYSTONE_APPLICATION");
    let (id, secret) = application.split_once(':').unwrap();
    let (id, secret) = (id.to_owned(), secret.to_owned());
    let alice = Tokens::of_user(token_of("alice", project("alpha")).await);

    for login in [
        glance_login(),
        Login::ApplicationCredential {
            id,
            secret: secret.clone().into(),
        },
        Login::NamedApplicationCredential {
            name: "image service".into(),
            user: glance(),
            secret: secret.into(),
        },
    ] {
        for url in [keystone(), keystone() + "/", keystone() + "/v3"] {
            let verifier = verifier_of(at(&url, login.clone()), VerifierOptions::default());
            assert!(verifier.verify(&alice).await.is_ok(), "{login:?} {url}");
        }
    }
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_service_user_who_is_not_let_in_lets_nobody_in() {
    let alice = Tokens::of_user(token_of("alice", project("alpha")).await);
    let wrong = Login::Password {
        user: glance(),
        password: "canary".into(),
        scope: Scope::Unscoped,
    };

    let session = session(at(&keystone(), wrong.clone()));
    let error = session.token().await.unwrap_err();
    assert_eq!(error.to_string(), "a request to log in was answered 401");
    assert!(!format!("{error:?} {wrong:?} {session:?}").contains("canary"));
    let verifier = verifier_of(at(&keystone(), wrong), VerifierOptions::default());
    assert!(verifier.verify(&alice).await.is_err());
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_service_user_without_the_right_lets_nobody_in() {
    let alice = Tokens::of_user(token_of("alice", project("alpha")).await);
    let bob = Login::Password {
        user: Named::Name("bob".into(), DomainRef::Id("default".into())),
        password: "secret".into(),
        scope: Scope::Project(Named::Name("beta".into(), DomainRef::Id("default".into()))),
    };
    let verifier = verifier_of(at(&keystone(), bob), VerifierOptions::default());

    let error = verifier.verify(&alice).await.unwrap_err();

    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "a request to validate a token was answered 403");
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_service_user_whose_token_was_revoked_logs_in_again() {
    let proxy = Proxy::start().await;
    let options = session_options(&proxy.url());
    let session = session(options);
    let own = session.token().await.unwrap();
    revoke(&own).await;

    let url = session.identity_url().await.unwrap();
    let url = format!("{url}/auth/projects").parse().unwrap();
    let answer = session
        .get("list projects", &url, &Default::default())
        .await;

    assert_eq!(answer.unwrap().status, 200);
    assert_eq!(proxy.count("POST"), 2);
    assert_ne!(session.token().await.unwrap(), own);
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn endpoints_are_found_by_interface_and_region() {
    let session = session(session_options(&keystone()));
    let identity = Wanted::service("identity").at(Interface::Internal);

    let found = session.url(&identity).await.unwrap();
    assert_eq!(found.as_str(), format!("{}/v3/", keystone()));
    let elsewhere = identity.in_region(Some("Elsewhere".into()));
    let error = session.url(&elsewhere).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the catalog has no internal endpoint of `identity` in region `Elsewhere`"
    );
}

fn over_tls(tls: TlsOptions) -> Session {
    let mut options = session_options(&variable("GLANCE_TEST_KEYSTONE_TLS"));
    options.tls = tls;
    session(options)
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn tls_believes_and_shows_what_is_configured() {
    assert!(over_tls(tls()).token().await.is_ok());
    let blind = TlsOptions {
        authorities: None,
        insecure: true,
        ..tls()
    };
    assert!(over_tls(blind).token().await.is_ok());

    let stranger = TlsOptions {
        authorities: None,
        ..tls()
    };
    let nobody = TlsOptions {
        certificate: None,
        key: None,
        ..tls()
    };
    for refused in [stranger, nobody] {
        let error = over_tls(refused).token().await.unwrap_err();
        let unreachable = matches!(*error, KeystoneError::Unreachable { .. });
        assert!(unreachable, "{error:?}");
    }
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_token_that_lives_briefly_is_renewed_in_time() {
    let session = over_tls(tls());
    let first = session.token().await.unwrap();
    assert_eq!(session.token().await.unwrap(), first);
    sleep(Duration::from_millis(2500)).await;

    assert_ne!(session.token().await.unwrap(), first);
}
