//! The catalog in a SQLite file: one thread that writes, a few that read.

mod connection;
mod first_start;
mod readers;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use futures::channel::oneshot;
use glance_core::ports::CatalogError;
use rusqlite::Connection;

pub use self::first_start::FirstStart;
pub use self::schema::{remove_additions, schema_version, sync_schema};
use super::sql::Dialect;
use super::sql::database::{Batch, Database, Reading, Row};
use super::sql_catalog::SqlCatalog;
use crate::OpenError;

/// How a SQLite catalog is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Wait until changes are on the disk, not just in the hands of the system: without it, a
    /// loss of power may take back the last changes.
    pub synchronous_full: bool,
    /// Add our own indexes and tables where they are missing.
    pub additions: bool,
    /// Create the file if there is none.
    pub create: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            synchronous_full: true,
            additions: true,
            create: true,
        }
    }
}

/// A catalog in a SQLite file, in Glance's own tables: a Python Glance may serve it meanwhile.
///
/// Dropping it waits for the changes under way and folds the write-ahead log into the file.
///
/// ```
/// use glance_stores::{SqliteCatalog, SqliteOptions};
///
/// # futures::executor::block_on(async {
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("glance.sqlite");
/// let catalog = SqliteCatalog::open(&path, SqliteOptions::default()).await?;
/// drop(catalog);
/// assert_eq!(glance_stores::schema_version(&path)?.as_deref(), Some("2024_1_contract01"));
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
pub type SqliteCatalog = SqlCatalog<Sqlite>;

impl SqlCatalog<Sqlite> {
    /// Opens the catalog in a file: one that Glance made, or a new one.
    ///
    /// # Errors
    /// [`OpenError`] names the file and the reason. Nothing is created then.
    pub async fn open(
        path: impl AsRef<Path> + Send,
        options: SqliteOptions,
    ) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let (reply, opened) = oneshot::channel();
        let file = path.clone();
        let opener = spawn("glance-sqlite-open", &path, move || {
            // Nobody waits for the answer any more where this fails.
            let _ = reply.send(Sqlite::start(&file, options));
        })?;
        let database = opened
            .await
            .unwrap_or_else(|_| Err(stopped_opening(&path)))?;
        drop(opener);
        let readers = database.reading.len();
        Ok(Self::on(database, readers))
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The driver of SQLite: threads that hold the connections. They end when nobody can send to them
/// any more.
pub struct Sqlite {
    path: PathBuf,
    writer: Option<mpsc::Sender<writer::Request>>,
    readers: Option<mpsc::Sender<readers::Job>>,
    writing: Option<JoinHandle<()>>,
    reading: Vec<JoinHandle<()>>,
}

impl Sqlite {
    fn start(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let writer = schema::open(path, options)?;
        let connections: Vec<Connection> = (0..number_of_readers())
            .map(|_| connection::open_reader(path))
            .collect::<Result<_, _>>()?;
        let (to_writer, requests) = mpsc::channel();
        let (to_readers, jobs) = mpsc::channel();
        let mut threads = Self {
            path: path.to_owned(),
            writer: Some(to_writer),
            readers: Some(to_readers),
            writing: None,
            reading: Vec::new(),
        };
        threads.writing = Some(spawn("glance-sqlite-write", path, move || {
            writer::run(&writer, &requests)
        })?);
        let jobs = readers::shared(jobs);
        for connection in connections {
            let jobs = Arc::clone(&jobs);
            let reader = spawn("glance-sqlite-read", path, move || {
                readers::run(connection, &jobs)
            })?;
            threads.reading.push(reader);
        }
        Ok(threads)
    }
}

impl Database for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn read<R: Reading>(&self, reading: R) -> Result<R, CatalogError> {
        let (reply, answer) = oneshot::channel();
        let job = readers::job(reading, reply);
        self.readers
            .as_ref()
            .and_then(|readers| readers.send(job).ok())
            .ok_or_else(stopped)?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, CatalogError> {
        let (reply, answer) = oneshot::channel();
        let request = writer::Request { batch, reply };
        self.writer
            .as_ref()
            .and_then(|writer| writer.send(request).ok())
            .ok_or_else(stopped)?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // The writer last: the last connection to close folds the log into the file.
        self.readers = None;
        for reader in self.reading.drain(..) {
            // A reader that panicked has said so.
            let _ = reader.join();
        }
        self.writer = None;
        if let Some(writer) = self.writing.take() {
            let _ = writer.join();
        }
    }
}

fn spawn(
    name: &str,
    path: &Path,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| OpenError::failed("start a thread for the database", path, error))
}

fn stopped_opening(path: &Path) -> OpenError {
    OpenError::failed("open the database", path, "the thread that opened it ended")
}

fn stopped() -> CatalogError {
    CatalogError::Unavailable {
        source: "the threads of the catalog have ended".into(),
    }
}

/// How many threads read: twice what the machine can do at once, for some wait for the disk.
fn number_of_readers() -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    (2 * cores).clamp(4, 16)
}
