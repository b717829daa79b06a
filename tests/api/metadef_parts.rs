//! Objects, properties, tags and resource types of a namespace.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::metadef_namespaces::RICH;
use super::support::{ADMIN, ALICE, Site, request};

pub(super) const PATH: &str = "/v2/metadefs/namespaces/OS::Rich";

pub(super) async fn site() -> Site {
    let site = Site::new();
    let created = site.post(ADMIN, "/v2/metadefs/namespaces", RICH).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    site
}

#[tokio::test]
async fn an_object_comes_changes_and_goes() {
    let site = site().await;
    let objects = format!("{PATH}/objects");
    let body = r#"{"name": "o3", "required": ["x"], "properties": {"x": {"title": "X", "type": "integer"}}}"#;

    let added = site.post(ADMIN, &objects, body).await;
    let shown = site.get(ALICE, &format!("{objects}/o3")).await;
    let replaced = site
        .put(ADMIN, &format!("{objects}/o3"), r#"{"name": "o4"}"#)
        .await;
    let deleted = site.delete(ADMIN, &format!("{objects}/o4")).await;

    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    assert_eq!(added.header("location"), "");
    assert_eq!(added.text(), shown.text());
    let shown = shown.json();
    assert_eq!(shown["self"], "/v2/metadefs/namespaces/OS::Rich/objects/o3");
    assert_eq!(shown["schema"], "/v2/schemas/metadefs/object");
    assert_eq!(
        shown["properties"],
        json!({"x": {"title": "X", "type": "integer"}})
    );
    assert_eq!(replaced.status, StatusCode::OK);
    assert_eq!(replaced.json()["properties"], json!({}));
    assert_eq!(replaced.json().get("required"), None);
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let list = site.get(ALICE, &objects).await.json();
    let names: Vec<_> = list["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["o2", "o1"]);
    assert_eq!(list["schema"], "v2/schemas/metadefs/objects");
}

#[tokio::test]
async fn a_property_comes_changes_and_goes() {
    let site = site().await;
    let properties = format!("{PATH}/properties");
    let body = r#"{"name": "p3", "title": "T", "type": "string", "default": 1.5, "enum": ["a"]}"#;

    let added = site.post(ADMIN, &properties, body).await;
    let shown = site.get(ALICE, &format!("{properties}/p3")).await;
    let renamed = r#"{"name": "p4", "title": "U", "type": "integer"}"#;
    let replaced = site.put(ADMIN, &format!("{properties}/p3"), renamed).await;
    let deleted = site.delete(ADMIN, &format!("{properties}/p4")).await;

    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    assert_eq!(
        shown.text(),
        r#"{"name":"p3","type":"string","title":"T","default":"1.5","enum":["a"]}"#
    );
    assert_eq!(added.text(), shown.text());
    assert_eq!(
        replaced.text(),
        r#"{"name":"p4","type":"integer","title":"U"}"#
    );
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let list = site.get(ALICE, &properties).await.json();
    let members: Vec<&String> = list.as_object().unwrap().keys().collect();
    assert_eq!(members, ["properties"]);
    assert_eq!(list["properties"]["p2"]["title"], "Q");
    assert_eq!(list["properties"]["p2"].get("name"), None);
}

#[tokio::test]
async fn a_property_is_found_by_the_name_that_it_has_on_a_resource() {
    let site = site().await;
    let of = |name: &str, resource_type: &str| {
        format!("{PATH}/properties/{name}?resource_type={resource_type}")
    };

    let found = site.get(ALICE, &of("hw_p2", "OS::Glance::Image")).await;
    let without_prefix = site.get(ALICE, &of("p2", "OS::Glance::Image")).await;
    let other_type = site.get(ALICE, &of("hw_p2", "OS::Nova::Server")).await;
    let other_parameter = site
        .get(ALICE, &format!("{PATH}/properties/p2?what=1"))
        .await;

    assert_eq!(found.json()["name"], "p2");
    assert_eq!(without_prefix.status, StatusCode::NOT_FOUND);
    assert_eq!(other_type.status, StatusCode::NOT_FOUND);
    assert_eq!(
        other_type.explanation(),
        "No resource type association 'OS::Nova::Server' in metadata definition namespace \
         'OS::Rich'."
    );
    assert_eq!(other_parameter.status, StatusCode::OK);
}

#[tokio::test]
async fn a_tag_comes_changes_and_goes() {
    let site = site().await;
    let tags = format!("{PATH}/tags");

    let added = site.post(ADMIN, &format!("{tags}/t3"), "").await;
    let shown = site.get(ALICE, &format!("{tags}/t3")).await;
    let renamed = site
        .put(ADMIN, &format!("{tags}/t3"), r#"{"name": "t4"}"#)
        .await;
    let deleted = site.delete(ADMIN, &format!("{tags}/t4")).await;

    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    assert_eq!(added.text(), shown.text());
    let members: Vec<String> = shown.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["created_at", "name", "updated_at"]);
    assert_eq!(renamed.json()["name"], "t4");
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(
        site.get(ALICE, &tags).await.text(),
        r#"{"tags":[{"name":"t1"},{"name":"t2"}]}"#
    );
}

#[tokio::test]
async fn tags_are_set_or_added_all_or_none() {
    let site = site().await;
    let tags = format!("{PATH}/tags");
    let send = async |append: &str, body: &str| {
        let request = request(ADMIN, Method::POST, &tags).header("x-openstack-append", append);
        site.send(request.body(body.to_owned().into()).unwrap())
            .await
    };
    let all = async || {
        site.get(ALICE, &format!("{tags}?sort_key=name&sort_dir=asc"))
            .await
            .text()
            .to_owned()
    };

    let added = send("True", r#"{"tags": [{"name": "t3"}]}"#).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    assert_eq!(added.text(), r#"{"tags":[{"name":"t3"}]}"#);
    let three = r#"{"tags":[{"name":"t1"},{"name":"t2"},{"name":"t3"}]}"#;
    assert_eq!(all().await, three);

    for (append, body) in [
        ("yes", r#"{"tags": [{"name": "t4"}, {"name": "t1"}]}"#),
        ("no", r#"{"tags": [{"name": "t4"}, {"name": "t4"}]}"#),
    ] {
        let refused = send(append, body).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{body}");
        assert_eq!(all().await, three);
    }
    assert_eq!(
        send("no", r#"{"tags": []}"#).await.status,
        StatusCode::CREATED
    );
    assert_eq!(all().await, three);
    send("no", r#"{"tags": [{"name": "t9"}]}"#).await;
    assert_eq!(all().await, r#"{"tags":[{"name":"t9"}]}"#);
}

#[tokio::test]
async fn tags_are_listed_by_the_page() {
    let site = site().await;
    let tags = format!("{PATH}/tags");
    site.post(
        ADMIN,
        &tags,
        r#"{"tags": [{"name": "b"}, {"name": "c"}, {"name": "a"}]}"#,
    )
    .await;

    for (query, names) in [
        ("", "a c b"),
        ("?sort_dir=asc", "b c a"),
        ("?sort_key=name", "c b a"),
        ("?sort_key=name&sort_dir=asc&limit=2", "a b"),
        ("?sort_key=name&sort_dir=asc&marker=b", "c"),
        ("?limit=0", ""),
    ] {
        let list = site.get(ALICE, &format!("{tags}{query}")).await.json();
        let listed: Vec<_> = list["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag["name"].as_str().unwrap())
            .collect();
        assert_eq!(listed.join(" "), names, "{query}");
    }
    for (query, status) in [
        ("?limit=x", 400),
        ("?sort_dir=up", 400),
        ("?sort_key=size", 400),
        ("?marker=absent", 404),
    ] {
        let answer = site.get(ALICE, &format!("{tags}{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
    }
}

#[tokio::test]
async fn a_namespace_is_said_to_be_for_a_resource_type_or_not() {
    let site = site().await;
    let types = format!("{PATH}/resource_types");
    let body = r#"{"name": "OS::Nova::Server", "prefix": "x:"}"#;

    let added = site.post(ADMIN, &types, body).await;
    let listed = site.get(ALICE, &types).await.json();
    let deleted = site
        .delete(ADMIN, &format!("{types}/OS::Nova::Server"))
        .await;

    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    assert_eq!(listed["resource_type_associations"][2], added.json());
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let again = site
        .delete(ADMIN, &format!("{types}/OS::Nova::Server"))
        .await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    let all = site.get(ALICE, "/v2/metadefs/resource_types").await.json();
    let names: Vec<_> = all["resource_types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(
        names,
        [
            "OS::Cinder::Volume",
            "OS::Glance::Image",
            "OS::Nova::Server"
        ]
    );
    let members: Vec<&String> = all["resource_types"][0]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(members, ["created_at", "name", "updated_at"]);
}
