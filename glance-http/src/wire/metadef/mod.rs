//! Metadata definitions: what JSON and query strings look like, and what they mean.

pub(crate) mod body;
pub(crate) mod namespace;
pub(crate) mod object;
pub(crate) mod property;
pub(crate) mod query;
pub(crate) mod resource_type;
pub(crate) mod schema;
pub(crate) mod tag;
