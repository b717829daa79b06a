//! Catalogs on databases: the statements once, and a driver for each database.

mod sql;
mod sqlite;

pub use self::sqlite::{SqliteCatalog, SqliteOptions, schema_version, sync_schema};
