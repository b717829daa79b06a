//! Signs of life of an import, and what stops it.

use std::future::Future;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
        // No lease has ended by then, so that none of others is taken over.
        let never = |_| Timestamp::from_micros(0);
        self.renew(intent, never).await
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
        let sign = || self.keep_import(intent);
        let committed = self.beside_signs(sign, writer.commit()).await;
        Ok(committed.map(|location| self.stores.labelled(location, store.id())))
    }

    /// Runs work, and meanwhile shows signs of life, to the task as well. The work stops where the
    /// image is deleted, another has its lock, or somebody ended the task.
    pub(super) async fn while_importing<T>(
        &self,
        import: &Import,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let told = Mutex::default();
        let sign = || async {
            let held = self.keep_import(&import.intent).await;
            let goes_on = self.tell_progress(import, &told).await;
            match held {
                Err(Error::Gone { .. }) => held,
                _ => goes_on,
            }
        };
        self.while_signs_pass(sign, work).await
    }

    /// Tells how far it is, where that is news, and now and then that somebody is still at it: one that
    /// waits for its turn, or for a plugin, keeps its lock.
    async fn tell_progress(
        &self,
        import: &Import,
        told: &Mutex<Option<String>>,
    ) -> Result<(), Error> {
        self.own_image(import).await?;
        let task = self.import_task_of(&import.intent).await?;
        let is_over = |task: &Task| task.status() != TaskStatus::Processing;
        let gone = || Error::Gone {
            image: import.plan.image,
        };
        let mut task = task.filter(|task| !is_over(task)).ok_or_else(gone)?;
        let progress = import.progress.told();
        let is_news = progress.is_some() && {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            mem::replace(&mut *told, progress.clone()) != progress
        };
        if !is_news && self.now().since(task.updated_at) < SILENCE {
            return Ok(());
        }
        if is_news {
            task.message = progress;
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
        self.while_signs_pass(|| self.keep_import(intent), work)
            .await
    }
}

/// How long a task is left as it is: well below what makes its lock lost.
const SILENCE: Duration = Duration::from_secs(15 * 60);
