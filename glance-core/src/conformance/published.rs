//! What holds of blobs that somebody else published: the contract of stores that only read.

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;

use crate::domain::{BlobUrl, ByteRange, ImageId};
use crate::ports::{BlobKey, ImageStore, Operation, StoreError};

/// A store that does not write, and what it is known to hold.
#[derive(Debug)]
pub struct Published {
    /// The store.
    pub store: Box<dyn ImageStore>,
    /// Blobs of it, of any size; one of 1,000 bytes at least.
    pub blobs: Vec<(BlobUrl, Bytes)>,
    /// A location of the store where nothing is.
    pub absent: BlobUrl,
}

/// Whole, and with its size.
pub async fn what_is_published_is_read(published: &Published) {
    let store = &*published.store;
    assert!(published.blobs.iter().any(|(_, data)| data.len() >= 1_000));

    for (url, data) in &published.blobs {
        assert!(store.owns(url), "{url}");
        assert_eq!(store.size(url).await.unwrap(), data.len() as u64, "{url}");
        assert!(read(store, url, None).await.unwrap() == *data, "{url}");
    }
}

/// No byte more, none less (rule R12).
pub async fn any_range_is_read_exactly(published: &Published) {
    let store = &*published.store;
    assert!(store.capabilities().ranges);

    for (url, data) in &published.blobs {
        let size = data.len();
        for (start, end) in [
            (0, 0),
            (0, 1),
            (0, size),
            (1, size),
            (size / 3, size / 2),
            (size / 2, size / 2),
            (size.saturating_sub(1), size),
            (size, size),
        ] {
            let Some(expected) = data.get(start..end) else {
                continue;
            };
            let range = range(start, end - start);
            let got = read(store, url, Some(range)).await.unwrap();
            assert!(got == expected, "{url} {range:?}");
        }
        for past in [range(size, 1), range(0, size + 1), range(size + 1, 0)] {
            assert!(
                read(store, url, Some(past)).await.is_err(),
                "{url} {past:?}"
            );
        }
    }
}

/// Neither is its size.
pub async fn an_absent_blob_is_not_found(published: &Published) {
    let (store, absent) = (&*published.store, &published.absent);

    for range in [None, Some(range(0, 1)), Some(range(0, 0))] {
        let read = store.read(absent, range).await;
        assert!(matches!(read, Err(StoreError::NotFound { .. })), "{read:?}");
    }
    let size = store.size(absent).await;
    assert!(matches!(size, Err(StoreError::NotFound { .. })), "{size:?}");
}

/// And it says so beforehand.
pub async fn writing_and_deleting_are_unsupported(published: &Published) {
    let store = &*published.store;
    let capabilities = store.capabilities();
    assert!(!capabilities.write && !capabilities.delete);

    let started = store.start(&key()).await;
    assert!(
        matches!(
            started,
            Err(StoreError::Unsupported {
                operation: Operation::Write,
                ..
            })
        ),
        "{started:?}"
    );
    for (url, _) in &published.blobs {
        let deleted = store.delete(url).await;
        assert!(
            matches!(
                deleted,
                Err(StoreError::Unsupported {
                    operation: Operation::Delete,
                    ..
                })
            ),
            "{deleted:?}"
        );
    }
    what_is_published_is_read(published).await;
}

/// There is nothing that an upload could have left.
pub async fn there_is_nothing_to_clean_up(published: &Published) {
    let store = &*published.store;

    store.discard(&key()).await.unwrap();
    store.vacate(key().image).await.unwrap();
    assert_eq!(store.sweep(Duration::ZERO).await.unwrap(), 0);

    what_is_published_is_read(published).await;
}

/// It says so beforehand.
pub async fn what_there_is_is_not_told(published: &Published) {
    let store = &*published.store;

    let listed = store.list().await;

    assert!(!store.capabilities().list);
    assert!(
        matches!(
            listed,
            Err(StoreError::Unsupported {
                operation: Operation::List,
                ..
            })
        ),
        "{listed:?}"
    );
}

/// A store answers for its own blobs alone, and reads no others.
pub async fn strangers_locations_are_not_owned(published: &Published) {
    let store = &*published.store;
    for url in [
        "file:///etc/passwd",
        "nosuch://x/y",
        "",
        "file://",
        "http://",
        "https:",
        "/etc/passwd",
    ] {
        let url = BlobUrl::new(url);

        assert!(!store.owns(&url), "{url}");
        assert!(read(store, &url, None).await.is_err(), "{url}");
    }
}

async fn read(
    store: &dyn ImageStore,
    url: &BlobUrl,
    range: Option<ByteRange>,
) -> Result<Vec<u8>, String> {
    let stream = store.read(url, range).await;
    let stream = stream.map_err(|error| format!("{error:?}"))?;
    let chunks: Vec<Bytes> = stream
        .try_collect()
        .await
        .map_err(|error| format!("{error:?}"))?;
    Ok(chunks.concat())
}

fn range(offset: usize, length: usize) -> ByteRange {
    ByteRange {
        offset: offset as u64,
        length: length as u64,
    }
}

fn key() -> BlobKey {
    BlobKey {
        image: ImageId::from_bits(1),
        upload: "upload".parse().unwrap(),
        size: None,
    }
}
