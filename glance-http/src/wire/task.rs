//! Tasks as JSON, and what is asked about them.

use std::collections::HashMap;

use glance_core::domain::query::TaskKey;
use glance_core::domain::{ProjectId, Task, TaskId, TaskKind, TaskStatus, Timestamp, UserId};
use glance_core::{TaskList, TaskRequest};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::image::Text;
use super::links::Links;
use super::query_string::{number_of_items, pairs};
use crate::error::ApiError;

/// Reads the query string of a list of tasks. A name that is none of a column's is ignored.
pub(crate) fn read_list(query: &str) -> Result<(TaskRequest, Links), ApiError> {
    let pairs = pairs(query)?;
    // Of a parameter that comes several times the last value counts, as in upstream.
    let values: HashMap<&str, &str> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let given = |name: &str| values.get(name).copied();
    let filter = |name: &str| given(name).filter(|value| !value.is_empty());
    let invalid = |what: &str, value: &str| {
        let value: String = value.chars().take(64).collect();
        ApiError::bad_request(format!("Invalid {what}: {value}"))
    };
    let request = TaskRequest {
        owner: filter("owner").map(|owner| ProjectId::stored(owner.to_owned())),
        image: match filter("image_id") {
            Some(id) => Some(id.parse().map_err(|_| invalid("image_id value", id))?),
            None => None,
        },
        request_id: filter("request_id").map(str::to_owned),
        user: filter("user_id").map(|user| UserId::stored(user.to_owned())),
        status: match filter("status") {
            Some(status) => {
                let known = status.parse::<TaskStatus>();
                Some(known.map_err(|_| invalid("status value", status))?)
            }
            None => None,
        },
        // Upstream lists others, and yet takes no filter for them.
        kind: match filter("type") {
            Some("import") => Some(TaskKind::Import),
            Some(kind) => return Err(invalid("type value", kind)),
            None => None,
        },
        key: given("sort_key").map(sort_key).transpose()?,
        is_ascending: match given("sort_dir") {
            Some("asc") => true,
            Some("desc") | None => false,
            Some(direction) => return Err(invalid("sort direction", direction)),
        },
        marker: match filter("marker") {
            Some(marker) if is_uuid(marker) => Some(TaskId::stored(marker.to_owned())),
            Some(_) => return Err(ApiError::bad_request("Invalid marker format")),
            None => None,
        },
        limit: given("limit").map(number_of_items).transpose()?,
    };
    Ok((request, Links::new("/v2/tasks", &pairs)))
}

fn sort_key(name: &str) -> Result<TaskKey, ApiError> {
    match name {
        // Of all that are told of, they are the same.
        "deleted" | "deleted_at" => Ok(TaskKey::CreatedAt),
        name => {
            let known = TaskKey::ALL.into_iter().find(|key| key.as_str() == name);
            known.ok_or_else(|| {
                let shown: String = name.chars().take(64).collect();
                ApiError::bad_request(format!("Sort key {shown} is not an attribute of tasks."))
            })
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.parse::<glance_core::domain::ImageId>().is_ok()
}

/// A task as JSON.
pub(crate) struct TaskView<'a>(pub(crate) &'a Task);

impl Serialize for TaskView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let task = self.0;
        let mut map = serializer.serialize_map(None)?;
        short::<S>(&mut map, task)?;
        map.serialize_entry("input", &task.input)?;
        map.serialize_entry("result", &task.result)?;
        // Upstream's rows have none, or an empty one, and its answers the latter.
        map.serialize_entry("message", task.message.as_deref().unwrap_or_default())?;
        if let Some(image) = &task.image {
            map.serialize_entry("image_id", image.as_str())?;
        }
        if let Some(request) = &task.request_id {
            map.serialize_entry("request_id", request)?;
        }
        if let Some(user) = &task.user {
            map.serialize_entry("user_id", user.as_str())?;
        }
        map.end()
    }
}

/// What is told of a task in a list.
struct TaskStub<'a>(&'a Task);

impl Serialize for TaskStub<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        short::<S>(&mut map, self.0)?;
        map.end()
    }
}

fn short<S: Serializer>(map: &mut S::SerializeMap, task: &Task) -> Result<(), S::Error> {
    map.serialize_entry("id", task.id.as_str())?;
    map.serialize_entry("type", task.kind.as_str())?;
    map.serialize_entry("status", task.status().as_str())?;
    map.serialize_entry("owner", owner(task))?;
    map.serialize_entry("created_at", &Text(&task.created_at))?;
    map.serialize_entry("updated_at", &Text(&task.updated_at))?;
    if let Some(expires) = &task.expires_at {
        map.serialize_entry("expires_at", &Text(expires))?;
    }
    map.serialize_entry("self", &Text(&format_args!("/v2/tasks/{}", task.id)))?;
    map.serialize_entry("schema", "/v2/schemas/task")
}

/// A page of a list of tasks.
pub(crate) struct TaskListView<'a> {
    pub(crate) list: &'a TaskList,
    pub(crate) links: &'a Links,
}

impl Serialize for TaskListView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tasks: Vec<TaskStub<'_>> = self.list.tasks.iter().map(TaskStub).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tasks", &tasks)?;
        map.serialize_entry("first", &self.links.first())?;
        if let Some(marker) = &self.list.next {
            map.serialize_entry("next", &self.links.next(marker.as_str()))?;
        }
        map.serialize_entry("schema", "/v2/schemas/tasks")?;
        map.end()
    }
}

/// The tasks of an image as JSON: rows as upstream's database has them.
pub(crate) struct ImageTasksView<'a>(pub(crate) &'a [Task]);

impl Serialize for ImageTasksView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tasks: Vec<TaskRow<'_>> = self.0.iter().map(TaskRow).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("tasks", &tasks)?;
        map.end()
    }
}

struct TaskRow<'a>(&'a Task);

impl Serialize for TaskRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let task = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", task.id.as_str())?;
        map.serialize_entry("type", task.kind.as_str())?;
        map.serialize_entry("status", task.status().as_str())?;
        map.serialize_entry("owner", owner(task))?;
        map.serialize_entry("expires_at", &task.expires_at.map(exact))?;
        map.serialize_entry("created_at", &exact(task.created_at))?;
        map.serialize_entry("updated_at", &exact(task.updated_at))?;
        map.serialize_entry("deleted_at", &None::<&str>)?;
        map.serialize_entry("deleted", &false)?;
        map.serialize_entry("image_id", &task.image.as_ref().map(|image| image.as_str()))?;
        map.serialize_entry("request_id", &task.request_id)?;
        map.serialize_entry("user_id", &task.user.as_ref().map(UserId::as_str))?;
        map.serialize_entry("input", &task.input)?;
        map.serialize_entry("result", &task.result)?;
        map.serialize_entry("message", &task.message)?;
        map.end()
    }
}

fn owner(task: &Task) -> &str {
    task.owner.as_ref().map_or("", ProjectId::as_str)
}

/// A time as in the tasks of an image alone: to the microsecond, and without a zone.
fn exact(time: Timestamp) -> String {
    let time = time.to_datetime();
    time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}
