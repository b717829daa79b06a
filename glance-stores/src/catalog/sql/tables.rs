//! Names of tables and columns, as upstream made them.

pub(super) const IMAGES: &str = "images";
pub(super) const PROPERTIES: &str = "image_properties";
pub(super) const TAGS: &str = "image_tags";
pub(super) const LOCATIONS: &str = "image_locations";
pub(super) const MEMBERS: &str = "image_members";
pub(super) const TASKS: &str = "tasks";
pub(super) const TASK_INFO: &str = "task_info";
pub(super) const NAMESPACES: &str = "metadef_namespaces";
pub(super) const OBJECTS: &str = "metadef_objects";
pub(super) const NAMESPACE_PROPERTIES: &str = "metadef_properties";
pub(super) const RESOURCE_TYPES: &str = "metadef_resource_types";
pub(super) const ASSOCIATIONS: &str = "metadef_namespace_resource_types";
pub(super) const NAMESPACE_TAGS: &str = "metadef_tags";
/// Ours (design D1).
pub(super) const INTENTS: &str = "glance_rs_intents";
/// Ours: bytes that uploads may still write.
pub(super) const RESERVATIONS: &str = "glance_rs_reservations";
pub(super) const TAKE_OVERS: &str = "glance_rs_take_overs";
/// Ours: rows that are locked by name, where several write at a time.
pub(super) const LOCKS: &str = "glance_rs_locks";

pub(super) const ID: &str = "id";
pub(super) const IMAGE_ID: &str = "image_id";
pub(super) const TASK_ID: &str = "task_id";
pub(super) const NAME: &str = "name";
pub(super) const VALUE: &str = "value";
pub(super) const STATUS: &str = "status";
pub(super) const MEMBER: &str = "member";
pub(super) const META_DATA: &str = "meta_data";
pub(super) const PROTECTED: &str = "protected";
pub(super) const OWNER: &str = "owner";
pub(super) const VISIBILITY: &str = "visibility";
pub(super) const OS_HIDDEN: &str = "os_hidden";
pub(super) const NAMESPACE: &str = "namespace";
pub(super) const NAMESPACE_ID: &str = "namespace_id";
pub(super) const RESOURCE_TYPE_ID: &str = "resource_type_id";
pub(super) const DISPLAY_NAME: &str = "display_name";
pub(super) const DESCRIPTION: &str = "description";
pub(super) const REQUIRED: &str = "required";
pub(super) const JSON_SCHEMA: &str = "json_schema";
pub(super) const PREFIX: &str = "prefix";
pub(super) const PROPERTIES_TARGET: &str = "properties_target";
pub(super) const CREATED_AT: &str = "created_at";
pub(super) const UPDATED_AT: &str = "updated_at";
/// `NULL` again in a row that comes back: upstream's purge goes by this column alone, and would
/// take the row away.
pub(super) const DELETED_AT: &str = "deleted_at";
pub(super) const DELETED: &str = "deleted";

/// The status of a location that can be read.
pub(super) const LOCATION_ACTIVE: &str = "active";
/// The status of a location whose image is gone, while the data is not.
pub(super) const LOCATION_PENDING: &str = "pending_delete";
/// The status of a location that is gone.
pub(super) const LOCATION_DELETED: &str = "deleted";
