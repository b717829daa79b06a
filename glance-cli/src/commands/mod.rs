//! What each command does.

mod api;
pub(crate) mod client;
pub(crate) mod db;
mod identity;
mod image;
mod image_check;
mod import;
mod import_outside;
pub(crate) mod inspect;
mod limits;
mod location;
mod logging;
mod member;
mod metadefs;
pub(crate) mod metadefs_files;
mod metrics;
mod open;
mod operator;
pub(crate) mod policy;
mod probe;
mod rights;
pub(crate) mod scrub;
pub(crate) mod serve;
mod startup;
pub(crate) mod store;
mod stores;
mod task;
