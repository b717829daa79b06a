use futures::StreamExt;
use tokio::time::Instant;

use super::*;
use crate::blob::wrap::faulty::{BLOB, Fault, Faulty, key};

fn retried(store: &Faulty) -> Retried {
    Retried::new(Arc::new(store.clone()), Retries::default())
}

#[tokio::test(start_paused = true)]
async fn what_is_idempotent_is_tried_again() {
    let fault = Fault::UnavailableFor(2);
    let hour = Duration::from_secs(3600);

    let (store, url) = Faulty::with_blob(fault).await;
    assert_eq!(retried(&store).size(&url).await.unwrap(), BLOB.len() as u64);
    assert_eq!(store.asked(), 3);
    let (store, url) = Faulty::with_blob(fault).await;
    let mut bytes = retried(&store).read(&url, None).await.unwrap();
    assert_eq!(bytes.next().await.unwrap().unwrap(), BLOB);
    let (store, url) = Faulty::with_blob(fault).await;
    retried(&store).delete(&url).await.unwrap();
    let (store, _) = Faulty::with_blob(fault).await;
    retried(&store).discard(&key()).await.unwrap();
    let (store, _) = Faulty::with_blob(fault).await;
    retried(&store).vacate(key().image).await.unwrap();
    let (store, _) = Faulty::with_blob(fault).await;
    assert_eq!(retried(&store).sweep(hour).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_try_the_store_is_unavailable() {
    let (store, url) = Faulty::with_blob(Fault::UnavailableFor(3)).await;

    let refused = retried(&store).size(&url).await;

    assert!(
        matches!(refused, Err(StoreError::Unavailable { .. })),
        "{refused:?}"
    );
    assert_eq!(store.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_writes_is_never_tried_again() {
    let store = Faulty::new(Fault::UnavailableFor(1));

    assert!(retried(&store).start(&key()).await.is_err());

    assert_eq!(store.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_tried_again() {
    let store = Faulty::new(Fault::None);
    let absent = BlobUrl::new("memory://memory/absent");

    let refused = retried(&store).size(&absent).await;

    assert!(
        matches!(refused, Err(StoreError::NotFound { .. })),
        "{refused:?}"
    );
    assert_eq!(store.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_answer_was_lost_has_deleted() {
    let (store, url) = Faulty::with_blob(Fault::LosesAnAnswer).await;

    retried(&store).delete(&url).await.unwrap();

    assert_eq!(store.asked(), 2);
    assert!(store.memory.contents().0.is_empty());
}

#[tokio::test(start_paused = true)]
async fn deleting_what_was_never_there_is_not_found() {
    let store = Faulty::new(Fault::None);

    let refused = retried(&store)
        .delete(&BlobUrl::new("memory://memory/absent"))
        .await;

    assert!(
        matches!(refused, Err(StoreError::NotFound { .. })),
        "{refused:?}"
    );
}

#[test]
fn waits_double_up_to_the_longest() {
    let retries = Retries::default();

    let longest = [1, 2, 3, 5, 6, 99].map(|tried| retries.wait(tried, u32::MAX).as_millis());

    assert_eq!(longest, [100, 200, 400, 1600, 2000, 2000]);
    assert_eq!(retries.wait(5, 0), Duration::ZERO);
    assert_eq!(retries.wait(5, u32::MAX / 2).as_millis(), 800);
}

#[tokio::test(start_paused = true)]
async fn waits_differ() {
    let mut waits = Vec::new();
    for _ in 0..8 {
        let (store, url) = Faulty::with_blob(Fault::UnavailableFor(2)).await;
        let begun = Instant::now();
        retried(&store).size(&url).await.unwrap();
        waits.push(begun.elapsed());
    }

    assert!(
        waits.iter().all(|wait| wait.as_millis() <= 310),
        "{waits:?}"
    );
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 1, "{waits:?}");
}
