//! What a catalog holds of a namespace.

use std::fmt;

use super::super::time::Timestamp;
use super::association::Association;
use super::document::NamespaceDocument;
use super::name::{ObjectName, PropertyName, ResourceTypeName, TagName};
use super::namespace::Namespace;
use super::object::Object;
use super::property::Property;

/// Something that a catalog holds, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated<T> {
    /// What it is.
    pub value: T,
    /// When it came.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl<T> Dated<T> {
    /// Something that comes now.
    pub fn new(value: T, now: Timestamp) -> Self {
        Self {
            value,
            created_at: now,
            updated_at: now,
        }
    }

    /// The same as something else, from now on.
    #[must_use]
    pub fn changed(&self, value: T, now: Timestamp) -> Self {
        Self {
            value,
            created_at: self.created_at,
            updated_at: now,
        }
    }
}

/// A namespace with what is in it, or the parts of that which were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceContents {
    /// The namespace itself.
    pub namespace: Dated<Namespace>,
    /// Which resource types it is for, in the order of their names.
    pub associations: Vec<Dated<Association>>,
    /// Its properties, other than those of objects, in the order in which they came.
    pub properties: Vec<Dated<Property>>,
    /// Its objects, in the order in which they came.
    pub objects: Vec<Dated<Object>>,
    /// Its tags, in the order in which they came.
    pub tags: Vec<Dated<TagName>>,
}

impl NamespaceContents {
    /// A namespace with nothing in it.
    pub fn empty(namespace: Dated<Namespace>) -> Self {
        Self {
            namespace,
            associations: Vec::new(),
            properties: Vec::new(),
            objects: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Puts the associations in their order.
    pub fn sort_associations(&mut self) {
        let name = |held: &Dated<Association>| held.value.resource_type.clone();
        self.associations.sort_by_cached_key(name);
    }

    /// The association with a resource type.
    pub fn association(&self, name: &ResourceTypeName) -> Option<&Dated<Association>> {
        let mut associations = self.associations.iter();
        associations.find(|held| held.value.resource_type == *name)
    }

    /// A property, by its name without a prefix.
    pub fn property(&self, name: &PropertyName) -> Option<&Dated<Property>> {
        self.properties.iter().find(|held| held.value.name == *name)
    }

    /// An object.
    pub fn object(&self, name: &ObjectName) -> Option<&Dated<Object>> {
        self.objects.iter().find(|held| held.value.name == *name)
    }

    /// A tag.
    pub fn tag(&self, name: &TagName) -> Option<&Dated<TagName>> {
        self.tags.iter().find(|held| held.value == *name)
    }

    /// The same with the names of properties as they are on resources of a type: with the prefix of
    /// its association, if there is one.
    #[must_use]
    pub fn prefixed_for(mut self, resource_type: &ResourceTypeName) -> Self {
        let prefix = self
            .association(resource_type)
            .and_then(|held| held.value.prefix.clone());
        let Some(prefix) = prefix else {
            return self;
        };
        let prefixed = |name: &PropertyName| PropertyName::stored(format!("{prefix}{name}"));
        for property in &mut self.properties {
            property.value.name = prefixed(&property.value.name);
        }
        for object in &mut self.objects {
            let properties = std::mem::take(&mut object.value.properties).into_iter();
            object.value.properties = properties
                .map(|(name, schema)| (prefixed(&name), schema))
                .collect();
            for required in &mut object.value.required {
                *required = prefixed(required);
            }
        }
        self
    }

    /// All of it as a document, without times.
    pub fn into_document(self) -> NamespaceDocument {
        NamespaceDocument {
            namespace: self.namespace.value,
            associations: values(self.associations),
            properties: values(self.properties),
            objects: values(self.objects),
            tags: values(self.tags),
        }
    }
}

/// A kind of thing in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// That it is for a resource type.
    Association,
    /// An object.
    Object,
    /// A property.
    Property,
    /// A tag.
    Tag,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Association => "resource type association",
            Self::Object => "object",
            Self::Property => "property",
            Self::Tag => "tag",
        })
    }
}

fn values<T>(dated: Vec<Dated<T>>) -> Vec<T> {
    dated.into_iter().map(|held| held.value).collect()
}
