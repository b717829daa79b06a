//! Resource types and associations as JSON.

use glance_core::domain::metadef::{Association, Dated, ResourceType};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::wire::image::Text;

/// That a namespace is for a resource type.
pub(crate) struct AssociationView<'a>(pub(crate) &'a Dated<Association>);

impl Serialize for AssociationView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let association = &self.0.value;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", association.resource_type.as_str())?;
        if let Some(prefix) = &association.prefix {
            map.serialize_entry("prefix", prefix.as_str())?;
        }
        if let Some(target) = &association.properties_target {
            map.serialize_entry("properties_target", target.as_str())?;
        }
        map.serialize_entry("created_at", &Text(&self.0.created_at))?;
        map.serialize_entry("updated_at", &Text(&self.0.updated_at))?;
        map.end()
    }
}

/// The resource types that a namespace is for.
pub(crate) struct AssociationListView<'a>(pub(crate) &'a [Dated<Association>]);

impl Serialize for AssociationListView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let views: Vec<_> = self.0.iter().map(AssociationView).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("resource_type_associations", &views)?;
        map.end()
    }
}

struct ResourceTypeView<'a>(&'a Dated<ResourceType>);

impl Serialize for ResourceTypeView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("name", self.0.value.name.as_str())?;
        map.serialize_entry("created_at", &Text(&self.0.created_at))?;
        map.serialize_entry("updated_at", &Text(&self.0.updated_at))?;
        map.end()
    }
}

/// All resource types.
pub(crate) struct ResourceTypeListView<'a>(pub(crate) &'a [Dated<ResourceType>]);

impl Serialize for ResourceTypeListView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let views: Vec<_> = self.0.iter().map(ResourceTypeView).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("resource_types", &views)?;
        map.end()
    }
}
