//! Who can see an image, and who gets it listed.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::id::ProjectId;
use super::image::Image;
use super::member::MemberStatus;

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

impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Visibility {
    type Err = UnknownVisibility;

    fn from_str(text: &str) -> Result<Self, UnknownVisibility> {
        Self::ALL
            .into_iter()
            .find(|visibility| visibility.as_str() == text)
            .ok_or_else(|| UnknownVisibility {
                text: text.chars().take(64).collect(),
            })
    }
}

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
