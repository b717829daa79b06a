//! What the values of a property may be: a JSON schema of a few words.

use serde_json::{Map, Value as Json};

use super::super::text::{self, InvalidText};
use super::invalid::{DefinitionFault, InvalidDefinition};
use super::json::mismatch;

/// What the values of a property may be: the words of JSON schema that Glance has, each with a
/// value of its form.
///
/// ```
/// use glance_core::domain::metadef::PropertySchema;
/// use serde_json::json;
///
/// let cores = json!({"title": "Cores", "type": "integer", "minimum": 1, "default": 2});
/// let schema = PropertySchema::from_json(&cores)?;
///
/// assert_eq!(schema.get("default"), Some(&json!("2")));
/// assert!(PropertySchema::from_json(&json!({"type": "integer"})).is_err());
/// # Ok::<(), glance_core::domain::metadef::InvalidDefinition>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertySchema(Map<String, Json>);

impl PropertySchema {
    /// The types that values may be of.
    pub const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

    /// Its words, in the order in which they are shown.
    pub const WORDS: [&str; 19] = [
        "name",
        "type",
        "title",
        "description",
        "operators",
        "default",
        "readonly",
        "minimum",
        "maximum",
        "enum",
        "pattern",
        "minLength",
        "maxLength",
        "confidential",
        "items",
        "uniqueItems",
        "minItems",
        "maxItems",
        "additionalItems",
    ];

    /// Reads a schema. A default becomes text, as do the values of `enum`: so upstream keeps them.
    ///
    /// # Errors
    /// [`InvalidDefinition`] says what is wrong, and where.
    pub fn from_json(json: &Json) -> Result<Self, InvalidDefinition> {
        let members = json.as_object().ok_or_else(|| mismatch("an object"))?;
        let mut schema = Map::new();
        for (word, value) in members {
            let value = read(word, value).map_err(|invalid| invalid.within(word))?;
            // Its own name is kept beside it.
            if word != "name" {
                schema.insert(word.clone(), value);
            }
        }
        for word in ["type", "title"] {
            if !schema.contains_key(word) {
                return Err(InvalidDefinition::from(DefinitionFault::Missing).within(word));
            }
        }
        let bytes = Json::Object(schema.clone()).to_string().len();
        match bytes > MAX_BYTES {
            true => {
                let max = MAX_BYTES;
                Err(DefinitionFault::TooLong { bytes, max }.into())
            }
            false => Ok(Self(schema)),
        }
    }

    /// A schema as a database holds it. Upstream loads files unread: what has another form than it
    /// should have is shown as it is.
    pub fn stored(json: Map<String, Json>) -> Self {
        let read = |(word, value): (String, Json)| {
            let value = read(&word, &value).unwrap_or(value);
            (word, value)
        };
        Self(json.into_iter().map(read).collect())
    }

    /// What it says under a word.
    pub fn get(&self, word: &str) -> Option<&Json> {
        self.0.get(word)
    }

    /// Its words with what it says, in the order in which they are shown.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, &Json)> {
        let said = |word| self.0.get(word).map(|value| (word, value));
        Self::WORDS.into_iter().filter_map(said)
    }

    /// The schema as it is read.
    pub fn to_json(&self) -> Json {
        self.0.clone().into()
    }
}

/// The value under a word, in the form in which it is kept.
fn read(word: &str, value: &Json) -> Result<Json, InvalidDefinition> {
    match word {
        "name" | "title" | "description" | "pattern" => string(value),
        "type" => one_of_types(value),
        "default" => as_text(value),
        "operators" => list(value, string),
        "enum" => list(value, as_text),
        "readonly" | "confidential" | "uniqueItems" | "additionalItems" => match value {
            Json::Bool(_) => Ok(value.clone()),
            _ => Err(mismatch("true or false")),
        },
        "minimum" | "maximum" => integer(value).map(Json::from),
        "minLength" | "maxLength" | "minItems" | "maxItems" => match integer(value)? {
            number if number >= 0 => Ok(number.into()),
            _ => Err(mismatch("an integer, 0 or more")),
        },
        "items" => items(value),
        _ => {
            let known = PropertySchema::WORDS.to_vec();
            Err(DefinitionFault::Unknown { known }.into())
        }
    }
}

fn items(value: &Json) -> Result<Json, InvalidDefinition> {
    let members = value.as_object().ok_or_else(|| mismatch("an object"))?;
    let mut items = Map::new();
    for (word, value) in members {
        let value = match word.as_str() {
            "type" => one_of_types(value),
            "enum" => list(value, as_text),
            _ => {
                let known = vec!["type", "enum"];
                Err(DefinitionFault::Unknown { known }.into())
            }
        };
        let value = value.map_err(|invalid| invalid.within(word))?;
        items.insert(word.clone(), value);
    }
    match items.contains_key("type") {
        true => Ok(items.into()),
        false => Err(InvalidDefinition::from(DefinitionFault::Missing).within("type")),
    }
}

fn one_of_types(value: &Json) -> Result<Json, InvalidDefinition> {
    match value.as_str() {
        Some(word) if PropertySchema::TYPES.contains(&word) => Ok(value.clone()),
        _ => {
            let known = PropertySchema::TYPES.join(", ");
            Err(DefinitionFault::Meaning { known }.into())
        }
    }
}

fn string(value: &Json) -> Result<Json, InvalidDefinition> {
    match value {
        Json::String(text) => {
            check(text)?;
            Ok(value.clone())
        }
        _ => Err(mismatch("a string")),
    }
}

/// A string, a number or a boolean as text.
fn as_text(value: &Json) -> Result<Json, InvalidDefinition> {
    match value {
        Json::String(_) => string(value),
        Json::Number(number) => Ok(number.to_string().into()),
        Json::Bool(flag) => Ok(flag.to_string().into()),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            Err(mismatch("a string, a number or a boolean"))
        }
    }
}

fn list(
    value: &Json,
    item: fn(&Json) -> Result<Json, InvalidDefinition>,
) -> Result<Json, InvalidDefinition> {
    let items = value.as_array().ok_or_else(|| mismatch("an array"))?;
    let read = |(at, value)| {
        item(value).map_err(|invalid: InvalidDefinition| invalid.within(&usize::to_string(&at)))
    };
    items.iter().enumerate().map(read).collect()
}

/// A whole number, also in the form `1.0`, which JSON schema takes for one.
fn integer(value: &Json) -> Result<i64, InvalidDefinition> {
    let whole = |number: f64| {
        let fits = number.fract() == 0.0 && number.abs() < 2_f64.powi(53);
        // Exact for whole numbers of up to 53 bits.
        fits.then_some(number as i64)
    };
    let number = value.as_i64().or_else(|| value.as_f64().and_then(whole));
    number.ok_or_else(|| mismatch("an integer"))
}

fn check(text: &str) -> Result<(), InvalidDefinition> {
    let checked = text::check("a text of a definition", text, MAX_BYTES);
    checked.map_err(|invalid: InvalidText| DefinitionFault::Text(invalid).into())
}

/// What MySQL's `TEXT` holds.
pub(super) const MAX_BYTES: usize = 65_535;
