//! The status of an image, and what can happen to it.

use thiserror::Error;

use super::text::spelled;

/// Where an image is in its life (upstream's words and values).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "adapters must answer every status")]
pub enum Status {
    /// A record without data.
    Queued,
    /// Data is being uploaded.
    Saving,
    /// Data is in, or on its way to, the staging area.
    Uploading,
    /// An import is at work.
    Importing,
    /// Usable.
    Active,
    /// Usable by administrators only.
    Deactivated,
    /// A failure state of the old v1 API; read, never entered by v2.
    Killed,
    /// Deleted; its data awaits the scrubber.
    PendingDelete,
    /// Deleted.
    Deleted,
}

/// What happens to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the transition table must answer every event"
)]
pub enum Event {
    /// An upload begins.
    UploadStarted,
    /// Staging begins.
    StagingStarted,
    /// An import begins.
    ImportStarted,
    /// The data is whole and in a store.
    DataStored,
    /// The data could not be stored.
    DataFailed,
    /// An administrator stops downloads.
    Deactivated,
    /// An administrator allows downloads again.
    Reactivated,
    /// It is deleted, data and all.
    Deleted,
    /// It is deleted, its data later (`delayed_delete`).
    DeleteScheduled,
    /// The scrubber removed the data of a scheduled delete.
    Scrubbed,
    /// An operator takes a scheduled delete back.
    Restored,
}

impl Status {
    /// All of them, in the order of an image's life.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Saving,
        Self::Uploading,
        Self::Importing,
        Self::Active,
        Self::Deactivated,
        Self::Killed,
        Self::PendingDelete,
        Self::Deleted,
    ];

    /// The status an image reaches when `event` happens to it.
    ///
    /// # Errors
    /// [`IllegalTransition`] where it cannot happen in this status.
    pub fn after(self, event: Event) -> Result<Self, IllegalTransition> {
        use Event as E;
        Ok(match (self, event) {
            (Self::Queued, E::UploadStarted) => Self::Saving,
            (Self::Queued, E::StagingStarted) => Self::Uploading,
            (Self::Queued | Self::Uploading, E::ImportStarted) => Self::Importing,
            (Self::Queued | Self::Saving | Self::Importing, E::DataStored) => Self::Active,
            (Self::Saving | Self::Uploading | Self::Importing, E::DataFailed) => Self::Queued,
            (Self::Active | Self::Deactivated, E::Deactivated) => Self::Deactivated,
            (Self::Active | Self::Deactivated, E::Reactivated) => Self::Active,
            (Self::Active, E::DeleteScheduled) => Self::PendingDelete,
            (Self::PendingDelete, E::Scrubbed) => Self::Deleted,
            (Self::PendingDelete, E::Restored) => Self::Active,
            (
                Self::Queued
                | Self::Saving
                | Self::Uploading
                | Self::Importing
                | Self::Active
                | Self::Deactivated
                | Self::Killed,
                E::Deleted,
            ) => Self::Deleted,
            (from, event) => return Err(IllegalTransition { from, event }),
        })
    }

    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Saving => "saving",
            Self::Uploading => "uploading",
            Self::Importing => "importing",
            Self::Active => "active",
            Self::Deactivated => "deactivated",
            Self::Killed => "killed",
            Self::PendingDelete => "pending_delete",
            Self::Deleted => "deleted",
        }
    }
}

spelled!(Status, UnknownStatus, str::to_owned);

impl Event {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::UploadStarted,
        Self::StagingStarted,
        Self::ImportStarted,
        Self::DataStored,
        Self::DataFailed,
        Self::Deactivated,
        Self::Reactivated,
        Self::Deleted,
        Self::DeleteScheduled,
        Self::Scrubbed,
        Self::Restored,
    ];

    /// Whether an administrator's action, not data, asks for it.
    pub fn is_administrative(self) -> bool {
        matches!(self, Self::Deactivated | Self::Reactivated)
    }

    /// The event as a verb, for messages: "an image in status `saving` cannot be ...".
    pub fn as_verb(self) -> &'static str {
        match self {
            Self::UploadStarted => "uploaded to",
            Self::StagingStarted => "staged to",
            Self::ImportStarted => "imported",
            Self::DataStored => "made active",
            Self::DataFailed => "put back in the queue",
            Self::Deactivated => "deactivated",
            Self::Reactivated => "reactivated",
            Self::Deleted => "deleted",
            Self::DeleteScheduled => "scheduled for deletion",
            Self::Scrubbed => "scrubbed",
            Self::Restored => "restored",
        }
    }
}

/// Something that cannot happen to an image in its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an image in status `{from}` cannot be {}", event.as_verb())]
pub struct IllegalTransition {
    /// The status the image is in.
    pub from: Status,
    /// What was to happen.
    pub event: Event,
}

/// A word that is no status.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not an image status")]
pub struct UnknownStatus {
    /// What was given.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transitions_match_the_golden_table() {
        let mut table = String::new();
        for from in Status::ALL {
            for event in Event::ALL {
                if let Ok(to) = from.after(event) {
                    table += &format!("{from} + {event:?} -> {to}\n");
                }
            }
        }

        expect_test::expect_file!["golden/status.txt"].assert_eq(&table);
    }

    #[test]
    fn every_status_reads_back_from_its_word() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
    }
}
