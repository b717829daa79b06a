//! What does not fit together, and what became of it.

use std::time::Duration;

use thiserror::Error;

use crate::domain::{BlobUrl, ImageId, Status, StoreId};
use crate::error::Error;
use crate::ports::{BoxError, StoreError};

/// Something in the catalog, in a store or in the staging area that does not fit the rest.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub trouble: Trouble,
    /// The image it is about, where there is one.
    pub image: Option<ImageId>,
    /// The store it is in, where that is known.
    pub store: Option<StoreId>,
    /// The blob or location.
    pub url: Option<BlobUrl>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What is wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Trouble {
    /// A store that keeps the data of a location several times lacks one of its copies.
    #[error("the store lacks the copy {copy} of the data at this location of the image")]
    CopyMissing {
        /// Where it was.
        copy: BlobUrl,
    },
    /// A location leads to no blob.
    #[error("there is no blob at this location of the image")]
    Missing,
    /// A location is in none of the stores that are configured.
    #[error("this location of the image is in no configured store")]
    NoStore,
    /// An image that no list shows, for a row of it cannot be understood.
    #[error("a row of image `{id}` holds what no Glance writes, so that no list shows it")]
    OddImage {
        /// The id of the image, whatever that is.
        id: String,
        /// What is odd.
        source: BoxError,
    },
    /// A blob has another size than its image.
    #[error("the image has {recorded} bytes, and the blob at its location {found}")]
    OtherSize {
        /// Bytes of the image.
        recorded: u64,
        /// Bytes of the blob.
        found: u64,
    },
    /// Work that nobody has gone on with for long.
    #[error("nobody goes on with work on a blob: its lease ended {} s ago", since.as_secs())]
    Overdue {
        /// How long ago its lease ended.
        since: Duration,
    },
    /// A store could not be asked: what is in it is not checked to the end.
    #[error("the store cannot be asked, so that it is not checked to the end")]
    StoreAway {
        /// Why.
        source: StoreError,
    },
    /// A blob that nothing explains.
    #[error("no location, no work and no delayed delete explains this blob of {size} bytes")]
    Stray {
        /// Bytes of it.
        size: u64,
    },
    /// An image waits for data that nobody brings.
    #[error("the image is `{status}`, nobody works on it, and it did not change for {} s", idle.as_secs())]
    Stuck {
        /// Its status.
        status: Status,
        /// How long it has not changed.
        idle: Duration,
    },
    /// What is at a location cannot be looked at.
    #[error("the blob at this location of the image cannot be looked at")]
    Unreadable {
        /// Why.
        source: StoreError,
    },
}

impl Trouble {
    /// A word for it, for machines.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::CopyMissing { .. } => "missing_copy",
            Self::Missing => "missing_blob",
            Self::NoStore => "no_store",
            Self::OddImage { .. } => "odd_image",
            Self::OtherSize { .. } => "other_size",
            Self::Overdue { .. } => "overdue_work",
            Self::StoreAway { .. } => "store_away",
            Self::Stray { .. } => "stray_blob",
            Self::Stuck { .. } => "stuck_image",
            Self::Unreadable { .. } => "unreadable_blob",
        }
    }
}

/// What became of something that was found.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It was to be told, not repaired.
    Told,
    /// It is repaired: what was done.
    Repaired(&'static str),
    /// It is left as it is: why.
    Left(&'static str),
    /// The repair failed.
    Failed(Error),
}
