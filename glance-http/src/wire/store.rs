//! Stores in headers, queries and JSON.

use axum::http::{HeaderMap, HeaderValue};
use glance_core::domain::StoreId;
use glance_core::{ConfiguredStore, Error, Stores};
use serde_json::{Map, Value, json};

use super::query_string;
use crate::error::ApiError;

/// The store that a header names for the data of an image.
pub(crate) fn chosen(headers: &HeaderMap) -> Result<Option<StoreId>, ApiError> {
    let Some(name) = headers.get(IMAGE_STORE) else {
        return Ok(None);
    };
    let name = String::from_utf8_lossy(name.as_bytes());
    match name.trim() {
        "" => Ok(None),
        name => read(name).map(Some),
    }
}

/// The stores that `prefer=` names in a query, best first.
pub(crate) fn preferred(query: &str) -> Result<Vec<StoreId>, ApiError> {
    let mut stores = Vec::new();
    for (name, value) in query_string::pairs(query)? {
        if name == "prefer" {
            let named = value.split(',').map(str::trim);
            stores = named.map(read).collect::<Result<_, _>>()?;
        }
    }
    Ok(stores)
}

/// Reads the name of a store. What cannot be a name is the name of no store.
pub(crate) fn read(name: &str) -> Result<StoreId, ApiError> {
    name.parse().map_err(|_| {
        let store = name.chars().take(super::LONGEST_ECHO).collect();
        Error::UnknownStore { store }.into()
    })
}

/// The names of the stores to choose from, where there is a choice.
pub(crate) fn names(stores: &Stores) -> Option<HeaderValue> {
    let names: Vec<&str> = stores
        .all()
        .iter()
        .map(|store| store.id().as_str())
        .collect();
    let names = HeaderValue::from_str(&names.join(",")).ok()?;
    stores.are_named().then_some(names)
}

/// The stores to choose from; in detail, how they are set up.
pub(crate) fn list(stores: &Stores, detailed: bool) -> Value {
    let all: Vec<Value> = stores
        .all()
        .iter()
        .map(|store| Value::Object(view(store, stores.is_default(store), detailed)))
        .collect();
    json!({ "stores": all })
}

/// Upstream writes what is so as the text `"true"`, and leaves out what is not.
fn view(store: &ConfiguredStore, is_default: bool, detailed: bool) -> Map<String, Value> {
    let mut view = Map::new();
    view.insert("id".to_owned(), store.id().as_str().into());
    if let Some(description) = &store.description {
        view.insert("description".to_owned(), description.as_str().into());
    }
    if is_default {
        view.insert("default".to_owned(), "true".into());
    }
    if !store.store.capabilities().write {
        view.insert("read-only".to_owned(), "true".into());
    }
    if detailed {
        view.insert("type".to_owned(), store.kind.as_str().into());
        view.insert("weight".to_owned(), store.weight.into());
        view.insert("properties".to_owned(), store.properties.clone().into());
    }
    view
}

/// The header that names the one store that is to have the data.
pub(crate) const IMAGE_STORE: &str = "x-image-meta-store";
