//! What is refused of objects, properties, tags and resource types.

use axum::http::StatusCode;

use super::metadef_parts::{PATH, site};
use super::support::{ADMIN, request};

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_changes() {
    let site = site().await;
    let before = site.get(ADMIN, PATH).await;

    for (method, path, body, status, sentence) in [
        (
            "POST",
            "/objects",
            "{}",
            400,
            "match schema 'object': name is a required property",
        ),
        (
            "POST",
            "/objects",
            r#"{"name": "o1"}"#,
            409,
            "Object 'o1' already exists in metadata definition namespace 'OS::Rich'.",
        ),
        (
            "POST",
            "/objects",
            r#"{"name": "x", "schema": "s"}"#,
            403,
            "Attribute 'schema' is read-only.",
        ),
        (
            "POST",
            "/objects",
            r#"{"name": "x", "properties": {"a": {}}}"#,
            400,
            "properties.a.type is a required property",
        ),
        (
            "PUT",
            "/objects/o1",
            r#"{"name": "o2"}"#,
            409,
            "Object 'o2' already exists",
        ),
        (
            "PUT",
            "/objects/absent",
            r#"{"name": "o3"}"#,
            404,
            "No object 'absent' in metadata definition namespace 'OS::Rich'.",
        ),
        ("GET", "/objects/absent", "", 404, "No object 'absent'"),
        (
            "GET",
            "/objects?limit=0",
            "",
            400,
            "limit param must be positive",
        ),
        (
            "GET",
            "/objects?sort_dir=up",
            "",
            400,
            "Invalid sort direction: up",
        ),
        ("DELETE", "/objects/absent", "", 404, "No object 'absent'"),
        (
            "POST",
            "/properties",
            r#"{"title": "T", "type": "string"}"#,
            400,
            "match schema 'property': name is a required property",
        ),
        (
            "POST",
            "/properties",
            r#"{"name": "p3", "title": "T", "type": null}"#,
            400,
            "type is not one of array",
        ),
        (
            "POST",
            "/properties",
            r#"{"name": "p3", "title": "T", "type": "string", "confidential": true}"#,
            400,
            "confidential is not known",
        ),
        (
            "POST",
            "/properties",
            r#"{"name": "p3", "title": "T", "type": "string", "items": {"type": "x"}}"#,
            400,
            "items.type is not one of",
        ),
        (
            "POST",
            "/properties",
            r#"{"name": "p3", "title": "T", "type": "string", "maximum": 1.5}"#,
            400,
            "maximum must be an integer",
        ),
        (
            "POST",
            "/properties",
            r#"{"name": "p1", "title": "T", "type": "string"}"#,
            409,
            "Property 'p1' already exists",
        ),
        (
            "POST",
            "/properties",
            r#"{"name": "p3", "updated_at": 1}"#,
            403,
            "Attribute 'updated_at' is read-only.",
        ),
        (
            "PUT",
            "/properties/p1",
            r#"{"name": "p2", "title": "T", "type": "string"}"#,
            409,
            "Property 'p2' already exists",
        ),
        (
            "PUT",
            "/properties/absent",
            r#"{"name": "p3", "title": "T", "type": "string"}"#,
            404,
            "No property 'absent'",
        ),
        ("GET", "/properties/absent", "", 404, "No property 'absent'"),
        (
            "DELETE",
            "/properties/absent",
            "",
            404,
            "No property 'absent'",
        ),
        (
            "POST",
            "/tags",
            "{}",
            400,
            "match schema 'tags': tags is a required property",
        ),
        (
            "POST",
            "/tags",
            r#"{"tags": [{"name": "x", "color": "red"}]}"#,
            400,
            "tags.0.color is not known: use name",
        ),
        ("POST", "/tags/t1", "", 409, "Tag 't1' already exists"),
        (
            "POST",
            "/tags/x",
            "{}",
            400,
            "A body is not expected with this request.",
        ),
        (
            "PUT",
            "/tags/t1",
            r#"{"name": "t2"}"#,
            409,
            "Tag 't2' already exists",
        ),
        (
            "PUT",
            "/tags/absent",
            r#"{"name": "t3"}"#,
            404,
            "No tag 'absent'",
        ),
        (
            "PUT",
            "/tags/t1",
            r#"{"name": 1}"#,
            400,
            "match schema 'tag': name must be a string",
        ),
        ("GET", "/tags/absent", "", 404, "No tag 'absent'"),
        ("DELETE", "/tags/absent", "", 404, "No tag 'absent'"),
        (
            "POST",
            "/resource_types",
            "{}",
            400,
            "match schema 'resource_type_association': name is a required property",
        ),
        (
            "POST",
            "/resource_types",
            r#"{"name": "OS::Glance::Image"}"#,
            409,
            "Resource type association 'OS::Glance::Image' already exists",
        ),
        (
            "POST",
            "/resource_types",
            r#"{"name": "R", "protected": true}"#,
            400,
            "protected is not known: use name, prefix, properties_target",
        ),
        (
            "DELETE",
            "/resource_types/absent",
            "",
            404,
            "No resource type association 'absent'",
        ),
    ] {
        let request = request(ADMIN, method.parse().unwrap(), &format!("{PATH}{path}"));
        let answer = site.send(request.body(body.into()).unwrap()).await;

        assert_eq!(
            answer.status.as_u16(),
            status,
            "{method} {path} {body}: {}",
            answer.text()
        );
        let explanation = answer.explanation();
        assert!(
            explanation.contains(sentence),
            "{method} {path} {body}: {explanation}"
        );
    }
    let long = format!("{PATH}/tags/{}", "t".repeat(81));
    assert_eq!(
        site.post(ADMIN, &long, "").await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(site.get(ADMIN, PATH).await.text(), before.text());
}

#[tokio::test]
async fn bodies_are_refused_where_upstream_refuses_them() {
    let site = site().await;

    for (method, path) in [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/objects/o1"),
        ("DELETE", "/objects/o1"),
        ("GET", "/properties"),
        ("GET", "/tags/t1"),
        ("DELETE", "/tags/t1"),
        ("GET", "/resource_types"),
        ("DELETE", "/resource_types/OS::Glance::Image"),
    ] {
        let request = request(ADMIN, method.parse().unwrap(), &format!("{PATH}{path}"));
        let answer = site.send(request.body("{}".into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{method} {path}");
    }
}
