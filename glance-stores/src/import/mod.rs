//! What imports need from outside.

#[cfg(feature = "http-store")]
mod web;

#[cfg(feature = "http-store")]
pub use self::web::{HttpSource, HttpSourceOptions};
