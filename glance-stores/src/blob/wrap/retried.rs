//! Another try for what can be tried again (rule R19).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use glance_core::domain::{BlobUrl, ByteRange, ImageId};
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, ByteStream, IdSource, ImageStore, StoreError,
};

use crate::RandomIds;

/// How often something is tried, and how long the waits between are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Tries, the first one included.
    pub tries: u32,
    /// The longest wait after the first try. It doubles with each try; what is waited is anything
    /// between none of it and all of it, so that callers do not come back all at once.
    pub backoff: Duration,
    /// What the longest wait never exceeds.
    pub most: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            tries: 3,
            backoff: Duration::from_millis(100),
            most: Duration::from_secs(2),
        }
    }
}

impl Retries {
    /// How long to wait after so many tries, by a random number.
    pub(crate) fn wait(self, tried: u32, random: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(tried.saturating_sub(1));
        let longest = self.backoff.saturating_mul(doubled).min(self.most);
        longest.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

/// A store that tries again what is [`StoreError::Unavailable`] and idempotent: `size`, to start
/// to read or to list, `delete`, `discard`, `vacate`, `sweep`. Never what writes, and never a read of which a
/// byte came.
///
/// A blob that is gone when its `delete` is tried again was removed by an earlier try whose answer
/// was lost: that is no error.
#[derive(Debug)]
pub struct Retried {
    store: Arc<dyn ImageStore>,
    retries: Retries,
}

impl Retried {
    /// `store`, with other tries.
    pub fn new(store: Arc<dyn ImageStore>, retries: Retries) -> Self {
        Self { store, retries }
    }

    /// What comes of the last try, and how many there were.
    async fn tried<T, F>(&self, attempt: impl Fn() -> F + Send) -> (Result<T, StoreError>, u32)
    where
        T: Send,
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let mut tried = 0;
        loop {
            let result = attempt().await;
            tried += 1;
            if !matches!(result, Err(StoreError::Unavailable { .. })) || tried >= self.retries.tries
            {
                return (result, tried);
            }
            tokio::time::sleep(self.retries.wait(tried, random())).await;
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for Retried {
    glance_core::image_store_known_as!(store);

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.store.start(key).await
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        self.tried(|| self.store.read(location, range)).await.0
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.tried(|| self.store.size(location)).await.0
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        match self.tried(|| self.store.delete(location)).await {
            (Err(StoreError::NotFound { .. }), 2..) => Ok(()),
            (deleted, _) => deleted,
        }
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.tried(|| self.store.discard(key)).await.0
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.tried(|| self.store.vacate(image)).await.0
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        self.tried(|| self.store.sweep(idle)).await.0
    }

    /// To begin with a list; where one breaks off, it is not taken up again.
    async fn list(&self) -> Result<BlobList, StoreError> {
        self.tried(|| self.store.list()).await.0
    }
}

/// A random number, for a wait.
pub(crate) fn random() -> u32 {
    // The lowest bits of a version 4 UUID are all random.
    u32::try_from(RandomIds.next_bits() & u128::from(u32::MAX)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
