//! Tasks in memory: the meaning of the task log, in the plainest form.

use async_trait::async_trait;

use super::MemoryCatalog;
use crate::domain::query::TaskQuery;
use crate::domain::{Task, TaskId, TaskStatus, Timestamp};
use crate::ports::{CatalogError, TaskLog};

#[async_trait]
impl TaskLog for MemoryCatalog {
    async fn insert_task(&self, task: &Task) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        if rows.tasks.contains_key(&task.id) {
            return Err(CatalogError::Conflict);
        }
        rows.tasks.insert(task.id.clone(), task.clone());
        Ok(())
    }

    async fn find_task(&self, id: &TaskId) -> Result<Option<Task>, CatalogError> {
        Ok(self.rows().tasks.get(id).cloned())
    }

    async fn list_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, CatalogError> {
        Ok(query.page_of(self.rows().tasks.values().cloned()))
    }

    async fn move_task(&self, task: &Task, from: TaskStatus) -> Result<(), CatalogError> {
        self.rows().move_task(task, from)
    }

    async fn expire_tasks(&self, now: Timestamp) -> Result<u64, CatalogError> {
        let mut rows = self.rows();
        let before = rows.tasks.len();
        rows.tasks.retain(|_, task| task.is_told(now));
        Ok((before - rows.tasks.len()) as u64)
    }
}

impl super::catalog::Rows {
    pub(super) fn move_task(&mut self, task: &Task, from: TaskStatus) -> Result<(), CatalogError> {
        let stored = self.tasks.get_mut(&task.id).ok_or(CatalogError::NotFound)?;
        if stored.status() != from {
            return Err(CatalogError::Conflict);
        }
        let mut moved = stored.clone().stored_as(task.status());
        moved.result = task.result.clone();
        moved.message = task.message.clone();
        moved.expires_at = task.expires_at;
        moved.updated_at = task.updated_at;
        *stored = moved;
        Ok(())
    }
}
