//! Objects as JSON.

use glance_core::domain::metadef::{Dated, NamespaceName, Object, PropertyName};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::namespace::PATH;
use super::property::SchemaView;
use crate::wire::image::Text;

/// An object of a namespace.
pub(crate) struct ObjectView<'a> {
    pub(crate) namespace: &'a NamespaceName,
    pub(crate) object: &'a Dated<Object>,
}

impl Serialize for ObjectView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = &self.object.value;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", object.name.as_str())?;
        if !object.required.is_empty() {
            let required: Vec<&str> = object.required.iter().map(PropertyName::as_str).collect();
            map.serialize_entry("required", &required)?;
        }
        if let Some(description) = &object.description {
            map.serialize_entry("description", description.as_str())?;
        }
        map.serialize_entry("properties", &Properties(object))?;
        map.serialize_entry("created_at", &Text(&self.object.created_at))?;
        map.serialize_entry("updated_at", &Text(&self.object.updated_at))?;
        let path = format!("{PATH}/{}/objects/{}", self.namespace, object.name);
        map.serialize_entry("self", &path)?;
        map.serialize_entry("schema", "/v2/schemas/metadefs/object")?;
        map.end()
    }
}

/// The objects of a namespace.
pub(crate) struct ObjectListView<'a> {
    pub(crate) namespace: &'a NamespaceName,
    pub(crate) objects: &'a [Dated<Object>],
}

impl Serialize for ObjectListView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = |object| ObjectView {
            namespace: self.namespace,
            object,
        };
        let objects: Vec<_> = self.objects.iter().map(view).collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("objects", &objects)?;
        // Upstream's only path without a slash before it.
        map.serialize_entry("schema", "v2/schemas/metadefs/objects")?;
        map.end()
    }
}

struct Properties<'a>(&'a Object);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let properties = self.0.properties.iter();
        serializer.collect_map(properties.map(|(name, schema)| {
            let schema = SchemaView { name: None, schema };
            (name.as_str(), schema)
        }))
    }
}
