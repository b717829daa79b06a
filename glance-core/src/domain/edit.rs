//! The edits that an image accepts.

use std::collections::BTreeSet;

use thiserror::Error;

use super::digest::HashAlgorithm;
use super::format::{ContainerFormat, DiskFormat, Formats, ImageName, UnknownFormat};
use super::id::ProjectId;
use super::image::Image;
use super::location_edit::{CannotEditLocations, LocationEdit};
use super::minimum::Minimum;
use super::property::{PropertyName, PropertyValue};
use super::quota::{QuotaExceeded, Quotas, Resource};
use super::status::Status;
use super::tag::Tag;
use super::time::Timestamp;
use super::visibility::Visibility;

/// One edit of an image. Several are applied in order, all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever applies edits must answer each"
)]
pub enum Edit {
    /// Gives an attribute or a property a value.
    Set(Presence, Attribute),
    /// Takes a tag off; it must be there.
    RemoveTag(Tag),
    /// Puts a tag on; it may be there already.
    AddTag(Tag),
    /// Says where the data is, or no longer is.
    Locations(LocationEdit),
    /// Takes a custom property away; it must be there.
    RemoveProperty(PropertyName),
}

/// What must hold of an attribute before it is set. Built-in attributes are always present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever applies edits must answer each"
)]
pub enum Presence {
    /// Present or not: JSON patch v2.1 `add`.
    Any,
    /// Not present: JSON patch v2.0 `add`.
    Absent,
    /// Present: `replace`.
    Present,
}

/// What can be set on an image, with the new value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever applies edits must answer each"
)]
pub enum Attribute {
    /// `container_format`; only while no data is there.
    ContainerFormat(Option<ContainerFormat>),
    /// `disk_format`; only while no data is there.
    DiskFormat(Option<DiskFormat>),
    /// `os_hidden`
    Hidden(bool),
    /// `min_disk`, GiB
    MinDisk(Minimum),
    /// `min_ram`, MiB
    MinRam(Minimum),
    /// `name`
    Name(Option<ImageName>),
    /// `owner`; administrators only
    Owner(Option<ProjectId>),
    /// A custom property.
    Property(PropertyName, PropertyValue),
    /// `protected`
    Protected(bool),
    /// `tags`, all of them
    Tags(BTreeSet<Tag>),
    /// `visibility`
    Visibility(Visibility),
}

impl Attribute {
    /// The name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::ContainerFormat(_) => "container_format",
            Self::DiskFormat(_) => "disk_format",
            Self::Hidden(_) => "os_hidden",
            Self::MinDisk(_) => "min_disk",
            Self::MinRam(_) => "min_ram",
            Self::Name(_) => "name",
            Self::Owner(_) => "owner",
            Self::Property(name, _) => name.as_str(),
            Self::Protected(_) => "protected",
            Self::Tags(_) => "tags",
            Self::Visibility(_) => "visibility",
        }
    }
}

impl Image {
    /// The image after `edits`, in order. Nothing of it is kept where one fails. What is said of
    /// located data is taken in the `hash` of the service alone.
    ///
    /// # Errors
    /// [`EditError`] of the first edit that cannot be made.
    pub fn edited(
        &self,
        edits: &[Edit],
        formats: &Formats,
        quotas: &Quotas,
        hash: HashAlgorithm,
        now: Timestamp,
    ) -> Result<Self, EditError> {
        let mut image = self.clone();
        for edit in edits {
            image.apply(edit, formats, hash, now)?;
        }
        image.check_growth(self, quotas)?;
        if !edits.is_empty() {
            image.touch(now);
        }
        Ok(image)
    }

    fn apply(
        &mut self,
        edit: &Edit,
        formats: &Formats,
        hash: HashAlgorithm,
        now: Timestamp,
    ) -> Result<(), EditError> {
        match edit {
            Edit::Locations(edit) => self.edit_locations(edit, hash, now)?,
            Edit::AddTag(tag) => {
                self.tags.insert(tag.clone());
            }
            Edit::RemoveTag(tag) => {
                if !self.tags.remove(tag) {
                    return Err(EditError::NoSuchTag { tag: tag.clone() });
                }
            }
            Edit::RemoveProperty(name) => {
                if self.properties.remove(name).is_none() {
                    return Err(EditError::Missing {
                        name: name.to_string(),
                    });
                }
            }
            Edit::Set(presence, attribute) => {
                self.check_presence(*presence, attribute)?;
                self.set(attribute, formats)?;
            }
        }
        Ok(())
    }

    fn check_presence(&self, presence: Presence, attribute: &Attribute) -> Result<(), EditError> {
        let present = match attribute {
            Attribute::Property(name, _) => self.properties.contains_key(name),
            _ => true,
        };
        let name = attribute.name().to_owned();
        match presence {
            Presence::Absent if present => Err(EditError::AlreadyPresent { name }),
            Presence::Present if !present => Err(EditError::Missing { name }),
            Presence::Any | Presence::Absent | Presence::Present => Ok(()),
        }
    }

    fn set(&mut self, attribute: &Attribute, formats: &Formats) -> Result<(), EditError> {
        match attribute.clone() {
            Attribute::ContainerFormat(format) => {
                self.check_format_open("container_format")?;
                format
                    .as_ref()
                    .map_or(Ok(()), |format| formats.check_container(format))?;
                self.container_format = format;
            }
            Attribute::DiskFormat(format) => {
                self.check_format_open("disk_format")?;
                format
                    .as_ref()
                    .map_or(Ok(()), |format| formats.check_disk(format))?;
                self.disk_format = format;
            }
            Attribute::Hidden(hidden) => self.hidden = hidden,
            Attribute::MinDisk(gib) => self.min_disk = gib,
            Attribute::MinRam(mib) => self.min_ram = mib,
            Attribute::Name(name) => self.name = name,
            Attribute::Owner(owner) => self.owner = owner,
            Attribute::Property(name, value) => {
                self.properties.insert(name, value);
            }
            Attribute::Protected(protected) => self.protected = protected,
            Attribute::Tags(tags) => self.tags = tags,
            Attribute::Visibility(visibility) => self.visibility = visibility,
        }
        Ok(())
    }

    /// Data that is there has its formats (upstream: `queued` and `importing` only).
    fn check_format_open(&self, attribute: &'static str) -> Result<(), EditError> {
        if matches!(self.status(), Status::Queued | Status::Importing) {
            Ok(())
        } else {
            Err(EditError::FormatFixed { attribute })
        }
    }

    /// Quotas are on growth: an image that holds more than a lowered quota can still be edited.
    pub(crate) fn check_growth(&self, before: &Self, quotas: &Quotas) -> Result<(), EditError> {
        if self
            .properties
            .keys()
            .any(|name| !before.properties.contains_key(name))
        {
            Resource::Properties.check(self.counted_properties(), quotas.properties)?;
        }
        if self.locations.len() > before.locations.len() {
            Resource::Locations.check(self.locations.len() as u64, quotas.locations)?;
        }
        if !self.tags.is_subset(&before.tags) {
            Resource::Tags.check(self.tags.len() as u64, quotas.tags)?;
        }
        Ok(())
    }
}

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EditError {
    /// It is there, and was to be new.
    #[error("property {name} is already present")]
    AlreadyPresent {
        /// Name of the attribute.
        name: String,
    },
    /// The locations cannot be edited so.
    #[error(transparent)]
    Locations(#[from] CannotEditLocations),
    /// The formats of an image that has data are fixed.
    #[error("attribute {attribute} can be only replaced for a queued image")]
    FormatFixed {
        /// Name of the attribute.
        attribute: &'static str,
    },
    /// It is not there.
    #[error("property {name} does not exist")]
    Missing {
        /// Name of the property.
        name: String,
    },
    /// The tag is not there.
    #[error("the image has no tag '{tag}'")]
    NoSuchTag {
        /// The tag.
        tag: Tag,
    },
    /// More than a limit allows.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// A format that is not accepted here.
    #[error(transparent)]
    UnknownFormat(#[from] UnknownFormat),
}

#[cfg(test)]
mod tests {
    use super::super::id::ImageId;
    use super::*;

    fn image() -> Image {
        Image::queued(ImageId::from_bits(1), Timestamp::from_micros(1))
    }

    fn property(name: &str, value: &str) -> Attribute {
        Attribute::Property(name.parse().unwrap(), value.parse().unwrap())
    }

    fn edited(image: &Image, edits: &[Edit]) -> Result<Image, EditError> {
        let quotas = Quotas {
            tags: Some(1),
            properties: Some(1),
            ..Quotas::default()
        };
        image.edited(
            edits,
            &Formats::default(),
            &quotas,
            HashAlgorithm::default(),
            Timestamp::from_micros(1),
        )
    }

    #[test]
    fn an_edit_moves_updated_at_even_where_the_clock_stands() {
        let before = image();

        let after = edited(
            &before,
            &[Edit::Set(Presence::Any, Attribute::Hidden(true))],
        )
        .unwrap();

        assert!(after.updated_at > before.updated_at);
    }

    #[test]
    fn no_edit_changes_nothing() {
        assert_eq!(edited(&image(), &[]).unwrap(), image());
    }

    #[test]
    fn replacing_an_absent_property_is_refused() {
        let refused = edited(
            &image(),
            &[Edit::Set(Presence::Present, property("a", "1"))],
        );

        assert_eq!(
            refused,
            Err(EditError::Missing {
                name: "a".to_owned()
            })
        );
    }

    #[test]
    fn a_built_in_attribute_is_never_new() {
        let refused = edited(
            &image(),
            &[Edit::Set(Presence::Absent, Attribute::Name(None))],
        );

        assert_eq!(
            refused,
            Err(EditError::AlreadyPresent {
                name: "name".to_owned()
            })
        );
    }

    #[test]
    fn formats_are_fixed_once_there_is_data() {
        let active = image().stored_as(Status::Active);

        let refused = edited(
            &active,
            &[Edit::Set(Presence::Present, Attribute::DiskFormat(None))],
        );

        assert_eq!(
            refused,
            Err(EditError::FormatFixed {
                attribute: "disk_format"
            })
        );
    }

    #[test]
    fn quotas_refuse_growth_and_nothing_else() {
        let mut crowded = image();
        crowded.tags = ["a", "b", "c"].map(|tag| tag.parse().unwrap()).into();

        let fewer = edited(&crowded, &[Edit::RemoveTag("a".parse().unwrap())]);
        let more = edited(&crowded, &[Edit::AddTag("d".parse().unwrap())]);

        assert!(fewer.is_ok());
        assert!(matches!(more, Err(EditError::Quota(_))));
    }
}
