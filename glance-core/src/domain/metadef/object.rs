//! Objects: properties that belong together.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::invalid::{DefinitionFault, InvalidDefinition};
use super::json::{Members, check_distinct, mismatch, text};
use super::name::{ObjectDescription, ObjectName, PropertyName};
use super::property::Property;
use super::schema::{MAX_BYTES, PropertySchema};

/// An object: properties that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub name: ObjectName,
    /// What it is for.
    pub description: Option<ObjectDescription>,
    /// Which of its properties have to be there.
    pub required: Vec<PropertyName>,
    /// Its properties.
    pub properties: BTreeMap<PropertyName, PropertySchema>,
}

impl Object {
    /// Reads `{"name": …, "description": …, "required": [<name>…], "properties": {…}}`.
    ///
    /// # Errors
    /// [`InvalidDefinition`] says what is wrong, and where.
    pub fn from_json(json: &Json) -> Result<Self, InvalidDefinition> {
        let members = Members::of(json, &["name", "description", "required", "properties"])?;
        let name = members.required_text("name")?;
        let required: Vec<PropertyName> = members.list("required", required_name)?;
        check_distinct("required", required.iter().map(PropertyName::as_str))
            .map_err(|_| mismatch("an array of different names").within("required"))?;
        let properties = match members.get("properties") {
            None => BTreeMap::new(),
            Some(json) => {
                let read = Property::many_from_json(json);
                let read = read.map_err(|invalid| invalid.within("properties"))?;
                let named = |property: Property| (property.name, property.schema);
                read.into_iter().map(named).collect()
            }
        };
        let object = Self {
            name,
            description: members.text("description")?,
            required,
            properties,
        };
        object.check_size()?;
        Ok(object)
    }

    /// The same, as it is read.
    pub fn to_json(&self) -> Json {
        let mut json = Map::new();
        json.insert("name".to_owned(), self.name.as_str().into());
        if let Some(description) = &self.description {
            json.insert("description".to_owned(), description.as_str().into());
        }
        if !self.required.is_empty() {
            let required = self.required.iter().map(PropertyName::as_str);
            json.insert("required".to_owned(), required.collect::<Vec<_>>().into());
        }
        json.insert("properties".to_owned(), self.properties_to_json());
        json.into()
    }

    /// Its properties, as they are read.
    pub fn properties_to_json(&self) -> Json {
        let member =
            |(name, schema): (&PropertyName, &PropertySchema)| (name.to_string(), schema.to_json());
        Json::Object(self.properties.iter().map(member).collect())
    }

    /// All properties are one text in the database, and so are the names of those required.
    fn check_size(&self) -> Result<(), InvalidDefinition> {
        let required = self.required.iter().map(|name| name.as_str().len() + 1);
        let properties = self.properties_to_json().to_string();
        for (step, bytes) in [
            ("required", required.sum()),
            ("properties", properties.len()),
        ] {
            if bytes > MAX_BYTES {
                let max = MAX_BYTES;
                let fault = DefinitionFault::TooLong { bytes, max };
                return Err(InvalidDefinition::from(fault).within(step));
            }
        }
        Ok(())
    }
}

/// Names stand in one text in the database, with commas between them (upstream).
fn required_name(json: &Json) -> Result<PropertyName, InvalidDefinition> {
    let name: PropertyName = text(json)?;
    match name.as_str().contains(',') {
        true => Err(mismatch("a name without commas")),
        false => Ok(name),
    }
}
