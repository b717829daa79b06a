//! Work beside the request.

use std::fmt;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::BoxFuture;

/// Work beside the request: the core's only way to it (design D12).
///
/// # Contract
///
/// * what is spawned runs, whether or not anybody waits for it;
/// * blocking work keeps no future from being polled.
pub trait Executor: fmt::Debug + Send + Sync + 'static {
    /// Runs a future to its end.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Runs work that blocks: hashing, say.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send + 'static>);

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Runs work that blocks and gives its result; `None` where it panicked or the executor ended.
pub async fn run_blocking<T, F>(executor: &dyn Executor, work: F) -> Option<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    executor.spawn_blocking(Box::new(move || {
        // Nobody waits for the result any more where this fails.
        let _ = sender.send(work());
    }));
    receiver.await.ok()
}
