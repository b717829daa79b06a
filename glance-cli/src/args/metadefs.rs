//! The commands about metadata definitions, with the flags that Python's `glance` has for them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::value;
use crate::output::Object;

/// What a client can ask of the catalog of metadata definitions.
#[derive(Debug, Subcommand)]
#[expect(
    clippy::enum_variant_names,
    reason = "a variant is named as its subcommand"
)]
pub(crate) enum MetadefCommand {
    /// Create a namespace of metadata definitions.
    MdNamespaceCreate(CreateNamespace),
    /// Delete a namespace with all it holds.
    MdNamespaceDelete(OneNamespace),
    /// Create a namespace with all it holds, from a file or a pipe.
    MdNamespaceImport(ImportNamespace),
    /// List the namespaces you can see.
    MdNamespaceList(ListNamespaces),
    /// Delete all objects of a namespace.
    MdNamespaceObjectsDelete(OneNamespace),
    /// Delete all properties of a namespace.
    MdNamespacePropertiesDelete(OneNamespace),
    /// List the resource types that a namespace is associated with.
    MdNamespaceResourceTypeList(OneNamespace),
    /// Show a namespace, and the names of what it holds.
    MdNamespaceShow(ShowNamespace),
    /// Delete all tags of a namespace.
    MdNamespaceTagsDelete(OneNamespace),
    /// Change what is said of a namespace.
    MdNamespaceUpdate(UpdateNamespace),
    /// Create an object in a namespace.
    MdObjectCreate(CreateObject),
    /// Delete an object.
    MdObjectDelete(OneObject),
    /// List the objects of a namespace.
    MdObjectList(OneNamespace),
    /// Show a property of an object.
    MdObjectPropertyShow(ShowObjectProperty),
    /// Show an object.
    MdObjectShow(ShowObject),
    /// Change an object.
    MdObjectUpdate(UpdateObject),
    /// Create a property in a namespace.
    MdPropertyCreate(CreateProperty),
    /// Delete a property.
    MdPropertyDelete(OneProperty),
    /// List the properties of a namespace.
    MdPropertyList(OneNamespace),
    /// Show a property.
    MdPropertyShow(ShowProperty),
    /// Change a property.
    MdPropertyUpdate(UpdateProperty),
    /// Associate a namespace with a resource type.
    MdResourceTypeAssociate(Associate),
    /// End the association of a namespace with a resource type.
    MdResourceTypeDeassociate(Deassociate),
    /// List all resource types.
    MdResourceTypeList,
    /// Create a tag in a namespace.
    MdTagCreate(CreateTag),
    /// Give a namespace tags, in place of those it has.
    MdTagCreateMultiple(CreateTags),
    /// Delete a tag.
    MdTagDelete(OneTag),
    /// List the tags of a namespace.
    MdTagList(OneNamespace),
    /// Show a tag.
    MdTagShow(OneTag),
    /// Give a tag another name.
    MdTagUpdate(UpdateTag),
}

#[derive(Debug, Args)]
pub(crate) struct OneNamespace {
    /// The name of the namespace.
    #[arg(value_name = "NAMESPACE", value_parser = value::segment)]
    pub(crate) namespace: String,
}

/// What is said of a namespace.
#[derive(Debug, Default, Args)]
pub(crate) struct NamespaceFields {
    /// What people call the namespace.
    #[arg(long, value_name = "DISPLAY_NAME")]
    pub(crate) display_name: Option<String>,
    /// What the namespace is for.
    #[arg(long, value_name = "DESCRIPTION")]
    pub(crate) description: Option<String>,
    /// Who sees the namespace.
    #[arg(long, value_name = "VISIBILITY", value_parser = ["public", "private"])]
    pub(crate) visibility: Option<String>,
    /// Whether the namespace is kept from being deleted.
    #[arg(
        long,
        value_name = "True|False",
        num_args = 0..=1,
        default_missing_value = "True",
        value_parser = value::boolean
    )]
    pub(crate) protected: Option<bool>,
    /// The project that owns the namespace.
    #[arg(long, value_name = "OWNER")]
    pub(crate) owner: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CreateNamespace {
    #[command(flatten)]
    pub(crate) target: OneNamespace,
    #[command(flatten)]
    pub(crate) fields: NamespaceFields,
    /// Resource types to associate with: a name, or an object of JSON with name, prefix and
    /// properties_target.
    #[arg(
        long,
        value_name = "RESOURCE_TYPE_ASSOCIATIONS",
        num_args = 1..,
        value_parser = value::association
    )]
    pub(crate) resource_type_associations: Vec<Object>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportNamespace {
    /// The file with the namespace, as JSON. Without it the namespace is read from standard input,
    /// if that is a pipe or a file.
    #[arg(long, value_name = "FILEPATH")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ListNamespaces {
    /// List namespaces that are associated with this resource type. May be repeated.
    #[arg(long, value_name = "RESOURCE_TYPES")]
    pub(crate) resource_types: Vec<String>,
    /// List namespaces of this visibility.
    #[arg(long, value_name = "VISIBILITY", value_parser = ["public", "private"])]
    pub(crate) visibility: Option<String>,
    /// How many namespaces to ask for at once.
    #[arg(
        long,
        value_name = "SIZE",
        default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) page_size: u32,
}

/// How wide what is shown may be.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Widest {
    /// The widest a column gets. By default the terminal decides.
    #[arg(long, value_name = "INTEGER", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_column_width: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowNamespace {
    #[command(flatten)]
    pub(crate) target: OneNamespace,
    /// Show the names of properties as this resource type has them: with its prefix.
    #[arg(long, value_name = "RESOURCE_TYPE")]
    pub(crate) resource_type: Option<String>,
    #[command(flatten)]
    pub(crate) widest: Widest,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateNamespace {
    #[command(flatten)]
    pub(crate) target: OneNamespace,
    /// The new name of the namespace.
    #[arg(long = "namespace", id = "new_name", value_name = "NAMESPACE")]
    pub(crate) new_name: Option<String>,
    #[command(flatten)]
    pub(crate) fields: NamespaceFields,
}

#[derive(Debug, Args)]
pub(crate) struct OneObject {
    #[command(flatten)]
    pub(crate) within: OneNamespace,
    /// The name of the object.
    #[arg(value_name = "OBJECT", value_parser = value::segment)]
    pub(crate) object: String,
}

#[derive(Debug, Args)]
pub(crate) struct CreateObject {
    #[command(flatten)]
    pub(crate) within: OneNamespace,
    /// The name of the object.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// The object as JSON: description, required and properties.
    #[arg(long, value_name = "SCHEMA", value_parser = value::object)]
    pub(crate) schema: Object,
}

#[derive(Debug, Args)]
pub(crate) struct ShowObject {
    #[command(flatten)]
    pub(crate) target: OneObject,
    #[command(flatten)]
    pub(crate) widest: Widest,
}

#[derive(Debug, Args)]
pub(crate) struct ShowObjectProperty {
    #[command(flatten)]
    pub(crate) within: OneObject,
    /// The name of the property.
    #[arg(value_name = "PROPERTY")]
    pub(crate) property: String,
    #[command(flatten)]
    pub(crate) widest: Widest,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateObject {
    #[command(flatten)]
    pub(crate) target: OneObject,
    /// The new name of the object.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What is to be different, as JSON.
    #[arg(long, value_name = "SCHEMA", default_value = "{}", value_parser = value::object)]
    pub(crate) schema: Object,
}

#[derive(Debug, Args)]
pub(crate) struct OneProperty {
    #[command(flatten)]
    pub(crate) within: OneNamespace,
    /// The name of the property.
    #[arg(value_name = "PROPERTY", value_parser = value::segment)]
    pub(crate) property: String,
}

#[derive(Debug, Args)]
pub(crate) struct CreateProperty {
    #[command(flatten)]
    pub(crate) within: OneNamespace,
    /// The name of the property.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// What people call the property.
    #[arg(long, value_name = "TITLE")]
    pub(crate) title: String,
    /// What else is said of the property, as JSON.
    #[arg(long, value_name = "SCHEMA", value_parser = value::object)]
    pub(crate) schema: Object,
    /// The type of its values: array, boolean, integer, number, object or string.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: String,
}

#[derive(Debug, Args)]
pub(crate) struct ShowProperty {
    #[command(flatten)]
    pub(crate) target: OneProperty,
    #[command(flatten)]
    pub(crate) widest: Widest,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateProperty {
    #[command(flatten)]
    pub(crate) target: OneProperty,
    /// The new name of the property.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What people call the property.
    #[arg(long, value_name = "TITLE")]
    pub(crate) title: Option<String>,
    /// What is to be different, as JSON.
    #[arg(long, value_name = "SCHEMA", default_value = "{}", value_parser = value::object)]
    pub(crate) schema: Object,
}

#[derive(Debug, Args)]
pub(crate) struct Associate {
    #[command(flatten)]
    pub(crate) within: OneNamespace,
    /// The name of the resource type.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// What the names of properties start with on resources of this type.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Which of the resource's sets of properties is meant, where it has several.
    #[arg(long, value_name = "PROPERTIES_TARGET")]
    pub(crate) properties_target: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Deassociate {
    #[command(flatten)]
    pub(crate) within: OneNamespace,
    /// The name of the resource type.
    #[arg(value_name = "RESOURCE_TYPE", value_parser = value::segment)]
    pub(crate) resource_type: String,
}

#[derive(Debug, Args)]
pub(crate) struct OneTag {
    #[command(flatten)]
    pub(crate) within: OneNamespace,
    /// The name of the tag.
    #[arg(value_name = "TAG", value_parser = value::segment)]
    pub(crate) tag: String,
}

#[derive(Debug, Args)]
pub(crate) struct CreateTag {
    #[command(flatten)]
    pub(crate) within: OneNamespace,
    /// The name of the tag.
    #[arg(long, value_name = "NAME", value_parser = value::trimmed)]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct CreateTags {
    #[command(flatten)]
    pub(crate) within: OneNamespace,
    /// The names of the tags, separated by commas.
    #[arg(long, value_name = "NAMES")]
    pub(crate) names: String,
    /// What separates the names instead of a comma.
    #[arg(
        long,
        value_name = "DELIM",
        default_value = ",",
        hide_default_value = true
    )]
    pub(crate) delim: String,
    /// Keep the tags that are there, too.
    #[arg(long)]
    pub(crate) append: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateTag {
    #[command(flatten)]
    pub(crate) target: OneTag,
    /// The new name of the tag.
    #[arg(long, value_name = "NAME", value_parser = value::trimmed)]
    pub(crate) name: String,
}
