//! The end of an import that was taken up so often that it is not to be tried again.

use std::slice;

use super::super::glance::Glance;
use super::super::image_data::Place;
use super::fill::warn_unswept;
use super::{Filling, Import, ends_work};
use crate::domain::{Holder, Image, ImageId, Intent, Status, StoreId, Work};
use crate::error::Error;
use crate::ports::{BlobKey, ImageStore};

impl Glance {
    /// Rolls an import back that was taken over so often that it is not to be tried again: it kills who
    /// is at it, or its store is away for long. What may be in a store that cannot be asked is left to
    /// work of its own, so that the image need not wait for the store.
    ///
    /// # Errors
    /// The rows cannot be read or written.
    pub(super) async fn stop_import(&self, import: &Import) -> Result<(), Error> {
        let (intent, plan) = (&import.intent, &import.plan);
        let seen = self.catalog.find(plan.image, None).await?;
        let Some(image) = seen.map(|seen| seen.image) else {
            let mut filling = Filling::default();
            let clearing = self.clear_unfilled(import, None, &mut filling);
            self.while_held(intent, clearing).await?;
            return self.give_up(import, filling).await;
        };
        // What the last process had on its way lands in less than a lease.
        let landing = async {
            self.runtime.executor.sleep(self.settings().lease).await;
            Ok(())
        };
        self.while_held(intent, landing).await?;
        let filled = self.stores.filled(&image);
        let unfilled = plan.stores.iter().filter(|id| !filled.contains(*id));
        let (mut left, mut filling) = (Vec::new(), Filling::default());
        for known in unfilled.filter_map(|id| self.stores.get(id)) {
            let clearing = self.clear_store(import, known.store.as_ref());
            match self.while_held(intent, clearing).await {
                Ok(()) => {}
                Err(error) if ends_work(&error) => return Err(error),
                Err(error) => {
                    tracing::warn!(
                        image.id = %plan.image, store = %known.id(),
                        error = &error as &dyn std::error::Error,
                        "what a stopped import may have left is removed when its store is back"
                    );
                    left.push(self.left_in(plan.image, known.id()));
                    filling.store_failed(known.id(), &error);
                }
            }
        }
        let mut reason = format!(
            "given up: it was taken up again {MOST_TAKE_OVERS} times, and each time its process died or \
             a store was away"
        );
        if filling.has_failed() {
            reason = format!("{reason}: {}", filling.reason());
        }
        self.roll_back(import, &filling, &reason, left).await
    }

    async fn clear_store(&self, import: &Import, store: &dyn ImageStore) -> Result<(), Error> {
        self.keep_import(&import.intent).await?;
        if let Err(error) = store.discard(&BlobKey::of(&import.intent)).await {
            warn_unswept(&import.intent, store.id(), &error);
        }
        self.vacate_unfilled(import, store).await
    }

    /// Work that whoever looks first takes up.
    fn left_in(&self, image: ImageId, store: &StoreId) -> Intent {
        let now = self.now();
        Intent {
            holder: Holder::nobody(),
            lease_until: now,
            ..self.intent(image, store, Work::Vacate, now)
        }
    }

    /// Removes what a stopped import may have left in a store; `false` where that has to wait for
    /// others that are at the image.
    pub(in super::super) async fn clear_left(&self, place: &Place) -> Result<bool, Error> {
        let Place { store, intent } = place;
        self.keep_lease(intent).await?;
        let seen = self.catalog.find(intent.image, None).await?;
        match seen.map(|seen| seen.image) {
            None => store.vacate(intent.image).await?,
            // It is the image's by now: a Python node wrote it, which knows nothing of this.
            Some(image) if is_in(&image, store.as_ref()) => {}
            Some(image) if image.status() == Status::Queued => {
                if !self.vacate_queued(place, &image, true).await? {
                    return Ok(false);
                }
            }
            Some(image) => {
                let is_idle = matches!(image.status(), Status::Active | Status::Deactivated)
                    && !image.is_being_imported()
                    && !image.is_being_copied();
                if !is_idle {
                    return Ok(false);
                }
                store.vacate(intent.image).await?;
            }
        }
        self.catalog.end_intent(&intent.id, &self.holder).await?;
        Ok(true)
    }

    /// Refuses to write where data of the image is being removed: it would be taken for that.
    pub(in super::super) async fn check_going(
        &self,
        image: &Image,
        stores: &[StoreId],
    ) -> Result<(), Error> {
        let work = self.catalog.intents_of(image.id).await?;
        let is_going = work.iter().any(|intent| match &intent.work {
            Work::Vacate => stores.contains(&intent.store),
            // The staging areas of two nodes may have one URL.
            Work::Delete(url) => {
                let mut known = stores.iter().filter_map(|id| self.stores.get(id));
                stores.contains(&intent.store) || known.any(|known| known.store.owns(url))
            }
            Work::Hash(_) | Work::Import(_) | Work::Stage | Work::Staged(_) | Work::Upload => false,
        });
        match is_going {
            true => Err(Error::DataGoing { image: image.id }),
            false => Ok(()),
        }
    }

    /// The same for one store.
    pub(in super::super) async fn check_going_from(
        &self,
        image: &Image,
        store: &StoreId,
    ) -> Result<(), Error> {
        self.check_going(image, slice::from_ref(store)).await
    }
}

/// Whether a location of the image is in the store.
fn is_in(image: &Image, store: &dyn ImageStore) -> bool {
    let mut locations = image.locations.iter();
    locations.any(|location| store.owns(&location.url))
}

/// How often an import is taken over before it is given up: often enough for nodes that are restarted
/// one after the other.
pub(super) const MOST_TAKE_OVERS: u64 = 3;
