//! Properties as JSON.

use glance_core::domain::metadef::{Dated, Property, PropertySchema};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// What the values of a property may be, with its name or without.
pub(crate) struct SchemaView<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) schema: &'a PropertySchema,
}

impl<'a> SchemaView<'a> {
    /// A property that is shown by itself, under a name.
    pub(crate) fn of(property: &'a Dated<Property>) -> Self {
        Self {
            name: Some(property.value.name.as_str()),
            schema: &property.value.schema,
        }
    }
}

impl Serialize for SchemaView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(name) = self.name {
            map.serialize_entry("name", name)?;
        }
        for (word, value) in self.schema.members() {
            map.serialize_entry(word, value)?;
        }
        map.end()
    }
}

/// Properties by their names.
pub(crate) struct PropertiesView<'a>(pub(crate) &'a [Dated<Property>]);

impl Serialize for PropertiesView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|property| {
            let schema = SchemaView {
                name: None,
                schema: &property.value.schema,
            };
            (property.value.name.as_str(), schema)
        }))
    }
}

/// The properties of a namespace.
pub(crate) struct PropertyListView<'a>(pub(crate) &'a [Dated<Property>]);

impl Serialize for PropertyListView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("properties", &PropertiesView(self.0))?;
        map.end()
    }
}
