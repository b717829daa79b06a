//! Limits on what one image or one project may have.

use std::fmt;

use thiserror::Error;

/// Limits, checked when something is added. `None` is unlimited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotas {
    /// Images of one project, of any status (rule R15); not one of upstream's.
    pub images: Option<u64>,
    /// Bytes of one image: `image_size_cap`.
    pub image_bytes: Option<u64>,
    /// Members of one image: `image_member_quota`.
    pub members: Option<u64>,
    /// Custom properties of one image: `image_property_quota`.
    pub properties: Option<u64>,
    /// Tags of one image: `image_tag_quota`.
    pub tags: Option<u64>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            images: None,
            image_bytes: Some(1 << 40),
            members: Some(128),
            properties: Some(128),
            tags: Some(128),
        }
    }
}

/// What a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// Images of a project.
    Images,
    /// Bytes of an image.
    ImageBytes,
    /// Members of an image.
    Members,
    /// Custom properties of an image.
    Properties,
    /// Tags of an image.
    Tags,
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
            Self::Members => "members of an image",
            Self::Properties => "image properties",
            Self::Tags => "image tags",
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
