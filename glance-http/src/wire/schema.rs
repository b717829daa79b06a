//! The schema documents, from which clients build their models.

use glance_core::domain::{Formats, MemberStatus, Visibility};
use serde_json::{Value, json};

use super::attribute::ImageRules;

/// `/v2/schemas/image`
pub(crate) fn image(rules: ImageRules<'_>) -> Value {
    let mut properties = image_properties(rules.formats);
    if let Some(properties) = properties.as_object_mut() {
        properties.extend(rules.schema.properties().clone());
    }
    let mut schema = json!({
        "name": "image",
        "properties": properties,
        "additionalProperties": {"type": "string"},
        "links": [
            {"rel": "self", "href": "{self}"},
            {"rel": "enclosure", "href": "{file}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    });
    if !rules.schema.required().is_empty() {
        schema["required"] = rules.schema.required().into();
    }
    schema
}

/// `/v2/schemas/images`
pub(crate) fn images(rules: ImageRules<'_>) -> Value {
    collection("images", &image(rules))
}

/// `/v2/schemas/member`
pub(crate) fn member() -> Value {
    json!({
        "name": "member",
        "properties": {
            "member_id": described(json!({"type": "string"}), "The project of the member"),
            "image_id": described(uuid(), "The image"),
            "created_at": described(json!({"type": "string"}), "When the image was shared"),
            "updated_at": described(json!({"type": "string"}), "When the member last changed"),
            "status": described(
                json!({"type": "string", "enum": MemberStatus::ALL.map(MemberStatus::as_str)}),
                "What the member answered",
            ),
            "schema": {"readOnly": true, "type": "string"},
        },
    })
}

/// `/v2/schemas/members`
pub(crate) fn members() -> Value {
    json!({
        "name": "members",
        "properties": {
            "members": {"type": "array", "items": member()},
            "schema": {"type": "string"},
        },
        "links": [{"rel": "describedby", "href": "{schema}"}],
    })
}

/// What a page of items looks like.
pub(super) fn collection(name: &str, item: &Value) -> Value {
    json!({
        "name": name,
        "properties": {
            name: {"type": "array", "items": item},
            "first": {"type": "string"},
            "next": {"type": "string"},
            "schema": {"type": "string"},
        },
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    })
}

/// What every image has.
pub(crate) fn image_properties(formats: &Formats) -> Value {
    let text = || json!({"type": "string"});
    let number = || json!({"type": "integer"});
    let flag = || json!({"type": "boolean"});
    let maybe = |kind: &str| json!({"type": ["null", kind]});
    let maybe_text = |longest: u32| json!({"type": ["null", "string"], "maxLength": longest});
    json!({
        "id": described(uuid(), "The id of the image"),
        "name": described(maybe_text(255), "What the image is called"),
        "status": read_only(json!({"type": "string", "enum": STATUSES}), "Where the image is in its life"),
        "visibility": described(json!({"type": "string", "enum": VISIBILITIES.map(Visibility::as_str)}), "Who may see the image"),
        "protected": described(flag(), "Whether deleting the image is refused"),
        "os_hidden": described(flag(), "Whether lists leave the image out unless asked for hidden images"),
        "checksum": read_only(maybe_text(32), "MD5 of the data"),
        "os_hash_algo": read_only(maybe_text(64), "Name of the hash of the data"),
        "os_hash_value": read_only(maybe_text(128), "Hash of the data, in hex"),
        "owner": described(maybe_text(255), "The project that owns the image"),
        "size": read_only(maybe("integer"), "Bytes of data"),
        "virtual_size": read_only(maybe("integer"), "Bytes of the disk that the data holds"),
        "container_format": described(json!({"type": ["null", "string"], "enum": or_null(&formats.container)}), "What wraps the disk"),
        "disk_format": described(json!({"type": ["null", "string"], "enum": or_null(&formats.disk)}), "How the disk is laid out in the data"),
        "created_at": read_only(text(), "When the image was created"),
        "updated_at": read_only(text(), "When the image last changed"),
        "tags": described(json!({"type": "array", "items": {"type": "string", "maxLength": 255}}), "Tags of the image"),
        "direct_url": read_only(text(), "Where a store keeps the data"),
        "min_ram": described(number(), "MiB of memory that a machine needs"),
        "min_disk": described(number(), "GiB of disk that a machine needs"),
        "self": read_only(text(), "Path of the image"),
        "file": read_only(text(), "Path of its data"),
        "stores": read_only(text(), "Stores that hold the data, where there are several"),
        "schema": read_only(text(), "Path of this schema"),
        "locations": described(json!({"type": "array", "items": location()}), "Where stores keep the data"),
    })
}

fn location() -> Value {
    json!({
        "type": "object",
        "properties": {
            "url": {"type": "string", "maxLength": 255},
            "metadata": {"type": "object"},
            "validation_data": {
                "description": "Checksums that the data must have; only while it has none",
                "type": "object",
                "writeOnly": true,
                "additionalProperties": false,
                "properties": {
                    "checksum": {"type": "string", "minLength": 32, "maxLength": 32},
                    "os_hash_algo": {"type": "string", "maxLength": 64},
                    "os_hash_value": {"type": "string", "maxLength": 128},
                },
                "required": ["os_hash_algo", "os_hash_value"],
            },
        },
        "required": ["url", "metadata"],
    })
}

pub(super) fn uuid() -> Value {
    json!({
        "type": "string",
        "pattern": "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$",
    })
}

fn or_null(names: &[String]) -> Vec<Option<&str>> {
    std::iter::once(None)
        .chain(names.iter().map(|name| Some(name.as_str())))
        .collect()
}

pub(super) fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

fn read_only(schema: Value, description: &str) -> Value {
    let mut schema = described(schema, description);
    schema["readOnly"] = true.into();
    schema
}

/// Upstream's order.
const VISIBILITIES: [Visibility; 4] = [
    Visibility::Community,
    Visibility::Public,
    Visibility::Private,
    Visibility::Shared,
];

const STATUSES: [&str; 9] = [
    "queued",
    "saving",
    "active",
    "killed",
    "deleted",
    "uploading",
    "importing",
    "pending_delete",
    "deactivated",
];
