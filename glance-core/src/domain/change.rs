//! A change: an image as it will be, and what it must still be.

use super::id::{IntentId, TaskId};
use super::image::Image;
use super::import::IMPORT_LOCK;
use super::lease::{Holder, Intent, Work};
use super::location::{BlobUrl, Location};
use super::property::{PropertyName, PropertyValue};
use super::status::Status;
use super::task::{Task, TaskStatus};
use super::usage::Claim;

/// An image as it was read and as it is to be.
///
/// Committing writes only what differs between the two, and only if [`Guard`] still holds, so
/// that neither a change of status nor an edit of somebody else is ever lost.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a change that is not committed has not happened"]
pub struct Change {
    /// As it was read.
    pub before: Image,
    /// As it is to be. In status `deleted` or `pending_delete`, it is to be gone: members, tags and
    /// all.
    pub after: Image,
    /// What must still hold.
    pub guard: Guard,
    /// Intents that are recorded with it.
    pub begun: Vec<Intent>,
    /// What the project of the image has more with it: refused where that passes a limit. The bytes
    /// of an upload that begins are reserved until its intent ends.
    pub claim: Option<Claim>,
    /// The intent that ends with it, and who must hold it. Where it is gone or held by another,
    /// somebody took the work over: a conflict.
    pub ended: Option<(IntentId, Holder)>,
    /// What it does with the import lock of the image.
    pub lock: LockStep,
    /// Tasks that are recorded, or moved on, with it.
    pub tasks: Vec<TaskStep>,
}

/// What a change does with the lock by which an import keeps others off, see
/// [`IMPORT_LOCK`]. What differs of that property alone is not committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "catalogs must answer every step")]
pub enum LockStep {
    /// Nothing: whoever has it keeps it.
    #[default]
    Untouched,
    /// A task takes it: a conflict where another has it than the one whose lock it breaks.
    Taken {
        /// The task that has it then.
        by: TaskId,
        /// The task that has it until then, if one does.
        instead_of: Option<TaskId>,
    },
    /// A conflict where this task does not have it.
    Held(TaskId),
    /// As [`Held`](Self::Held), and then nobody has it.
    Dropped(TaskId),
}

/// A task as part of a change.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "catalogs must answer every step")]
pub enum TaskStep {
    /// It is recorded: a conflict where its id was used before.
    Recorded(Task),
    /// It moves on: a conflict where it is not in the status `from`.
    Moved {
        /// The task as it is to be.
        task: Task,
        /// The status that was read.
        from: TaskStatus,
    },
}

/// What must still hold of an image when a change of it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "catalogs must answer every guard")]
pub enum Guard {
    /// Its status is the one that was read.
    Status,
    /// It is as it was read: same status, same `updated_at`.
    Unchanged,
}

impl Change {
    /// A move of status.
    pub fn of_status(before: Image, after: Image) -> Self {
        Self {
            before,
            after,
            guard: Guard::Status,
            begun: Vec::new(),
            claim: None,
            ended: None,
            lock: LockStep::Untouched,
            tasks: Vec::new(),
        }
    }

    /// An edit.
    pub fn of_edit(before: Image, after: Image) -> Self {
        Self {
            before,
            after,
            guard: Guard::Unchanged,
            begun: Vec::new(),
            claim: None,
            ended: None,
            lock: LockStep::Untouched,
            tasks: Vec::new(),
        }
    }

    /// The same change, with intents recorded in it.
    pub fn beginning(mut self, intents: impl IntoIterator<Item = Intent>) -> Self {
        self.begun.extend(intents);
        self
    }

    /// The same change, which has to be within limits.
    pub fn claiming(mut self, claim: Option<Claim>) -> Self {
        self.claim = claim;
        self
    }

    /// What begins with it that bytes of its claim are reserved for: an upload, an import, or data that
    /// is staged.
    pub fn begun_upload(&self) -> Option<&Intent> {
        let writes = |work: &Work| matches!(work, Work::Import(_) | Work::Stage | Work::Upload);
        self.begun.iter().find(|intent| writes(&intent.work))
    }

    /// The same change, which ends an intent that `holder` holds.
    pub fn ending(mut self, intent: IntentId, holder: Holder) -> Self {
        self.ended = Some((intent, holder));
        self
    }

    /// The same change, which takes, needs or drops the import lock.
    pub fn locking(mut self, lock: LockStep) -> Self {
        self.lock = lock;
        self
    }

    /// The same change, with a task recorded or moved on in it.
    pub fn with_task(mut self, task: TaskStep) -> Self {
        self.tasks.push(task);
        self
    }

    /// Whether the image is gone after it.
    pub fn deletes(&self) -> bool {
        matches!(self.after.status(), Status::Deleted | Status::PendingDelete)
    }

    /// What committing makes of the `stored` image: `None` where the guard does not hold, or the
    /// lock is not as its step needs it. Of a deleted one, tags, properties and locations are gone.
    ///
    /// This is the meaning of a commit; every catalog is held to it.
    pub fn applied_to(&self, stored: &Image) -> Option<Image> {
        let (before, after) = (&self.before, &self.after);
        let holds = stored.status() == before.status()
            && (self.guard == Guard::Status || stored.updated_at == before.updated_at)
            && self.lock.is_open_to(stored);
        if !holds {
            return None;
        }
        let mut image = stored.clone().stored_as(after.status());
        macro_rules! take_what_differs {
            ($($field:ident),*) => {
                $(if before.$field != after.$field {
                    image.$field = after.$field.clone();
                })*
            };
        }
        take_what_differs!(
            name,
            owner,
            visibility,
            protected,
            hidden,
            disk_format,
            container_format,
            min_disk,
            min_ram,
            size,
            virtual_size,
            checksum,
            multihash,
            hash_awaited
        );
        image.updated_at = stored.updated_at.max(after.updated_at);
        if self.deletes() {
            image.tags.clear();
            image.properties.clear();
            image.locations.clear();
            return Some(image);
        }
        for tag in before.tags.difference(&after.tags) {
            image.tags.remove(tag);
        }
        image
            .tags
            .extend(after.tags.difference(&before.tags).cloned());
        for name in self.removed_properties() {
            image.properties.remove(name);
        }
        let set = self.set_properties();
        image
            .properties
            .extend(set.map(|(name, value)| (name.clone(), value.clone())));
        self.lock.apply_to(&mut image);
        let (removed, added) = self.location_changes();
        let is_removed = |stored: &Location| removed.contains(&&stored.url);
        image.locations.retain(|stored| !is_removed(stored));
        image.locations.extend_from_slice(added);
        Some(image)
    }

    /// The properties that go; the lock of an import is none of them.
    pub fn removed_properties(&self) -> impl Iterator<Item = &PropertyName> + Clone {
        let after = &self.after.properties;
        let names = self.before.properties.keys();
        names.filter(|name| !after.contains_key(*name) && name.as_str() != IMPORT_LOCK)
    }

    /// The properties that come, or get another value; the lock of an import is none of them.
    pub fn set_properties(&self) -> impl Iterator<Item = (&PropertyName, &PropertyValue)> + Clone {
        let before = &self.before.properties;
        let after = self.after.properties.iter();
        after.filter(|(name, value)| {
            before.get(*name) != Some(*value) && name.as_str() != IMPORT_LOCK
        })
    }

    /// The URLs whose locations go, and the locations that are then added at the end: so that what
    /// was read becomes what is to be, in its order, and most of it stays untouched.
    pub fn location_changes(&self) -> (Vec<&BlobUrl>, &[Location]) {
        let (before, after) = (&self.before.locations, &self.after.locations);
        let mut kept = 0;
        let mut removed = Vec::new();
        for location in before {
            if after.get(kept) == Some(location) {
                kept += 1;
            } else {
                removed.push(&location.url);
            }
        }
        let (kept, added) = after.split_at(kept);
        if kept.iter().any(|location| removed.contains(&&location.url)) {
            // One URL twice: the two cannot be told apart by it.
            return (before.iter().map(|location| &location.url).collect(), after);
        }
        (removed, added)
    }
}

#[cfg(test)]
mod tests {
    use super::super::id::ImageId;
    use super::super::status::Event;
    use super::super::time::Timestamp;
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn image() -> Image {
        Image::queued(ImageId::from_bits(1), at(1))
    }

    #[test]
    fn a_move_of_status_keeps_an_edit_that_came_between() {
        let read = image();
        let change = Change::of_status(
            read.clone(),
            read.after(Event::UploadStarted, at(9)).unwrap(),
        );
        let edited = Image {
            hidden: true,
            updated_at: at(5),
            ..read
        };

        let result = change.applied_to(&edited).unwrap();

        assert_eq!(result.status(), Status::Saving);
        assert!(result.hidden);
        assert_eq!(result.updated_at, at(9));
    }

    #[test]
    fn an_edit_of_what_has_changed_is_refused() {
        let read = image();
        let change = Change::of_edit(
            read.clone(),
            Image {
                protected: true,
                ..read.clone()
            },
        );
        let edited = Image {
            hidden: true,
            updated_at: at(5),
            ..read
        };

        assert_eq!(change.applied_to(&edited), None);
    }

    #[test]
    fn no_change_is_made_in_another_status() {
        let read = image();
        let change = Change::of_status(
            read.clone(),
            read.after(Event::UploadStarted, at(9)).unwrap(),
        );

        assert_eq!(change.applied_to(&read.stored_as(Status::Active)), None);
    }
}
