//! The OpenStack Image service as a library.
//!
//! Link it, and the process has an image service: no HTTP, no Keystone, no configuration file.
//! [`LocalGlance`] keeps rows in SQLite and bytes in a folder:
//!
//! ```
//! use bytes::Bytes;
//! use futures::TryStreamExt;
//! use glance::domain::{Caller, Draft};
//! use glance::ports::ByteStream;
//! use glance::{LocalGlance, UploadOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let glance = LocalGlance::open(folder).await?;
//! let alice = Caller::of_project("a5c1".parse()?).with_roles(["member", "reader"]);
//!
//! // Bytes go in as a stream ...
//! let image = glance.create(&alice, Draft::raw("cirros")?).await?;
//! let body = ByteStream::from_bytes("the bytes of a disk");
//! glance.upload(&alice, image.id, body, UploadOptions::default()).await?;
//!
//! // ... images are found by queries ...
//! let list = glance.images(&alice, Default::default(), None).await?;
//! assert_eq!(list.images[0].size, Some(19));
//!
//! // ... and bytes come out as a stream.
//! let download = glance.download(&alice, image.id, Default::default()).await?.expect("it has data");
//! let chunks: Vec<Bytes> = download.body.try_collect().await?;
//! assert_eq!(chunks.concat(), b"the bytes of a disk");
//! # Ok(())
//! # }
//! ```
//!
//! | feature | what it adds | by default |
//! |---|---|---|
//! | `sqlite` | the catalog in a SQLite file: [`stores::SqliteCatalog`] | yes |
//! | `fs` | blobs in folders: [`stores::FilesystemStore`] | yes |
//! | `postgres`, `mysql` | the catalog in PostgreSQL, MySQL or MariaDB | no |
//! | `s3`, `azure`, `gcs` | blobs in a bucket or container: `stores::ObjectBridge` | no |
//! | `http-store` | blobs on web servers, read-only: `stores::HttpStore` | no |
//! | `import-plugins` | data of imports decompressed and converted: `stores::ImageConversion` | no |
//! | `signatures` | signed image data: `stores::CertificateVerifier` | no |
//! | `http` | the Image API v2 as an axum router: [`http`] | no |
//! | `keystone` | identity from tokens of Keystone: `http::keystone` | no |
//! | `nodes` | what is staged at another node is asked for there: `http::HttpNodes` | no |
//!
//! Backends of your own implement [`ports`]; the feature `conformance` has their contracts as
//! test suites.

#[cfg(all(feature = "sqlite", feature = "fs"))]
mod local;

#[cfg(feature = "conformance")]
pub use glance_core::conformance;
pub use glance_core::{
    BuildError, ConfiguredStore, Download, DownloadOptions, Error, ErrorKind, Glance,
    GlanceBuilder, ImageList, ImportSettings, Runtime, Scrubbed, Settings, Stores, TaskList,
    TaskRequest, UploadOptions, domain, image_store_known_as, memory, ports,
};
#[cfg(feature = "http")]
pub use glance_http as http;
pub use glance_stores as stores;

#[cfg(all(feature = "sqlite", feature = "fs"))]
pub use self::local::{LocalGlance, OpenLocalError};
