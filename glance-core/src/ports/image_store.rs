//! Where image data lives.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

use super::{BlobList, BoxError, ByteStream};
use crate::domain::{BlobUrl, ByteRange, ImageId, Intent, IntentId, Location, StoreId};

/// Where image data lives.
///
/// # Contract
///
/// * a blob is readable only after `commit`, and then whole, in any range of it;
/// * a writer that is aborted, dropped, or fails to commit leaves nothing readable, except that
///   a commit that ends as [`StoreError::Unavailable`], or is dropped while it runs, may still take
///   effect: what the store has taken in by then, in less than a lease;
/// * `commit` never replaces a blob: [`StoreError::AlreadyExists`], and the old one stays;
/// * reading or deleting what is not there is [`StoreError::NotFound`];
/// * `discard` removes what a writer of the same key left uncommitted, and is fine with nothing;
///   only who holds the lease of the image calls it; a store that cannot tell the writers of one
///   image apart may remove those of its other uploads, too; other images' stay;
/// * `vacate` removes the blob that any writer of the image has committed, and is fine with none;
/// * `sweep` removes what writers left uncommitted and did not touch for so long, and no more;
/// * `list` gives what was committed before it and is not removed meanwhile, each of its `copies` once;
///   what is not committed is not in it; however many there are, it holds a few of them at a time;
/// * a location is `owned` by the store that wrote it;
/// * locations that lead to one blob that the store can remove have one `canonical` form, which leads
///   there, too;
/// * what [`capabilities`](Self::capabilities) denies is [`StoreError::Unsupported`],
///   before any I/O.
#[async_trait]
pub trait ImageStore: fmt::Debug + Send + Sync + 'static {
    /// The name of the store.
    fn id(&self) -> &StoreId;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Whether a location is in this store.
    fn owns(&self, location: &BlobUrl) -> bool;

    /// The one spelling of a location in this store that may be written in several ways. Any other
    /// location stays as it is, and so does every one in a store that removes nothing: there, no data
    /// can be lost with another spelling.
    fn canonical(&self, location: &BlobUrl) -> BlobUrl {
        location.clone()
    }

    /// The blobs that hold the data at a location, each in the spelling of [`list`](Self::list), and a
    /// location by itself: several, where the store keeps the data several times.
    fn copies(&self, location: &BlobUrl) -> Vec<BlobUrl> {
        vec![self.canonical(location)]
    }

    /// Starts writing a blob.
    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError>;

    /// Reads bytes of a blob: exactly that many, or an error in the stream. `None` reads it all.
    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError>;

    /// Bytes of a blob.
    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError>;

    /// Removes a blob.
    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError>;

    /// Removes what a broken upload left uncommitted.
    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError>;

    /// Removes the blob that stands where an upload of the image commits to.
    async fn vacate(&self, image: ImageId) -> Result<(), StoreError>;

    /// Removes what writers left uncommitted and have not touched for `idle`: what no row
    /// explains any more. Tells how many there were.
    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError>;

    /// What is there, in no order: blobs of nobody, too.
    async fn list(&self) -> Result<BlobList, StoreError> {
        Err(StoreError::Unsupported {
            store: self.id().clone(),
            operation: Operation::List,
        })
    }
}

/// Says of a store around another that it has the name, the capabilities and the places of that one.
///
/// It stands in the `impl` of [`ImageStore`](crate::ports::ImageStore), and takes the field that
/// holds the inner store.
#[macro_export]
macro_rules! image_store_known_as {
    ($inner:ident) => {
        fn id(&self) -> &$crate::domain::StoreId {
            self.$inner.id()
        }

        fn capabilities(&self) -> $crate::ports::Capabilities {
            self.$inner.capabilities()
        }

        fn owns(&self, location: &$crate::domain::BlobUrl) -> bool {
            self.$inner.owns(location)
        }

        fn canonical(&self, location: &$crate::domain::BlobUrl) -> $crate::domain::BlobUrl {
            self.$inner.canonical(location)
        }

        fn copies(&self, location: &$crate::domain::BlobUrl) -> Vec<$crate::domain::BlobUrl> {
            self.$inner.copies(location)
        }
    };
}

/// A blob being written. `commit` and `abort` consume it, so it ends once.
#[async_trait]
pub trait BlobWriter: fmt::Debug + Send {
    /// Appends a chunk, of any size.
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError>;

    /// Makes the blob readable, whole and durable, and tells where it is.
    async fn commit(self: Box<Self>) -> Result<Location, StoreError>;

    /// Gives up; nothing stays.
    async fn abort(self: Box<Self>) -> Result<(), StoreError>;
}

/// What names a blob that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobKey {
    /// The image.
    pub image: ImageId,
    /// The upload.
    pub upload: IntentId,
    /// How many bytes are to come, if that is known.
    pub size: Option<u64>,
}

impl BlobKey {
    /// The key of an upload, of a size that is not known.
    pub fn of(upload: &Intent) -> Self {
        Self {
            image: upload.image,
            upload: upload.id.clone(),
            size: None,
        }
    }
}

/// What a store can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// It takes new blobs.
    pub write: bool,
    /// It removes blobs.
    pub delete: bool,
    /// It reads from the middle of a blob.
    pub ranges: bool,
    /// It tells what blobs there are.
    pub list: bool,
}

/// What a store was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Remove a blob.
    Delete,
    /// Tell what blobs there are.
    List,
    /// Read a blob.
    Read,
    /// Read from the middle of a blob.
    ReadRange,
    /// Tell the size of a blob.
    Size,
    /// Write a blob.
    Write,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delete => "delete",
            Self::List => "list",
            Self::Read => "read",
            Self::ReadRange => "read a range",
            Self::Size => "size",
            Self::Write => "write",
        })
    }
}

/// Why a store did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is a blob already where this one was to go.
    #[error("store `{store}` already holds data for image {image}")]
    AlreadyExists {
        /// The store.
        store: StoreId,
        /// The image.
        image: ImageId,
    },
    /// The location is none that the store can use: it leads to no blob.
    #[error("store `{store}` cannot {operation}: the location cannot be used")]
    BadLocation {
        /// The store.
        store: StoreId,
        /// What it was to do.
        operation: Operation,
        /// Why it did not.
        source: BoxError,
    },
    /// The backend failed.
    #[error("store `{store}` failed to {operation}")]
    Backend {
        /// The store.
        store: StoreId,
        /// What it was to do.
        operation: Operation,
        /// Why it did not.
        source: BoxError,
    },
    /// A rule of the service forbids to connect to where the location leads.
    #[error("store `{store}` cannot {operation}: the location is forbidden")]
    Forbidden {
        /// The store.
        store: StoreId,
        /// What it was to do.
        operation: Operation,
        /// Which rule.
        source: BoxError,
    },
    /// No room is left.
    #[error("store `{store}` is full")]
    Full {
        /// The store.
        store: StoreId,
    },
    /// Nothing is there.
    #[error("store `{store}` holds nothing at `{location}`")]
    NotFound {
        /// The store.
        store: StoreId,
        /// Where nothing is.
        location: BlobUrl,
    },
    /// The store may not do it.
    #[error("store `{store}` is not permitted to {operation}")]
    PermissionDenied {
        /// The store.
        store: StoreId,
        /// What it was to do.
        operation: Operation,
        /// Why it did not.
        source: BoxError,
    },
    /// The backend cannot be reached, or not in time: worth another try.
    #[error("store `{store}` is unavailable")]
    Unavailable {
        /// The store.
        store: StoreId,
        /// What it was to do.
        operation: Operation,
        /// Why it did not.
        source: BoxError,
    },
    /// The store cannot do it.
    #[error("store `{store}` does not support {operation}")]
    Unsupported {
        /// The store.
        store: StoreId,
        /// What it was to do.
        operation: Operation,
    },
}
