//! Limits that a real Keystone keeps.

use std::time::Duration;

use glance_core::domain::{ProjectId, ProjectLimits};
use glance_core::ports::LimitSource;
use glance_http::keystone::{
    DomainRef, Interface, KeystoneLimits, LimitEndpoint, Login, Named, Scope, SessionOptions,
    Wanted,
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::proxy::Proxy;
use crate::support::{eventually, glance_login, keystone, session, session_options, token_of};

const MIB: u64 = 1 << 20;

/// An administrator of the system, who registers services and limits.
pub(crate) struct Admin {
    client: Client,
    token: String,
}

impl Admin {
    pub(crate) async fn new() -> Self {
        let token = token_of("admin", json!({"system": {"all": true}})).await;
        Self {
            client: Client::new(),
            token: token.reveal().to_owned(),
        }
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Value {
        let method = method.parse().unwrap();
        let sent = self
            .client
            .request(method, format!("{}/v3/{path}", keystone()))
            .header("x-auth-token", &self.token)
            .json(&body);
        let answer = sent.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        answer.json().await.unwrap()
    }

    pub(crate) async fn made(&self, kind: &str, fields: Value) -> String {
        let made = self
            .send("POST", &format!("{kind}s"), json!({kind: fields}))
            .await;
        made[kind]["id"].as_str().unwrap().to_owned()
    }

    async fn project(&self, name: &str) -> ProjectId {
        let fields = json!({"name": name, "domain_id": "default"});
        self.made("project", fields).await.parse().unwrap()
    }

    /// Gives a project a limit of its own; gives the id of that.
    async fn limit(
        &self,
        service: &Service,
        project: &ProjectId,
        name: &str,
        limit: i64,
    ) -> String {
        let own = json!({
            "service_id": service.id, "region_id": "RegionOne", "project_id": project.as_str(),
            "resource_name": name, "resource_limit": limit,
        });
        let made = self.send("POST", "limits", json!({"limits": [own]})).await;
        made["limits"][0]["id"].as_str().unwrap().to_owned()
    }
}

/// A service with registered limits.
struct Service {
    id: String,
    /// Of its public endpoint.
    endpoint: String,
}

/// The one that all tests share.
async fn limited() -> &'static Service {
    static SERVICE: OnceCell<Service> = OnceCell::const_new();
    SERVICE.get_or_init(register).await
}

async fn register() -> Service {
    let admin = Admin::new().await;
    let id = admin
        .made("service", json!({"type": "limited", "name": "l"}))
        .await;
    let mut endpoints = Vec::new();
    for interface in ["public", "internal"] {
        let fields = json!({
            "service_id": id, "interface": interface, "region_id": "RegionOne", "url": "http://x",
        });
        endpoints.push(admin.made("endpoint", fields).await);
    }
    let registered = [("image_size_total", 7), ("image_count_total", -1)].map(|(name, limit)| {
        json!({
            "service_id": id, "region_id": "RegionOne", "resource_name": name,
            "default_limit": limit,
        })
    });
    let body = json!({"registered_limits": registered});
    admin.send("POST", "registered_limits", body).await;
    Service {
        id,
        endpoint: endpoints.swap_remove(0),
    }
}

/// As the user `glance`, who is a reader of the system.
fn of_system(url: &str) -> SessionOptions {
    let mut options = session_options(url);
    options.login = Login::Password {
        user: Named::Name("glance".into(), DomainRef::Id("default".into())),
        password: "secret".into(),
        scope: Scope::System,
    };
    options
}

async fn source(url: &str) -> KeystoneLimits {
    let endpoint = LimitEndpoint::Id(limited().await.endpoint.clone());
    KeystoneLimits::new(session(of_system(url)), endpoint)
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_project_has_the_registered_limits_but_for_its_own() {
    let (admin, service) = (Admin::new().await, limited().await);
    let [with, without] = [admin.project("with").await, admin.project("without").await];
    admin.limit(service, &with, "image_size_total", 3).await;
    let source = source(&keystone()).await;

    let registered = ProjectLimits {
        images: None,
        staged_bytes: Some(0),
        stored_bytes: Some(7 * MIB),
        uploads: Some(0),
    };
    assert_eq!(source.limits(&without).await.unwrap(), registered);
    let own = ProjectLimits {
        stored_bytes: Some(3 * MIB),
        ..registered
    };
    assert_eq!(source.limits(&with).await.unwrap(), own);
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn the_service_is_found_by_its_type_its_interface_and_its_region() {
    limited().await;
    let project = Admin::new().await.project("found").await;
    let limits = async |wanted: Wanted| {
        let session = session(of_system(&keystone()));
        let source = KeystoneLimits::new(session, LimitEndpoint::Like(wanted));
        source.limits(&project).await
    };
    let wanted = Wanted::service("limited").at(Interface::Internal);

    for like in [
        wanted.clone(),
        wanted.clone().named(Some("l".into())),
        wanted.clone().in_region(Some("RegionOne".into())),
    ] {
        let found = limits(like).await.unwrap();
        assert_eq!(found.stored_bytes, Some(7 * MIB));
    }
    for absent in [
        wanted.clone().at(Interface::Admin),
        wanted.clone().named(Some("m".into())),
        wanted.in_region(Some("Elsewhere".into())),
        Wanted::service("unlimited"),
    ] {
        let error = limits(absent.clone()).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.starts_with("Keystone has 0 "), "{absent:?}: {cause}");
    }
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn a_limit_that_changes_counts_within_seconds() {
    let (admin, service) = (Admin::new().await, limited().await);
    let project = admin.project("changes").await;
    let limit = admin.limit(service, &project, "image_size_total", 1).await;
    let source = source(&keystone()).await;
    assert_eq!(
        source.limits(&project).await.unwrap().stored_bytes,
        Some(MIB)
    );

    let path = format!("limits/{limit}");
    admin
        .send("PATCH", &path, json!({"limit": {"resource_limit": 2}}))
        .await;

    eventually(async || source.limits(&project).await.unwrap().stored_bytes == Some(2 * MIB)).await;
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn keystone_is_asked_once_in_a_while_and_nobody_is_let_by_while_it_is_away() {
    let project = Admin::new().await.project("away").await;
    let proxy = Proxy::start().await;
    let source = source(&proxy.url()).await;

    for _ in 0..10 {
        source.limits(&project).await.unwrap();
    }
    assert_eq!(proxy.asked("GET /v3/limits"), 1);
    let back = proxy.stop().await;
    // What is known is known for a few seconds.
    assert!(source.limits(&project).await.is_ok());
    eventually(async || source.limits(&project).await.is_err()).await;
    back().await;
    eventually(async || source.limits(&project).await.is_ok()).await;
}

#[tokio::test]
#[ignore = "needs a Keystone"]
async fn who_may_not_read_limits_learns_none() {
    let endpoint = LimitEndpoint::Id(limited().await.endpoint.clone());
    let mut options = session_options(&keystone());
    options.login = glance_login();
    options.deadline = Duration::from_secs(5);
    let source = KeystoneLimits::new(session(options), endpoint);

    let error = source.limits(&"p".parse().unwrap()).await.unwrap_err();

    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        cause,
        "a request to find the limits of a project was answered 403"
    );
}
