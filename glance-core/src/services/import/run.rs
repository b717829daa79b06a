//! A run of an import, and steps that only its holder takes.

use futures::FutureExt;
use futures::channel::oneshot;

use super::super::changes::MAX_ATTEMPTS;
use super::super::glance::Glance;
use super::fill::warn_unswept;
use super::remote::Envoy;
use super::stop::MOST_TAKE_OVERS;
use super::{Filling, Import, ends_work};
use crate::domain::{
    Change, Image, ImportMethod, ImportPlan, Intent, LockStep, Status, Task, TaskId, TaskStatus,
    Work,
};
use crate::error::Error;
use crate::ports::{BlobKey, CatalogError, ImageStore};

impl Glance {
    /// Takes over an import whose process is gone; `false` where somebody else took it, or has to.
    pub(in super::super) async fn take_over_import(&self, intent: &Intent) -> Result<bool, Error> {
        let is_there = self.catalog.find(intent.image, None).await?.is_some();
        let is_staged = matches!(intent.work, Work::Import(Some(_)));
        if !is_there && is_staged && self.stores.at_work(&intent.store).is_none() {
            // All that is left is in the staging area of another node.
            return Ok(false);
        }
        let now = self.now();
        let until = now.after(self.settings().lease);
        let taken = self.catalog.take_over(&intent.id, &self.holder, now, until);
        let Some(take_overs) = taken.await? else {
            return Ok(false);
        };
        let at_work = self.at_work.on(intent.id.clone());
        let (glance, intent) = (self.clone(), intent.clone());
        let work = async move {
            let _at_work = at_work;
            glance.run_to_end(&intent, take_overs, None).await;
        };
        self.runtime.executor.spawn(work.boxed());
        Ok(true)
    }

    /// Makes the commit that begins an import, and goes on in the background; gives what came of the
    /// commit. In a task of its own from there on: whoever asks may go away at any moment.
    pub(super) async fn begin_import<T: Send + 'static>(
        &self,
        intent: Intent,
        envoy: Option<Envoy>,
        commit: impl Future<Output = Result<T, CatalogError>> + Send + 'static,
    ) -> Result<Result<T, CatalogError>, Error> {
        let (sender, receiver) = oneshot::channel();
        let glance = self.clone();
        let at_work = self.at_work.on(intent.id.clone());
        let work = async move {
            let _at_work = at_work;
            let begun = commit.await;
            let is_begun = begun.is_ok();
            // Nobody may wait for it any more.
            let _ = sender.send(begun);
            if is_begun {
                glance.run_to_end(&intent, 0, envoy).await;
            }
        };
        self.runtime.executor.spawn(work.boxed());
        receiver.await.map_err(|_| Error::Stopping)
    }

    /// Runs an import that has just begun, or was taken over so many times, and logs what stops it.
    pub(super) async fn run_to_end(&self, intent: &Intent, take_overs: u64, envoy: Option<Envoy>) {
        match self.run_import(intent, take_overs, envoy).await {
            // Deleted meanwhile, or another process is at it.
            Ok(()) | Err(Error::Gone { .. }) => {}
            Err(error) => tracing::warn!(
                image.id = %intent.image, task.id = %intent.id,
                error = &error as &dyn std::error::Error,
                "an import could not be brought to its end; it is taken up again later"
            ),
        }
    }

    async fn run_import(
        &self,
        intent: &Intent,
        take_overs: u64,
        envoy: Option<Envoy>,
    ) -> Result<(), Error> {
        self.keep_import(intent).await?;
        let task = self.begun_task(intent).await?;
        let plan = task.and_then(|task| ImportPlan::of_task(&task, &intent.store));
        let image = self.catalog.find(intent.image, None).await?;
        let image = image.map(|seen| seen.image);
        let plan = plan.unwrap_or_else(|| self.plan_without_task(intent, image.as_ref()));
        let import = Import::new(intent, plan, envoy);
        if take_overs > MOST_TAKE_OVERS {
            return self.stop_import(&import).await;
        }
        let mut filling = Filling::of(&import);
        if take_overs > 0 {
            let clearing = self.clear_unfilled(&import, image.as_ref(), &mut filling);
            self.while_held(intent, clearing).await?;
        }
        let filled = match self.own_image(&import).await {
            Ok(_) => self.fill(&import, &mut filling).await,
            Err(error) => Err(error),
        };
        match filled {
            Ok(()) => self.end_import(&import, filling).await,
            Err(Error::Gone { .. }) => self.give_up(&import, filling).await,
            Err(error) => Err(error),
        }
    }

    /// The task of an import, with somebody at work on it.
    async fn begun_task(&self, intent: &Intent) -> Result<Option<Task>, Error> {
        let task = match self.import_task_of(intent).await? {
            Some(task) if task.status() == TaskStatus::Pending => task,
            task => return Ok(task),
        };
        let begun = task.begun(self.now())?;
        match self.catalog.move_task(&begun, TaskStatus::Pending).await {
            Ok(()) => Ok(Some(begun)),
            Err(CatalogError::Conflict | CatalogError::NotFound) => {
                self.import_task_of(intent).await
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn import_task_of(&self, intent: &Intent) -> Result<Option<Task>, Error> {
        let id = TaskId::stored(intent.id.to_string());
        Ok(self.catalog.find_task(&id).await?)
    }

    /// What an import may have been, of which no row tells any more: for whoever clears up.
    fn plan_without_task(&self, intent: &Intent, image: Option<&Image>) -> ImportPlan {
        let is_importing = image.is_some_and(|image| image.status() == Status::Importing);
        let written = self.stores.all().iter();
        let written = written.filter(|known| known.store.capabilities().write);
        ImportPlan {
            image: intent.image,
            method: match is_importing {
                true => ImportMethod::WebDownload,
                false => ImportMethod::CopyImage,
            },
            uri: None,
            remote: None,
            stores: written.map(|known| known.id().clone()).collect(),
            all_must_succeed: false,
            roles: Vec::new(),
            is_creation: false,
        }
    }

    /// Removes what an earlier process may have left where no location is.
    pub(super) async fn clear_unfilled(
        &self,
        import: &Import,
        image: Option<&Image>,
        filling: &mut Filling,
    ) -> Result<(), Error> {
        let filled = image.map(|image| self.stores.filled(image));
        let filled = filled.unwrap_or_default();
        for id in &import.plan.stores {
            let Some(known) = self.stores.get(id).filter(|_| !filled.contains(id)) else {
                continue;
            };
            let store = known.store.as_ref();
            self.keep_import(&import.intent).await?;
            if let Err(error) = store.discard(&BlobKey::of(&import.intent)).await {
                warn_unswept(&import.intent, id, &error);
            }
            // The earlier process may live, and begin to write before it finds that it lost the lease.
            filling.unswept.insert(id.clone());
            if let Err(error) = self.vacate_unfilled(import, store).await {
                if ends_work(&error) {
                    return Err(error);
                }
                filling.unclean.insert(id.clone());
                filling.store_failed(id, &error);
            }
        }
        Ok(())
    }

    /// Removes the blob that stands where the import commits to, unless it is somebody's: the image
    /// has a location in that store, another import has the lock, or the image waits for its end
    /// with what it has.
    pub(super) async fn vacate_unfilled(
        &self,
        import: &Import,
        store: &dyn ImageStore,
    ) -> Result<(), Error> {
        let plan = &import.plan;
        let seen = self.catalog.find(plan.image, None).await?;
        let is_nobodys = match seen.map(|seen| seen.image) {
            Some(image) => {
                let lock = image.import_lock();
                let mut urls = image.locations.iter().map(|location| &location.url);
                lock.is_none_or(|lock| lock == import.task) && !urls.any(|url| store.owns(url))
            }
            None => {
                let had_none = plan.method != ImportMethod::CopyImage && plan.all_must_succeed;
                had_none || !self.settings().delayed_delete
            }
        };
        if is_nobodys {
            self.keep_import(&import.intent).await?;
            store.vacate(plan.image).await?;
        }
        Ok(())
    }

    /// The image, while this import has its lock and goes on.
    pub(super) async fn own_image(&self, import: &Import) -> Result<Image, Error> {
        let id = import.plan.image;
        let seen = self.catalog.find(id, None).await?;
        let image = seen
            .map(|seen| seen.image)
            .filter(|image| image.import_lock().as_ref() == Some(&import.task));
        image.ok_or(Error::Gone { image: id })
    }

    /// Makes every store that has the data a location of the image, which is active then.
    pub(super) async fn record(&self, import: &Import, filling: &mut Filling) -> Result<(), Error> {
        for _ in 0..MAX_ATTEMPTS {
            let image = self.own_image(import).await?;
            let after = self.with_stored(&image, filling)?;
            let change = Change::of_edit(image, after).locking(LockStep::Held(import.task.clone()));
            match self.catalog.commit(&self.held(change, import)).await {
                Ok(_) => {
                    let stored = filling.stored.drain(..).map(|(store, _)| store);
                    filling.tally.filled.extend(stored);
                    return Ok(());
                }
                // It was edited meanwhile; or it is not this process's any more.
                Err(CatalogError::Conflict | CatalogError::NotFound) => {
                    self.keep_import(&import.intent).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Contended {
            image: import.plan.image,
        })
    }

    /// The image with what is stored as locations.
    pub(super) fn with_stored(&self, image: &Image, filling: &Filling) -> Result<Image, Error> {
        let is_first = image.status() == Status::Importing;
        let arrived = filling.arrived.as_ref().filter(|_| is_first);
        if let Some(arrived) = arrived {
            self.fit(image, arrived)?;
        }
        let imported = arrived.map(|arrived| &arrived.imported);
        Ok(image.import_stored(&filling.stored, imported, self.now())?)
    }

    /// The same change, which only the holder of the import makes, and holds it on.
    fn held(&self, change: Change, import: &Import) -> Change {
        let renewed = Intent {
            holder: self.holder.as_ref().clone(),
            lease_until: self.now().after(self.settings().lease),
            ..import.intent.clone()
        };
        change
            .ending(renewed.id.clone(), renewed.holder.clone())
            .beginning([renewed])
    }
}
