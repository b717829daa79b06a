//! The commands about properties of a namespace.

use super::super::client::{CommandError, Context};
use super::{changed, print};
use crate::args::{
    CreateProperty, OneNamespace, OneProperty, ShowProperty, UpdateProperty, Widest,
};

pub(super) fn path(property: &OneProperty) -> [&str; 4] {
    let namespace = &property.within.namespace;
    ["namespaces", namespace, "properties", &property.property]
}

pub(super) async fn create(context: &Context, args: CreateProperty) -> Result<(), CommandError> {
    let mut fields = args.schema;
    for (key, said) in [
        ("name", args.name),
        ("title", args.title),
        ("type", args.kind),
    ] {
        // What the schema says goes before the flags, as in Python's client.
        fields.entry(key).or_insert(said.into());
    }
    let path = ["namespaces", args.within.namespace.as_str(), "properties"];
    let property = context
        .session
        .add_metadef(&path, Some(&fields.into()))
        .await?;
    print(context, property, Widest::default())
}

pub(super) async fn list(context: &Context, args: &OneNamespace) -> Result<(), CommandError> {
    let properties = context.session.properties(&args.namespace).await?;
    context.print_all(&["name", "title", "type"], properties)
}

pub(super) async fn show(context: &Context, args: &ShowProperty) -> Result<(), CommandError> {
    let property = context.session.metadef(&path(&args.target)).await?;
    print(context, property, args.widest)
}

pub(super) async fn update(context: &Context, args: UpdateProperty) -> Result<(), CommandError> {
    let path = path(&args.target);
    let mut before = context.session.metadef(&path).await?;
    before.extend(args.title.map(|title| ("title".to_owned(), title.into())));
    let fields = changed(before, args.name, args.schema);
    let property = context.session.replace_metadef(&path, &fields).await?;
    print(context, property, Widest::default())
}
