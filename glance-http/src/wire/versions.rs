//! The versions document.

use serde_json::{Value, json};

/// Whether a version may stand at the start of a path: all of them are one.
pub(crate) fn is_served(version: &str) -> bool {
    version == "v2" || VERSIONS.iter().any(|(id, _)| *id == version)
}

/// The document with links to a base such as `http://image.example.org`.
pub(crate) fn document(base: &str) -> Value {
    let href = format!("{base}/v2/");
    let versions: Vec<Value> = VERSIONS
        .iter()
        .map(|(id, status)| {
            json!({"id": id, "status": status, "links": [{"rel": "self", "href": href}]})
        })
        .collect();
    json!({"versions": versions})
}

/// The versions of a service with one store and without a cache, in upstream's order.
const VERSIONS: [(&str, &str); 11] = [
    ("v2.15", "SUPPORTED"),
    ("v2.9", "SUPPORTED"),
    ("v2.17", "CURRENT"),
    ("v2.7", "SUPPORTED"),
    ("v2.6", "SUPPORTED"),
    ("v2.5", "SUPPORTED"),
    ("v2.4", "SUPPORTED"),
    ("v2.3", "SUPPORTED"),
    ("v2.2", "SUPPORTED"),
    ("v2.1", "SUPPORTED"),
    ("v2.0", "SUPPORTED"),
];
