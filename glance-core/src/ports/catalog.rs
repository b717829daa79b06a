//! The catalog: images, members, and the intents that explain blobs.

use async_trait::async_trait;
use thiserror::Error;

use super::{BoxError, TaskLog, UsageLedger};
use crate::domain::query::ImageQuery;
use crate::domain::{
    BlobUrl, Change, Creation, Holder, Image, ImageId, ImageQuotas, Intent, IntentId, MemberStatus,
    Membership, ProjectId, QuotaExceeded, Timestamp, Viewer,
};

/// Where rows live; those of tasks among them, see [`TaskLog`].
///
/// # Contract
///
/// * `insert` refuses an id that was ever used, also by an image that is gone;
/// * `insert` refuses an image above a quota of its project, also where many come at once;
/// * `create` stores a new image as `insert` does, with the intent and the task of its import and within
///   its claim, all of it or nothing;
/// * `find` knows nothing of an image that is gone; it tells the membership of the project asked
///   for, and of no other;
/// * `list` gives the page that [`ImageQuery::matches`] and [`ImageQuery::page_of`] mean, with
///   tags, properties and locations, in a number of statements that does not grow with the page;
/// * an image of which a row cannot be understood is left out of all lists, and hides no other: a
///   page that is not full is the last one. `find` answers `Odd` for it;
/// * `commit` makes what [`Change::applied_to`] means, locations in their order, and gives it back;
///   its intents and tasks come and go with it, all of it or nothing;
/// * `commit` refuses with `Conflict` where the guard does not hold, where the import lock is
///   another's, where the ended intent is gone or another's, where an intent to begin is there
///   already and does not end with it, and where a task cannot be recorded or moved; with `NotFound` where the image is gone;
///   with `Quota` where its claim passes a limit;
/// * of many changes that take the import lock of an image at once, one is made, also where a Python
///   node writes to the same rows;
/// * `idle_queued` gives queued images that are not protected and did not change since a time, the
///   longest unchanged first;
/// * a change to `deleted` takes properties, tags, members and locations with it, and the import
///   lock for good: an image whose delete is taken back is not locked;
/// * members of an image that is gone are gone; a project is a member once;
/// * `put_member` offers once: `Conflict` where the project is a member, `Quota` above the quota;
/// * intents are there until a change or `end_intent` ends them; `renew_intent` moves the lease of
///   one's own, and takes over one that is abandoned;
/// * `take_over` takes over one that is abandoned, and nothing else, and counts how often that was: the
///   count lasts as long as the intent, also where that begins anew as it ends;
/// * `intents_of` tells all intents of an image, whoever holds them, in the order of their ids;
/// * `begin_delete` records an intent to delete data that is named after an image which is not there:
///   `Conflict` where it is, or its delete is delayed, or somebody else removes the same data. An
///   intent that is abandoned gives way;
/// * `abandoned_intents` gives, of each store, [`ABANDONED_AT_ONCE`] intents or as many as there are:
///   those whose leases ended first, so that neither a large number nor a dead store hides others;
/// * `open_deletes` tells all that the image's intents to delete name;
/// * `finish_delete` ends an intent to delete that `holder` holds and, where the delete of the image
///   was delayed, notes that the data at the location is gone: both or neither. That either was so
///   before is fine.
#[async_trait]
pub trait Catalog: TaskLog + UsageLedger {
    /// Stores a new image; `quotas` is how many its owner may have.
    async fn insert(&self, image: &Image, quotas: Option<ImageQuotas>) -> Result<(), CatalogError>;

    /// Stores a new image with the import that is to bring its data.
    async fn create(&self, creation: &Creation) -> Result<(), CatalogError>;

    /// An image by its id, and whether `project` is a member of it.
    async fn find(
        &self,
        id: ImageId,
        project: Option<&ProjectId>,
    ) -> Result<Option<SeenImage>, CatalogError>;

    /// A page of the images that `viewer` gets listed.
    async fn list(&self, query: &ImageQuery, viewer: &Viewer) -> Result<Vec<Image>, CatalogError>;

    /// Queued images that are not protected and did not change since `before`: `limit` of them.
    async fn idle_queued(&self, before: Timestamp, limit: u32) -> Result<Vec<Image>, CatalogError>;

    /// Makes a change; gives the image as it is then stored.
    async fn commit(&self, change: &Change) -> Result<Image, CatalogError>;

    /// The members of an image in the order in which they were added.
    async fn members(&self, image: ImageId) -> Result<Vec<Membership>, CatalogError>;

    /// Adds a member; `quota` is how many members the image may have.
    async fn put_member(&self, member: &Membership, quota: Option<u64>)
    -> Result<(), CatalogError>;

    /// Sets the answer of a member, or removes it (`None`). `NotFound` where there is none.
    async fn set_member(
        &self,
        image: ImageId,
        project: &ProjectId,
        status: Option<MemberStatus>,
        now: Timestamp,
    ) -> Result<(), CatalogError>;

    /// An intent by its id.
    async fn find_intent(&self, id: &IntentId) -> Result<Option<Intent>, CatalogError>;

    /// What is being done with data of an image.
    async fn intents_of(&self, image: ImageId) -> Result<Vec<Intent>, CatalogError>;

    /// Intents that `asking` may take over at `now`: see [`Intent::is_abandoned`]. The rest is for
    /// another time.
    async fn abandoned_intents(
        &self,
        asking: &Holder,
        now: Timestamp,
    ) -> Result<Vec<Intent>, CatalogError>;

    /// Gives `holder` the lease of an intent until `until`: its own moves on, an abandoned one is
    /// taken over. `false` where the intent is gone or somebody else holds it.
    async fn renew_intent(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError>;

    /// Gives `holder` the lease of an abandoned intent until `until`, and tells how often it was taken
    /// over by then. `None` where it is gone, or not abandoned at `now`.
    async fn take_over(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<u64>, CatalogError>;

    /// Ends an intent that `holder` holds; that it is gone, or another's, is fine.
    async fn end_intent(&self, intent: &IntentId, holder: &Holder) -> Result<(), CatalogError>;

    /// Records the intent to remove data of an image that is not there.
    async fn begin_delete(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError>;

    /// Where data of an image is being removed from.
    async fn open_deletes(&self, image: ImageId) -> Result<Vec<BlobUrl>, CatalogError>;

    /// Notes that the data of an intent to delete is gone.
    async fn finish_delete(
        &self,
        intent: &Intent,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<(), CatalogError>;
}

/// The most intents of one store that are read at a time, so that memory does not grow with what was
/// left behind.
pub const ABANDONED_AT_ONCE: u64 = 500;

/// An image as a project meets it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenImage {
    /// The image.
    pub image: Image,
    /// The answer of the project that asks, if the image is shared with it.
    pub membership: Option<MemberStatus>,
}

/// Why a catalog did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The database failed.
    #[error("the catalog failed to {operation}")]
    Backend {
        /// What it was to do.
        operation: &'static str,
        /// Why it did not.
        source: BoxError,
    },
    /// It is no longer as it was read, or it is there already.
    #[error("the catalog holds something else by now")]
    Conflict,
    /// Nothing is there.
    #[error("the catalog holds no such thing")]
    NotFound,
    /// A row of what was asked for cannot be understood.
    #[error("the catalog holds what no Glance writes")]
    Odd {
        /// What is odd.
        source: BoxError,
    },
    /// A limit would be passed.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The database cannot keep what it was given, such as a character that its encoding lacks.
    #[error("the catalog cannot keep a text as it is")]
    Unstorable {
        /// Why.
        source: BoxError,
    },
    /// The database cannot be reached, or not in time: worth another try.
    #[error("the catalog is unavailable")]
    Unavailable {
        /// Why.
        source: BoxError,
    },
}
