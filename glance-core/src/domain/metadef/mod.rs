//! Metadata definitions: which properties, tags and objects the resources of a cloud may bear, and
//! what these mean (spec/api-metadefs.md).

mod association;
mod change;
mod check;
mod contents;
mod defaults;
mod document;
mod file;
mod invalid;
mod json;
mod name;
mod namespace;
mod object;
mod property;
mod query;
mod rule;
mod schema;
mod tag;
mod value;

pub use self::association::{Association, ResourceType};
pub use self::change::{CannotChange, MetadefChange};
pub use self::check::Violation;
pub use self::contents::{Dated, NamespaceContents, Part};
pub use self::document::{Existing, NamespaceDocument};
pub use self::file::InvalidNamespaceFile;
pub use self::invalid::{DefinitionFault, InvalidDefinition};
pub use self::name::{
    Description, DisplayName, NamespaceName, ObjectDescription, ObjectName, Prefix,
    PropertiesTarget, PropertyName, ResourceTypeName, TagName,
};
pub use self::namespace::{Namespace, NamespaceVisibility, UnknownNamespaceVisibility};
pub use self::object::Object;
pub use self::property::Property;
pub use self::query::{NamespaceQuery, NamespaceSortKey, TagQuery, TagSortKey, UnknownSortKey};
pub use self::rule::Rule;
pub use self::schema::PropertySchema;
