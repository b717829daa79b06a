//! What a store is found to hold.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use futures::stream::{BoxStream, StreamExt};

use super::StoreError;
use crate::domain::BlobUrl;

/// A blob that a store is found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores make it")]
pub struct FoundBlob {
    /// Where it is, in the one spelling of its store.
    pub url: BlobUrl,
    /// Bytes of it.
    pub size: u64,
    /// How long ago it was last written to, if the store knows.
    pub age: Option<Duration>,
}

/// The blobs of a store, one after the other, with an error where the list breaks off.
pub struct BlobList(BoxStream<'static, Result<FoundBlob, StoreError>>);

impl BlobList {
    /// The blobs of `stream`.
    pub fn new(stream: impl Stream<Item = Result<FoundBlob, StoreError>> + Send + 'static) -> Self {
        Self(stream.fuse().boxed())
    }
}

impl Stream for BlobList {
    type Item = Result<FoundBlob, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl fmt::Debug for BlobList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobList").finish_non_exhaustive()
    }
}
