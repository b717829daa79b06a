//! What imports make of images: as they begin, as stores are filled, and at their end.

use std::collections::BTreeSet;

use super::content::Content;
use super::format::{ContainerFormat, DiskFormat};
use super::id::StoreId;
use super::image::Image;
use super::import::{FAILED_IMPORT, IMPORTING_TO_STORES};
use super::import_method::ImportMethod;
use super::import_plan::ImportPlan;
use super::location::Location;
use super::property::{PropertyName, PropertyValue};
use super::status::{Event, IllegalTransition, Status};
use super::time::Timestamp;

/// What an import has brought, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "an image takes in all of it")]
pub struct Imported {
    /// What is known of the data.
    pub content: Content,
    /// What plugins made of it.
    pub disk_format: Option<DiskFormat>,
    /// What plugins put it in.
    pub container_format: Option<ContainerFormat>,
    /// Properties from plugins.
    pub properties: Vec<(PropertyName, PropertyValue)>,
}

/// Which stores an import has filled, once it is done with all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is one or the other")]
pub struct Tally {
    /// They have the data.
    pub filled: BTreeSet<StoreId>,
    /// They do not.
    pub failed: BTreeSet<StoreId>,
}

impl ImportPlan {
    /// Whether an import is a success.
    pub fn succeeds(&self, tally: &Tally) -> bool {
        match self.all_must_succeed {
            true => tally.failed.is_empty(),
            false => !tally.filled.is_empty(),
        }
    }
}

impl Image {
    /// The image as an import begins. Where stores have names, it tells which are to be filled;
    /// those of an import whose lock was `broken` are not filled any more.
    ///
    /// # Errors
    /// Its status is none for it.
    pub fn import_begun(
        &self,
        plan: &ImportPlan,
        has_lists: bool,
        broken: &[StoreId],
        now: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        let mut next = match plan.method {
            ImportMethod::CopyImage => self.touched(now),
            ImportMethod::GlanceDirect
            | ImportMethod::GlanceDownload
            | ImportMethod::WebDownload => self.after(Event::ImportStarted, now)?,
        };
        next.properties.remove(&PropertyName::stage_host());
        if has_lists {
            let without = |list| {
                let mut stores = next.listed_stores(list);
                stores.retain(|store| !broken.contains(store) && !plan.stores.contains(store));
                stores
            };
            let (mut importing, failed) = (without(IMPORTING_TO_STORES), without(FAILED_IMPORT));
            importing.extend(plan.stores.iter().cloned());
            next.list_stores(IMPORTING_TO_STORES, &importing);
            next.list_stores(FAILED_IMPORT, &failed);
        }
        Ok(next)
    }

    /// The image with data in more stores, and active if it was not. `imported` is what it learns of
    /// its first data.
    ///
    /// # Errors
    /// Its status is none for it.
    pub fn import_stored(
        &self,
        stored: &[(StoreId, Location)],
        imported: Option<&Imported>,
        now: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        let mut next = match self.status() {
            Status::Active | Status::Deactivated => self.touched(now),
            _ => self.after(Event::DataStored, now)?,
        };
        if let Some(imported) = imported {
            next.learn_imported(imported);
        }
        let locations = stored.iter().map(|(_, location)| location.clone());
        next.locations.extend(locations);
        next.unlist(stored.iter().map(|(store, _)| store));
        Ok(next)
    }

    /// The image with formats and properties as plugins left them, to be judged as that.
    pub(crate) fn learn_imported(&mut self, imported: &Imported) {
        self.learn(imported.content.clone());
        self.disk_format = imported.disk_format.clone().or(self.disk_format.take());
        let container = imported.container_format.clone();
        self.container_format = container.or(self.container_format.take());
        self.properties.extend(imported.properties.iter().cloned());
    }

    /// The image after an import that filled no more than it has, with the stores that failed: back
    /// in the queue where it has no data, or gone where it was made for the import and is not protected.
    ///
    /// # Errors
    /// Its status is none for it.
    pub fn import_left(
        &self,
        plan: &ImportPlan,
        tally: &Tally,
        now: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        let mut next = match self.status() {
            Status::Importing if plan.is_creation && !self.protected => {
                return self.after(Event::Deleted, now);
            }
            Status::Importing => self.after(Event::DataFailed, now)?,
            _ => self.touched(now),
        };
        next.unlist(&plan.stores);
        if next.has_lists() {
            let mut failed = next.listed_stores(FAILED_IMPORT);
            failed.extend(tally.failed.iter().cloned());
            next.list_stores(FAILED_IMPORT, &failed);
        }
        Ok(next)
    }

    fn unlist<'s>(&mut self, stores: impl IntoIterator<Item = &'s StoreId>) {
        if self.has_lists() {
            let mut importing = self.listed_stores(IMPORTING_TO_STORES);
            for store in stores {
                importing.remove(store);
            }
            self.list_stores(IMPORTING_TO_STORES, &importing);
        }
    }

    fn touched(&self, now: Timestamp) -> Self {
        let mut next = self.clone();
        next.touch(now);
        next
    }
}

#[cfg(test)]
mod tests;
