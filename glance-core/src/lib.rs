//! The OpenStack Image service without any I/O of its own.
//!
//! [`domain`] is pure logic, [`ports`] is what it needs from outside, and [`Glance`] offers the
//! use cases. [`memory`] has every port in memory:
//!
//! ```
//! use glance_core::domain::{Caller, Draft};
//! use glance_core::memory::MemoryGlance;
//! use glance_core::ports::ByteStream;
//!
//! # futures::executor::block_on(async {
//! let glance = MemoryGlance::new().build()?;
//! let caller = Caller::local_admin();
//!
//! let image = glance.create(&caller, Draft::raw("cirros")?).await?;
//! let body = ByteStream::from_bytes("the disk");
//! let image = glance.upload(&caller, image.id, body, Default::default()).await?;
//!
//! assert_eq!(image.size, Some(8));
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod domain;
mod error;
pub mod memory;
pub mod ports;
mod services;

pub use self::error::{Error, ErrorKind};
pub use self::services::{
    AskedRemote, BuildError, CheckEvent, CheckPlan, Checked, ConfiguredStore, Download,
    DownloadOptions, Finding, Glance, GlanceBuilder, ImageCheck, ImageList, ImportRequest,
    ImportSettings, Loaded, LocationSettings, Metadefs, NamespaceList, NewImageImport, Outcome,
    ProjectUsage, Runtime, ScrubPlan, Scrubbed, Scrubber, Settings, Stores, TaskList, TaskRequest,
    Trouble, UploadOptions,
};
