//! The ways to import an image.

use thiserror::Error;

use super::status::Status;
use super::text::{beginning, spelled};

/// A way for an image to come to its data that goes on after the request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an import must answer every method"
)]
pub enum ImportMethod {
    /// From the data that a client has staged.
    GlanceDirect,
    /// From a server on the web.
    WebDownload,
    /// From a store that has the data, to others.
    CopyImage,
    /// From another Glance.
    GlanceDownload,
}

impl ImportMethod {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::GlanceDirect,
        Self::WebDownload,
        Self::CopyImage,
        Self::GlanceDownload,
    ];

    /// Those that a service offers where nobody says otherwise (upstream).
    pub const DEFAULT: [Self; 3] = [Self::GlanceDirect, Self::WebDownload, Self::CopyImage];

    /// The name on the wire and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GlanceDirect => "glance-direct",
            Self::WebDownload => "web-download",
            Self::CopyImage => "copy-image",
            Self::GlanceDownload => "glance-download",
        }
    }

    /// The status of images that can be imported in this way.
    pub fn status(self) -> Status {
        match self {
            Self::GlanceDirect => Status::Uploading,
            Self::GlanceDownload | Self::WebDownload => Status::Queued,
            Self::CopyImage => Status::Active,
        }
    }
}

spelled!(ImportMethod, UnknownImportMethod, beginning);

/// A word that is no way to import.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no way to import an image that this service knows")]
pub struct UnknownImportMethod {
    text: String,
}
