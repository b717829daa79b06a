//! Transactions on the servers of databases: how they are made, and what is tried again.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use futures::future::{Either, select};
use glance_core::ports::{BoxError, CatalogError};

use super::server::DEADLINE;
use super::sql::database::{Batch, Cell, Measure, Reading, Row, Statement};

/// A connection in a transaction. Unless it is ended, the connection is closed: nobody knows what it
/// is at.
pub(super) trait Transaction: Send + 'static {
    /// Runs a select.
    fn select(
        &mut self,
        operation: &'static str,
        statement: &Statement,
    ) -> impl Future<Output = Result<Vec<Row>, Failure>> + Send;

    /// Runs a change; gives the number of rows that it touched.
    fn change(
        &mut self,
        operation: &'static str,
        statement: &Statement,
    ) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Makes what was changed durable, and gives the connection back.
    fn commit(self, operation: &'static str) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Changes nothing, and gives the connection back if that works.
    fn roll_back(self) -> impl Future<Output = ()> + Send;
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// On one snapshot.
    Reading,
    /// Each statement sees what was committed before it: what is guarded is locked first.
    Batch,
}

/// Carries out a reading in a task of its own: a server works on where whoever asked has gone, and
/// what belongs to the reading lives until the server is done with its statement, for which it has
/// `most`. Where nobody waits, none is begun.
pub(super) async fn read<R: Reading, T: Transaction>(
    reading: R,
    most: Duration,
    begin: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<R, CatalogError> {
    let operation = reading.operation();
    let (mut reply, answer) = oneshot::channel();
    tokio::spawn(async move {
        let begun = match select(Box::pin(begin), reply.cancellation()).await {
            Either::Left((begun, _)) => begun,
            Either::Right(_) => return,
        };
        let outcome = match begun {
            Ok(transaction) => {
                // The server ends each statement in time, unless it is out of reach.
                let most = most.saturating_mul(2);
                let work = carry_out(transaction, reading, || reply.is_canceled());
                let done = tokio::time::timeout(most, work).await;
                done.unwrap_or_else(|_| Err(late(operation, most)))
            }
            Err(failure) => Err(failure),
        };
        // Nobody may wait for it any more.
        let _ = reply.send(outcome);
    });
    let outcome = in_time(operation, async {
        answer.await.unwrap_or_else(|_| {
            let source = "the runtime of the catalog has ended".into();
            Err(Failure::Final(CatalogError::Unavailable { source }))
        })
    });
    outcome.await.map_err(|failure| match failure {
        Failure::Final(error) => error,
        Failure::Contended(source) => CatalogError::Unavailable { source },
    })
}

async fn carry_out<R: Reading>(
    mut transaction: impl Transaction,
    mut reading: R,
    is_to_stop: impl Fn() -> bool + Send,
) -> Result<R, Failure> {
    let operation = reading.operation();
    let mut outcome = Ok(());
    while outcome.is_ok()
        && !is_to_stop()
        && let Some(statement) = reading.next()
    {
        let found = transaction.select(operation, &statement).await;
        outcome = found.and_then(|rows| Ok(reading.take(rows)?));
    }
    // Nothing was changed: it lets go of the snapshot.
    transaction.roll_back().await;
    outcome.map(|()| reading)
}

/// Makes a batch, again where other transactions were in its way; gives the rows of its final
/// selects.
pub(super) async fn write<T: Transaction, F>(
    batch: &Batch,
    begin: impl Fn() -> F + Send + Sync,
) -> Result<Vec<Vec<Row>>, CatalogError>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    let operation = batch.operation;
    tried(|| {
        in_time(operation, async {
            let mut transaction = begin().await?;
            match make(&mut transaction, batch).await {
                Ok(rows) => {
                    transaction.commit(operation).await?;
                    Ok(rows)
                }
                Err(failure) => {
                    transaction.roll_back().await;
                    Err(failure)
                }
            }
        })
    })
    .await
}

async fn make(transaction: &mut impl Transaction, batch: &Batch) -> Result<Vec<Vec<Row>>, Failure> {
    let operation = batch.operation;
    for step in &batch.steps {
        let statement = &step.statement;
        let measured = match step.measure {
            Measure::RowsTouched => transaction.change(operation, statement).await?,
            Measure::Count => count(operation, &transaction.select(operation, statement).await?)?,
        };
        step.judge(measured)?;
    }
    let mut found = Vec::with_capacity(batch.then.len());
    for statement in &batch.then {
        found.push(transaction.select(operation, statement).await?);
    }
    Ok(found)
}

/// What is no number is an error: taken for 0, it would be within every limit.
fn count(operation: &'static str, rows: &[Row]) -> Result<u64, CatalogError> {
    match rows.first().map(Vec::as_slice) {
        Some([Cell::Integer(count)]) => Ok(u64::try_from(*count).unwrap_or_default()),
        _ => Err(CatalogError::Backend {
            operation,
            source: "a count is no number".into(),
        }),
    }
}

/// Why a transaction was not made.
#[derive(Debug)]
pub(super) enum Failure {
    /// It cannot be.
    Final(CatalogError),
    /// Another transaction was in its way, and it was rolled back: it may be tried again.
    Contended(BoxError),
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        Self::Final(error)
    }
}

/// Makes a transaction, again where others were in its way, until it has had its time.
async fn tried<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, CatalogError>
where
    F: Future<Output = Result<T, Failure>>,
{
    let begun = Instant::now();
    let mut tried = 1;
    loop {
        let is_last = tried >= MOST_TRIES || begun.elapsed() >= DEADLINE;
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Contended(source)) if is_last => {
                return Err(CatalogError::Unavailable { source });
            }
            Err(Failure::Contended(_)) => tokio::time::sleep(pause(tried)).await,
        }
        tried += 1;
    }
}

/// Gives up on a server that does not answer.
async fn in_time<T>(
    operation: &'static str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(done) => done,
        Err(_) => Err(late(operation, DEADLINE)),
    }
}

fn late(operation: &'static str, most: Duration) -> Failure {
    Failure::Final(CatalogError::Unavailable {
        source: format!("the database did not {operation} within {most:?}").into(),
    })
}

/// Longer after each try, and not the same for all that were in each other's way.
fn pause(tried: u32) -> Duration {
    let most = 5_u64 << tried.min(6);
    let random = uuid::Uuid::new_v4().as_u128() as u64;
    Duration::from_millis(1 + random % most)
}

/// How often a transaction is tried.
const MOST_TRIES: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_but_not_for_ever() {
        for tried in 1..=MOST_TRIES {
            assert!(pause(tried) <= Duration::from_millis(320), "{tried}");
        }
    }
    #[test]
    fn a_count_that_is_no_number_is_no_count() {
        let counted = |rows: &[Row]| count("count", rows).ok();

        assert_eq!(counted(&[vec![Cell::Integer(3)]]), Some(3));
        assert_eq!(counted(&[vec![Cell::Null]]), None);
        assert_eq!(counted(&[]), None);
    }
}
