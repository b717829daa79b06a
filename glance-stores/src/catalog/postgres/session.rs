//! A connection in use: statements, transactions and errors of PostgreSQL.

use std::error::Error as _;
use std::io;

use deadpool_postgres::{Client, Object, Pool};
use glance_core::ports::CatalogError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::super::sql::database::{Row, Statement};
use super::super::transaction::{Begin, Failure, Transaction};
use super::value::{Bound, Found};

/// A connection in use. Unless it is given back, it is closed: nobody knows what it is at.
pub(super) struct Session {
    client: Option<Client>,
    pool: Pool,
    /// How many connections the pool keeps.
    keep: usize,
}

/// The command that begins a transaction.
pub(super) fn begin(begin: Begin) -> &'static str {
    match begin {
        Begin::Reading => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        Begin::Batch => "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE",
    }
}

impl Session {
    pub(super) fn new(client: Client, pool: Pool, keep: usize) -> Self {
        Self {
            client: Some(client),
            pool,
            keep,
        }
    }

    /// Runs a statement without values: `BEGIN` and the like.
    pub(super) async fn command(&self, text: &str) -> Result<(), Error> {
        match &self.client {
            Some(client) => client.batch_execute(text).await,
            None => Ok(()),
        }
    }

    /// Ends the transaction and gives the connection back, if that works.
    pub(super) async fn end(self, command: &str) {
        if self.command(command).await.is_ok() {
            self.give_back();
        }
    }

    /// Gives the connection back to the pool, which keeps so many and no more.
    pub(super) fn give_back(mut self) {
        if self.pool.status().size <= self.keep {
            drop(self.client.take());
        }
    }

    /// Runs a select.
    pub(super) async fn select(&self, statement: &Statement) -> Result<Vec<Row>, Error> {
        let Some(client) = &self.client else {
            return Ok(Vec::new());
        };
        let prepared = prepare(client, statement).await?;
        let values: Vec<Bound<'_>> = statement.values.iter().map(Bound).collect();
        let rows = client.query(&prepared, &refs(&values)).await?;
        rows.iter()
            .map(|row| {
                (0..row.len())
                    .map(|at| row.try_get::<_, Found>(at).map(|Found(cell)| cell))
                    .collect()
            })
            .collect()
    }

    /// Runs a change; gives the number of rows that it touched.
    async fn change(&self, statement: &Statement) -> Result<u64, Error> {
        let Some(client) = &self.client else {
            return Ok(0);
        };
        let prepared = prepare(client, statement).await?;
        let values: Vec<Bound<'_>> = statement.values.iter().map(Bound).collect();
        client.execute(&prepared, &refs(&values)).await
    }
}

impl Transaction for Session {
    async fn select(
        &mut self,
        operation: &'static str,
        statement: &Statement,
    ) -> Result<Vec<Row>, Failure> {
        let rows = Self::select(self, statement).await;
        rows.map_err(|error| failure(operation, error))
    }

    async fn change(
        &mut self,
        operation: &'static str,
        statement: &Statement,
    ) -> Result<u64, Failure> {
        let touched = Self::change(self, statement).await;
        touched.map_err(|error| failure(operation, error))
    }

    async fn commit(self, operation: &'static str) -> Result<(), Failure> {
        let ended = self.command("COMMIT").await;
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
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

async fn prepare(
    client: &Client,
    statement: &Statement,
) -> Result<tokio_postgres::Statement, Error> {
    if client.statement_cache.size() >= STATEMENTS {
        client.statement_cache.clear();
    }
    client.prepare_cached(&statement.text).await
}

fn refs<'a>(values: &'a [Bound<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

/// Why a transaction failed.
pub(super) fn failure(operation: &'static str, error: Error) -> Failure {
    let contended = [
        &SqlState::T_R_SERIALIZATION_FAILURE,
        &SqlState::T_R_DEADLOCK_DETECTED,
        &SqlState::LOCK_NOT_AVAILABLE,
    ];
    if error.code().is_some_and(|code| contended.contains(&code)) {
        return Failure::Contended(error.into());
    }
    Failure::Final(catalog_error(operation, error))
}

/// The error of a catalog that an error of PostgreSQL is.
pub(super) fn catalog_error(operation: &'static str, error: Error) -> CatalogError {
    let Some(code) = error.code() else {
        let is_lost = error.is_closed()
            || error
                .source()
                .is_some_and(|source| source.is::<io::Error>());
        let source = error.into();
        return if is_lost {
            CatalogError::Unavailable { source }
        } else {
            CatalogError::Backend { operation, source }
        };
    };
    if *code == SqlState::UNIQUE_VIOLATION {
        return CatalogError::Conflict;
    }
    let unstorable = [
        &SqlState::CHARACTER_NOT_IN_REPERTOIRE,
        &SqlState::STRING_DATA_RIGHT_TRUNCATION,
        &SqlState::UNTRANSLATABLE_CHARACTER,
    ];
    if unstorable.contains(&code) {
        return CatalogError::Unstorable {
            source: error.into(),
        };
    }
    // Classes: connection, no resources, operator intervention, transaction contention; and what a
    // server says that became a standby.
    let passes = ["08", "53", "57", "40"]
        .iter()
        .any(|class| code.code().starts_with(class))
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION;
    let source = error.into();
    if passes {
        CatalogError::Unavailable { source }
    } else {
        CatalogError::Backend { operation, source }
    }
}

/// Whether an error says that the connection is lost: nobody answers, or the server says goodbye.
pub(super) fn is_lost(error: &Error) -> bool {
    match error.code() {
        None => true,
        Some(code) => [
            &SqlState::ADMIN_SHUTDOWN,
            &SqlState::CRASH_SHUTDOWN,
            &SqlState::IDLE_SESSION_TIMEOUT,
        ]
        .contains(&code),
    }
}

/// An error and its cause as one sentence.
pub(super) fn sentence(error: &Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 512;
