//! The image: the aggregate and its invariants.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{Content, Multihash};
use super::format::{ContainerFormat, DiskFormat, ImageName};
use super::id::{ImageId, ProjectId};
use super::location::Location;
use super::minimum::Minimum;
use super::property::{PropertyName, PropertyValue};
use super::status::{Event, IllegalTransition, Status};
use super::tag::Tag;
use super::time::Timestamp;
use super::visibility::Visibility;

/// A template of a disk: what is known of it, and where its data is.
///
/// Its status moves only when something happens to it: see [`Image::after`].
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Its id, for ever: ids are not used again, not even after a delete (rule R14).
    pub id: ImageId,
    /// What it is called.
    pub name: Option<ImageName>,
    /// The project it belongs to; `None` is everybody's to see and an administrator's to change.
    pub owner: Option<ProjectId>,
    /// Who may see it.
    pub visibility: Visibility,
    /// Whether deleting it is refused.
    pub protected: bool,
    /// Whether lists leave it out unless asked for hidden images.
    pub hidden: bool,
    /// How the disk is laid out in the data.
    pub disk_format: Option<DiskFormat>,
    /// What wraps the disk.
    pub container_format: Option<ContainerFormat>,
    /// GiB of disk that a machine needs.
    pub min_disk: Minimum,
    /// MiB of memory that a machine needs.
    pub min_ram: Minimum,
    /// Tags.
    pub tags: BTreeSet<Tag>,
    /// Custom properties, internal ones included.
    pub properties: BTreeMap<PropertyName, PropertyValue>,
    /// Bytes of data.
    pub size: Option<u64>,
    /// Bytes of the disk that the data holds.
    pub virtual_size: Option<u64>,
    /// MD5 of the data, in hex.
    pub checksum: Option<String>,
    /// The hash of the data.
    pub multihash: Option<Multihash>,
    /// The algorithm of a hash that is not known yet: the data is being read for it.
    pub hash_awaited: Option<String>,
    /// Where the data is, best place first.
    pub locations: Vec<Location>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed; every change moves it forward.
    pub updated_at: Timestamp,
    pub(super) status: Status,
}

impl Image {
    /// A queued image of which nothing else is known.
    pub fn queued(id: ImageId, now: Timestamp) -> Self {
        Self {
            id,
            name: None,
            owner: None,
            visibility: Visibility::default(),
            protected: false,
            hidden: false,
            disk_format: None,
            container_format: None,
            min_disk: Minimum::default(),
            min_ram: Minimum::default(),
            tags: BTreeSet::new(),
            properties: BTreeMap::new(),
            size: None,
            virtual_size: None,
            checksum: None,
            multihash: None,
            hash_awaited: None,
            locations: Vec::new(),
            created_at: now,
            updated_at: now,
            status: Status::Queued,
        }
    }

    /// The same image in the status in which a catalog holds it. For catalogs only.
    #[must_use]
    pub fn stored_as(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Where it is in its life.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The image after something happened to it. Back in the queue, it knows nothing of its data; and
    /// out of the queue, what was noted there of refused data is none of its locations.
    ///
    /// # Errors
    /// [`IllegalTransition`] where that cannot happen in this status.
    pub fn after(&self, event: Event, now: Timestamp) -> Result<Self, IllegalTransition> {
        let status = self.status.after(event)?;
        let mut next = self.clone();
        if status != self.status {
            next.touch(now);
        }
        next.status = status;
        if self.status == Status::Queued && is_given_data(status) {
            next.locations.clear();
        }
        if status == Status::Queued {
            next.forget_content();
        }
        Ok(next)
    }

    /// The image back in the queue, without data. `kept` tells whether its locations stay, as notes of
    /// where data is that was refused: nobody reads there.
    ///
    /// # Errors
    /// It is in the queue, or has data.
    pub fn without_data(&self, kept: bool, now: Timestamp) -> Result<Self, IllegalTransition> {
        let mut queued = self.after(Event::DataFailed, now)?;
        if kept {
            queued.locations.clone_from(&self.locations);
        }
        Ok(queued)
    }

    /// The algorithm of the hash of its data, also while that is being found.
    pub fn hash_algorithm(&self) -> Option<&str> {
        let known = self.multihash.as_ref().map(|hash| hash.algorithm.as_str());
        known.or(self.hash_awaited.as_deref())
    }

    /// The custom properties that readers are shown.
    pub fn shown_properties(&self) -> impl Iterator<Item = (&PropertyName, &PropertyValue)> {
        self.properties.iter().filter(|(name, _)| name.is_shown())
    }

    /// How many properties count in the quota: all but the service's own.
    pub fn counted_properties(&self) -> u64 {
        self.properties
            .keys()
            .filter(|name| !name.is_internal())
            .count() as u64
    }

    /// The image with its data: what is known of it, and where it is.
    #[must_use]
    pub fn with_content(mut self, content: Content, location: Location) -> Self {
        self.learn(content);
        self.locations.push(location);
        self
    }

    /// Takes in what is known of its data.
    pub(super) fn learn(&mut self, content: Content) {
        self.size = Some(content.size);
        self.virtual_size = content.virtual_size;
        self.checksum = Some(content.checksum);
        self.multihash = Some(content.multihash);
        self.hash_awaited = None;
    }

    /// Moves `updated_at` to `now`, or just past where it was: a change is never unseen.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        let next = Timestamp::from_micros(self.updated_at.as_micros() + 1);
        self.updated_at = now.max(next);
    }

    fn forget_content(&mut self) {
        self.size = None;
        self.virtual_size = None;
        self.checksum = None;
        self.multihash = None;
        self.hash_awaited = None;
        self.locations.clear();
        self.properties.remove(&PropertyName::stage_host());
        self.properties.remove(&PropertyName::refused_hash());
    }
}

/// Whether an image in this status has data, or is getting some.
fn is_given_data(status: Status) -> bool {
    matches!(
        status,
        Status::Active | Status::Importing | Status::Saving | Status::Uploading
    )
}
