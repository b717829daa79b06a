//! The catalog in SQL, whatever the database: statements, filters, paging and decoding.
//!
//! A read is a [`Reading`](database::Reading), a write is a [`Batch`](database::Batch): both are
//! data that a driver runs in one transaction each.

pub(super) mod all_images;
pub(super) mod change;
mod children;
pub(super) mod database;
mod dialect;
mod fields;
pub(super) mod images;
mod import_lock;
pub(super) mod intents;
mod keys;
pub(super) mod list;
mod mark;
pub(super) mod members;
pub(super) mod metadefs;
mod odds;
pub(super) mod scheduled_deletes;
mod tables;
pub(super) mod tasks;
pub(super) mod usage;
mod where_clause;

pub(super) use self::dialect::Dialect;
