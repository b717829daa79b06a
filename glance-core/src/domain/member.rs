//! Members: the projects an image is shared with.

use thiserror::Error;

use super::id::{ImageId, ProjectId};
use super::text::{beginning, spelled};
use super::time::Timestamp;

/// Whether a project has taken up an image that is shared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "adapters must answer every status")]
pub enum MemberStatus {
    /// Shared, not answered yet.
    #[default]
    Pending,
    /// Taken up: the image is in the member's list.
    Accepted,
    /// Turned down.
    Rejected,
}

impl MemberStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Accepted, Self::Rejected];

    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

spelled!(MemberStatus, UnknownMemberStatus, beginning);

/// A word that is no member status.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("member status '{text}' is not one of pending, accepted, rejected")]
pub struct UnknownMemberStatus {
    /// What was given.
    pub text: String,
}

/// That an image is shared with a project. Statuses move freely (spec/state-machine.md §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The image.
    pub image: ImageId,
    /// The project it is shared with.
    pub project: ProjectId,
    /// Its answer.
    pub status: MemberStatus,
    /// When it was shared.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Membership {
    /// A share that nobody has answered yet.
    pub fn offered(image: ImageId, project: ProjectId, now: Timestamp) -> Self {
        Self {
            image,
            project,
            status: MemberStatus::Pending,
            created_at: now,
            updated_at: now,
        }
    }
}
