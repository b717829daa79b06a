//! A list of tasks: which, in which order, from where on.

use super::super::id::{ImageId, ProjectId, TaskId, UserId};
use super::super::task::{Task, TaskKind, TaskStatus};
use super::super::time::Timestamp;
use super::super::visibility::Viewer;
use super::sort::Direction;

/// A page of the tasks that are told of at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "task logs answer all of it")]
pub struct TaskQuery {
    /// Who asks: an administrator is told of all tasks, others of those of their project.
    pub viewer: Viewer,
    /// When it is: what has expired by then is not told of.
    pub now: Timestamp,
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
    /// What they are sorted by; then by id, in the same direction.
    pub key: TaskKey,
    /// Which way.
    pub direction: Direction,
    /// After this task, as it was when it was read.
    pub after: Option<TaskPosition>,
    /// How many at most.
    pub limit: u32,
}

impl TaskQuery {
    /// All that a viewer is told of at a time, the newest first.
    pub fn of(viewer: Viewer, now: Timestamp) -> Self {
        Self {
            viewer,
            now,
            owner: None,
            image: None,
            request_id: None,
            user: None,
            status: None,
            kind: None,
            key: TaskKey::CreatedAt,
            direction: Direction::Descending,
            after: None,
            limit: u32::MAX,
        }
    }

    /// Whether a task is one of those asked for, on whichever page.
    pub fn matches(&self, task: &Task) -> bool {
        let viewer = &self.viewer;
        let seen = viewer.admin || (viewer.project.is_some() && viewer.project == task.owner);
        seen && task.is_told(self.now)
            && (self.owner.is_none() || self.owner == task.owner)
            && (self.image.is_none() || self.image == task.image)
            && (self.request_id.is_none() || self.request_id == task.request_id)
            && (self.user.is_none() || self.user == task.user)
            && self.status.is_none_or(|status| status == task.status())
            && self.kind.is_none_or(|kind| kind == task.kind)
    }

    /// The page, of all tasks there are.
    pub fn page_of(&self, tasks: impl IntoIterator<Item = Task>) -> Vec<Task> {
        let mut page: Vec<(TaskPosition, Task)> = tasks
            .into_iter()
            .filter(|task| self.matches(task))
            .map(|task| (self.key.position(&task), task))
            .collect();
        page.sort_by(|(left, _), (right, _)| left.cmp(right));
        if self.direction == Direction::Descending {
            page.reverse();
        }
        let is_after = |position: &TaskPosition| match (&self.after, self.direction) {
            (None, _) => true,
            (Some(after), Direction::Ascending) => position > after,
            (Some(after), Direction::Descending) => position < after,
        };
        let page = page.into_iter().filter(|(position, _)| is_after(position));
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        page.take(limit).map(|(_, task)| task).collect()
    }
}

/// What tasks are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "task logs must translate every key"
)]
pub enum TaskKey {
    /// `created_at`
    CreatedAt,
    /// `expires_at`; what does not expire comes last.
    ExpiresAt,
    /// `id`
    Id,
    /// `image_id`
    ImageId,
    /// `owner`
    Owner,
    /// `request_id`
    RequestId,
    /// `status`
    Status,
    /// `type`
    Type,
    /// `updated_at`
    UpdatedAt,
    /// `user_id`
    UserId,
}

impl TaskKey {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::CreatedAt,
        Self::ExpiresAt,
        Self::Id,
        Self::ImageId,
        Self::Owner,
        Self::RequestId,
        Self::Status,
        Self::Type,
        Self::UpdatedAt,
        Self::UserId,
    ];

    /// When what does not expire expires, to whoever sorts by it.
    pub const NEVER: Timestamp = Timestamp::from_valid_micros(253_402_214_400_000_000);

    /// The name on the wire, and of the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::ExpiresAt => "expires_at",
            Self::Id => "id",
            Self::ImageId => "image_id",
            Self::Owner => "owner",
            Self::RequestId => "request_id",
            Self::Status => "status",
            Self::Type => "type",
            Self::UpdatedAt => "updated_at",
            Self::UserId => "user_id",
        }
    }

    /// Where a task is among those that are sorted by this.
    pub fn position(self, task: &Task) -> TaskPosition {
        let text = |text: Option<&str>| TaskValue::Text(text.unwrap_or_default().to_owned());
        let value = match self {
            Self::CreatedAt => TaskValue::Time(task.created_at),
            Self::ExpiresAt => TaskValue::Time(task.expires_at.unwrap_or(Self::NEVER)),
            Self::Id => text(Some(task.id.as_str())),
            Self::ImageId => text(task.image.as_ref().map(ImageId::as_str)),
            Self::Owner => text(task.owner.as_ref().map(ProjectId::as_str)),
            Self::RequestId => text(task.request_id.as_deref()),
            Self::Status => text(Some(task.status().as_str())),
            Self::Type => text(Some(task.kind.as_str())),
            Self::UpdatedAt => TaskValue::Time(task.updated_at),
            Self::UserId => text(task.user.as_ref().map(UserId::as_str)),
        };
        TaskPosition {
            value,
            id: task.id.clone(),
        }
    }
}

/// Where a task is in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "task logs compare both")]
pub struct TaskPosition {
    /// What it is sorted by.
    pub value: TaskValue,
    /// Its id.
    pub id: TaskId,
}

/// What a task is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "task logs must translate each")]
pub enum TaskValue {
    /// A text; a missing one is empty.
    Text(String),
    /// A time.
    Time(Timestamp),
}
