//! The versions document.

use serde_json::{Value, json};

/// The versions that a service has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Versions {
    /// Whether it has several stores to choose from.
    pub(crate) stores: bool,
}

impl Versions {
    /// Whether a version may stand at the start of a path: all of them are one.
    pub(crate) fn serve(self, version: &str) -> bool {
        version == "v2" || self.all().any(|(id, _)| id == version)
    }

    /// The document with links to a base such as `http://image.example.org`.
    pub(crate) fn document(self, base: &str) -> Value {
        let href = format!("{base}/v2/");
        let versions: Vec<Value> = self
            .all()
            .map(|(id, status)| {
                json!({"id": id, "status": status, "links": [{"rel": "self", "href": href}]})
            })
            .collect();
        json!({"versions": versions})
    }

    fn all(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        VERSIONS
            .into_iter()
            .filter(move |(_, _, of_stores)| self.stores || !of_stores)
            .map(|(id, status, _)| (id, status))
    }
}

/// The versions of a service without a cache, in upstream's order, and whether they are only
/// those of a service with several stores.
const VERSIONS: [(&str, &str, bool); 16] = [
    ("v2.15", "SUPPORTED", false),
    ("v2.13", "SUPPORTED", true),
    ("v2.12", "SUPPORTED", true),
    ("v2.11", "SUPPORTED", true),
    ("v2.10", "SUPPORTED", true),
    ("v2.9", "SUPPORTED", false),
    ("v2.8", "SUPPORTED", true),
    ("v2.17", "CURRENT", false),
    ("v2.7", "SUPPORTED", false),
    ("v2.6", "SUPPORTED", false),
    ("v2.5", "SUPPORTED", false),
    ("v2.4", "SUPPORTED", false),
    ("v2.3", "SUPPORTED", false),
    ("v2.2", "SUPPORTED", false),
    ("v2.1", "SUPPORTED", false),
    ("v2.0", "SUPPORTED", false),
];
