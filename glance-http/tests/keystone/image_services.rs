//! Where image services are, as a real Keystone tells.

use glance_core::ports::{ImageServices, Token, TokenError};
use glance_http::keystone::KeystoneImageServices;
use serde_json::json;

use crate::limits::Admin;
use crate::proxy::Proxy;
use crate::support::{project, session, session_options, token_of};

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn an_image_service_is_found_in_the_catalog_of_the_caller() {
    let admin = Admin::new().await;
    let service = admin
        .made("service", json!({"type": "image", "name": "distant"}))
        .await;
    admin.made("region", json!({"id": "Far-Away"})).await;
    let endpoint = json!({
        "service_id": service, "region_id": "Far-Away", "interface": "public",
        "url": "http://far.example/$(project_id)s",
    });
    admin.made("endpoint", endpoint).await;
    let proxy = Proxy::start().await;
    let services = KeystoneImageServices::new(session(session_options(&proxy.url())));
    let alice = token_of("alice", project("alpha")).await;
    let found =
        async |token: &Token, region, interface| services.find(token, region, interface).await;

    let url = found(&alice, "far-away", "public").await.unwrap().unwrap();
    assert!(
        url.starts_with("http://far.example/") && !url.contains("project_id"),
        "{url}"
    );
    assert_eq!(found(&alice, "Far-Away", "admin").await.unwrap(), None);
    assert_eq!(found(&alice, "Nowhere", "public").await.unwrap(), None);
    // Each question is one, and the session logged in once.
    assert_eq!((proxy.count("GET"), proxy.count("POST")), (3, 1));
    let junk: Token = "junk".parse().unwrap();
    let refused = found(&junk, "Far-Away", "public").await.unwrap_err();
    assert!(matches!(refused, TokenError::Invalid), "{refused:?}");

    let away = proxy.stop().await;
    let nobody = found(&alice, "Far-Away", "public").await.unwrap_err();
    assert!(
        matches!(nobody, TokenError::Unavailable { .. }),
        "{nobody:?}"
    );
    drop(away);
}
