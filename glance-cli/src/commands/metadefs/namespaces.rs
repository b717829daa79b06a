//! The commands about namespaces.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::client::{CommandError, Context};
use super::print;
use crate::args::{
    CreateNamespace, ImportNamespace, ListNamespaces, NamespaceFields, ShowNamespace,
    UpdateNamespace, Widest, usage_error,
};
use crate::client::ClientError;
use crate::output::Object;

pub(super) async fn create(context: &Context, args: CreateNamespace) -> Result<(), CommandError> {
    let mut fields = fields(args.fields);
    fields.insert("namespace".to_owned(), args.target.namespace.into());
    if !args.resource_type_associations.is_empty() {
        let associations = args.resource_type_associations.into_iter();
        let associations: Value = associations.map(Value::Object).collect();
        fields.insert("resource_type_associations".to_owned(), associations);
    }
    add(context, &fields.into()).await
}

pub(super) async fn import(context: &Context, args: ImportNamespace) -> Result<(), CommandError> {
    let (text, path) = read(args.file)?;
    let namespace: Object =
        serde_json::from_str(&text).map_err(|source| ClientError::NoObject { path, source })?;
    add(context, &namespace.into()).await
}

pub(super) async fn list(context: &Context, args: ListNamespaces) -> Result<(), CommandError> {
    let mut conditions = Vec::new();
    if !args.resource_types.is_empty() {
        conditions.push(("resource_types", args.resource_types.join(",")));
    }
    conditions.extend(args.visibility.map(|visibility| ("visibility", visibility)));
    let namespaces = context
        .session
        .namespaces(&conditions, args.page_size)
        .await?;
    context.print_all(&["namespace"], namespaces)
}

pub(super) async fn show(context: &Context, args: ShowNamespace) -> Result<(), CommandError> {
    let name = &args.target.namespace;
    let namespace = match &args.resource_type {
        Some(resource_type) => context.session.namespace_for(name, resource_type).await?,
        None => context.session.metadef(&["namespaces", name]).await?,
    };
    print(context, namespace, args.widest)
}

pub(super) async fn update(context: &Context, args: UpdateNamespace) -> Result<(), CommandError> {
    let path = ["namespaces", args.target.namespace.as_str()];
    let mut namespace = context.session.metadef(&path).await?;
    namespace.retain(|name, _| OWN_FIELDS.contains(&name.as_str()));
    namespace.extend(fields(args.fields));
    namespace.extend(
        args.new_name
            .map(|name| ("namespace".to_owned(), name.into())),
    );
    let session = &context.session;
    let namespace = session.replace_metadef(&path, &namespace.into()).await?;
    print(context, namespace, Widest::default())
}

async fn add(context: &Context, namespace: &Value) -> Result<(), CommandError> {
    let session = &context.session;
    let namespace = session
        .add_metadef(&["namespaces"], Some(namespace))
        .await?;
    print(context, namespace, Widest::default())
}

/// What the flags say of a namespace, as it stands on the wire.
fn fields(fields: NamespaceFields) -> Object {
    let said = [
        ("display_name", fields.display_name.map(Value::from)),
        ("description", fields.description.map(Value::from)),
        ("visibility", fields.visibility.map(Value::from)),
        ("protected", fields.protected.map(Value::from)),
        ("owner", fields.owner.map(Value::from)),
    ];
    said.into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// The text of a file, or of standard input, and where it is from.
fn read(file: Option<PathBuf>) -> Result<(String, PathBuf), CommandError> {
    let path = file
        .clone()
        .unwrap_or_else(|| Path::new("standard input").to_owned());
    let text = match file {
        Some(file) => fs::read_to_string(file),
        None if io::stdin().is_terminal() => {
            let problem = "name a file with --file, or pipe the namespace in\n";
            return Err(usage_error("md-namespace-import", problem).into());
        }
        None => io::read_to_string(io::stdin()),
    };
    match text {
        Ok(text) => Ok((text, path)),
        Err(source) => Err(ClientError::File {
            action: "read",
            path,
            source,
        }
        .into()),
    }
}

/// What a namespace says of itself, and not of what it holds.
const OWN_FIELDS: [&str; 6] = [
    "namespace",
    "display_name",
    "description",
    "visibility",
    "protected",
    "owner",
];
