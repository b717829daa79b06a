//! The body of a request to create an image.

use glance_core::domain::{Attribute, Draft, READ_ONLY_ATTRIBUTES};
use serde_json::Value;

use super::attribute::{self, ImageRules};
use crate::error::ApiError;

/// Reads a draft. Values that do not fit (400) come before names that are not the client's to set
/// (403), as in upstream.
pub(crate) fn read(body: &Value, rules: ImageRules<'_>) -> Result<Draft, ApiError> {
    let Value::Object(body) = body else {
        return Err(ApiError::schema("image", "an image must be an object"));
    };
    if let Some(name) = rules
        .schema
        .required()
        .iter()
        .find(|name| !body.contains_key(*name))
    {
        let missing = format_args!("'{name}' is a required property");
        return Err(ApiError::schema("image", missing));
    }
    let mut draft = Draft::default();
    let mut forbidden = None;
    for (name, value) in body {
        if let Err(refused) = check_writable(name) {
            forbidden.get_or_insert(refused);
        } else if name == "id" {
            let id = value.as_str().and_then(|id| id.parse().ok());
            draft.id = Some(id.ok_or_else(|| ApiError::schema("image", "id must be a UUID"))?);
        } else {
            set(&mut draft, attribute::read(name, value, rules)?);
        }
    }
    forbidden.map_or(Ok(draft), Err)
}

/// Upstream lets the two hash attributes through and keeps them as custom properties that nobody is
/// shown.
fn check_writable(name: &str) -> Result<(), ApiError> {
    if READ_ONLY_ATTRIBUTES.contains(&name) {
        return Err(attribute::read_only(name));
    }
    if name == "id" || attribute::is_built_in(name) {
        return Ok(());
    }
    match attribute::property_name(name) {
        Err(refused) if refused.is_forbidden() => Err(refused),
        _ => Ok(()),
    }
}

fn set(draft: &mut Draft, attribute: Attribute) {
    match attribute {
        Attribute::ContainerFormat(format) => draft.container_format = format,
        Attribute::DiskFormat(format) => draft.disk_format = format,
        Attribute::Hidden(hidden) => draft.hidden = hidden,
        Attribute::MinDisk(gib) => draft.min_disk = gib,
        Attribute::MinRam(mib) => draft.min_ram = mib,
        Attribute::Name(name) => draft.name = name,
        Attribute::Owner(owner) => {
            draft.ownerless = owner.is_none();
            draft.owner = owner;
        }
        Attribute::Property(name, value) => {
            draft.properties.insert(name, value);
        }
        Attribute::Protected(protected) => draft.protected = protected,
        Attribute::Tags(tags) => draft.tags = tags,
        Attribute::Visibility(visibility) => draft.visibility = Some(visibility),
    }
}
