//! Reading data that somebody else wrote for its hash (rule R13), and for its signature where its image
//! is not active before that.

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};

use super::at_work::Room;
use super::changes::MAX_ATTEMPTS;
use super::glance::Glance;
use super::transfer::{Limits, Received, digest};
use crate::domain::{
    BlobUrl, Change, Event, HashAlgorithm, Image, Intent, ProjectId, Status, Task, TaskId,
    TaskStatus, TaskStep, Work,
};
use crate::error::Error;
use crate::ports::{BoxError, ByteStream, CatalogError, ImageStore, SignatureError, StoreError};

impl Glance {
    /// Reads the data of an image for its hash, in the background; `false` where there is no room
    /// for that now, or none for its owner. Then the lease runs out, and whoever has room takes the
    /// work over.
    pub(super) fn start_hashing(&self, intent: &Intent, owner: Option<&ProjectId>) -> bool {
        let Some(at_work) = self.hashing.on_with_room(&intent.id, owner, ROOM) else {
            return false;
        };
        let (glance, intent) = (self.clone(), intent.clone());
        let work = async move {
            let _at_work = at_work;
            match glance.hash(&intent).await {
                // Deleted meanwhile, or another process is at it.
                Ok(()) | Err(Error::Gone { .. }) => {}
                Err(error) => tracing::warn!(
                    image.id = %intent.image, store = %intent.store,
                    error = &error as &dyn std::error::Error,
                    "the hash of an image could not be settled; the scrubber will try again"
                ),
            }
        };
        self.runtime.executor.spawn(work.boxed());
        true
    }

    async fn hash(&self, intent: &Intent) -> Result<(), Error> {
        self.keep_lease(intent).await?;
        let Some(known) = self.stores.get(&intent.store) else {
            return Ok(());
        };
        let store = known.store.as_ref();
        let Some((image, url)) = self.waiting(intent).await? else {
            return self.end_hash(intent, Found::Nothing).await;
        };
        let read = self.read_for_hash(store, url, &image, intent);
        match self.while_alive(intent, read).await {
            Ok(received) => self.settle_hash(store, intent, Ok(received)).await,
            // A delete won; what there was to read is gone.
            Err(gone @ Error::Gone { .. }) => {
                self.end_hash(intent, Found::Nothing).await?;
                Err(gone)
            }
            Err(error) => {
                tracing::warn!(
                    image.id = %intent.image, store = %intent.store,
                    error = &error as &dyn std::error::Error,
                    "the data at a location cannot be read for its hash"
                );
                self.settle_hash(store, intent, Err(error)).await
            }
        }
    }

    /// The image, if its hash is still to be found at the place of the intent.
    async fn waiting<'i>(&self, intent: &'i Intent) -> Result<Option<(Image, &'i BlobUrl)>, Error> {
        let Work::Hash(url) = &intent.work else {
            return Ok(None);
        };
        let seen = self.catalog.find(intent.image, None).await?;
        Ok(seen
            .map(|seen| seen.image)
            .filter(|image| image.awaits_hash(url))
            .map(|image| (image, url)))
    }

    async fn read_for_hash(
        &self,
        store: &dyn ImageStore,
        url: &BlobUrl,
        image: &Image,
        intent: &Intent,
    ) -> Result<Received, Error> {
        let expected = image.multihash.as_ref();
        let algorithm = match expected.map(|hash| hash.algorithm.parse::<HashAlgorithm>()) {
            Some(Ok(algorithm)) => algorithm,
            _ => self.settings().hash,
        };
        let mut attempt = 1;
        loop {
            let limits = Limits {
                expected: image.size,
                most: None,
                allowance: None,
            };
            let read = async {
                // What an active image says of a signature, it said later.
                let signed = match image.status() {
                    Status::Importing => self.signature_check(image).await?,
                    _ => None,
                };
                let body = self.in_good_time(store.read(url, None).await?);
                digest(&self.runtime.executor, body, algorithm, limits, signed).await
            };
            let error = match read.await {
                Err(
                    error @ (Error::Store(StoreError::NotFound { .. })
                    | Error::Signature(SignatureError::Mismatch)),
                ) => return Err(error),
                Err(error) if attempt >= self.settings().locations.hash_attempts => {
                    return Err(error);
                }
                Err(error) => error,
                read => return read,
            };
            tracing::info!(
                image.id = %intent.image, store = %intent.store, attempt,
                error = &error as &dyn std::error::Error,
                "the data at a location could not be read for its hash; it is tried again"
            );
            attempt += 1;
            self.runtime.executor.sleep(PAUSE).await;
        }
    }

    /// The same bytes, and an error where they come so slowly that their reader would keep the place
    /// of others for as long as whoever sends them likes (rule R11).
    fn in_good_time(&self, body: ByteStream) -> ByteStream {
        let (clock, begun) = (Arc::clone(&self.runtime.clock), self.now());
        let mut read = 0_u64;
        ByteStream::new(body.map(move |chunk| {
            let chunk = chunk.map_err(BoxError::from)?;
            read += chunk.len() as u64;
            let late = clock.now().since(begun).saturating_sub(PATIENCE).as_secs();
            if read / SLOWEST < late {
                return Err(BoxError::from("the data comes too slowly"));
            }
            Ok(chunk)
        }))
    }

    /// Ends the work with what was found: the image, its task and the intent in one change.
    async fn settle_hash(
        &self,
        store: &dyn ImageStore,
        intent: &Intent,
        received: Result<Received, Error>,
    ) -> Result<(), Error> {
        for _ in 0..MAX_ATTEMPTS {
            let Some((image, url)) = self.waiting(intent).await? else {
                break;
            };
            let (after, found) = match &received {
                Ok(received) => self.settled(store, url, intent, &image, received).await?,
                // Active without a hash, and so it stays.
                Err(_) if image.status() != Status::Importing => {
                    return self.end_hash(intent, Found::Good).await;
                }
                Err(bad @ Error::Signature(SignatureError::Mismatch)) => {
                    let refused = self.refuse(store, url, intent, &image, Some(bad));
                    (refused.await?, Found::Bad(bad.to_string()))
                }
                // It may be read another time, when somebody names it again.
                Err(error) => {
                    let unread = Found::Bad(match error {
                        Error::InvalidSignature(_) | Error::Signature(_) => error.to_string(),
                        error => format!("the data cannot be read: {error}"),
                    });
                    (self.left_out(store, &image)?, unread)
                }
            };
            // As it was judged: its formats may be edited until it is active.
            let mut change = Change::of_edit(image, after)
                .ending(intent.id.clone(), self.holder.as_ref().clone());
            if let Some((task, from)) = self.ended_hash_task(intent, &found).await? {
                change = change.with_task(TaskStep::Moved { task, from });
            }
            match self.catalog.commit(&change).await {
                Ok(_) => return Ok(()),
                Err(CatalogError::NotFound) => break,
                // It was changed meanwhile, or somebody else took the work over.
                Err(CatalogError::Conflict) => self.keep_lease(intent).await?,
                Err(error) => return Err(error.into()),
            }
        }
        self.end_hash(intent, Found::Nothing).await
    }

    /// Ends the work where the image stays as it is: its task first, which may be ended twice.
    async fn end_hash(&self, intent: &Intent, found: Found) -> Result<(), Error> {
        if let Some((task, from)) = self.ended_hash_task(intent, &found).await? {
            match self.catalog.move_task(&task, from).await {
                Ok(()) | Err(CatalogError::Conflict | CatalogError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.catalog.end_intent(&intent.id, &self.holder).await?)
    }

    /// The task of the work at its end, and the status that it is in, where it has one that goes on:
    /// it bears the id of the intent.
    async fn ended_hash_task(
        &self,
        intent: &Intent,
        found: &Found,
    ) -> Result<Option<(Task, TaskStatus)>, Error> {
        let id = TaskId::stored(intent.id.to_string());
        let task = self.catalog.find_task(&id).await?;
        let Some(task) = task.filter(|task| task.status() == TaskStatus::Processing) else {
            return Ok(None);
        };
        let failed = |reason: &str| {
            task.failed(reason.to_owned(), self.now(), self.settings().task_lifetime)
        };
        let ended = match found {
            Found::Good => self.succeeded(&task)?,
            Found::Bad(reason) => failed(reason)?,
            Found::Nothing => failed(OVERTAKEN)?,
        };
        Ok(Some((ended, task.status())))
    }

    /// The image without its data, back in the queue. Of data that its store does not remove it keeps
    /// the note where it is, as upstream does.
    fn left_out(&self, store: &dyn ImageStore, image: &Image) -> Result<Image, Error> {
        Ok(image.without_data(!store.capabilities().delete, self.now())?)
    }

    /// The image with what is known of its data now, and what that is.
    async fn settled(
        &self,
        store: &dyn ImageStore,
        url: &BlobUrl,
        intent: &Intent,
        image: &Image,
        received: &Received,
    ) -> Result<(Image, Found), Error> {
        let rejected = self.accept(image, &received.report).err();
        let refused = || {
            Found::Bad(match &rejected {
                Some(error) => error.to_string(),
                None => "the data has another hash than is expected of it".to_owned(),
            })
        };
        match image.hashed(&received.content, self.now()) {
            Some(after) if rejected.is_none() => Ok((after, Found::Good)),
            // It was acceptable when it was looked at, and has changed since.
            Some(after) if image.status() == Status::Active => {
                warn_changed(intent, rejected.as_ref());
                let after = after.after(Event::Deactivated, self.now())?;
                Ok((after.with_refused_data(), refused()))
            }
            // It was not downloaded before, and is not to be.
            Some(after) if image.status() == Status::Deactivated => {
                Ok((after.with_refused_data(), refused()))
            }
            _ => {
                let queued = self.refuse(store, url, intent, image, rejected.as_ref());
                Ok((queued.await?, refused()))
            }
        }
    }

    /// The image without data that is not what it was said to be.
    async fn refuse(
        &self,
        store: &dyn ImageStore,
        url: &BlobUrl,
        intent: &Intent,
        image: &Image,
        rejected: Option<&Error>,
    ) -> Result<Image, Error> {
        warn_refused(intent, rejected);
        self.keep_lease(intent).await?;
        self.remove_refused(store, url, intent).await?;
        self.left_out(store, image)
    }

    /// Removes data that is not what it was said to be, as upstream does, before the image lets go
    /// of it: back in the queue, the next upload may want its place.
    async fn remove_refused(
        &self,
        store: &dyn ImageStore,
        url: &BlobUrl,
        intent: &Intent,
    ) -> Result<(), Error> {
        if !store.capabilities().delete {
            return Ok(());
        }
        match store.delete(url).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error @ StoreError::Unavailable { .. }) => Err(error.into()),
            // It would fail again and again, and the image never leave its status.
            Err(error) => {
                tracing::warn!(
                    image.id = %intent.image, store = %intent.store,
                    error = &error as &dyn std::error::Error,
                    "data that is refused stays: the store does not remove it"
                );
                Ok(())
            }
        }
    }
}

/// What came of the work, as its task tells it.
enum Found {
    /// The data is what it was said to be, as far as that can be told.
    Good,
    /// It is not, or cannot be read.
    Bad(String),
    /// The image does not wait for it any more.
    Nothing,
}

fn warn_refused(intent: &Intent, rejected: Option<&Error>) {
    tracing::warn!(
        image.id = %intent.image, store = %intent.store,
        error = rejected.map(|error| error as &dyn std::error::Error),
        "the data at a location is not what it was said to be: the image is queued again"
    );
}

fn warn_changed(intent: &Intent, rejected: Option<&Error>) {
    tracing::error!(
        image.id = %intent.image, store = %intent.store,
        error = rejected.map(|error| error as &dyn std::error::Error),
        "the data at a location has changed and is refused now: the image is deactivated"
    );
}

/// What is told of a hash that nobody needs any more.
const OVERTAKEN: &str = "the image was deleted, or has other data by now";

/// How much later than at the slowest rate data may come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes a second.
const SLOWEST: u64 = 1 << 20;

/// Between two attempts to read.
const PAUSE: Duration = Duration::from_secs(1);

/// How much of the machine and the network goes into hashes, at most.
const ROOM: Room = Room {
    of_all: 8,
    of_one: 2,
};

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::executor::block_on;
    use futures::{TryStreamExt, stream};

    use super::*;
    use crate::memory::MemoryGlance;

    #[test]
    fn data_that_comes_too_slowly_is_given_up() {
        let memory = MemoryGlance::new();
        let glance = memory.build().unwrap();
        let read = |chunk: usize| {
            let clock = memory.clock.clone();
            let chunks = stream::iter(0..100).map(move |_| {
                clock.advance(Duration::from_secs(50));
                Ok::<_, BoxError>(Bytes::from(vec![0; chunk]))
            });
            let body = glance.in_good_time(ByteStream::new(chunks));
            block_on(body.try_fold(0, async |sum, chunk| Ok(sum + chunk.len())))
        };

        assert!(read(1).is_err());
        assert_eq!(read(50 << 20).ok(), Some(100 * (50 << 20)));
    }
}
