//! What imports leave in stores that cannot be asked: work of its own, for which writers wait.

use std::slice;

use super::super::glance::Glance;
use super::super::image_data::Place;
use super::fill::warn_unswept;
use super::{Filling, Import};
use crate::domain::{Holder, Image, Intent, IntentId, Status, StoreId, Work};
use crate::error::Error;
use crate::ports::{BlobKey, ImageStore};

impl Glance {
    /// Removes what was not committed, as far as that can be done now; gives the work that is left.
    pub(super) async fn discard(
        &self,
        import: &Import,
        filling: &Filling,
    ) -> Result<Vec<Intent>, Error> {
        let mut left = Vec::new();
        let stores = filling.unswept.iter();
        for known in stores.filter_map(|id| self.stores.get(id)) {
            left.extend(self.discard_from(import, known.store.as_ref()).await?);
        }
        Ok(left)
    }

    /// The same in one store.
    pub(super) async fn discard_from(
        &self,
        import: &Import,
        store: &dyn ImageStore,
    ) -> Result<Option<Intent>, Error> {
        let intent = &import.intent;
        self.keep_import(intent).await?;
        let key = BlobKey::of(intent);
        let discarding = async { Ok(store.discard(&key).await) };
        let Err(error) = self.while_held(intent, discarding).await? else {
            return Ok(None);
        };
        warn_unswept(intent, store.id(), &error);
        let work = Work::Discard(key.upload);
        Ok(Some(self.left_in(import, store.id(), work)))
    }

    /// Work that whoever looks first takes up.
    pub(super) fn left_in(&self, import: &Import, store: &StoreId, work: Work) -> Intent {
        let now = self.now();
        Intent {
            holder: Holder::nobody(),
            lease_until: now,
            ..self.intent(import.plan.image, store, work, now)
        }
    }

    /// Removes what was written under an id and not committed; `false` where that has to wait for
    /// others that may write the image there: a store may take their parts for these.
    pub(in super::super) async fn discard_left(
        &self,
        place: &Place,
        upload: &IntentId,
    ) -> Result<bool, Error> {
        let Place { store, intent } = place;
        let seen = self.catalog.find(intent.image, None).await?;
        self.keep_lease(intent).await?;
        if seen.is_some_and(|seen| is_being_written(&seen.image)) {
            return Ok(false);
        }
        let key = BlobKey {
            upload: upload.clone(),
            ..BlobKey::of(intent)
        };
        store.discard(&key).await?;
        self.catalog.end_intent(&intent.id, &self.holder).await?;
        Ok(true)
    }

    /// Removes what a stopped import may have left where a store puts the data of the image; `false`
    /// where that has to wait for others that are at the image.
    pub(in super::super) async fn vacate_left(&self, place: &Place) -> Result<bool, Error> {
        let Place { store, intent } = place;
        let seen = self.catalog.find(intent.image, None).await?;
        self.keep_lease(intent).await?;
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
                let has_data = matches!(image.status(), Status::Active | Status::Deactivated);
                if !has_data || is_being_written(&image) {
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
            Work::Discard(_) | Work::Vacate => stores.contains(&intent.store),
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

/// Whether somebody may be writing data of the image to stores.
fn is_being_written(image: &Image) -> bool {
    matches!(image.status(), Status::Saving | Status::Importing)
        || image.is_being_imported()
        || image.is_being_copied()
}

/// Whether a location of the image is in the store.
fn is_in(image: &Image, store: &dyn ImageStore) -> bool {
    let mut locations = image.locations.iter();
    locations.any(|location| store.owns(&location.url))
}
