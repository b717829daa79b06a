//! How much memory a transfer takes. Alone in its process: nothing else is measured.
#![cfg(feature = "s3")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::fs;

use bytes::Bytes;
use futures::TryStreamExt;
use glance_core::domain::ImageId;
use glance_core::ports::{BlobKey, ImageStore};
use glance_stores::{ObjectBridge, S3Options};

/// `GLANCE_TEST_TRANSFER_MIB=6144` transfers 6 GiB.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs s3s-fs: tests/servers/run.sh starts it"]
async fn an_image_of_unknown_size_goes_both_ways_in_64_mib() {
    let mib = env::var("GLANCE_TEST_TRANSFER_MIB").map_or(512, |mib| mib.parse().unwrap());
    let host =
        env::var("GLANCE_TEST_S3_S3S").expect("no GLANCE_TEST_S3_S3S: run tests/servers/run.sh");
    let (access, secret) = ("access".into(), "secret".into());
    let store = ObjectBridge::open_s3(S3Options {
        create_bucket_on_put: true,
        ..S3Options::new("s3".parse().unwrap(), host, "memory", access, secret)
    })
    .unwrap();
    let key = BlobKey {
        image: ImageId::from_bits(1),
        upload: "upload".parse().unwrap(),
        size: None,
    };
    let before = kib("VmRSS:");

    let mut writer = store.start(&key).await.unwrap();
    for _ in 0..mib * 4 {
        // As from a socket: each chunk is memory of its own.
        writer.write(Bytes::from(vec![1; 256 << 10])).await.unwrap();
    }
    let url = writer.commit().await.unwrap().url;
    let written = kib("VmHWM:") - before;
    let body = store.read(&url, None).await.unwrap();
    let bytes = body.try_fold(0, async |sum, chunk| Ok(sum + chunk.len() as u64));
    let bytes = bytes.await.unwrap();
    let read = kib("VmHWM:") - before;
    store.delete(&url).await.unwrap();

    eprintln!("{mib} MiB: {written} KiB more in memory to write, {read} KiB to write and read");
    assert_eq!(bytes, mib << 20);
    assert!(read < 64 << 10, "{read} KiB");
}

/// A line of what the system says of this process.
fn kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
