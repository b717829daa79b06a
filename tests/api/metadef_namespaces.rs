//! `/v2/metadefs/namespaces`

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::metadef_list::names;
use super::support::{ADMIN, ALICE, Site};

pub(super) const PATH: &str = "/v2/metadefs/namespaces";

#[tokio::test]
async fn a_namespace_is_created_whole_and_shown_as_upstream_shows_it() {
    let site = Site::new();

    let created = site.post(ADMIN, PATH, RICH).await;
    let shown = site.get(ADMIN, &format!("{PATH}/OS::Rich")).await;

    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let location = "http://glance.example/v2/metadefs/namespaces/OS::Rich";
    assert_eq!(created.header("location"), location);
    assert_eq!(created.text(), shown.text());
    expect_test::expect_file!["golden/metadef-namespace.json"].assert_eq(&pretty(&shown.json()));
    let order: Vec<usize> = [
        "\"namespace\"",
        "\"display_name\"",
        "\"description\"",
        "\"visibility\"",
        "\"protected\"",
        "\"owner\"",
        "\"resource_type_associations\"",
        "\"properties\"",
        "\"objects\"",
        "\"tags\"",
        "\"self\":\"/v2/metadefs/namespaces/OS::Rich\",",
    ]
    .iter()
    .filter_map(|member| shown.text().find(member))
    .collect();
    assert_eq!(order.len(), 11, "{}", shown.text());
    assert!(order.is_sorted(), "{}", shown.text());
}

#[tokio::test]
async fn a_bare_namespace_has_the_defaults_and_no_empty_members() {
    let site = Site::new();

    let created = site.post(ADMIN, PATH, r#"{"namespace": "N"}"#).await;

    let body = created.json();
    let members: Vec<&str> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let there = [
        "created_at",
        "namespace",
        "owner",
        "protected",
        "schema",
        "self",
        "updated_at",
        "visibility",
    ];
    assert_eq!(members, there);
    assert_eq!(body["visibility"], "private");
    assert_eq!(body["protected"], false);
    assert_eq!(body["owner"], "pa");
}

#[tokio::test]
async fn what_is_wrong_with_a_namespace_is_named_and_nothing_is_stored() {
    let site = Site::new();

    for (body, status, sentence) in [
        ("{}", 400, "namespace is a required property"),
        ("[]", 400, "it must be an object"),
        (r#"{"namespace": 5}"#, 400, "namespace must be a string"),
        (
            r#"{"namespace": ""}"#,
            400,
            "namespace is refused: the name of a namespace must not be empty",
        ),
        (
            r#"{"namespace": "N", "what": 1}"#,
            400,
            "what is not known: use namespace, display_name",
        ),
        (
            r#"{"namespace": "N", "visibility": "shared"}"#,
            400,
            "visibility is not one of public, private",
        ),
        (
            r#"{"namespace": "N", "protected": "yes"}"#,
            400,
            "protected must be true or false",
        ),
        (
            r#"{"namespace": "N", "owner": ""}"#,
            400,
            "owner is refused: a project id must not be empty",
        ),
        (
            r#"{"namespace": "N", "description": "🚀"}"#,
            400,
            "can't contain 4 byte unicode characters",
        ),
        (
            r#"{"namespace": "N", "properties": {"p": {"type": "string"}}}"#,
            400,
            "properties.p.title is a required property",
        ),
        (
            r#"{"namespace": "N", "properties": {"p": {"title": "T", "type": "text"}}}"#,
            400,
            "properties.p.type is not one of array, boolean",
        ),
        (
            r#"{"namespace": "N", "properties": {"p": {"title": "T", "type": "string", "minLength": -1}}}"#,
            400,
            "properties.p.minLength must be an integer, 0 or more",
        ),
        (
            r#"{"namespace": "N", "properties": {"p": {"title": "T", "type": "string", "required": ["a"]}}}"#,
            400,
            "properties.p.required is not known",
        ),
        (
            r#"{"namespace": "N", "objects": [{"description": "d"}]}"#,
            400,
            "objects.0.name is a required property",
        ),
        (
            r#"{"namespace": "N", "objects": [{"name": "o", "required": ["a,b"]}]}"#,
            400,
            "objects.0.required.0 must be a name without commas",
        ),
        (
            r#"{"namespace": "N", "objects": [{"name": "o"}, {"name": "o"}]}"#,
            409,
            "Objects.o is there twice.",
        ),
        (
            r#"{"namespace": "N", "objects": [{"name": "o", "required": ["a", "a"]}]}"#,
            400,
            "objects.0.required must be an array of different names",
        ),
        (
            r#"{"namespace": "N", "tags": ["t"]}"#,
            400,
            "tags.0 must be an object",
        ),
        (
            r#"{"namespace": "N", "resource_type_associations": [{"prefix": "x"}]}"#,
            400,
            "resource_type_associations.0.name is a required property",
        ),
        (
            r#"{"namespace": "N", "created_at": "now"}"#,
            403,
            "Attribute 'created_at' is read-only.",
        ),
        (
            r#"{"namespace": "N", "self": "x"}"#,
            403,
            "Attribute 'self' is read-only.",
        ),
    ] {
        let answer = site.post(ADMIN, PATH, body).await;

        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
        assert!(
            answer.explanation().contains(sentence),
            "{body}: {}",
            answer.explanation()
        );
    }
    let long = json!({"namespace": "n".repeat(81)}).to_string();
    assert_eq!(
        site.post(ADMIN, PATH, long).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(names(&site.get(ADMIN, PATH).await.json()), [""; 0]);
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let site = Site::new();
    site.post(ADMIN, PATH, RICH).await;
    site.post(ADMIN, PATH, r#"{"namespace": "N"}"#).await;

    let again = site
        .post(
            ADMIN,
            PATH,
            r#"{"namespace": "N", "tags": [{"name": "t"}]}"#,
        )
        .await;
    let renamed = site
        .put(ADMIN, &format!("{PATH}/N"), r#"{"namespace": "OS::Rich"}"#)
        .await;

    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(
        again.explanation(),
        "Metadata definition namespace 'N' already exists."
    );
    assert_eq!(renamed.status, StatusCode::CONFLICT);
    let shown = site.get(ADMIN, &format!("{PATH}/N")).await.json();
    assert_eq!(shown.get("tags"), None);
}

#[tokio::test]
async fn an_edit_sets_all_that_a_namespace_is_and_nothing_in_it() {
    let site = Site::new();
    site.post(ADMIN, PATH, RICH).await;
    let body = r#"{"namespace": "New", "description": "d", "tags": [{"name": "ignored"}]}"#;

    let edited = site.put(ADMIN, &format!("{PATH}/OS::Rich"), body).await;

    assert_eq!(edited.status, StatusCode::OK, "{}", edited.text());
    let edited = edited.json();
    assert_eq!(edited["visibility"], "private");
    assert_eq!(edited["owner"], "pa");
    assert_eq!(edited["self"], "/v2/metadefs/namespaces/New");
    assert_eq!(
        (edited.get("display_name"), edited.get("tags")),
        (None, None)
    );
    let shown = site.get(ADMIN, &format!("{PATH}/New")).await.json();
    assert_eq!(shown["tags"], json!([{"name": "t2"}, {"name": "t1"}]));
    assert_eq!(shown["objects"].as_array().unwrap().len(), 2);
    let gone = site.get(ADMIN, &format!("{PATH}/OS::Rich")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_deleted_namespace_takes_all_with_it() {
    let site = Site::new();
    site.post(ADMIN, PATH, RICH).await;

    let deleted = site.delete(ADMIN, &format!("{PATH}/OS::Rich")).await;
    site.post(ADMIN, PATH, r#"{"namespace": "OS::Rich"}"#).await;

    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let shown = site.get(ADMIN, &format!("{PATH}/OS::Rich")).await.json();
    for part in [
        "objects",
        "properties",
        "tags",
        "resource_type_associations",
    ] {
        assert_eq!(shown.get(part), None, "{part}");
    }
    let types = site.get(ALICE, "/v2/metadefs/resource_types").await.json();
    assert_eq!(types["resource_types"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn nothing_of_a_protected_namespace_is_deleted() {
    let site = Site::new();
    site.post(ADMIN, PATH, RICH.replace("false", "true")).await;
    let before = site.get(ADMIN, &format!("{PATH}/OS::Rich")).await;

    for path in [
        "",
        "/objects",
        "/objects/o1",
        "/properties",
        "/properties/p1",
        "/resource_types/OS::Glance::Image",
        "/tags",
        "/tags/t1",
    ] {
        let refused = site.delete(ADMIN, &format!("{PATH}/OS::Rich{path}")).await;

        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(
            refused.explanation(),
            "Metadata definition namespace 'OS::Rich' is protected: nothing of it can be deleted.",
            "{path}"
        );
    }
    let after = site.get(ADMIN, &format!("{PATH}/OS::Rich")).await;
    assert_eq!(before.text(), after.text());
}

#[tokio::test]
async fn all_of_a_kind_is_deleted_at_once() {
    let site = Site::new();
    site.post(ADMIN, PATH, RICH).await;

    for part in ["objects", "properties", "tags"] {
        let deleted = site.delete(ADMIN, &format!("{PATH}/OS::Rich/{part}")).await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{part}");
        let shown = site.get(ADMIN, &format!("{PATH}/OS::Rich")).await.json();
        assert_eq!(shown.get(part), None);
    }
}

#[tokio::test]
async fn properties_bear_the_prefix_of_the_resource_type_that_is_asked_for() {
    let site = Site::new();
    site.post(ADMIN, PATH, RICH).await;
    let of = |name: &str| format!("{PATH}/OS::Rich?resource_type={name}");

    let shown = site.get(ADMIN, &of("OS::Glance::Image")).await.json();
    let other = site.get(ADMIN, &of("OS::Nova::Server")).await;

    let properties: Vec<&String> = shown["properties"].as_object().unwrap().keys().collect();
    assert_eq!(properties, ["hw_p1", "hw_p2"]);
    assert_eq!(shown["objects"][0]["required"], json!(["hw_b", "hw_a"]));
    assert!(shown["objects"][0]["properties"]["hw_a"].is_object());
    let plain = site.get(ADMIN, &format!("{PATH}/OS::Rich")).await;
    assert_eq!(other.text(), plain.text());
}

fn pretty(json: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(json).unwrap())
}

/// A namespace with two of each kind.
pub(super) const RICH: &str = r#"{
    "namespace": "OS::Rich",
    "display_name": "Rich",
    "description": "Has some of all",
    "visibility": "public",
    "protected": false,
    "owner": "p",
    "resource_type_associations": [
        {"name": "OS::Glance::Image", "prefix": "hw_"},
        {"name": "OS::Cinder::Volume", "prefix": "hw_", "properties_target": "image"}
    ],
    "properties": {
        "p1": {"title": "P", "type": "array", "default": 5, "minimum": 1, "maximum": 2.0,
               "enum": ["x", 1, true], "items": {"type": "string", "enum": ["a"]},
               "operators": ["<in>"], "minItems": 0, "uniqueItems": true, "confidential": true},
        "p2": {"title": "Q", "type": "string", "readonly": true, "pattern": "^a"}
    },
    "objects": [
        {"name": "o2", "required": ["b", "a"], "properties": {
            "a": {"title": "A", "type": "string"}, "b": {"title": "B", "type": "boolean"}}},
        {"name": "o1", "description": "Nothing in it"}
    ],
    "tags": [{"name": "t2"}, {"name": "t1"}]
}"#;
