//! What the commands about tasks take.

use clap::{Args, Subcommand};
use glance_core::domain::TaskId;

use super::{ConfigArgs, value};
use crate::output::Object;

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Cancel an import, also one that waits for its turn or whose server is dead. A server or a
    /// scrubber rolls it back: an image without data is queued again, one that was copied stays
    /// active, and an image that was made for the import goes.
    Cancel(CancelTask),
}

#[derive(Debug, Args)]
pub(crate) struct CancelTask {
    /// The task, as image-tasks and task-list print it.
    #[arg(value_name = "TASK_ID")]
    pub(crate) id: TaskId,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListTasks {
    /// Sort by this.
    #[arg(
        long,
        value_name = "KEY",
        value_parser = ["id", "type", "status", "created_at", "expires_at", "updated_at"]
    )]
    pub(crate) sort_key: Option<String>,
    /// Sort in this direction.
    #[arg(long, value_name = "DIRECTION", value_parser = ["asc", "desc"])]
    pub(crate) sort_dir: Option<String>,
    /// How many tasks to ask for at once.
    #[arg(long, value_name = "SIZE", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page_size: Option<u32>,
    /// List tasks of this type only.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// List tasks in this status only.
    #[arg(
        long,
        value_name = "STATUS",
        value_parser = ["pending", "processing", "success", "failure"]
    )]
    pub(crate) status: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OneTask {
    /// The task.
    #[arg(value_name = "TASK_ID", value_parser = value::segment)]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct CreateTask {
    /// What the task is to do: `import` makes an image of data from the web.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: String,
    /// What it needs for that, as JSON: for `import`, an object with `import_from`,
    /// `import_from_format` and `image_properties`.
    #[arg(long, value_name = "JSON", value_parser = value::object)]
    pub(crate) input: Object,
}
