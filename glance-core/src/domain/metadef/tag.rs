//! Tags as JSON.

use serde_json::Value as Json;

use super::invalid::{DefinitionFault, InvalidDefinition};
use super::json::Members;
use super::name::TagName;

impl TagName {
    /// Reads `{"name": …}`.
    ///
    /// # Errors
    /// [`InvalidDefinition`] says what is wrong, and where.
    pub fn from_json(json: &Json) -> Result<Self, InvalidDefinition> {
        Members::of(json, &["name"])?.required_text("name")
    }

    /// Reads `{"tags": [{"name": …}, …]}`, of which nothing is passed over.
    ///
    /// # Errors
    /// [`InvalidDefinition`] says what is wrong, and where.
    pub fn many_from_json(json: &Json) -> Result<Vec<Self>, InvalidDefinition> {
        let members = Members::only(json, &["tags"])?;
        if members.get("tags").is_none() {
            return Err(InvalidDefinition::from(DefinitionFault::Missing).within("tags"));
        }
        members.list("tags", |json| {
            Members::only(json, &["name"])?.required_text("name")
        })
    }
}
