//! Upload and download.

use std::future::Future;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, select};

use super::glance::Glance;
use super::transfer::{Limits, transfer};
use crate::domain::policy::Action;
use crate::domain::{
    ByteRange, Caller, Content, Image, ImageId, Intent, Location, RangeRequest, Resource, Status,
    Upload, Work,
};
use crate::error::Error;
use crate::ports::{BlobKey, ByteStream, CatalogError, Operation, StoreError};

/// What is said of data that is to come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadOptions {
    /// Bytes to come, if that is known: more or fewer are then refused.
    pub size: Option<u64>,
}

/// Data on its way out.
#[derive(Debug)]
pub struct Download {
    /// The image.
    pub image: Image,
    /// Bytes of the whole image.
    pub size: u64,
    /// Which of them are sent.
    pub range: ByteRange,
    /// Exactly those bytes, or an error.
    pub body: ByteStream,
}

impl Glance {
    /// Writes the data of a queued image, which is then active.
    ///
    /// The work goes on in the background where the future is dropped, and ends as it should: a
    /// body that breaks off puts the image back in the queue.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; it has data; a format is
    /// missing; the body breaks off or has another size; a limit is passed; the store is full or
    /// fails. The image is then back in the queue, and nothing of the data stays.
    pub async fn upload(
        &self,
        caller: &Caller,
        id: ImageId,
        body: ByteStream,
        options: UploadOptions,
    ) -> Result<Image, Error> {
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::UploadImage, &image)?;
        Resource::ImageBytes.check(
            options.size.unwrap_or(0),
            self.settings().quotas.image_bytes,
        )?;
        if !self.store.capabilities().write {
            let store = self.store.id().clone();
            return Err(StoreError::Unsupported {
                store,
                operation: Operation::Write,
            }
            .into());
        }
        let now = self.now();
        let intent = self.intent(id, Work::Upload, now);
        let (change, upload) = Upload::begin(&image, intent.clone(), now)?;

        // In a task of its own from the first commit on: whoever asks may go away at any moment.
        let (sender, receiver) = oneshot::channel();
        let glance = self.clone();
        let at_work = self.at_work.on(intent.id.clone());
        let work = async move {
            let _at_work = at_work;
            let result = match glance.catalog.commit(&change).await {
                Ok(_) => glance.write_data(upload, intent, body, options.size).await,
                // Another upload was first, or a delete.
                Err(CatalogError::Conflict | CatalogError::NotFound) => {
                    Err(Error::Contended { image: id })
                }
                Err(error) => Err(error.into()),
            };
            // Nobody may wait for it any more.
            let _ = sender.send(result);
        };
        self.runtime.executor.spawn(work.boxed());
        receiver.await.unwrap_or(Err(Error::Stopping))
    }

    /// Reads the data of an image, or a range of it. `None` where it has none.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; it is deactivated; the range
    /// holds no byte; the store fails.
    pub async fn download(
        &self,
        caller: &Caller,
        id: ImageId,
        range: Option<RangeRequest>,
    ) -> Result<Option<Download>, Error> {
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::DownloadImage, &image)?;
        match image.status() {
            Status::Deactivated if !caller.is_admin() => {
                return Err(Error::Deactivated { image: id });
            }
            Status::Active | Status::Deactivated => {}
            // Rule R7: whatever a row of another status says, there is no data to be served.
            _ => return Ok(None),
        }
        for location in &image.locations {
            if !self.store.owns(&location.url) {
                tracing::warn!(
                    image.id = %id, location = %location.url,
                    "the image has a location in no configured store"
                );
                continue;
            }
            match self.open(&image, location, range).await {
                Err(Error::Store(StoreError::NotFound { .. })) => tracing::error!(
                    image.id = %id, store = %self.store.id(), "the data of an image is missing"
                ),
                Err(error) => return Err(error),
                Ok((size, range, body)) => {
                    return Ok(Some(Download {
                        image,
                        size,
                        range,
                        body,
                    }));
                }
            }
        }
        Ok(None)
    }

    async fn open(
        &self,
        image: &Image,
        location: &Location,
        range: Option<RangeRequest>,
    ) -> Result<(u64, ByteRange, ByteStream), Error> {
        let size = match image.size {
            Some(size) => size,
            None => self.store.size(&location.url).await?,
        };
        let whole = ByteRange {
            offset: 0,
            length: size,
        };
        let Some(range) = range else {
            let body = self.store.read(&location.url, None).await?;
            return Ok((size, whole, body.exactly(size)));
        };
        if !self.store.capabilities().ranges {
            let store = self.store.id().clone();
            let operation = Operation::ReadRange;
            return Err(StoreError::Unsupported { store, operation }.into());
        }
        let range = range.resolve(size)?;
        let body = self.store.read(&location.url, Some(range)).await?;
        Ok((size, range, body.exactly(range.length)))
    }

    /// Writes the data and ends the upload, one way or the other.
    async fn write_data(
        &self,
        upload: Upload,
        intent: Intent,
        body: ByteStream,
        size: Option<u64>,
    ) -> Result<Image, Error> {
        let key = BlobKey {
            size,
            ..BlobKey::of(&intent)
        };
        let error = match self.write_blob(&intent, &key, body).await {
            Ok((content, location)) => {
                return self.complete(upload, &intent, content, location).await;
            }
            Err(error) => error,
        };
        if let Err(unclean) = self.remove_leftovers(&intent, &key).await {
            // The intent stays, and with it the image in `saving`: the scrubber ends both.
            self.warn_unclean(&intent, &unclean);
            return Err(error);
        }
        Err(self.abandon(upload, &intent, error).await)
    }

    async fn write_blob(
        &self,
        intent: &Intent,
        key: &BlobKey,
        body: ByteStream,
    ) -> Result<(Content, Location), Error> {
        let settings = self.settings();
        let limits = Limits {
            expected: key.size,
            most: settings.quotas.image_bytes,
        };
        let mut writer = self.store.start(key).await?;
        let executor = &self.runtime.executor;
        let work = transfer(executor, body, writer.as_mut(), settings.hash, limits);
        let written = self.while_alive(intent, work).await;
        let kept = match written {
            Ok(content) => self.keep_lease(intent).await.map(|()| content),
            error => error,
        };
        match kept {
            Ok(content) => Ok((content, writer.commit().await?)),
            Err(error) => {
                if let Err(unclean) = writer.abort().await {
                    self.warn_unclean(intent, &unclean);
                }
                Err(error)
            }
        }
    }

    /// Removes what the upload left. While it is this process's to finish, whatever stands where
    /// the blob goes is nobody's data: the image has no location.
    async fn remove_leftovers(&self, intent: &Intent, key: &BlobKey) -> Result<(), Error> {
        self.store.discard(key).await?;
        match self.keep_lease(intent).await {
            Ok(()) => Ok(self.store.vacate(intent.image).await?),
            // Whoever took the work over removes the blob, too.
            Err(Error::Gone { .. }) => self.remove_stray(intent.image).await,
            Err(error) => Err(error),
        }
    }

    /// Makes sure that the upload is still this process's to finish, and for a while.
    pub(super) async fn keep_lease(&self, intent: &Intent) -> Result<(), Error> {
        loop {
            let now = self.now();
            let until = now.after(self.settings().lease);
            let renewed = self
                .catalog
                .renew_intent(&intent.id, &self.holder, now, until);
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

    /// Runs work, and meanwhile shows signs of life. A delete stops the work.
    async fn while_alive<T>(
        &self,
        intent: &Intent,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let heartbeat = async {
            loop {
                self.runtime.executor.sleep(self.settings().lease / 6).await;
                let held = self.keep_lease(intent).await;
                let there = self.catalog.find(intent.image, None).await;
                // A catalog that does not answer says nothing of the image: the work goes on.
                if matches!(held, Err(Error::Gone { .. })) || matches!(there, Ok(None)) {
                    return;
                }
            }
        };
        match select(std::pin::pin!(work), std::pin::pin!(heartbeat)).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(Error::Gone {
                image: intent.image,
            }),
        }
    }

    async fn complete(
        &self,
        upload: Upload,
        intent: &Intent,
        content: Content,
        location: Location,
    ) -> Result<Image, Error> {
        let url = location.url.clone();
        let change = upload.complete(content, location, self.now())?;
        match self.catalog.commit(&change).await {
            Ok(image) => Ok(image),
            Err(CatalogError::Conflict | CatalogError::NotFound) => {
                let removed = match self.keep_lease(intent).await {
                    Ok(()) => self.delete_blob(&url, intent).await,
                    Err(_) => self.remove_stray(intent.image).await,
                };
                if let Err(unclean) = removed {
                    self.warn_unclean(intent, &unclean);
                }
                Err(Error::Gone {
                    image: intent.image,
                })
            }
            // Whether it was made is not known: the intent, if it is still there, says it was not.
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a blob that was committed after its lease was lost. It may have been removed
    /// already, and another upload may be at its place: so that place is claimed first.
    async fn remove_stray(&self, image: ImageId) -> Result<(), Error> {
        let Some(seen) = self.catalog.find(image, None).await? else {
            return Ok(self.store.vacate(image).await?);
        };
        let now = self.now();
        let claim = self.intent(image, Work::Upload, now);
        // With data, or getting some: whoever is at work removes what is in the way.
        let Ok((change, upload)) = Upload::begin(&seen.image, claim.clone(), now) else {
            return Ok(());
        };
        match self.catalog.commit(&change).await {
            Err(CatalogError::Conflict | CatalogError::NotFound) => return Ok(()),
            result => result?,
        };
        let _at_work = self.at_work.on(claim.id.clone());
        self.keep_lease(&claim).await?;
        self.store.vacate(image).await?;
        self.catalog.commit(&upload.abandon(self.now())?).await?;
        Ok(())
    }

    /// Puts the image back in the queue; gives the error to answer with.
    async fn abandon(&self, upload: Upload, intent: &Intent, error: Error) -> Error {
        let Ok(change) = upload.abandon(self.now()) else {
            return error;
        };
        match self.catalog.commit(&change).await {
            Ok(_) => error,
            Err(CatalogError::Conflict | CatalogError::NotFound) => {
                if let Err(unclean) = self.catalog.end_intent(&intent.id, &self.holder).await {
                    self.warn_unclean(intent, &unclean);
                }
                Error::Gone {
                    image: intent.image,
                }
            }
            Err(unclean) => {
                self.warn_unclean(intent, &unclean);
                error
            }
        }
    }

    fn warn_unclean(&self, intent: &Intent, error: &(dyn std::error::Error + 'static)) {
        tracing::warn!(
            image.id = %intent.image, store = %intent.store, error,
            "a broken upload could not be undone; the scrubber will try again"
        );
    }
}
