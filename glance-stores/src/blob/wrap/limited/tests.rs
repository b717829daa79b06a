use std::future::Future;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep};

use super::*;
use crate::blob::wrap::faulty::{BLOB, Fault, Faulty, key};

const LIMITS: StoreLimits = StoreLimits {
    transfers: 2,
    operations: 2,
    turn: Duration::from_secs(1),
    short: Duration::from_secs(5),
    long: Duration::from_secs(20),
    idle: Duration::from_secs(10),
};

fn limited(store: &Faulty) -> Limited {
    Limited::new(Arc::new(store.clone()), LIMITS)
}

/// What it answers, and after how many seconds.
async fn timed<T>(work: impl Future<Output = Result<T, StoreError>>) -> (&'static str, u64) {
    let begun = Instant::now();
    let answer = match work.await {
        Ok(_) => "done",
        Err(StoreError::Unavailable { .. }) => "unavailable",
        Err(_) => "failed",
    };
    (answer, begun.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_unavailable_within_the_deadline() {
    let (store, url) = Faulty::with_blob(Fault::Hangs).await;
    let store = limited(&store);

    let short = ("unavailable", 5);
    assert_eq!(timed(store.size(&url)).await, short);
    assert_eq!(timed(store.read(&url, None)).await, short);
    assert_eq!(timed(store.start(&key())).await, short);
    assert_eq!(timed(store.delete(&url)).await, short);
    assert_eq!(timed(store.discard(&key())).await, short);
    assert_eq!(timed(store.vacate(key().image)).await, short);
    assert_eq!(timed(store.list()).await, short);
    let hour = Duration::from_secs(3600);
    assert_eq!(timed(store.sweep(hour)).await, ("unavailable", 20));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_stalls_is_unavailable_and_gives_its_place_back() {
    let store = limited(&Faulty::new(Fault::Stalls));

    for _ in 0..=LIMITS.operations {
        let mut blobs = store.list().await.unwrap();
        let next = async { blobs.next().await.unwrap() };
        assert_eq!(timed(next).await, ("unavailable", 10));
        assert!(blobs.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_hangs_is_unavailable_within_the_deadline() {
    let store = limited(&Faulty::new(Fault::Stalls));

    let mut writer = store.start(&key()).await.unwrap();
    let chunk = Bytes::from_static(b"chunk");
    assert_eq!(timed(writer.write(chunk)).await, ("unavailable", 10));
    assert_eq!(timed(writer.abort()).await, ("unavailable", 5));
    let writer = store.start(&key()).await.unwrap();
    assert_eq!(timed(writer.commit()).await, ("unavailable", 20));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_stalls_breaks_off_within_the_idle_deadline() {
    let (store, url) = Faulty::with_blob(Fault::Stalls).await;
    let mut bytes = limited(&store).read(&url, None).await.unwrap();
    let begun = Instant::now();

    assert_eq!(bytes.next().await.unwrap().unwrap(), b"first".as_slice());
    let broken = bytes.next().await.unwrap();

    assert!(broken.is_err());
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert!(bytes.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_up_so_many_and_the_others_wait_for_one_turn() {
    let (hung, url) = Faulty::with_blob(Fault::Hangs).await;
    let (healthy, other) = Faulty::with_blob(Fault::None).await;
    let (store, neighbour) = (limited(&hung), limited(&healthy));

    let callers = (0..4).map(|_| timed(store.size(&url)));
    let (mut answers, beside) = futures::join!(
        futures::future::join_all(callers),
        timed(neighbour.size(&other))
    );

    answers.sort_unstable();
    let (turned_away, held_up) = (("unavailable", 1), ("unavailable", 5));
    assert_eq!(answers, [turned_away, turned_away, held_up, held_up]);
    assert_eq!(hung.asked(), 2);
    assert_eq!(beside, ("done", 0));
}

#[tokio::test(start_paused = true)]
async fn operations_go_on_while_transfers_are_stuck() {
    let (store, url) = Faulty::with_blob(Fault::Stalls).await;
    let store = limited(&store);
    let _stuck = store.read(&url, None).await.unwrap();
    let _open = store.start(&key()).await.unwrap();

    assert_eq!(timed(store.read(&url, None)).await, ("unavailable", 1));
    assert_eq!(timed(store.size(&url)).await, ("done", 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_dropped_gives_its_place_back() {
    let (hung, url) = Faulty::with_blob(Fault::Hangs).await;
    let store = limited(&hung);
    let moment = Duration::from_millis(10);

    for _ in 0..5 {
        assert!(timeout(moment, store.size(&url)).await.is_err());
        assert!(timeout(moment, store.read(&url, None)).await.is_err());
    }

    assert_eq!(hung.asked(), 10, "nobody waited for a turn");
    assert_eq!(store.operations.available_permits(), LIMITS.operations);
    assert_eq!(store.transfers.available_permits(), LIMITS.transfers);
}

#[tokio::test(start_paused = true)]
async fn a_transfer_holds_its_place_until_it_ends() {
    let (store, url) = Faulty::with_blob(Fault::None).await;
    let store = limited(&store);
    let free = || store.transfers.available_permits();

    let mut bytes = store.read(&url, None).await.unwrap();
    let writer = store.start(&key()).await.unwrap();
    assert_eq!(free(), 0);
    while bytes.next().await.is_some() {}
    assert_eq!(free(), 1, "the stream is at its end, and still held");
    writer.abort().await.unwrap();
    assert_eq!(free(), 2);
    drop(store.start(&key()).await.unwrap());
    drop(store.read(&url, None).await.unwrap());
    assert_eq!(free(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_its_time_is_not_cut() {
    let (store, url) = Faulty::with_blob(Fault::None).await;
    let mut bytes = limited(&store).read(&url, None).await.unwrap();

    sleep(LIMITS.idle * 100).await;

    let read: Vec<Bytes> = bytes.by_ref().try_collect().await.unwrap();
    assert_eq!(read.concat(), BLOB);
}

/// A store's stream may need to be asked several times for a chunk. The time in which its reader
/// does not ask is the reader's.
#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_asking_in_the_middle_of_a_chunk_is_not_cut() {
    let second = async {
        sleep(LIMITS.idle / 2).await;
        sleep(LIMITS.idle / 2).await;
        Ok::<_, std::io::Error>(Bytes::from_static(b"chunk"))
    };
    let bytes = ByteStream::new(Box::pin(stream::once(second)));
    let mut bytes = Watched::new(bytes, LIMITS.idle, ());

    let asked = futures::poll!(bytes.next());
    assert!(asked.is_pending());
    sleep(LIMITS.idle * 100).await;

    assert_eq!(bytes.next().await.unwrap().unwrap(), b"chunk".as_slice());
}

#[tokio::test(start_paused = true)]
async fn a_writer_whose_sender_takes_its_time_is_not_cut() {
    let store = limited(&Faulty::new(Fault::None));
    let mut writer = store.start(&key()).await.unwrap();

    for _ in 0..3 {
        sleep(LIMITS.long * 100).await;
        writer.write(Bytes::from_static(b"chunk")).await.unwrap();
    }

    assert!(writer.commit().await.is_ok());
}
