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
    pub const WORDS: [&str; 18] = [
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

    /// Reads a schema, passing over the name of the property. A default becomes text, as do the values
    /// of `enum`: so upstream keeps them.
    ///
    /// # Errors
    /// [`InvalidDefinition`] says what is wrong, and where.
    pub fn from_json(json: &Json) -> Result<Self, InvalidDefinition> {
        let members = json.as_object().ok_or_else(|| mismatch("an object"))?;
        let mut schema = Map::new();
        for (word, value) in members {
            let is_said = word != NAME && !(word == "default" && value.is_null());
            let value = read(word, value).map_err(|invalid| invalid.within(word))?;
            if is_said {
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
        let said = json.into_iter().filter(|(word, _)| word != NAME);
        Self(said.map(read).collect())
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
        NAME | "title" | "description" | "pattern" => string(value),
        "type" => one_of_types(value),
        "default" if value.is_null() => Ok(Json::Null),
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

/// A string, a number or a boolean as text, in upstream's words.
fn as_text(value: &Json) -> Result<Json, InvalidDefinition> {
    match value {
        Json::String(_) => string(value),
        Json::Number(number) => Ok(number.to_string().into()),
        Json::Bool(true) => Ok("True".into()),
        Json::Bool(false) => Ok("False".into()),
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

/// The name of the property, which upstream keeps here as well as beside.
const NAME: &str = "name";

/// What MySQL's `TEXT` holds.
pub(super) const MAX_BYTES: usize = 65_535;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(word: &str, value: &Json) -> String {
        let mut schema = json!({"title": "T", "type": "string"});
        schema[word] = value.clone();
        PropertySchema::from_json(&schema).unwrap_err().to_string()
    }

    #[test]
    fn values_are_kept_as_upstream_keeps_them() {
        let given = json!({
            "name": "n", "title": "T", "type": "array", "default": true, "enum": [1, "b", 2.5],
            "minimum": 2.0, "items": {"type": "string", "enum": [false]},
        });

        let schema = PropertySchema::from_json(&given).unwrap();

        let kept = json!({
            "title": "T", "type": "array", "default": "True", "enum": ["1", "b", "2.5"],
            "minimum": 2, "items": {"type": "string", "enum": ["False"]},
        });
        assert_eq!(schema.to_json(), kept);
        let nothing = json!({"title": "T", "type": "string", "default": null});
        assert_eq!(
            PropertySchema::from_json(&nothing).unwrap().get("default"),
            None
        );
    }

    #[test]
    fn what_a_word_cannot_say_is_refused_by_name() {
        for (word, value, sentence) in [
            ("title", json!(5), "title must be a string"),
            (
                "type",
                json!(null),
                "type is not one of array, boolean, integer, number, object, string",
            ),
            ("minimum", json!(1.5), "minimum must be an integer"),
            (
                "maxItems",
                json!(-1),
                "maxItems must be an integer, 0 or more",
            ),
            ("readonly", json!("yes"), "readonly must be true or false"),
            (
                "default",
                json!([]),
                "default must be a string, a number or a boolean",
            ),
            (
                "enum",
                json!([{}]),
                "enum.0 must be a string, a number or a boolean",
            ),
            (
                "items",
                json!({"enum": []}),
                "items.type is a required property",
            ),
            (
                "pattern",
                json!("\u{1f680}"),
                "pattern is refused: a text of a definition can't contain 4 byte unicode characters",
            ),
        ] {
            assert_eq!(refused(word, &value), sentence);
        }
        assert!(refused("required", &json!([])).starts_with("required is not known: use type"));
        let long = json!("x".repeat(MAX_BYTES));
        assert!(refused("description", &long).contains("bytes as JSON, and at most 65535"));
    }

    #[test]
    fn what_upstream_loaded_unread_is_shown_as_it_is() {
        let stored = json!({"name": "n", "type": "any", "default": 5, "what": 1});
        let Json::Object(stored) = stored else {
            panic!("an object");
        };

        let schema = PropertySchema::stored(stored);

        let shown: Vec<_> = schema.members().collect();
        assert_eq!(shown, [("type", &json!("any")), ("default", &json!("5"))]);
    }
}
