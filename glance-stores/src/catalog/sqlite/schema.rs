//! Opening a file: what is in it, and what is made of it.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior};

use super::super::revision::{ALEMBIC, Content, missing, names_in, refuse_missing};
use super::SqliteOptions;
use super::connection::{set_up, set_up_writer};
use crate::OpenError;

/// The revision of Glance's schema in a file; `None` where the file holds nothing yet.
///
/// # Errors
/// [`OpenError`] where there is no such file, or it is no database of Glance.
pub fn schema_version(path: impl AsRef<Path>) -> Result<Option<String>, OpenError> {
    let path = path.as_ref();
    check_file(path, false)?;
    // Not read-only: of a file with a log, that would leave the log behind.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(failed("open the database", path))?;
    Ok(content(&connection, path)?.revision())
}

/// Brings a file to the schema that is needed: makes a new one, or adds our own indexes and tables.
///
/// # Errors
/// [`OpenError`] where it is no database of Glance, or at another revision.
pub fn sync_schema(path: impl AsRef<Path>) -> Result<(), OpenError> {
    open(path.as_ref(), SqliteOptions::default()).map(drop)
}

/// Takes our own indexes and tables out of a file, so that it is as Glance made it. Gives their
/// names. What they know of unfinished uploads and deletes is lost.
///
/// # Errors
/// [`OpenError`] where it is no database of Glance.
pub fn remove_additions(path: impl AsRef<Path>) -> Result<Vec<String>, OpenError> {
    let path = path.as_ref();
    check_file(path, false)?;
    let mut connection = Connection::open(path).map_err(failed("open the database", path))?;
    content(&connection, path)?;
    let failed = failed("remove our indexes from", path);
    set_up(&connection).map_err(&failed)?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(&failed)?;
    let there = names(&transaction, OURS).map_err(&failed)?;
    let tables = format!("{OURS} AND type = 'table'");
    let tables = names(&transaction, &tables).map_err(&failed)?;
    let mut removed = Vec::new();
    for name in names_in(ADDITIONS)
        .into_iter()
        .rev()
        .filter(|name| there.contains(name))
    {
        let is_table = tables.contains(&name);
        let what = if is_table { "TABLE" } else { "INDEX" };
        let drop = format!("DROP {what} {name}");
        transaction.execute(&drop, []).map_err(&failed)?;
        removed.push(name);
    }
    transaction.commit().map_err(&failed)?;
    Ok(removed)
}

/// Opens a file for writing, with all that is needed in it. A file that was made for it goes again
/// where that fails.
pub(super) fn open(path: &Path, options: SqliteOptions) -> Result<Connection, OpenError> {
    let is_new = check_file(path, options.create)?;
    open_checked(path, options).inspect_err(|_| {
        if is_new {
            for ending in ["", "-wal", "-shm", "-journal"] {
                let mut name = path.as_os_str().to_owned();
                name.push(ending);
                // Whatever cannot be removed was not to be made either: the error says why.
                let _ = fs::remove_file(name);
            }
        }
    })
}

fn open_checked(path: &Path, options: SqliteOptions) -> Result<Connection, OpenError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, options.create);
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(failed("open the database", path))?;
    // SQLite opens what it may not write for reading, and says nothing.
    if connection
        .is_readonly(MAIN_DB)
        .map_err(failed("open the database", path))?
    {
        return Err(OpenError::failed(
            "write to the database",
            path,
            "it is read-only",
        ));
    }
    set_up(&connection).map_err(failed("open the database", path))?;
    let current = content(&connection, path)?;
    current.check(&name(path))?;
    if matches!(current, Content::Glance(_)) && !options.additions {
        check_additions(&connection, path)?;
    }

    set_up_writer(&connection, options.synchronous_full)
        .map_err(failed("write to the database", path))?;
    make_schema(&mut connection, path, options)?;
    Ok(connection)
}

/// Refuses what is no database before SQLite touches it, and makes a new file, for SQLite tells
/// less of the reason where it cannot. Tells whether it made one.
fn check_file(path: &Path, create: bool) -> Result<bool, OpenError> {
    let mut head = Vec::new();
    match fs::File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut head))
    {
        Ok(_) if head.is_empty() || head == MAGIC => Ok(false),
        Ok(_) => Err(OpenError::failed(
            "open the database",
            path,
            "it is no SQLite database",
        )),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(OpenError::failed("open the database", path, error))
        }
        Err(_) if !create => Err(OpenError::Missing {
            path: path.to_owned(),
        }),
        Err(_) => match fs::File::options().write(true).create_new(true).open(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                Err(OpenError::failed("create the database", path, error))
            }
            made => Ok(made.is_ok()),
        },
    }
}

fn content(connection: &Connection, path: &Path) -> Result<Content, OpenError> {
    let read = || -> rusqlite::Result<(Vec<String>, Vec<String>)> {
        let tables = names(
            connection,
            "SELECT name FROM sqlite_master WHERE type = 'table'",
        )?;
        if !tables.iter().any(|table| table == ALEMBIC) {
            return Ok((tables, Vec::new()));
        }
        let revisions = "SELECT version_num FROM alembic_version ORDER BY version_num";
        Ok((tables, names(connection, revisions)?))
    };
    let (tables, revisions) = read().map_err(failed("read the database", path))?;
    Content::of(&tables, revisions, &name(path))
}

/// Makes what is missing, in one transaction: another process may do the same.
fn make_schema(
    connection: &mut Connection,
    path: &Path,
    options: SqliteOptions,
) -> Result<(), OpenError> {
    if matches!(content(connection, path)?, Content::Glance(_))
        && missing_additions(connection, path)?.is_empty()
    {
        return Ok(());
    }
    let write = "write to the database";
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed(write, path))?;
    let current = content(&transaction, path)?;
    current.check(&name(path))?;
    let is_new = matches!(current, Content::Nothing);
    if is_new {
        transaction
            .execute_batch(SCHEMA)
            .map_err(failed("create the tables in", path))?;
    }
    if is_new || options.additions {
        transaction
            .execute_batch(ADDITIONS)
            .map_err(failed("add our indexes to", path))?;
    }
    check_additions(&transaction, path)?;
    transaction.commit().map_err(failed(write, path))
}

fn check_additions(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    refuse_missing(missing_additions(connection, path)?, &name(path))
}

fn missing_additions(connection: &Connection, path: &Path) -> Result<Vec<String>, OpenError> {
    let there = names(connection, OURS).map_err(failed("read the database", path))?;
    Ok(missing(ADDITIONS, &there))
}

fn names(connection: &Connection, select: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(select)?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn failed<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl Fn(rusqlite::Error) -> OpenError + use<'a> {
    move |error| OpenError::failed(action, path, error)
}

/// How every SQLite database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// What is ours in the file.
const OURS: &str = "SELECT name FROM sqlite_master WHERE name LIKE 'glance_rs_%'";

const SCHEMA: &str = include_str!("../schema/sqlite.sql");
const ADDITIONS: &str = include_str!("../schema/sqlite_additions.sql");
