//! Servers that are not there, say no, or say nothing.

use std::error::Error as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use glance_core::domain::{BlobUrl, Location};
use glance_core::ports::{ImageStore, Operation, StoreError};
use glance_core::{Error, ErrorKind};
use glance_stores::{ObjectBridge, S3Options};

use crate::servers::{PART, data, key, read, s3_options, server, write};

fn at(host: String) -> (ObjectBridge, BlobUrl) {
    let url = format!("s3://{host}/images/{}", key(1).image);
    let options = S3Options::new(
        "s3".parse().unwrap(),
        host,
        "images",
        "access".into(),
        "secret".into(),
    );
    (ObjectBridge::open_s3(options).unwrap(), BlobUrl::new(url))
}

async fn upload(store: &ObjectBridge, length: usize) -> Result<Location, StoreError> {
    let mut writer = store.start(&key(1)).await?;
    writer.write(data(length)).await?;
    writer.commit().await
}

fn assert_unavailable(error: StoreError) {
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert_eq!(Error::from(error).kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let (store, url) = at(host);
    let started = Instant::now();

    assert_unavailable(store.read(&url, None).await.unwrap_err());
    assert_unavailable(store.size(&url).await.unwrap_err());
    assert_unavailable(store.delete(&url).await.unwrap_err());
    assert_unavailable(store.discard(&key(1)).await.unwrap_err());
    assert_unavailable(upload(&store, 10).await.unwrap_err());
    assert_unavailable(upload(&store, 2 * PART).await.unwrap_err());

    assert!(started.elapsed() < Duration::from_secs(10));
}

/// The system takes connections for a process that is stopped, and nothing comes back.
#[tokio::test]
async fn a_server_that_is_frozen_is_unavailable_within_its_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (store, url) = at(listener.local_addr().unwrap().to_string());
    let started = Instant::now();

    let (read, size, sweep, small, large) = tokio::join!(
        store.read(&url, None),
        store.size(&url),
        store.sweep(Duration::from_secs(1)),
        upload(&store, 10),
        upload(&store, 2 * PART),
    );

    assert_unavailable(read.unwrap_err());
    assert_unavailable(size.unwrap_err());
    assert_unavailable(sweep.unwrap_err());
    assert_unavailable(small.unwrap_err());
    assert_unavailable(large.unwrap_err());
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn a_bucket_that_is_missing_and_may_not_be_made_is_named_as_the_trouble() {
    for length in [10, PART + 1] {
        let store = ObjectBridge::open_s3(S3Options {
            create_bucket_on_put: false,
            ..s3_options("GLANCE_TEST_S3_MOTO")
        })
        .unwrap();
        let error = upload(&store, length).await.unwrap_err();

        assert!(
            matches!(
                error,
                StoreError::Backend {
                    operation: Operation::Write,
                    ..
                }
            ),
            "{error:?}"
        );
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains("create the bucket"), "{cause}");
    }
}

#[tokio::test]
#[ignore = "needs moto behind TLS: tests/servers/run.sh starts it"]
async fn a_certificate_is_trusted_where_cacert_names_it_alone() {
    let strange = s3_options("GLANCE_TEST_S3_TLS");
    let known = S3Options {
        cacert: Some(server("GLANCE_TEST_CA").into()),
        ..strange.clone()
    };

    let refused = upload(&ObjectBridge::open_s3(strange).unwrap(), 10).await;
    let store = ObjectBridge::open_s3(known).unwrap();
    let url = write(&store, &key(1), data(10)).await;

    assert!(refused.is_err(), "{refused:?}");
    assert!(url.as_str().starts_with("s3+https://127.0.0.1:"));
    assert_eq!(read(&store, &url, None).await, data(10));
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn a_bucket_is_made_in_its_region() {
    let store = ObjectBridge::open_s3(S3Options {
        region: "eu-west-1".to_owned(),
        ..s3_options("GLANCE_TEST_S3_MOTO")
    })
    .unwrap();

    let url = write(&store, &key(1), data(10)).await;

    assert_eq!(read(&store, &url, None).await, data(10));
}
