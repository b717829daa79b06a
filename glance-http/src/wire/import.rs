//! What is asked of an import, as JSON.

use glance_core::domain::{ImportMethod, StoreId};
use glance_core::{AskedRemote, ImportRequest};
use serde_json::{Map, Value};

use super::LONGEST_ECHO;
use crate::error::ApiError;

/// Reads the body of a request to import an image. Names that mean nothing here are passed over
/// (upstream).
pub(crate) fn read(body: &Value) -> Result<ImportRequest, ApiError> {
    let Value::Object(body) = body else {
        return Err(ApiError::bad_request("The body must be an object."));
    };
    let Some(Value::Object(method)) = body.get("method") else {
        return Err(ApiError::bad_request(
            "The body must have a 'method', which is an object.",
        ));
    };
    let name = import_method(method)?;
    Ok(ImportRequest {
        method: name,
        uri: text(method, "uri")?,
        remote: match name {
            ImportMethod::GlanceDownload => Some(AskedRemote {
                region: text(method, "glance_region")?,
                image: text(method, "glance_image_id")?,
                interface: text(method, "glance_service_interface")?,
                token: None,
            }),
            ImportMethod::CopyImage | ImportMethod::GlanceDirect | ImportMethod::WebDownload => {
                None
            }
        },
        stores: stores(body.get("stores"))?,
        store: None,
        all_stores: flag(body, "all_stores")?.unwrap_or(false),
        all_must_succeed: flag(body, "all_stores_must_succeed")?.unwrap_or(true),
        request_id: None,
    })
}

fn text(method: &Map<String, Value>, member: &str) -> Result<Option<String>, ApiError> {
    match method.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ApiError::bad_request(format!(
            "'{member}' of 'method' must be a string."
        ))),
    }
}

fn import_method(method: &Map<String, Value>) -> Result<ImportMethod, ApiError> {
    let Some(Value::String(name)) = method.get("name") else {
        return Err(ApiError::bad_request(
            "'method' must have a 'name', which is a string.",
        ));
    };
    name.parse().map_err(|_| {
        let shown: String = name.chars().take(LONGEST_ECHO).collect();
        ApiError::bad_request(format!("Unknown import method name '{shown}'."))
    })
}

/// What cannot be the name of a store is the name of none.
fn stores(stores: Option<&Value>) -> Result<Option<Vec<StoreId>>, ApiError> {
    let names = match stores {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(names)) => names,
        Some(_) => return Err(not_stores()),
    };
    if names.len() > MOST_STORES {
        return Err(not_stores());
    }
    let stores = names.iter().map(|name| match name.as_str() {
        Some(name) if name.len() <= LONGEST_ECHO => Ok(StoreId::stored(name.to_owned())),
        _ => Err(not_stores()),
    });
    Ok(Some(stores.collect::<Result<_, _>>()?))
}

fn not_stores() -> ApiError {
    ApiError::bad_request("'stores' must be a list of names of stores.")
}

fn flag(body: &Map<String, Value>, name: &str) -> Result<Option<bool>, ApiError> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(ApiError::bad_request(format!(
            "'{name}' must be a boolean."
        ))),
    }
}

/// More than any service has.
const MOST_STORES: usize = 1000;
