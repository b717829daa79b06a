//! Glance's two dialects of JSON patch (spec/api-images.md §5).

use glance_core::domain::{Edit, LocationEdit, Position, Presence, READ_ONLY_ATTRIBUTES};
use serde_json::{Map, Value};

use super::attribute::{self, ImageRules};
use super::{location, pointer};
use crate::error::ApiError;

/// A dialect of patches, by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `{"replace": "/x", "value": ...}`
    V20,
    /// `{"op": "replace", "path": "/x", "value": ...}`
    V21,
}

impl Dialect {
    /// The dialect of a `Content-Type`, whatever parameters follow.
    pub(crate) fn of(content_type: Option<&str>) -> Option<Self> {
        let media = content_type?.split(';').next()?.trim();
        match media {
            V20 => Some(Self::V20),
            V21 => Some(Self::V21),
            _ => None,
        }
    }

    /// What `Accept-Patch` lists.
    pub(crate) fn all() -> String {
        [V20, V21].join(", ")
    }

    /// Reads a patch: all of its operations are checked before anything is looked at.
    ///
    /// Locations are edited by those alone who are shown them.
    pub(crate) fn read(
        self,
        body: &Value,
        rules: ImageRules<'_>,
        show_locations: bool,
    ) -> Result<Vec<Edit>, ApiError> {
        let Value::Array(operations) = body else {
            return Err(ApiError::bad_request(
                "Request body must be a JSON array of operation objects.",
            ));
        };
        operations
            .iter()
            .map(|operation| match operation {
                Value::Object(operation) => {
                    let operation = self.operation(operation)?;
                    operation.edit(self, rules, show_locations)
                }
                _ => Err(ApiError::bad_request("Operations must be JSON objects.")),
            })
            .collect()
    }

    fn operation(self, operation: &Map<String, Value>) -> Result<Operation<'_>, ApiError> {
        let (verb, path) = match self {
            Self::V20 => v20_verb(operation)?,
            Self::V21 => v21_verb(operation)?,
        };
        let path = path
            .as_str()
            .ok_or_else(|| ApiError::bad_request("The path of an operation must be a string."))?;
        Ok(Operation {
            verb,
            path,
            value: operation.get("value"),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Remove,
    Replace,
}

impl Verb {
    const ALL: [Self; 3] = [Self::Add, Self::Remove, Self::Replace];

    fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
        }
    }
}

fn v21_verb(operation: &Map<String, Value>) -> Result<(Verb, &Value), ApiError> {
    let op = operation.get("op").ok_or_else(|| {
        ApiError::bad_request(format!(
            "Unable to find `op` in JSON Schema change. {VERBS}"
        ))
    })?;
    let verb = Verb::ALL
        .into_iter()
        .find(|verb| op.as_str() == Some(verb.as_str()));
    let verb = verb.ok_or_else(|| {
        let shown: String = op.as_str().map_or(op.to_string(), str::to_owned);
        let shown: String = shown.chars().take(64).collect();
        ApiError::bad_request(format!("Invalid operation: `{shown}`. {VERBS}"))
    })?;
    let path = operation
        .get("path")
        .ok_or_else(|| ApiError::bad_request("Unable to find 'path' in JSON Schema change"))?;
    Ok((verb, path))
}

fn v20_verb(operation: &Map<String, Value>) -> Result<(Verb, &Value), ApiError> {
    let mut named = Verb::ALL
        .into_iter()
        .filter_map(|verb| operation.get(verb.as_str()).map(|path| (verb, path)));
    match (named.next(), named.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(ApiError::bad_request(
            "Operation objects must contain exactly one member named \"add\", \"remove\", or \
             \"replace\".",
        )),
    }
}

struct Operation<'a> {
    verb: Verb,
    path: &'a str,
    value: Option<&'a Value>,
}

impl Operation<'_> {
    /// The order of the checks is upstream's.
    fn edit(
        &self,
        dialect: Dialect,
        rules: ImageRules<'_>,
        show_locations: bool,
    ) -> Result<Edit, ApiError> {
        let tokens = pointer::read(self.path)?;
        let name = self.name(&tokens)?;
        let value = match (self.verb, self.value) {
            (Verb::Remove, _) => &Value::Null,
            (_, Some(value)) => value,
            (verb, None) => {
                return Err(ApiError::bad_request(format!(
                    "Operation \"{}\" requires a member named \"value\".",
                    verb.as_str()
                )));
            }
        };
        if name == "id" || READ_ONLY_ATTRIBUTES.contains(&name) {
            return Err(attribute::read_only(name));
        }
        if name == LOCATIONS && !show_locations {
            return Err(ApiError::forbidden(format!(
                "It's not allowed to {} locations if locations are invisible.",
                self.verb.as_str()
            )));
        }
        if name == LOCATIONS {
            return self.locations(&tokens, value).map(Edit::Locations);
        }
        let presence = match (self.verb, dialect) {
            (Verb::Remove, _) if attribute::is_built_in(name) => {
                return Err(ApiError::access_denied(format!(
                    "Property {name} may not be removed."
                )));
            }
            (Verb::Remove, _) => return attribute::property_name(name).map(Edit::RemoveProperty),
            (Verb::Add, Dialect::V20) => Presence::Absent,
            (Verb::Add, Dialect::V21) => Presence::Any,
            (Verb::Replace, _) => Presence::Present,
        };
        Ok(Edit::Set(presence, attribute::read(name, value, rules)?))
    }

    fn locations(&self, tokens: &[String], value: &Value) -> Result<LocationEdit, ApiError> {
        let position = || match tokens.get(1).map(String::as_str) {
            Some("-") => Ok(Position::Last),
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                // A place beyond all others is the end of the list.
                Ok(Position::At(digits.parse().unwrap_or(usize::MAX)))
            }
            _ => {
                let doing = match self.verb {
                    Verb::Remove => "removing",
                    Verb::Add | Verb::Replace => "adding",
                };
                let what = format!("Invalid position for {doing} a location.");
                Err(ApiError::bad_request(what))
            }
        };
        Ok(match (self.verb, value) {
            (Verb::Add, value) => LocationEdit::Add(position()?, location::read(value)?),
            (Verb::Remove, _) => LocationEdit::Remove(position()?),
            (Verb::Replace, Value::Array(all)) => {
                LocationEdit::Replace(all.iter().map(location::read).collect::<Result<_, _>>()?)
            }
            (Verb::Replace, _) => {
                return Err(ApiError::schema("image", "locations must be an array"));
            }
        })
    }

    /// The attribute that the path leads to. Nothing but locations has an inside.
    fn name<'t>(&self, tokens: &'t [String]) -> Result<&'t str, ApiError> {
        let (first, depth) = (tokens.first().map_or("", String::as_str), tokens.len());
        let expected = match (first, self.verb) {
            (LOCATIONS, Verb::Add | Verb::Remove) => 2,
            _ => 1,
        };
        if depth == expected {
            return Ok(first);
        }
        let shown: String = self.path.chars().take(255).collect();
        Err(ApiError::bad_request(format!(
            "Invalid JSON pointer for this resource: '{shown}'"
        )))
    }
}

const V20: &str = "application/openstack-images-v2.0-json-patch";
const V21: &str = "application/openstack-images-v2.1-json-patch";
const VERBS: &str = "It must be one of the following: add, remove, replace.";
const LOCATIONS: &str = "locations";
