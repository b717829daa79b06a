//! Plugins: what data of an import passes on its way to the stores.

use std::fmt;

use async_trait::async_trait;
use thiserror::Error;

use super::{BoxError, ByteStream};
use crate::domain::{ContainerFormat, DiskFormat, PropertyName, PropertyValue};

/// Data of an import, and what is said of it so far.
#[derive(Debug)]
pub struct Passing {
    /// The bytes. They are read once, as they pass.
    pub body: ByteStream,
    /// How many there are, if that is known.
    pub size: Option<u64>,
    /// What they are said to be.
    pub disk_format: Option<DiskFormat>,
    /// What they are said to be in.
    pub container_format: Option<ContainerFormat>,
    /// Properties that the image is given with them.
    pub properties: Vec<(PropertyName, PropertyValue)>,
    /// The roles of whoever asked for the import, in lower case.
    pub roles: Vec<String>,
}

/// A step of `image_import_plugins`.
///
/// # Contract
///
/// * it changes what passes, or gives it on untouched; memory is constant, whatever passes;
/// * data that another program is to look at is inspected before (rule R1);
/// * where the future or the body that it gave is dropped, all that it began ends, and nothing that
///   it wrote aside stays.
#[async_trait]
pub trait ImportPlugin: fmt::Debug + Send + Sync + 'static {
    /// Its name in `image_import_plugins`.
    fn name(&self) -> &'static str;

    /// Gives on what passes. An error of what it reads, and one of its own, may also come in the
    /// body that it gives.
    async fn apply(&self, data: Passing) -> Result<Passing, PluginError>;
}

/// Why a plugin gives nothing on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The data is not what it can work on.
    #[error("{plugin}: {reason}")]
    BadData {
        /// Which one.
        plugin: &'static str,
        /// What is wrong, for the user.
        reason: String,
    },
    /// It fails by itself.
    #[error("{plugin} failed")]
    Failed {
        /// Which one.
        plugin: &'static str,
        /// Why.
        source: BoxError,
    },
}
