//! Data that is staged at one node, and asked for at another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use glance_core::domain::Status;
use glance_core::memory::{MemoryGlance, MemoryStore};
use glance_core::{ImportSettings, Settings};
use glance_http::{ApiOptions, NodeAnswer, NodeError, NodeRequest, Nodes};
use serde_json::json;

use super::support::{ALICE, Answer, BOB, RAW, READER, Site, Who, request, staging};

/// What is at the end of a line.
#[derive(Debug, Clone)]
enum End {
    Node(Router),
    Says(StatusCode, &'static str),
    Fails(fn() -> NodeError),
}

/// Lines to nodes, by host, and what was asked on them.
#[derive(Debug, Default)]
pub(super) struct Lines {
    ends: Mutex<BTreeMap<String, End>>,
    asked: Mutex<Vec<NodeRequest>>,
}

impl Lines {
    fn lead(&self, host: &str, end: End) {
        self.ends.lock().unwrap().insert(host.to_owned(), end);
    }

    pub(super) fn asked(&self) -> Vec<NodeRequest> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[async_trait]
impl Nodes for Lines {
    async fn ask(&self, host: &str, asked: NodeRequest) -> Result<NodeAnswer, NodeError> {
        self.asked.lock().unwrap().push(asked.clone());
        let end = self.ends.lock().unwrap().get(host).cloned();
        match end.unwrap_or(End::Fails(unreachable_node)) {
            End::Fails(error) => Err(error()),
            End::Says(status, body) => Ok(NodeAnswer {
                status,
                body: body.into(),
            }),
            End::Node(router) => {
                let mut request = Request::builder().method(asked.method).uri(asked.path);
                request.headers_mut().unwrap().extend(asked.headers);
                let request = request.body(Body::from(asked.body)).unwrap();
                let answer = Answer::of(router, request).await;
                Ok(NodeAnswer {
                    status: answer.status,
                    body: answer.body,
                })
            }
        }
    }
}

fn unreachable_node() -> NodeError {
    NodeError::Unreachable {
        source: "nobody listens".into(),
    }
}

pub(super) const ONE: &str = "http://one:9292";
const TWO: &str = "http://two:9292/";

/// Two nodes on one catalog, and the lines between them.
pub(super) struct Pair {
    pub(super) lines: Arc<Lines>,
    pub(super) one: Site,
    pub(super) two: Site,
}

/// The staging area of a node that has a name of its own.
fn area_of(host: &str) -> Arc<MemoryStore> {
    let id = format!("os_glance_staging_store@{host}");
    Arc::new(MemoryStore::new(id.parse().unwrap()))
}

impl Pair {
    /// Nodes with names, and a staging area each.
    pub(super) fn new() -> Self {
        Self::with([Some(ONE), Some(TWO)], [area_of(ONE), area_of(TWO)])
    }

    fn with(hosts: [Option<&str>; 2], areas: [Arc<MemoryStore>; 2]) -> Self {
        let lines = Arc::new(Lines::default());
        let catalog = MemoryGlance::new();
        let [first, second] = areas;
        let site = |seed, host: Option<&str>, area| {
            let settings = Settings {
                import: ImportSettings {
                    self_reference: host.map(str::to_owned),
                    ..staging()
                },
                ..Settings::default()
            };
            let mut memory = MemoryGlance::new().with_seed(seed).with_settings(settings);
            memory.catalog = Arc::clone(&catalog.catalog);
            memory.store = Arc::clone(&catalog.store);
            memory.clock = catalog.clock.clone();
            memory.staging = area;
            let options = ApiOptions {
                nodes: Some(Arc::<Lines>::clone(&lines)),
                ..ApiOptions::default()
            };
            let glance = memory.build().unwrap();
            Site::of(options, memory, glance)
        };
        let (one, two) = (site(1, hosts[0], first), site(2, hosts[1], second));
        for (host, site) in hosts.into_iter().zip([&one, &two]) {
            if let Some(host) = host {
                lines.lead(host, End::Node(site.router.clone()));
            }
        }
        Self { lines, one, two }
    }

    /// An image whose data is staged at the first node.
    async fn staged(&self) -> String {
        let id = self.one.image(ALICE, RAW).await;
        let request = request(ALICE, Method::PUT, &format!("/v2/images/{id}/stage"))
            .header("content-type", "application/octet-stream");
        let staged = self.one.send(request.body("data".into()).unwrap()).await;
        assert_eq!(staged.status, StatusCode::NO_CONTENT, "{}", staged.text());
        id
    }

    pub(super) fn is_staged(&self) -> bool {
        [&self.one, &self.two]
            .iter()
            .any(|site| site.memory.staging.contents() != (Vec::new(), 0))
    }

    pub(super) async fn status(&self, id: &str) -> Status {
        self.two.held(id).await.status()
    }

    /// Until the import has ended.
    pub(super) async fn is_imported(&self, id: &str) {
        while self.status(id).await == Status::Importing || self.is_staged() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert_eq!(self.status(id).await, Status::Active);
        let file = self.two.get(ALICE, &format!("/v2/images/{id}/file")).await;
        assert_eq!(file.text(), "data");
        assert!(self.one.memory.catalog.intents().is_empty());
    }
}

pub(super) async fn import(site: &Site, who: Who, id: &str) -> Answer {
    let body = json!({"method": {"name": "glance-direct"}}).to_string();
    site.post(who, &format!("/v2/images/{id}/import"), body)
        .await
}

pub(super) async fn delete(site: &Site, who: Who, id: &str) -> Answer {
    site.delete(who, &format!("/v2/images/{id}")).await
}

#[tokio::test]
async fn an_import_of_data_that_is_staged_at_another_node_begins_there() {
    let pair = Pair::new();
    let id = pair.staged().await;

    let begun = import(&pair.two, ALICE, &id).await;

    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text());
    assert!(begun.body.is_empty());
    pair.is_imported(&id).await;
    let tasks = pair.two.get(ALICE, &format!("/v2/images/{id}/tasks")).await;
    let task = &tasks.json()["tasks"][0];
    assert_eq!(task["user_id"], "u");
    assert_eq!(task["request_id"], begun.header("x-openstack-request-id"));
}

#[tokio::test]
async fn a_delete_takes_the_data_at_another_node_with_it() {
    let pair = Pair::new();
    let id = pair.staged().await;

    let deleted = delete(&pair.two, ALICE, &id).await;

    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.text());
    assert_eq!(pair.lines.asked().len(), 1);
    assert!(!pair.is_staged());
    assert!(pair.one.memory.catalog.intents().is_empty());
    assert_eq!(
        delete(&pair.two, ALICE, &id).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_node_that_does_not_answer_leaves_the_image_as_it_is_and_keeps_nobody_from_deleting_it() {
    let unread = || NodeError::Unreadable {
        source: "no HTTP".into(),
    };
    let slow = || NodeError::Slow {
        within: std::time::Duration::from_secs(60),
    };
    let failures: [(fn() -> NodeError, u16); 5] = [
        (unreachable_node, 504),
        (slow, 504),
        (unread, 502),
        (|| NodeError::NotReachable, 502),
        (|| NodeError::Busy { most: 1 }, 503),
    ];
    for (failure, code) in failures {
        let pair = Pair::new();
        let id = pair.staged().await;
        let before = pair.two.held(&id).await;
        pair.lines.lead(ONE, End::Fails(failure));

        let refused = import(&pair.two, ALICE, &id).await;

        assert_eq!(refused.status, code, "{}", refused.text());
        let said = refused.explanation();
        assert!(said.starts_with("The node that has the data"), "{said}");
        assert!(!said.contains("one:9292"), "{said}");
        assert_eq!(pair.two.held(&id).await, before);

        let deleted = delete(&pair.two, ALICE, &id).await;

        assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.text());
        // Nobody else can remove it; the node does when it is back.
        assert!(pair.is_staged());
        pair.one.memory.clock.advance(Settings::default().lease);
        pair.one.glance.scrub().await.unwrap();
        assert!(!pair.is_staged());
        assert!(pair.one.memory.catalog.intents().is_empty());
    }
}

#[tokio::test]
async fn what_another_node_refuses_is_told_in_its_words() {
    let page = r#"{"message": "Not now.<br /><br />\nBusy.\n\n", "code": "409 Conflict"}"#;
    for (answered, body, code, said) in [
        (409, page, 409, "Not now. Busy."),
        (403, "<html>", 403, "Forbidden"),
        (500, "", 500, "Internal Server Error"),
        (418, "", 418, "I'm a teapot"),
        (
            499,
            "",
            499,
            "The node that has the data of this image refused.",
        ),
        (
            302,
            "",
            502,
            "The node that has the data of this image answered 302 Found.",
        ),
    ] {
        let pair = Pair::new();
        let id = pair.staged().await;
        let answered = StatusCode::from_u16(answered).unwrap();
        pair.lines.lead(ONE, End::Says(answered, body));

        let refused = import(&pair.two, ALICE, &id).await;
        let deleted = delete(&pair.two, ALICE, &id).await;

        assert_eq!(refused.status, code, "{}", refused.text());
        assert_eq!(refused.explanation(), said);
        if answered.is_client_error() {
            assert_eq!(deleted.status, code);
            assert_eq!(deleted.explanation(), said);
            assert_eq!(pair.status(&id).await, Status::Uploading);
        } else {
            assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{answered}");
        }
    }
}

#[tokio::test]
async fn a_request_is_passed_on_once_and_never_in_a_circle() {
    let pair = Pair::new();
    let id = pair.staged().await;
    // As if the host were a load balancer, which chooses the wrong node.
    pair.lines.lead(ONE, End::Node(pair.two.router.clone()));

    let refused = import(&pair.two, ALICE, &id).await;

    assert_eq!(
        refused.status,
        StatusCode::BAD_GATEWAY,
        "{}",
        refused.text()
    );
    assert_eq!(
        refused.explanation(),
        "The node that is said to have the data of this image does not have it."
    );
    assert_eq!(pair.lines.asked().len(), 1);
    assert_eq!(pair.status(&id).await, Status::Uploading);

    let deleted = delete(&pair.two, ALICE, &id).await;

    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(pair.lines.asked().len(), 1);
}

#[tokio::test]
async fn nothing_is_passed_on_for_those_who_may_not() {
    let pair = Pair::new();
    let id = pair.staged().await;

    for (who, code) in [(BOB, 404), (READER, 403)] {
        assert_eq!(import(&pair.two, who, &id).await.status, code);
        assert_eq!(delete(&pair.two, who, &id).await.status, code);
    }
    let patch = r#"[{"op": "replace", "path": "/protected", "value": true}]"#;
    assert_eq!(pair.two.patch(ALICE, &id, patch).await.status, 200);
    assert_eq!(delete(&pair.two, ALICE, &id).await.status, 403);

    assert!(pair.lines.asked().is_empty());
    assert_eq!(pair.status(&id).await, Status::Uploading);
}

#[tokio::test]
async fn another_node_hears_who_asks_and_for_which_store() {
    let pair = Pair::new();
    let id = pair.staged().await;
    let body = r#"{"method": {"name": "glance-direct"}}"#;
    let path = format!("/v2/images/{id}/import");
    let asked = request(ALICE, Method::POST, &path)
        .header("x-openstack-request-id", "req-1")
        .header("x-image-meta-store", "fast")
        .header("x-auth-token", "secret")
        .header("cookie", "secret");
    pair.two.send(asked.body(body.into()).unwrap()).await;

    let asked = pair.lines.asked().remove(0);

    assert_eq!((asked.method, asked.path), (Method::POST, path));
    assert_eq!(asked.body, body.replace(": ", ":"));
    let mut headers: Vec<(&str, &str)> = asked
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("x-glance-passed-on", "1"),
            ("x-identity-status", "Confirmed"),
            ("x-image-meta-store", "fast"),
            ("x-openstack-request-id", "req-1"),
            ("x-project-id", "p1"),
            ("x-roles", "member,reader"),
            ("x-user-id", "u"),
        ]
    );
}

#[tokio::test]
async fn a_node_that_asks_no_other_refuses_the_import_and_deletes() {
    let pair = Pair::new();
    let id = pair.staged().await;
    let alone = Site::of(
        ApiOptions::default(),
        MemoryGlance::new(),
        pair.two.glance.clone(),
    );

    let refused = import(&alone, ALICE, &id).await;
    let deleted = delete(&alone, ALICE, &id).await;

    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(
        refused.explanation(),
        format!("The data of image {id} is staged at another node of this service.")
    );
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn nodes_that_share_a_staging_area_ask_nobody() {
    const SHARED: &str = "http://glance";
    // The last two: what the service is reached at has changed since.
    for hosts in [
        [None, None],
        [Some(SHARED), Some(SHARED)],
        [Some("https://glance"), Some(SHARED)],
        [Some(SHARED), None],
    ] {
        let area = Arc::new(MemoryStore::new("os_glance_staging_store".parse().unwrap()));
        let pair = Pair::with(hosts, [Arc::clone(&area), area]);
        let (imported, deleted) = (pair.staged().await, pair.staged().await);

        let begun = import(&pair.two, ALICE, &imported).await;
        let gone = delete(&pair.two, ALICE, &deleted).await;

        assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text());
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        pair.is_imported(&imported).await;
        assert!(pair.lines.asked().is_empty(), "{hosts:?}");
    }
}

#[tokio::test]
async fn nodes_without_names_that_do_not_share_ask_where_the_public_is_led_to() {
    let area = || Arc::new(MemoryStore::new("os_glance_staging_store".parse().unwrap()));
    let pair = Pair::with([Some(ONE), Some(TWO)], [area(), area()]);
    let id = pair.staged().await;

    let begun = import(&pair.two, ALICE, &id).await;

    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text());
    assert_eq!(pair.lines.asked().len(), 1);
    pair.is_imported(&id).await;
}
