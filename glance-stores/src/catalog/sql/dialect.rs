//! All that differs between the databases.

use glance_core::domain::query::Direction;
use sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt};
use sea_query::{
    Asterisk, CaseStatement, CommonTableExpression, Expr, ExprTrait, Func, JoinType,
    MysqlQueryBuilder, NullOrdering, Order, PostgresQueryBuilder, Query, QueryStatementWriter,
    SelectStatement, SqliteQueryBuilder, Value,
};

use super::database::Statement;
use super::tables::{CREATED_AT, DELETED, IMAGES, NAME, UPDATED_AT};

/// The words that a database understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "mysql", feature = "postgres", feature = "sqlite")),
    expect(dead_code, reason = "each database is a feature")
)]
pub(in crate::catalog) enum Dialect {
    /// MariaDB, too.
    Mysql,
    Postgres,
    Sqlite,
}

impl Dialect {
    /// A statement as this database reads it.
    pub(super) fn statement(self, statement: &impl QueryStatementWriter) -> Statement {
        let (text, values) = match self {
            Self::Mysql => statement.build(MysqlQueryBuilder),
            Self::Postgres => statement.build(PostgresQueryBuilder),
            Self::Sqlite => statement.build(SqliteQueryBuilder),
        };
        Statement {
            text,
            values: values.0,
        }
    }

    /// Whether writers must hold what they count, or they do not see each other. SQLite has one.
    pub(super) fn has_several_writers(self) -> bool {
        match self {
            Self::Mysql | Self::Postgres => true,
            Self::Sqlite => false,
        }
    }

    /// That a row of upstream's tables is not deleted, in the very words of our indexes. Only
    /// where such an index is meant: upstream has indexes on nothing but `deleted`, and a database
    /// may well choose those to find nearly all rows.
    pub(super) fn live_by_index(self, table: &'static str) -> Expr {
        match self {
            Self::Postgres => Expr::col((table, DELETED)).not(),
            Self::Mysql => Expr::col((table, DELETED)).eq(Expr::Constant(Value::Int(Some(0)))),
            // Without figures, it takes few rows to be so.
            Self::Sqlite => Func::cust("likely")
                .arg(Self::Mysql.live_by_index(table))
                .into(),
        }
    }

    /// That a row of upstream's tables is not deleted, in words that no index serves.
    pub(super) fn live(self, table: &'static str) -> Expr {
        match self {
            // It has figures of how many are deleted, and chooses by them.
            Self::Postgres | Self::Sqlite => Expr::col((table, DELETED)).not(),
            // `NOT deleted` is `deleted = 0` to it.
            Self::Mysql => {
                let coalesced = Func::coalesce([Expr::col((table, DELETED)), Expr::cust("1")]);
                Expr::from(coalesced).eq(Expr::cust("0"))
            }
        }
    }

    /// That a tag or a property is not deleted, in the very words of our indexes on their values.
    pub(super) fn live_value(self, table: &'static str) -> Expr {
        match self {
            Self::Mysql => self.live_by_index(table),
            Self::Postgres | Self::Sqlite => self.live(table),
        }
    }

    /// A column in words that no index serves: for what is found by something that narrows it more.
    pub(super) fn without_index(self, column: Expr) -> Expr {
        match self {
            // It has figures of every column, and loses them where it is not named alone.
            Self::Postgres => column,
            Self::Mysql | Self::Sqlite => Func::coalesce([column, Expr::val("")]).into(),
        }
    }

    /// The greater of two values, neither of them NULL.
    pub(super) fn greater(self, left: Expr, right: Expr) -> Expr {
        let function = match self {
            Self::Mysql | Self::Postgres => "GREATEST",
            Self::Sqlite => "MAX",
        };
        Func::cust(function).arg(left).arg(right).into()
    }

    /// That a column of texts holds this very text: case, accents and spaces count.
    pub(super) fn is_text(self, column: Expr, text: &str) -> Expr {
        self.is_one_of(column, [text])
    }

    /// That a column of texts holds one of these very texts.
    pub(super) fn is_one_of<'a>(
        self,
        column: Expr,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Expr {
        let texts: Vec<&str> = texts
            .into_iter()
            .filter(|text| self.can_hold(text))
            .collect();
        match self {
            Self::Postgres | Self::Sqlite => is_in(column, &texts),
            // The index is by upstream's collation, which takes `a` for `A` and `Á`.
            Self::Mysql => is_in(column.clone(), &texts).and(is_in(binary(column), &texts)),
        }
    }

    /// Whether there is a column that could hold the text.
    fn can_hold(self, text: &str) -> bool {
        match self {
            Self::Mysql => text.chars().all(|each| u32::from(each) < 0x1_0000),
            Self::Postgres => !text.contains('\0'),
            Self::Sqlite => true,
        }
    }

    /// A text of images in the order of its characters' numbers, as our indexes have it.
    pub(super) fn text_key(self, column: &'static str) -> Expr {
        let expr = Expr::col((IMAGES, column));
        match (self, column) {
            (Self::Postgres, _) => Expr::cust_with_expr("$1 COLLATE \"C\"", expr),
            (Self::Mysql, "container_format") => Expr::col((IMAGES, "glance_rs_container_format")),
            (Self::Mysql, "disk_format") => Expr::col((IMAGES, "glance_rs_disk_format")),
            (Self::Mysql, NAME) => Expr::col((IMAGES, "glance_rs_name")),
            // Statuses are in one case.
            (Self::Mysql | Self::Sqlite, _) => expr,
        }
    }

    /// An id as something that is ordered as the database orders ids. To MySQL, no two differ in
    /// case alone.
    pub(super) fn id_key(self, id: String) -> String {
        match self {
            Self::Mysql => id.to_ascii_lowercase(),
            Self::Postgres | Self::Sqlite => id,
        }
    }

    /// A column of texts, so that it can be grouped by: case, accents and spaces count.
    pub(super) fn exactly(self, column: Expr) -> Expr {
        match self {
            Self::Mysql => binary(column),
            Self::Postgres | Self::Sqlite => column,
        }
    }

    /// A text in the order of its characters' numbers, without an index.
    pub(super) fn in_order(self, column: Expr) -> Expr {
        match self {
            Self::Postgres => Expr::cust_with_expr("$1 COLLATE \"C\"", column),
            Self::Mysql => binary(column),
            Self::Sqlite => column,
        }
    }

    /// Whether a unique index takes names for the same that differ in case or accents.
    pub(super) fn folds_names(self) -> bool {
        match self {
            Self::Mysql => true,
            Self::Postgres | Self::Sqlite => false,
        }
    }

    /// A select from a table that the statement changes.
    pub(super) fn of_changed_table(self, select: SelectStatement) -> SelectStatement {
        match self {
            // It takes what it keeps aside.
            Self::Mysql => Query::select()
                .column(Asterisk)
                .from_subquery(select, "found")
                .take(),
            Self::Postgres | Self::Sqlite => select,
        }
    }

    /// Beside `created_at` and `updated_at`, the columns that keep all of these times.
    pub(super) fn exact_times(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Mysql => Some(["glance_rs_created", "glance_rs_updated"]),
            Self::Postgres | Self::Sqlite => None,
        }
    }

    /// When an image was made.
    pub(super) fn created_at(self) -> Expr {
        match self {
            Self::Mysql => Expr::col((IMAGES, "glance_rs_created_at")),
            Self::Postgres | Self::Sqlite => Expr::col((IMAGES, CREATED_AT)),
        }
    }

    /// When an image last changed: upstream may have left it open. Indexes are on this very
    /// expression.
    pub(super) fn updated_at(self) -> Expr {
        if self == Self::Mysql {
            return Expr::col((IMAGES, "glance_rs_updated_at"));
        }
        let columns = [UPDATED_AT, CREATED_AT].map(|column| Expr::col((IMAGES, column)));
        Func::coalesce(columns).into()
    }

    /// A number of images, which may be compared with any number.
    pub(super) fn number(self, column: Expr) -> Expr {
        match self {
            Self::Postgres => column.cast_as("bigint"),
            Self::Mysql | Self::Sqlite => column,
        }
    }

    /// That the value of a property begins as a text does, in the very words of our index, in which
    /// a missing value is an empty one; `None` where the index serves the value itself.
    pub(super) fn begins_as(self, text: &str) -> Option<Expr> {
        match self {
            Self::Mysql => None,
            Self::Postgres | Self::Sqlite => {
                let column = Expr::cust("SUBSTR(COALESCE(image_properties.value, ''), 1, 64)");
                // To SQLite, a text ends at a NUL; PostgreSQL has none.
                let beginning = text.chars().take(64).take_while(|each| *each != '\0');
                Some(column.eq(beginning.collect::<String>()))
            }
        }
    }

    /// The sum of a column, 0 where there are no rows.
    pub(super) fn sum(self, column: Expr) -> Expr {
        let sum = Func::coalesce([column.sum(), Expr::cust("0")]);
        let whole = match self {
            Self::Mysql => "signed",
            Self::Postgres => "bigint",
            Self::Sqlite => "integer",
        };
        Expr::from(sum).cast_as(whole)
    }

    /// Joins a table to what a select has, to be looked up in for each of its rows.
    pub(super) fn join_in_order(self, select: &mut SelectStatement, table: &'static str, on: Expr) {
        match self {
            Self::Mysql => select.join(JoinType::StraightJoin, table, on),
            // SQLite goes through the tables of a cross join in the order written. PostgreSQL
            // knows how many rows to expect, once the whole is materialized.
            Self::Postgres | Self::Sqlite => select.cross_join(table).and_where(on),
        };
    }

    /// That a select which depends on the row at hand finds something.
    pub(super) fn exists(self, select: SelectStatement) -> Expr {
        match self {
            // By itself, it would first be collected for every row there is. Not as a value that
            // is NULL or not: MariaDB 10.11 takes two of those that differ in values for one.
            Self::Mysql => CaseStatement::new()
                .case(Expr::exists(select), Expr::cust("1"))
                .finally(Expr::cust("0"))
                .eq(Expr::cust("1")),
            Self::Postgres | Self::Sqlite => Expr::exists(select),
        }
    }

    /// Asks for the first rows of an index in its order, which ends in a column, where a database
    /// that expects more rows than there are would look for them elsewhere.
    pub(super) fn ordered_as_index(self, select: &mut SelectStatement, last: Expr) {
        match self {
            Self::Postgres => {
                select.order_by_expr(last, Order::Asc);
            }
            Self::Mysql | Self::Sqlite => {}
        }
    }

    /// A select under a name, that is carried out by itself, whatever is then asked of it.
    pub(super) fn materialized(
        self,
        select: SelectStatement,
        name: &'static str,
    ) -> CommonTableExpression {
        let mut whole = CommonTableExpression::new();
        whole.query(select).table_name(name);
        match self {
            // It does so by itself where rows have to be distinct.
            Self::Mysql => {}
            Self::Postgres | Self::Sqlite => {
                whole.materialized(true);
            }
        }
        whole
    }

    /// Has a select walk its table by an index of ours, where the database has to be told.
    pub(super) fn walk(self, select: &mut SelectStatement, index: &str) {
        match self {
            Self::Mysql => {
                select.force_index(index.to_owned(), IndexHintScope::All);
            }
            Self::Postgres | Self::Sqlite => {}
        }
    }

    /// What is selected of images beside the keys that order them: to MariaDB, what computed
    /// columns come from, or it reads zeros out of an index that has all it needs (10.11.19).
    pub(super) fn beside_keys(self) -> Vec<Expr> {
        let columns: &[&str] = match self {
            Self::Mysql => &[
                "container_format",
                CREATED_AT,
                "disk_format",
                "glance_rs_created",
                "glance_rs_updated",
                NAME,
                UPDATED_AT,
            ],
            Self::Postgres | Self::Sqlite => &[],
        };
        let column = |column: &&'static str| Expr::col((IMAGES, *column));
        columns.iter().map(column).collect()
    }

    /// Whether keys that are the same all over a range are ordered by, too.
    pub(super) fn orders_by_fixed_keys(self) -> bool {
        match self {
            // It does not know that what is NULL is all the same.
            Self::Postgres => true,
            Self::Mysql | Self::Sqlite => false,
        }
    }

    /// Orders by an expression; what is NULL comes before all else, or after it in descending order.
    pub(super) fn order_by(self, select: &mut SelectStatement, by: Expr, direction: Direction) {
        let (order, nulls) = match direction {
            Direction::Ascending => (Order::Asc, NullOrdering::First),
            Direction::Descending => (Order::Desc, NullOrdering::Last),
        };
        match self {
            Self::Postgres => select.order_by_expr_with_nulls(by, order, nulls),
            Self::Mysql | Self::Sqlite => select.order_by_expr(by, order),
        };
    }
}

fn is_in(column: Expr, texts: &[&str]) -> Expr {
    match texts {
        [] => Expr::cust("1 = 0"),
        [text] => column.eq(*text),
        texts => column.is_in(texts.iter().copied()),
    }
}

/// A text as its bytes.
fn binary(column: Expr) -> Expr {
    column.cast_as("binary")
}
