//! What a driver takes and gives: statements, rows, readings and batches.

use std::fmt;
use std::future::Future;
use std::ops::RangeInclusive;

use glance_core::domain::{QuotaExceeded, Resource, Timestamp};
use glance_core::ports::CatalogError;
use sea_query::Value;

use super::dialect::Dialect;

/// A database that holds a catalog. All that a driver must offer.
pub(in crate::catalog) trait Database:
    fmt::Debug + Send + Sync + 'static
{
    /// The words that it understands.
    fn dialect(&self) -> Dialect;

    /// Carries out a reading on one snapshot of the database, and gives it back. A reading that
    /// nobody waits for any more is dropped when the database has stopped working on it.
    fn read<R: Reading>(&self, reading: R) -> impl Future<Output = Result<R, CatalogError>> + Send;

    /// Makes the changes of a batch, all or none; durable when it answers. Gives the rows of its
    /// final selects.
    fn write(
        &self,
        batch: Batch,
    ) -> impl Future<Output = Result<Vec<Vec<Row>>, CatalogError>> + Send;
}

/// Text of SQL and the values of its placeholders.
#[derive(Debug, Clone)]
pub(in crate::catalog) struct Statement {
    pub(in crate::catalog) text: String,
    pub(in crate::catalog) values: Vec<Value>,
}

/// What is found in a column of a row.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::catalog) enum Cell {
    Null,
    Integer(i64),
    Text(String),
    /// Where the database has a type for it.
    #[cfg_attr(
        not(any(feature = "mysql", feature = "postgres")),
        expect(dead_code, reason = "SQLite has none")
    )]
    Time(Timestamp),
    /// What Glance keeps nothing like: how so.
    Odd(String),
}

/// A row, in the order of the columns that were selected.
pub(in crate::catalog) type Row = Vec<Cell>;

/// A read in one or more selects, of which later ones may depend on what earlier ones found.
pub(in crate::catalog) trait Reading: Send + 'static {
    /// What it is for, for errors: "list images".
    fn operation(&self) -> &'static str;

    /// The next select; `None` when enough is known.
    fn next(&mut self) -> Option<Statement>;

    /// Takes what the last select found.
    fn take(&mut self, rows: Vec<Row>) -> Result<(), CatalogError>;
}

/// A reading of selects that are all known from the start.
#[derive(Debug)]
pub(super) struct Selects {
    operation: &'static str,
    statements: std::vec::IntoIter<Statement>,
    /// What each select found.
    pub(super) found: Vec<Vec<Row>>,
}

impl Selects {
    pub(super) fn new(operation: &'static str, statements: Vec<Statement>) -> Self {
        let found = Vec::with_capacity(statements.len());
        Self {
            operation,
            statements: statements.into_iter(),
            found,
        }
    }
}

impl Reading for Selects {
    fn operation(&self) -> &'static str {
        self.operation
    }

    fn next(&mut self) -> Option<Statement> {
        self.statements.next()
    }

    fn take(&mut self, rows: Vec<Row>) -> Result<(), CatalogError> {
        self.found.push(rows);
        Ok(())
    }
}

/// A write as data: steps that are made in order in one transaction, which is rolled back at the
/// first step that does not meet its guard.
#[derive(Debug)]
pub(in crate::catalog) struct Batch {
    /// What it is for, for errors: "commit a change".
    pub(in crate::catalog) operation: &'static str,
    pub(in crate::catalog) steps: Vec<Step>,
    /// Selects that are made after the steps, in the same transaction.
    pub(in crate::catalog) then: Vec<Statement>,
}

impl Batch {
    pub(super) fn new(operation: &'static str) -> Self {
        Self {
            operation,
            steps: Vec::new(),
            then: Vec::new(),
        }
    }

    /// A change of as many rows as there are.
    pub(super) fn change(&mut self, statement: Statement) {
        self.steps.push(Step {
            statement,
            measure: Measure::RowsTouched,
            expected: 0..=u64::MAX,
            breach: Breach::Conflict,
        });
    }

    /// A change that has to touch a row.
    pub(super) fn change_some(&mut self, statement: Statement, breach: Breach) {
        let expected = 1..=u64::MAX;
        self.steps.push(Step {
            statement,
            measure: Measure::RowsTouched,
            expected,
            breach,
        });
    }

    /// A condition: what the statement counts has to be this.
    pub(super) fn require(&mut self, statement: Statement, count: u64, breach: Breach) {
        let expected = count..=count;
        self.steps.push(Step {
            statement,
            measure: Measure::Count,
            expected,
            breach,
        });
    }

    /// A condition: what the statement counts, and so many more, is within the limit.
    pub(super) fn limit(
        &mut self,
        statement: Statement,
        resource: Resource,
        limit: u64,
        more: u64,
    ) {
        let expected = match limit.checked_sub(more) {
            Some(most) => 0..=most,
            // Nothing is within it.
            None => RangeInclusive::new(1, 0),
        };
        let breach = Breach::Quota {
            resource,
            limit,
            more,
        };
        self.steps.push(Step {
            statement,
            measure: Measure::Count,
            expected,
            breach,
        });
    }
}

/// A statement and what it must come to.
#[derive(Debug)]
pub(in crate::catalog) struct Step {
    pub(in crate::catalog) statement: Statement,
    pub(in crate::catalog) measure: Measure,
    expected: RangeInclusive<u64>,
    breach: Breach,
}

impl Step {
    /// Holds what was measured against what is expected.
    pub(in crate::catalog) fn judge(&self, measured: u64) -> Result<(), CatalogError> {
        if self.expected.contains(&measured) {
            return Ok(());
        }
        Err(match self.breach {
            Breach::Conflict => CatalogError::Conflict,
            Breach::Unstorable => CatalogError::Unstorable {
                source: "two of its names are one to the database".into(),
            },
            Breach::NotFound => CatalogError::NotFound,
            Breach::Quota {
                resource,
                limit,
                more,
            } => CatalogError::Quota(QuotaExceeded {
                resource,
                limit,
                count: measured.saturating_add(more),
            }),
        })
    }
}

/// What of a statement is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Measure {
    /// How many rows it changed.
    RowsTouched,
    /// The number it selects.
    Count,
}

/// What it means that a step does not come to what is expected.
#[derive(Debug, Clone, Copy)]
pub(super) enum Breach {
    Conflict,
    NotFound,
    Quota {
        resource: Resource,
        limit: u64,
        more: u64,
    },
    Unstorable,
}
