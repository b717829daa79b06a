//! Objects that are written in parts.

use bytes::Bytes;
use glance_core::domain::ByteRange;
use glance_core::ports::{BlobKey, ImageStore};
use glance_stores::{ObjectBridge, S3Options};

use crate::servers::{PART, data, key, read, s3_options, s3_store, write};

async fn parts_come_back_as_one_object(variable: &str) {
    let store = s3_store(variable);
    let data = data(7 * PART + 12_345);

    for size in [None, Some(data.len() as u64)] {
        let key = BlobKey { size, ..key(1) };
        let mut writer = store.start(&key).await.unwrap();
        for chunk in data.chunks(300_001) {
            writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
        }
        let url = writer.commit().await.unwrap().url;

        assert_eq!(store.size(&url).await.unwrap(), data.len() as u64);
        assert!(read(&store, &url, None).await == data, "another object");
        let range = ByteRange {
            offset: PART as u64 - 3,
            length: PART as u64 + 7,
        };
        let bytes = read(&store, &url, Some(range)).await;
        assert!(bytes == data[PART - 3..2 * PART + 4], "another range");
        store.delete(&url).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn parts_come_back_as_one_object_from_moto() {
    parts_come_back_as_one_object("GLANCE_TEST_S3_MOTO").await;
}

#[tokio::test]
#[ignore = "needs s3s-fs: tests/servers/run.sh starts it"]
async fn parts_come_back_as_one_object_from_s3s() {
    parts_come_back_as_one_object("GLANCE_TEST_S3_S3S").await;
}

#[tokio::test]
#[ignore = "needs radosgw: tests/servers/run.sh starts it"]
async fn parts_come_back_as_one_object_from_radosgw() {
    parts_come_back_as_one_object("GLANCE_TEST_S3_RGW").await;
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn an_object_that_ends_with_a_part_has_no_empty_part() {
    let store = s3_store("GLANCE_TEST_S3_MOTO");

    let url = write(&store, &key(1), data(2 * PART)).await;

    assert!(read(&store, &url, None).await == data(2 * PART));
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn checksums_are_taken_by_the_server() {
    let store = ObjectBridge::open_s3(S3Options {
        checksums: true,
        ..s3_options("GLANCE_TEST_S3_MOTO")
    })
    .unwrap();

    for (bits, length) in [(1, 1_000), (2, PART + 1)] {
        let url = write(&store, &key(bits), data(length)).await;
        assert!(read(&store, &url, None).await == data(length));
    }
}
