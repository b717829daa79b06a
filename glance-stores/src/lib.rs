//! The ports of glance on real backends. Each is a feature; none is on by default.
//!
//! | port | backend | feature | type |
//! | --- | --- | --- | --- |
//! | `Catalog` | SQLite, in Glance's own tables | `sqlite` | `SqliteCatalog` |
//! | `Catalog` | MySQL or MariaDB, in Glance's own tables | `mysql` | `MysqlCatalog` |
//! | `Catalog` | PostgreSQL, in Glance's own tables | `postgres` | `PostgresCatalog` |
//! | `ImageStore` | directories of files, in Glance's own layout | `fs` | `FilesystemStore` |
//! | `ImageStore` | any web server, read-only | `http-store` | `HttpStore` |
//! | `ImageStore` | a bucket on S3 or what speaks its language | `s3` | `ObjectBridge::open_s3` |
//! | `ImageStore` | any other: with deadlines and a bulkhead, tried again, counted | always there | [`Limited`], [`Retried`], [`Metered`] |
//! | `ImageStore` | several as one that holds all data in each | always there | [`Mirrored`] |
//! | `ImageStore` | a container on Azure Blob Storage | `azure` | `ObjectBridge::open_azure` |
//! | `ImageStore` | a bucket on Google Cloud Storage | `gcs` | `ObjectBridge::open_gcs` |
//! | `SignatureVerifier` | X.509 certificates, from a folder or a key manager | `signatures` | `CertificateVerifier` |
//! | `RemoteImages` | other Glances | `http-store` | `HttpRemoteImages` |
//! | `WebSource` | any web server | `http-store` | `HttpSource` |
//! | `ImportPlugin` | properties, decompression, conversion by `qemu-img` | `import-plugins` | `InjectImageMetadata`, `ImageDecompression`, `ImageConversion` |
//! | `Clock`, `Executor`, `IdSource` | the system and tokio | always there | [`tokio_runtime`] |

mod blob;
#[cfg(feature = "_sql")]
mod catalog;
#[cfg(feature = "http-store")]
mod guard;
#[cfg(any(feature = "http-store", feature = "import-plugins"))]
mod import;
#[cfg(any(
    feature = "_cloud",
    feature = "_sql",
    feature = "fs",
    feature = "http-store",
    feature = "import-plugins"
))]
mod open_error;
mod runtime;
#[cfg(feature = "signatures")]
mod signatures;
mod watched;

#[cfg(feature = "_cloud")]
pub use glance_core::domain::Secret;

#[cfg(feature = "azure")]
pub use self::blob::AzureOptions;
#[cfg(feature = "_cloud")]
pub use self::blob::ObjectBridge;
#[cfg(feature = "fs")]
pub use self::blob::{FilesystemOptions, FilesystemStore};
#[cfg(feature = "gcs")]
pub use self::blob::{GcsCredentials, GcsOptions};
pub use self::blob::{
    Histogram, Limited, Metered, Mirrored, OperationMetrics, Retried, Retries, StoreLimits,
    StoreMetrics, StoreOperation, exposition,
};
#[cfg(feature = "http-store")]
pub use self::blob::{HttpOptions, HttpStore};
#[cfg(feature = "s3")]
pub use self::blob::{S3BucketUrlFormat, S3Options};
#[cfg(feature = "_sql")]
pub use self::catalog::SqlCatalog;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub use self::catalog::{Charset, DatabaseHost, DatabaseTls, PoolOptions, ServerOptions, TlsMode};
#[cfg(feature = "sqlite")]
pub use self::catalog::{
    FirstStart, Sqlite, SqliteCatalog, SqliteOptions, remove_additions, schema_version, sync_schema,
};
#[cfg(feature = "mysql")]
pub use self::catalog::{Mysql, MysqlCatalog};
#[cfg(feature = "postgres")]
pub use self::catalog::{Postgres, PostgresCatalog};
#[cfg(feature = "http-store")]
pub use self::guard::{AllowList, InvalidNetwork, Network, ProxyAddress};
#[cfg(feature = "import-plugins")]
pub use self::import::{
    ConversionFormat, ConversionOptions, ImageConversion, ImageDecompression, InjectImageMetadata,
};
#[cfg(feature = "http-store")]
pub use self::import::{HttpRemoteImages, HttpSource, HttpSourceOptions, Pace};
#[cfg(any(
    feature = "_cloud",
    feature = "_sql",
    feature = "fs",
    feature = "http-store",
    feature = "import-plugins"
))]
pub use self::open_error::OpenError;
pub use self::runtime::{RandomIds, SystemClock, TokioExecutor, tokio_runtime};
#[cfg(feature = "signatures")]
pub use self::signatures::{
    AuthoritiesError, CertificateFolder, CertificateVerifier, TrustedAuthorities,
};
