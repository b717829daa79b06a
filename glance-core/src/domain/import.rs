//! What an import of upstream's leaves on an image while it goes on.

use super::image::Image;

/// The property in which upstream keeps the stores that an import still has to fill.
pub const IMPORTING_TO_STORES: &str = "os_glance_importing_to_stores";

/// The property that is upstream's lock of an import: it names the task that holds it.
pub const IMPORT_LOCK: &str = "os_glance_import_task";

impl Image {
    /// Whether an import has locked it: no other way of giving it data is taken meanwhile.
    pub fn is_being_imported(&self) -> bool {
        self.has_import_property(IMPORT_LOCK)
    }

    /// Whether an import brings it to more stores.
    pub fn is_being_copied(&self) -> bool {
        self.has_import_property(IMPORTING_TO_STORES)
    }

    fn has_import_property(&self, wanted: &str) -> bool {
        self.properties
            .iter()
            .filter(|(name, _)| name.as_str() == wanted)
            .any(|(_, value)| !value.as_str().is_empty())
    }
}
