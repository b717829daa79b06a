//! The threads that read.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use glance_core::ports::CatalogError;
use rusqlite::{Connection, ffi};

use super::super::sql::database::Reading;
use super::connection::{catalog_error, command, select};

/// A read for whichever thread is free.
pub(super) type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Jobs, of which each thread takes the next one.
pub(super) type Jobs = Arc<Mutex<mpsc::Receiver<Job>>>;

pub(super) fn shared(jobs: mpsc::Receiver<Job>) -> Jobs {
    Arc::new(Mutex::new(jobs))
}

/// A job that carries out a reading, for as long as somebody waits for it and at most for
/// [`PATIENCE`]: what one caller asks must not keep the threads from all others (R15).
pub(super) fn job<R: Reading>(reading: R, reply: oneshot::Sender<Result<R, CatalogError>>) -> Job {
    Box::new(move |connection| {
        let reply = Arc::new(reply);
        let until = Instant::now() + PATIENCE;
        let waiting = Arc::clone(&reply);
        let result = carry_out(connection, reading, move || {
            waiting.is_canceled() || Instant::now() > until
        });
        if let Some(reply) = Arc::into_inner(reply) {
            let _ = reply.send(result);
        }
    })
}

/// Does jobs until nobody can send any.
pub(super) fn run(mut connection: Connection, jobs: &Jobs) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(&mut connection),
            Err(_) => return,
        }
    }
}

/// Makes all selects of a reading on one snapshot, unless it is to stop before it ends.
fn carry_out<R: Reading>(
    connection: &mut Connection,
    mut reading: R,
    stop: impl Fn() -> bool + Send + 'static,
) -> Result<R, CatalogError> {
    let operation = reading.operation();
    let failed = |error| catalog_error(operation, error);
    if stop() {
        return Err(failed(interrupted()));
    }
    command(connection, "BEGIN").map_err(failed)?;
    connection
        .progress_handler(INSTRUCTIONS, Some(stop))
        .map_err(failed)?;
    let mut result = Ok(());
    while let Some(statement) = reading.next() {
        result = select(connection, &statement)
            .map_err(failed)
            .and_then(|rows| reading.take(rows));
        if result.is_err() {
            break;
        }
    }
    connection
        .progress_handler(0, None::<fn() -> bool>)
        .map_err(failed)?;
    // Nothing was changed: to commit is to let go of the snapshot.
    command(connection, "COMMIT").map_err(failed)?;
    result.map(|()| reading)
}

fn interrupted() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None)
}

/// How long a reading may take, as on the databases that are servers.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many instructions of SQLite's machine pass between two looks at whether to stop: well under
/// a millisecond.
const INSTRUCTIONS: c_int = 10_000;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::super::sql::database::{Row, Statement};
    use super::*;

    /// A select that never ends.
    #[derive(Debug)]
    struct Endless;

    impl Reading for Endless {
        fn operation(&self) -> &'static str {
            "read for ever"
        }

        fn next(&mut self) -> Option<Statement> {
            Some(Statement {
                text: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                    SELECT COUNT(*) FROM n"
                    .to_owned(),
                values: Vec::new(),
            })
        }

        fn take(&mut self, _rows: Vec<Row>) -> Result<(), CatalogError> {
            Ok(())
        }
    }

    #[test]
    fn a_reading_that_is_to_stop_is_unavailable_and_the_connection_serves_on() {
        let mut connection = Connection::open_in_memory().unwrap();
        let looks = AtomicUsize::new(0);

        let result = carry_out(&mut connection, Endless, move || {
            looks.fetch_add(1, Ordering::Relaxed) == 3
        });

        assert!(
            matches!(result, Err(CatalogError::Unavailable { .. })),
            "{result:?}"
        );
        let sum: i64 = connection
            .query_row("SELECT 1 + 1", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sum, 2);
        assert!(connection.is_autocommit());
    }

    #[test]
    fn a_reading_under_way_ends_when_nobody_waits_for_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let (reply, answer) = oneshot::channel();
        let endless = job(Endless, reply);
        let (done, ended) = mpsc::channel();

        std::thread::spawn(move || {
            endless(&mut connection);
            done.send(()).unwrap();
        });
        let under_way = ended.recv_timeout(Duration::from_millis(50));
        drop(answer);

        assert_eq!(under_way, Err(mpsc::RecvTimeoutError::Timeout));
        assert_eq!(ended.recv_timeout(PATIENCE / 3), Ok(()));
    }
}
