//! Signs of life of an import, and what stops it.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::{Either, select};

use super::super::glance::Glance;
use super::super::image_data::Place;
use super::Import;
use crate::domain::{Intent, Location, Task, TaskStatus, Timestamp};
use crate::error::Error;
use crate::ports::{BlobWriter, CatalogError, StoreError};

impl Glance {
    /// Makes sure that the import is still this process's, and for a while. Once another node had it,
    /// it is not taken back: what this process knows of the stores is wrong by then.
    pub(super) async fn keep_import(&self, intent: &Intent) -> Result<(), Error> {
        loop {
            let until = self.now().after(self.settings().lease);
            // No lease has ended by then, so that none of others is taken over.
            let never = Timestamp::from_micros(0);
            let renewed = self
                .catalog
                .renew_intent(&intent.id, &self.holder, never, until);
            if !renewed.await? {
                return Err(Error::Gone {
                    image: intent.image,
                });
            }
            // A lease that was long in coming may be at its end.
            if self.now().after(self.settings().lease / 2) <= until {
                return Ok(());
            }
        }
    }

    /// Commits what was written, and meanwhile shows signs of life. Nothing stops it: its outcome
    /// would be in doubt.
    ///
    /// # Errors
    /// The import is no longer this process's: nothing is committed.
    pub(super) async fn commit_imported(
        &self,
        Place { store, intent }: &Place,
        writer: Box<dyn BlobWriter>,
    ) -> Result<Result<Location, StoreError>, Error> {
        self.keep_import(intent).await?;
        let heartbeat = async {
            loop {
                self.runtime.executor.sleep(self.settings().lease / 6).await;
                if matches!(self.keep_import(intent).await, Err(Error::Gone { .. })) {
                    return pending::<Infallible>().await;
                }
            }
        };
        let committed = match select(writer.commit(), std::pin::pin!(heartbeat)).await {
            Either::Left((committed, _)) => committed,
            Either::Right((never, _)) => match never {},
        };
        Ok(committed.map(|location| self.stores.labelled(location, store.id())))
    }

    /// Runs work, and meanwhile shows signs of life, to the task as well. The work stops where the
    /// image is deleted, another has its lock, or somebody ended the task.
    pub(super) async fn while_importing<T>(
        &self,
        import: &Import,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let watch = async {
            let mut told = import.read.load(Ordering::Relaxed);
            loop {
                self.runtime.executor.sleep(self.settings().lease / 6).await;
                let held = self.keep_import(&import.intent).await;
                let goes_on = self.tell_progress(import, &mut told).await;
                // A catalog that does not answer says nothing of the image: the work goes on.
                if matches!(held, Err(Error::Gone { .. }))
                    || matches!(goes_on, Err(Error::Gone { .. }))
                {
                    return;
                }
            }
        };
        match select(std::pin::pin!(work), std::pin::pin!(watch)).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(Error::Gone {
                image: import.plan.image,
            }),
        }
    }

    /// Tells how much was read, where that is more than before, and now and then that somebody is
    /// still at it.
    async fn tell_progress(&self, import: &Import, told: &mut u64) -> Result<(), Error> {
        self.own_image(import).await?;
        let task = self.import_task_of(&import.intent).await?;
        let is_over = |task: &Task| task.status() != TaskStatus::Processing;
        let gone = || Error::Gone {
            image: import.plan.image,
        };
        let mut task = task.filter(|task| !is_over(task)).ok_or_else(gone)?;
        let read = import.read.load(Ordering::Relaxed);
        let is_new = read != *told;
        // One that waits for its turn, or for a plugin, keeps its lock.
        if !is_new && self.now().since(task.updated_at) < SILENCE {
            return Ok(());
        }
        if is_new {
            *told = read;
            task.message = Some(format!("Copied {} MiB", read >> 20));
        }
        task.updated_at = self.now().max(task.updated_at);
        match self.catalog.move_task(&task, TaskStatus::Processing).await {
            Err(CatalogError::Conflict | CatalogError::NotFound) => Err(gone()),
            result => Ok(result?),
        }
    }

    /// Runs work that nothing but a lost lease stops.
    pub(super) async fn while_held<T>(
        &self,
        intent: &Intent,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let heartbeat = async {
            loop {
                self.runtime.executor.sleep(self.settings().lease / 6).await;
                if let Err(gone @ Error::Gone { .. }) = self.keep_import(intent).await {
                    return Err::<Infallible, _>(gone);
                }
            }
        };
        match select(std::pin::pin!(work), std::pin::pin!(heartbeat)).await {
            Either::Left((result, _)) => result,
            Either::Right((Err(gone), _)) => Err(gone),
            Either::Right((Ok(never), _)) => match never {},
        }
    }
}

/// How long a task is left as it is: well below what makes its lock lost.
const SILENCE: Duration = Duration::from_secs(15 * 60);
