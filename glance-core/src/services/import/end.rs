//! The end of an import: in one change of image, lock, task and intent.

use std::sync::Arc;
use std::time::Duration;

use super::super::changes::MAX_ATTEMPTS;
use super::super::glance::Glance;
use super::super::image_data::Place;
use super::{Filling, Import, ends_work};
use crate::domain::{
    Change, Holder, Image, Intent, LockStep, Status, StoreId, Task, TaskStatus, TaskStep, Work,
};
use crate::error::Error;
use crate::ports::{CatalogError, StoreError};

impl Glance {
    /// Ends an import that is done with its stores.
    ///
    /// # Errors
    /// The rows cannot be written, or data that is not wanted not be removed: then all stays as it
    /// is, for whoever takes it over.
    pub(super) async fn end_import(
        &self,
        import: &Import,
        mut filling: Filling,
    ) -> Result<(), Error> {
        loop {
            if !import.plan.succeeds(&filling.tally) || !import.plan.all_must_succeed {
                self.revert(import, &mut filling).await?;
            }
            self.clean(import, &mut filling).await?;
            let left = self.discard(import, &filling).await?;
            let ended = match self.commit_end(import, &filling, left).await {
                Ok(removals) => {
                    self.remove(removals).await;
                    return Ok(());
                }
                Err(error) => error,
            };
            match ended {
                Error::Gone { .. } => return self.give_up(import, filling).await,
                // The formats of the image were edited.
                error if !filling.stored.is_empty() && !ends_work(&error) => {
                    let stores: Vec<StoreId> = stores_of(&filling);
                    filling.all_failed(&stores, &error);
                }
                error => return Err(error),
            }
        }
    }

    /// Ends it with what is stored as locations, if there still is something, and with work on what is
    /// left; gives what is to be removed then.
    async fn commit_end(
        &self,
        import: &Import,
        filling: &Filling,
        left: Vec<Intent>,
    ) -> Result<Vec<Intent>, Error> {
        let plan = &import.plan;
        let mut tally = filling.tally.clone();
        tally.filled.extend(stores_of(filling));
        for _ in 0..MAX_ATTEMPTS {
            let image = self.own_image(import).await?;
            let task = self.import_task_of(&import.intent).await?;
            let task = task.filter(|task| task.status() == TaskStatus::Processing);
            let task = task.ok_or(Error::Gone { image: plan.image })?;
            let after = match filling.stored.is_empty() {
                true => image.clone(),
                false => self.with_stored(&image, filling)?,
            };
            let after = after.import_left(plan, &tally, self.now())?;
            let change = Change::of_edit(image, after)
                .locking(LockStep::Dropped(import.task.clone()))
                .with_task(self.ended_task(import, &task, plan.succeeds(&tally), filling)?)
                .beginning(left.iter().cloned());
            if let Some(removals) = self.commit_last(import, change).await? {
                return Ok(removals);
            }
        }
        Err(Error::Contended { image: plan.image })
    }

    fn ended_task(
        &self,
        import: &Import,
        task: &Task,
        succeeds: bool,
        filling: &Filling,
    ) -> Result<TaskStep, Error> {
        let (now, lifetime) = (self.now(), self.settings().task_lifetime);
        let ended = match succeeds {
            true => {
                let image = import.plan.image.to_string().into();
                let result = [("image_id".to_owned(), image)].into_iter().collect();
                let mut done = task.succeeded(result, now, lifetime)?;
                done.message = filling.has_failed().then(|| filling.reason());
                done
            }
            false => task.failed(filling.reason(), now, lifetime)?,
        };
        Ok(TaskStep::Moved {
            task: ended,
            from: task.status(),
        })
    }

    /// Makes the last change, with which the intent ends; `None` where it has to be tried anew.
    async fn commit_last(
        &self,
        import: &Import,
        change: Change,
    ) -> Result<Option<Vec<Intent>>, Error> {
        let change = change
            .ending(import.intent.id.clone(), self.holder.as_ref().clone())
            .beginning(self.staged_removal(import));
        match self.catalog.commit(&change).await {
            Ok(_) => Ok(Some(change.begun)),
            Err(CatalogError::Conflict | CatalogError::NotFound) => {
                self.keep_import(&import.intent).await?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The intent to remove what was staged; the node whose staging area it is finds it, where that
    /// is another.
    fn staged_removal(&self, import: &Import) -> Option<Intent> {
        let work = Work::Delete(import.staged()?.clone());
        let (now, store) = (self.now(), &import.intent.store);
        let removal = self.intent(import.plan.image, store, work, now);
        match self.stores.at_work(store) {
            Some(_) => Some(removal),
            None => Some(Intent {
                holder: Holder::nobody(),
                lease_until: now,
                ..removal
            }),
        }
    }

    /// Ends an import that is not to go on: the image is deleted, another import has its lock, or
    /// somebody ended the task.
    pub(super) async fn give_up(&self, import: &Import, mut filling: Filling) -> Result<(), Error> {
        if let Err(error) = self.keep_import(&import.intent).await {
            self.remove_late(import, &filling);
            return Err(error);
        }
        self.revert(import, &mut filling).await?;
        self.clean(import, &mut filling).await?;
        filling.unswept.extend(import.plan.stores.iter().cloned());
        let left = self.discard(import, &filling).await?;
        self.roll_back(import, &filling, STOPPED, left).await
    }

    /// Ends an import without what it was to bring, for a reason that its task tells; what is left to
    /// be removed becomes work of its own.
    pub(super) async fn roll_back(
        &self,
        import: &Import,
        filling: &Filling,
        reason: &str,
        left: Vec<Intent>,
    ) -> Result<(), Error> {
        for _ in 0..MAX_ATTEMPTS {
            let task = self.import_task_of(&import.intent).await?;
            let task = task.filter(|task| task.status() == TaskStatus::Processing);
            let failed = match &task {
                Some(task) => {
                    let (now, lifetime) = (self.now(), self.settings().task_lifetime);
                    Some((
                        task.failed(reason.to_owned(), now, lifetime)?,
                        task.status(),
                    ))
                }
                None => None,
            };
            let Some(seen) = self.catalog.find(import.plan.image, None).await? else {
                return self.forget(import, failed, &left).await;
            };
            let change = self.rolled_back(import, filling, seen.image)?;
            let mut change = change.beginning(left.iter().cloned());
            if let Some((task, from)) = failed {
                change = change.with_task(TaskStep::Moved { task, from });
            }
            if let Some(removals) = self.commit_last(import, change).await? {
                self.remove(removals).await;
                return Ok(());
            }
        }
        Err(Error::Contended {
            image: import.plan.image,
        })
    }

    /// Removes what came to stores after the lease was lost, unless it may be somebody's by now.
    fn remove_late(&self, import: &Import, filling: &Filling) {
        if self.settings().delayed_delete {
            return;
        }
        let landing = match filling.is_in_doubt {
            true => self.settings().lease,
            false => Duration::ZERO,
        };
        let stores = filling.stored.iter().map(|(store, _)| store);
        for id in stores.chain(&filling.unclean) {
            if let Some(known) = self.stores.get(id) {
                let place = Place {
                    store: Arc::clone(&known.store),
                    intent: import.intent.clone(),
                };
                self.remove_stray_later(&place, landing);
            }
        }
    }

    /// The image without the import, unless it is another's by now.
    fn rolled_back(
        &self,
        import: &Import,
        filling: &Filling,
        image: Image,
    ) -> Result<Change, Error> {
        let lock = image.import_lock();
        let is_free = lock.is_none() && image.status() == Status::Importing;
        let is_own = lock.as_ref() == Some(&import.task);
        let after = match is_free || is_own {
            true => {
                let mut tally = filling.tally.clone();
                let filled = self.stores.filled(&image);
                let stores = import.plan.stores.iter();
                tally.failed = stores
                    .filter(|store| !filled.contains(store))
                    .cloned()
                    .collect();
                image.import_left(&import.plan, &tally, self.now())?
            }
            false => image.clone(),
        };
        let change = Change::of_edit(image, after);
        Ok(match is_own {
            true => change.locking(LockStep::Dropped(import.task.clone())),
            false => change,
        })
    }

    /// Ends it where there is no image any more, unless something is left: nothing but the import
    /// explains that then.
    async fn forget(
        &self,
        import: &Import,
        failed: Option<(Task, TaskStatus)>,
        left: &[Intent],
    ) -> Result<(), Error> {
        if let Some((task, from)) = failed {
            match self.catalog.move_task(&task, from).await {
                Ok(()) | Err(CatalogError::Conflict | CatalogError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(url) = import.staged() {
            let Some(staging) = self.stores.at_work(&import.intent.store) else {
                // The node whose staging area it is removes it, and then this row.
                return Ok(());
            };
            self.keep_import(&import.intent).await?;
            match staging.delete(url).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if !left.is_empty() {
            return Err(Error::Contended {
                image: import.plan.image,
            });
        }
        let intent = &import.intent.id;
        Ok(self.catalog.end_intent(intent, &self.holder).await?)
    }

    /// Removes data to which no location is to lead.
    async fn revert(&self, import: &Import, filling: &mut Filling) -> Result<(), Error> {
        while let Some((id, location)) = filling.stored.last() {
            if let Some(known) = self.stores.get(id) {
                self.keep_import(&import.intent).await?;
                let removing = async { Ok(known.store.delete(&location.url).await) };
                match self.while_held(&import.intent, removing).await? {
                    Ok(()) | Err(StoreError::NotFound { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            filling.stored.pop();
        }
        Ok(())
    }

    /// Removes data that may stand where none was committed for sure, once it has had the time to
    /// land there.
    async fn clean(&self, import: &Import, filling: &mut Filling) -> Result<(), Error> {
        let intent = &import.intent;
        if filling.is_in_doubt {
            let landing = self.runtime.executor.sleep(self.settings().lease);
            let landing = async {
                landing.await;
                Ok(())
            };
            self.while_held(intent, landing).await?;
            filling.is_in_doubt = false;
        }
        while let Some(id) = filling.unclean.first().cloned() {
            if let Some(known) = self.stores.get(&id) {
                let vacating = self.vacate_unfilled(import, known.store.as_ref());
                self.while_held(intent, vacating).await?;
            }
            filling.unclean.remove(&id);
        }
        Ok(())
    }
}

fn stores_of(filling: &Filling) -> Vec<StoreId> {
    let stored = filling.stored.iter();
    stored.map(|(store, _)| store.clone()).collect()
}

/// What is told of an import that was not to go on.
const STOPPED: &str = "the image was deleted, or somebody else ended the import";
