//! Images that wait for data which nobody brings go back in the queue.

use std::sync::Arc;

use super::glance::Glance;
use super::image_data::Place;
use super::scrub::Scrubbed;
use crate::domain::query::{Direction, ImageQuery, Listed, Page, Sort, SortKey};
use crate::domain::{
    Change, IMPORT_LOCK, IMPORTING_TO_STORES, Image, ImageId, LockStep, Status, TaskStatus,
    TaskStep, Timestamp, Viewer, Work,
};
use crate::error::Error;
use crate::ports::CatalogError;

impl Glance {
    /// Puts images back in the queue that a Python node was importing when it died: it leaves no
    /// intent, but a lock whose task shows no sign of life (upstream's times). One that has data is
    /// left to people.
    pub(super) async fn requeue_left_imports(&self, done: &mut Scrubbed) -> Result<(), Error> {
        for hidden in [false, true] {
            let mut query = importing_first(hidden);
            let mut is_over = false;
            while !is_over {
                let page = self.catalog.list(&query, &everything()).await?;
                let Some(last) = page.last() else {
                    break;
                };
                query.page.after = Some(query.sort.position(last));
                is_over = last.status() != Status::Importing;
                for image in &page {
                    match self.requeue_left(image).await {
                        Ok(false) => {}
                        Ok(true) => done.imports += 1,
                        Err(error) => {
                            done.failures += 1;
                            tracing::warn!(
                                image.id = %image.id, error = &error as &dyn std::error::Error,
                                "what a dead node was importing could not be queued again; it is \
                                 tried again later"
                            );
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn requeue_left(&self, image: &Image) -> Result<bool, Error> {
        let lock = image.import_lock();
        let Some(lock) = lock.filter(|_| image.status() == Status::Importing) else {
            return Ok(false);
        };
        // Whoever has an intent is followed by whoever finds that.
        let is_worked_on = !self.catalog.intents_of(image.id).await?.is_empty();
        if is_worked_on || !image.locations.is_empty() {
            return Ok(false);
        }
        let task = self.catalog.find_task(&lock).await?;
        if task.is_some_and(|task| !task.has_lost_its_lock(self.now())) {
            return Ok(false);
        }
        match self.requeue(image).await {
            Ok(()) => {
                tracing::info!(
                    image.id = %image.id, task.id = %lock,
                    "queued again: nobody goes on with its import"
                );
                Ok(true)
            }
            // Somebody was first.
            Err(
                Error::Catalog(CatalogError::Conflict | CatalogError::NotFound)
                | Error::Gone { .. },
            ) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes an image without data up as an upload that broke off, which is then undone; the task that
    /// has its import lock fails. What it left in other stores is nobody's from then on.
    ///
    /// # Errors
    /// It has changed since it was read; what it left cannot be removed: the scrubber goes on with
    /// that.
    pub(super) async fn requeue(&self, image: &Image) -> Result<(), Error> {
        let store = match (image.status(), self.stores.staging()) {
            (Status::Uploading | Status::Importing, Some(staging)) => staging,
            _ => self.stores.chosen(None)?,
        };
        let now = self.now();
        let intent = self.intent(image.id, store.id(), Work::Upload, now);
        let mut taken = image.clone();
        taken.touch(now);
        taken
            .properties
            .retain(|name, _| ![IMPORT_LOCK, IMPORTING_TO_STORES].contains(&name.as_str()));
        let mut change = Change::of_edit(image.clone(), taken).beginning([intent.clone()]);
        if let Some(lock) = image.import_lock() {
            if let Some(task) = self.catalog.find_task(&lock).await?
                && let from @ (TaskStatus::Pending | TaskStatus::Processing) = task.status()
            {
                let task = task.failed(LEFT.to_owned(), now, self.settings().task_lifetime)?;
                change = change.with_task(TaskStep::Moved { task, from });
            }
            change = change.locking(LockStep::Dropped(lock));
        }
        let _at_work = self.at_work.on(intent.id.clone());
        self.catalog.commit(&change).await?;
        self.keep_lease(&intent).await?;
        let store = Arc::clone(store);
        self.undo_upload(&Place { store, intent }).await
    }
}

/// A page of images that begins with those being imported: by status, for which there is an index.
fn importing_first(hidden: bool) -> ImageQuery {
    let sort = Sort::by([(SortKey::Status, Direction::Ascending)]);
    let first = Image::queued(ImageId::from_bits(0), Timestamp::from_micros(0));
    let first = sort.position(&first.stored_as(Status::Importing));
    ImageQuery {
        listed: Listed::All,
        member_status: None,
        hidden,
        sort,
        page: Page {
            limit: AT_ONCE,
            after: Some(first),
        },
        ..ImageQuery::default()
    }
}

fn everything() -> Viewer {
    Viewer {
        project: None,
        admin: true,
    }
}

/// What is told of a task that nobody goes on with.
const LEFT: &str = "whoever was at it shows no sign of life: the image is queued again";

/// How many images are read at once.
const AT_ONCE: u32 = 100;
