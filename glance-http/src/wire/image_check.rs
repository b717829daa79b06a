//! What came of looking at the properties of an image, as JSON.

use glance_core::ImageCheck;
use glance_core::domain::metadef::{NamespaceName, Violation};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Which namespaces were looked at, and what is not as they say.
pub(crate) struct ImageCheckView<'a>(pub(crate) &'a ImageCheck);

impl Serialize for ImageCheckView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let check = self.0;
        let namespaces: Vec<&str> = check.namespaces.iter().map(NamespaceName::as_str).collect();
        let violations: Vec<_> = check.violations.iter().map(ViolationView).collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("namespaces", &namespaces)?;
        map.serialize_entry("violations", &violations)?;
        map.end()
    }
}

struct ViolationView<'a>(&'a Violation);

impl Serialize for ViolationView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let violation = self.0;
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("property", violation.property.as_str())?;
        map.serialize_entry("value", &violation.value)?;
        map.serialize_entry("namespace", violation.namespace.as_str())?;
        map.serialize_entry("pointer", &violation.pointer)?;
        map.serialize_entry("message", &violation.rule.to_string())?;
        map.end()
    }
}
