//! Data that came too late, or that somebody left, at the place of an image's data.

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, TryStreamExt};

use super::glance::Glance;
use super::image_data::{Place, warn_unclean};
use crate::domain::{BlobUrl, Image, ImageId, Intent, Status, Upload, Work};
use crate::error::Error;
use crate::ports::{CatalogError, FoundBlob, ImageStore};

impl Glance {
    /// Removes a blob that was committed after its lease was lost, if there is one, when it has had
    /// so long to land; in a task of its own, because no row tells anybody else of it: it tries
    /// until it is done.
    pub(super) fn remove_stray_later(&self, place: &Place, landing: Duration) {
        let (glance, place) = (self.clone(), place.clone());
        let work = async move {
            glance.runtime.executor.sleep(landing).await;
            while let Err(unclean) = glance.remove_stray(&place).await {
                warn_unclean(&place.intent, &unclean);
                let pause = glance.settings().lease / 3;
                glance.runtime.executor.sleep(pause).await;
            }
        };
        self.runtime.executor.spawn(work.boxed());
    }

    /// The blob may have been removed already, and another upload may be at its place: so that
    /// place is claimed first.
    pub(super) async fn remove_stray(&self, place: &Place) -> Result<(), Error> {
        let image = place.intent.image;
        match self.catalog.find(image, None).await? {
            None => Ok(place.store.vacate(image).await?),
            // With data, or getting some: whoever is at work removes what is in the way.
            Some(seen) => {
                let vacating = self.vacate_queued(place, &seen.image, false);
                vacating.await.map(drop)
            }
        }
    }

    /// Removes the blob at the place of a queued image, which nobody writes to meanwhile; `false` where
    /// the image is not queued any more. Where that fails, the image is held until its lease ends, for
    /// the removal may still take effect; unless it `is_guarded`, by work for which uploads wait.
    pub(super) async fn vacate_queued(
        &self,
        place: &Place,
        image: &Image,
        is_guarded: bool,
    ) -> Result<bool, Error> {
        let now = self.now();
        let claim = self.intent(image.id, place.store.id(), Work::Upload, now);
        let Ok((change, upload)) = Upload::occupy(image, claim.clone(), now) else {
            return Ok(false);
        };
        // It counts as one that is getting data.
        let change = change.claiming(self.claim_for_stage(image, None).await?);
        let _at_work = self.at_work.on(claim.id.clone());
        match self.catalog.commit(&change).await {
            Err(CatalogError::Conflict | CatalogError::NotFound) => return Ok(false),
            result => result?,
        };
        self.keep_lease(&claim).await?;
        let vacated = place.store.vacate(image.id).await;
        if vacated.is_ok() || is_guarded {
            self.catalog.commit(&upload.abandon(self.now())?).await?;
        }
        vacated?;
        Ok(true)
    }

    /// Whether what a blob is named after explains it.
    pub(super) async fn is_explained(
        &self,
        store: &Arc<dyn ImageStore>,
        blob: &FoundBlob,
    ) -> Result<bool, Error> {
        let Some(image) = named_after(&blob.url) else {
            return Ok(false);
        };
        // In this order: what makes a blob a location ends its intent in the same step, and what
        // begins to remove it records one.
        let work = self.catalog.intents_of(image).await?;
        let mut places = work.iter().map(|intent| intent.work.url());
        if places.any(|url| url.is_none_or(|url| store.copies(url).contains(&blob.url))) {
            return Ok(true);
        }
        let seen = match self.catalog.find(image, None).await {
            // Whoever mends it may find in it what explains the blob.
            Err(CatalogError::Odd { .. }) => return Ok(true),
            seen => seen?,
        };
        let Some(seen) = seen else {
            return Ok(false);
        };
        let image = &seen.image;
        let mut locations = image.locations.iter();
        Ok(
            locations.any(|location| store.copies(&location.url).contains(&blob.url))
                || waits_for_data(image)
                || image.is_being_imported()
                || image.is_being_copied(),
        )
    }

    /// Removes the blob of an intent that is not recorded yet, where its image is not there.
    pub(super) async fn remove_orphan(
        &self,
        store: &Arc<dyn ImageStore>,
        intent: &Intent,
    ) -> Result<(), Error> {
        let Work::Delete(url) = &intent.work else {
            return Ok(());
        };
        self.catalog.begin_delete(intent, self.now()).await?;
        self.delete_blob(store.as_ref(), url, intent).await
    }

    /// Removes from the staging area of this node what was staged for images that are not there any
    /// more, and that nobody has written to for so long: Python nodes leave no row that tells of it.
    /// How much that was, and how much of it stays for another time.
    pub(super) async fn clear_staging(&self, idle: Duration) -> Result<(usize, usize), Error> {
        let staging = self.stores.staging().filter(|staging| {
            let capabilities = staging.capabilities();
            capabilities.list && capabilities.delete
        });
        let Some(staging) = staging else {
            return Ok((0, 0));
        };
        let (mut removed, mut failures) = (0, 0);
        let mut blobs = staging.list().await?;
        while let Some(blob) = blobs.try_next().await? {
            if blob.age.is_none_or(|age| age < idle) {
                continue;
            }
            match self.remove_staged_orphan(staging, &blob).await {
                Ok(is_removed) => removed += usize::from(is_removed),
                Err(error @ Error::Catalog(_)) => return Err(error),
                Err(error) => {
                    failures += 1;
                    tracing::warn!(
                        store = %staging.id(), %blob.url, error = &error as &dyn std::error::Error,
                        "what was staged for an image that is gone could not be removed"
                    );
                }
            }
        }
        Ok((removed, failures))
    }

    async fn remove_staged_orphan(
        &self,
        staging: &Arc<dyn ImageStore>,
        blob: &FoundBlob,
    ) -> Result<bool, Error> {
        let Some(image) = named_after(&blob.url) else {
            return Ok(false);
        };
        // Most of what waits is of an image.
        match self.catalog.find(image, None).await {
            Ok(Some(_)) | Err(CatalogError::Odd { .. }) => return Ok(false),
            seen => seen?,
        };
        // In a folder that is also a store's, blobs are not staged.
        let is_stored = self.stores.knowing(&blob.url).is_some();
        if is_stored || self.is_explained(staging, blob).await? {
            return Ok(false);
        }
        let work = Work::Delete(blob.url.clone());
        let intent = self.intent(image, staging.id(), work, self.now());
        let _at_work = self.at_work.on(intent.id.clone());
        match self.remove_orphan(staging, &intent).await {
            Ok(()) => {
                tracing::info!(
                    image.id = %image, store = %staging.id(),
                    "removed: what was staged for an image that is gone"
                );
                Ok(true)
            }
            // Its delete is delayed, or somebody else is at it.
            Err(Error::Catalog(CatalogError::Conflict) | Error::Gone { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The image after which a blob is named; what an import converts has its format after the id.
pub(super) fn named_after(url: &BlobUrl) -> Option<ImageId> {
    let name = url.as_str().rsplit('/').next()?;
    name.get(..ID_CHARS)?.parse().ok()
}

/// Whether an image is in a status that somebody's work is to end.
pub(super) fn waits_for_data(image: &Image) -> bool {
    matches!(
        image.status(),
        Status::Saving | Status::Uploading | Status::Importing
    )
}

/// Characters of the id of an image.
const ID_CHARS: usize = 36;
