//! A connection in use: statements, transactions and errors of MySQL.

use std::time::Duration;

use glance_core::ports::CatalogError;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, Params};

use super::super::sql::database::{Row, Statement};
use super::super::transaction::{Begin, Failure, Transaction};
use super::value::{bound, cells};

/// A connection in use. Unless it is given back, it is closed: nobody knows what it is at.
pub(super) struct Session {
    connection: Option<Conn>,
}

/// The command that begins a transaction.
pub(super) fn begin(begin: Begin) -> &'static str {
    match begin {
        Begin::Reading => "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        Begin::Batch => {
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION READ WRITE; \
                SAVEPOINT glance"
        }
    }
}

/// Ends a batch, unless its transaction is no more: then there is no savepoint. A node of a cluster
/// rolls a transaction back for another's, and tells whatever command comes next: also one that has
/// no answer, as when the driver forgets a statement. What follows is another transaction.
const COMMIT: &str = "RELEASE SAVEPOINT glance; COMMIT";

impl Session {
    pub(super) fn new(connection: Conn) -> Self {
        Self {
            connection: Some(connection),
        }
    }

    /// Runs a statement without values: `START TRANSACTION` and the like.
    pub(super) async fn command(&mut self, text: &str) -> Result<(), Error> {
        self.connection()?.query_drop(text).await
    }

    /// Ends the transaction and gives the connection back, if that works.
    pub(super) async fn end(mut self, command: &str) {
        if self.command(command).await.is_ok() {
            self.give_back();
        }
    }

    /// Gives the connection back to the pool.
    pub(super) fn give_back(mut self) {
        drop(self.connection.take());
    }

    fn connection(&mut self) -> Result<&mut Conn, Error> {
        let lost = Error::Driver(DriverError::ConnectionClosed);
        self.connection.as_mut().ok_or(lost)
    }
}

impl Transaction for Session {
    async fn select(
        &mut self,
        operation: &'static str,
        statement: &Statement,
    ) -> Result<Vec<Row>, Failure> {
        let values = params(operation, statement)?;
        let failed = |error| failure(operation, error);
        let connection = self.connection().map_err(failed)?;
        let text = statement.text.as_str();
        let rows: Vec<mysql_async::Row> = connection.exec(text, values).await.map_err(failed)?;
        Ok(rows.into_iter().map(cells).collect())
    }

    async fn change(
        &mut self,
        operation: &'static str,
        statement: &Statement,
    ) -> Result<u64, Failure> {
        let values = params(operation, statement)?;
        let failed = |error| failure(operation, error);
        let connection = self.connection().map_err(failed)?;
        let text = statement.text.as_str();
        connection.exec_drop(text, values).await.map_err(failed)?;
        Ok(connection.affected_rows())
    }

    async fn commit(mut self, operation: &'static str) -> Result<(), Failure> {
        let ended = self.command(COMMIT).await;
        ended.map_err(|error| failure(operation, error))?;
        self.give_back();
        Ok(())
    }

    async fn roll_back(self) {
        self.end("ROLLBACK").await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // Whether it hears of it or not.
            let close = tokio::time::timeout(GOODBYE, connection.disconnect());
            drop(runtime.spawn(close));
        }
    }
}

fn params(operation: &'static str, statement: &Statement) -> Result<Params, Failure> {
    if statement.values.is_empty() {
        return Ok(Params::Empty);
    }
    let values = statement.values.iter().map(|value| bound(operation, value));
    let values = values.collect::<Result<_, CatalogError>>()?;
    Ok(Params::Positional(values))
}

/// Why a transaction failed.
pub(super) fn failure(operation: &'static str, error: Error) -> Failure {
    match &error {
        Error::Server(server) if CONTENDED.contains(&server.code) => {
            Failure::Contended(error.into())
        }
        _ => Failure::Final(catalog_error(operation, error)),
    }
}

/// The error of a catalog that an error of MySQL is.
pub(super) fn catalog_error(operation: &'static str, error: Error) -> CatalogError {
    let is_lost = matches!(
        error,
        Error::Io(_) | Error::Driver(DriverError::ConnectionClosed | DriverError::PoolDisconnected)
    );
    let code = match &error {
        Error::Server(server) => Some(server.code),
        _ => None,
    };
    let source = error.into();
    match code {
        Some(DUPLICATE) => CatalogError::Conflict,
        Some(code) if UNSTORABLE.contains(&code) => CatalogError::Unstorable { source },
        Some(code) if PASSING.contains(&code) => CatalogError::Unavailable { source },
        None if is_lost => CatalogError::Unavailable { source },
        _ => CatalogError::Backend { operation, source },
    }
}

/// A unique index has such an entry.
const DUPLICATE: u16 = 1062;

/// Lock wait timeout; deadlock, which also is what a cluster calls a failed certification; a
/// node of a cluster that is not ready; a savepoint that went with its transaction.
const CONTENDED: [u16; 4] = [1205, 1213, 1047, 1305];

/// No such character; does not fit: by text, by type, or by length.
const UNSTORABLE: [u16; 4] = [1300, 1366, 3988, 1406];

/// Disk full; too many connections; shutting down; table full; too many connections of a user;
/// read-only; interrupted; read-only; killed; too slow, to either.
const PASSING: [u16; 12] = [
    1021, 1040, 1053, 1114, 1203, 1226, 1290, 1317, 1836, 1927, 1969, 3024,
];

/// How long a server gets to hear that we close a connection.
const GOODBYE: Duration = Duration::from_secs(1);
