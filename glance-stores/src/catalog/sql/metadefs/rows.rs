//! Rows of metadata definitions to values. Upstream loads files unread, so that some columns hold
//! what its API would refuse.

use std::collections::BTreeMap;

use glance_core::domain::ProjectId;
use glance_core::domain::metadef::{
    Association, Dated, Description, DisplayName, Namespace, NamespaceName, NamespaceVisibility,
    Object, ObjectDescription, ObjectName, Prefix, PropertiesTarget, Property, PropertyName,
    PropertySchema, ResourceType, ResourceTypeName, TagName,
};
use serde_json::{Map, Value as Json};

use super::super::database::Row;
use super::super::fields::{BadRow, Fields};
use super::super::tables::{
    ASSOCIATIONS, CREATED_AT, DESCRIPTION, DISPLAY_NAME, ID, JSON_SCHEMA, NAME, NAMESPACE,
    NAMESPACE_ID, NAMESPACE_PROPERTIES, NAMESPACE_TAGS, NAMESPACES, OBJECTS, OWNER, PREFIX,
    PROPERTIES_TARGET, PROTECTED, REQUIRED, RESOURCE_TYPES, UPDATED_AT, VISIBILITY,
};

/// Says that a list goes on without a row.
pub(super) fn left_out(bad: &BadRow) {
    tracing::warn!(
        error = bad as &dyn std::error::Error,
        "a metadata definition is left out of a list: its row holds what no Glance writes"
    );
}

/// A namespace and its id.
pub(super) fn namespace(row: Row) -> Result<(i64, Dated<Namespace>), BadRow> {
    let mut fields = Fields::of(NAMESPACES, &NAMESPACE_COLUMNS, row);
    let id = id(&mut fields)?;
    let namespace = Namespace {
        name: NamespaceName::stored(fields.required()?),
        display_name: fields.text()?.map(DisplayName::stored),
        description: fields.text()?.map(Description::stored),
        visibility: match fields.text()?.as_deref() {
            Some(PUBLIC) => NamespaceVisibility::Public,
            // Nothing, or what means nothing, shows it to nobody else.
            _ => NamespaceVisibility::Private,
        },
        protected: flag(&mut fields)?,
        owner: ProjectId::stored(fields.required()?),
    };
    Ok((id, dated(namespace, &mut fields)?))
}

/// An association, and the id of its namespace.
pub(super) fn association(row: Row) -> Result<(i64, Dated<Association>), BadRow> {
    let columns = &[
        NAMESPACE_ID,
        NAME,
        PREFIX,
        PROPERTIES_TARGET,
        CREATED_AT,
        UPDATED_AT,
    ];
    let mut fields = Fields::of(ASSOCIATIONS, columns, row);
    let id = id(&mut fields)?;
    let association = Association {
        resource_type: ResourceTypeName::stored(fields.required()?),
        prefix: fields.text()?.map(Prefix::stored),
        properties_target: fields.text()?.map(PropertiesTarget::stored),
    };
    Ok((id, dated(association, &mut fields)?))
}

/// An object, and the id of its namespace.
pub(super) fn object(row: Row) -> Result<(i64, Dated<Object>), BadRow> {
    let mut fields = Fields::of(OBJECTS, &OBJECT_COLUMNS, row);
    let id = id(&mut fields)?;
    let name = ObjectName::stored(fields.required()?);
    let description = fields.text()?.map(ObjectDescription::stored);
    let required = fields.text()?.unwrap_or_default();
    let named = required.split(',').filter(|name| !name.is_empty());
    let object = Object {
        name,
        description,
        required: named
            .map(|name| PropertyName::stored(name.to_owned()))
            .collect(),
        properties: properties(&mut fields)?,
    };
    Ok((id, dated(object, &mut fields)?))
}

/// A property, and the id of its namespace.
pub(super) fn property(row: Row) -> Result<(i64, Dated<Property>), BadRow> {
    let mut fields = Fields::of(NAMESPACE_PROPERTIES, &PROPERTY_COLUMNS, row);
    let id = id(&mut fields)?;
    let property = Property {
        name: PropertyName::stored(fields.required()?),
        schema: PropertySchema::stored(json_object(&mut fields)?),
    };
    Ok((id, dated(property, &mut fields)?))
}

/// A tag, and the id of its namespace.
pub(super) fn tag(row: Row) -> Result<(i64, Dated<TagName>), BadRow> {
    let mut fields = Fields::of(NAMESPACE_TAGS, &TAG_COLUMNS, row);
    let id = id(&mut fields)?;
    let tag = TagName::stored(fields.required()?);
    Ok((id, dated(tag, &mut fields)?))
}

/// A resource type.
pub(super) fn resource_type(row: Row) -> Result<Dated<ResourceType>, BadRow> {
    let columns = &[NAME, PROTECTED, CREATED_AT, UPDATED_AT];
    let mut fields = Fields::of(RESOURCE_TYPES, columns, row);
    let resource_type = ResourceType {
        name: ResourceTypeName::stored(fields.required()?),
        protected: flag(&mut fields)?,
    };
    dated(resource_type, &mut fields)
}

fn id(fields: &mut Fields) -> Result<i64, BadRow> {
    let id = fields.integer()?;
    id.ok_or_else(|| fields.bad("is NULL"))
}

/// A yes or no; where nothing is said, it is no.
fn flag(fields: &mut Fields) -> Result<bool, BadRow> {
    Ok(fields.integer()?.is_some_and(|flag| flag != 0))
}

fn dated<T>(value: T, fields: &mut Fields) -> Result<Dated<T>, BadRow> {
    let created_at = fields.time()?.ok_or_else(|| fields.bad("is NULL"))?;
    // Files that upstream loads never changed.
    let updated_at = fields.time()?.unwrap_or(created_at);
    Ok(Dated {
        value,
        created_at,
        updated_at,
    })
}

/// The properties of an object: where it has none, upstream loads a file as `null`.
fn properties(fields: &mut Fields) -> Result<BTreeMap<PropertyName, PropertySchema>, BadRow> {
    let mut properties = BTreeMap::new();
    for (name, schema) in json_object(fields)? {
        let Json::Object(schema) = schema else {
            return Err(fields.bad(format_args!("`{name}` is no object of JSON")));
        };
        let name = PropertyName::stored(name);
        properties.insert(name, PropertySchema::stored(schema));
    }
    Ok(properties)
}

fn json_object(fields: &mut Fields) -> Result<Map<String, Json>, BadRow> {
    let text = fields.required()?;
    match serde_json::from_str(&text) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(Json::Null) => Ok(Map::new()),
        Ok(_) => Err(fields.bad("is no object of JSON")),
        Err(error) => Err(fields.bad(format_args!("is not JSON: {error}"))),
    }
}

pub(super) const NAMESPACE_COLUMNS: [&str; 9] = [
    ID,
    NAMESPACE,
    DISPLAY_NAME,
    DESCRIPTION,
    VISIBILITY,
    PROTECTED,
    OWNER,
    CREATED_AT,
    UPDATED_AT,
];
pub(super) const ASSOCIATION_COLUMNS: [(&str, &str); 6] = [
    (ASSOCIATIONS, NAMESPACE_ID),
    (RESOURCE_TYPES, NAME),
    (ASSOCIATIONS, PREFIX),
    (ASSOCIATIONS, PROPERTIES_TARGET),
    (ASSOCIATIONS, CREATED_AT),
    (ASSOCIATIONS, UPDATED_AT),
];
pub(super) const OBJECT_COLUMNS: [&str; 7] = [
    NAMESPACE_ID,
    NAME,
    DESCRIPTION,
    REQUIRED,
    JSON_SCHEMA,
    CREATED_AT,
    UPDATED_AT,
];
pub(super) const PROPERTY_COLUMNS: [&str; 5] =
    [NAMESPACE_ID, NAME, JSON_SCHEMA, CREATED_AT, UPDATED_AT];
pub(super) const TAG_COLUMNS: [&str; 4] = [NAMESPACE_ID, NAME, CREATED_AT, UPDATED_AT];

/// The visibility of what everybody sees.
pub(super) const PUBLIC: &str = "public";
