//! Image data in buckets of object stores.

#[cfg(feature = "azure")]
mod azure;
mod bridge;
mod connection;
mod error;
#[cfg(feature = "gcs")]
mod gcs;
mod list;
mod parts;
mod refusal;
mod requests;
#[cfg(feature = "s3")]
mod s3;
mod signer;
mod urls;
mod writer;

#[cfg(feature = "azure")]
pub use self::azure::AzureOptions;
pub use self::bridge::ObjectBridge;
#[cfg(feature = "gcs")]
pub use self::gcs::{GcsCredentials, GcsOptions};
#[cfg(feature = "s3")]
pub use self::s3::{S3BucketUrlFormat, S3Options};

#[cfg(test)]
mod tests;
