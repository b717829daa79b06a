//! An image that somebody wants to create.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::EditError;
use super::format::{ContainerFormat, DiskFormat, Formats, ImageName};
use super::id::{ImageId, ProjectId};
use super::image::Image;
use super::minimum::Minimum;
use super::property::{PropertyName, PropertyValue};
use super::quota::{Quotas, Resource};
use super::tag::Tag;
use super::time::Timestamp;
use super::visibility::Visibility;

/// An image that somebody wants to create. Everything is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The id it is to have; by default a new random one.
    pub id: Option<ImageId>,
    /// What it is to be called.
    pub name: Option<ImageName>,
    /// Whose it is to be; by default the caller's project's.
    pub owner: Option<ProjectId>,
    /// Whether it is to belong to nobody: for administrators.
    pub ownerless: bool,
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// Whether deleting it is to be refused.
    pub protected: bool,
    /// Whether lists leave it out.
    pub hidden: bool,
    /// How the disk is laid out in the data; needed before data is uploaded.
    pub disk_format: Option<DiskFormat>,
    /// What wraps the disk; needed before data is uploaded.
    pub container_format: Option<ContainerFormat>,
    /// GiB of disk that a machine needs.
    pub min_disk: Minimum,
    /// MiB of memory that a machine needs.
    pub min_ram: Minimum,
    /// Tags.
    pub tags: BTreeSet<Tag>,
    /// Custom properties.
    pub properties: BTreeMap<PropertyName, PropertyValue>,
}

impl Draft {
    /// A draft with a name, `raw` and `bare`: enough to upload to.
    ///
    /// # Errors
    /// Where the name cannot be stored.
    pub fn raw(name: &str) -> Result<Self, super::text::InvalidText> {
        Ok(Self {
            name: Some(name.parse()?),
            disk_format: Some("raw".parse()?),
            container_format: Some("bare".parse()?),
            ..Self::default()
        })
    }

    /// The queued image that this becomes.
    ///
    /// # Errors
    /// A format that is not accepted; more tags or properties than the quotas allow.
    pub fn into_image(
        self,
        id: ImageId,
        formats: &Formats,
        quotas: &Quotas,
        now: Timestamp,
    ) -> Result<Image, EditError> {
        self.disk_format
            .as_ref()
            .map_or(Ok(()), |format| formats.check_disk(format))?;
        self.container_format
            .as_ref()
            .map_or(Ok(()), |format| formats.check_container(format))?;
        let image = Image {
            name: self.name,
            owner: self.owner,
            visibility: self.visibility.unwrap_or_default(),
            protected: self.protected,
            hidden: self.hidden,
            disk_format: self.disk_format,
            container_format: self.container_format,
            min_disk: self.min_disk,
            min_ram: self.min_ram,
            tags: self.tags,
            properties: self.properties,
            ..Image::queued(id, now)
        };
        Resource::Properties.check(image.counted_properties(), quotas.properties)?;
        Resource::Tags.check(image.tags.len() as u64, quotas.tags)?;
        Ok(image)
    }
}
