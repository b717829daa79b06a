//! Stop and allow downloads.

use axum::http::StatusCode;

use super::support::{ABSENT, ADMIN, ALICE, BOB, RAW, READER, Site};

#[tokio::test]
async fn a_deactivated_image_is_downloaded_by_administrators_alone() {
    let site = Site::new();
    let id = site.image_with_data(ALICE, "data").await;
    let (file, actions) = (
        format!("/v2/images/{id}/file"),
        format!("/v2/images/{id}/actions"),
    );

    let deactivated = site.post(ALICE, &format!("{actions}/deactivate"), "").await;
    let again = site.post(ALICE, &format!("{actions}/deactivate"), "").await;

    assert_eq!(
        (deactivated.status, again.status),
        (StatusCode::NO_CONTENT, StatusCode::NO_CONTENT)
    );
    let refused = site.get(ALICE, &file).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        refused.explanation(),
        "The requested image has been deactivated. Image data download is forbidden."
    );
    assert_eq!(site.get(ADMIN, &file).await.text(), "data");

    let reactivated = site.post(ALICE, &format!("{actions}/reactivate"), "").await;

    assert_eq!(reactivated.status, StatusCode::NO_CONTENT);
    assert_eq!(site.get(ALICE, &file).await.text(), "data");
}

#[tokio::test]
async fn refusing_to_deactivate_is_a_403() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;

    for action in ["deactivate", "reactivate"] {
        let refused = site
            .post(ALICE, &format!("/v2/images/{id}/actions/{action}"), "")
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(
            refused.explanation(),
            format!("Not allowed to {action} image in status 'queued'")
        );
    }
}

#[tokio::test]
async fn policies_hold_for_actions() {
    let site = Site::new();
    let id = site.image_with_data(ALICE, "data").await;

    for (who, status) in [
        (READER, StatusCode::FORBIDDEN),
        (BOB, StatusCode::NOT_FOUND),
    ] {
        let refused = site
            .post(who, &format!("/v2/images/{id}/actions/deactivate"), "")
            .await;
        assert_eq!(refused.status, status);
    }
    let absent = site
        .post(
            ALICE,
            &format!("/v2/images/{ABSENT}/actions/deactivate"),
            "",
        )
        .await;
    let unknown = site
        .post(ALICE, &format!("/v2/images/{id}/actions/explode"), "")
        .await;
    assert_eq!(
        (absent.status, unknown.status),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
}
