//! What an import of upstream's leaves on an image while it goes on.

use std::collections::BTreeSet;

use super::change::LockStep;
use super::id::{StoreId, TaskId};
use super::image::Image;
use super::property::{HASH_HOST, PropertyName, PropertyValue, STAGE_HOST};

/// The property in which upstream keeps the stores that an import still has to fill.
pub const IMPORTING_TO_STORES: &str = "os_glance_importing_to_stores";

/// The property in which upstream keeps the stores that an import could not fill.
pub const FAILED_IMPORT: &str = "os_glance_failed_import";

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

    /// The task that has locked it.
    pub fn import_lock(&self) -> Option<TaskId> {
        let mut held = self.import_property(IMPORT_LOCK);
        held.next().map(|value| TaskId::stored(value.to_owned()))
    }

    /// Where the node is reached that has its staged data, if that is told.
    pub fn stage_host(&self) -> Option<&str> {
        self.import_property(STAGE_HOST).next()
    }

    /// Where the node is reached that reads its data for its hash: Python nodes tell.
    pub fn hash_host(&self) -> Option<&str> {
        self.import_property(HASH_HOST).next()
    }

    /// The stores that a list of imports names: see [`IMPORTING_TO_STORES`] and [`FAILED_IMPORT`].
    pub fn listed_stores(&self, list: &'static str) -> BTreeSet<StoreId> {
        let names = self
            .import_property(list)
            .flat_map(|names| names.split(','));
        names.filter_map(|name| name.trim().parse().ok()).collect()
    }

    /// Makes a list of imports name these stores, in upstream's form.
    pub(super) fn list_stores(&mut self, list: &'static str, stores: &BTreeSet<StoreId>) {
        let names: Vec<&str> = stores.iter().map(StoreId::as_str).collect();
        let value = PropertyValue::stored(Some(names.join(",")));
        self.properties.insert(PropertyName::literal(list), value);
    }

    /// Whether imports keep lists on it: where stores have names.
    pub(super) fn has_lists(&self) -> bool {
        let list = PropertyName::literal(IMPORTING_TO_STORES);
        self.properties.contains_key(&list)
    }

    fn has_import_property(&self, wanted: &str) -> bool {
        self.import_property(wanted).next().is_some()
    }

    /// What a property says; an empty one says nothing.
    fn import_property(&self, wanted: &str) -> impl Iterator<Item = &str> {
        self.properties
            .iter()
            .filter(move |(name, _)| name.as_str() == wanted)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

impl LockStep {
    /// Whether the lock of an image is as this step needs it.
    pub(super) fn is_open_to(&self, image: &Image) -> bool {
        let held = image.import_lock();
        match self {
            Self::Untouched => true,
            Self::Taken { instead_of, .. } => held == *instead_of,
            Self::Held(task) | Self::Dropped(task) => held.as_ref() == Some(task),
        }
    }

    pub(super) fn apply_to(&self, image: &mut Image) {
        let name = PropertyName::stored(IMPORT_LOCK.to_owned());
        match self {
            Self::Untouched | Self::Held(_) => {}
            Self::Taken { by, .. } => {
                let value = PropertyValue::stored(Some(by.to_string()));
                image.properties.insert(name, value);
            }
            Self::Dropped(_) => {
                image.properties.remove(&name);
            }
        }
    }
}
