//! Time, ids and work beside the request: the system's and tokio's.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use glance_core::Runtime;
use glance_core::domain::Timestamp;
use glance_core::ports::{Clock, Executor, IdSource};
use tokio::runtime::Handle;

/// The system's clock, random ids, and the tokio runtime that this is called in.
///
/// # Panics
/// Outside a tokio runtime.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let runtime = glance_stores::tokio_runtime();
/// assert!(runtime.clock.now() > glance_core::domain::Timestamp::from_micros(0));
/// # });
/// ```
pub fn tokio_runtime() -> Runtime {
    Runtime {
        clock: Arc::new(SystemClock),
        executor: Arc::new(TokioExecutor::new(Handle::current())),
        ids: Arc::new(RandomIds),
    }
}

/// Work on a tokio runtime.
#[derive(Debug, Clone)]
pub struct TokioExecutor {
    handle: Handle,
}

impl TokioExecutor {
    /// Work on the runtime of `handle`.
    pub fn new(handle: Handle) -> Self {
        Self { handle }
    }
}

impl Executor for TokioExecutor {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.handle.spawn(task);
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send + 'static>) {
        self.handle.spawn_blocking(work);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let _context = self.handle.enter();
        tokio::time::sleep(duration).boxed()
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock that stands before 1970 reads as 1970.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Random (version 4) UUIDs.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn next_bits(&self) -> u128 {
        uuid::Uuid::new_v4().as_u128()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn work_is_done_from_threads_that_know_nothing_of_tokio() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let executor = TokioExecutor::new(runtime.handle().clone());
        let (sender, receiver) = mpsc::channel();

        let (spawned, blocking) = (sender.clone(), sender);
        let nap = executor.sleep(Duration::from_millis(1));
        executor.spawn(
            async move {
                nap.await;
                spawned.send("spawned").unwrap();
            }
            .boxed(),
        );
        executor.spawn_blocking(Box::new(move || blocking.send("blocking").unwrap()));

        let mut done = [receiver.recv().unwrap(), receiver.recv().unwrap()];
        done.sort_unstable();
        assert_eq!(done, ["blocking", "spawned"]);
    }

    #[test]
    fn ids_are_version_4_uuids_and_differ() {
        let (first, second) = (RandomIds.next_bits(), RandomIds.next_bits());

        assert_ne!(first, second);
        assert_eq!(uuid::Uuid::from_u128(first).get_version_num(), 4);
    }
}
