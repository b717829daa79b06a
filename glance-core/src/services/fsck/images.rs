//! What the catalog says of images, held against the stores.

use futures::future::join_all;

use super::{AT_ONCE, Check, Finding, Outcome, Report, Trouble};
use crate::domain::{Image, ImageId, Location, StoreId, TaskStatus};
use crate::error::Error;
use crate::ports::{CatalogError, OddImage, StoreError};
use crate::services::stores::ConfiguredStore;
use crate::services::strays::waits_for_data;

impl Check<'_> {
    /// Looks at all images, and asks the stores for the blobs at their locations.
    pub(super) async fn images(&self, report: &mut Report<'_>) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.deletes.all_images(after.as_deref(), PAGE).await?;
            after = match page.last() {
                None => return Ok(()),
                Some(Ok(last)) => Some(last.id.to_string()),
                Some(Err(odd)) => Some(odd.id.clone()),
            };
            for few in page.chunks(AT_ONCE) {
                for found in join_all(few.iter().map(|image| self.look_at(image))).await {
                    for finding in found? {
                        report.found(finding);
                    }
                }
                self.tell_away(report);
                report.looked_at(few.len(), 0);
            }
        }
    }

    async fn look_at(&self, image: &Result<Image, OddImage>) -> Result<Vec<Finding>, Error> {
        let image = match image {
            Ok(image) => image,
            Err(odd) => return Ok(self.look_at_odd(odd).await?.into_iter().collect()),
        };
        let mut found = Vec::new();
        for location in &image.locations {
            found.extend(self.look_at_location(image, location).await?);
        }
        if self.plan.store.is_none() && self.is_stuck(image).await? {
            found.push(Finding {
                trouble: Trouble::Stuck {
                    status: image.status(),
                    idle: self.glance.now().since(image.updated_at),
                },
                image: Some(image.id),
                store: None,
                url: None,
                outcome: match self.plan.repair {
                    true => self.requeued(image).await?,
                    false => Outcome::Told,
                },
            });
        }
        Ok(found)
    }

    /// Which store an odd image is in is unknown, so whoever asks for one is not told of it.
    async fn look_at_odd(&self, odd: &OddImage) -> Result<Option<Finding>, Error> {
        let image = odd.id.parse().ok();
        let source = match image {
            _ if self.plan.store.is_some() => None,
            Some(image) => match self.glance.catalog.find(image, None).await {
                Err(CatalogError::Odd { source }) => Some(source.to_string().into()),
                seen => seen?.and(None),
            },
            // Nobody finds it by such an id.
            None => Some(odd.source.to_string().into()),
        };
        Ok(source.map(|source| Finding {
            trouble: Trouble::OddImage {
                id: odd.id.clone(),
                source,
            },
            image,
            store: None,
            url: None,
            outcome: match self.plan.repair {
                true => Outcome::Left("mend the row in the database"),
                false => Outcome::Told,
            },
        }))
    }

    async fn look_at_location(
        &self,
        image: &Image,
        location: &Location,
    ) -> Result<Option<Finding>, Error> {
        if self.trouble_at(image, location).await.is_none() {
            return Ok(None);
        }
        // Deletes and edits may have taken the location away since it was read.
        let Some(image) = self
            .still(image.id)
            .await?
            .filter(|image| image.locations.iter().any(|at| at.url == location.url))
        else {
            return Ok(None);
        };
        let Some((store, trouble)) = self.trouble_at(&image, location).await else {
            return Ok(None);
        };
        let outcome = match &trouble {
            _ if !self.plan.repair => Outcome::Told,
            Trouble::Missing => self.location_dropped(&image, location).await?,
            Trouble::CopyMissing { .. } => Outcome::Left(
                "copy the image to another store, take it out of this one, and copy it back",
            ),
            Trouble::NoStore => Outcome::Left("configure its store, or remove the location"),
            Trouble::OtherSize { .. } => Outcome::Left("look at the data: it may be damaged"),
            _ => Outcome::Left("look at the store"),
        };
        Ok(Some(Finding {
            trouble,
            image: Some(image.id),
            store,
            url: Some(location.url.clone()),
            outcome,
        }))
    }

    /// What is wrong at a location, and in which store.
    async fn trouble_at(
        &self,
        image: &Image,
        location: &Location,
    ) -> Option<(Option<StoreId>, Trouble)> {
        let Some(known) = self.glance.stores.of(location) else {
            return self
                .plan
                .store
                .is_none()
                .then_some((None, Trouble::NoStore));
        };
        let id = known.id();
        if !self.covers(id) || self.away.contains(id) {
            return None;
        }
        let trouble = match known.store.size(&location.url).await {
            Ok(found) => match image.size.filter(|recorded| *recorded != found) {
                Some(recorded) => Trouble::OtherSize { recorded, found },
                None => self.trouble_with_copies(known, image, location).await?,
            },
            Err(StoreError::NotFound { .. }) => Trouble::Missing,
            Err(error @ StoreError::Unavailable { .. }) => {
                self.away.note(id, error);
                return None;
            }
            Err(source) => Trouble::Unreadable { source },
        };
        Some((Some(id.clone()), trouble))
    }

    /// What is wrong with the copies of what is at a location, where its store keeps several.
    async fn trouble_with_copies(
        &self,
        known: &ConfiguredStore,
        image: &Image,
        location: &Location,
    ) -> Option<Trouble> {
        let copies = known.store.copies(&location.url);
        if copies.len() < 2 {
            return None;
        }
        for copy in copies {
            match known.store.size(&copy).await {
                Ok(found) => {
                    if let Some(recorded) = image.size.filter(|recorded| *recorded != found) {
                        return Some(Trouble::OtherSize { recorded, found });
                    }
                }
                Err(StoreError::NotFound { .. }) => return Some(Trouble::CopyMissing { copy }),
                Err(error @ StoreError::Unavailable { .. }) => {
                    self.away.note(known.id(), error);
                    return None;
                }
                Err(source) => return Some(Trouble::Unreadable { source }),
            }
        }
        None
    }

    /// Whether the blob at a location is as it should be.
    pub(super) async fn is_good(&self, image: &Image, location: &Location) -> bool {
        let Some(known) = self.glance.stores.of(location) else {
            return false;
        };
        let size = known.store.size(&location.url).await;
        size.is_ok_and(|size| image.size.is_none_or(|recorded| recorded == size))
    }

    /// Whether an image waits for data that nobody brings.
    async fn is_stuck(&self, image: &Image) -> Result<bool, Error> {
        let is_old = self.glance.now().since(image.updated_at) >= self.plan.min_age;
        if !is_old || !waits_for_data(image) {
            return Ok(false);
        }
        // Work on it, living or not, is settled by whoever takes it over.
        let catalog = &self.glance.catalog;
        if !catalog.intents_of(image.id).await?.is_empty() || self.is_being_imported(image).await? {
            return Ok(false);
        }
        Ok(self.still(image.id).await?.is_some_and(|now| {
            (now.status(), now.updated_at) == (image.status(), image.updated_at)
        }))
    }

    /// An image as it is by now, if it is there and can be understood.
    async fn still(&self, id: ImageId) -> Result<Option<Image>, Error> {
        match self.glance.catalog.find(id, None).await {
            Err(CatalogError::Odd { .. }) => Ok(None),
            seen => Ok(seen?.map(|seen| seen.image)),
        }
    }

    /// Whether the task that has the import lock of an image lives.
    async fn is_being_imported(&self, image: &Image) -> Result<bool, Error> {
        let Some(id) = image.import_lock() else {
            return Ok(false);
        };
        let task = self.glance.catalog.find_task(&id).await?;
        Ok(task.is_some_and(|task| {
            let is_open = matches!(task.status(), TaskStatus::Pending | TaskStatus::Processing);
            is_open && self.glance.now().since(task.updated_at) < self.plan.min_age
        }))
    }
}

/// How many images are read at once.
const PAGE: u32 = 256;
