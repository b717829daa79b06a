//! Repairs, by the same steps as those of the scrubber: what a crash interrupts, it goes on with.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;

use super::{Check, Outcome};
use crate::domain::{Change, Image, Intent, Location, Status, Work};
use crate::error::Error;
use crate::ports::{CatalogError, FoundBlob, ImageStore, StoreError};
use crate::services::image_data::Place;

impl Check<'_> {
    /// Finishes or undoes work as the scrubber does.
    pub(super) async fn settled(&self, intent: &Intent) -> Result<Outcome, Error> {
        outcome(match self.glance.settle(intent).await {
            Ok(true) => Ok(Outcome::Repaired("it is finished, or undone")),
            Ok(false) => Ok(Outcome::Left(
                "somebody took it over, or its store is not configured here",
            )),
            Err(error) => Err(error),
        })
    }

    /// Puts an image back in the queue.
    pub(super) async fn requeued(&self, image: &Image) -> Result<Outcome, Error> {
        outcome(self.requeue(image).await)
    }

    /// Takes a location away that leads nowhere, where another is good.
    pub(super) async fn location_dropped(
        &self,
        image: &Image,
        location: &Location,
    ) -> Result<Outcome, Error> {
        outcome(self.drop_location(image, location).await)
    }

    /// Removes a blob of nobody.
    pub(super) async fn stray_removed(
        &self,
        store: &Arc<dyn ImageStore>,
        blob: &FoundBlob,
    ) -> Result<Outcome, Error> {
        outcome(self.remove_stray(store, blob).await)
    }

    async fn requeue(&self, image: &Image) -> Result<Outcome, Error> {
        if !image.locations.is_empty() {
            return Ok(Outcome::Left("it has data: look at it"));
        }
        let requeued = self.glance.requeue(image).await;
        requeued.map(|()| Outcome::Repaired("the image is queued again"))
    }

    async fn drop_location(&self, image: &Image, location: &Location) -> Result<Outcome, Error> {
        if !matches!(image.status(), Status::Active | Status::Deactivated) {
            return Ok(Outcome::Left("the image is not active"));
        }
        let kept: Vec<Location> = image
            .locations
            .iter()
            .filter(|other| other.url != location.url)
            .cloned()
            .collect();
        let mut has_data = false;
        for other in &kept {
            has_data = has_data || self.is_good(image, other).await;
        }
        if !has_data {
            return Ok(Outcome::Left("no other location of the image is good"));
        }
        if !self.shows_blobs(location).await {
            return Ok(Outcome::Left(
                "the store shows no blob at all: is it the right disk or bucket?",
            ));
        }
        let mut after = image.clone();
        after.locations = kept;
        after.touch(self.glance.now());
        let change = Change::of_edit(image.clone(), after);
        self.glance.catalog.commit(&change).await?;
        Ok(Outcome::Repaired("the location is removed"))
    }

    /// Whether the store of a location shows any blob, if it can: an empty one may be a disk that is
    /// not mounted.
    async fn shows_blobs(&self, location: &Location) -> bool {
        let store = self.glance.stores.of(location).map(|known| &known.store);
        let Some(store) = store.filter(|store| store.capabilities().list) else {
            return true;
        };
        match store.list().await {
            Ok(mut blobs) => matches!(blobs.next().await, Some(Ok(_))),
            Err(_) => false,
        }
    }

    async fn remove_stray(
        &self,
        store: &Arc<dyn ImageStore>,
        blob: &FoundBlob,
    ) -> Result<Outcome, Error> {
        let Some(id) = blob.url.image() else {
            return Ok(Outcome::Left(
                "it is not named after an image: remove it by hand",
            ));
        };
        if !store.capabilities().delete {
            return Ok(Outcome::Left("the store removes nothing"));
        }
        let glance = self.glance;
        let now = glance.now();
        let intent = glance.intent(id, store.id(), Work::Delete(blob.url.clone()), now);
        let _at_work = glance.at_work.on(intent.id.clone());
        // What is true of the image right now has to be true still when the intent is recorded.
        let seen = glance.catalog.find(id, None).await?;
        match seen.map(|seen| seen.image) {
            None => {
                glance.remove_orphan(store, &intent).await?;
                return Ok(Outcome::Repaired("the blob is removed"));
            }
            Some(image) if image.status() == Status::Queued => {
                return self.remove_from_queued(store, blob, intent).await;
            }
            Some(image) if self.is_written(store, blob, &image) => {
                return Ok(Outcome::Left(CHANGED));
            }
            Some(image) => {
                let mut touched = image.clone();
                touched.touch(now);
                let change = Change::of_edit(image, touched).beginning([intent.clone()]);
                glance.catalog.commit(&change).await?;
            }
        }
        let removed = glance.delete_blob(store.as_ref(), &blob.url, &intent).await;
        removed.map(|()| Outcome::Repaired("the blob is removed"))
    }

    /// An upload could begin at any moment, and put its data where the blob is: the image is kept
    /// from that meanwhile.
    async fn remove_from_queued(
        &self,
        store: &Arc<dyn ImageStore>,
        blob: &FoundBlob,
        intent: Intent,
    ) -> Result<Outcome, Error> {
        if blob.age.is_none_or(|age| age < YOUNG) {
            return Ok(Outcome::Left(
                "somebody may be writing it: check again later",
            ));
        }
        let place = Place {
            store: Arc::clone(store),
            intent,
        };
        self.glance.remove_stray(&place).await?;
        Ok(match store.size(&blob.url).await {
            Err(StoreError::NotFound { .. }) => Outcome::Repaired("the blob is removed"),
            Ok(_) | Err(_) => Outcome::Left(CHANGED),
        })
    }

    /// Whether somebody may be writing the blob for the image, or has made it its data.
    fn is_written(&self, store: &Arc<dyn ImageStore>, blob: &FoundBlob, image: &Image) -> bool {
        let mut locations = image.locations.iter();
        !matches!(
            image.status(),
            Status::Active | Status::Deactivated | Status::Killed
        ) || image.is_being_imported()
            || image.is_being_copied()
            || locations.any(|location| store.copies(&location.url).contains(&blob.url))
    }
}

/// What came of a repair. A catalog that does not answer ends the check; all else is told.
fn outcome(repaired: Result<Outcome, Error>) -> Result<Outcome, Error> {
    match repaired {
        Err(
            Error::Catalog(CatalogError::Conflict | CatalogError::NotFound) | Error::Gone { .. },
        ) => Ok(Outcome::Left(CHANGED)),
        Err(error @ Error::Catalog(CatalogError::Odd { .. })) => Ok(Outcome::Failed(error)),
        Err(error @ Error::Catalog(_)) => Err(error),
        Err(error) => Ok(Outcome::Failed(error)),
        done => done,
    }
}

const CHANGED: &str = "it has changed meanwhile: check again";

/// What was written to so shortly ago may be written still.
const YOUNG: Duration = Duration::from_secs(3600);
