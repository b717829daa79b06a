//! Removes what deletes and broken uploads left behind.

use super::glance::Glance;
use crate::domain::{ImageId, Intent, Timestamp, Upload, Work};
use crate::error::Error;
use crate::ports::{BlobKey, CatalogError};

/// What a pass of the scrubber did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scrubbed {
    /// Broken uploads that were undone, their images back in the queue.
    pub uploads: usize,
    /// Deleted images whose data was removed.
    pub deletes: usize,
    /// Work that failed again; it stays, for the next pass.
    pub failures: usize,
}

impl Glance {
    /// Takes over and settles all work on blobs whose holder is gone.
    ///
    /// # Errors
    /// The catalog cannot say what there is. What fails for one image is logged and counted.
    pub async fn scrub(&self) -> Result<Scrubbed, Error> {
        let mut done = Scrubbed::default();
        let abandoned = self
            .catalog
            .abandoned_intents(&self.holder, self.now())
            .await?;
        for intent in abandoned {
            match self.settle(&intent).await {
                Ok(false) => {}
                Ok(true) => match intent.work {
                    Work::Upload => done.uploads += 1,
                    Work::Delete(_) => done.deletes += 1,
                },
                Err(error) => {
                    done.failures += 1;
                    tracing::warn!(
                        image.id = %intent.image, store = %intent.store, error = &error as &dyn std::error::Error,
                        "leftovers of an image could not be removed; they are tried again later"
                    );
                }
            }
        }
        Ok(done)
    }

    /// Scrubs for ever, a few times in the length of a lease. For a task of its own.
    pub async fn keep_scrubbing(&self) {
        loop {
            self.runtime.executor.sleep(self.settings().lease / 3).await;
            match self.scrub().await {
                Ok(done) if done == Scrubbed::default() => {}
                Ok(done) => tracing::info!(
                    uploads = done.uploads,
                    deletes = done.deletes,
                    failures = done.failures,
                    "leftovers of broken uploads and deletes removed"
                ),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the scrubber cannot read the catalog"
                ),
            }
        }
    }

    /// An intent of this process.
    pub(super) fn intent(&self, image: ImageId, work: Work, now: Timestamp) -> Intent {
        let id = ImageId::from_bits(self.runtime.ids.next_bits()).into();
        Intent {
            id,
            image,
            store: self.store.id().clone(),
            work,
            holder: self.holder.as_ref().clone(),
            lease_until: now.after(self.settings().lease),
        }
    }

    /// Finishes a delete or undoes an upload; `false` where somebody else took it.
    async fn settle(&self, intent: &Intent) -> Result<bool, Error> {
        let now = self.now();
        let until = now.after(self.settings().lease);
        if intent.store != *self.store.id()
            || !self
                .catalog
                .renew_intent(&intent.id, &self.holder, now, until)
                .await?
        {
            return Ok(false);
        }
        match &intent.work {
            Work::Delete(url) => self.delete_blob(url, intent).await?,
            Work::Upload => self.undo_upload(intent).await?,
        }
        Ok(true)
    }

    async fn undo_upload(&self, intent: &Intent) -> Result<(), Error> {
        let key = BlobKey {
            image: intent.image,
            upload: intent.id.clone(),
            size: None,
        };
        self.store.discard(&key).await?;
        let seen = self.catalog.find(intent.image, None).await?;
        let undone = seen.and_then(|seen| {
            Upload::taken_over(seen.image, intent)
                .abandon(self.now())
                .ok()
        });
        if let Some(change) = undone {
            match self.catalog.commit(&change).await {
                Ok(_) => return Ok(()),
                Err(CatalogError::Conflict | CatalogError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.catalog.end_intent(&intent.id).await?)
    }
}
