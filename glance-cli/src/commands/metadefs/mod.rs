//! The commands about metadata definitions.

mod namespaces;
mod objects;
mod properties;
mod resource_types;
mod tags;

use serde_json::{Value, json};

use super::client::{CommandError, Context};
use super::image::shown;
use crate::args::{MetadefCommand, Widest};
use crate::output::{Looks, Object};

/// Does what a command about metadata definitions asks for.
///
/// # Errors
///
/// What the service refused, or what is wrong on this side.
pub(super) async fn run(context: &Context, command: MetadefCommand) -> Result<(), CommandError> {
    use MetadefCommand as M;
    match command {
        M::MdNamespaceCreate(args) => namespaces::create(context, args).await,
        M::MdNamespaceDelete(args) => delete(context, &["namespaces", &args.namespace]).await,
        M::MdNamespaceImport(args) => namespaces::import(context, args).await,
        M::MdNamespaceList(args) => namespaces::list(context, args).await,
        M::MdNamespaceObjectsDelete(args) => {
            delete(context, &["namespaces", &args.namespace, "objects"]).await
        }
        M::MdNamespacePropertiesDelete(args) => {
            delete(context, &["namespaces", &args.namespace, "properties"]).await
        }
        M::MdNamespaceResourceTypeList(args) => resource_types::of_namespace(context, &args).await,
        M::MdNamespaceShow(args) => namespaces::show(context, args).await,
        M::MdNamespaceTagsDelete(args) => {
            delete(context, &["namespaces", &args.namespace, "tags"]).await
        }
        M::MdNamespaceUpdate(args) => namespaces::update(context, args).await,
        M::MdObjectCreate(args) => objects::create(context, args).await,
        M::MdObjectDelete(args) => delete(context, &objects::path(&args)).await,
        M::MdObjectList(args) => objects::list(context, &args).await,
        M::MdObjectPropertyShow(args) => objects::show_property(context, &args).await,
        M::MdObjectShow(args) => objects::show(context, &args).await,
        M::MdObjectUpdate(args) => objects::update(context, args).await,
        M::MdPropertyCreate(args) => properties::create(context, args).await,
        M::MdPropertyDelete(args) => delete(context, &properties::path(&args)).await,
        M::MdPropertyList(args) => properties::list(context, &args).await,
        M::MdPropertyShow(args) => properties::show(context, &args).await,
        M::MdPropertyUpdate(args) => properties::update(context, args).await,
        M::MdResourceTypeAssociate(args) => resource_types::associate(context, args).await,
        M::MdResourceTypeDeassociate(args) => {
            let within = &args.within.namespace;
            let path = ["namespaces", within, "resource_types", &args.resource_type];
            delete(context, &path).await
        }
        M::MdResourceTypeList => resource_types::list(context).await,
        M::MdTagCreate(args) => tags::create(context, args).await,
        M::MdTagCreateMultiple(args) => tags::create_several(context, &args).await,
        M::MdTagDelete(args) => delete(context, &tags::path(&args)).await,
        M::MdTagList(args) => tags::list(context, &args).await,
        M::MdTagShow(args) => tags::show(context, &args).await,
        M::MdTagUpdate(args) => tags::update(context, args).await,
    }
}

/// People see nothing where all went well, as in Python's client.
async fn delete(context: &Context, path: &[&str]) -> Result<(), CommandError> {
    context.session.delete_metadef(path).await?;
    context.print_for_machines(&json!({"deleted": path.join("/")}))
}

/// Prints all of an object to machines; to people, of what it holds the names.
fn print(context: &Context, object: Object, widest: Widest) -> Result<(), CommandError> {
    let object = shown(object);
    let object = if context.is_json() {
        object
    } else {
        with_names_only(object)
    };
    let looks = Looks {
        max_column_width: widest.max_column_width,
        ..Looks::default()
    };
    context.print(object, looks)
}

fn with_names_only(mut object: Object) -> Object {
    for key in [
        "objects",
        "properties",
        "resource_type_associations",
        "tags",
    ] {
        let names: Vec<Value> = match object.get(key) {
            Some(Value::Object(held)) => held.keys().map(|name| json!(name)).collect(),
            Some(Value::Array(held)) => held.iter().map(|item| item["name"].clone()).collect(),
            _ => continue,
        };
        object.insert(key.to_owned(), names.into());
    }
    object
}

/// What there is with what is said of it changed, and without what only the service says.
fn changed(mut object: Object, name: Option<String>, changes: Object) -> Value {
    for key in ["created_at", "updated_at", "schema", "self"] {
        object.remove(key);
    }
    object.extend(name.map(|name| ("name".to_owned(), name.into())));
    object.extend(changes);
    object.into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Object, changed, with_names_only};

    fn object(value: Value) -> Object {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn people_see_the_names_of_what_a_namespace_holds() {
        let namespace = object(json!({
            "namespace": "n",
            "objects": [{"name": "o", "properties": {}}],
            "properties": {"p": {"type": "string"}, "q": {"type": "integer"}},
            "resource_type_associations": [{"name": "r", "prefix": "x"}],
            "tags": [],
        }));

        assert_eq!(
            json!(with_names_only(namespace)),
            json!({
                "namespace": "n", "objects": ["o"], "properties": ["p", "q"],
                "resource_type_associations": ["r"], "tags": [],
            })
        );
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name_and_drops_what_the_service_says() {
        let before = object(json!({
            "name": "a", "description": "d", "created_at": "t", "updated_at": "t",
            "self": "/v2/x", "schema": "/v2/y",
        }));
        let changes = object(json!({"description": "e", "required": []}));

        assert_eq!(
            changed(before, Some("b".to_owned()), changes),
            json!({"name": "b", "description": "e", "required": []})
        );
    }
}
