//! Removes the data of images whose delete was delayed, and takes such deletes back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt, stream};

use super::glance::Glance;
use super::scrub::Scrubbed;
use crate::domain::{BlobUrl, Image, ImageId, Intent, IntentId, Location, StoreId, Work};
use crate::error::Error;
use crate::ports::{CatalogError, ScheduledDelete, ScheduledDeletes, StoreError};

/// When data may go, and how much of it at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is all that there is to say")]
pub struct ScrubPlan {
    /// How long data stays after a delete: `scrub_time`.
    pub delay: Duration,
    /// How many images are scrubbed at a time: `scrub_pool_size`; 0 is 1.
    pub at_once: usize,
}

/// What removes the data of images in status `pending_delete`. Several may be at work on one
/// catalog, Python Glance's among them.
#[derive(Debug, Clone)]
pub struct Scrubber {
    glance: Glance,
    deletes: Arc<dyn ScheduledDeletes>,
    plan: ScrubPlan,
    stopping: Arc<AtomicBool>,
}

impl Scrubber {
    /// A scrubber of what the catalog of a service has as scheduled.
    pub fn new(glance: Glance, deletes: Arc<dyn ScheduledDeletes>, plan: ScrubPlan) -> Self {
        Self {
            glance,
            deletes,
            plan,
            stopping: Arc::default(),
        }
    }

    /// Has a pass end with the images that it is at.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Removes the data of all images that were deleted long enough ago.
    ///
    /// # Errors
    /// The catalog cannot say which these are. What fails for one image is logged and counted; the
    /// image stays as it is, for the next pass.
    pub async fn pass(&self) -> Result<Scrubbed, Error> {
        let before = self.glance.now().before(self.plan.delay);
        let (mut done, mut after) = (Scrubbed::default(), None);
        let away = Away::default();
        while !self.stopping.load(Ordering::Relaxed) {
            let due = self.deletes.due(before, after, DUE_AT_ONCE).await?;
            let Some(last) = due.last() else {
                break;
            };
            after = Some(last.image);
            let scrubs = stream::iter(due).map(|due| self.scrub(due, &away));
            let results: Vec<Outcome> = scrubs
                .buffer_unordered(self.plan.at_once.max(1))
                .collect()
                .await;
            for outcome in results {
                match outcome {
                    Outcome::Finished => done.deletes += 1,
                    Outcome::Failed => done.failures += 1,
                    Outcome::Left => {}
                }
            }
        }
        Ok(done)
    }

    /// Takes a delete back: the image is active again, with its data.
    ///
    /// # Errors
    /// No delete of it is scheduled; data of it is gone, or on its way out.
    pub async fn restore(&self, image: ImageId) -> Result<Image, Error> {
        let unrelated = self.unrelated(image).await?;
        let now = self.glance.now();
        let restored = self.deletes.restore(image, &unrelated, now).await;
        restored.map_err(|error| match error {
            CatalogError::Conflict => Error::DataGone { image },
            CatalogError::NotFound => Error::NotScheduled { image },
            error => error.into(),
        })
    }

    /// The work that removes other data of an image than what it would have again: what it had let go
    /// of before, or what was staged for it.
    async fn unrelated(&self, image: ImageId) -> Result<Vec<IntentId>, Error> {
        let left = self.deletes.left(image).await?;
        let stores = &self.glance.stores;
        let is_left = |url: &BlobUrl| {
            left.iter().any(|location| match stores.of(location) {
                Some(known) => known.store.canonical(&location.url) == known.store.canonical(url),
                None => location.url == *url,
            })
        };
        let work = self.glance.catalog.intents_of(image).await?;
        let unrelated = work
            .into_iter()
            .filter(|intent| matches!(&intent.work, Work::Delete(url) if !is_left(url)));
        Ok(unrelated.map(|intent| intent.id).collect())
    }

    async fn scrub(&self, due: ScheduledDelete, away: &Away) -> Outcome {
        if self.stopping.load(Ordering::Relaxed) {
            return Outcome::Left;
        }
        if self.is_away(&due, away) {
            return Outcome::Failed;
        }
        match self.remove(&due, away).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(
                    image.id = %due.image, error = &error as &dyn std::error::Error,
                    "the data of a deleted image could not be removed; it stays in status \
                     pending_delete"
                );
                Outcome::Failed
            }
        }
    }

    /// Whether data of it is in a store that was found to be away.
    fn is_away(&self, due: &ScheduledDelete, away: &Away) -> bool {
        let away = away.lock();
        let mut stores = due.locations.iter();
        !away.is_empty()
            && stores.any(|location| {
                let store = self.glance.stores.of(location);
                store.is_some_and(|store| away.contains(store.id()))
            })
    }

    /// Removes all that can be removed, and notes which stores are away.
    async fn remove(&self, due: &ScheduledDelete, away: &Away) -> Result<Outcome, Error> {
        let mut failure = None;
        for location in &due.locations {
            match self.remove_from(due.image, location).await {
                // Somebody brought it back, or was faster.
                Err(Error::Catalog(CatalogError::Conflict) | Error::Gone { .. }) => {
                    return Ok(Outcome::Left);
                }
                Err(error) => {
                    if let Error::Store(StoreError::Unavailable { store, .. }) = &error {
                        away.lock().insert(store.clone());
                    }
                    failure = Some(error);
                }
                Ok(()) => {}
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        let finished = self.deletes.finish(due.image, self.glance.now()).await?;
        if finished {
            tracing::info!(image.id = %due.image, "the data of a deleted image is removed");
        }
        Ok(if finished {
            Outcome::Finished
        } else {
            Outcome::Left
        })
    }

    /// Removes the data at one location, with an intent that keeps others from bringing the image
    /// back meanwhile; it ends when the location is noted to be gone. A store that removes nothing
    /// keeps what it has: it is not ours.
    async fn remove_from(&self, image: ImageId, location: &Location) -> Result<(), Error> {
        let glance = &self.glance;
        let Some(found) = glance.stores.of(location) else {
            return Err(Error::NoStoreOf { image });
        };
        let is_kept = !found.store.capabilities().delete
            || glance.belongs_to_another(image, location).await?;
        let now = glance.now();
        if is_kept {
            return Ok(self.deletes.scrubbed(image, &location.url, now).await?);
        }
        let work = Work::Delete(location.url.clone());
        let intent = glance.intent(image, found.id(), work, now);
        self.deletes.claim(&intent, now).await?;
        let _at_work = glance.at_work.on(intent.id.clone());
        let removed = glance
            .delete_blob(found.store.as_ref(), &location.url, &intent)
            .await;
        if let Err(Error::Store(error)) = &removed
            && has_done_nothing(error)
        {
            self.let_go(&intent).await;
        }
        removed
    }

    /// The row of the location says what is to be done: an operator may still bring the image back.
    async fn let_go(&self, intent: &Intent) {
        let ended = self
            .glance
            .catalog
            .end_intent(&intent.id, &intent.holder)
            .await;
        if let Err(error) = ended {
            tracing::warn!(
                image.id = %intent.image, error = &error as &dyn std::error::Error,
                "an intent could not be ended; it ends with its lease"
            );
        }
    }
}

/// The stores that were away in a pass: it asks them no more, or each of thousands of images would
/// wait for its deadline, and those in other stores with them (rule R19).
#[derive(Debug, Default)]
struct Away(Mutex<BTreeSet<StoreId>>);

impl Away {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<StoreId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a store that fails to remove data says that all of it is still there. Else it may be gone,
/// or go later, and the intent stays for whoever tries again.
fn has_done_nothing(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::BadLocation { .. }
            | StoreError::Forbidden { .. }
            | StoreError::PermissionDenied { .. }
            | StoreError::Unsupported { .. }
    )
}

/// What became of a scheduled delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Finished,
    Failed,
    /// To others, or to another pass.
    Left,
}

/// How many images are read at once.
const DUE_AT_ONCE: u32 = 100;
