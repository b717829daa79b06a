//! Work beside the request, without a runtime.

use std::time::Duration;

use futures::future::BoxFuture;

use super::clock::VirtualClock;
use crate::ports::Executor;

/// A thread for each task: simple, and independent of any runtime. Sleeps are on a virtual clock.
#[derive(Debug, Clone, Default)]
pub struct ThreadExecutor {
    clock: VirtualClock,
}

impl ThreadExecutor {
    /// An executor whose sleeps end when `clock` moves.
    pub fn new(clock: VirtualClock) -> Self {
        Self { clock }
    }
}

impl Executor for ThreadExecutor {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        std::thread::spawn(move || futures::executor::block_on(task));
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send + 'static>) {
        std::thread::spawn(work);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }
}
