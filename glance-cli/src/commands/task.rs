//! The commands about tasks.

use super::client::{CommandError, Context};
use crate::args::{CreateTask, ListTasks, OneImage, OneTask};
use crate::client::Query;
use crate::output::Looks;

pub(super) async fn list(context: &Context, args: ListTasks) -> Result<(), CommandError> {
    let parameters = [
        ("sort_key", args.sort_key),
        ("sort_dir", args.sort_dir),
        ("type", args.kind),
        ("status", args.status),
    ];
    let query = Query {
        parameters: parameters
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
        limit: None,
        page_size: args.page_size,
    };
    let tasks = context.session.list_tasks(&query).await?;
    context.print_all(&["ID", "Type", "Status", "Owner"], tasks)
}

pub(super) async fn show(context: &Context, args: OneTask) -> Result<(), CommandError> {
    let task = context.session.task(&args.id).await?;
    context.print(task, Looks::default())
}

pub(super) async fn create(context: &Context, args: CreateTask) -> Result<(), CommandError> {
    let task = context.session.create_task(&args.kind, args.input).await?;
    context.print(task, Looks::default())
}

pub(super) async fn of_image(context: &Context, args: OneImage) -> Result<(), CommandError> {
    let tasks = context.session.image_tasks(&args.id).await?;
    context.print_all(&["ID", "Type", "Status", "Message", "Updated at"], tasks)
}
