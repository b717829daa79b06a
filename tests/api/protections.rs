//! Custom properties that not everybody may touch.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use glance_core::Settings;
use glance_core::domain::Quotas;
use glance_core::domain::policy::{
    PolicyOptions, PropertyUse, ProtectionFormat, Protections, Rules, Section,
};
use glance_core::memory::MemoryGlance;

use super::support::{ADMIN, ALICE, READER, Site, V20, Who, patch_request, request};

const BILLING: Who = Who {
    project: "p1",
    roles: "member,reader,billing",
};

/// Who may create, read, update and delete the properties of a pattern.
type Row = (&'static str, [&'static str; 4]);

const ROWS: [Row; 4] = [
    ("^x_billing", ["billing"; 4]),
    ("^x_seen", ["billing", "@", "billing", "billing"]),
    ("^x_dropbox", ["@", "billing", "billing", "!"]),
    ("^[a-w]", ["@"; 4]),
];

fn protections(rows: &[Row], format: ProtectionFormat) -> Protections {
    let sections = rows.iter().map(|(pattern, who)| {
        let value = |operation: PropertyUse| Some(who[operation as usize].to_owned());
        Section::new(pattern, format, value).unwrap()
    });
    Protections::new(sections)
}

fn site() -> Site {
    let memory = MemoryGlance::new().with_protections(protections(&ROWS, ProtectionFormat::Roles));
    Site::over(memory.build().unwrap())
}

const WITH_CODE: &str = r#"{"x_billing_code": "7", "x_seen": "1", "a": "b"}"#;

fn operation(verb: &str, name: &str, value: &str) -> String {
    format!(r#"[{{"op": "{verb}", "path": "/{name}", "value": "{value}"}}]"#)
}

#[tokio::test]
async fn who_may_not_read_a_property_sees_nothing_of_it_anywhere() {
    let site = site();
    let id = site.image(BILLING, WITH_CODE).await;
    let image = format!("/v2/images/{id}");

    let alice = site.get(ALICE, &image).await.json();
    let listed = site.get(READER, "/v2/images").await.json();
    let billing = site.get(BILLING, &image).await.json();

    assert_eq!((&alice["x_seen"], &alice["a"]), (&"1".into(), &"b".into()));
    assert!(alice.get("x_billing_code").is_none());
    assert!(listed["images"][0].get("x_billing_code").is_none());
    assert_eq!(listed["images"][0]["x_seen"], "1");
    assert_eq!(billing["x_billing_code"], "7");
    // Nor does a filter tell of it.
    for (who, found) in [(ALICE, 0), (BILLING, 1)] {
        let answer = site.get(who, "/v2/images?x_billing_code=7").await.json();
        assert_eq!(answer["images"].as_array().unwrap().len(), found);
    }
    // What no section names is nobody's, administrators' neither.
    let unnamed = r#"{"z": "1"}"#.to_owned();
    for who in [ALICE, ADMIN] {
        let refused = site.post(who, "/v2/images", unnamed.clone()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.explanation(), "Attribute 'z' is reserved.");
    }
}

#[tokio::test]
async fn hidden_properties_survive_what_others_do_to_the_image() {
    let site = site();
    let id = site.image(BILLING, WITH_CODE).await;
    let image = format!("/v2/images/{id}");

    let renamed = site
        .patch(ALICE, &id, operation("replace", "name", "new"))
        .await;
    let added = site.patch(ALICE, &id, operation("add", "c", "d")).await;
    let removed = site.patch(ALICE, &id, operation("remove", "a", "")).await;
    let tag = request(ALICE, Method::PUT, &format!("{image}/tags/t"));
    let tagged = site.send(tag.body(Body::empty()).unwrap()).await;

    assert!(renamed.json().get("x_billing_code").is_none());
    assert_eq!(
        (added.status, removed.status),
        (StatusCode::OK, StatusCode::OK)
    );
    assert_eq!(tagged.status, StatusCode::NO_CONTENT);
    let shown = site.get(BILLING, &image).await.json();
    assert_eq!(shown["x_billing_code"], "7");
    assert_eq!((&shown["c"], &shown["name"]), (&"d".into(), &"new".into()));
    assert!(shown.get("a").is_none());
}

#[tokio::test]
async fn each_operation_takes_its_own_right() {
    let site = site();
    let id = site.image(BILLING, WITH_CODE).await;

    let mut table = String::new();
    for (name, verb) in [
        ("x_seen", "replace"),
        ("x_seen", "add"),
        ("x_seen", "remove"),
        ("x_seen_too", "add"),
        ("x_billing_code", "replace"),
        ("x_billing_code", "add"),
        ("x_billing_code", "remove"),
        ("x_dropbox", "add"),
        ("x_dropbox", "add"),
        ("x_dropbox", "remove"),
        ("a", "replace"),
        ("a", "remove"),
        ("z", "add"),
    ] {
        let answer = site.patch(ALICE, &id, operation(verb, name, "9")).await;
        table += &format!("{verb} {name}: {} ", answer.status.as_u16());
        table += answer.explanation().as_str();
        table += "\n";
    }

    expect_test::expect_file!["golden/protections.txt"].assert_eq(&table);
    let old = format!(r#"[{{"add": "/{}", "value": "9"}}]"#, "x_billing_code");
    let refused = site.send(patch_request(ALICE, &id, V20, old)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let shown = site.get(BILLING, &format!("/v2/images/{id}")).await.json();
    assert_eq!(
        (&shown["x_billing_code"], &shown["x_seen"]),
        (&"7".into(), &"1".into())
    );
    assert_eq!(shown["x_dropbox"], "9");
    let gone = site
        .patch(BILLING, &id, operation("remove", "x_billing_code", ""))
        .await;
    assert_eq!(gone.status, StatusCode::OK);
}

#[tokio::test]
async fn hidden_properties_count_in_the_quota() {
    let quotas = Quotas {
        properties: Some(3),
        ..Quotas::default()
    };
    let memory = MemoryGlance::new()
        .with_settings(Settings {
            quotas,
            ..Settings::default()
        })
        .with_protections(protections(&ROWS, ProtectionFormat::Roles));
    let site = Site::over(memory.build().unwrap());
    let id = site.image(BILLING, WITH_CODE).await;

    let fourth = site.patch(ALICE, &id, operation("add", "c", "d")).await;

    assert_eq!(
        fourth.status,
        StatusCode::PAYLOAD_TOO_LARGE,
        "{}",
        fourth.text()
    );
}

#[tokio::test]
async fn rules_of_the_policy_may_protect_properties() {
    let over = [("billing_rule".to_owned(), "role:billing".parse().unwrap())];
    let (rules, _) = Rules::new(over, PolicyOptions::default()).unwrap();
    let rows: [Row; 3] = [
        ("^x_billing", ["billing_rule"; 4]),
        ("^x_typo", ["no_such_rule"; 4]),
        (".*", ["@"; 4]),
    ];
    let memory = MemoryGlance::new()
        .with_policy(Arc::new(rules))
        .with_protections(protections(&rows, ProtectionFormat::Policies));
    let site = Site::over(memory.build().unwrap());

    let id = site.image(BILLING, WITH_CODE).await;
    let refused = site.post(ALICE, "/v2/images", WITH_CODE.to_owned()).await;
    let typo = site
        .post(BILLING, "/v2/images", r#"{"x_typo": "1"}"#.to_owned())
        .await;

    assert_eq!(
        refused.explanation(),
        "Attribute 'x_billing_code' is reserved."
    );
    assert_eq!(typo.status, StatusCode::FORBIDDEN);
    let shown = site.get(ALICE, &format!("/v2/images/{id}")).await.json();
    assert!(shown.get("x_billing_code").is_none());
}
