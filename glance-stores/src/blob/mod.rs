//! Stores of blobs.

mod filesystem;

pub use self::filesystem::{FilesystemOptions, FilesystemStore};
