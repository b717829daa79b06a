//! Removing data: of a deleted image, or from one of its stores.

use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{join_all, select};

use super::glance::Glance;
use super::images::MAX_ATTEMPTS;
use crate::domain::policy::Action;
use crate::domain::{BlobUrl, Caller, Change, ImageId, Intent, Location, Status, StoreId, Work};
use crate::error::Error;
use crate::ports::{CatalogError, ImageStore, StoreError};

impl Glance {
    /// Removes the data of an active image from one of its stores; another has to hold it, too.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; it is not active; it has no
    /// data there, or nowhere else.
    pub async fn delete_from_store(
        &self,
        caller: &Caller,
        store: &StoreId,
        id: ImageId,
    ) -> Result<(), Error> {
        for _ in 0..MAX_ATTEMPTS {
            let image = self.visible_image(caller, id).await?;
            self.permit(caller, Action::GetImageLocation, &image)?;
            self.permit(caller, Action::DeleteImageLocation, &image)?;
            if image.status() != Status::Active {
                return Err(Error::NotActive {
                    image: id,
                    status: image.status(),
                });
            }
            let (there, elsewhere): (Vec<_>, Vec<_>) =
                image.locations.iter().cloned().partition(|location| {
                    self.stores.of(location).is_some_and(|of| of.id() == store)
                });
            if image.locations.len() == 1 || elsewhere.is_empty() {
                return Err(Error::OnlyLocation { image: id });
            }
            if there.is_empty() {
                return Err(Error::NotInStore {
                    image: id,
                    store: store.clone(),
                });
            }
            let intents = self.removals(id, &there);
            let mut after = image.clone();
            after.locations = elsewhere;
            after.touch(self.now());
            let change = Change::of_edit(image, after).beginning(intents.clone());
            match self.catalog.commit(&change).await {
                Err(CatalogError::Conflict) => {}
                Err(CatalogError::NotFound) => {
                    return Err(Error::ImageNotFound { id: id.to_string() });
                }
                Err(error) => return Err(error.into()),
                Ok(_) => {
                    self.remove(intents).await;
                    return Ok(());
                }
            }
        }
        Err(Error::Contended { image: id })
    }

    /// Intents to remove what the stores of this service hold at these locations and may remove.
    pub(super) fn removals(&self, image: ImageId, locations: &[Location]) -> Vec<Intent> {
        let mut intents = Vec::new();
        for location in locations {
            match self.stores.of(location) {
                Some(found) if found.store.capabilities().delete => {
                    let work = Work::Delete(location.url.clone());
                    intents.push(self.intent(image, found.id(), work, self.now()));
                }
                Some(found) => tracing::info!(
                    image.id = %image, store = %found.id(), "the store removes nothing: data stays"
                ),
                None => tracing::warn!(
                    image.id = %image, %location.url,
                    "data stays at a location that is in no configured store"
                ),
            }
        }
        intents
    }

    /// Removes data as the intents say. It goes on in the background where a store takes long
    /// (rule R19); what fails stays an intent, for the scrubber.
    pub(super) async fn remove(&self, intents: Vec<Intent>) {
        if intents.is_empty() {
            return;
        }
        let glance = self.clone();
        let (sender, done) = oneshot::channel();
        let work = async move {
            join_all(intents.iter().map(|intent| glance.remove_one(intent))).await;
            // Whoever asked may not wait any more.
            let _ = sender.send(());
        };
        self.runtime.executor.spawn(work.boxed());
        select(done, self.runtime.executor.sleep(PATIENCE)).await;
    }

    async fn remove_one(&self, intent: &Intent) {
        let Work::Delete(url) = &intent.work else {
            return;
        };
        let Some(found) = self.stores.get(&intent.store) else {
            return;
        };
        let _at_work = self.at_work.on(intent.id.clone());
        if let Err(error) = self.delete_blob(found.store.as_ref(), url, intent).await {
            tracing::warn!(
                image.id = %intent.image, store = %intent.store,
                error = &error as &dyn std::error::Error,
                "data that is not wanted any more could not be removed; the scrubber will try again"
            );
        }
    }

    /// Removes a blob and then the intent that explains it. A blob that is gone is fine.
    pub(super) async fn delete_blob(
        &self,
        store: &dyn ImageStore,
        url: &BlobUrl,
        intent: &Intent,
    ) -> Result<(), Error> {
        match store.delete(url).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.catalog.end_intent(&intent.id, &self.holder).await?)
    }
}

/// How long a request waits for data to be gone.
const PATIENCE: Duration = Duration::from_secs(5);
