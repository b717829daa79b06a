//! What holds of what projects have, in every catalog.

use futures::future::join_all;

use super::catalog::{at, rich_image};
use super::intents::{holder, intent};
use crate::domain::{
    Area, BlobUrl, Change, Claim, Event, IMPORTING_TO_STORES, Image, Intent, Location, ProjectId,
    ProjectLimits, PropertyName, Resource, Status, Usage, Work,
};
use crate::ports::{Catalog, CatalogError};

/// Of images in every status, of others, and gone.
pub async fn usage_is_what_the_images_of_a_project_have(catalog: &dyn Catalog) {
    let statuses = [
        Status::Active,
        Status::Deactivated,
        Status::Importing,
        Status::Queued,
        Status::Saving,
        Status::Uploading,
    ];
    let mut images: Vec<Image> = (10..)
        .zip(statuses)
        .map(|(n, status)| owned(n, status))
        .collect();
    let mut copied = owned(20, Status::Active);
    let name = PropertyName::stored(IMPORTING_TO_STORES.to_owned());
    copied.properties.insert(name, "slow".parse().unwrap());
    let mut done = owned(21, Status::Active);
    let name = PropertyName::stored(IMPORTING_TO_STORES.to_owned());
    done.properties.insert(name, "".parse().unwrap());
    let mut hidden = owned(22, Status::Active);
    hidden.hidden = true;
    let mut nowhere = owned(23, Status::Active);
    nowhere.locations.clear();
    images.extend([copied, done, hidden, nowhere]);
    let mut foreign = owned(30, Status::Active);
    foreign.owner = Some("P".parse().unwrap());
    let gone = owned(31, Status::Active);
    for image in images.iter().chain([&foreign, &gone]) {
        catalog.insert(image, None).await.unwrap();
    }
    delete(catalog, &gone).await;

    let usage = catalog.usage(&project()).await.unwrap();

    assert_eq!(usage, Usage::of(&images));
    assert!(usage.stored_bytes > 0 && usage.staged_bytes > 0 && usage.uploads == 4);
    let nobody = catalog.usage(&"nobody".parse().unwrap()).await.unwrap();
    assert_eq!(nobody, Usage::default());
}

/// A copy that is taken out of a store no longer counts.
pub async fn each_location_counts_while_it_is_there(catalog: &dyn Catalog) {
    let before = owned(1, Status::Active);
    catalog.insert(&before, None).await.unwrap();
    let stored = async || catalog.usage(&project()).await.unwrap().stored_bytes;
    let mut more = before.clone();
    more.updated_at = at(50);
    let url = BlobUrl::new("file:///elsewhere");
    more.locations.push(Location::new(url));

    let at_first = stored().await;
    let change = Change::of_edit(before.clone(), more);
    let more = catalog.commit(&change).await.unwrap();
    let with_another = stored().await;
    let mut less = before;
    less.updated_at = at(60);
    catalog.commit(&Change::of_edit(more, less)).await.unwrap();

    assert_eq!((at_first, with_another), (2000, 3000));
    assert_eq!(stored().await, 2000);
}

/// Each asks for all that is left: one gets it.
pub async fn concurrent_uploads_stop_at_the_limit_of_bytes(catalog: &dyn Catalog) {
    catalog
        .insert(&owned(99, Status::Active), None)
        .await
        .unwrap();
    let limits = ProjectLimits {
        stored_bytes: Some(2500),
        ..ProjectLimits::default()
    };
    let uploads = queued_uploads(catalog, limits, 500).await;

    let results = join_all(uploads.iter().map(|change| catalog.commit(change))).await;

    assert_eq!(
        granted_and_refused(&results, Resource::StoredBytes),
        (1, 19)
    );
    let usage = catalog.usage(&project()).await.unwrap();
    assert_eq!((usage.stored_bytes, usage.uploads), (2500, 1));
}

/// Whatever their size.
pub async fn concurrent_uploads_stop_at_their_own_limit(catalog: &dyn Catalog) {
    let limits = ProjectLimits {
        uploads: Some(3),
        ..ProjectLimits::default()
    };
    let uploads = queued_uploads(catalog, limits, 0).await;

    let results = join_all(uploads.iter().map(|change| catalog.commit(change))).await;

    assert_eq!(granted_and_refused(&results, Resource::Uploads), (3, 17));
}

/// A refused change leaves everything as it was; another project is not concerned.
pub async fn a_change_that_passes_a_limit_is_not_made(catalog: &dyn Catalog) {
    let before = owned(1, Status::Active);
    catalog.insert(&before, None).await.unwrap();
    let mut after = before.clone();
    after.updated_at = at(50);
    after
        .locations
        .push(Location::new(BlobUrl::new("file:///elsewhere")));
    let change = |limit| {
        let limits = ProjectLimits {
            stored_bytes: Some(limit),
            ..ProjectLimits::default()
        };
        Change::of_edit(before.clone(), after.clone()).claiming(Some(claim(limits, 1000, 0)))
    };

    let refused = catalog.commit(&change(2999)).await;
    let found = catalog.find(before.id, None).await.unwrap().unwrap().image;
    let granted = catalog.commit(&change(3000)).await;

    let Err(CatalogError::Quota(refused)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((refused.limit, refused.count), (2999, 3000));
    assert_eq!(found, before);
    assert_eq!(granted.unwrap(), after);
}

/// It counts from its beginning to its end, and grows in between.
pub async fn what_is_reserved_counts_until_its_upload_ends(catalog: &dyn Catalog) {
    let limits = ProjectLimits {
        stored_bytes: Some(1000),
        ..ProjectLimits::default()
    };
    let [first, second, third] = [1, 2, 3].map(|n| upload(n, limits, 400));
    for (change, _) in [&first, &second, &third] {
        catalog.insert(&change.before, None).await.unwrap();
    }
    catalog.commit(&first.0).await.unwrap();
    catalog.commit(&second.0).await.unwrap();
    let (mine, stored) = (holder("a", "1"), async || {
        catalog.usage(&project()).await.unwrap().stored_bytes
    });
    let reserve = async |intent: &Intent, bytes| {
        let claim = claim(limits, bytes, 0);
        catalog.reserve(&intent.id, &mine, &claim).await
    };

    assert_eq!(stored().await, 800);
    // It takes the place of what was reserved before.
    reserve(&first.1, 600).await.unwrap();
    assert_eq!(stored().await, 1000);
    let refused = reserve(&second.1, 401).await;
    assert!(
        matches!(refused, Err(CatalogError::Quota(_))),
        "{refused:?}"
    );
    let refused = catalog.commit(&third.0).await;
    assert!(
        matches!(refused, Err(CatalogError::Quota(_))),
        "{refused:?}"
    );

    // One ends with less than it reserved, one without anything.
    let saving = first.0.after.clone();
    let mut active = saving.after(Event::DataStored, at(20)).unwrap();
    active.size = Some(100);
    active.locations = vec![Location::new(BlobUrl::new("file:///1"))];
    let complete = Change::of_status(saving, active).ending(first.1.id.clone(), mine.clone());
    catalog.commit(&complete).await.unwrap();
    assert_eq!(stored().await, 500);
    catalog.end_intent(&second.1.id, &mine).await.unwrap();
    assert_eq!(stored().await, 100);
    catalog.commit(&third.0).await.unwrap();
    assert_eq!(stored().await, 500);
}

/// Apart from what is stored, until it lies there; then its size counts.
pub async fn what_is_staged_has_a_limit_of_its_own(catalog: &dyn Catalog) {
    let limits = ProjectLimits {
        staged_bytes: Some(1000),
        stored_bytes: Some(0),
        ..ProjectLimits::default()
    };
    let stages = [1, 2, 3].map(|n| stage(n, limits, 400));
    for (change, _) in &stages {
        catalog.insert(&change.before, None).await.unwrap();
    }
    let mine = holder("a", "1");
    let figures = async || {
        let usage = catalog.usage(&project()).await.unwrap();
        (usage.staged_bytes, usage.stored_bytes)
    };

    let commits = stages.iter().map(|(change, _)| catalog.commit(change));
    let results = join_all(commits).await;
    assert_eq!(granted_and_refused(&results, Resource::StagedBytes), (2, 1));
    assert_eq!(figures().await, (800, 0));
    let mut begun = stages
        .iter()
        .zip(&results)
        .filter(|(_, result)| result.is_ok());
    let (_, intent) = begun.next().unwrap().0;
    let (change, other) = begun.next().unwrap().0;
    let more = Claim {
        area: Area::Staging,
        ..claim(limits, 601, 0)
    };
    let refused = catalog.reserve(&intent.id, &mine, &more).await;
    assert!(
        matches!(refused, Err(CatalogError::Quota(_))),
        "{refused:?}"
    );
    let more = Claim { bytes: 600, ..more };
    catalog.reserve(&intent.id, &mine, &more).await.unwrap();
    assert_eq!(figures().await, (1000, 0));
    let mut staged = change.after.clone();
    staged.size = Some(300);
    staged.updated_at = at(50);
    let complete = Change::of_status(change.after.clone(), staged);
    let complete = complete.ending(other.id.clone(), mine.clone());
    catalog.commit(&complete).await.unwrap();
    assert_eq!(figures().await, (900, 0));
    catalog.end_intent(&intent.id, &mine).await.unwrap();
    assert_eq!(figures().await, (300, 0));
}

/// A copy to another store, of which nothing is reserved in the staging area.
pub async fn what_counts_as_staged_by_its_image_has_that_limit_too(catalog: &dyn Catalog) {
    let limits = ProjectLimits {
        staged_bytes: Some(1500),
        ..ProjectLimits::default()
    };
    let copies = [1, 2].map(|n| {
        let image = owned(n, Status::Active);
        let mut copied = image.clone();
        copied.properties.insert(
            PropertyName::stored(IMPORTING_TO_STORES.to_owned()),
            "slow".parse().unwrap(),
        );
        copied.updated_at = at(50);
        let claim = Claim {
            staged: Some(1000),
            ..claim(limits, 0, 0)
        };
        Change::of_status(image, copied).claiming(Some(claim))
    });
    for copy in &copies {
        catalog.insert(&copy.before, None).await.unwrap();
    }

    let results = join_all(copies.iter().map(|copy| catalog.commit(copy))).await;

    assert_eq!(granted_and_refused(&results, Resource::StagedBytes), (1, 1));
    let usage = catalog.usage(&project()).await.unwrap();
    assert_eq!(usage.staged_bytes, 1000);
}

/// Nobody reserves for an upload that is over, or somebody else's.
pub async fn only_its_holder_reserves_for_an_upload(catalog: &dyn Catalog) {
    let limits = ProjectLimits {
        stored_bytes: Some(1000),
        ..ProjectLimits::default()
    };
    let (change, intent) = upload(1, limits, 400);
    catalog.insert(&change.before, None).await.unwrap();
    catalog.commit(&change).await.unwrap();
    let claim = claim(limits, 500, 0);
    let mine = holder("a", "1");

    let foreign = catalog.reserve(&intent.id, &holder("b", "2"), &claim).await;
    catalog.end_intent(&intent.id, &mine).await.unwrap();
    let late = catalog.reserve(&intent.id, &mine, &claim).await;

    for refused in [foreign, late] {
        assert!(
            matches!(refused, Err(CatalogError::Conflict)),
            "{refused:?}"
        );
    }
    let usage = catalog.usage(&project()).await.unwrap();
    assert_eq!(usage.stored_bytes, 0);
}

/// 1000 bytes at two places.
fn owned(n: u128, status: Status) -> Image {
    let mut image = rich_image(n).stored_as(status);
    image.owner = Some(project());
    image.size = Some(1000);
    image.locations = ["a", "b"]
        .map(|store| Location::new(BlobUrl::new(format!("file:///{store}/{n}"))))
        .to_vec();
    image
}

fn project() -> ProjectId {
    "p".parse().unwrap()
}

fn claim(limits: ProjectLimits, bytes: u64, uploads: u64) -> Claim {
    Claim {
        project: project(),
        limits,
        area: Area::Stores,
        bytes,
        staged: None,
        uploads,
    }
}

/// The change that begins the upload of an image without data, and its intent.
fn upload(n: u128, limits: ProjectLimits, bytes: u64) -> (Change, Intent) {
    let mut image = owned(n, Status::Queued);
    image.size = None;
    image.locations.clear();
    let saving = image.after(Event::UploadStarted, at(10)).unwrap();
    let intent = Intent {
        id: format!("upload {n}").parse().unwrap(),
        ..intent(&image, Work::Upload)
    };
    let change = Change::of_status(image, saving)
        .beginning([intent.clone()])
        .claiming(Some(claim(limits, bytes, 1)));
    (change, intent)
}

/// As [`upload`], to the staging area.
fn stage(n: u128, limits: ProjectLimits, bytes: u64) -> (Change, Intent) {
    let (upload, intent) = upload(n, limits, bytes);
    let uploading = upload.before.after(Event::StagingStarted, at(10)).unwrap();
    let intent = Intent {
        work: Work::Stage,
        ..intent
    };
    let claim = Claim {
        area: Area::Staging,
        ..claim(limits, bytes, 1)
    };
    let change = Change::of_status(upload.before, uploading)
        .beginning([intent.clone()])
        .claiming(Some(claim));
    (change, intent)
}

async fn queued_uploads(catalog: &dyn Catalog, limits: ProjectLimits, bytes: u64) -> Vec<Change> {
    let mut changes = Vec::new();
    for n in 1..=20 {
        let (change, _) = upload(n, limits, bytes);
        catalog.insert(&change.before, None).await.unwrap();
        changes.push(change);
    }
    changes
}

fn granted_and_refused(
    results: &[Result<Image, CatalogError>],
    resource: Resource,
) -> (usize, usize) {
    let granted = results.iter().filter(|result| result.is_ok()).count();
    let refused = results.iter().filter(|result| match result {
        Err(CatalogError::Quota(quota)) => quota.resource == resource,
        _ => false,
    });
    (granted, refused.count())
}

async fn delete(catalog: &dyn Catalog, image: &Image) {
    let deleted = image.after(Event::Deleted, at(90)).unwrap();
    let change = Change::of_status(image.clone(), deleted);
    catalog.commit(&change).await.unwrap();
}
