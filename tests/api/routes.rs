//! One walk of the whole table of routes: as nobody, and as a stranger.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use glance_http::endpoints;

use super::support::{ALICE, Answer, BOB, RAW, Site, request};

/// Every endpoint with a body that fits it, and what a stranger to a private image is answered.
///
/// A new route fails the walk until it stands here.
const WALK: [(&str, &str, &str, u16); 74] = [
    ("GET", "/v2/images", "", 200),
    ("POST", "/v2/images", "{}", 201),
    ("GET", "/v2/images/{image_id}", "", 404),
    ("PATCH", "/v2/images/{image_id}", "[]", 404),
    ("DELETE", "/v2/images/{image_id}", "", 404),
    ("POST", "/v2/images/{image_id}/actions/deactivate", "", 404),
    ("POST", "/v2/images/{image_id}/actions/reactivate", "", 404),
    ("GET", "/v2/images/{image_id}/file", "", 404),
    ("PUT", "/v2/images/{image_id}/file", "data", 404),
    (
        "POST",
        "/v2/images/{image_id}/import",
        r#"{"method": {"name": "glance-direct"}}"#,
        404,
    ),
    ("GET", "/v2/images/{image_id}/locations", "", 404),
    (
        "POST",
        "/v2/images/{image_id}/locations",
        r#"{"url": "http://images.example/a"}"#,
        404,
    ),
    ("GET", "/v2/images/{image_id}/members", "", 404),
    (
        "POST",
        "/v2/images/{image_id}/members",
        r#"{"member": "p2"}"#,
        404,
    ),
    ("GET", "/v2/images/{image_id}/members/{member_id}", "", 404),
    (
        "PUT",
        "/v2/images/{image_id}/members/{member_id}",
        r#"{"status": "accepted"}"#,
        404,
    ),
    (
        "DELETE",
        "/v2/images/{image_id}/members/{member_id}",
        "",
        404,
    ),
    ("GET", "/v2/images/{image_id}/metadefs/check", "", 404),
    ("PUT", "/v2/images/{image_id}/stage", "data", 404),
    ("PUT", "/v2/images/{image_id}/tags/{tag}", "", 404),
    ("DELETE", "/v2/images/{image_id}/tags/{tag}", "", 404),
    ("GET", "/v2/images/{image_id}/tasks", "", 404),
    ("GET", "/v2/info/import", "", 200),
    ("GET", "/v2/info/stores", "", 404),
    ("GET", "/v2/info/stores/detail", "", 404),
    ("GET", "/v2/info/usage", "", 200),
    ("GET", "/v2/metadefs/namespaces", "", 200),
    (
        "POST",
        "/v2/metadefs/namespaces",
        r#"{"namespace": "M"}"#,
        403,
    ),
    ("GET", "/v2/metadefs/namespaces/{namespace}", "", 404),
    (
        "PUT",
        "/v2/metadefs/namespaces/{namespace}",
        r#"{"namespace": "M"}"#,
        404,
    ),
    ("DELETE", "/v2/metadefs/namespaces/{namespace}", "", 404),
    (
        "GET",
        "/v2/metadefs/namespaces/{namespace}/objects",
        "",
        404,
    ),
    (
        "POST",
        "/v2/metadefs/namespaces/{namespace}/objects",
        r#"{"name": "o2"}"#,
        404,
    ),
    (
        "DELETE",
        "/v2/metadefs/namespaces/{namespace}/objects",
        "",
        404,
    ),
    (
        "GET",
        "/v2/metadefs/namespaces/{namespace}/objects/{object}",
        "",
        404,
    ),
    (
        "PUT",
        "/v2/metadefs/namespaces/{namespace}/objects/{object}",
        r#"{"name": "o2"}"#,
        404,
    ),
    (
        "DELETE",
        "/v2/metadefs/namespaces/{namespace}/objects/{object}",
        "",
        404,
    ),
    (
        "GET",
        "/v2/metadefs/namespaces/{namespace}/properties",
        "",
        404,
    ),
    (
        "POST",
        "/v2/metadefs/namespaces/{namespace}/properties",
        PROPERTY,
        404,
    ),
    (
        "DELETE",
        "/v2/metadefs/namespaces/{namespace}/properties",
        "",
        404,
    ),
    (
        "GET",
        "/v2/metadefs/namespaces/{namespace}/properties/{property}",
        "",
        404,
    ),
    (
        "PUT",
        "/v2/metadefs/namespaces/{namespace}/properties/{property}",
        PROPERTY,
        404,
    ),
    (
        "DELETE",
        "/v2/metadefs/namespaces/{namespace}/properties/{property}",
        "",
        404,
    ),
    (
        "GET",
        "/v2/metadefs/namespaces/{namespace}/resource_types",
        "",
        404,
    ),
    (
        "POST",
        "/v2/metadefs/namespaces/{namespace}/resource_types",
        r#"{"name": "R"}"#,
        404,
    ),
    (
        "DELETE",
        "/v2/metadefs/namespaces/{namespace}/resource_types/{resource_type}",
        "",
        404,
    ),
    ("GET", "/v2/metadefs/namespaces/{namespace}/tags", "", 404),
    (
        "POST",
        "/v2/metadefs/namespaces/{namespace}/tags",
        r#"{"tags": [{"name": "t2"}]}"#,
        404,
    ),
    (
        "DELETE",
        "/v2/metadefs/namespaces/{namespace}/tags",
        "",
        404,
    ),
    (
        "GET",
        "/v2/metadefs/namespaces/{namespace}/tags/{tag}",
        "",
        404,
    ),
    (
        "POST",
        "/v2/metadefs/namespaces/{namespace}/tags/{tag}",
        "",
        404,
    ),
    (
        "PUT",
        "/v2/metadefs/namespaces/{namespace}/tags/{tag}",
        r#"{"name": "t2"}"#,
        404,
    ),
    (
        "DELETE",
        "/v2/metadefs/namespaces/{namespace}/tags/{tag}",
        "",
        404,
    ),
    ("GET", "/v2/metadefs/resource_types", "", 200),
    ("GET", "/v2/schemas/image", "", 200),
    ("GET", "/v2/schemas/images", "", 200),
    ("GET", "/v2/schemas/member", "", 200),
    ("GET", "/v2/schemas/members", "", 200),
    ("GET", "/v2/schemas/task", "", 200),
    ("GET", "/v2/schemas/tasks", "", 200),
    ("GET", "/v2/schemas/metadefs/namespace", "", 200),
    ("GET", "/v2/schemas/metadefs/namespaces", "", 200),
    ("GET", "/v2/schemas/metadefs/object", "", 200),
    ("GET", "/v2/schemas/metadefs/objects", "", 200),
    ("GET", "/v2/schemas/metadefs/properties", "", 200),
    ("GET", "/v2/schemas/metadefs/property", "", 200),
    ("GET", "/v2/schemas/metadefs/resource_type", "", 200),
    ("GET", "/v2/schemas/metadefs/resource_types", "", 200),
    ("GET", "/v2/schemas/metadefs/tag", "", 200),
    ("GET", "/v2/schemas/metadefs/tags", "", 200),
    ("DELETE", "/v2/stores/{store_id}/{image_id}", "", 404),
    ("GET", "/v2/tasks", "", 403),
    ("POST", "/v2/tasks", TASK, 403),
    ("GET", "/v2/tasks/{task_id}", "", 403),
];

const TASK: &str = r#"{"type": "import", "input": {"import_from": "https://images.example/a",
    "import_from_format": "raw", "image_properties": {}}}"#;

const PROPERTY: &str = r#"{"name": "p2", "title": "P", "type": "string"}"#;

/// A body that fits an endpoint.
pub(super) fn body_of(method: &str, template: &str) -> &'static str {
    let found = WALK
        .iter()
        .find(|(of, path, ..)| (*of, *path) == (method, template));
    found.unwrap().2
}

pub(super) fn path(template: &str, id: &str) -> String {
    template
        .replace("{namespace}", "N")
        .replace("{object}", "o")
        .replace("{property}", "p")
        .replace("{resource_type}", "OS::Glance::Image")
        .replace("{image_id}", id)
        .replace("{member_id}", "p2")
        .replace("{store_id}", "memory")
        .replace("{tag}", "t")
        .replace("{task_id}", "t")
}

fn media(template: &str) -> &'static str {
    if template.ends_with("/file") || template.ends_with("/stage") {
        "application/octet-stream"
    } else {
        "application/openstack-images-v2.1-json-patch"
    }
}

#[test]
fn the_walk_leaves_no_route_out() {
    let walked: Vec<(&str, &str)> = WALK
        .iter()
        .map(|(method, path, ..)| (*method, *path))
        .collect();
    let table = endpoints();
    let table: Vec<(&str, &str)> = table
        .iter()
        .map(|endpoint| (endpoint.method.as_str(), endpoint.path))
        .collect();

    assert_eq!(walked, table);
}

#[tokio::test]
async fn nobody_is_let_in_without_an_identity() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    let before = site.held(&id).await;

    for (method, template, body, _) in &WALK {
        for status in [None, Some("Invalid"), Some("confirmed")] {
            let mut request = Request::builder().method(*method).uri(path(template, &id));
            request = request.header("content-type", media(template));
            if let Some(status) = status {
                request = request
                    .header("x-identity-status", status)
                    .header("x-roles", "admin");
            }
            let answer = Answer::of(
                site.router.clone(),
                request.body(Body::from(*body)).unwrap(),
            )
            .await;
            assert_eq!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{method} {template}"
            );
            assert!(
                answer
                    .text()
                    .contains("This server could not verify that you are authorized")
            );
        }
    }
    for path in ["/v2", "/v2/", "/v2/nothing", "/v2.9/nothing/at/all"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = Answer::of(site.router.clone(), request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(site.held(&id).await, before);
}

#[tokio::test]
async fn a_stranger_finds_nothing() {
    let site = Site::new();
    let id = site
        .image(
            ALICE,
            r#"{"visibility": "private", "disk_format": "raw", "container_format": "bare"}"#,
        )
        .await;
    let before = site.held(&id).await;

    for (method, template, body, status) in &WALK {
        let request = request(BOB, method.parse().unwrap(), &path(template, &id))
            .header("content-type", media(template));
        let answer = site.send(request.body(Body::from(*body)).unwrap()).await;
        assert_eq!(
            answer.status.as_u16(),
            *status,
            "{method} {template}: {}",
            answer.text()
        );
    }
    assert_eq!(site.held(&id).await, before);
}

#[tokio::test]
async fn a_stranger_reads_a_community_image_and_writes_nothing() {
    let site = Site::new();
    let body = r#"{"visibility": "community", "disk_format": "raw", "container_format": "bare"}"#;
    let id = site.image(ALICE, body).await;
    let before = site.held(&id).await;

    for (method, template, body, _) in WALK
        .iter()
        .filter(|(_, path, ..)| path.starts_with("/v2/images/{image_id}"))
    {
        let body = if *method == "PATCH" { NAMING } else { body };
        let request = request(BOB, method.parse().unwrap(), &path(template, &id))
            .header("content-type", media(template));
        let answer = site.send(request.body(Body::from(body)).unwrap()).await;
        let expected: &[u16] = match (*method, template.contains("/members")) {
            _ if template.ends_with("/locations") => &[403],
            // Its status comes first (upstream).
            _ if template.ends_with("/import") => &[409],
            ("GET", false) => &[200, 204],
            (_, true) => &[403, 404],
            _ => &[403],
        };
        assert!(
            expected.contains(&answer.status.as_u16()),
            "{method} {template}: {}",
            answer.status
        );
    }
    assert_eq!(site.held(&id).await, before);
}

const NAMING: &str = r#"[{"op": "replace", "path": "/name", "value": "mine"}]"#;

#[tokio::test]
async fn wrong_verbs_are_refused_with_the_right_ones() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;

    for (verb, template, allowed) in [
        ("DELETE", "/v2/images", "GET, POST"),
        ("PUT", "/v2/images", "GET, POST"),
        ("HEAD", "/v2/images", "GET, POST"),
        ("BREW", "/v2/images", "GET, POST"),
        ("TRACE", "/v2/images", "GET, POST"),
        ("POST", "/v2/images/{image_id}", "GET, PATCH, DELETE"),
        ("HEAD", "/v2/images/{image_id}", "GET, PATCH, DELETE"),
        ("POST", "/v2/images/{image_id}/file", "GET, PUT"),
        ("HEAD", "/v2/images/{image_id}/file", "GET, PUT"),
        ("GET", "/v2/images/{image_id}/actions/deactivate", "POST"),
        ("HEAD", "/v2/images/{image_id}/actions/deactivate", "POST"),
        ("PUT", "/v2/images/{image_id}/members", "GET, POST"),
        (
            "POST",
            "/v2/images/{image_id}/members/{member_id}",
            "GET, PUT, DELETE",
        ),
        ("GET", "/v2/images/{image_id}/tags/{tag}", "PUT, DELETE"),
        ("POST", "/v2/schemas/image", "GET"),
    ] {
        let method: Method = verb.parse().unwrap();
        let request = request(ALICE, method, &path(template, &id))
            .body(Body::empty())
            .unwrap();
        let answer = site.send(request).await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{verb} {template}"
        );
        assert_eq!(answer.header("allow"), allowed, "{verb} {template}");
    }
}

#[tokio::test]
async fn every_path_refuses_every_verb_that_it_does_not_take() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    let before = site.held(&id).await;
    let mut paths: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for endpoint in endpoints() {
        let allowed = paths.entry(endpoint.path).or_default();
        allowed.push(endpoint.method.to_string());
    }

    for (template, allowed) in &paths {
        for verb in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW",
        ] {
            if allowed.iter().any(|allowed| allowed == verb) {
                continue;
            }
            let request = request(ALICE, verb.parse().unwrap(), &path(template, &id));
            let answer = site.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status.as_u16(), 405, "{verb} {template}");
            assert_eq!(
                answer.header("allow"),
                allowed.join(", "),
                "{verb} {template}"
            );
        }
    }
    assert_eq!(site.held(&id).await, before);
}

#[tokio::test]
async fn unknown_routes_are_404_and_unknown_verbs_on_them_501() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;

    for (verb, path, status) in [
        ("GET", "/v2/nothing".to_owned(), 404),
        ("PUT", "/v2/nothing".to_owned(), 404),
        ("PATCH", "/v2/nothing".to_owned(), 404),
        ("HEAD", "/v2/nothing".to_owned(), 404),
        ("BREW", "/v2/nothing".to_owned(), 501),
        ("GET", "/v2/images/".to_owned(), 404),
        ("GET", "/v2//images".to_owned(), 404),
        ("GET", format!("/v2/images/{id}/"), 404),
        ("OPTIONS", "/v2/nothing".to_owned(), 200),
        ("OPTIONS", "/v2/images".to_owned(), 200),
    ] {
        let request = request(ALICE, verb.parse().unwrap(), &path)
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            site.send(request).await.status.as_u16(),
            status,
            "{verb} {path}"
        );
    }
}
