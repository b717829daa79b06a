//! `/v2/metadefs`

pub(super) mod namespaces;
pub(super) mod objects;
pub(super) mod properties;
pub(super) mod resource_types;
pub(super) mod tags;
