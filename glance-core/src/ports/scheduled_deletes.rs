//! Deletes whose data goes later: upstream's `delayed_delete`.

use std::fmt;

use async_trait::async_trait;

use super::BoxError;
use super::catalog::CatalogError;
use crate::domain::{BlobUrl, Image, ImageId, Intent, IntentId, Location, Timestamp};

/// Images in status `pending_delete`: gone for everybody, while their data still lies in a store.
///
/// The catalog that an image was deleted in answers. Such a delete is a
/// [`Change`](crate::domain::Change) to that status.
///
/// # Contract
///
/// * `due` gives what was deleted at a time or before it, in the order of ids, from the one after a
///   given id, each with the locations whose data is still there; one that cannot be understood is
///   left out, and hides no other;
/// * `located` tells where images lead that are not gone, and scheduled deletes, whatever else their
///   rows hold: that data is somebody's. What is added meanwhile comes later;
/// * `all_images` gives the images that are not gone, whoever sees them, in the order of ids, from the
///   one after a given id; one that cannot be understood with what is odd of it. Nothing is the end;
/// * `left` tells where data of one such delete is left; nowhere, where none is scheduled;
/// * `claim` records an intent while the delete is still scheduled and nobody else removes the same
///   data: else `Conflict`. An intent that is abandoned gives way;
/// * `scrubbed` notes that the data of a location is none of ours; that it was noted before is fine;
/// * `finish` makes the image `deleted`, if none of its data is left, and says whether it did;
/// * `restore` brings an image back as active, with what went in the same delete: locations, tags,
///   properties and members. `NotFound` where no delete is scheduled; `Conflict` where data of any of
///   its locations is gone, or an intent says that it is being removed. Catalogs know of no two
///   spellings of one place: who asks says which intents remove other data.
#[async_trait]
pub trait ScheduledDeletes: fmt::Debug + Send + Sync + 'static {
    /// Deletes of `before` or earlier whose image comes after `after`: `limit` of them.
    async fn due(
        &self,
        before: Timestamp,
        after: Option<ImageId>,
        limit: u32,
    ) -> Result<Vec<ScheduledDelete>, CatalogError>;

    /// Where images lead, and scheduled deletes: `limit` locations after `after`, or a few more.
    async fn located(&self, after: Option<u64>, limit: u32) -> Result<Vec<Located>, CatalogError>;

    /// Images whose id comes after `after`: `limit` of them, or fewer.
    async fn all_images(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Result<Image, OddImage>>, CatalogError>;

    /// Where data of an image is left whose delete is scheduled.
    async fn left(&self, image: ImageId) -> Result<Vec<Location>, CatalogError>;

    /// Records the intent to remove data of its image.
    async fn claim(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError>;

    /// Notes that the image lets go of the data at a location, which no store of ours removes.
    async fn scrubbed(
        &self,
        image: ImageId,
        url: &BlobUrl,
        now: Timestamp,
    ) -> Result<(), CatalogError>;

    /// Ends the delete, if none of the data is left.
    async fn finish(&self, image: ImageId, now: Timestamp) -> Result<bool, CatalogError>;

    /// Takes the delete back, whatever becomes of `unrelated` intents; gives the image as it is then
    /// stored.
    async fn restore(
        &self,
        image: ImageId,
        unrelated: &[IntentId],
        now: Timestamp,
    ) -> Result<Image, CatalogError>;
}

/// An image that no list shows, for a row of it cannot be understood.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "it is all that there is to say")]
pub struct OddImage {
    /// Its id, whatever that is.
    pub id: String,
    /// What is odd.
    pub source: BoxError,
}

/// A location of some image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Its position, to go on from.
    pub at: u64,
    /// Where it leads.
    pub url: BlobUrl,
}

/// A delete whose data is still there.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduledDelete {
    /// The image.
    pub image: ImageId,
    /// Where data of it is left.
    pub locations: Vec<Location>,
}
