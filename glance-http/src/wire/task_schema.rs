//! The schema documents of tasks.

use glance_core::domain::{TaskKind, TaskStatus};
use serde_json::{Value, json};

use super::schema::{collection, described, uuid};

/// `/v2/schemas/task`
pub(crate) fn task() -> Value {
    let mut task = stub();
    let object = || json!({"type": ["null", "object"]});
    let text = || json!({"type": "string"});
    let more = [
        (
            "input",
            described(object(), "What the task was asked to do"),
        ),
        ("result", described(object(), "What came of it")),
        (
            "message",
            described(text(), "How far the task is, or why it failed"),
        ),
    ];
    for (name, schema) in more {
        task["properties"][name] = schema;
    }
    task
}

/// `/v2/schemas/tasks`
pub(crate) fn tasks() -> Value {
    collection("tasks", &stub())
}

/// What is told of a task in a list.
fn stub() -> Value {
    let text = || json!({"type": "string"});
    let kinds: Vec<&str> = TaskKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let statuses: Vec<&str> = TaskStatus::ALL
        .iter()
        .map(|status| status.as_str())
        .collect();
    json!({
        "name": "task",
        "properties": {
            "id": described(uuid(), "The id of the task"),
            "type": described(json!({"type": "string", "enum": kinds}), "What the task does"),
            "status": described(
                json!({"type": "string", "enum": statuses}),
                "Where the task is in its life",
            ),
            "owner": described(text(), "The project that the task is for"),
            "image_id": described(text(), "The image that the task is about"),
            "request_id": described(text(), "The request that asked for the task"),
            "user_id": described(text(), "The user that asked for the task"),
            "expires_at": described(
                json!({"type": ["null", "string"]}),
                "From when on the task is not told of any more",
            ),
            "created_at": described(text(), "When the task was asked for"),
            "updated_at": described(text(), "When the task last showed a sign of life"),
            "self": {"readOnly": true, "type": "string"},
            "schema": {"readOnly": true, "type": "string"},
        },
        "additionalProperties": false,
    })
}
