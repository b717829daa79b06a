//! The commands about objects of a namespace.

use serde_json::Value;

use super::super::client::{CommandError, Context};
use super::{changed, print};
use crate::args::{
    CreateObject, OneNamespace, OneObject, ShowObject, ShowObjectProperty, UpdateObject, Widest,
};
use crate::client::ClientError;

pub(super) fn path(object: &OneObject) -> [&str; 4] {
    let namespace = &object.within.namespace;
    ["namespaces", namespace, "objects", &object.object]
}

pub(super) async fn create(context: &Context, args: CreateObject) -> Result<(), CommandError> {
    let mut fields = args.schema;
    fields.insert("name".to_owned(), args.name.into());
    let path = ["namespaces", args.within.namespace.as_str(), "objects"];
    let object = context
        .session
        .add_metadef(&path, Some(&fields.into()))
        .await?;
    print(context, object, Widest::default())
}

pub(super) async fn list(context: &Context, args: &OneNamespace) -> Result<(), CommandError> {
    let path = ["namespaces", args.namespace.as_str(), "objects"];
    let objects = context.session.metadefs(&path, "objects").await?;
    context.print_all(&["name", "description"], objects)
}

pub(super) async fn show(context: &Context, args: &ShowObject) -> Result<(), CommandError> {
    let object = context.session.metadef(&path(&args.target)).await?;
    print(context, object, args.widest)
}

pub(super) async fn show_property(
    context: &Context,
    args: &ShowObjectProperty,
) -> Result<(), CommandError> {
    let mut object = context.session.metadef(&path(&args.within)).await?;
    let property = object
        .get_mut("properties")
        .and_then(|properties| properties.get_mut(&args.property))
        .map(Value::take);
    let Some(Value::Object(mut property)) = property else {
        return Err(ClientError::UnknownProperty {
            object: args.within.object.clone(),
            property: args.property.clone(),
        }
        .into());
    };
    property.insert("name".to_owned(), args.property.as_str().into());
    print(context, property, args.widest)
}

pub(super) async fn update(context: &Context, args: UpdateObject) -> Result<(), CommandError> {
    let path = path(&args.target);
    let before = context.session.metadef(&path).await?;
    let fields = changed(before, args.name, args.schema);
    let object = context.session.replace_metadef(&path, &fields).await?;
    print(context, object, Widest::default())
}
