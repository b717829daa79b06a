//! A probe in a store: written, read back, and deleted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::TryStreamExt;
use glance_core::domain::{BlobUrl, ByteRange, ImageId};
use glance_core::ports::{BlobKey, ByteStream, ImageStore, StoreError};
use uuid::Uuid;

use crate::output;

/// A blob of bytes that can be told at any place, under an id that no image has.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    store: &'a Arc<dyn ImageStore>,
    image: ImageId,
    size: u64,
}

/// One thing that was tried.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) what: &'static str,
    pub(super) bytes: u64,
    pub(super) took: Duration,
    /// Or what went wrong.
    pub(super) outcome: Result<(), String>,
}

impl<'a> Probe<'a> {
    /// A probe of so many bytes.
    pub(super) fn new(store: &'a Arc<dyn ImageStore>, size: u64) -> Self {
        let image = ImageId::from_bits(Uuid::new_v4().as_u128());
        Self { store, image, size }
    }

    /// Tries everything, and leaves nothing behind.
    pub(super) async fn run(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let started = Instant::now();
        let (url, outcome) = match self.write().await {
            Ok(url) => (Some(url), Ok(())),
            Err(error) => (None, Err(output::sentence(&error))),
        };
        steps.push(Step {
            what: "write",
            bytes: self.size,
            took: started.elapsed(),
            outcome,
        });
        let Some(url) = url else {
            if let Err(error) = self.clean_up().await {
                steps.push(Step {
                    what: "clean up",
                    bytes: 0,
                    took: started.elapsed(),
                    outcome: Err(output::sentence(&error)),
                });
            }
            return steps;
        };
        steps.push(step("size", 0, self.ask_size(&url)).await);
        let whole = ByteRange {
            offset: 0,
            length: self.size,
        };
        steps.push(step("read", self.size, self.read(&url, whole, false)).await);
        if self.store.capabilities().ranges {
            for part in self.parts() {
                steps.push(step("read a range", part.length, self.read(&url, part, true)).await);
            }
        }
        if self.store.capabilities().delete {
            steps.push(step("delete", 0, self.delete(&url)).await);
            steps.push(step("be gone", 0, self.be_gone(&url)).await);
        }
        steps
    }

    async fn write(&self) -> Result<BlobUrl, StoreError> {
        let mut writer = self.store.start(&self.key()).await?;
        let mut offset = 0;
        while offset < self.size {
            let chunk = expected(offset, CHUNK.min(self.size - offset));
            offset += chunk.len() as u64;
            if let Err(error) = writer.write(chunk).await {
                // The error that counts is the one of the write.
                let _ = writer.abort().await;
                return Err(error);
            }
        }
        Ok(writer.commit().await?.url)
    }

    async fn clean_up(&self) -> Result<(), StoreError> {
        self.store.discard(&self.key()).await?;
        self.store.vacate(self.image).await
    }

    async fn ask_size(&self, url: &BlobUrl) -> Result<(), String> {
        match self.store.size(url).await {
            Ok(size) if size == self.size => Ok(()),
            Ok(size) => Err(format!(
                "it is said to have {size} bytes, not {}",
                self.size
            )),
            Err(error) => Err(output::sentence(&error)),
        }
    }

    async fn read(&self, url: &BlobUrl, part: ByteRange, is_range: bool) -> Result<(), String> {
        let body = self.store.read(url, is_range.then_some(part)).await;
        let body = body.map_err(|error| output::sentence(&error))?;
        compare(body, part).await
    }

    async fn delete(&self, url: &BlobUrl) -> Result<(), String> {
        let deleted = self.store.delete(url).await;
        deleted.map_err(|error| output::sentence(&error))
    }

    async fn be_gone(&self, url: &BlobUrl) -> Result<(), String> {
        match self.store.size(url).await {
            Err(StoreError::NotFound { .. }) => Ok(()),
            Ok(_) => Err("it is still there".to_owned()),
            Err(error) => Err(output::sentence(&error)),
        }
    }

    fn key(&self) -> BlobKey {
        BlobKey {
            image: self.image,
            upload: self.image.into(),
            size: Some(self.size),
        }
    }

    /// One byte at the start, some in the middle, the last one.
    fn parts(&self) -> [ByteRange; 3] {
        let middle = self.size / 2;
        [
            (0, 1),
            (middle, CHUNK.min(self.size - middle)),
            (self.size - 1, 1),
        ]
        .map(|(offset, length)| ByteRange { offset, length })
    }
}

async fn step(
    what: &'static str,
    bytes: u64,
    work: impl Future<Output = Result<(), String>>,
) -> Step {
    let started = Instant::now();
    let outcome = work.await;
    Step {
        what,
        bytes,
        took: started.elapsed(),
        outcome,
    }
}

/// Holds what comes against what was written.
async fn compare(body: ByteStream, part: ByteRange) -> Result<(), String> {
    let mut body = body.exactly(part.length);
    let mut offset = part.offset;
    loop {
        let chunk = body.try_next().await;
        let Some(chunk) = chunk.map_err(|error| output::sentence(&error))? else {
            return Ok(());
        };
        if chunk != expected(offset, chunk.len() as u64) {
            return Err(format!(
                "what is read from byte {offset} on is not what was written"
            ));
        }
        offset += chunk.len() as u64;
    }
}

/// The bytes of a probe at a place: every eight of them are their own number, stirred.
fn expected(offset: u64, length: u64) -> Bytes {
    let first = offset / 8;
    let last = (offset + length).div_ceil(8);
    let words = (first..last).flat_map(|word| word.wrapping_mul(STIR).to_le_bytes());
    let skipped = usize::try_from(offset % 8).unwrap_or_default();
    let length = usize::try_from(length).unwrap_or_default();
    words.skip(skipped).take(length).collect()
}

/// Bytes that are written, and compared, at a time.
const CHUNK: u64 = 1 << 20;
/// An odd number with its bits well spread (2^64 over the golden ratio).
const STIR: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use glance_core::memory::MemoryStore;

    use super::*;

    #[test]
    fn the_bytes_of_a_probe_are_the_same_however_they_are_cut() {
        let whole = expected(0, 100);

        assert_eq!(expected(13, 50), whole.slice(13..63));
        assert_eq!(expected(96, 4), whole.slice(96..));
    }

    #[tokio::test]
    async fn a_probe_tries_everything_and_leaves_nothing() {
        let memory = MemoryStore::new("m".parse().unwrap());
        let store: Arc<dyn ImageStore> = Arc::new(memory.clone());

        let steps = Probe::new(&store, 3 << 20).run().await;

        let tried: Vec<_> = steps
            .iter()
            .map(|step| (step.what, step.outcome.clone()))
            .collect();
        let what = [
            "write",
            "size",
            "read",
            "read a range",
            "read a range",
            "read a range",
            "delete",
            "be gone",
        ];
        assert_eq!(tried, what.map(|what| (what, Ok(()))));
        assert_eq!(memory.contents(), (vec![], 0));
    }

    #[tokio::test]
    async fn bytes_that_are_not_those_written_are_told() {
        let body = ByteStream::from_bytes(vec![1_u8; 16]);
        let part = ByteRange {
            offset: 0,
            length: 16,
        };

        let error = compare(body, part).await.unwrap_err();

        assert_eq!(error, "what is read from byte 0 on is not what was written");
    }
}
