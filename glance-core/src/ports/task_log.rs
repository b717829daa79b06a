//! The task log: what is done for images after requests are answered.

use std::fmt;

use async_trait::async_trait;

use super::catalog::CatalogError;
use crate::domain::query::TaskQuery;
use crate::domain::{Task, TaskId, TaskStatus, Timestamp};

/// Tasks as rows. Python nodes write and read the same ones.
///
/// # Contract
///
/// * a task that is inserted is found as it was; its id is used once: `Conflict`;
/// * `list_tasks` gives the page that [`TaskQuery::page_of`] means;
/// * `move_task` changes status, result, message and times, if the task is in the status that was
///   read: else `Conflict`; `NotFound` where there is none;
/// * `expire_tasks` takes away what has expired, and nothing else: [`TASKS_AT_ONCE`] tasks, or as
///   many as there are.
#[async_trait]
pub trait TaskLog: fmt::Debug + Send + Sync + 'static {
    /// Records a new task.
    async fn insert_task(&self, task: &Task) -> Result<(), CatalogError>;

    /// A task by its id, expired or not.
    async fn find_task(&self, id: &TaskId) -> Result<Option<Task>, CatalogError>;

    /// A page of tasks.
    async fn list_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, CatalogError>;

    /// Stores what became of a task that was in status `from`.
    async fn move_task(&self, task: &Task, from: TaskStatus) -> Result<(), CatalogError>;

    /// Takes tasks away that have expired at `now`; tells how many. Where it is as many as one call
    /// takes, there may be more.
    async fn expire_tasks(&self, now: Timestamp) -> Result<u64, CatalogError>;
}

/// The most tasks that one call takes away, so that none of its transactions grows with what has come
/// together.
pub const TASKS_AT_ONCE: u64 = 500;
