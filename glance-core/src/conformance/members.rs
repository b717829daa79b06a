//! What holds of members in every catalog.

use super::catalog::{at, rich_image};
use crate::domain::{Image, MemberStatus, Membership, ProjectId};
use crate::ports::{Catalog, CatalogError};

/// Offering twice is a conflict, and changes nothing.
pub async fn a_project_is_a_member_once(catalog: &dyn Catalog) {
    let image = stored_image(catalog).await;
    let member = offered(&image, "a");
    catalog.put_member(&member, None).await.unwrap();

    let again = catalog.put_member(&member, None).await;

    assert!(matches!(again, Err(CatalogError::Conflict)), "{again:?}");
    assert_eq!(catalog.members(image.id).await.unwrap(), [member]);
}

/// It comes back unanswered.
pub async fn a_member_that_was_removed_can_come_back(catalog: &dyn Catalog) {
    let image = stored_image(catalog).await;
    let member = offered(&image, "a");

    for _ in 0..3 {
        catalog.put_member(&member, None).await.unwrap();
        let project = &member.project;
        let accepted = Some(MemberStatus::Accepted);
        catalog
            .set_member(image.id, project, accepted, at(9 * SECOND))
            .await
            .unwrap();
        catalog
            .set_member(image.id, project, None, at(10 * SECOND))
            .await
            .unwrap();
        assert_eq!(catalog.members(image.id).await.unwrap(), []);
    }
    catalog.put_member(&member, None).await.unwrap();

    let members = catalog.members(image.id).await.unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].status, MemberStatus::Pending);
}

/// The first that was added is the first.
pub async fn members_keep_the_order_in_which_they_came(catalog: &dyn Catalog) {
    let image = stored_image(catalog).await;
    let members: Vec<Membership> = ["c", "a", "b"].map(|name| offered(&image, name)).into();
    for member in &members {
        catalog.put_member(member, None).await.unwrap();
    }

    assert_eq!(catalog.members(image.id).await.unwrap(), members);
}

/// Neither a stranger nor who was removed has anything to answer.
pub async fn an_absent_member_cannot_answer(catalog: &dyn Catalog) {
    let image = stored_image(catalog).await;
    let stranger: ProjectId = "stranger".parse().unwrap();

    for status in [Some(MemberStatus::Accepted), None] {
        let result = catalog
            .set_member(image.id, &stranger, status, at(9 * SECOND))
            .await;
        assert!(matches!(result, Err(CatalogError::NotFound)), "{result:?}");
    }
}

/// However many come at once, an image gets as many members as it may have.
pub async fn members_stop_at_the_quota(catalog: &dyn Catalog) {
    let image = stored_image(catalog).await;
    let members: Vec<Membership> = (0..12)
        .map(|number| offered(&image, &format!("p{number}")))
        .collect();

    let offers = members
        .iter()
        .map(|member| catalog.put_member(member, Some(3)));
    let results = futures::future::join_all(offers).await;

    let stored = results.iter().filter(|result| result.is_ok()).count();
    let refused = results
        .iter()
        .filter(|result| matches!(result, Err(CatalogError::Quota(_))))
        .count();
    assert_eq!((stored, refused), (3, 9));
}

/// Who asks learns its own answer.
pub async fn only_the_asking_project_s_membership_is_told(catalog: &dyn Catalog) {
    let image = stored_image(catalog).await;
    let member = offered(&image, "a");
    catalog.put_member(&member, None).await.unwrap();
    let other: ProjectId = "b".parse().unwrap();

    let mut told = Vec::new();
    for project in [Some(&member.project), Some(&other), None] {
        told.push(
            catalog
                .find(image.id, project)
                .await
                .unwrap()
                .unwrap()
                .membership,
        );
    }

    assert_eq!(told, [Some(MemberStatus::Pending), None, None]);
}

async fn stored_image(catalog: &dyn Catalog) -> Image {
    let image = rich_image(1);
    catalog.insert(&image, None).await.unwrap();
    image
}

fn offered(image: &Image, project: &str) -> Membership {
    Membership::offered(image.id, project.parse().unwrap(), at(5 * SECOND))
}

/// Times of members are whole seconds: MySQL keeps no more of them.
const SECOND: i64 = 1_000_000;
