//! What writers leave behind that end in the middle.

use std::time::Duration;

use glance_core::domain::ImageId;
use glance_core::ports::{BlobWriter, ImageStore};
use glance_stores::{ObjectBridge, S3Options};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::MultipartStore;
use object_store::{ObjectStoreExt, PutPayload};

use crate::servers::{PART, data, key, read, s3_options, s3_store, write};

/// Part one has arrived when this returns. To moto, every upload began in 2010: only the parts tell
/// the time.
async fn half_written(store: &ObjectBridge, bits: u128) -> Box<dyn BlobWriter> {
    let mut writer = store.start(&key(bits)).await.unwrap();
    writer.write(data(PART + 1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    writer
}

/// The same bucket, without the bridge.
fn plainly(options: &S3Options) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_endpoint(&options.host)
        .with_allow_http(true)
        .with_bucket_name(&options.bucket)
        .with_access_key_id("access")
        .with_secret_access_key("secret")
        .build()
        .unwrap()
}

/// Waits until nothing is unfinished, and tells how much was.
async fn nothing_stays(store: &ObjectBridge) -> usize {
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if store.sweep(Duration::ZERO).await.unwrap() == 0 {
            return 0;
        }
    }
    1
}

async fn a_crash_leaves_no_object_and_discard_removes_the_rest(server: &str) {
    let options = s3_options(server);
    let crashed = ObjectBridge::open_s3(options.clone()).unwrap();
    // As for `kill -9`: nothing in memory knows of the upload any more.
    std::mem::forget(half_written(&crashed, 1).await);
    let mut other = half_written(&crashed, 2).await;
    let next = ObjectBridge::open_s3(options.clone()).unwrap();

    next.discard(&key(1)).await.unwrap();
    next.discard(&key(1)).await.unwrap();

    other.write(data(1)).await.unwrap();
    other.commit().await.unwrap();
    assert_eq!(next.sweep(Duration::ZERO).await.unwrap(), 0);
    let (plain, path) = (plainly(&options), ImageId::from_bits(1).as_str().into());
    let absent = plain.head(&path);
    assert!(absent.await.is_err(), "a crash left an object");
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn a_crash_leaves_no_object_and_discard_removes_the_rest_in_moto() {
    a_crash_leaves_no_object_and_discard_removes_the_rest("GLANCE_TEST_S3_MOTO").await;
}

#[tokio::test]
#[ignore = "needs radosgw: tests/servers/run.sh starts it"]
async fn a_crash_leaves_no_object_and_discard_removes_the_rest_in_radosgw() {
    a_crash_leaves_no_object_and_discard_removes_the_rest("GLANCE_TEST_S3_RGW").await;
}

async fn sweep_removes_what_images_left_idle_and_nothing_else(server: &str) {
    let options = s3_options(server);
    let store = ObjectBridge::open_s3(options.clone()).unwrap();
    let committed = write(&store, &key(9), data(10)).await;
    for bits in 1..=3 {
        std::mem::forget(half_written(&store, bits).await);
    }
    let (plain, foreign) = (plainly(&options), "backup of all.tar".into());
    let upload = plain.create_multipart(&foreign).await.unwrap();

    let recent = store.sweep(Duration::from_secs(3600)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut busy = half_written(&store, 4).await;
    let idle = store.sweep(Duration::from_secs(3)).await.unwrap();

    assert_eq!((recent, idle), (0, 3));
    busy.write(data(1)).await.unwrap();
    busy.commit().await.unwrap();
    assert_eq!(read(&store, &committed, None).await, data(10));
    let payload = PutPayload::from_static(b"foreign");
    let part = plain.put_part(&foreign, &upload, 0, payload).await.unwrap();
    let completed = plain.complete_multipart(&foreign, &upload, vec![part]);
    completed.await.unwrap();
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn sweep_removes_what_images_left_idle_and_nothing_else_in_moto() {
    sweep_removes_what_images_left_idle_and_nothing_else("GLANCE_TEST_S3_MOTO").await;
}

#[tokio::test]
#[ignore = "needs radosgw: tests/servers/run.sh starts it"]
async fn sweep_removes_what_images_left_idle_and_nothing_else_in_radosgw() {
    sweep_removes_what_images_left_idle_and_nothing_else("GLANCE_TEST_S3_RGW").await;
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn an_upload_that_began_long_ago_is_not_idle_while_parts_come() {
    let store = s3_store("GLANCE_TEST_S3_MOTO");
    let mut slow = half_written(&store, 1).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    slow.write(data(PART)).await.unwrap();
    // Until the part has arrived.
    tokio::time::sleep(Duration::from_secs(1)).await;

    let swept = store.sweep(Duration::from_secs(3)).await.unwrap();

    assert_eq!(swept, 0);
    slow.commit().await.unwrap();
}

async fn writers_that_end_without_commit_leave_nothing(server: &str) {
    let store = s3_store(server);

    drop(half_written(&store, 1).await);
    let dropped = nothing_stays(&store).await;
    half_written(&store, 2).await.abort().await.unwrap();
    let aborted = store.sweep(Duration::ZERO).await.unwrap();
    let late = half_written(&store, 3).await;
    write(&store, &key(3), data(1)).await;
    late.commit().await.unwrap_err();
    let refused = store.sweep(Duration::ZERO).await.unwrap();

    assert_eq!((dropped, aborted, refused), (0, 0, 0));
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn writers_that_end_without_commit_leave_nothing_in_moto() {
    writers_that_end_without_commit_leave_nothing("GLANCE_TEST_S3_MOTO").await;
}

#[tokio::test]
#[ignore = "needs radosgw: tests/servers/run.sh starts it"]
async fn writers_that_end_without_commit_leave_nothing_in_radosgw() {
    writers_that_end_without_commit_leave_nothing("GLANCE_TEST_S3_RGW").await;
}

/// It answers 501 to whoever asks for the list.
#[tokio::test]
#[ignore = "needs s3s-fs: tests/servers/run.sh starts it"]
async fn a_server_that_lists_no_uploads_is_swept_in_vain_and_without_error() {
    let store = s3_store("GLANCE_TEST_S3_S3S");
    std::mem::forget(half_written(&store, 1).await);

    store.discard(&key(1)).await.unwrap();

    assert_eq!(store.sweep(Duration::ZERO).await.unwrap(), 0);
    let url = write(&store, &key(1), data(PART + 1)).await;
    assert!(read(&store, &url, None).await == data(PART + 1));
}
