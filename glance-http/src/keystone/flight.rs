//! The same work once for all who ask for it at the same time.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

/// The same work once for all who ask for it at the same time. It goes on when those who asked are
/// gone, and its result is theirs alone: who asks after its end starts it anew.
pub(super) struct SingleFlight<K, V> {
    flying: Arc<Flying<K, V>>,
}

/// `None` where the work panicked.
type Flying<K, V> = Mutex<HashMap<K, Shared<BoxFuture<'static, Option<V>>>>>;

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new() -> Self {
        Self {
            flying: Arc::default(),
        }
    }

    /// The result of the work of this key that is going on, or else of `work`. `None` where it
    /// panicked, or too much other work is going on.
    pub(super) async fn run<F>(&self, key: K, work: F) -> Option<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let flight = {
            let mut flying = self.flying.lock().unwrap_or_else(PoisonError::into_inner);
            // Those who asked may be gone, so nothing else bounds it.
            if flying.len() >= MOST && !flying.contains_key(&key) {
                return None;
            }
            flying
                .entry(key.clone())
                .or_insert_with(|| {
                    let landing = Landing {
                        flying: Arc::clone(&self.flying),
                        key,
                    };
                    let work = tokio::spawn(async move {
                        let _landing = landing;
                        work.await
                    });
                    work.map(Result::ok).boxed().shared()
                })
                .clone()
        };
        flight.await
    }
}

impl<K, V> fmt::Debug for SingleFlight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").finish_non_exhaustive()
    }
}

/// Makes room for the next flight, however this one ends.
struct Landing<K: Eq + Hash, V> {
    flying: Arc<Flying<K, V>>,
    key: K,
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        let mut flying = self.flying.lock().unwrap_or_else(PoisonError::into_inner);
        flying.remove(&self.key);
    }
}

/// How much may go on at a time.
const MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn work_asked_for_at_the_same_time_is_done_once() {
        let (flight, done) = (SingleFlight::new(), AtomicUsize::new(0));
        let done = Arc::new(done);
        let work = || {
            let done = Arc::clone(&done);
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                done.fetch_add(1, Ordering::SeqCst)
            }
        };

        let results = join_all((0..100).map(|_| flight.run("key", work()))).await;

        assert!(results.iter().all(|result| *result == Some(0)));
        assert_eq!(flight.run("key", work()).await, Some(1));
    }

    #[tokio::test]
    async fn no_more_work_is_begun_than_there_is_room_for() {
        let flight = SingleFlight::new();
        for key in 0..MOST {
            // Nobody waits for it.
            assert!(
                flight
                    .run(key, std::future::pending())
                    .now_or_never()
                    .is_none()
            );
        }

        assert_eq!(flight.run(MOST, async { 1 }).now_or_never(), Some(None));
        assert!(flight.run(0, async { 1 }).now_or_never().is_none());
    }

    #[tokio::test]
    async fn work_goes_on_without_those_who_asked() {
        let flight = SingleFlight::new();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let work = async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            sender.send("done").unwrap();
        };

        let impatient = tokio::time::timeout(Duration::from_millis(1), flight.run((), work)).await;

        assert!(impatient.is_err());
        assert_eq!(receiver.await.unwrap(), "done");
    }

    #[tokio::test]
    async fn work_that_panics_is_told_and_can_be_tried_again() {
        let flight: SingleFlight<(), u8> = SingleFlight::new();

        assert_eq!(flight.run((), async { panic!("a slip") }).await, None);
        assert_eq!(flight.run((), async { 7 }).await, Some(7));
    }
}
