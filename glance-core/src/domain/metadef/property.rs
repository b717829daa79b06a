//! Properties: a name and what its values may be.

use serde_json::{Map, Value as Json};

use super::super::text::InvalidText;
use super::invalid::{DefinitionFault, InvalidDefinition};
use super::json::{mismatch, text};
use super::name::PropertyName;
use super::schema::PropertySchema;

/// A property that is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: PropertyName,
    /// What its values may be.
    pub schema: PropertySchema,
}

impl Property {
    /// Reads `{"name": …, <schema>}`.
    ///
    /// # Errors
    /// [`InvalidDefinition`] says what is wrong, and where.
    pub fn from_json(json: &Json) -> Result<Self, InvalidDefinition> {
        let members = json.as_object().ok_or_else(|| mismatch("an object"))?;
        let name = match members.get("name") {
            None => Err(DefinitionFault::Missing.into()),
            Some(name) => text(name),
        };
        Ok(Self {
            name: name.map_err(|invalid: InvalidDefinition| invalid.within("name"))?,
            schema: PropertySchema::from_json(json)?,
        })
    }

    /// Reads `{"<name>": {<schema>}, …}`.
    ///
    /// # Errors
    /// [`InvalidDefinition`] says what is wrong, and where.
    pub fn many_from_json(json: &Json) -> Result<Vec<Self>, InvalidDefinition> {
        let members = json.as_object().ok_or_else(|| mismatch("an object"))?;
        members
            .iter()
            .map(|(name, schema)| Self::named(name, schema).map_err(|invalid| invalid.within(name)))
            .collect()
    }

    /// Properties as they are read.
    pub fn many_to_json<'a>(properties: impl IntoIterator<Item = &'a Self>) -> Json {
        let members: Map<String, Json> = properties
            .into_iter()
            .map(|property| (property.name.to_string(), property.schema.to_json()))
            .collect();
        members.into()
    }

    fn named(name: &str, schema: &Json) -> Result<Self, InvalidDefinition> {
        let invalid =
            |invalid: InvalidText| InvalidDefinition::from(DefinitionFault::Text(invalid));
        Ok(Self {
            name: name.parse().map_err(invalid)?,
            schema: PropertySchema::from_json(schema)?,
        })
    }
}
