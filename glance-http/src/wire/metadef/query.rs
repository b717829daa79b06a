//! The query strings of requests about metadata definitions.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use glance_core::domain::metadef::{
    NamespaceQuery, NamespaceSortKey, NamespaceVisibility, ResourceTypeName, TagName, TagQuery,
    TagSortKey,
};
use glance_core::domain::query::{Direction, OneOf, PageLimits};

use super::namespace::PATH;
use crate::error::{ApiError, sentence};
use crate::options::Api;
use crate::wire::links::Links;
use crate::wire::query_string::{last_values, number_of_items, pairs};

/// What a list of namespaces is asked for.
#[derive(Debug)]
pub(crate) struct NamespaceListRequest {
    pub(crate) query: NamespaceQuery,
    pub(crate) marker: Option<String>,
    pub(crate) links: Links,
}

impl FromRequestParts<Api> for NamespaceListRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let pairs = pairs(parts.uri.query().unwrap_or_default())?;
        Self::read(&pairs, api.glance.settings().pages)
    }
}

impl NamespaceListRequest {
    fn read(pairs: &[(String, String)], pages: PageLimits) -> Result<Self, ApiError> {
        let mut query = NamespaceQuery {
            visibility: None,
            resource_types: None,
            key: NamespaceSortKey::CreatedAt,
            direction: Direction::Descending,
            limit: pages.of(None),
            after: None,
        };
        let mut marker = None;
        for (name, value) in last_values(pairs) {
            match name {
                "limit" => query.limit = pages.of(Some(number_of_items(value)?)),
                "marker" => marker = Some(value.to_owned()).filter(|marker| !marker.is_empty()),
                "sort_key" => query.key = sort_key(value)?,
                "sort_dir" => query.direction = direction(value)?,
                "visibility" => query.visibility = Some(visibility(value)?),
                "resource_types" => query.resource_types = Some(resource_types(value)?),
                // Upstream passes over what it does not know.
                _ => {}
            }
        }
        Ok(Self {
            query,
            marker,
            links: Links::new(PATH, pairs),
        })
    }
}

fn resource_types(value: &str) -> Result<Vec<ResourceTypeName>, ApiError> {
    let names: Vec<_> = value.split(',').collect();
    if names.len() > OneOf::MAX_VALUES {
        let most = OneOf::MAX_VALUES;
        let sentence = format!("resource_types may name at most {most} resource types");
        return Err(ApiError::bad_request(sentence));
    }
    let named = names.into_iter().map(str::to_owned);
    Ok(named.map(ResourceTypeName::stored).collect())
}

/// For which resource type a namespace or a property is shown.
#[derive(Debug)]
pub(crate) struct ShownFor(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for ShownFor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let pairs = pairs(parts.uri.query().unwrap_or_default())?;
        let named = last_values(&pairs)
            .into_iter()
            .find(|(name, value)| *name == "resource_type" && !value.is_empty());
        Ok(Self(named.map(|(_, value)| value.to_owned())))
    }
}

/// Proof that the parameters of a list of objects are such as it might take. It takes none of them
/// (upstream).
#[derive(Debug)]
pub(crate) struct ObjectListRequest;

impl<S: Sync> FromRequestParts<S> for ObjectListRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let pairs = pairs(parts.uri.query().unwrap_or_default())?;
        for (name, value) in last_values(&pairs) {
            match name {
                "limit" if number_of_items(value)? == 0 => {
                    return Err(ApiError::bad_request("limit param must be positive"));
                }
                "sort_dir" => {
                    direction(value)?;
                }
                _ => {}
            }
        }
        Ok(Self)
    }
}

/// What a list of tags is asked for.
#[derive(Debug)]
pub(crate) struct TagListRequest(pub(crate) TagQuery);

impl<S: Sync> FromRequestParts<S> for TagListRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let pairs = pairs(parts.uri.query().unwrap_or_default())?;
        let mut query = TagQuery {
            key: TagSortKey::CreatedAt,
            direction: Direction::Descending,
            limit: None,
            marker: None,
        };
        for (name, value) in last_values(&pairs) {
            match name {
                "limit" if !value.is_empty() => query.limit = Some(number_of_items(value)?),
                "marker" if !value.is_empty() => query.marker = Some(marker(value)),
                "sort_key" => {
                    let key = value.parse::<TagSortKey>();
                    query.key = key.map_err(|unknown| ApiError::bad_request(sentence(&unknown)))?;
                }
                "sort_dir" => query.direction = direction(value)?,
                _ => {}
            }
        }
        Ok(Self(query))
    }
}

/// A marker is whatever was told before: where it is the name of no tag, none is found.
fn marker(name: &str) -> TagName {
    TagName::stored(name.to_owned())
}

fn sort_key(value: &str) -> Result<NamespaceSortKey, ApiError> {
    let key = value.parse::<NamespaceSortKey>();
    key.map_err(|unknown| ApiError::bad_request(sentence(&unknown)))
}

fn direction(value: &str) -> Result<Direction, ApiError> {
    value.parse().map_err(|_| {
        let shown: String = value.chars().take(64).collect();
        ApiError::bad_request(format!("Invalid sort direction: {shown}"))
    })
}

fn visibility(value: &str) -> Result<NamespaceVisibility, ApiError> {
    value.parse().map_err(|_| {
        let shown: String = value.chars().take(64).collect();
        ApiError::bad_request(format!("Invalid visibility value: {shown}"))
    })
}
