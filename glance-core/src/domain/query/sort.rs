//! Sort keys and directions.

use std::cmp::Ordering;
use std::str::FromStr;

use thiserror::Error;

use super::super::image::Image;
use super::super::text::beginning;
use super::super::time::Timestamp;

/// What images can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "catalogs must translate every key")]
pub enum SortKey {
    /// `container_format`
    ContainerFormat,
    /// `created_at`
    CreatedAt,
    /// `disk_format`
    DiskFormat,
    /// `id`
    Id,
    /// `name`
    Name,
    /// `size`
    Size,
    /// `status`
    Status,
    /// `updated_at`
    UpdatedAt,
}

impl SortKey {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ContainerFormat,
        Self::CreatedAt,
        Self::DiskFormat,
        Self::Id,
        Self::Name,
        Self::Size,
        Self::Status,
        Self::UpdatedAt,
    ];

    /// The name on the wire, and of the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ContainerFormat => "container_format",
            Self::CreatedAt => "created_at",
            Self::DiskFormat => "disk_format",
            Self::Id => "id",
            Self::Name => "name",
            Self::Size => "size",
            Self::Status => "status",
            Self::UpdatedAt => "updated_at",
        }
    }

    /// The value of an image under this key.
    pub fn value(self, image: &Image) -> SortValue {
        let text = |text: Option<&str>| SortValue::Text(text.map(str::to_owned));
        match self {
            Self::ContainerFormat => text(image.container_format.as_ref().map(|f| f.as_str())),
            Self::CreatedAt => SortValue::Time(image.created_at),
            Self::DiskFormat => text(image.disk_format.as_ref().map(|f| f.as_str())),
            Self::Id => text(Some(image.id.as_str())),
            Self::Name => text(image.name.as_ref().map(|name| name.as_str())),
            Self::Size => SortValue::Number(image.size),
            Self::Status => text(Some(image.status().as_str())),
            Self::UpdatedAt => SortValue::Time(image.updated_at),
        }
    }
}

impl FromStr for SortKey {
    type Err = InvalidSort;

    fn from_str(text: &str) -> Result<Self, InvalidSort> {
        Self::ALL
            .into_iter()
            .find(|key| key.as_str() == text)
            .ok_or_else(|| InvalidSort::Key {
                text: beginning(text),
            })
    }
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two directions")]
pub enum Direction {
    /// `asc`
    Ascending,
    /// `desc`
    Descending,
}

impl FromStr for Direction {
    type Err = InvalidSort;

    fn from_str(text: &str) -> Result<Self, InvalidSort> {
        match text {
            "asc" => Ok(Self::Ascending),
            "desc" => Ok(Self::Descending),
            _ => Err(InvalidSort::Direction {
                text: beginning(text),
            }),
        }
    }
}

/// A value that images are sorted by. What an image lacks comes before everything (as NULL does
/// in SQLite and MySQL); texts compare byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "catalogs must translate every value"
)]
pub enum SortValue {
    /// A number, if there is one.
    Number(Option<u64>),
    /// A text, if there is one.
    Text(Option<String>),
    /// A time.
    Time(Timestamp),
}

/// A total order of images: it always ends in the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort(Vec<(SortKey, Direction)>);

impl Sort {
    /// Sorts by `keys`, then by `created_at` and `id` in the last key's direction (upstream).
    pub fn by(keys: impl IntoIterator<Item = (SortKey, Direction)>) -> Self {
        let mut order: Vec<(SortKey, Direction)> = Vec::new();
        for (key, direction) in keys {
            if order.iter().all(|(known, _)| *known != key) {
                order.push((key, direction));
            }
        }
        let last = order
            .last()
            .map_or(Direction::Descending, |(_, direction)| *direction);
        for key in [SortKey::CreatedAt, SortKey::Id] {
            if order.iter().all(|(known, _)| *known != key) {
                order.push((key, last));
            }
        }
        let id = order.iter().position(|(key, _)| *key == SortKey::Id);
        order.truncate(id.map_or(order.len(), |at| at + 1));
        Self(order)
    }

    /// The keys with their directions; the last is `id`, the only one that is unique.
    pub fn keys(&self) -> &[(SortKey, Direction)] {
        &self.0
    }

    /// Where an image stands in this order: one value a key.
    pub fn position(&self, image: &Image) -> Vec<SortValue> {
        self.0.iter().map(|(key, _)| key.value(image)).collect()
    }

    /// How two positions of this order compare.
    pub fn compare(&self, left: &[SortValue], right: &[SortValue]) -> Ordering {
        for ((_, direction), (left, right)) in self.0.iter().zip(left.iter().zip(right)) {
            let ordering = match direction {
                Direction::Ascending => left.cmp(right),
                Direction::Descending => right.cmp(left),
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        Ordering::Equal
    }
}

impl Default for Sort {
    /// Newest first.
    fn default() -> Self {
        Self::by([])
    }
}

/// A sort that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidSort {
    /// Neither up nor down.
    #[error("invalid sort direction '{text}': use asc or desc")]
    Direction {
        /// What was given.
        text: String,
    },
    /// Images are not sorted by this.
    #[error(
        "invalid sort key '{text}': use one of {}",
        SortKey::ALL.map(SortKey::as_str).join(", ")
    )]
    Key {
        /// What was given.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_ends_in_the_id() {
        use Direction::{Ascending, Descending};

        let by_name = Sort::by([(SortKey::Name, Ascending)]);
        let by_id = Sort::by([(SortKey::Id, Ascending), (SortKey::Name, Descending)]);

        assert_eq!(
            by_name.keys(),
            [
                (SortKey::Name, Ascending),
                (SortKey::CreatedAt, Ascending),
                (SortKey::Id, Ascending)
            ]
        );
        assert_eq!(by_id.keys(), [(SortKey::Id, Ascending)]);
        assert_eq!(
            Sort::default().keys(),
            [(SortKey::CreatedAt, Descending), (SortKey::Id, Descending)]
        );
    }
}
