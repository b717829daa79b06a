//! Data that is kept aside until an import takes it up.

use std::sync::Arc;

use futures::FutureExt;
use futures::channel::oneshot;

use super::glance::Glance;
use super::image_data::{Place, UploadOptions};
use super::transfer::Limits;
use crate::domain::policy::Action;
use crate::domain::query::TaskKey;
use crate::domain::{
    Caller, Change, Holder, Image, ImageId, ImportMethod, Intent, Resource, Status, Timestamp,
    Upload, Work,
};
use crate::error::Error;
use crate::ports::{ByteStream, CatalogError};

impl Glance {
    /// Keeps data of a queued image aside for an import; the image is then `uploading`.
    ///
    /// The work goes on in the background where the future is dropped, and ends as it should.
    ///
    /// # Errors
    /// The service does not import such data; there is no image that the caller may see; the caller
    /// may not; it has data; the body breaks off or has another size; a limit is passed; the
    /// staging area is full or fails. The image is then back in the queue, and nothing of the data
    /// stays.
    pub async fn stage(
        &self,
        caller: &Caller,
        id: ImageId,
        body: ByteStream,
        options: UploadOptions,
    ) -> Result<Image, Error> {
        let method = ImportMethod::GlanceDirect;
        let staging = match self.stores.staging() {
            Some(staging) if self.import_methods().contains(&method) => Arc::clone(staging),
            _ => return Err(Error::NotOffered { method }),
        };
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::ModifyImage, &image)?;
        self.forget_stale_stage(&image).await?;
        let most = self.settings().quotas.image_bytes;
        Resource::ImageBytes.check(options.size.unwrap_or(0), most)?;
        let now = self.now();
        let intent = self.intent(id, staging.id(), Work::Stage, now);
        let host = self.settings().import.self_reference.as_deref();
        let until = self.end_of_stage(now);
        let (change, upload) = Upload::stage(&image, intent.clone(), host, until, now)?;
        let change = change.claiming(self.claim_for_stage(&image).await?);
        let limits = Limits {
            expected: options.size,
            most,
            allowance: None,
        };

        // In a task of its own from the first commit on: whoever asks may go away at any moment.
        let (sender, receiver) = oneshot::channel();
        let glance = self.clone();
        let at_work = self.at_work.on(intent.id.clone());
        let place = Place {
            store: staging,
            intent,
        };
        let stage = async move {
            let _at_work = at_work;
            let result = match glance.catalog.commit(&change).await {
                Ok(stored) => {
                    glance
                        .write_data(upload.of(stored), place, body, limits)
                        .await
                }
                // Another upload was first, or a delete.
                Err(CatalogError::Conflict | CatalogError::NotFound) => {
                    Err(Error::Contended { image: id })
                }
                Err(error) => Err(error.into()),
            };
            // Nobody may wait for it any more.
            let _ = sender.send(result);
        };
        self.runtime.executor.spawn(stage.boxed());
        let staged = receiver.await.unwrap_or(Err(Error::Stopping));
        staged.map(|image| self.shown(caller, image))
    }

    /// Until when staged data waits for an import: as long as an image stays queued.
    fn end_of_stage(&self, now: Timestamp) -> Timestamp {
        match self.settings().queued_lifetime {
            Some(lifetime) => now.after(lifetime),
            None => TaskKey::NEVER,
        }
    }

    /// What explains the data of an image that lies in the staging area, if some does.
    pub(super) async fn staged(&self, image: &Image) -> Result<Option<Intent>, Error> {
        if image.status() != Status::Uploading {
            return Ok(None);
        }
        let id = Intent::id_of_staged(image.id);
        Ok(self.catalog.find_intent(&id).await?)
    }

    /// What was staged for an image that is queued again was imported, in vain, by a Python node,
    /// which knows nothing of the row.
    async fn forget_stale_stage(&self, image: &Image) -> Result<(), Error> {
        if image.status() == Status::Queued
            && let id = Intent::id_of_staged(image.id)
            && let Some(stale) = self.catalog.find_intent(&id).await?
        {
            self.catalog.end_intent(&id, &stale.holder).await?;
        }
        Ok(())
    }

    /// The same change, which has the staged data of its image removed, where there is such data.
    pub(super) async fn leaving_stage(&self, change: Change) -> Result<Change, Error> {
        let Some(staged) = self.staged(&change.before).await? else {
            return Ok(change);
        };
        let Work::Staged(url) = staged.work else {
            return Ok(change);
        };
        let removal = self.intent(staged.image, &staged.store, Work::Delete(url), self.now());
        Ok(change
            .beginning([removal])
            .ending(staged.id, Holder::nobody()))
    }
}
