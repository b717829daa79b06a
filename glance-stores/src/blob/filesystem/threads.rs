//! The threads that a store holds up.

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// How many threads one store holds up at most: a disk that hangs, hangs that many, and not all
/// there are (rule R19). Clones are one number.
#[derive(Debug, Clone)]
pub(super) struct Threads(Arc<Semaphore>);

impl Threads {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }

    /// A thread's place, to be held as long as the thread is at work.
    pub(super) async fn turn(&self) -> io::Result<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.0).acquire_owned().await;
        turn.map_err(io::Error::other)
    }

    /// Does what has a thread at work, one at a time. Dropped before its turn, it is not done;
    /// dropped later, it goes on to its end, because nothing stops its thread.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        let turn = self.turn().await?;
        spawn(turn, work).await.map_err(io::Error::other)
    }

    /// The same for a function that blocks.
    pub(super) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let turn = self.turn().await?;
        blocking(move || {
            let _turn = turn;
            work()
        })
        .await
    }

    /// How many more threads it may have.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.0.available_permits()
    }
}

/// Does what has a thread at work, whoever waits for it.
pub(super) fn spawn<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(async move {
        let _turn = turn;
        work.await
    })
}

/// Does what would hold up the runtime, for whoever has a turn.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Enough to keep a disk busy; an eighth of the threads that tokio has.
pub(super) const MOST: usize = 64;
