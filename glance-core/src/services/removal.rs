//! Removing data: of a deleted image, or from one of its stores.

use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{join_all, select};

use super::changes::Plan;
use super::glance::Glance;
use crate::domain::policy::Action;
use crate::domain::{
    BlobUrl, Caller, Change, Image, ImageId, Intent, Location, Status, StoreId, Work,
};
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
        let plan = |image: Image| async move {
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
            let intents = self.removals(id, &there, &elsewhere).await?;
            let mut after = image.clone();
            after.locations = elsewhere;
            after.touch(self.now());
            Ok(Plan::Change(
                Change::of_edit(image, after).beginning(intents),
            ))
        };
        let (_, begun) = self.changed(caller, id, plan).await?;
        self.remove(begun).await;
        Ok(())
    }

    /// Intents to remove what the stores of this service hold at locations that are `gone`, and may
    /// remove; one for each blob, and none for a blob to which a location that is `kept` leads, or
    /// that is named after another image which has it. Two images at one place under another name
    /// share its fate, as in upstream.
    pub(super) async fn removals(
        &self,
        image: ImageId,
        gone: &[Location],
        kept: &[Location],
    ) -> Result<Vec<Intent>, Error> {
        let mut spared = self.stores.places(kept);
        let mut intents = Vec::new();
        for location in gone {
            if !spared.insert(self.stores.place(location)) {
                continue;
            }
            match self.stores.of(location) {
                Some(found) if found.store.capabilities().delete => {
                    if self.belongs_to_another(image, location).await? {
                        continue;
                    }
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
        Ok(intents)
    }

    /// Whether a blob is that of another image, after which it is named, and which is there with a
    /// location that leads to it: then it stays.
    pub(super) async fn belongs_to_another(
        &self,
        image: ImageId,
        location: &Location,
    ) -> Result<bool, Error> {
        let Some(other) = location.url.image().filter(|other| *other != image) else {
            return Ok(false);
        };
        let seen = match self.catalog.find(other, None).await {
            Err(error @ CatalogError::Odd { .. }) => {
                tracing::warn!(
                    image.id = %image, %location.url, error = &error as &dyn std::error::Error,
                    "the data may be that of another image, which cannot be understood: it stays"
                );
                return Ok(true);
            }
            seen => seen?,
        };
        let Some(seen) = seen else {
            return Ok(false);
        };
        let place = self.stores.place(location);
        let is_its = self.stores.places(&seen.image.locations).contains(&place);
        if is_its {
            tracing::warn!(
                image.id = %image, %location.url,
                "the data is that of another image: it stays"
            );
        }
        Ok(is_its)
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
        let Some(store) = self.stores.at_work(&intent.store) else {
            return;
        };
        let _at_work = self.at_work.on(intent.id.clone());
        match self.delete_blob(store.as_ref(), url, intent).await {
            // Somebody took the work over.
            Ok(()) | Err(Error::Gone { .. }) => {}
            Err(error) => tracing::warn!(
                image.id = %intent.image, store = %intent.store,
                error = &error as &dyn std::error::Error,
                "data that is not wanted any more could not be removed; the scrubber will try again"
            ),
        }
    }

    /// Removes a blob and then the intent that explains it, while that is this process's. A blob that
    /// is gone is fine.
    pub(super) async fn delete_blob(
        &self,
        store: &dyn ImageStore,
        url: &BlobUrl,
        intent: &Intent,
    ) -> Result<(), Error> {
        let is_just_begun = intent.holder == *self.holder
            && self.now().after(self.settings().lease / 2) <= intent.lease_until;
        if !is_just_begun {
            self.keep_lease(intent).await?;
        }
        match store.delete(url).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let now = self.now();
        Ok(self
            .catalog
            .finish_delete(intent, &self.holder, now)
            .await?)
    }
}

/// How long a request waits for data to be gone.
const PATIENCE: Duration = Duration::from_secs(5);
