//! The commands about tags of a namespace.

use serde_json::json;

use super::super::client::{CommandError, Context};
use super::print;
use crate::args::{CreateTag, CreateTags, OneNamespace, OneTag, UpdateTag, Widest, usage_error};

pub(super) fn path(tag: &OneTag) -> [&str; 4] {
    ["namespaces", &tag.within.namespace, "tags", &tag.tag]
}

pub(super) async fn create(context: &Context, args: CreateTag) -> Result<(), CommandError> {
    let path = ["namespaces", &args.within.namespace, "tags", &args.name];
    let tag = context.session.add_metadef(&path, None).await?;
    print(context, tag, Widest::default())
}

pub(super) async fn create_several(
    context: &Context,
    args: &CreateTags,
) -> Result<(), CommandError> {
    let names: Vec<&str> = args
        .names
        .split(args.delim.as_str())
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        // An empty list would be taken, and change nothing.
        let problem = "--names holds no name\n";
        return Err(usage_error("md-tag-create-multiple", problem).into());
    }
    let namespace = &args.within.namespace;
    let tags = context
        .session
        .add_tags(namespace, &names, args.append)
        .await?;
    context.print_all(&["name"], tags)
}

pub(super) async fn list(context: &Context, args: &OneNamespace) -> Result<(), CommandError> {
    let path = ["namespaces", args.namespace.as_str(), "tags"];
    let tags = context.session.metadefs(&path, "tags").await?;
    context.print_all(&["name"], tags)
}

pub(super) async fn show(context: &Context, args: &OneTag) -> Result<(), CommandError> {
    let tag = context.session.metadef(&path(args)).await?;
    print(context, tag, Widest::default())
}

pub(super) async fn update(context: &Context, args: UpdateTag) -> Result<(), CommandError> {
    let fields = json!({"name": args.name});
    let session = &context.session;
    let tag = session
        .replace_metadef(&path(&args.target), &fields)
        .await?;
    print(context, tag, Widest::default())
}
