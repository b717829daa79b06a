//! The threads that read.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use futures::channel::oneshot;
use glance_core::ports::CatalogError;
use rusqlite::Connection;

use super::super::sql::database::Reading;
use super::connection::{catalog_error, command, select};

/// A read for whichever thread is free.
pub(super) type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Jobs, of which each thread takes the next one.
pub(super) type Jobs = Arc<Mutex<mpsc::Receiver<Job>>>;

pub(super) fn shared(jobs: mpsc::Receiver<Job>) -> Jobs {
    Arc::new(Mutex::new(jobs))
}

/// A job that carries out a reading, if somebody still waits for it.
pub(super) fn job<R: Reading>(reading: R, reply: oneshot::Sender<Result<R, CatalogError>>) -> Job {
    Box::new(move |connection| {
        if !reply.is_canceled() {
            let _ = reply.send(carry_out(connection, reading));
        }
    })
}

/// Does jobs until nobody can send any.
pub(super) fn run(connection: &Connection, jobs: &Jobs) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(connection),
            Err(_) => return,
        }
    }
}

/// Makes all selects of a reading on one snapshot.
fn carry_out<R: Reading>(connection: &Connection, mut reading: R) -> Result<R, CatalogError> {
    let operation = reading.operation();
    let failed = |error| catalog_error(operation, error);
    command(connection, "BEGIN").map_err(failed)?;
    let mut result = Ok(());
    while let Some(statement) = reading.next() {
        result = select(connection, &statement)
            .map_err(failed)
            .and_then(|rows| reading.take(rows));
        if result.is_err() {
            break;
        }
    }
    // Nothing was changed: to commit is to let go of the snapshot.
    command(connection, "COMMIT").map_err(failed)?;
    result.map(|()| reading)
}
