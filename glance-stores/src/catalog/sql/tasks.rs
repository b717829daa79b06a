//! Tasks, in upstream's two tables: what all lists show in `tasks`, what may be long in `task_info`.

use glance_core::domain::query::{Direction, TaskKey, TaskQuery, TaskValue};
use glance_core::domain::{ProjectId, Task, TaskId, TaskKind, TaskStatus, Timestamp, UserId};
use glance_core::ports::{CatalogError, TASKS_AT_ONCE};
use sea_query::{Cond, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, Value};
use serde_json::{Map, Value as Json};

use super::database::{Batch, Breach, Database, Row, Selects};
use super::dialect::Dialect;
use super::fields::{BadRow, Fields};
use super::images::{page, text};
use super::keys::time_value;
use super::tables::{
    CREATED_AT, DELETED, DELETED_AT, ID, IMAGE_ID, OWNER, STATUS, TASK_ID, TASK_INFO, TASKS,
    UPDATED_AT,
};

/// Records a new task.
pub(in crate::catalog) async fn insert(
    database: &impl Database,
    task: &Task,
) -> Result<(), CatalogError> {
    let mut batch = Batch::new("record a task");
    add(&mut batch, database.dialect(), task)?;
    database.write(batch).await.map(|_| ())
}

/// A task by its id.
pub(in crate::catalog) async fn find(
    database: &impl Database,
    id: &TaskId,
) -> Result<Option<Task>, CatalogError> {
    let dialect = database.dialect();
    let mut select = select(dialect);
    select.and_where(dialect.is_text(column(ID), id.as_str()));
    let selects = Selects::new("find a task", vec![dialect.statement(&select)]);
    let found = database.read(selects).await?.found;
    let task = found.into_iter().flatten().next().map(read);
    Ok(task.transpose()?)
}

/// A page of tasks. Those that cannot be understood are left out, and others take their place.
pub(in crate::catalog) async fn list(
    database: &impl Database,
    query: &TaskQuery,
) -> Result<Vec<Task>, CatalogError> {
    let dialect = database.dialect();
    let Some(select) = select_all(dialect, query) else {
        return Ok(Vec::new());
    };
    let most = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let (mut tasks, mut passed) = (Vec::new(), 0);
    loop {
        let mut next = select.clone();
        page(&mut next, u64::from(query.limit), passed);
        let selects = Selects::new("list tasks", vec![dialect.statement(&next)]);
        let found = database.read(selects).await?.found;
        let rows: Vec<Row> = found.into_iter().flatten().collect();
        let is_last = rows.len() < most;
        passed += rows.len() as u64;
        for row in rows {
            match read(row) {
                Ok(task) => tasks.push(task),
                Err(bad) => tracing::warn!(
                    error = &bad as &dyn std::error::Error,
                    "a task is left out of a list: its row holds what no Glance writes"
                ),
            }
        }
        if is_last || tasks.len() >= most {
            tasks.truncate(most);
            return Ok(tasks);
        }
    }
}

/// Stores what became of a task.
pub(in crate::catalog) async fn store_move(
    database: &impl Database,
    task: &Task,
    from: TaskStatus,
) -> Result<(), CatalogError> {
    let mut batch = Batch::new("store what became of a task");
    change(&mut batch, database.dialect(), task, from, Breach::NotFound)?;
    database.write(batch).await.map(|_| ())
}

/// Takes tasks away that have expired: they are deleted as upstream deletes them, for its purge.
pub(in crate::catalog) async fn expire(
    database: &impl Database,
    now: Timestamp,
) -> Result<u64, CatalogError> {
    let dialect = database.dialect();
    let some = Query::select()
        .expr(column(ID))
        .from(TASKS)
        .and_where(column(EXPIRES_AT).lte(Expr::val(time_value(now))))
        .and_where(dialect.live_value(TASKS))
        .limit(TASKS_AT_ONCE)
        .take();
    let selects = Selects::new("find expired tasks", vec![dialect.statement(&some)]);
    let found = database.read(selects).await?.found;
    let ids = found.into_iter().flatten();
    let ids = ids.map(|row| Fields::of(TASKS, &[ID], row).required());
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    if !ids.is_empty() {
        let update = Query::update()
            .table(TASKS)
            .value(DELETED, true)
            .value(DELETED_AT, time_value(now))
            .and_where(dialect.is_one_of(column(ID), ids.iter().map(String::as_str)))
            .take();
        let mut batch = Batch::new("take expired tasks away");
        batch.change(dialect.statement(&update));
        database.write(batch).await?;
    }
    Ok(ids.len() as u64)
}

/// The steps that record a new task.
pub(super) fn add(batch: &mut Batch, dialect: Dialect, task: &Task) -> Result<(), CatalogError> {
    let owner = task.owner.as_ref().map_or("", ProjectId::as_str);
    let insert = Query::insert()
        .into_table(TASKS)
        .columns([
            ID, TYPE, STATUS, OWNER, IMAGE_ID, REQUEST_ID, USER_ID, EXPIRES_AT, CREATED_AT,
            UPDATED_AT, DELETED,
        ])
        .values_panic([
            Expr::val(task.id.as_str()),
            Expr::val(task.kind.as_str()),
            Expr::val(task.status().as_str()),
            Expr::val(owner),
            Expr::val(text(task.image.as_ref().map(|image| image.as_str()))),
            Expr::val(text(task.request_id.as_deref())),
            Expr::val(text(task.user.as_ref().map(UserId::as_str))),
            Expr::val(maybe_time(task.expires_at)),
            Expr::val(time_value(task.created_at)),
            Expr::val(time_value(task.updated_at)),
            Expr::val(false),
        ])
        .take();
    batch.change(dialect.statement(&insert));
    let insert = Query::insert()
        .into_table(TASK_INFO)
        .columns([TASK_ID, INPUT, RESULT, MESSAGE])
        .values_panic([
            Expr::val(task.id.as_str()),
            Expr::val(json(task.input.as_ref())?),
            Expr::val(json(task.result.as_ref())?),
            Expr::val(text(task.message.as_deref())),
        ])
        .take();
    batch.change(dialect.statement(&insert));
    Ok(())
}

/// The steps that store what became of a task that was in status `from`; `absent` is what it means
/// that there is none.
pub(super) fn change(
    batch: &mut Batch,
    dialect: Dialect,
    task: &Task,
    from: TaskStatus,
    absent: Breach,
) -> Result<(), CatalogError> {
    let there = Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(TASKS)
        .and_where(column(ID).eq(task.id.as_str()))
        .and_where(dialect.live(TASKS))
        .take();
    batch.require(dialect.statement(&there), 1, absent);
    let update = Query::update()
        .table(TASKS)
        .value(STATUS, task.status().as_str())
        .value(EXPIRES_AT, maybe_time(task.expires_at))
        .value(UPDATED_AT, time_value(task.updated_at))
        .and_where(column(ID).eq(task.id.as_str()))
        .and_where(column(STATUS).eq(from.as_str()))
        .and_where(dialect.live(TASKS))
        .take();
    batch.change_some(dialect.statement(&update), Breach::Conflict);
    let update = Query::update()
        .table(TASK_INFO)
        .value(RESULT, json(task.result.as_ref())?)
        .value(MESSAGE, text(task.message.as_deref()))
        .and_where(Expr::col((TASK_INFO, TASK_ID)).eq(task.id.as_str()))
        .take();
    batch.change(dialect.statement(&update));
    Ok(())
}

/// `None` where the viewer is told of nothing.
fn select_all(dialect: Dialect, query: &TaskQuery) -> Option<SelectStatement> {
    let mut select = select(dialect);
    let is = |name, text: &str| dialect.is_text(column(name), text);
    if !query.viewer.admin {
        select.and_where(is(OWNER, query.viewer.project.as_ref()?.as_str()));
    }
    let not_expired = Cond::any()
        .add(column(EXPIRES_AT).is_null())
        .add(column(EXPIRES_AT).gt(Expr::val(time_value(query.now))));
    select.cond_where(not_expired);
    // A row of another kind, of whoever writes to the same tables, is no task to us.
    let kinds = TaskKind::ALL.iter().map(|kind| kind.as_str());
    let statuses = TaskStatus::ALL.iter().map(|status| status.as_str());
    select
        .and_where(dialect.without_index(column(TYPE)).is_in(kinds))
        .and_where(dialect.without_index(column(STATUS)).is_in(statuses));
    let conditions = [
        (OWNER, query.owner.as_ref().map(ProjectId::as_str)),
        (IMAGE_ID, query.image.as_ref().map(|image| image.as_str())),
        (REQUEST_ID, query.request_id.as_deref()),
        (USER_ID, query.user.as_ref().map(UserId::as_str)),
        (STATUS, query.status.map(TaskStatus::as_str)),
        (TYPE, query.kind.map(TaskKind::as_str)),
    ];
    for (name, wanted) in conditions {
        if let Some(wanted) = wanted {
            select.and_where(is(name, wanted));
        }
    }
    if let Some(after) = &query.after {
        let value = match &after.value {
            TaskValue::Text(text) => Value::from(text.as_str()),
            TaskValue::Time(time) => time_value(*time),
        };
        let key = || key_column(query.key);
        let (value, id) = (Expr::val(value), Expr::val(after.id.as_str()));
        let (from, beyond, next) = match query.direction {
            Direction::Ascending => (
                key().gte(value.clone()),
                key().gt(value.clone()),
                column(ID).gt(id),
            ),
            Direction::Descending => (
                key().lte(value.clone()),
                key().lt(value.clone()),
                column(ID).lt(id),
            ),
        };
        // Where an index is to be walked from.
        select.and_where(from);
        select.cond_where(Cond::any().add(beyond).add(key().eq(value).and(next)));
    }
    let order = match query.direction {
        Direction::Ascending => Order::Asc,
        Direction::Descending => Order::Desc,
    };
    for key in [key_column(query.key), column(ID)] {
        select.order_by_expr(key, order.clone());
    }
    Some(select)
}

fn select(dialect: Dialect) -> SelectStatement {
    let mut select = Query::select();
    select
        .exprs(TASK_COLUMNS.map(column))
        .exprs(INFO_COLUMNS.map(|name| Expr::col((TASK_INFO, name))))
        .from(TASKS)
        .join(
            JoinType::LeftJoin,
            TASK_INFO,
            Expr::col((TASK_INFO, TASK_ID)).equals((TASKS, ID)),
        )
        .and_where(dialect.live_value(TASKS));
    select
}

/// What a key sorts by; of times that upstream may have left open, what stands for them.
fn key_column(key: TaskKey) -> Expr {
    let or = |name, other: Expr| Func::coalesce([column(name), other]).into();
    match key {
        TaskKey::CreatedAt | TaskKey::Id | TaskKey::Owner | TaskKey::Status | TaskKey::Type => {
            column(key.as_str())
        }
        TaskKey::UpdatedAt => or(UPDATED_AT, column(CREATED_AT)),
        TaskKey::ExpiresAt => or(EXPIRES_AT, Expr::val(time_value(TaskKey::NEVER))),
        TaskKey::ImageId | TaskKey::RequestId | TaskKey::UserId => or(key.as_str(), Expr::val("")),
    }
}

fn read(row: Row) -> Result<Task, BadRow> {
    let mut fields = Fields::of(TASKS, &ALL_COLUMNS, row);
    let id = TaskId::stored(fields.required()?);
    let kind = fields.parsed()?;
    let status = fields.parsed()?;
    let owner = fields.required()?;
    let image = fields.text()?.and_then(|image| {
        let image = image.parse().map_err(|error| fields.bad(error));
        image.inspect_err(passed_over).ok()
    });
    let request_id = fields.text()?;
    let user = fields.text()?.map(UserId::stored);
    let expires_at = fields.time()?;
    let created_at = fields.time()?.ok_or_else(|| fields.bad("is NULL"))?;
    let updated_at = fields.time()?.unwrap_or(created_at);
    let mut task = Task::pending(id, kind, created_at).stored_as(status);
    task.owner = Some(owner)
        .filter(|owner| !owner.is_empty())
        .map(ProjectId::stored);
    task.image = image;
    task.request_id = request_id;
    task.user = user;
    task.input = object(&mut fields)?;
    task.result = object(&mut fields)?;
    task.message = fields.text()?;
    task.expires_at = expires_at;
    task.updated_at = updated_at;
    Ok(task)
}

/// An object of JSON. Upstream also keeps results that are none, as `null`; what is neither fails no
/// list.
fn object(fields: &mut Fields) -> Result<Option<Map<String, Json>>, BadRow> {
    let Some(text) = fields.text()? else {
        return Ok(None);
    };
    match serde_json::from_str(&text) {
        Ok(Json::Object(object)) => Ok(Some(object)),
        Ok(Json::Null) => Ok(None),
        Ok(_) => {
            passed_over(&fields.bad("is not an object of JSON"));
            Ok(None)
        }
        Err(error) => {
            passed_over(&fields.bad(format_args!("is not JSON: {error}")));
            Ok(None)
        }
    }
}

fn passed_over(bad: &BadRow) {
    let error = bad as &dyn std::error::Error;
    tracing::warn!(error, "a part of a task reads as if it were not there");
}

fn json(object: Option<&Map<String, Json>>) -> Result<Value, CatalogError> {
    let written = object.map(serde_json::to_string).transpose();
    let written = written.map_err(|error| CatalogError::Backend {
        operation: "store a task",
        source: Box::new(error),
    })?;
    Ok(Value::String(written))
}

fn maybe_time(time: Option<Timestamp>) -> Value {
    let time = time.map(|time| time.to_datetime().naive_utc());
    Value::ChronoDateTime(time)
}

fn column(name: &'static str) -> Expr {
    Expr::col((TASKS, name))
}

const TYPE: &str = "type";
const REQUEST_ID: &str = "request_id";
const USER_ID: &str = "user_id";
const EXPIRES_AT: &str = "expires_at";
const INPUT: &str = "input";
const RESULT: &str = "result";
const MESSAGE: &str = "message";

const TASK_COLUMNS: [&str; 10] = [
    ID, TYPE, STATUS, OWNER, IMAGE_ID, REQUEST_ID, USER_ID, EXPIRES_AT, CREATED_AT, UPDATED_AT,
];
const INFO_COLUMNS: [&str; 3] = [INPUT, RESULT, MESSAGE];
/// Of both, as [`read`] takes them.
const ALL_COLUMNS: [&str; 13] = [
    ID, TYPE, STATUS, OWNER, IMAGE_ID, REQUEST_ID, USER_ID, EXPIRES_AT, CREATED_AT, UPDATED_AT,
    INPUT, RESULT, MESSAGE,
];
