//! A connection in use: statements, transactions and errors of PostgreSQL.

use std::error::Error as _;
use std::io;

use deadpool_postgres::{Client, Object, Pool};
use glance_core::ports::CatalogError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::super::server::Failure;
use super::super::sql::database::{Batch, Cell, Measure, Reading, Row, Statement};
use super::value::{Bound, Found};

/// A connection in use. Unless it is given back, it is closed: nobody knows what it is at.
pub(super) struct Session {
    client: Option<Client>,
    pool: Pool,
    /// How many connections the pool keeps.
    keep: usize,
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// On one snapshot.
    Reading,
    /// Each statement sees what was committed before it: what is guarded is locked first.
    Batch,
}

impl Begin {
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Reading => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Self::Batch => "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE",
        }
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

    /// Makes all selects of a reading.
    pub(super) async fn carry_out(&self, reading: &mut impl Reading) -> Result<(), CatalogError> {
        let operation = reading.operation();
        while let Some(statement) = reading.next() {
            let rows = self.select(&statement).await;
            reading.take(rows.map_err(|error| catalog_error(operation, error))?)?;
        }
        Ok(())
    }

    /// Makes the steps of a batch, and gives the rows of its final selects.
    pub(super) async fn make(&self, batch: &Batch) -> Result<Vec<Vec<Row>>, Failure> {
        let failed = |error| failure(batch.operation, error);
        for step in &batch.steps {
            let measured = match step.measure {
                Measure::RowsTouched => self.change(&step.statement).await.map_err(failed)?,
                Measure::Count => count(&self.select(&step.statement).await.map_err(failed)?),
            };
            step.judge(measured)?;
        }
        let mut found = Vec::with_capacity(batch.then.len());
        for statement in &batch.then {
            found.push(self.select(statement).await.map_err(failed)?);
        }
        Ok(found)
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

fn count(rows: &[Row]) -> u64 {
    match rows.first().map(Vec::as_slice) {
        Some([Cell::Integer(count)]) => u64::try_from(*count).unwrap_or_default(),
        _ => 0,
    }
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
