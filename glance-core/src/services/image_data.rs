//! Upload and download.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;

use super::allowance::Allowance;
use super::glance::Glance;
use super::stores::ConfiguredStore;
use super::transfer::{Limits, transfer};
use crate::domain::policy::Action;
use crate::domain::{
    ByteRange, Caller, Change, Content, Image, ImageId, Intent, Location, RangeRequest, Resource,
    Status, StoreId, Upload, Work,
};
use crate::error::Error;
use crate::ports::{
    BlobKey, BlobWriter, ByteStream, CatalogError, ImageStore, Operation, StoreError,
};

/// What is said of data that is to come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadOptions {
    /// Bytes to come, if that is known: more or fewer are then refused.
    pub size: Option<u64>,
    /// The store for it, where there are several.
    pub store: Option<StoreId>,
}

/// What is asked for of the data of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DownloadOptions {
    /// A part of it.
    pub range: Option<RangeRequest>,
    /// Stores to read it from, if it is there, before all others; the best first.
    pub prefer: Vec<StoreId>,
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
    /// There is none that the caller may see; the caller may not; it has data, or data of it is being
    /// removed; a format is missing; the store is none of this service or takes no data; the body breaks off or has
    /// another size; the data is not what the image is said to be, unsafe, or not signed as is said; a limit is
    /// passed; the store is full or fails. The image is then back in the queue, and nothing of the data stays.
    pub async fn upload(
        &self,
        caller: &Caller,
        id: ImageId,
        body: ByteStream,
        options: UploadOptions,
    ) -> Result<Image, Error> {
        let store = Arc::clone(self.stores.chosen(options.store.as_ref())?);
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::UploadImage, &image)?;
        Resource::ImageBytes.check(
            options.size.unwrap_or(0),
            self.settings().quotas.image_bytes,
        )?;
        if !store.capabilities().write {
            return Err(StoreError::Unsupported {
                store: store.id().clone(),
                operation: Operation::Write,
            }
            .into());
        }
        self.check_going_from(&image, store.id()).await?;
        let claim = self.claim_for_upload(&image, options.size).await?;
        let now = self.now();
        let intent = self.intent(id, store.id(), Work::Upload, now);
        let (change, upload) = Upload::begin(&image, intent.clone(), now)?;
        let limits = Limits {
            expected: options.size,
            most: self.settings().quotas.image_bytes,
            allowance: Allowance::of(self, &intent, claim.clone()),
        };
        let begun = (change.claiming(claim), upload);
        let place = Place { store, intent };
        let uploaded = self.write_on_its_own(begun, place, body, limits).await?;
        Ok(self.shown(caller, uploaded))
    }

    /// Reads the data of an image, or a range of it. `None` where it has none.
    ///
    /// Where one store fails before the first byte, the next that holds the data is asked.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; it is deactivated; the range
    /// holds no byte; a preferred store is none of this service; every store that holds the data
    /// fails.
    pub async fn download(
        &self,
        caller: &Caller,
        id: ImageId,
        options: DownloadOptions,
    ) -> Result<Option<Download>, Error> {
        for preferred in &options.prefer {
            self.stores.chosen(Some(preferred))?;
        }
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::DownloadImage, &image)?;
        if !options.prefer.is_empty() {
            self.permit(caller, Action::DownloadFromStore, &image)?;
        }
        match image.status() {
            Status::Deactivated if !self.is_admin(caller) => {
                return Err(Error::Deactivated { image: id });
            }
            Status::Active | Status::Deactivated => {}
            // Rule R7: whatever a row of another status says, there is no data to be served.
            _ => return Ok(None),
        }
        let mut trouble = None;
        for (holder, location) in self.places(&image, &options.prefer) {
            let Some(holder) = holder else {
                tracing::warn!(
                    image.id = %id, %location.url,
                    "the image has a location in no configured store"
                );
                continue;
            };
            let error = match open(holder.store.as_ref(), &image, location, options.range).await {
                Ok((size, range, body)) => {
                    return Ok(Some(Download {
                        image: self.shown(caller, image),
                        size,
                        range,
                        body,
                    }));
                }
                Err(Error::Store(error)) => error,
                Err(error) => return Err(error),
            };
            tracing::error!(
                image.id = %id, store = %holder.id(), error = &error as &dyn std::error::Error,
                "the data of an image cannot be read from its store"
            );
            if !matches!(error, StoreError::NotFound { .. }) {
                trouble = trouble.or(Some(error));
            }
        }
        trouble.map_or(Ok(None), |error| Err(error.into()))
    }

    /// Where to look for the data, in order: preferred stores, then the heaviest.
    fn places<'a>(
        &'a self,
        image: &'a Image,
        prefer: &[StoreId],
    ) -> Vec<(Option<&'a ConfiguredStore>, &'a Location)> {
        let mut places = self.stores.holding(image);
        places.sort_by_key(|(holder, _)| {
            let rank = holder.and_then(|holder| prefer.iter().position(|id| id == holder.id()));
            rank.unwrap_or(prefer.len())
        });
        places
    }

    /// Begins an upload and writes its data, in a task of its own from the first commit on: whoever
    /// asks may go away at any moment.
    pub(super) async fn write_on_its_own(
        &self,
        (change, upload): (Change, Upload),
        place: Place,
        body: ByteStream,
        limits: Limits,
    ) -> Result<Image, Error> {
        let (sender, receiver) = oneshot::channel();
        let glance = self.clone();
        let at_work = self.at_work.on(place.intent.id.clone());
        let work = async move {
            let _at_work = at_work;
            let result = match glance.catalog.commit(&change).await {
                Ok(stored) => {
                    let upload = upload.of(stored);
                    glance.write_data(upload, place, body, limits).await
                }
                // Another upload was first, or a delete.
                Err(CatalogError::Conflict | CatalogError::NotFound) => Err(Error::Contended {
                    image: place.intent.image,
                }),
                Err(error) => Err(error.into()),
            };
            // Nobody may wait for it any more.
            let _ = sender.send(result);
        };
        self.runtime.executor.spawn(work.boxed());
        receiver.await.unwrap_or(Err(Error::Stopping))
    }

    /// Writes the data and ends the upload, one way or the other.
    async fn write_data(
        &self,
        upload: Upload,
        place: Place,
        body: ByteStream,
        limits: Limits,
    ) -> Result<Image, Error> {
        let key = BlobKey {
            size: limits.expected,
            ..BlobKey::of(&place.intent)
        };
        let written = self.write_blob(upload.image(), &place, &key, body, limits);
        let error = match written.await {
            Ok((content, writer)) => match self.commit_blob(&place, writer).await {
                Ok(location) => return self.complete(upload, &place, content, location).await,
                Err(error @ StoreError::Unavailable { .. }) => {
                    self.leave_in_doubt(&place).await;
                    return Err(error.into());
                }
                Err(error) => error.into(),
            },
            Err(error) => error,
        };
        if let Err(unclean) = self.remove_leftovers(&place, &key).await {
            // The intent stays, and with it the image in `saving`: the scrubber ends both.
            warn_unclean(&place.intent, &unclean);
            return Err(error);
        }
        Err(self.abandon(upload, &place.intent, error).await)
    }

    /// Writes the data, and does not commit it: nor does anybody where it is not accepted.
    async fn write_blob(
        &self,
        image: &Image,
        Place { store, intent }: &Place,
        key: &BlobKey,
        body: ByteStream,
        limits: Limits,
    ) -> Result<(Content, Box<dyn BlobWriter>), Error> {
        let signed = self.signed(image, intent).await?;
        let mut writer = store.start(key).await?;
        let (algorithm, executor) = (self.settings().hash, &self.runtime.executor);
        let work = transfer(executor, body, writer.as_mut(), algorithm, limits, signed);
        let written = self.while_alive(intent, work).await;
        let accepted = written.and_then(|received| self.accepted(image, received));
        let kept = match accepted {
            Ok(content) => self.keep_lease(intent).await.map(|()| content),
            error => error,
        };
        match kept {
            Ok(content) => Ok((content, writer)),
            Err(error) => {
                if let Err(unclean) = writer.abort().await {
                    warn_unclean(intent, &unclean);
                }
                Err(error)
            }
        }
    }

    /// Commits what was written, and meanwhile shows signs of life: it may take longer than a lease.
    /// Nothing stops it, not even a lost lease, because its outcome would then be in doubt.
    async fn commit_blob(
        &self,
        Place { store, intent }: &Place,
        writer: Box<dyn BlobWriter>,
    ) -> Result<Location, StoreError> {
        let sign = || self.keep_lease(intent);
        let location = self.beside_signs(sign, writer.commit()).await?;
        Ok(self.stores.labelled(location, store.id()))
    }

    /// After a commit that may still take effect: what is on its way gets a whole lease to land,
    /// and then the scrubber takes the upload for broken. Until then the image stays `saving`.
    async fn leave_in_doubt(&self, place: &Place) {
        if self.keep_lease(&place.intent).await.is_err() {
            // Whoever took the work over may remove what is there before it lands.
            self.remove_stray_later(place, self.settings().lease);
        }
    }

    /// Removes what the upload left. While it is this process's to finish, whatever stands where
    /// the blob goes is nobody's data: the image has no location.
    async fn remove_leftovers(&self, place: &Place, key: &BlobKey) -> Result<(), Error> {
        match self.keep_lease(&place.intent).await {
            Ok(()) => self.clear(place, key).await,
            // Whoever took the work over removes what is there by then.
            Err(Error::Gone { .. }) => {
                self.remove_stray_later(place, Duration::ZERO);
                Ok(())
            }
            Err(error) => {
                self.remove_stray_later(place, Duration::ZERO);
                Err(error)
            }
        }
    }

    /// Removes what an upload left in the store, right after its lease was made sure of.
    pub(super) async fn clear(
        &self,
        Place { store, intent }: &Place,
        key: &BlobKey,
    ) -> Result<(), Error> {
        store.discard(key).await?;
        self.keep_lease(intent).await?;
        Ok(store.vacate(intent.image).await?)
    }

    /// Makes sure that the upload is still this process's to finish, and for a while.
    pub(super) async fn keep_lease(&self, intent: &Intent) -> Result<(), Error> {
        self.renew(intent, |now| now).await
    }

    /// Runs work, and meanwhile shows signs of life. A delete stops the work.
    pub(super) async fn while_alive<T>(
        &self,
        intent: &Intent,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let sign = || async {
            let held = self.keep_lease(intent).await;
            match self.catalog.find(intent.image, None).await {
                Ok(None) => Err(Error::Gone {
                    image: intent.image,
                }),
                _ => held,
            }
        };
        self.while_signs_pass(sign, work).await
    }

    async fn complete(
        &self,
        upload: Upload,
        place: &Place,
        content: Content,
        location: Location,
    ) -> Result<Image, Error> {
        let intent = &place.intent;
        let change = upload.complete(content, location, self.now())?;
        match self.catalog.commit(&change).await {
            Ok(image) => Ok(image),
            Err(CatalogError::Conflict | CatalogError::NotFound) => {
                match self.keep_lease(intent).await {
                    Err(_) => self.remove_stray_later(place, Duration::ZERO),
                    // Deleted meanwhile, or taken over by somebody who is gone again.
                    Ok(()) => {
                        if let Err(unclean) = self.undo_upload(place).await {
                            warn_unclean(intent, &unclean);
                        }
                    }
                }
                Err(Error::Gone {
                    image: intent.image,
                })
            }
            // Whether it was made is not known: the intent, if it is still there, says it was not.
            Err(error) => Err(error.into()),
        }
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
                    warn_unclean(intent, &unclean);
                }
                Error::Gone {
                    image: intent.image,
                }
            }
            Err(unclean) => {
                warn_unclean(intent, &unclean);
                error
            }
        }
    }
}

/// Where data is being written, and the row that says so.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) store: Arc<dyn ImageStore>,
    pub(super) intent: Intent,
}

async fn open(
    store: &dyn ImageStore,
    image: &Image,
    location: &Location,
    range: Option<RangeRequest>,
) -> Result<(u64, ByteRange, ByteStream), Error> {
    let size = match image.size {
        Some(size) => size,
        None => store.size(&location.url).await?,
    };
    let whole = ByteRange {
        offset: 0,
        length: size,
    };
    let Some(range) = range else {
        let body = store.read(&location.url, None).await?;
        return Ok((size, whole, body.exactly(size)));
    };
    let range = range.resolve(size)?;
    if !store.capabilities().ranges {
        let store = store.id().clone();
        let operation = Operation::ReadRange;
        return Err(StoreError::Unsupported { store, operation }.into());
    }
    let body = store.read(&location.url, Some(range)).await?;
    Ok((size, range, body.exactly(range.length)))
}

pub(super) fn warn_unclean(intent: &Intent, error: &(dyn std::error::Error + 'static)) {
    tracing::warn!(
        image.id = %intent.image, store = %intent.store, error,
        "a broken upload could not be undone; the scrubber will try again"
    );
}
