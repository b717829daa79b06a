//! The commands about resource types, and the namespaces that are associated with them.

use super::super::client::{CommandError, Context};
use super::print;
use crate::args::{Associate, OneNamespace, Widest};
use crate::output::Object;

pub(super) async fn associate(context: &Context, args: Associate) -> Result<(), CommandError> {
    let said = [
        ("name", Some(args.name)),
        ("prefix", args.prefix),
        ("properties_target", args.properties_target),
    ];
    let fields: Object = said
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?.into())))
        .collect();
    let association = context
        .session
        .add_metadef(&path(&args.within), Some(&fields.into()))
        .await?;
    print(context, association, Widest::default())
}

pub(super) async fn list(context: &Context) -> Result<(), CommandError> {
    let session = &context.session;
    let types = session
        .metadefs(&["resource_types"], "resource_types")
        .await?;
    context.print_all(&["name"], types)
}

pub(super) async fn of_namespace(
    context: &Context,
    args: &OneNamespace,
) -> Result<(), CommandError> {
    let session = &context.session;
    let associations = session
        .metadefs(&path(args), "resource_type_associations")
        .await?;
    context.print_all(&["name", "prefix", "properties_target"], associations)
}

fn path(namespace: &OneNamespace) -> [&str; 3] {
    ["namespaces", &namespace.namespace, "resource_types"]
}
