//! Catalogs on databases: the statements once, and a driver for each database.

#[cfg(test)]
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod explaining;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(test)]
mod plans;
#[cfg(feature = "postgres")]
mod postgres;
mod revision;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server;
mod sql;
mod sql_catalog;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(all(test, feature = "sqlite"))]
mod statements;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod transaction;
mod turns;

#[cfg(feature = "mysql")]
pub use self::mysql::{Mysql, MysqlCatalog};
#[cfg(feature = "postgres")]
pub use self::postgres::{Postgres, PostgresCatalog};
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub use self::server::{Charset, DatabaseHost, DatabaseTls, PoolOptions, ServerOptions, TlsMode};
pub use self::sql_catalog::SqlCatalog;
#[cfg(feature = "sqlite")]
pub use self::sqlite::{
    FirstStart, Sqlite, SqliteCatalog, SqliteOptions, remove_additions, schema_version, sync_schema,
};
