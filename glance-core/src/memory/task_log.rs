//! Tasks in memory: the meaning of the task log, in the plainest form.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryCatalog;
use crate::domain::query::TaskQuery;
use crate::domain::{Task, TaskId, TaskStatus, TaskStep, Timestamp};
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
    fn move_task(&mut self, task: &Task, from: TaskStatus) -> Result<(), CatalogError> {
        let stored = self.tasks.get_mut(&task.id).ok_or(CatalogError::NotFound)?;
        *stored = moved(stored, task, from)?;
        Ok(())
    }

    /// What these steps, one after the other, make of the tasks that they are about.
    pub(super) fn tasks_after(
        &self,
        steps: &[TaskStep],
    ) -> Result<BTreeMap<TaskId, Task>, CatalogError> {
        let mut after = BTreeMap::new();
        for step in steps {
            let found = |id| after.get(id).or_else(|| self.tasks.get(id));
            let task = match step {
                TaskStep::Recorded(task) if found(&task.id).is_none() => task.clone(),
                TaskStep::Recorded(_) => return Err(CatalogError::Conflict),
                TaskStep::Moved { task, from } => {
                    let stored = found(&task.id).ok_or(CatalogError::Conflict)?;
                    moved(stored, task, *from)?
                }
            };
            after.insert(task.id.clone(), task);
        }
        Ok(after)
    }
}

fn moved(stored: &Task, task: &Task, from: TaskStatus) -> Result<Task, CatalogError> {
    if stored.status() != from {
        return Err(CatalogError::Conflict);
    }
    let mut moved = stored.clone().stored_as(task.status());
    moved.result = task.result.clone();
    moved.message = task.message.clone();
    moved.expires_at = task.expires_at;
    moved.updated_at = task.updated_at;
    Ok(moved)
}
