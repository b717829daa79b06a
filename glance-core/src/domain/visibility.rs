//! Who can see an image, and who gets it listed.

use thiserror::Error;

use super::id::ProjectId;
use super::image::Image;
use super::member::MemberStatus;
use super::text::{beginning, spelled};

/// Who may see an image besides its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "adapters must answer every visibility"
)]
pub enum Visibility {
    /// Everybody, and everybody gets it listed.
    Public,
    /// Nobody.
    Private,
    /// The projects it is shared with. The default, as upstream's.
    #[default]
    Shared,
    /// Everybody, but it is listed only to those who ask for such images.
    Community,
}

impl Visibility {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Public, Self::Private, Self::Shared, Self::Community];

    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Community => "community",
        }
    }
}

spelled!(Visibility, UnknownVisibility, beginning);

/// A word that is no visibility.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("visibility '{text}' is not one of public, private, shared, community")]
pub struct UnknownVisibility {
    /// What was given.
    pub text: String,
}

/// The eyes with which the catalog is read: what visibility needs to know of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The project looked from.
    pub project: Option<ProjectId>,
    /// Administrators see everything.
    pub admin: bool,
}

impl Viewer {
    /// Whether the viewer's project owns the image.
    pub fn owns(&self, image: &Image) -> bool {
        self.project.is_some() && self.project == image.owner
    }

    /// Whether the viewer may know that the image exists: to show it, by id.
    ///
    /// `membership` is that of the viewer's project, whatever its status. Images without an owner
    /// are visible to everybody (upstream).
    pub fn sees(&self, image: &Image, membership: Option<MemberStatus>) -> bool {
        self.admin
            || self.owns(image)
            || image.owner.is_none()
            || match image.visibility {
                Visibility::Public | Visibility::Community => true,
                Visibility::Shared => membership.is_some(),
                Visibility::Private => false,
            }
    }
}
