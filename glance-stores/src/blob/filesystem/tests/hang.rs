//! A disk that hangs.

use std::sync::Mutex;

use futures::FutureExt;
use tokio::task::JoinSet;

use super::*;

#[test]
fn a_store_that_hangs_holds_up_no_other_store() {
    // As many threads as a store may hold up, and one for the others.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(threads::MOST + 1)
        .enable_time()
        .build()
        .unwrap();
    let (hangs, folder) = store(&[("hangs", 0)]);
    let (hangs, other) = (Arc::new(hangs), open(&folder, &[("other", 0)]));
    runtime.block_on(async {
        let url = write(&hangs, 1, b"data").await;
        let mut writers = Vec::new();
        for number in 2..6 {
            writers.push(hangs.start(&key(number)).await.unwrap());
        }
        let body = hangs.read(&url, None).await.unwrap();
        let (stuck, disk) = std::sync::mpsc::channel::<()>();
        let disk = Arc::new(Mutex::new(disk));
        // Given up by all who wait for it, as after a deadline.
        for _ in 0..2 * threads::MOST {
            let disk = Arc::clone(&disk);
            let work = hangs.everywhere(move |_| {
                let _ = disk.lock().unwrap().recv();
                Ok(())
            });
            assert!(work.now_or_never().is_none());
        }
        assert_eq!(hangs.shared.threads.free(), 0);

        let mut waiting = JoinSet::new();
        for operation in 0..6 {
            let (hangs, url) = (Arc::clone(&hangs), url.clone());
            waiting.spawn(async move {
                match operation {
                    0 => drop(hangs.start(&key(9)).await.unwrap()),
                    1 => drop(hangs.read(&url, None).await),
                    2 => drop(hangs.size(&url).await),
                    3 => hangs.discard(&key(9)).await.unwrap(),
                    4 => hangs.vacate(id(9)).await.unwrap(),
                    _ => drop(hangs.sweep(Duration::from_secs(3600)).await.unwrap()),
                }
            });
        }
        drop(writers.pop());
        for (step, mut writer) in writers.into_iter().enumerate() {
            waiting.spawn(async move {
                match step {
                    0 => writer.write(vec![0; 1 << 20].into()).await.unwrap(),
                    1 => drop(writer.commit().await.unwrap()),
                    _ => writer.abort().await.unwrap(),
                }
            });
        }
        waiting.spawn(async move { drop(body.try_collect::<Vec<_>>().await.unwrap()) });

        let url = write(&other, 1, b"other").await;
        assert_eq!(read(&other, &url).await, b"other");
        assert_eq!(other.size(&url).await.unwrap(), 5);
        other.delete(&url).await.unwrap();
        other.discard(&key(1)).await.unwrap();
        other.vacate(id(1)).await.unwrap();
        other.sweep(Duration::ZERO).await.unwrap();

        assert!(waiting.try_join_next().is_none());
        assert_eq!(names(&folder, "hangs").len(), 5);
        drop(stuck);
        while let Some(done) = waiting.join_next().await {
            done.unwrap();
        }
    });
}
