//! The bodies of requests about metadata definitions.

use axum::http::{HeaderMap, StatusCode};
use glance_core::domain::Caller;
use glance_core::domain::metadef::{
    Association, DefinitionFault, InvalidDefinition, NamespaceDocument, Object, Property, TagName,
};
use serde_json::Value;

use crate::error::{ApiError, sentence};

/// Reads a namespace with all that is in it.
pub(crate) fn namespace(body: &Value, caller: &Caller) -> Result<NamespaceDocument, ApiError> {
    check_writable(body, &SHOWN)?;
    // An administrator without Keystone is of no project.
    let owner = caller.project().cloned();
    let owner = owner.unwrap_or_else(NamespaceDocument::default_owner);
    let read = NamespaceDocument::from_json(body, Some(&owner));
    read.map_err(mismatch("namespace"))
}

/// Reads an object.
pub(crate) fn object(body: &Value) -> Result<Object, ApiError> {
    check_writable(body, &SHOWN)?;
    Object::from_json(body).map_err(mismatch("object"))
}

/// Reads a property with its name.
pub(crate) fn property(body: &Value) -> Result<Property, ApiError> {
    check_writable(body, &TIMES)?;
    // Upstream takes it inside of namespaces alone.
    if body.get("confidential").is_some() {
        return Err(ApiError::schema("property", "confidential is not known"));
    }
    Property::from_json(body).map_err(mismatch("property"))
}

/// Reads the new name of a tag.
pub(crate) fn tag(body: &Value) -> Result<TagName, ApiError> {
    check_writable(body, &TIMES)?;
    TagName::from_json(body).map_err(mismatch("tag"))
}

/// Reads a tag in a path.
pub(crate) fn tag_name(name: &str) -> Result<TagName, ApiError> {
    name.parse()
        .map_err(|invalid| ApiError::schema("tag", invalid))
}

/// Reads tags that are added, or put in the place of all there are.
pub(crate) fn tags(body: &Value) -> Result<Vec<TagName>, ApiError> {
    check_writable(body, &TIMES)?;
    TagName::many_from_json(body).map_err(mismatch("tags"))
}

/// Whether tags are added to those there are: `X-Openstack-Append`, in any word for yes.
pub(crate) fn are_added(headers: &HeaderMap) -> bool {
    let append = headers.get("x-openstack-append");
    let append = append.and_then(|append| append.to_str().ok());
    append.is_some_and(|append| {
        let append = append.trim().to_ascii_lowercase();
        ["1", "on", "t", "true", "y", "yes"].contains(&append.as_str())
    })
}

/// Reads that a namespace is for a resource type.
pub(crate) fn association(body: &Value) -> Result<Association, ApiError> {
    check_writable(body, &TIMES)?;
    Association::from_json(body).map_err(mismatch("resource_type_association"))
}

/// Refuses what only the service sets.
fn check_writable(body: &Value, read_only: &[&str]) -> Result<(), ApiError> {
    match read_only.iter().find(|name| body.get(**name).is_some()) {
        None => Ok(()),
        Some(name) => Err(ApiError::forbidden(format!(
            "Attribute '{name}' is read-only."
        ))),
    }
}

fn mismatch(schema: &'static str) -> impl Fn(InvalidDefinition) -> ApiError {
    move |invalid| match invalid.fault {
        // As if one had been there before the other.
        DefinitionFault::Duplicate => ApiError::new(StatusCode::CONFLICT, sentence(&invalid)),
        _ => ApiError::schema(schema, invalid),
    }
}

const SHOWN: [&str; 4] = ["self", "schema", "created_at", "updated_at"];
const TIMES: [&str; 2] = ["created_at", "updated_at"];
