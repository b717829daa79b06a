//! Removes what deletes and broken uploads left behind.

use std::time::Duration;

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
    /// Unfinished blobs of nobody that were removed.
    pub strays: usize,
    /// Work that failed again; it stays, for the next pass.
    pub failures: usize,
}

impl Glance {
    /// Takes over and settles all work on blobs whose holder is gone, and sweeps the store of
    /// what no row explains any more.
    ///
    /// # Errors
    /// The catalog cannot say what there is, or the store cannot be looked through. What fails
    /// for one image is logged and counted.
    pub async fn scrub(&self) -> Result<Scrubbed, Error> {
        let settled = self.settle_abandoned().await?;
        let strays = self.store.sweep(STRAY_AGE).await?;
        Ok(Scrubbed { strays, ..settled })
    }

    /// Scrubs for ever: settles a few times in the length of a lease, and sweeps once an hour.
    /// For a task of its own.
    pub async fn keep_scrubbing(&self) {
        let mut swept = self.now();
        loop {
            self.runtime.executor.sleep(self.settings().lease / 3).await;
            let done = if self.now().since(swept) < STRAY_AGE {
                self.settle_abandoned().await
            } else {
                swept = self.now();
                self.scrub().await
            };
            match done {
                Ok(done) if done == Scrubbed::default() => {}
                Ok(done) => tracing::info!(
                    uploads = done.uploads,
                    deletes = done.deletes,
                    strays = done.strays,
                    failures = done.failures,
                    "leftovers of broken uploads and deletes removed"
                ),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the scrubber cannot do its work"
                ),
            }
        }
    }

    async fn settle_abandoned(&self) -> Result<Scrubbed, Error> {
        let mut done = Scrubbed::default();
        let abandoned = self
            .catalog
            .abandoned_intents(&self.holder, self.now())
            .await?;
        for intent in abandoned {
            // A task of this process that was held up still ends its own work.
            if self.at_work.contains(&intent.id) {
                continue;
            }
            match self.settle(&intent).await {
                Ok(false) => {}
                Ok(true) => match intent.work {
                    Work::Upload => done.uploads += 1,
                    Work::Delete(_) => done.deletes += 1,
                },
                Err(error) => {
                    done.failures += 1;
                    tracing::warn!(
                        image.id = %intent.image,
                        store = %intent.store,
                        error = &error as &dyn std::error::Error,
                        "leftovers of an image could not be removed; they are tried again later"
                    );
                }
            }
        }
        Ok(done)
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
        self.store.discard(&BlobKey::of(intent)).await?;
        self.keep_lease(intent).await?;
        self.store.vacate(intent.image).await?;
        let seen = self.catalog.find(intent.image, None).await?;
        let undone = seen.and_then(|seen| {
            Upload::taken_over(seen.image, intent, self.holder.as_ref().clone())
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
        Ok(self.catalog.end_intent(&intent.id, &self.holder).await?)
    }
}

/// What nobody has written to for so long is nobody's: a client is cut off long before.
const STRAY_AGE: Duration = Duration::from_secs(3600);
