//! All that differs between the databases.

use sea_query::{Expr, ExprTrait, Func, QueryStatementWriter, SqliteQueryBuilder, Value};

use super::database::Statement;
use super::tables::DELETED;

/// The words that a database understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Dialect {
    Sqlite,
}

impl Dialect {
    /// A statement as this database reads it.
    pub(super) fn statement(self, statement: &impl QueryStatementWriter) -> Statement {
        let (text, values) = match self {
            Self::Sqlite => statement.build(SqliteQueryBuilder),
        };
        Statement {
            text,
            values: values.0,
        }
    }

    /// That a row of upstream's tables is not deleted, in the very words of our partial indexes,
    /// which serve no other. Only where such an index is meant: upstream has indexes on nothing
    /// but `deleted`, and a database may well choose those to find nearly all rows.
    pub(super) fn live_by_index(self, table: &'static str) -> Expr {
        let no = match self {
            Self::Sqlite => Value::Int(Some(0)),
        };
        Expr::col((table, DELETED)).eq(Expr::Constant(no))
    }

    /// That a row of upstream's tables is not deleted, in words that no index serves.
    pub(super) fn live(self, table: &'static str) -> Expr {
        match self {
            Self::Sqlite => Expr::col((table, DELETED)).not(),
        }
    }

    /// The greater of two values, neither of them NULL.
    pub(super) fn greater(self, left: Expr, right: Expr) -> Expr {
        let function = match self {
            Self::Sqlite => "MAX",
        };
        Func::cust(function).arg(left).arg(right).into()
    }
}
