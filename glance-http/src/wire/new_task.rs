//! What is asked of a task, as JSON.

use glance_core::NewImageImport;
use glance_core::domain::{StoreId, TaskKind};
use serde_json::{Map, Value};

use super::LONGEST_ECHO;
use super::attribute::ImageRules;
use super::new_image;
use crate::error::ApiError;

/// Reads the body of a request for a task. What only the service says of tasks is passed over, and
/// names that mean nothing are refused, as in upstream.
pub(crate) fn read(
    body: &Value,
    rules: ImageRules<'_>,
    request_id: Option<String>,
) -> Result<NewImageImport, ApiError> {
    let Value::Object(body) = body else {
        return Err(ApiError::schema("task", "a task must be an object"));
    };
    let required = |name: &str| {
        let missing = || ApiError::bad_request(format!("Task '{name}' is required"));
        body.get(name).ok_or_else(missing)
    };
    let (kind, input) = (required("type")?, required("input")?);
    if let Some(unknown) = body.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let shown: String = unknown.chars().take(LONGEST_ECHO).collect();
        let refused = format_args!("'{shown}' is no attribute of tasks");
        return Err(ApiError::schema("task", refused));
    }
    match kind.as_str().map(str::parse::<TaskKind>) {
        Some(Ok(TaskKind::Import)) => {}
        Some(Ok(kind)) => {
            return Err(ApiError::bad_request(format!(
                "Tasks of type '{kind}' are begun by the requests that they are for: ask for an 'import'."
            )));
        }
        Some(Err(unknown)) => return Err(ApiError::schema("task", unknown)),
        None => return Err(ApiError::schema("task", "'type' must be a string")),
    }
    let Value::Object(input) = input else {
        return Err(ApiError::schema("task", "'input' must be an object"));
    };
    if Value::Object(input.clone()).to_string().len() > LONGEST_INPUT {
        return Err(ApiError::bad_request(format!(
            "The 'input' of a task may have at most {LONGEST_INPUT} bytes."
        )));
    }
    let uri = text(input, "import_from")?;
    // Nothing depends on it: the data is what it is found to be.
    text(input, "import_from_format")?;
    let Some(Value::Object(properties)) = input.get("image_properties") else {
        return Err(missing("image_properties", "an object"));
    };
    let mut draft = new_image::read(&Value::Object(properties.clone()), rules)?;
    if properties.is_empty() {
        draft.disk_format = "qcow2".parse().ok();
        draft.container_format = "bare".parse().ok();
    }
    let store = match input.get("backend") {
        None | Some(Value::Null) => None,
        Some(Value::String(store)) if store.len() <= LONGEST_ECHO => {
            Some(StoreId::stored(store.clone()))
        }
        Some(_) => {
            return Err(ApiError::bad_request(
                "'backend' of the input must be the name of a store.",
            ));
        }
    };
    Ok(NewImageImport {
        draft,
        uri: uri.to_owned(),
        store,
        input: input.clone(),
        request_id,
    })
}

fn text<'a>(input: &'a Map<String, Value>, name: &str) -> Result<&'a str, ApiError> {
    let text = input.get(name).and_then(Value::as_str);
    text.ok_or_else(|| missing(name, "a string"))
}

fn missing(name: &str, what: &str) -> ApiError {
    ApiError::bad_request(format!("The input must have '{name}', which is {what}."))
}

/// All that tasks have.
const KNOWN: [&str; 15] = [
    "created_at",
    "expires_at",
    "id",
    "image_id",
    "input",
    "message",
    "owner",
    "request_id",
    "result",
    "schema",
    "self",
    "status",
    "type",
    "updated_at",
    "user_id",
];

/// What MySQL keeps of a text.
const LONGEST_INPUT: usize = 65_535;
