//! Limits on what one image or one project may have.

use std::fmt;

use thiserror::Error;

use super::usage::ProjectLimits;

/// Limits, checked when something is added. `None` is unlimited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotas {
    /// Images of one project; not one of upstream's.
    pub images: ImageQuotas,
    /// Bytes of one image: `image_size_cap`.
    pub image_bytes: Option<u64>,
    /// Locations of one image: `image_location_quota`.
    pub locations: Option<u64>,
    /// Members of one image: `image_member_quota`.
    pub members: Option<u64>,
    /// What one project may have, unless a [`LimitSource`](crate::ports::LimitSource) says it.
    pub project: ProjectLimits,
    /// Custom properties of one image: `image_property_quota`.
    pub properties: Option<u64>,
    /// Whether data of unknown size may pass what its project may store or stage, and is refused only where the
    /// project has passed it already, as in upstream. It weakens rule R9.
    pub soft_storage: bool,
    /// Tags of one image: `image_tag_quota`.
    pub tags: Option<u64>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            images: ImageQuotas {
                all: None,
                queued: Some(10_000),
            },
            image_bytes: Some(1 << 40),
            locations: Some(10),
            members: Some(128),
            project: ProjectLimits::default(),
            properties: Some(128),
            soft_storage: false,
            tags: Some(128),
        }
    }
}

/// How many images one project may have (rule R15). `None` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageQuotas {
    /// Of any status.
    pub all: Option<u64>,
    /// That have no data yet: rows that cost nobody anything to make.
    pub queued: Option<u64>,
}

/// What a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// Images of a project.
    Images,
    /// Bytes of an image.
    ImageBytes,
    /// Locations of an image.
    Locations,
    /// Members of an image.
    Members,
    /// Custom properties of an image.
    Properties,
    /// Images of a project that have no data yet.
    QueuedImages,
    /// Bytes that a project has in the staging area.
    StagedBytes,
    /// Bytes that a project has in stores.
    StoredBytes,
    /// Tags of an image.
    Tags,
    /// Images of a project that are getting data.
    Uploads,
}

impl Resource {
    /// Refuses `count` where `limit` is less.
    ///
    /// # Errors
    /// [`QuotaExceeded`], which names both.
    pub fn check(self, count: u64, limit: Option<u64>) -> Result<(), QuotaExceeded> {
        match limit {
            Some(limit) if count > limit => Err(QuotaExceeded {
                resource: self,
                limit,
                count,
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Images => "images of a project",
            Self::ImageBytes => "bytes of an image",
            Self::Locations => "image locations",
            Self::Members => "members of an image",
            Self::Properties => "image properties",
            Self::QueuedImages => "queued images of a project",
            Self::StagedBytes => "bytes that a project stages",
            Self::StoredBytes => "bytes that a project stores",
            Self::Tags => "image tags",
            Self::Uploads => "images of a project that are getting data",
        })
    }
}

/// More than a limit allows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the limit on {resource} is exceeded: attempted {count}, maximum {limit}")]
pub struct QuotaExceeded {
    /// What of.
    pub resource: Resource,
    /// How many are allowed.
    pub limit: u64,
    /// How many it would be.
    pub count: u64,
}
