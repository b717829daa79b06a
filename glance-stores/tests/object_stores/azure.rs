//! Azure Blob Storage, on Azurite.

use std::time::Duration;

use glance_core::ports::{ImageStore, StoreError};
use glance_stores::{AzureOptions, ObjectBridge};
use uuid::Uuid;

use crate::servers::{PART, data, key, read, server, write};

fn options() -> AzureOptions {
    let container = format!("glance-{}", Uuid::new_v4().simple());
    let (id, key) = ("azure".parse().unwrap(), AZURITE_KEY.into());
    AzureOptions {
        create_container_on_put: true,
        endpoint: Some(format!(
            "{}/devstoreaccount1",
            server("GLANCE_TEST_AZURITE")
        )),
        part_size: PART as u64,
        ..AzureOptions::new(id, "devstoreaccount1", key, container)
    }
}

pub(crate) fn store() -> ObjectBridge {
    ObjectBridge::open_azure(options()).unwrap()
}

#[tokio::test]
#[ignore = "needs Azurite: tests/servers/run.sh starts it"]
async fn blocks_come_back_as_one_blob() {
    let options = options();
    let url = format!("azure://devstoreaccount1/{}/", options.container);
    let store = ObjectBridge::open_azure(options).unwrap();
    let data = data(4 * PART + 12_345);

    let written = write(&store, &key(1), data.clone()).await;

    assert_eq!(written.as_str(), url + key(1).image.as_str());
    assert!(read(&store, &written, None).await == data);
}

#[tokio::test]
#[ignore = "needs Azurite: tests/servers/run.sh starts it"]
async fn a_writer_that_commits_too_late_is_refused() {
    let store = store();
    let mut late = store.start(&key(1)).await.unwrap();
    late.write(data(PART + 1)).await.unwrap();
    let url = write(&store, &key(1), data(10)).await;

    let refused = late.commit().await;

    assert!(
        matches!(refused, Err(StoreError::AlreadyExists { .. })),
        "{refused:?}"
    );
    assert_eq!(read(&store, &url, None).await, data(10));
}

#[tokio::test]
#[ignore = "needs Azurite: tests/servers/run.sh starts it"]
async fn what_a_crash_leaves_is_not_seen_and_not_in_the_way() {
    let store = store();
    let mut crashed = store.start(&key(1)).await.unwrap();
    crashed.write(data(PART + 1)).await.unwrap();
    std::mem::forget(crashed);

    store.discard(&key(1)).await.unwrap();
    let swept = store.sweep(Duration::ZERO).await.unwrap();

    assert_eq!(swept, 0);
    let url = write(&store, &key(1), data(2 * PART)).await;
    assert!(read(&store, &url, None).await == data(2 * PART));
}

#[tokio::test]
#[ignore = "needs Azurite: tests/servers/run.sh starts it"]
async fn a_wrong_key_is_refused_and_not_told() {
    let store = ObjectBridge::open_azure(AzureOptions {
        access_key: "Y2FuYXJ5Y2FuYXJ5".into(),
        ..options()
    })
    .unwrap();

    let error = store.start(&key(1)).await.unwrap().commit().await;

    let error = error.unwrap_err();
    assert!(
        matches!(error, StoreError::PermissionDenied { .. }),
        "{error:?}"
    );
    let text = format!("{error:?} {error:#?} {store:?}");
    assert!(!text.contains("Y2FuYXJ5"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

/// What everybody knows: <https://learn.microsoft.com/azure/storage/common/storage-use-azurite>.
const AZURITE_KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTO\
    tr/KBHBeksoGMGw==";
