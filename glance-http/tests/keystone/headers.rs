//! Identity that clients claim in headers is worth nothing (rule R18).

use axum::http::StatusCode;

use crate::support::{Api, keystone, project, token_of};

const ADMIN: [(&str, &str); 9] = [
    ("x-identity-status", "Confirmed"),
    ("x-service-identity-status", "Confirmed"),
    ("x-user-id", "somebody"),
    ("x-project-id", "elsewhere"),
    ("x-tenant-id", "elsewhere"),
    ("x-roles", "admin,member,reader"),
    ("x-role", "admin"),
    ("x-is-admin-project", "True"),
    ("openstack-system-scope", "all"),
];

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn claimed_roles_give_nothing_without_a_token() {
    let refused = Api::at(&keystone()).list(&ADMIN).await;

    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn claimed_roles_and_projects_give_nothing_beside_a_token() {
    let api = Api::at(&keystone());
    let rita = token_of("rita", project("alpha")).await;
    let alice = token_of("alice", project("alpha")).await;
    let beside = |token| [&ADMIN[..], &[("x-auth-token", token)]].concat();

    let refused = api
        .send("POST", "/v2/images", &beside(rita.reveal()), "{}")
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let created = api
        .send("POST", "/v2/images", &beside(alice.reveal()), "{}")
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    let owner = created.json()["owner"].as_str().unwrap().to_owned();
    assert_ne!(owner, "elsewhere");
    let public = r#"{"visibility": "public"}"#;
    let refused = api
        .send("POST", "/v2/images", &beside(alice.reveal()), public)
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_service_token_alone_gives_no_access() {
    let api = Api::at(&keystone());
    let nova = token_of("nova", project("services")).await;

    let alone = [("x-service-token", nova.reveal())];
    assert_eq!(api.list(&alone).await.status, StatusCode::UNAUTHORIZED);
    let with_junk = [alone[0], ("x-auth-token", "junk")];
    assert_eq!(api.list(&with_junk).await.status, StatusCode::UNAUTHORIZED);
    let claimed = [&ADMIN[..], &alone].concat();
    assert_eq!(api.list(&claimed).await.status, StatusCode::UNAUTHORIZED);
}
