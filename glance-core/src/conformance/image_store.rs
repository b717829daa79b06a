//! What holds of blobs in every store.

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;

use crate::domain::{BlobUrl, ByteRange, ImageId};
use crate::ports::{BlobKey, FoundBlob, ImageStore, StoreError};

/// Chunks of all sizes come back as one blob.
pub async fn what_is_written_is_read(store: &dyn ImageStore) {
    let data = data(1_000_000);

    let url = write(store, &key(1), &data).await;

    assert_eq!(read(store, &url, None).await, data);
    assert_eq!(store.size(&url).await.unwrap(), data.len() as u64);
    assert!(store.owns(&url));
}

/// Upstream's clients upload nothing to make an image active.
pub async fn an_empty_blob_is_a_blob(store: &dyn ImageStore) {
    let url = write(store, &key(1), &[]).await;

    assert_eq!(read(store, &url, None).await, b"");
    let none = ByteRange {
        offset: 0,
        length: 0,
    };
    assert_eq!(read(store, &url, Some(none)).await, b"");
    assert_eq!(store.size(&url).await.unwrap(), 0);
}

/// No byte more, none less (rule R12).
pub async fn any_range_is_read_exactly(store: &dyn ImageStore) {
    let data = data(700_001);
    let url = write(store, &key(1), &data).await;

    for (offset, length) in [
        (0, 1),
        (0, 700_001),
        (1, 262_144),
        (262_143, 2),
        (524_288, 100),
        (699_999, 2),
        (700_000, 1),
        (350_000, 0),
    ] {
        let range = ByteRange { offset, length };
        let start = usize::try_from(offset).unwrap();
        let end = start + usize::try_from(length).unwrap();
        assert_eq!(
            read(store, &url, Some(range)).await,
            data[start..end],
            "{range:?}"
        );
    }
    assert!(
        collect(
            store,
            &url,
            Some(ByteRange {
                offset: 700_000,
                length: 2
            })
        )
        .await
        .is_err(),
        "a blob shorter than the range must be an error"
    );
}

/// A reader sees the whole blob or none.
pub async fn nothing_is_readable_before_commit(store: &dyn ImageStore) {
    let url = write(store, &key(1), b"to learn where blobs are").await;
    store.delete(&url).await.unwrap();

    let mut writer = store.start(&again(1)).await.unwrap();
    writer.write(Bytes::from_static(b"half")).await.unwrap();
    let early = collect(store, &url, None).await;
    writer
        .write(Bytes::from_static(b" and half"))
        .await
        .unwrap();
    let committed = writer.commit().await.unwrap();

    assert!(
        matches!(early, Err(ReadError::Store(StoreError::NotFound { .. }))),
        "{early:?}"
    );
    assert_eq!(read(store, &committed.url, None).await, b"half and half");
}

/// Nothing stays of it; the same image can be written again.
pub async fn an_aborted_blob_is_not_there(store: &dyn ImageStore) {
    let mut writer = store.start(&key(1)).await.unwrap();
    writer.write(Bytes::from_static(b"half")).await.unwrap();

    writer.abort().await.unwrap();

    let url = write(store, &again(1), b"whole").await;
    assert_eq!(read(store, &url, None).await, b"whole");
}

/// As for an abort, once the leftovers are discarded.
pub async fn a_dropped_writer_leaves_nothing_readable(store: &dyn ImageStore) {
    let url = write(store, &key(1), b"to learn where blobs are").await;
    store.delete(&url).await.unwrap();
    let mut writer = store.start(&again(1)).await.unwrap();
    writer.write(Bytes::from_static(b"half")).await.unwrap();

    drop(writer);

    let result = collect(store, &url, None).await;
    assert!(
        matches!(result, Err(ReadError::Store(StoreError::NotFound { .. }))),
        "{result:?}"
    );
    store.discard(&again(1)).await.unwrap();
    assert_eq!(
        read(store, &write(store, &key(1), b"whole").await, None).await,
        b"whole"
    );
}

/// The second writer of an image is refused, and the first one's blob stays (rule R4).
pub async fn a_blob_is_never_replaced(store: &dyn ImageStore) {
    let url = write(store, &key(1), b"first").await;

    let second = async {
        let mut writer = store.start(&again(1)).await?;
        writer.write(Bytes::from_static(b"second")).await?;
        writer.commit().await
    };
    let result = second.await;

    assert!(
        matches!(result, Err(StoreError::AlreadyExists { .. })),
        "{result:?}"
    );
    assert_eq!(read(store, &url, None).await, b"first");
}

/// Reading, sizing and deleting what is not there says so.
pub async fn an_absent_blob_is_not_found(store: &dyn ImageStore) {
    let url = write(store, &key(1), b"to learn where blobs are").await;
    let absent = BlobUrl::new(url.as_str().replace(
        ImageId::from_bits(1).as_str(),
        ImageId::from_bits(2).as_str(),
    ));

    let read = collect(store, &absent, None).await;
    let size = store.size(&absent).await;
    let deleted = store.delete(&absent).await;

    assert!(
        matches!(read, Err(ReadError::Store(StoreError::NotFound { .. }))),
        "{read:?}"
    );
    assert!(matches!(size, Err(StoreError::NotFound { .. })), "{size:?}");
    assert!(
        matches!(deleted, Err(StoreError::NotFound { .. })),
        "{deleted:?}"
    );
}

/// Others stay.
pub async fn a_deleted_blob_is_gone(store: &dyn ImageStore) {
    let url = write(store, &key(1), b"one").await;
    let other = write(store, &key(2), b"two").await;

    store.delete(&url).await.unwrap();

    let result = collect(store, &url, None).await;
    assert!(
        matches!(result, Err(ReadError::Store(StoreError::NotFound { .. }))),
        "{result:?}"
    );
    assert_eq!(read(store, &other, None).await, b"two");
}

/// What a key left uncommitted goes; what is committed stays, as do writers of other images.
pub async fn discard_removes_what_its_key_left_and_no_more(store: &dyn ImageStore) {
    let url = write(store, &key(1), b"committed").await;
    let mut broken = store.start(&again(1)).await.unwrap();
    broken.write(Bytes::from_static(b"broken")).await.unwrap();
    let mut open = store.start(&key(3)).await.unwrap();
    open.write(Bytes::from_static(b"still ")).await.unwrap();
    drop(broken);

    for key in [key(1), again(1), again(2)] {
        store.discard(&key).await.unwrap();
        store.discard(&key).await.unwrap();
    }

    assert_eq!(read(store, &url, None).await, b"committed");
    open.write(Bytes::from_static(b"written")).await.unwrap();
    let written = open.commit().await.unwrap();
    assert_eq!(read(store, &written.url, None).await, b"still written");
}

/// The image's blob goes, whichever writer committed it, and no other.
pub async fn vacate_removes_the_blob_of_its_image_alone(store: &dyn ImageStore) {
    let url = write(store, &again(1), b"committed, never recorded").await;
    let other = write(store, &key(2), b"other").await;

    store.vacate(ImageId::from_bits(1)).await.unwrap();
    store.vacate(ImageId::from_bits(1)).await.unwrap();

    let result = collect(store, &url, None).await;
    assert!(
        matches!(result, Err(ReadError::Store(StoreError::NotFound { .. }))),
        "{result:?}"
    );
    assert_eq!(read(store, &other, None).await, b"other");
}

/// Committed blobs and writers at work stay.
pub async fn sweep_spares_whatever_is_in_use(store: &dyn ImageStore) {
    let url = write(store, &key(1), b"committed").await;
    let mut open = store.start(&key(2)).await.unwrap();
    open.write(Bytes::from_static(b"still ")).await.unwrap();

    let swept = store.sweep(Duration::from_secs(3600)).await.unwrap();

    assert_eq!(swept, 0);
    assert_eq!(read(store, &url, None).await, b"committed");
    open.write(Bytes::from_static(b"written")).await.unwrap();
    let written = open.commit().await.unwrap();
    assert_eq!(read(store, &written.url, None).await, b"still written");
}

/// Each copy once, with its size and in the spelling of its store, and nothing that is not committed.
pub async fn a_list_tells_what_is_committed_and_no_more(store: &dyn ImageStore) {
    if !store.capabilities().list {
        let refused = store.list().await.err();
        assert!(matches!(refused, Some(StoreError::Unsupported { .. })));
        return;
    }
    assert_eq!(listed(store).await, []);
    let mut written = Vec::new();
    for (bits, data) in [(1, &b"one"[..]), (2, b""), (3, b"three")] {
        let url = write(store, &key(bits), data).await;
        written.push((url, data.len() as u64));
    }
    let (gone, _) = written.remove(0);
    store.delete(&gone).await.unwrap();
    let mut open = store.start(&key(4)).await.unwrap();
    open.write(Bytes::from_static(b"four")).await.unwrap();

    let before = listed(store).await;
    let last = open.commit().await.unwrap();
    let after = listed(store).await;

    assert_eq!(before, copies(store, &written));
    written.push((last.url, 4));
    assert_eq!(after, copies(store, &written));
    // Each copy is a location by itself.
    for (url, size) in after {
        assert!(store.owns(&url), "{url}");
        assert_eq!(store.copies(&url), std::slice::from_ref(&url));
        assert_eq!(store.size(&url).await.unwrap(), size);
    }
}

fn copies(store: &dyn ImageStore, written: &[(BlobUrl, u64)]) -> Vec<(BlobUrl, u64)> {
    let copies = written.iter().flat_map(|(url, size)| {
        let copies = store.copies(url).into_iter();
        copies.map(|copy| (copy, *size))
    });
    let mut copies: Vec<_> = copies.collect();
    copies.sort();
    copies
}

async fn listed(store: &dyn ImageStore) -> Vec<(BlobUrl, u64)> {
    let blobs: Vec<FoundBlob> = store.list().await.unwrap().try_collect().await.unwrap();
    let hour = Duration::from_secs(3600);
    assert!(
        blobs
            .iter()
            .all(|blob| blob.age.is_none_or(|age| age < hour))
    );
    let mut found: Vec<_> = blobs
        .into_iter()
        .map(|blob| (blob.url, blob.size))
        .collect();
    found.sort();
    found
}

/// A store answers for its own blobs alone, and reads no others.
pub async fn strangers_locations_are_not_owned(store: &dyn ImageStore) {
    for url in [
        "file:///etc/passwd",
        "nosuch://x/y",
        "",
        "file://",
        "https://127.0.0.1/x",
    ] {
        let url = BlobUrl::new(url);

        assert!(!store.owns(&url), "{url}");
        assert!(collect(store, &url, None).await.is_err(), "{url}");
    }
}

/// It is a location of its own, and stays as it is.
pub async fn the_canonical_form_of_a_location_leads_there(store: &dyn ImageStore) {
    let url = write(store, &key(1), b"committed").await;
    let other = BlobUrl::new("nosuch://x/y");

    let canonical = store.canonical(&url);

    assert!(store.owns(&canonical));
    assert_eq!(store.canonical(&canonical), canonical);
    assert_eq!(read(store, &canonical, None).await, b"committed");
    assert_eq!(store.canonical(&other), other);
}

/// Why a blob could not be read whole.
#[derive(Debug)]
enum ReadError {
    Store(StoreError),
    Body(#[expect(dead_code, reason = "shown by a failing clause")] crate::ports::BodyError),
}

async fn collect(
    store: &dyn ImageStore,
    url: &BlobUrl,
    range: Option<ByteRange>,
) -> Result<Vec<u8>, ReadError> {
    let stream = store.read(url, range).await.map_err(ReadError::Store)?;
    let chunks: Vec<Bytes> = stream.try_collect().await.map_err(ReadError::Body)?;
    Ok(chunks.concat())
}

async fn read(store: &dyn ImageStore, url: &BlobUrl, range: Option<ByteRange>) -> Vec<u8> {
    collect(store, url, range).await.unwrap()
}

async fn write(store: &dyn ImageStore, key: &BlobKey, data: &[u8]) -> BlobUrl {
    let mut writer = store.start(key).await.unwrap();
    let mut rest = Bytes::copy_from_slice(data);
    let mut size = 1;
    while !rest.is_empty() {
        writer
            .write(rest.split_to(size.min(rest.len())))
            .await
            .unwrap();
        size = size * 3 + 1;
    }
    writer.commit().await.unwrap().url
}

fn key(bits: u128) -> BlobKey {
    BlobKey {
        image: ImageId::from_bits(bits),
        upload: "first".parse().unwrap(),
        size: None,
    }
}

fn again(bits: u128) -> BlobKey {
    BlobKey {
        upload: "second".parse().unwrap(),
        ..key(bits)
    }
}

fn data(length: u32) -> Vec<u8> {
    (0..length)
        .map(|at| u8::try_from(at % 251).unwrap_or(0))
        .collect()
}
