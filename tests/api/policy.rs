//! An operator's rules, as clients meet them.

use std::sync::Arc;

use axum::http::StatusCode;
use glance_core::domain::policy::{PolicyOptions, Rules};
use glance_core::memory::MemoryGlance;

use super::support::{ADMIN, ALICE, BOB, RAW, Site, Who};

const CLOUD_ADMIN: Who = Who {
    project: "ops",
    roles: "cloud_admin",
};

/// A site with these rules over the defaults.
fn site(over: &[(&str, &str)]) -> Site {
    let over = over
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.parse().unwrap()));
    let (rules, _) = Rules::new(over, PolicyOptions::default()).unwrap();
    let memory = MemoryGlance::new().with_policy(Arc::new(rules));
    Site::over(memory.build().unwrap())
}

#[tokio::test]
async fn an_administrator_is_whom_the_policy_calls_one() {
    let site = site(&[("context_is_admin", "role:cloud_admin")]);
    let id = site.image_with_data(ALICE, "data").await;
    let image = format!("/v2/images/{id}");
    let deactivate = format!("{image}/actions/deactivate");
    site.post(ALICE, &deactivate, "").await;

    let listed = site.get(CLOUD_ADMIN, "/v2/images").await.json();
    let file = site.get(CLOUD_ADMIN, &format!("{image}/file")).await;
    let owner = r#"[{"op": "replace", "path": "/owner", "value": "p2"}]"#;
    let given = site.patch(CLOUD_ADMIN, &id, owner).await;

    assert_eq!(listed["images"][0]["id"], id.as_str());
    assert_eq!(file.text(), "data");
    assert_eq!(given.status, StatusCode::OK);
    assert_eq!(site.get(ADMIN, &image).await.status, StatusCode::NOT_FOUND);
    let own = r#"{"owner": "somebody"}"#.to_owned();
    let refused = site.post(ADMIN, "/v2/images", own).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_may_not_show_an_image_or_a_member_is_told_of_no_members() {
    let of_auditors = site(&[("get_image", "role:auditor or role:admin")]);
    let of_nobody = site(&[("get_member", "!")]);

    for (site, status) in [
        (&of_auditors, StatusCode::NOT_FOUND),
        (&of_nobody, StatusCode::OK),
    ] {
        let id = site.image(ALICE, "{}").await;
        let members = format!("/v2/images/{id}/members");
        let offer = r#"{"member": "p2"}"#.to_owned();
        assert_eq!(
            site.post(ADMIN, &members, offer).await.status,
            StatusCode::OK
        );

        let listed = site.get(ALICE, &members).await;

        assert_eq!(listed.status, status);
        assert!(!listed.text().contains("p2"), "{}", listed.text());
    }
}

#[tokio::test]
async fn a_rule_may_look_at_a_property_of_the_image() {
    let site = site(&[(
        "download_image",
        "role:member and not 'secret':%(class)s and project_id:%(owner)s",
    )]);
    let open = site.image_with_data(ALICE, "data").await;
    let secret = site.image_with_data(ALICE, "data").await;
    let class = r#"[{"op": "add", "path": "/class", "value": "secret"}]"#;
    site.patch(ALICE, &secret, class).await;

    let file = |id: &str| format!("/v2/images/{id}/file");

    assert_eq!(site.get(ALICE, &file(&open)).await.text(), "data");
    let refused = site.get(ALICE, &file(&secret)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        refused.explanation(),
        "You are not authorized to complete download_image action."
    );
}

#[tokio::test]
async fn what_nobody_may_show_is_absent_and_in_no_list() {
    let site = site(&[("get_image", "!")]);
    let id = site.image(ALICE, RAW).await;

    let shown = site.get(ALICE, &format!("/v2/images/{id}")).await;
    let listed = site.get(ALICE, "/v2/images").await;

    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    assert_eq!(listed.status, StatusCode::OK);
    assert_eq!(listed.json()["images"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_page_of_which_nothing_is_shown_is_not_the_last() {
    let site = site(&[("get_image", "'shown':%(class)s")]);
    let shown = r#"{"name": "first", "class": "shown"}"#;
    site.image(ALICE, shown).await;
    for _ in 0..3 {
        site.image(ALICE, RAW).await;
    }

    let mut next = "/v2/images?limit=2".to_owned();
    let mut names = Vec::new();
    for _ in 0..3 {
        let page = site.get(ALICE, &next).await.json();
        let images = page["images"].as_array().unwrap().iter();
        names.extend(images.map(|image| image["name"].clone()));
        match page["next"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }

    assert_eq!(names, ["first"]);
}

#[tokio::test]
async fn a_rule_that_is_not_defined_lets_nobody_pass() {
    let site = site(&[("publicize_image", "rule:publshers"), ("publishers", "@")]);
    let public = r#"{"visibility": "public"}"#.to_owned();

    for who in [ALICE, BOB, ADMIN] {
        let refused = site.post(who, "/v2/images", public.clone()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn publishing_may_be_left_to_owners() {
    let site = site(&[(
        "publicize_image",
        "role:member and project_id:%(project_id)s",
    )]);
    let public = r#"{"visibility": "public"}"#.to_owned();

    let created = site.post(ALICE, "/v2/images", public).await;

    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
}
