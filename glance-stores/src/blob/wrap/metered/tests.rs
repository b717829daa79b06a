use futures::TryStreamExt;

use super::*;
use crate::blob::wrap::faulty::{BLOB, Fault, Faulty, key};
use crate::blob::wrap::{Limited, StoreLimits};

#[tokio::test]
async fn operations_and_bytes_are_counted() {
    let store = Metered::new(Arc::new(Faulty::new(Fault::None)));

    let mut writer = store.start(&key()).await.unwrap();
    writer.write(Bytes::from_static(b"12345")).await.unwrap();
    writer.write(Bytes::from_static(b"678")).await.unwrap();
    let url = writer.commit().await.unwrap().url;
    let range = ByteRange {
        offset: 2,
        length: 4,
    };
    for range in [None, Some(range)] {
        let bytes = store.read(&url, range).await.unwrap();
        bytes.try_collect::<Vec<_>>().await.unwrap();
    }
    store.delete(&url).await.unwrap();
    assert!(store.delete(&url).await.is_err());

    let metrics = store.metrics();
    assert_eq!((metrics.bytes_in, metrics.bytes_out), (8, 12));
    let counted: Vec<_> = metrics
        .operations
        .iter()
        .map(|(operation, metrics)| (operation, metrics.latency.count(), metrics.errors))
        .filter(|(_, count, _)| *count > 0)
        .map(|counted| format!("{counted:?}"))
        .collect();
    assert_eq!(
        counted,
        [
            "(Commit, 1, 0)",
            "(Delete, 2, 1)",
            "(Read, 2, 0)",
            "(Start, 1, 0)",
            "(Write, 2, 0)"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_hangs_is_an_error_of_its_deadline_s_length() {
    let (store, url) = Faulty::with_blob(Fault::Hangs).await;
    let limited = Limited::new(Arc::new(store), StoreLimits::default());
    let store = Metered::new(Arc::new(limited));

    assert!(store.size(&url).await.is_err());

    let size = &store.metrics().operations[&StoreOperation::Size];
    assert_eq!(size.errors, 1);
    let deadline = StoreLimits::default().short;
    assert_eq!(size.latency.total().as_secs(), deadline.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_read_that_breaks_off_is_counted() {
    let (store, url) = Faulty::with_blob(Fault::Stalls).await;
    let limited = Limited::new(Arc::new(store), StoreLimits::default());
    let store = Metered::new(Arc::new(limited));

    let bytes = store.read(&url, None).await.unwrap();
    assert!(bytes.try_collect::<Vec<_>>().await.is_err());

    let metrics = store.metrics();
    assert_eq!(metrics.broken_reads, 1);
    assert!(metrics.bytes_out < BLOB.len() as u64);
}

#[test]
fn every_operation_has_its_own_counter() {
    let places: Vec<_> = StoreOperation::ALL
        .into_iter()
        .map(|operation| operation as usize)
        .collect();

    assert_eq!(places, (0..StoreOperation::ALL.len()).collect::<Vec<_>>());
}
