//! The ports of glance on real backends. Each is a feature; none is on by default.
//!
//! | port | backend | feature | type |
//! | --- | --- | --- | --- |
//! | `Catalog` | SQLite, in Glance's own tables | `sqlite` | `SqliteCatalog` |
//! | `ImageStore` | directories of files, in Glance's own layout | `fs` | `FilesystemStore` |
//! | `Clock`, `Executor`, `IdSource` | the system and tokio | always there | [`tokio_runtime`] |

#[cfg(feature = "fs")]
mod blob;
#[cfg(feature = "sqlite")]
mod catalog;
#[cfg(any(feature = "fs", feature = "sqlite"))]
mod open_error;
mod runtime;

#[cfg(feature = "fs")]
pub use self::blob::{FilesystemOptions, FilesystemStore};
#[cfg(feature = "sqlite")]
pub use self::catalog::{SqliteCatalog, SqliteOptions, schema_version, sync_schema};
#[cfg(any(feature = "fs", feature = "sqlite"))]
pub use self::open_error::OpenError;
pub use self::runtime::{RandomIds, SystemClock, TokioExecutor, tokio_runtime};
