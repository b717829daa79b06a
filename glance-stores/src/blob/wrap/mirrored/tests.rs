use futures::TryStreamExt;

use super::*;
use crate::blob::wrap::faulty::{BLOB, Fault, Faulty, key};

fn mirrored(stores: &[&Faulty]) -> Mirrored {
    let stores = stores.iter().copied().cloned().map(Arc::new);
    let stores = stores.map(|store| store as Arc<dyn ImageStore>);
    Mirrored::new("mirrored".parse().unwrap(), stores.collect())
}

async fn write(mirrored: &Mirrored) -> Result<BlobUrl, StoreError> {
    let mut writer = mirrored.start(&key()).await?;
    writer.write(Bytes::from_static(BLOB)).await?;
    Ok(writer.commit().await?.url)
}

async fn read(mirrored: &Mirrored, url: &BlobUrl, range: Option<ByteRange>) -> Vec<u8> {
    let body = mirrored.read(url, range).await.unwrap();
    let chunks: Vec<Bytes> = body.try_collect().await.unwrap();
    chunks.concat()
}

fn blobs(store: &Faulty) -> usize {
    store.memory.contents().0.len()
}

#[tokio::test]
async fn what_one_store_lost_or_breaks_off_comes_from_the_next() {
    for fault in [Fault::None, Fault::BreaksOff, Fault::UnavailableFor(9)] {
        let well = Faulty::named("near", Fault::None);
        let far = Faulty::named("far", Fault::None);
        let url = write(&mirrored(&[&well, &far])).await.unwrap();
        let near = well.with(fault);
        if fault == Fault::None {
            near.memory.vacate(key().image).await.unwrap();
        }
        let mirrored = mirrored(&[&near, &far]);

        assert_eq!(read(&mirrored, &url, None).await, BLOB, "{fault:?}");
        let (offset, length) = (2, 9);
        let range = ByteRange { offset, length };
        let part = read(&mirrored, &url, Some(range)).await;
        assert_eq!(part, &BLOB[2..11], "{fault:?}");
        assert_eq!(mirrored.size(&url).await.unwrap(), BLOB.len() as u64);
    }
}

#[tokio::test]
async fn data_is_in_all_of_them_or_in_none() {
    let [near, far] = ["near", "far"].map(|name| Faulty::named(name, Fault::None));
    let mirrored = mirrored(&[&near, &far]);
    let in_the_way = far.memory.start(&key()).await.unwrap();
    in_the_way.commit().await.unwrap();

    let refused = write(&mirrored).await;

    let is_there = matches!(refused, Err(StoreError::AlreadyExists { .. }));
    assert!(is_there, "{refused:?}");
    assert_eq!((blobs(&near), blobs(&far)), (0, 1));
    far.memory.vacate(key().image).await.unwrap();
    write(&mirrored).await.unwrap();
    assert_eq!((blobs(&near), blobs(&far)), (1, 1));
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_all_of_them() {
    let [near, far] = ["near", "far"].map(|name| Faulty::named(name, Fault::None));
    let mirrored = mirrored(&[&near, &far]);
    let url = write(&mirrored).await.unwrap();
    near.memory.vacate(key().image).await.unwrap();

    mirrored.delete(&url).await.unwrap();

    assert_eq!((blobs(&near), blobs(&far)), (0, 0));
    let again = mirrored.delete(&url).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_location_is_read_by_whatever_stores_are_left() {
    let [near, far] = ["near", "far"].map(|name| Faulty::named(name, Fault::None));
    let url = write(&mirrored(&[&near, &far])).await.unwrap();

    assert_eq!(url.image(), Some(key().image));
    assert_eq!(read(&mirrored(&[&far]), &url, None).await, BLOB);
    let stranger = Faulty::named("stranger", Fault::None);
    let refused = mirrored(&[&stranger]).read(&url, None).await;
    let is_refused = matches!(refused, Err(StoreError::BadLocation { .. }));
    assert!(is_refused, "{refused:?}");
}
