//! Data that is kept aside until an import takes it up.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;

use super::allowance::Allowance;
use super::glance::Glance;
use super::image_data::{Place, UploadOptions};
use super::removal::PATIENCE;
use super::transfer::Limits;
use crate::domain::policy::Action;
use crate::domain::query::TaskKey;
use crate::domain::{
    BlobUrl, Caller, CannotImport, Change, Holder, Image, ImageId, ImportMethod, Intent, IntentId,
    Resource, Status, StoreId, Timestamp, Upload, Work,
};
use crate::error::Error;
use crate::ports::{ByteStream, StoreError};

/// Staged data that this service can read.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) store: StoreId,
    pub(super) url: BlobUrl,
    /// The row that explains it; there is none where a Python node staged it.
    pub(super) row: Option<IntentId>,
}

/// Where the data of an image waits for an import.
#[derive(Debug)]
enum Stage {
    Here(Staged),
    /// With the node that is reached there.
    At(String),
    /// Nothing tells of any.
    Nowhere,
}

impl Glance {
    /// Keeps data of a queued image aside for an import; the image is then `uploading`.
    ///
    /// The work goes on in the background where the future is dropped, and ends as it should.
    ///
    /// # Errors
    /// The service does not import such data; there is no image that the caller may see; the caller
    /// may not; it has data, or staged data of it is being removed; the body breaks off or has
    /// another size; a limit is passed; the staging area is full or fails. The image is then back in
    /// the queue, and nothing of the data stays.
    pub async fn stage(
        &self,
        caller: &Caller,
        id: ImageId,
        body: ByteStream,
        options: UploadOptions,
    ) -> Result<Image, Error> {
        let method = ImportMethod::GlanceDirect;
        let staging = match self.stores.staging() {
            Some(staging) if self.import_methods().contains(&method) => Arc::clone(staging),
            _ => return Err(Error::NotOffered { method }),
        };
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::ModifyImage, &image)?;
        if image.status() == Status::Queued {
            self.forget_stale_stage(image.id).await?;
            self.await_removal(&image, staging.id()).await?;
        }
        let most = self.settings().quotas.image_bytes;
        Resource::ImageBytes.check(options.size.unwrap_or(0), most)?;
        let now = self.now();
        let intent = self.intent(id, staging.id(), Work::Stage, now);
        let host = self.settings().import.self_reference.as_deref();
        let until = self.end_of_stage(now);
        let (change, upload) = Upload::stage(&image, intent.clone(), host, until, now)?;
        let claim = self.claim_for_stage(&image, options.size).await?;
        let limits = Limits {
            expected: options.size,
            most,
            allowance: Allowance::of(self, &intent, claim.clone()),
        };
        let begun = (change.claiming(claim), upload);
        let place = Place {
            store: staging,
            intent,
        };
        let staged = self.write_on_its_own(begun, place, body, limits).await?;
        Ok(self.shown(caller, staged))
    }

    /// Until when staged data waits for an import: as long as an image stays queued.
    fn end_of_stage(&self, now: Timestamp) -> Timestamp {
        match self.settings().queued_lifetime {
            Some(lifetime) => now.after(lifetime),
            None => TaskKey::NEVER,
        }
    }

    /// The staged data of an image, for an import.
    ///
    /// # Errors
    /// There is none, or another node has it.
    pub(super) async fn taken_up(&self, image: &Image) -> Result<Staged, Error> {
        match self.stage_of(image).await? {
            Stage::Here(staged) => Ok(staged),
            Stage::At(host) => Err(CannotImport::StagedElsewhere {
                image: image.id,
                host,
            }
            .into()),
            Stage::Nowhere => Err(CannotImport::NothingStaged { image: image.id }.into()),
        }
    }

    /// Where the other node is reached that has data of the image to clear up when it is deleted.
    pub(super) async fn other_host(&self, image: &Image) -> Result<Option<String>, Error> {
        if let Some(host) = image.hash_host().filter(|host| !self.is_reached_at(host)) {
            return Ok(Some(host.to_owned()));
        }
        Ok(match self.stage_of(image).await? {
            Stage::At(host) => Some(host),
            Stage::Here(_) | Stage::Nowhere => None,
        })
    }

    /// A row tells which staging area has the data, and the image on which node; the two differ
    /// where nodes without a name of their own do not share what they call by the same name.
    async fn stage_of(&self, image: &Image) -> Result<Stage, Error> {
        let host = image.stage_host().filter(|host| !self.is_reached_at(host));
        let host = host.filter(|_| image.status() == Status::Uploading);
        let here = match self.staged(image).await? {
            Some(row) => self.explained(row),
            None if host.is_none() => self.unexplained(image).await?,
            None => None,
        };
        Ok(match (here, host) {
            (Some(staged), None) => Stage::Here(staged),
            (Some(staged), Some(_)) if self.is_there(&staged).await? => Stage::Here(staged),
            (_, Some(host)) => Stage::At(host.to_owned()),
            (None, None) => Stage::Nowhere,
        })
    }

    /// What a row explains, if it is in the staging area of this node.
    fn explained(&self, row: Intent) -> Option<Staged> {
        self.stores.at_work(&row.store)?;
        match row.work {
            Work::Staged(url) => Some(Staged {
                store: row.store,
                url,
                row: Some(row.id),
            }),
            _ => None,
        }
    }

    /// What a Python node has staged here: it writes no row, but the size, once all is there.
    async fn unexplained(&self, image: &Image) -> Result<Option<Staged>, Error> {
        let (Some(staging), Some(size)) = (self.stores.staging(), image.size) else {
            return Ok(None);
        };
        if image.status() != Status::Uploading {
            return Ok(None);
        }
        let mut blobs = staging.list().await?;
        while let Some(blob) = blobs.try_next().await? {
            if blob.url.image() == Some(image.id) && blob.size == size {
                return Ok(Some(Staged {
                    store: staging.id().clone(),
                    url: blob.url,
                    row: None,
                }));
            }
        }
        Ok(None)
    }

    async fn is_there(&self, staged: &Staged) -> Result<bool, Error> {
        let Some(staging) = self.stores.at_work(&staged.store) else {
            return Ok(false);
        };
        match staging.size(&staged.url).await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether other nodes reach this one there.
    fn is_reached_at(&self, host: &str) -> bool {
        let own = self.settings().import.self_reference.as_deref();
        own.is_some_and(|own| own.trim_end_matches('/') == host.trim_end_matches('/'))
    }

    /// What explains the data of an image that lies in the staging area, if some does.
    async fn staged(&self, image: &Image) -> Result<Option<Intent>, Error> {
        if image.status() != Status::Uploading {
            return Ok(None);
        }
        let id = Intent::id_of_staged(image.id);
        Ok(self.catalog.find_intent(&id).await?)
    }

    /// What was staged for an image that is queued again was imported, in vain, by a Python node,
    /// which knows nothing of the row.
    async fn forget_stale_stage(&self, image: ImageId) -> Result<(), Error> {
        let id = Intent::id_of_staged(image);
        if let Some(stale) = self.catalog.find_intent(&id).await? {
            self.catalog.end_intent(&id, &stale.holder).await?;
        }
        Ok(())
    }

    /// Lets staged data of a queued image go first: whoever removes it would take what is staged now.
    /// An import that failed tells so just before its data goes.
    ///
    /// # Errors
    /// It does not go: that is tried again later.
    async fn await_removal(&self, image: &Image, staging: &StoreId) -> Result<(), Error> {
        let until = self.now().after(PATIENCE);
        loop {
            match self.check_going_from(image, staging).await {
                Err(Error::DataGoing { .. }) if self.now() < until => {
                    self.runtime.executor.sleep(LOOKS_AGAIN).await;
                }
                checked => return checked,
            }
        }
    }

    /// The same change, which has the staged data of its image removed, where there is such data.
    pub(super) async fn leaving_stage(&self, change: Change) -> Result<Change, Error> {
        let image = &change.before;
        let staged = match self.staged(image).await? {
            // Also of another node's staging area: that node finds the intent.
            Some(row) => match row.work {
                Work::Staged(url) => Some((row.store, url, Some(row.id))),
                _ => None,
            },
            None => {
                let found = self.unexplained(image).await?;
                found.map(|staged| (staged.store, staged.url, staged.row))
            }
        };
        let Some((store, url, row)) = staged else {
            return Ok(change);
        };
        let removal = self.intent(image.id, &store, Work::Delete(url), self.now());
        let change = change.beginning([removal]);
        Ok(match row {
            Some(row) => change.ending(row, Holder::nobody()),
            None => change,
        })
    }
}

/// When it is looked again whether staged data is gone.
const LOOKS_AGAIN: Duration = Duration::from_millis(100);
