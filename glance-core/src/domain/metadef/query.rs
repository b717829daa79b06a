//! Lists of namespaces and of tags, as data.

use std::cmp::Ordering;
use std::str::FromStr;

use thiserror::Error;

use super::super::query::{Direction, SortValue};
use super::super::text::beginning;
use super::super::visibility::Viewer;
use super::contents::{Dated, NamespaceContents};
use super::name::{ResourceTypeName, TagName};
use super::namespace::{Namespace, NamespaceVisibility};

/// What is asked of a list of namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceQuery {
    /// Only those of this visibility.
    pub visibility: Option<NamespaceVisibility>,
    /// Only those that are for one of these resource types.
    pub resource_types: Option<Vec<ResourceTypeName>>,
    /// What they are sorted by first; then by when they came, and by name.
    pub key: NamespaceSortKey,
    /// Which way.
    pub direction: Direction,
    /// How many at most.
    pub limit: u32,
    /// After this position; from the start if none.
    pub after: Option<Vec<SortValue>>,
}

impl NamespaceQuery {
    /// What is sorted by, in order. The last is the only one that is unique.
    pub fn keys(&self) -> Vec<NamespaceSortKey> {
        use NamespaceSortKey::{CreatedAt, Name};
        match self.key {
            CreatedAt => vec![CreatedAt, Name],
            Name => vec![Name],
            key => vec![key, CreatedAt, Name],
        }
    }

    /// Where a namespace stands in the order of this query.
    pub fn position(&self, namespace: &Dated<Namespace>) -> Vec<SortValue> {
        let keys = self.keys().into_iter();
        keys.map(|key| key.value(namespace)).collect()
    }

    /// Whether the viewer gets a namespace in this list, on whatever page.
    pub fn matches(&self, viewer: &Viewer, contents: &NamespaceContents) -> bool {
        let namespace = &contents.namespace.value;
        let is_for = |name: &ResourceTypeName| contents.association(name).is_some();
        namespace.is_seen_by(viewer)
            && self
                .visibility
                .is_none_or(|visibility| namespace.visibility == visibility)
            && self
                .resource_types
                .as_ref()
                .is_none_or(|types| types.iter().any(is_for))
    }

    /// The page of those that match.
    pub fn page_of(&self, matching: Vec<NamespaceContents>) -> Vec<NamespaceContents> {
        let mut placed: Vec<_> = matching
            .into_iter()
            .map(|contents| (self.position(&contents.namespace), contents))
            .collect();
        placed.sort_by(|(left, _), (right, _)| compare(self.direction, left, right));
        placed
            .into_iter()
            .filter(|(position, _)| {
                let after = self.after.as_ref();
                after.is_none_or(|after| compare(self.direction, position, after).is_gt())
            })
            .take(usize::try_from(self.limit).unwrap_or(usize::MAX))
            .map(|(_, contents)| contents)
            .collect()
    }
}

/// What namespaces are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "catalogs must translate every key")]
pub enum NamespaceSortKey {
    /// `created_at`, and `id`: they are counted as they come.
    CreatedAt,
    /// `description`
    Description,
    /// `display_name`
    DisplayName,
    /// `namespace`
    Name,
    /// `owner`
    Owner,
    /// `protected`
    Protected,
    /// `updated_at`
    UpdatedAt,
    /// `visibility`
    Visibility,
}

impl NamespaceSortKey {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::CreatedAt,
        Self::Description,
        Self::DisplayName,
        Self::Name,
        Self::Owner,
        Self::Protected,
        Self::UpdatedAt,
        Self::Visibility,
    ];

    /// The name on the wire, and of the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::Description => "description",
            Self::DisplayName => "display_name",
            Self::Name => "namespace",
            Self::Owner => "owner",
            Self::Protected => "protected",
            Self::UpdatedAt => "updated_at",
            Self::Visibility => "visibility",
        }
    }

    /// The value of a namespace under this key.
    pub fn value(self, namespace: &Dated<Namespace>) -> SortValue {
        let value = &namespace.value;
        let text = |text: Option<&str>| SortValue::Text(text.map(str::to_owned));
        match self {
            Self::CreatedAt => SortValue::Time(namespace.created_at),
            Self::Description => text(value.description.as_ref().map(|text| text.as_str())),
            Self::DisplayName => text(value.display_name.as_ref().map(|text| text.as_str())),
            Self::Name => text(Some(value.name.as_str())),
            Self::Owner => text(Some(value.owner.as_str())),
            Self::Protected => SortValue::Number(Some(value.protected.into())),
            Self::UpdatedAt => SortValue::Time(namespace.updated_at),
            Self::Visibility => text(Some(value.visibility.as_str())),
        }
    }
}

impl FromStr for NamespaceSortKey {
    type Err = UnknownSortKey;

    fn from_str(text: &str) -> Result<Self, UnknownSortKey> {
        if text == "id" {
            return Ok(Self::CreatedAt);
        }
        let known = Self::ALL.into_iter().find(|key| key.as_str() == text);
        known.ok_or_else(|| UnknownSortKey::of(text, &Self::ALL.map(Self::as_str)))
    }
}

/// What is asked of the tags of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagQuery {
    /// What they are sorted by; then as they came.
    pub key: TagSortKey,
    /// Which way.
    pub direction: Direction,
    /// How many at most; all of them, where nothing is said (upstream).
    pub limit: Option<u32>,
    /// After this one.
    pub marker: Option<TagName>,
}

impl TagQuery {
    /// The page of the tags of a namespace, which are in the order in which they came. `None` where
    /// the marker is none of them.
    pub fn page_of(&self, tags: Vec<Dated<TagName>>) -> Option<Vec<Dated<TagName>>> {
        let mut placed: Vec<_> = tags.into_iter().enumerate().collect();
        placed.sort_by(|(left_at, left), (right_at, right)| {
            let ordering = self.key.compare(left, right).then(left_at.cmp(right_at));
            directed(self.direction, ordering)
        });
        let mut tags: Vec<_> = placed.into_iter().map(|(_, tag)| tag).collect();
        if let Some(marker) = &self.marker {
            let at = tags.iter().position(|tag| tag.value == *marker)?;
            tags.drain(..=at);
        }
        if let Some(limit) = self.limit {
            tags.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Some(tags)
    }
}

/// What tags are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagSortKey {
    /// `created_at`, and `id`: they are counted as they come.
    CreatedAt,
    /// `name`
    Name,
    /// `updated_at`
    UpdatedAt,
}

impl TagSortKey {
    fn compare(self, left: &Dated<TagName>, right: &Dated<TagName>) -> Ordering {
        match self {
            Self::CreatedAt => left.created_at.cmp(&right.created_at),
            Self::Name => left.value.cmp(&right.value),
            Self::UpdatedAt => left.updated_at.cmp(&right.updated_at),
        }
    }
}

impl FromStr for TagSortKey {
    type Err = UnknownSortKey;

    fn from_str(text: &str) -> Result<Self, UnknownSortKey> {
        match text {
            "created_at" | "id" => Ok(Self::CreatedAt),
            "name" => Ok(Self::Name),
            "updated_at" => Ok(Self::UpdatedAt),
            text => Err(UnknownSortKey::of(
                text,
                &["created_at", "name", "updated_at"],
            )),
        }
    }
}

/// A word that is no sort key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid sort key '{text}': use one of {}", known.join(", "))]
pub struct UnknownSortKey {
    /// The first characters of what was given.
    pub text: String,
    /// The words that are.
    pub known: Vec<&'static str>,
}

impl UnknownSortKey {
    fn of(text: &str, known: &[&'static str]) -> Self {
        Self {
            text: beginning(text),
            known: known.to_vec(),
        }
    }
}

fn compare(direction: Direction, left: &[SortValue], right: &[SortValue]) -> Ordering {
    directed(direction, left.cmp(right))
}

fn directed(direction: Direction, ordering: Ordering) -> Ordering {
    match direction {
        Direction::Ascending => ordering,
        Direction::Descending => ordering.reverse(),
    }
}
