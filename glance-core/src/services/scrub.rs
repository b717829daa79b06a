//! Removes what deletes and broken uploads left behind.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::glance::Glance;
use super::image_data::Place;
use crate::domain::{Change, Event, ImageId, Intent, Status, StoreId, Timestamp, Upload, Work};
use crate::error::Error;
use crate::ports::{BlobKey, CatalogError, ImageStore, StoreError, TASKS_AT_ONCE};

/// What a pass of the scrubber did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scrubbed {
    /// Broken uploads that were undone, their images back in the queue.
    pub uploads: usize,
    /// Deleted images whose data was removed.
    pub deletes: usize,
    /// Images that stayed queued for longer than [`Settings::queued_lifetime`], deleted.
    ///
    /// [`Settings::queued_lifetime`]: crate::Settings::queued_lifetime
    pub expired: usize,
    /// Located images whose data is being read for its hash again.
    pub hashes: usize,
    /// Broken imports that were taken over, or whose images are back in the queue.
    pub imports: usize,
    /// Tasks that ended long ago and are not told of any more.
    pub tasks: u64,
    /// Unfinished blobs of nobody that were removed, and what was staged for images that are gone.
    pub strays: usize,
    /// Work that failed again; it stays, for the next pass.
    pub failures: usize,
}

impl Glance {
    /// Takes over and settles all work on blobs whose holder is gone, queues images again whose import
    /// nobody goes on with, deletes those that nobody gave data to, and sweeps the stores of what no
    /// row explains any more.
    ///
    /// # Errors
    /// The catalog cannot say what there is. What fails for one image or one store is logged and
    /// counted.
    pub async fn scrub(&self) -> Result<Scrubbed, Error> {
        let mut done = self.settle_abandoned().await?;
        let stores = self.stores.all().iter();
        let written = stores
            .map(|known| &known.store)
            .filter(|store| store.capabilities().write)
            .chain(self.stores.staging());
        for (strays, failures) in join_all(written.map(sweep)).await {
            done.strays += strays;
            done.failures += failures;
        }
        let (orphans, failures) = match self.clear_staging(STRAY_AGE).await {
            Err(error @ Error::Store(_)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the staging area could not be looked through; it is tried again later"
                );
                (0, 1)
            }
            cleared => cleared?,
        };
        done.strays += orphans;
        done.failures += failures;
        self.requeue_left_imports(&mut done).await?;
        done.expired = self.expire_queued().await?;
        loop {
            let taken = self.catalog.expire_tasks(self.now()).await?;
            done.tasks += taken;
            if taken < TASKS_AT_ONCE {
                break;
            }
        }
        Ok(done)
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
            log(done);
        }
    }

    /// Scrubs once, and logs what came of it: for a start, before anybody is served.
    pub async fn scrub_at_start(&self) {
        log(self.scrub().await);
    }

    /// Settles the work on each store by itself: one that is dead holds up no other (rule R19).
    async fn settle_abandoned(&self) -> Result<Scrubbed, Error> {
        let abandoned = self
            .catalog
            .abandoned_intents(&self.holder, self.now())
            .await?;
        let mut by_store: BTreeMap<StoreId, Vec<Intent>> = BTreeMap::new();
        for intent in abandoned {
            by_store
                .entry(intent.store.clone())
                .or_default()
                .push(intent);
        }
        let mut done = Scrubbed::default();
        for of_one in join_all(by_store.into_values().map(|work| self.settle_all(work))).await {
            done.uploads += of_one.uploads;
            done.deletes += of_one.deletes;
            done.hashes += of_one.hashes;
            done.imports += of_one.imports;
            done.failures += of_one.failures;
        }
        Ok(done)
    }

    /// Settles the work on one store, until it turns out to be away: the rest has time, and other
    /// stores wait for the end of the pass. What failed has a new lease, so that it is not the first
    /// the next time.
    async fn settle_all(&self, abandoned: Vec<Intent>) -> Scrubbed {
        let mut done = Scrubbed::default();
        for intent in abandoned {
            // A task of this process that was held up still ends its own work.
            if self.at_work.contains(&intent.id) || self.hashing.contains(&intent.id) {
                continue;
            }
            match self.settle(&intent).await {
                Ok(false) => {}
                Ok(true) => match intent.work {
                    Work::Stage | Work::Staged(_) | Work::Upload => done.uploads += 1,
                    Work::Delete(_) | Work::Discard(_) | Work::Vacate => done.deletes += 1,
                    Work::Hash(_) => done.hashes += 1,
                    Work::Import(_) => done.imports += 1,
                },
                Err(error) => {
                    done.failures += 1;
                    tracing::warn!(
                        image.id = %intent.image,
                        store = %intent.store,
                        error = &error as &dyn std::error::Error,
                        "leftovers of an image could not be removed; they are tried again later"
                    );
                    if matches!(error, Error::Store(StoreError::Unavailable { .. })) {
                        break;
                    }
                }
            }
        }
        done
    }

    async fn expire_queued(&self) -> Result<usize, Error> {
        let Some(lifetime) = self.settings().queued_lifetime else {
            return Ok(0);
        };
        let now = self.now();
        let mut expired = 0;
        loop {
            let before = now.before(lifetime);
            let idle = self.catalog.idle_queued(before, EXPIRED_AT_ONCE).await?;
            let mut deleted = 0;
            for image in idle {
                let id = image.id;
                let gone = image.after(Event::Deleted, now)?;
                // As an edit: whatever somebody does with the image meanwhile wins.
                match self.catalog.commit(&Change::of_edit(image, gone)).await {
                    Ok(_) => deleted += 1,
                    Err(CatalogError::Conflict | CatalogError::NotFound) => continue,
                    Err(error) => return Err(error.into()),
                }
                tracing::info!(image.id = %id, "deleted: it stayed queued for too long");
            }
            if deleted == 0 {
                return Ok(expired);
            }
            expired += deleted;
        }
    }

    /// An intent of this process.
    pub(super) fn intent(
        &self,
        image: ImageId,
        store: &StoreId,
        work: Work,
        now: Timestamp,
    ) -> Intent {
        let id = ImageId::from_bits(self.runtime.ids.next_bits()).into();
        Intent {
            id,
            image,
            store: store.clone(),
            work,
            holder: self.holder.as_ref().clone(),
            lease_until: now.after(self.settings().lease),
        }
    }

    /// Finishes a delete, clears up, undoes an upload, or goes on with a hash or an import; `false` where
    /// somebody else took it, or it has to wait.
    pub(super) async fn settle(&self, intent: &Intent) -> Result<bool, Error> {
        if let Work::Import(_) = &intent.work {
            return self.take_over_import(intent).await;
        }
        let Some(store) = self.stores.at_work(&intent.store) else {
            return Ok(false);
        };
        let place = Place {
            store: Arc::clone(store),
            intent: intent.clone(),
        };
        let settled = match &intent.work {
            // It takes the lease itself, if it has room.
            Work::Hash(_) => {
                let seen = self.catalog.find(intent.image, None).await?;
                let owner = seen.and_then(|seen| seen.image.owner);
                return Ok(self.start_hashing(intent, owner.as_ref()));
            }
            Work::Delete(url) => {
                let deleted = self.delete_blob(store.as_ref(), url, intent).await;
                deleted.map(|()| true)
            }
            Work::Staged(_) if self.is_taken_up(intent).await? => {
                let ended = self.catalog.end_intent(&intent.id, &intent.holder).await;
                ended.map(|()| true).map_err(Error::from)
            }
            Work::Discard(upload) => self.discard_left(&place, upload).await,
            Work::Vacate => self.vacate_left(&place).await,
            Work::Import(_) | Work::Stage | Work::Staged(_) | Work::Upload => {
                self.undo_abandoned(&place).await.map(|()| true)
            }
        };
        match settled {
            Err(Error::Gone { .. }) => Ok(false),
            settled => settled,
        }
    }

    async fn undo_abandoned(&self, place: &Place) -> Result<(), Error> {
        let intent = &place.intent;
        self.keep_lease(intent).await?;
        self.undo_upload(place).await?;
        // A process that died before its lease may have a commit on its way.
        let landing = intent.lease_until.since(self.now());
        if !landing.is_zero() {
            self.remove_stray_later(place, landing);
        }
        Ok(())
    }

    /// Whether staged data is an import's of a Python node by now: or was, if that is over.
    async fn is_taken_up(&self, staged: &Intent) -> Result<bool, Error> {
        let seen = self.catalog.find(staged.image, None).await?;
        Ok(seen.is_some_and(|seen| seen.image.status() != Status::Uploading))
    }

    /// Undoes an upload, right after its lease was made sure of.
    pub(super) async fn undo_upload(&self, place: &Place) -> Result<(), Error> {
        let intent = &place.intent;
        self.clear(place, &BlobKey::of(intent)).await?;
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

/// How many strays were removed from a store, and whether that failed.
async fn sweep(store: &Arc<dyn ImageStore>) -> (usize, usize) {
    match store.sweep(STRAY_AGE).await {
        Ok(strays) => (strays, 0),
        Err(error) => {
            tracing::warn!(
                store = %store.id(), error = &error as &dyn std::error::Error,
                "a store could not be swept; it is tried again later"
            );
            (0, 1)
        }
    }
}

fn log(done: Result<Scrubbed, Error>) {
    match done {
        Ok(done) if done == Scrubbed::default() => {}
        Ok(done) => tracing::info!(
            uploads = done.uploads,
            deletes = done.deletes,
            hashes = done.hashes,
            imports = done.imports,
            expired = done.expired,
            tasks = done.tasks,
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

/// How many images are read at once to be deleted.
const EXPIRED_AT_ONCE: u32 = 100;

/// What nobody has written to for so long is nobody's: a client is cut off long before.
const STRAY_AGE: Duration = Duration::from_secs(3600);
