//! What an operator declares of custom properties: upstream's `schema-image.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use glance_core::domain::Formats;
use jsonschema::Validator;
use serde_json::{Map, Value};
use thiserror::Error;

use super::schema;

/// Custom properties that may be more than text, each with a JSON schema, and attributes that a new
/// image must have.
///
/// It is read from the text of upstream's `schema-image.json`: an object of schemas by name, or one
/// with the members `properties` and `required`. The default declares nothing.
///
/// ```
/// use glance_http::ImageSchema;
///
/// let schema: ImageSchema = r#"{"kernel_id": {"type": ["null", "string"]}}"#.parse()?;
/// assert!(r#"{"status": {"type": "string"}}"#.parse::<ImageSchema>().is_err());
/// # Ok::<(), glance_http::InvalidImageSchema>(())
/// ```
#[derive(Clone, Default)]
pub struct ImageSchema {
    properties: Map<String, Value>,
    required: Vec<String>,
    checks: Arc<BTreeMap<String, Validator>>,
}

impl ImageSchema {
    /// Whether a property is declared, and whether a value of it fits.
    pub(crate) fn check(&self, name: &str, value: &Value) -> Option<Result<(), String>> {
        let check = self.checks.get(name)?;
        let checked = check.validate(value).map_err(|error| error.to_string());
        Some(checked)
    }

    /// Whether a property is declared.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.checks.contains_key(name)
    }

    /// What a new image must have.
    pub(crate) fn required(&self) -> &[String] {
        &self.required
    }

    /// The properties with their schemas, as they are published.
    pub(crate) fn properties(&self) -> &Map<String, Value> {
        &self.properties
    }
}

impl FromStr for ImageSchema {
    type Err = InvalidImageSchema;

    fn from_str(text: &str) -> Result<Self, InvalidImageSchema> {
        let document: Value = serde_json::from_str(text).map_err(InvalidImageSchema::Syntax)?;
        let Value::Object(mut document) = document else {
            return Err(InvalidImageSchema::Shape);
        };
        let (properties, required) = match document.remove("properties") {
            Some(properties) => (properties, document.remove("required")),
            None => (Value::Object(document), None),
        };
        let Value::Object(mut properties) = properties else {
            return Err(InvalidImageSchema::Shape);
        };
        let required = match required {
            None | Some(Value::Null) => Vec::new(),
            Some(names) => {
                serde_json::from_value(names).map_err(|_| InvalidImageSchema::Required)?
            }
        };
        let mut checks = BTreeMap::new();
        for (name, entry) in &mut properties {
            let check = read(name, entry)?;
            checks.insert(name.clone(), check);
        }
        Ok(Self {
            properties,
            required,
            checks: Arc::new(checks),
        })
    }
}

/// Marks an entry as no attribute of Glance's own, and makes its check.
fn read(name: &str, entry: &mut Value) -> Result<Validator, InvalidImageSchema> {
    let bad = |problem: String| InvalidImageSchema::Entry {
        name: name.to_owned(),
        problem,
    };
    if schema::image_properties(&Formats::default())
        .get(name)
        .is_some()
    {
        return Err(InvalidImageSchema::Conflict {
            name: name.to_owned(),
        });
    }
    let Value::Object(members) = entry else {
        return Err(bad("it must be an object".to_owned()));
    };
    members.insert("is_base".to_owned(), false.into());
    jsonschema::validator_for(entry).map_err(|error| bad(error.to_string()))
}

impl PartialEq for ImageSchema {
    fn eq(&self, other: &Self) -> bool {
        self.properties == other.properties && self.required == other.required
    }
}

impl Eq for ImageSchema {}

impl fmt::Debug for ImageSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSchema")
            .field("properties", &self.properties)
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}

/// Why a schema of custom properties cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InvalidImageSchema {
    /// It is an attribute of Glance's own.
    #[error("`{name}` is an attribute of every image and cannot be declared anew")]
    Conflict {
        /// The name.
        name: String,
    },
    /// One of the schemas is none.
    #[error("the schema of `{name}` cannot be used: {problem}")]
    Entry {
        /// The property.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What is required must be named.
    #[error("`required` must be a list of names")]
    Required,
    /// It is no object of schemas.
    #[error("it must be an object of schemas by name")]
    Shape,
    /// It is no JSON.
    #[error("it is not JSON")]
    Syntax(#[source] serde_json::Error),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_layouts_are_read() {
        let flat: ImageSchema = r#"{"a": {"type": "integer"}}"#.parse().unwrap();
        let whole: ImageSchema = r#"{"properties": {"a": {"type": "integer"}}, "required": ["a"]}"#
            .parse()
            .unwrap();

        assert_eq!(flat.properties(), whole.properties());
        assert_eq!(
            flat.properties()["a"],
            json!({"type": "integer", "is_base": false})
        );
        assert_eq!(
            (flat.required(), whole.required()),
            (&[][..], &["a".to_owned()][..])
        );
        assert_eq!(whole.check("a", &json!(1)), Some(Ok(())));
        assert!(matches!(whole.check("a", &json!("1")), Some(Err(_))));
        assert_eq!(whole.check("b", &json!(1)), None);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        let refused = |text: &str| text.parse::<ImageSchema>().unwrap_err().to_string();

        assert_eq!(
            refused(r#"{"locations": {"type": "array"}}"#),
            "`locations` is an attribute of every image and cannot be declared anew"
        );
        assert!(refused(r#"{"a": {"type": "text"}}"#).starts_with("the schema of `a` cannot"));
        assert!(refused(r#"{"a": {"pattern": "("}}"#).starts_with("the schema of `a` cannot"));
        assert_eq!(refused("[]"), "it must be an object of schemas by name");
        assert_eq!(refused("{"), "it is not JSON");
        assert_eq!(
            refused(r#"{"properties": {}, "required": "a"}"#),
            "`required` must be a list of names"
        );
    }
}
