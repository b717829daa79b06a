//! The use cases: see, permit, decide, commit.

mod access;
mod at_work;
mod builder;
mod changes;
mod glance;
mod hashing;
mod image_actions;
mod image_data;
mod images;
mod import;
mod inspection;
mod limits;
mod locations;
mod members;
mod metadefs;
mod protection;
mod removal;
mod scrub;
mod scrubber;
mod staging;
mod stores;
mod tags;
mod tasks;
mod transfer;

pub use self::builder::{BuildError, GlanceBuilder, Runtime};
pub use self::glance::{Glance, ImportSettings, LocationSettings, Settings};
pub use self::image_data::{Download, DownloadOptions, UploadOptions};
pub use self::images::ImageList;
pub use self::import::ImportRequest;
pub use self::limits::ProjectUsage;
pub use self::metadefs::{ImageCheck, Loaded, Metadefs, NamespaceList};
pub use self::scrub::Scrubbed;
pub use self::scrubber::{ScrubPlan, Scrubber};
pub use self::stores::{ConfiguredStore, Stores};
pub use self::tasks::{TaskList, TaskRequest};
