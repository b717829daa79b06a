//! Resource types, and which namespaces are for which.

use serde_json::{Map, Value as Json};

use super::invalid::InvalidDefinition;
use super::json::Members;
use super::name::{Prefix, PropertiesTarget, ResourceTypeName};

/// A type of resources that may bear what is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// Its name.
    pub name: ResourceTypeName,
    /// Whether it came with the definitions that Glance ships: nothing else depends on it.
    pub protected: bool,
}

/// That a namespace is for resources of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// The type.
    pub resource_type: ResourceTypeName,
    /// What comes before the names of properties on such resources.
    pub prefix: Option<Prefix>,
    /// Which part of such resources bears them.
    pub properties_target: Option<PropertiesTarget>,
}

impl Association {
    /// Reads `{"name": …, "prefix": …, "properties_target": …}`.
    ///
    /// # Errors
    /// [`InvalidDefinition`] says what is wrong, and where.
    pub fn from_json(json: &Json) -> Result<Self, InvalidDefinition> {
        let members = Members::of(json, &["name", "prefix", "properties_target"])?;
        Ok(Self {
            resource_type: members.required_text("name")?,
            prefix: members.text("prefix")?,
            properties_target: members.text("properties_target")?,
        })
    }

    /// The same, as it is read.
    pub fn to_json(&self) -> Json {
        let mut json = Map::new();
        json.insert("name".to_owned(), self.resource_type.as_str().into());
        if let Some(prefix) = &self.prefix {
            json.insert("prefix".to_owned(), prefix.as_str().into());
        }
        if let Some(target) = &self.properties_target {
            json.insert("properties_target".to_owned(), target.as_str().into());
        }
        json.into()
    }
}
