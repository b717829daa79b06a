//! The lock of imports, as upstream keeps it: a property that no edit writes, and that is there once.
//! Each step is right by itself, for a Python node locks nothing but this row.

use glance_core::domain::{Change, IMPORT_LOCK, LockStep, TaskId};
use sea_query::{Expr, ExprTrait, Func, Query, UpdateStatement, Value};

use super::database::{Batch, Breach};
use super::dialect::Dialect;
use super::keys::time_value;
use super::tables::{
    CREATED_AT, DELETED, DELETED_AT, IMAGE_ID, NAME, PROPERTIES, UPDATED_AT, VALUE,
};

/// What a change does with the lock: a conflict where it is not as the step needs it.
pub(super) fn step(batch: &mut Batch, dialect: Dialect, change: &Change) {
    match &change.lock {
        LockStep::Untouched => {}
        LockStep::Taken {
            by,
            instead_of: None,
        } => take(batch, dialect, change, by),
        LockStep::Taken {
            by,
            instead_of: Some(held_by),
        } => {
            let mut update = update(dialect, change, held_by);
            update.value(VALUE, by.as_str());
            batch.change_some(dialect.statement(&update), Breach::Conflict);
        }
        // It is written, so that nobody breaks the lock before the batch is made.
        LockStep::Held(task) => {
            let update = update(dialect, change, task);
            batch.change_some(dialect.statement(&update), Breach::Conflict);
        }
        LockStep::Dropped(task) => {
            let mut update = update(dialect, change, task);
            update.value(DELETED, true).value(DELETED_AT, now(change));
            batch.change_some(dialect.statement(&update), Breach::Conflict);
        }
    }
}

/// A name is there once, deleted or not (upstream): what locks nothing makes way, and then whoever
/// inserts the row first has the lock.
fn take(batch: &mut Batch, dialect: Dialect, change: &Change, by: &TaskId) {
    let name = || Expr::col((PROPERTIES, NAME));
    let value = Func::coalesce([Expr::col((PROPERTIES, VALUE)), Expr::val("")]);
    let is_empty = Expr::from(value)
        .eq("")
        .and(dialect.is_text(name(), IMPORT_LOCK));
    let make_way = Query::delete()
        .from_table(PROPERTIES)
        .and_where(Expr::col((PROPERTIES, IMAGE_ID)).eq(change.before.id.as_str()))
        .and_where(name().eq(IMPORT_LOCK))
        .and_where(dialect.live(PROPERTIES).not().or(is_empty))
        .take();
    batch.change(dialect.statement(&make_way));
    let insert = Query::insert()
        .into_table(PROPERTIES)
        .columns([IMAGE_ID, NAME, VALUE, CREATED_AT, UPDATED_AT, DELETED])
        .values_panic([
            Expr::val(change.before.id.as_str()),
            Expr::val(IMPORT_LOCK),
            Expr::val(by.as_str()),
            Expr::val(now(change)),
            Expr::val(now(change)),
            Expr::val(false),
        ])
        .take();
    batch.change(dialect.statement(&insert));
}

/// A change of the lock, if this task has it.
fn update(dialect: Dialect, change: &Change, held_by: &TaskId) -> UpdateStatement {
    Query::update()
        .table(PROPERTIES)
        .value(UPDATED_AT, now(change))
        .and_where(Expr::col((PROPERTIES, IMAGE_ID)).eq(change.before.id.as_str()))
        .and_where(dialect.is_text(Expr::col((PROPERTIES, NAME)), IMPORT_LOCK))
        .and_where(dialect.is_text(Expr::col((PROPERTIES, VALUE)), held_by.as_str()))
        .and_where(dialect.live(PROPERTIES))
        .take()
}

fn now(change: &Change) -> Value {
    time_value(change.after.updated_at)
}
