//! Namespaces: what definitions are kept in.

use thiserror::Error;

use super::super::id::ProjectId;
use super::super::text::{beginning, spelled};
use super::super::visibility::{Viewer, Visibility};
use super::name::{Description, DisplayName, NamespaceName};

/// A namespace, without what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: NamespaceName,
    /// What it is called in front of users.
    pub display_name: Option<DisplayName>,
    /// What it is for.
    pub description: Option<Description>,
    /// Who may see it besides its owner.
    pub visibility: NamespaceVisibility,
    /// Whether deleting it, or anything in it, is refused.
    pub protected: bool,
    /// The project that owns it.
    pub owner: ProjectId,
}

impl Namespace {
    /// Whether the viewer may know of it, and gets it listed.
    pub fn is_seen_by(&self, viewer: &Viewer) -> bool {
        viewer.admin
            || self.visibility == NamespaceVisibility::Public
            || viewer.project.as_ref() == Some(&self.owner)
    }
}

/// Who may see a namespace besides its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "adapters must answer every visibility"
)]
pub enum NamespaceVisibility {
    /// Everybody.
    Public,
    /// Nobody.
    #[default]
    Private,
}

impl NamespaceVisibility {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Public, Self::Private];

    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        Visibility::from(self).as_str()
    }
}

impl From<NamespaceVisibility> for Visibility {
    fn from(visibility: NamespaceVisibility) -> Self {
        match visibility {
            NamespaceVisibility::Public => Self::Public,
            NamespaceVisibility::Private => Self::Private,
        }
    }
}

spelled!(NamespaceVisibility, UnknownNamespaceVisibility, beginning);

/// A word that is no visibility of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("visibility '{text}' is not one of public, private")]
pub struct UnknownNamespaceVisibility {
    /// What was given.
    pub text: String,
}
