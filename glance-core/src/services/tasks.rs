//! What is told of tasks, and how one is cancelled.

use super::changes::MAX_ATTEMPTS;
use super::glance::Glance;
use super::import::importing;
use crate::domain::policy::{Action, Target};
use crate::domain::query::{Direction, TaskKey, TaskQuery};
use crate::domain::{
    Caller, CannotImport, ImageId, ImportPlan, IntentId, ProjectId, Task, TaskId, TaskKind,
    TaskStatus, UserId,
};
use crate::error::Error;
use crate::ports::CatalogError;

/// What a list of tasks is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskRequest {
    /// Only this project's.
    pub owner: Option<ProjectId>,
    /// Only those about this image.
    pub image: Option<ImageId>,
    /// Only those that this request asked for.
    pub request_id: Option<String>,
    /// Only those that this user asked for.
    pub user: Option<UserId>,
    /// Only those in this status.
    pub status: Option<TaskStatus>,
    /// Only those of this type.
    pub kind: Option<TaskKind>,
    /// What they are sorted by; by when they were asked for, where nothing is said.
    pub key: Option<TaskKey>,
    /// Whether the first comes first, not the last.
    pub is_ascending: bool,
    /// The last task of the page before.
    pub marker: Option<TaskId>,
    /// How many at most.
    pub limit: Option<u32>,
}

/// A page of a list of tasks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskList {
    /// The tasks of the page.
    pub tasks: Vec<Task>,
    /// The marker of the next page, if there may be one.
    pub next: Option<TaskId>,
}

impl Glance {
    /// Lets the caller ask about tasks.
    ///
    /// # Errors
    /// The caller may not.
    pub fn may_use_tasks(&self, caller: &Caller) -> Result<(), Error> {
        let target = Target::own(caller);
        Ok(self.policy.check(caller, Action::TasksApiAccess, &target)?)
    }

    /// Shows a task.
    ///
    /// # Errors
    /// The caller may not; there is none that the caller may see.
    pub async fn task(&self, caller: &Caller, id: &TaskId) -> Result<Task, Error> {
        self.may_use_tasks(caller)?;
        Ok(self.visible_task(caller, id).await?.told())
    }

    /// Lists tasks.
    ///
    /// # Errors
    /// The caller may not; the marker is not a task that the caller may see.
    pub async fn tasks(&self, caller: &Caller, request: TaskRequest) -> Result<TaskList, Error> {
        self.may_use_tasks(caller)?;
        let mut query = TaskQuery {
            owner: request.owner,
            image: request.image,
            request_id: request.request_id,
            user: request.user,
            status: request.status,
            kind: request.kind,
            key: request.key.unwrap_or(TaskKey::CreatedAt),
            limit: self.settings().pages.of(request.limit),
            ..TaskQuery::of(self.viewer(caller), self.now())
        };
        if request.is_ascending {
            query.direction = Direction::Ascending;
        }
        if let Some(marker) = request.marker {
            let task = self.visible_task(caller, &marker).await;
            let task = task.map_err(|error| match error {
                Error::TaskNotFound { id } => Error::UnknownMarker { marker: id },
                error => error,
            })?;
            query.after = Some(query.key.position(&task));
        }
        let tasks = self.catalog.list_tasks(&query).await?;
        let is_full = query.limit > 0 && tasks.len() as u64 == u64::from(query.limit);
        let next = tasks.last().filter(|_| is_full).map(|task| task.id.clone());
        let tasks = tasks.into_iter().map(Task::told).collect();
        Ok(TaskList { tasks, next })
    }

    /// What was, or is, done for an image after requests were answered; the first comes first. It is no
    /// page; of more than a thousand, it is the newest.
    ///
    /// # Errors
    /// There is none that the caller may see.
    pub async fn image_tasks(&self, caller: &Caller, id: ImageId) -> Result<Vec<Task>, Error> {
        self.shown_image(caller, id).await?;
        let query = TaskQuery {
            image: Some(id),
            limit: MOST_OF_AN_IMAGE,
            ..TaskQuery::of(self.viewer(caller), self.now())
        };
        let newest_first = self.catalog.list_tasks(&query).await?.into_iter();
        Ok(newest_first.rev().map(Task::told).collect())
    }

    /// Ends an import before its time. Its task fails at once; whoever is at work on it sees that within
    /// seconds, and takes back what it has done: an image without data is queued again, or goes where it
    /// was made for the import. Where some stores may fail, those that were done have the data and keep
    /// it. Whoever may begin such an import of the image may end this one.
    ///
    /// # Errors
    /// There is no such task, or no image any more, that the caller may see; the caller may not; it has
    /// ended, or is no import that a node of this service is at work on.
    pub async fn cancel_task(&self, caller: &Caller, id: &TaskId) -> Result<Task, Error> {
        let not_at_work = || CannotImport::NotAtWork { task: id.clone() };
        let mut attempts = 0..MAX_ATTEMPTS;
        loop {
            // Without it, a Python node is at work, which would not see it. What ends from here on has
            // ended when the task is read.
            let at_work = IntentId::stored(id.to_string());
            let at_work = self.catalog.find_intent(&at_work).await?;
            let task = self.visible_task(caller, id).await?;
            let image = task.image.ok_or_else(not_at_work)?;
            let image = self.visible_image(caller, image).await?;
            let method = ImportPlan::method_of(&task).ok_or_else(not_at_work)?;
            self.permit(caller, importing(method), &image)?;
            let by = caller.user().map(UserId::to_string);
            let by = by.map_or_else(|| "an operator".to_owned(), |user| format!("user {user}"));
            let lifetime = self.settings().task_lifetime;
            let ended = task.failed(format!("cancelled by {by}"), self.now(), lifetime)?;
            if at_work.is_none() {
                return Err(not_at_work().into());
            }
            match self.catalog.move_task(&ended, task.status()).await {
                Ok(()) => {
                    tracing::info!(image.id = %image.id, task.id = %id, by, "an import is cancelled");
                    return Ok(ended.told());
                }
                // It went on meanwhile, or ended.
                Err(CatalogError::Conflict | CatalogError::NotFound)
                    if attempts.next().is_some() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn visible_task(&self, caller: &Caller, id: &TaskId) -> Result<Task, Error> {
        let seen = TaskQuery::of(self.viewer(caller), self.now());
        let task = self.catalog.find_task(id).await?;
        task.filter(|task| seen.matches(task))
            .ok_or_else(|| Error::TaskNotFound { id: id.to_string() })
    }
}

/// What is told of one image at a time, so that memory is bounded.
const MOST_OF_AN_IMAGE: u32 = 1000;
