//! Data that came too late, or that somebody left, at the place of an image's data.

use std::time::Duration;

use futures::FutureExt;

use super::glance::Glance;
use super::image_data::{Place, warn_unclean};
use crate::domain::{Image, Upload, Work};
use crate::error::Error;
use crate::ports::CatalogError;

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
}
