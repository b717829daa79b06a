//! Stores on the servers that `tests/servers/run.sh` starts.

use std::env;
use std::future::Future;

use bytes::Bytes;
use futures::TryStreamExt;
use glance_core::domain::{BlobUrl, ByteRange, ImageId};
use glance_core::ports::{BlobKey, ImageStore};
use glance_stores::{ObjectBridge, S3Options};
use uuid::Uuid;

/// Where a server is. A test without its server fails.
pub(crate) fn server(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("no {variable}: run tests/servers/run.sh"))
}

/// A bucket that no other test uses, and that is made by the first upload.
pub(crate) fn s3_options(variable: &str) -> S3Options {
    let bucket = format!("glance-{}", Uuid::new_v4().simple());
    let id = "s3".parse().unwrap();
    S3Options {
        create_bucket_on_put: true,
        large_object_chunk_size: PART as u64,
        ..S3Options::new(
            id,
            server(variable),
            bucket,
            "access".into(),
            "secret".into(),
        )
    }
}

pub(crate) fn s3_store(variable: &str) -> ObjectBridge {
    ObjectBridge::open_s3(s3_options(variable)).unwrap()
}

/// Where even the smallest object is written in parts.
pub(crate) fn s3_in_parts(variable: &str) -> ObjectBridge {
    let options = S3Options {
        large_object_size: 0,
        ..s3_options(variable)
    };
    ObjectBridge::open_s3(options).unwrap()
}

pub(crate) fn run(clause: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(clause);
}

pub(crate) fn key(bits: u128) -> BlobKey {
    BlobKey {
        image: ImageId::from_bits(bits),
        upload: "upload".parse().unwrap(),
        size: None,
    }
}

/// Bytes that tell where they stand.
pub(crate) fn data(length: usize) -> Bytes {
    let words = (0..length.div_ceil(8) as u64).flat_map(u64::to_le_bytes);
    words.take(length).collect()
}

pub(crate) async fn write(store: &dyn ImageStore, key: &BlobKey, data: Bytes) -> BlobUrl {
    let mut writer = store.start(key).await.unwrap();
    writer.write(data).await.unwrap();
    writer.commit().await.unwrap().url
}

pub(crate) async fn read(
    store: &dyn ImageStore,
    url: &BlobUrl,
    range: Option<ByteRange>,
) -> Vec<u8> {
    let stream = store.read(url, range).await.unwrap();
    let chunks: Vec<Bytes> = stream.try_collect().await.unwrap();
    chunks.concat()
}

/// The smallest part that S3 takes.
pub(crate) const PART: usize = 5 << 20;
