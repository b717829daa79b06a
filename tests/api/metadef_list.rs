//! Lists of namespaces.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::metadef_namespaces::{PATH, RICH};
use super::support::{ADMIN, ALICE, BOB, Site};

#[tokio::test]
async fn a_list_holds_what_the_caller_may_see_without_what_is_in_it() {
    let site = Site::new();
    site.post(ADMIN, PATH, RICH).await;
    for (name, owner) in [("of-p1", "p1"), ("of-p2", "p2")] {
        let body = json!({"namespace": name, "owner": owner}).to_string();
        site.post(ADMIN, PATH, body).await;
    }

    let by = async |who| {
        let list = site
            .get(who, &format!("{PATH}?sort_key=namespace&sort_dir=asc"))
            .await;
        names(&list.json())
    };

    assert_eq!(by(ADMIN).await, ["OS::Rich", "of-p1", "of-p2"]);
    assert_eq!(by(ALICE).await, ["OS::Rich", "of-p1"]);
    assert_eq!(by(BOB).await, ["OS::Rich", "of-p2"]);
    let list = site
        .get(ALICE, &format!("{PATH}?visibility=public"))
        .await
        .json();
    assert_eq!(list["schema"], "/v2/schemas/metadefs/namespaces");
    assert_eq!(list["first"], "/v2/metadefs/namespaces?visibility=public");
    let [only] = &list["namespaces"].as_array().unwrap()[..] else {
        panic!("{list}");
    };
    assert_eq!(
        only["resource_type_associations"][1]["name"],
        "OS::Glance::Image"
    );
    assert_eq!((only.get("objects"), only.get("tags")), (None, None));
    let hidden = site.get(ALICE, &format!("{PATH}/of-p2")).await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_follow_each_other_by_the_links() {
    let site = Site::new();
    for number in 0..5 {
        let types = match number % 2 {
            0 => json!([{"name": "R"}]),
            _ => json!([{"name": "S"}, {"name": "T"}]),
        };
        let body = json!({"namespace": format!("N:{number}"), "resource_type_associations": types});
        site.post(ADMIN, PATH, body.to_string()).await;
    }

    let mut walked = Vec::new();
    let mut next = Some(format!("{PATH}?limit=2&sort_key=namespace&sort_dir=asc"));
    while let Some(path) = next {
        let page = site.get(ADMIN, &path).await.json();
        walked.extend(names(&page));
        next = page["next"].as_str().map(str::to_owned);
    }

    assert_eq!(walked, ["N:0", "N:1", "N:2", "N:3", "N:4"]);
    let first = site
        .get(
            ADMIN,
            &format!("{PATH}?limit=2&sort_key=namespace&sort_dir=asc"),
        )
        .await;
    let link = "/v2/metadefs/namespaces?limit=2&sort_key=namespace&sort_dir=asc&marker=N%3A1";
    assert_eq!(first.json()["next"], link);
    let of_types = format!("{PATH}?resource_types=S,absent&sort_key=namespace&sort_dir=asc");
    assert_eq!(
        names(&site.get(ADMIN, &of_types).await.json()),
        ["N:1", "N:3"]
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_list_is_named() {
    let site = Site::new();
    site.post(ADMIN, PATH, r#"{"namespace": "hidden"}"#).await;

    let many = format!("resource_types={}", ",".repeat(1000));
    for (query, status, sentence) in [
        (
            many.as_str(),
            400,
            "resource_types may name at most 1000 resource types",
        ),
        ("limit=x", 400, "limit param must be an integer"),
        ("limit=-1", 400, "limit param must be positive"),
        ("sort_dir=up", 400, "Invalid sort direction: up"),
        (
            "sort_key=size",
            400,
            "Invalid sort key 'size': use one of created_at, description",
        ),
        ("visibility=shared", 400, "Invalid visibility value: shared"),
        (
            "marker=absent",
            404,
            "Metadata definition namespace 'absent' was not found.",
        ),
        (
            "marker=hidden",
            404,
            "Metadata definition namespace 'hidden' was not found.",
        ),
    ] {
        let answer = site.get(ALICE, &format!("{PATH}?{query}")).await;

        assert_eq!(answer.status.as_u16(), status, "{query}");
        assert!(
            answer.explanation().starts_with(sentence),
            "{query}: {}",
            answer.explanation()
        );
    }
    assert_eq!(
        names(&site.get(ADMIN, &format!("{PATH}?limit=0")).await.json()),
        [""; 0]
    );
    assert_eq!(
        site.get(ALICE, &format!("{PATH}?other=1")).await.status,
        StatusCode::OK
    );
}

/// The names in a list.
pub(super) fn names(list: &Value) -> Vec<String> {
    let namespaces = list["namespaces"].as_array().unwrap();
    let name = |namespace: &Value| namespace["namespace"].as_str().unwrap().to_owned();
    namespaces.iter().map(name).collect()
}
