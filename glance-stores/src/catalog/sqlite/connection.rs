//! A connection: settings, statements, values and errors of SQLite.

use std::path::Path;
use std::time::Duration;

use glance_core::ports::{BoxError, CatalogError};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, ffi, params_from_iter};
use sea_query::Value;

use super::super::sql::database::{Cell, Row, Statement};
use crate::OpenError;

/// Opens a file that is known to be a catalog, for reading.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .and_then(|connection| {
            set_up(&connection)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        })
        .map_err(|error| OpenError::failed("open the database", path, error))?;
    Ok(connection)
}

/// What the connection that writes needs.
pub(super) fn set_up_writer(connection: &Connection, full: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", if full { "FULL" } else { "NORMAL" })?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)
}

/// What every connection needs.
pub(super) fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Without it, a statement is planned anew each time its values change.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Runs a select.
pub(super) fn select(connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<Row>> {
    let mut prepared = connection.prepare_cached(&statement.text)?;
    let columns = prepared.column_count();
    let mut rows = prepared.query(params_from_iter(statement.values.iter().map(Bound)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..columns).map(|at| row.get_ref(at).map(cell));
        found.push(cells.collect::<rusqlite::Result<Row>>()?);
    }
    Ok(found)
}

/// Runs a change; gives the number of rows that it touched.
pub(super) fn change(connection: &Connection, statement: &Statement) -> rusqlite::Result<u64> {
    let mut prepared = connection.prepare_cached(&statement.text)?;
    let touched = prepared.execute(params_from_iter(statement.values.iter().map(Bound)))?;
    Ok(touched as u64)
}

/// Runs a statement without values: `BEGIN` and the like.
pub(super) fn command(connection: &Connection, text: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(text)?.execute([]).map(|_| ())
}

/// The error of a catalog that an error of SQLite is.
pub(super) fn catalog_error(operation: &'static str, error: rusqlite::Error) -> CatalogError {
    match (
        error.sqlite_error_code(),
        error.sqlite_error().map(|error| error.extended_code),
    ) {
        (
            Some(ErrorCode::ConstraintViolation),
            Some(ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE),
        ) => CatalogError::Conflict,
        (Some(code), _) if is_passing(code) => CatalogError::Unavailable {
            source: error.into(),
        },
        _ => CatalogError::Backend {
            operation,
            source: error.into(),
        },
    }
}

/// Whether trouble passes, or an operator can mend it while the service runs. What is interrupted
/// took too long.
pub(super) fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::OperationInterrupted
            | ErrorCode::ReadOnly
    )
}

/// A value on its way to SQLite: times as upstream's text, booleans as 0 and 1.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let output = match self.0 {
            Value::Bool(value) => owned(value.map(i64::from)),
            Value::Int(value) => owned(value.map(i64::from)),
            Value::Unsigned(value) => owned(value.map(i64::from)),
            Value::BigInt(value) => owned(*value),
            Value::BigUnsigned(value) => owned(value.map(i64::try_from).transpose().map_err(fail)?),
            Value::String(Some(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::String(None) | Value::ChronoDateTime(None) => ToSqlOutput::Owned(Owned::Null),
            Value::ChronoDateTime(Some(time)) => {
                ToSqlOutput::Owned(Owned::Text(time.format(TIME).to_string()))
            }
            other => return Err(fail(format!("SQLite is given no such value as {other:?}"))),
        };
        Ok(output)
    }
}

fn owned(number: Option<i64>) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(number.map_or(Owned::Null, Owned::Integer))
}

fn fail(reason: impl Into<BoxError>) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(reason.into())
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Cell::Text(text.to_owned()),
            Err(error) => Cell::Odd(error.to_string()),
        },
        ValueRef::Real(number) => Cell::Odd(format!("Glance keeps no numbers like {number}")),
        ValueRef::Blob(_) => Cell::Odd("Glance keeps no blobs".to_owned()),
    }
}

/// How upstream writes times; compared as text, they are in order.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.6f";

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Pages in memory, a connection.
const CACHE_KIB: i64 = 16 << 10;

/// Pages in memory of the connection that writes: a new image touches pages all over the indexes.
const WRITER_CACHE_KIB: i64 = 64 << 10;

/// How long the log gets before it is folded into the file. With SQLite's own 1000 pages, a group
/// of changes would be folded in as soon as it is made, and each page written twice.
const CHECKPOINT_PAGES: i64 = 8000;

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_trouble_that_passes() {
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_LOCKED,
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);

            let error = catalog_error("write", error);

            assert!(
                matches!(error, CatalogError::Unavailable { .. }),
                "{error:?}"
            );
        }
    }
}
