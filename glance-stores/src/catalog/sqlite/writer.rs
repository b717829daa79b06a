//! The thread that writes: batches that wait together are committed together.

use std::sync::{Arc, mpsc};

use futures::channel::oneshot;
use glance_core::ports::CatalogError;
use rusqlite::Connection;

use super::super::sql::database::{Batch, Cell, Measure, Row, Step};
use super::connection::{catalog_error, change, command, is_passing, select};

/// A batch, and where its outcome goes.
pub(super) struct Request {
    pub(super) batch: Batch,
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// The rows that a batch selects in the end.
type Outcome = Result<Vec<Vec<Row>>, CatalogError>;

/// Writes until nobody can send any more; then folds the log into the file.
pub(super) fn run(connection: &Connection, requests: &mpsc::Receiver<Request>) {
    while let Ok(first) = requests.recv() {
        let mut group = vec![first];
        group.extend(requests.try_iter().take(MOST_IN_GROUP - 1));
        commit_group(connection, group);
    }
    if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "the log of the catalog is left for the next process to fold in"
        );
    }
}

/// Makes the batches of a group in one transaction, and answers when it is durable.
fn commit_group(connection: &Connection, group: Vec<Request>) {
    match run_group(connection, &group) {
        Ok(outcomes) => {
            for (request, outcome) in group.into_iter().zip(outcomes) {
                // Whoever asked may be gone; the change is made all the same.
                let _ = request.reply.send(outcome);
            }
        }
        Err(error) => {
            if !connection.is_autocommit()
                && let Err(error) = command(connection, "ROLLBACK")
            {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a transaction of the catalog could not be rolled back"
                );
            }
            let error = Arc::new(error);
            for request in group {
                let _ = request
                    .reply
                    .send(Err(shared_error(request.batch.operation, &error)));
            }
        }
    }
}

/// The outcome of each batch; an error is one of all of them.
fn run_group(connection: &Connection, group: &[Request]) -> rusqlite::Result<Vec<Outcome>> {
    command(connection, "BEGIN IMMEDIATE")?;
    let mut outcomes = Vec::with_capacity(group.len());
    for Request { batch, .. } in group {
        command(connection, "SAVEPOINT batch")?;
        let outcome = match run_batch(connection, batch) {
            Ok(outcome) => outcome,
            // Some errors end the whole transaction (SQLite's documentation of ROLLBACK).
            Err(error) if connection.is_autocommit() => return Err(error),
            Err(error) => Err(catalog_error(batch.operation, error)),
        };
        if outcome.is_err() {
            command(connection, "ROLLBACK TO batch")?;
        }
        command(connection, "RELEASE batch")?;
        outcomes.push(outcome);
    }
    command(connection, "COMMIT")?;
    Ok(outcomes)
}

fn run_batch(connection: &Connection, batch: &Batch) -> rusqlite::Result<Outcome> {
    for step in &batch.steps {
        if let Err(breach) = step.judge(measure(connection, step)?) {
            return Ok(Err(breach));
        }
    }
    let rows = batch
        .then
        .iter()
        .map(|statement| select(connection, statement));
    rows.collect::<rusqlite::Result<_>>().map(Ok)
}

fn measure(connection: &Connection, step: &Step) -> rusqlite::Result<u64> {
    match step.measure {
        Measure::RowsTouched => change(connection, &step.statement),
        Measure::Count => match select(connection, &step.statement)?
            .first()
            .map(Vec::as_slice)
        {
            Some([Cell::Integer(count)]) => Ok(u64::try_from(*count).unwrap_or_default()),
            _ => Err(rusqlite::Error::QueryReturnedNoRows),
        },
    }
}

/// An error that a whole group shares.
fn shared_error(operation: &'static str, error: &Arc<rusqlite::Error>) -> CatalogError {
    let source = Box::new(Arc::clone(error));
    match error.sqlite_error_code() {
        Some(code) if is_passing(code) => CatalogError::Unavailable { source },
        _ => CatalogError::Backend { operation, source },
    }
}

/// The most batches in one transaction.
const MOST_IN_GROUP: usize = 64;
