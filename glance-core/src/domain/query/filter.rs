//! One condition on an image, and its meaning.

use super::super::image::Image;
use super::super::time::Timestamp;
use super::operator::OneOf;

/// One condition on an image. The conditions of a query are joined by "and".
///
/// What an image lacks matches no condition: as NULL in SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "catalogs must translate every filter"
)]
pub enum Filter {
    /// A number compares so.
    Number(NumberField, Compare, i64),
    /// A custom property has this value.
    Property(String, String),
    /// Protected, or not.
    Protected(bool),
    /// It carries this tag.
    Tag(String),
    /// A text is one of these.
    Text(TextField, OneOf),
    /// A time compares so.
    Time(TimeField, Compare, Timestamp),
}

/// Texts that can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "catalogs must translate every field"
)]
pub enum TextField {
    /// `checksum`
    Checksum,
    /// `container_format`
    ContainerFormat,
    /// `disk_format`
    DiskFormat,
    /// `os_hash_algo`
    HashAlgorithm,
    /// `os_hash_value`
    HashValue,
    /// `id`
    Id,
    /// `name`
    Name,
    /// `owner`
    Owner,
    /// `status`
    Status,
}

/// Numbers that can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "catalogs must translate every field"
)]
pub enum NumberField {
    /// `min_disk`, GiB
    MinDisk,
    /// `min_ram`, MiB
    MinRam,
    /// `size`, bytes
    Size,
    /// `virtual_size`, bytes
    VirtualSize,
}

/// Times that can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "catalogs must translate every field"
)]
pub enum TimeField {
    /// `created_at`
    CreatedAt,
    /// `updated_at`
    UpdatedAt,
}

/// How a value compares with the one given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "catalogs must translate every comparison"
)]
pub enum Compare {
    /// `eq`
    Equal,
    /// `neq`
    NotEqual,
    /// `lt`
    Less,
    /// `lte`
    AtMost,
    /// `gt`
    Greater,
    /// `gte`
    AtLeast,
}

impl Compare {
    /// Whether `left` compares so with `right`.
    pub fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

impl Filter {
    /// Whether the condition holds of an image.
    pub fn matches(&self, image: &Image) -> bool {
        match self {
            Self::Number(field, compare, number) => field
                .of(image)
                .is_some_and(|value| compare.holds(&value, &i128::from(*number))),
            Self::Property(name, value) => image
                .properties
                .iter()
                .any(|(key, held)| key.as_str() == name && held.text() == Some(value)),
            Self::Protected(protected) => image.protected == *protected,
            Self::Tag(tag) => image.tags.iter().any(|held| held.as_str() == tag),
            Self::Text(field, one_of) => field.of(image).is_some_and(|text| one_of.contains(text)),
            Self::Time(field, compare, time) => compare.holds(&field.of(image), time),
        }
    }
}

impl TextField {
    /// The text of an image that is filtered by.
    pub fn of(self, image: &Image) -> Option<&str> {
        match self {
            Self::Checksum => image.checksum.as_deref(),
            Self::ContainerFormat => image
                .container_format
                .as_ref()
                .map(|format| format.as_str()),
            Self::DiskFormat => image.disk_format.as_ref().map(|format| format.as_str()),
            Self::HashAlgorithm => image.hash_algorithm(),
            Self::HashValue => image.multihash.as_ref().map(|hash| hash.value.as_str()),
            Self::Id => Some(image.id.as_str()),
            Self::Name => image.name.as_ref().map(|name| name.as_str()),
            Self::Owner => image.owner.as_ref().map(|owner| owner.as_str()),
            Self::Status => Some(image.status().as_str()),
        }
    }
}

impl NumberField {
    /// The number of an image that is filtered by.
    pub fn of(self, image: &Image) -> Option<i128> {
        match self {
            Self::MinDisk => Some(image.min_disk.get().into()),
            Self::MinRam => Some(image.min_ram.get().into()),
            Self::Size => image.size.map(i128::from),
            Self::VirtualSize => image.virtual_size.map(i128::from),
        }
    }
}

impl TimeField {
    /// The time of an image that is filtered by.
    pub fn of(self, image: &Image) -> Timestamp {
        match self {
            Self::CreatedAt => image.created_at,
            Self::UpdatedAt => image.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::id::ImageId;
    use super::*;

    #[test]
    fn what_an_image_lacks_matches_nothing() {
        let image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));

        for compare in [
            Compare::Equal,
            Compare::NotEqual,
            Compare::AtLeast,
            Compare::AtMost,
        ] {
            assert!(
                !Filter::Number(NumberField::Size, compare, 0).matches(&image),
                "{compare:?}"
            );
        }
    }
}
