//! Who may do what to metadata definitions.

use std::sync::Arc;

use axum::http::StatusCode;
use glance_core::GlanceBuilder;
use glance_core::memory::{MemoryCatalog, MemoryGlance, MemoryStore};
use glance_core::ports::ImageStore;
use glance_http::endpoints;

use super::metadef_namespaces::{PATH, RICH};
use super::routes::{body_of, path};
use super::support::{ADMIN, ALICE, BOB, ROLELESS, Site, request};

#[tokio::test]
async fn a_hidden_namespace_reads_as_an_absent_one_on_every_route() {
    let site = Site::new();
    let body = RICH
        .replace("OS::Rich", "hidden")
        .replace("public", "private");
    assert_eq!(
        site.post(ADMIN, PATH, body).await.status,
        StatusCode::CREATED
    );

    let mut met = 0;
    for endpoint in endpoints() {
        if !endpoint.path.contains("{namespace}") {
            continue;
        }
        met += 1;
        let body = body_of(endpoint.method.as_str(), endpoint.path);
        let mut answers = Vec::new();
        for name in ["hidden", "absent"] {
            let path = path(endpoint.path, "").replace("/N", &format!("/{name}"));
            let request = request(BOB, endpoint.method.clone(), &path);
            let answer = site.send(request.body(body.into()).unwrap()).await;
            answers.push((answer.status, answer.text().replace(name, "?")));
        }
        assert_eq!(answers[0], answers[1], "{endpoint:?}");
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND, "{endpoint:?}");
    }
    assert!(met > 20, "{met}");
}

#[tokio::test]
async fn only_administrators_write_and_only_readers_read() {
    let site = Site::new();
    let of_p1 = RICH.replace("\"owner\": \"p\"", "\"owner\": \"p1\"");
    site.post(ADMIN, PATH, of_p1).await;
    let before = site.get(ADMIN, &format!("{PATH}/OS::Rich")).await;

    for endpoint in endpoints() {
        if !endpoint.path.starts_with("/v2/metadefs") || endpoint.method == "GET" {
            continue;
        }
        let body = body_of(endpoint.method.as_str(), endpoint.path);
        let path = path(endpoint.path, "").replace("/N", "/OS::Rich");
        let path = path
            .replace("/objects/o", "/objects/o1")
            .replace("/properties/p", "/properties/p1");
        let request = request(ALICE, endpoint.method.clone(), &path);
        let refused = site.send(request.body(body.into()).unwrap()).await;
        assert_eq!(
            refused.status,
            StatusCode::FORBIDDEN,
            "{endpoint:?}: {}",
            refused.text()
        );
    }
    let after = site.get(ADMIN, &format!("{PATH}/OS::Rich")).await;
    assert_eq!(before.text(), after.text());
    for path in [
        PATH,
        "/v2/metadefs/resource_types",
        "/v2/metadefs/namespaces/OS::Rich",
    ] {
        let refused = site.get(ROLELESS, path).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_service_without_definitions_says_so() {
    let memory = MemoryGlance::new();
    let runtime = memory.clock.runtime(1);
    let store: Arc<dyn ImageStore> = Arc::<MemoryStore>::clone(&memory.store);
    let catalog = Arc::<MemoryCatalog>::clone(&memory.catalog);
    let glance = GlanceBuilder::new(catalog, store, runtime).build().unwrap();

    let answer = Site::over(glance).get(ADMIN, PATH).await;

    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(
        answer.explanation(),
        "This service keeps no metadata definitions."
    );
}
