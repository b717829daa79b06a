//! What Python nodes leave on images, without a row of ours.

use axum::http::{Method, StatusCode};
use glance_core::domain::{Image, ImageId, PropertyName, PropertyValue, Status, Timestamp};
use glance_core::ports::{BlobKey, Catalog, ImageStore};

use super::nodes::{ONE, Pair, delete, import};
use super::support::{ALICE, Site};

/// An image as a Python node leaves it that has staged data: without a row of ours.
async fn staged_by_python(site: &Site, host: Option<&str>, size: Option<u64>) -> String {
    let image = Image::queued(ImageId::from_bits(7), Timestamp::from_micros(1));
    let mut image = image.stored_as(Status::Uploading);
    image.owner = Some("p1".parse().unwrap());
    image.disk_format = Some("raw".parse().unwrap());
    image.container_format = Some("bare".parse().unwrap());
    image.size = size;
    if let Some(host) = host {
        let name = PropertyName::stored("os_glance_stage_host".to_owned());
        let host = PropertyValue::stored(Some(host.to_owned()));
        image.properties.insert(name, host);
    }
    let key = BlobKey {
        image: image.id,
        upload: "python".parse().unwrap(),
        size: None,
    };
    let mut writer = site.memory.staging.start(&key).await.unwrap();
    writer.write("data".into()).await.unwrap();
    writer.commit().await.unwrap();
    site.memory.catalog.insert(&image, None).await.unwrap();
    image.id.to_string()
}

#[tokio::test]
async fn what_a_python_node_has_staged_is_imported_and_deleted_where_it_lies() {
    for host in [None, Some(ONE)] {
        let pair = Pair::new();
        let id = staged_by_python(&pair.one, host, Some(4)).await;

        // Without a host, nobody but the node that has it can know.
        let elsewhere = import(&pair.two, ALICE, &id).await;
        let here = import(&pair.one, ALICE, &id).await;

        let codes = (elsewhere.status.as_u16(), here.status.as_u16());
        assert_eq!(
            codes,
            if host.is_none() {
                (409, 202)
            } else {
                (202, 409)
            }
        );
        pair.is_imported(&id).await;

        let pair = Pair::new();
        let id = staged_by_python(&pair.one, host, Some(4)).await;
        let deleted = delete(&pair.one, ALICE, &id).await;

        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        assert!(!pair.is_staged());
        assert!(pair.one.memory.catalog.intents().is_empty());
    }
}

#[tokio::test]
async fn what_a_python_node_is_still_staging_is_not_imported() {
    for size in [None, Some(5)] {
        let pair = Pair::new();
        let id = staged_by_python(&pair.one, None, size).await;

        let refused = import(&pair.one, ALICE, &id).await;

        assert_eq!(refused.status, StatusCode::CONFLICT, "{size:?}");
        assert_eq!(pair.status(&id).await, Status::Uploading);
    }
}

#[tokio::test]
async fn a_python_node_that_finds_the_hash_of_an_image_is_told_of_its_delete() {
    let pair = Pair::new();
    let mut image = Image::queued(ImageId::from_bits(7), Timestamp::from_micros(1));
    image.owner = Some("p1".parse().unwrap());
    let name = PropertyName::stored("os_glance_hash_op_host".to_owned());
    let host = PropertyValue::stored(Some(ONE.to_owned()));
    image.properties.insert(name, host);
    let image = image.stored_as(Status::Active);
    pair.one.memory.catalog.insert(&image, None).await.unwrap();
    let id = image.id.to_string();

    let deleted = delete(&pair.two, ALICE, &id).await;

    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let asked: Vec<Method> = pair.lines.asked().into_iter().map(|a| a.method).collect();
    assert_eq!(asked, [Method::DELETE]);
}
