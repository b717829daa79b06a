//! Custom properties: names, reserved names, values.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::text::{self, InvalidText};

/// The name of a custom property that users may write.
///
/// Parsing is the only way to one from a user's text, and refuses every name that belongs to the
/// service: so no route can write `status` or `os_glance_*` as a property (rule R5).
///
/// ```
/// use glance_core::domain::PropertyName;
///
/// assert!("hw_firmware_type".parse::<PropertyName>().is_ok());
/// assert!("status".parse::<PropertyName>().is_err());
/// assert!("os_glance_import_task".parse::<PropertyName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyName(String);

impl PropertyName {
    /// The most characters a name may have.
    pub const MAX_CHARS: usize = 255;

    /// A name as a database holds it, reserved or not.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// One of the service's own names, which stands in the code.
    pub(super) fn literal(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// What tells other nodes whom to ask for staged data.
    pub(super) fn stage_host() -> Self {
        Self(STAGE_HOST.to_owned())
    }

    /// What keeps an image from being reactivated: see [`Image::has_refused_data`].
    ///
    /// [`Image::has_refused_data`]: super::image::Image::has_refused_data
    pub(super) fn refused_hash() -> Self {
        Self(REFUSED_HASH.to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is in the service's own namespace; such properties count in no quota.
    pub fn is_internal(&self) -> bool {
        self.0.starts_with(INTERNAL_PREFIX)
    }

    /// Whether readers of the image see it.
    ///
    /// Upstream hides two internal ones, and one is ours; a row that bears the name of an attribute (upstream's
    /// POST lets `os_hash_value` become one) is covered by the attribute.
    pub fn is_shown(&self) -> bool {
        !HIDDEN.contains(&self.0.as_str()) && !is_attribute(&self.0)
    }
}

impl FromStr for PropertyName {
    type Err = InvalidProperty;

    fn from_str(name: &str) -> Result<Self, InvalidProperty> {
        if name.starts_with(INTERNAL_PREFIX) || RESERVED.contains(&name) || is_attribute(name) {
            return Err(InvalidProperty::Reserved {
                name: name.to_owned(),
            });
        }
        text::check_filled("a property name", name, Self::MAX_CHARS)?;
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for PropertyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The value of a custom property: text, up to what a database column holds (65,535 bytes), or
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyValue(Option<String>);

impl PropertyValue {
    /// The most bytes of UTF-8 a value may have: MySQL's `TEXT`.
    pub const MAX_BYTES: usize = 65_535;

    /// A value as a database holds it.
    pub fn stored(text: Option<String>) -> Self {
        Self(text)
    }

    /// No value at all. An operator's schema may allow it.
    pub fn null() -> Self {
        Self(None)
    }

    /// The value as text. A missing one reads as empty, as upstream shows it.
    pub fn as_str(&self) -> &str {
        self.text().unwrap_or_default()
    }

    /// The value, if there is one.
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl FromStr for PropertyValue {
    type Err = InvalidProperty;

    fn from_str(value: &str) -> Result<Self, InvalidProperty> {
        text::check("a property value", value, Self::MAX_BYTES)?;
        if value.len() > Self::MAX_BYTES {
            return Err(InvalidProperty::ValueTooLong { bytes: value.len() });
        }
        Ok(Self(Some(value.to_owned())))
    }
}

/// A property that users may not write, or not like this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidProperty {
    /// The name belongs to the service.
    #[error("attribute '{name}' is reserved")]
    Reserved {
        /// The name.
        name: String,
    },
    /// The text cannot be stored.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// The value does not fit the column.
    #[error(
        "a property value may have at most {} bytes, not {bytes}",
        PropertyValue::MAX_BYTES
    )]
    ValueTooLong {
        /// How many bytes were given.
        bytes: usize,
    },
}

fn is_attribute(name: &str) -> bool {
    READ_ONLY_ATTRIBUTES.contains(&name) || ATTRIBUTES.contains(&name)
}

const INTERNAL_PREFIX: &str = "os_glance";

/// Internal properties that nobody is shown (upstream), and one of ours.
const HIDDEN: [&str; 3] = [STAGE_HOST, HASH_HOST, REFUSED_HASH];

/// The URL of the node that has the staged data.
pub(super) const STAGE_HOST: &str = "os_glance_stage_host";

/// The URL of the node that reads the data for its hash.
pub(super) const HASH_HOST: &str = "os_glance_hash_op_host";

const REFUSED_HASH: &str = "os_glance_refused_hash";

/// Names of upstream's columns and internals that are no attribute on the wire.
const RESERVED: [&str; 5] = [
    "location",
    "deleted",
    "deleted_at",
    "image_id",
    "extra_properties",
];

/// The attributes of an image on the wire that only the service sets (rule R5).
pub const READ_ONLY_ATTRIBUTES: [&str; 13] = [
    "checksum",
    "created_at",
    "direct_url",
    "file",
    "os_hash_algo",
    "os_hash_value",
    "schema",
    "self",
    "size",
    "status",
    "stores",
    "updated_at",
    "virtual_size",
];

/// Its other attributes on the wire (spec/api-images.md §3).
const ATTRIBUTES: [&str; 13] = [
    "container_format",
    "disk_format",
    "id",
    "locations",
    "min_disk",
    "min_ram",
    "name",
    "os_hidden",
    "owner",
    "protected",
    "tags",
    "validation_data",
    "visibility",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_service_are_reserved() {
        for name in [
            "status",
            "os_hash_value",
            "os_glance_x",
            "deleted",
            "stores",
            "image_id",
        ] {
            let refused = name.parse::<PropertyName>();

            assert!(
                matches!(refused, Err(InvalidProperty::Reserved { .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn four_byte_characters_are_refused_in_names_and_values() {
        assert!("rocket🚀".parse::<PropertyName>().is_err());
        assert!("rocket🚀".parse::<PropertyValue>().is_err());
    }

    #[test]
    fn a_value_fills_its_column_and_no_more() {
        let full = "x".repeat(PropertyValue::MAX_BYTES);

        assert!(full.parse::<PropertyValue>().is_ok());
        assert!(format!("{full}x").parse::<PropertyValue>().is_err());
    }
}
