//! Disk and container formats, and the names of images.

use thiserror::Error;

use super::text::{self, bounded_text};

bounded_text! {
    /// What an image is called. Names need not be unique.
    ImageName, "a name", 255, text::check
}
bounded_text! {
    /// How the disk is laid out in the data: `raw`, `qcow2`, ...
    DiskFormat, "a disk format", 20, text::check
}
bounded_text! {
    /// What wraps the disk: `bare` for nothing, `ova`, ...
    ContainerFormat, "a container format", 20, text::check
}

/// The formats a service accepts: `[image_format]` of Glance's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formats {
    /// Names of disk formats, in the order in which schemas list them.
    pub disk: Vec<String>,
    /// Names of container formats, in the order in which schemas list them.
    pub container: Vec<String>,
}

impl Formats {
    /// Refuses a disk format that is not accepted here.
    ///
    /// # Errors
    /// [`UnknownFormat`], which lists what is.
    pub fn check_disk(&self, format: &DiskFormat) -> Result<(), UnknownFormat> {
        UnknownFormat::unless_listed("disk_format", format.as_str(), &self.disk)
    }

    /// Refuses a container format that is not accepted here.
    ///
    /// # Errors
    /// [`UnknownFormat`], which lists what is.
    pub fn check_container(&self, format: &ContainerFormat) -> Result<(), UnknownFormat> {
        UnknownFormat::unless_listed("container_format", format.as_str(), &self.container)
    }
}

impl Default for Formats {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            disk: owned(&DISK_FORMATS),
            container: owned(&CONTAINER_FORMATS),
        }
    }
}

/// A format that this service does not accept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{attribute} '{format}' is not one of {}", accepted.join(", "))]
pub struct UnknownFormat {
    /// `disk_format` or `container_format`.
    pub attribute: &'static str,
    /// What was given.
    pub format: String,
    /// What is accepted.
    pub accepted: Vec<String>,
}

impl UnknownFormat {
    fn unless_listed(
        attribute: &'static str,
        format: &str,
        accepted: &[String],
    ) -> Result<(), Self> {
        if accepted.iter().any(|known| known == format) {
            return Ok(());
        }
        Err(Self {
            attribute,
            format: format.to_owned(),
            accepted: accepted.to_vec(),
        })
    }
}

/// Upstream's default `disk_formats`.
const DISK_FORMATS: [&str; 11] = [
    "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop",
];

/// Upstream's default `container_formats`.
const CONTAINER_FORMATS: [&str; 8] = [
    "ami",
    "ari",
    "aki",
    "bare",
    "ovf",
    "ova",
    "docker",
    "compressed",
];
