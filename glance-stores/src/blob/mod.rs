//! Stores of blobs.

#[cfg(feature = "fs")]
mod filesystem;
#[cfg(feature = "http-store")]
mod http;
#[cfg(feature = "_cloud")]
mod object;
mod wrap;

#[cfg(feature = "fs")]
pub use self::filesystem::{FilesystemOptions, FilesystemStore};
#[cfg(feature = "http-store")]
pub use self::http::{HttpOptions, HttpStore};
#[cfg(feature = "azure")]
pub use self::object::AzureOptions;
#[cfg(feature = "_cloud")]
pub use self::object::ObjectBridge;
#[cfg(feature = "gcs")]
pub use self::object::{GcsCredentials, GcsOptions};
#[cfg(feature = "s3")]
pub use self::object::{S3BucketUrlFormat, S3Options};
#[cfg(feature = "http-store")]
pub(crate) use self::wrap::random;
pub use self::wrap::{
    Histogram, Limited, Metered, Mirrored, OperationMetrics, Retried, Retries, StoreLimits,
    StoreMetrics, StoreOperation, exposition,
};
