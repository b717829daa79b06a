//! How much may come out of an archive (rule R10).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{StreamExt, stream};
use glance_core::ports::{BodyError, ByteStream};

use super::super::proportion::{RATIO, most_of};
use super::bad;

/// The bounds of one archive.
#[derive(Debug)]
pub(super) struct Bound {
    most_bytes: u64,
    /// Packed bytes that were read so far.
    taken: Arc<AtomicU64>,
    given: u64,
}

impl Bound {
    pub(super) fn new(most_bytes: u64, taken: Arc<AtomicU64>) -> Self {
        Self {
            most_bytes,
            taken,
            given: 0,
        }
    }

    /// The same bytes, and an error where there are too many.
    pub(super) fn around(self, bytes: ByteStream) -> ByteStream {
        let state = Some((bytes, self));
        ByteStream::new(stream::unfold(state, |state| async move {
            let (mut bytes, mut bound) = state?;
            let chunk = bytes.next().await?;
            let checked = chunk.and_then(|chunk| match bound.take(chunk.len() as u64) {
                Ok(()) => Ok(chunk),
                Err(reason) => Err(BodyError(bad(reason).into())),
            });
            match checked {
                Ok(chunk) => Some((Ok(chunk), Some((bytes, bound)))),
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    fn take(&mut self, bytes: u64) -> Result<(), String> {
        self.given = self.given.saturating_add(bytes);
        if self.given > self.most_bytes {
            return Err(format!("it unpacks to more than {} bytes", self.most_bytes));
        }
        let taken = self.taken.load(Ordering::Relaxed);
        if self.given > most_of(taken) {
            return Err(format!("it unpacks to more than {RATIO} times its size"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(given: u64, taken: u64) -> Result<(), String> {
        Bound::new(1 << 40, Arc::new(taken.into())).take(given)
    }

    #[test]
    fn an_archive_gives_what_is_in_proportion_and_no_more_than_an_image_has() {
        assert!(took(most_of(1), 1).is_ok());
        assert!(took(most_of(1) + 1, 1).is_err());
        assert!(took(most_of(1) + 1, most_of(1)).is_ok());
        assert!(took((1 << 40) + 1, 1 << 40).is_err());
    }
}
