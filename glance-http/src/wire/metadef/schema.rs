//! The schema documents of metadata definitions, from which clients build their models.

use glance_core::domain::metadef::{NamespaceVisibility, PropertySchema};
use serde_json::{Value, json};

use crate::wire::schema::{collection, described};

/// `/v2/schemas/metadefs/namespace`
pub(crate) fn namespace() -> Value {
    with_definitions(bare_namespace(), definitions())
}

/// `/v2/schemas/metadefs/namespaces`
pub(crate) fn namespaces() -> Value {
    with_definitions(collection("namespaces", &bare_namespace()), definitions())
}

/// `/v2/schemas/metadefs/object`
pub(crate) fn object() -> Value {
    with_definitions(bare_object(), definitions())
}

/// `/v2/schemas/metadefs/objects`
pub(crate) fn objects() -> Value {
    with_definitions(collection("objects", &bare_object()), definitions())
}

/// `/v2/schemas/metadefs/property`
pub(crate) fn property() -> Value {
    let property = bare_property(&["type", "title", "name"]);
    with_definitions(property, definitions_of_property())
}

/// `/v2/schemas/metadefs/properties`
pub(crate) fn properties() -> Value {
    let property = bare_property(&["type", "title"]);
    let mut properties = collection("properties", &property);
    properties["properties"]["properties"] =
        json!({"type": "object", "additionalProperties": property});
    with_definitions(properties, definitions_of_property())
}

/// `/v2/schemas/metadefs/resource_type`
pub(crate) fn association() -> Value {
    let text = |what| described(json!({"type": "string", "maxLength": 80}), what);
    json!({
        "name": "resource_type_association",
        "properties": {
            "name": text("The type of resources, by its name in Heat where it has one"),
            "prefix": text("What comes before the names of properties on such resources, its separator included"),
            "properties_target": text("Which part of such resources bears the properties, where there are several"),
            "created_at": time("When the namespace was said to be for the type"),
            "updated_at": time("When the association last changed"),
        },
        "additionalProperties": false,
        "required": ["name"],
    })
}

/// `/v2/schemas/metadefs/resource_types`
pub(crate) fn associations() -> Value {
    collection("resource_type_associations", &association())
}

/// `/v2/schemas/metadefs/tag`
pub(crate) fn tag() -> Value {
    json!({
        "name": "tag",
        "properties": {
            "name": {"type": "string", "maxLength": 80},
            "created_at": time("When the tag was added"),
            "updated_at": time("When the tag last changed"),
        },
        "additionalProperties": false,
        "required": ["name"],
    })
}

/// `/v2/schemas/metadefs/tags`
pub(crate) fn tags() -> Value {
    collection("tags", &tag())
}

fn bare_namespace() -> Value {
    let text =
        |longest: u32, what| described(json!({"type": "string", "maxLength": longest}), what);
    let named = |names: &[&str]| {
        let member = |name: &&str| ((*name).to_owned(), json!({"type": "string"}));
        let members: serde_json::Map<String, Value> = names.iter().map(member).collect();
        json!({"type": "array", "items": {"type": "object", "properties": members}})
    };
    json!({
        "name": "namespace",
        "properties": {
            "namespace": text(80, "The name of the namespace, which no other has"),
            "display_name": text(80, "What the namespace is called in front of users"),
            "description": text(500, "What the namespace is for"),
            "visibility": described(
                json!({"type": "string", "enum": NamespaceVisibility::ALL.map(NamespaceVisibility::as_str)}),
                "Who may see the namespace besides its owner",
            ),
            "protected": described(json!({"type": "boolean"}), "Whether deleting the namespace is refused"),
            "owner": text(255, "The project that owns the namespace"),
            "created_at": time("When the namespace was created"),
            "updated_at": time("When the namespace last changed"),
            "schema": {"readOnly": true, "type": "string"},
            "self": {"readOnly": true, "type": "string"},
            "resource_type_associations": named(&["name", "prefix", "properties_target"]),
            "properties": {"$ref": "#/definitions/property"},
            "objects": {"type": "array", "items": {"type": "object", "properties": {
                "name": {"type": "string"},
                "description": {"type": "string"},
                "required": {"$ref": "#/definitions/stringArray"},
                "properties": {"$ref": "#/definitions/property"},
            }}},
            "tags": named(&["name"]),
        },
        "additionalProperties": false,
        "required": ["namespace"],
    })
}

fn bare_object() -> Value {
    json!({
        "name": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 80},
            "description": {"type": "string"},
            "required": {"$ref": "#/definitions/stringArray"},
            "properties": {"$ref": "#/definitions/property"},
            "schema": {"readOnly": true, "type": "string"},
            "self": {"readOnly": true, "type": "string"},
            "created_at": time("When the object was created"),
            "updated_at": time("When the object last changed"),
        },
        "additionalProperties": false,
        "required": ["name"],
    })
}

fn bare_property(required: &[&str]) -> Value {
    json!({
        "name": "property",
        "properties": words(),
        "additionalProperties": false,
        "required": required,
    })
}

/// What may be said of the values of a property. Upstream's document has two words that its API
/// does not take, `required` and a type that is `null`.
fn words() -> Value {
    let types: Vec<Value> = PropertySchema::TYPES
        .into_iter()
        .map(Value::from)
        .chain([Value::Null])
        .collect();
    let of_type = json!({"type": "string", "enum": types});
    let number = json!({"$ref": "#/definitions/positiveInteger"});
    let number_or_0 = json!({"$ref": "#/definitions/positiveIntegerDefault0"});
    json!({
        "name": {"type": "string", "maxLength": 80},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "operators": {"type": "array", "items": {"type": "string"}},
        "type": of_type,
        "required": {"$ref": "#/definitions/stringArray"},
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
        "maxLength": number,
        "minLength": number_or_0,
        "pattern": {"type": "string", "format": "regex"},
        "enum": {"type": "array"},
        "readonly": {"type": "boolean"},
        "default": {},
        "items": {"type": "object", "properties": {"type": of_type, "enum": {"type": "array"}}},
        "maxItems": number,
        "minItems": number_or_0,
        "uniqueItems": {"type": "boolean", "default": false},
        "additionalItems": {"type": "boolean"},
    })
}

fn definitions() -> Value {
    let mut definitions = definitions_of_property();
    definitions["stringArray"] =
        json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true});
    definitions["property"] = json!({
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "required": ["title", "type"],
            "properties": words(),
        },
    });
    definitions
}

fn definitions_of_property() -> Value {
    json!({
        "positiveInteger": {"type": "integer", "minimum": 0},
        "positiveIntegerDefault0": {
            "allOf": [{"$ref": "#/definitions/positiveInteger"}, {"default": 0}],
        },
        "stringArray": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "uniqueItems": true,
        },
    })
}

fn with_definitions(mut schema: Value, definitions: Value) -> Value {
    schema["definitions"] = definitions;
    schema
}

fn time(what: &str) -> Value {
    described(
        json!({"type": "string", "readOnly": true, "format": "date-time"}),
        what,
    )
}
