//! Data being written, to a store or to the staging area; it ends once.

use thiserror::Error;

use super::change::Change;
use super::content::Content;
use super::id::IntentId;
use super::image::Image;
use super::lease::{Holder, Intent, Work};
use super::location::Location;
use super::property::{PropertyName, PropertyValue};
use super::status::{Event, IllegalTransition};
use super::time::Timestamp;

/// An image whose data is being written. It ends once: completed or abandoned.
///
/// ```compile_fail,E0382
/// # use glance_core::domain::{Timestamp, Upload};
/// fn twice(upload: Upload, now: Timestamp) {
///     let _ = upload.abandon(now);
///     let _ = upload.abandon(now);
/// }
/// ```
#[derive(Debug)]
#[must_use = "an upload that is not ended leaves its image in `saving`"]
pub struct Upload {
    image: Image,
    intent: IntentId,
    holder: Holder,
    /// Of data that is staged: the intent and until when it waits.
    staging: Option<(Intent, Timestamp)>,
}

impl Upload {
    /// Begins: the change that moves the image to `saving` and records the intent, and the upload
    /// that it makes possible.
    ///
    /// # Errors
    /// The image has data or is getting some, or lacks a format.
    pub fn begin(
        image: &Image,
        intent: Intent,
        now: Timestamp,
    ) -> Result<(Change, Self), CannotUpload> {
        let begun = Self::occupy(image, intent, now)?;
        image.require_formats()?;
        Ok(begun)
    }

    /// Begins as [`begin`](Self::begin) does, for a while in which no data comes: so that nobody
    /// writes any for the image.
    pub(crate) fn occupy(
        image: &Image,
        intent: Intent,
        now: Timestamp,
    ) -> Result<(Change, Self), IllegalTransition> {
        let saving = image.after(Event::UploadStarted, now)?;
        let upload = Self {
            image: saving.clone(),
            intent: intent.id.clone(),
            holder: intent.holder.clone(),
            staging: None,
        };
        Ok((
            Change::of_status(image.clone(), saving).beginning([intent]),
            upload,
        ))
    }

    /// Begins to stage data, which then waits for an import until `until`: as
    /// [`begin`](Self::begin), with `uploading` for `saving`. Other nodes ask `host` for the data.
    /// Until all of it is there, the image has no size: that tells staged data from what is coming.
    ///
    /// # Errors
    /// The image has data or is getting some.
    pub fn stage(
        image: &Image,
        intent: Intent,
        host: Option<&str>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(Change, Self), IllegalTransition> {
        let mut uploading = image.after(Event::StagingStarted, now)?;
        uploading.size = None;
        if let Some(host) = host {
            let host = PropertyValue::stored(Some(host.to_owned()));
            uploading
                .properties
                .insert(PropertyName::stage_host(), host);
        }
        let upload = Self {
            image: uploading.clone(),
            intent: intent.id.clone(),
            holder: intent.holder.clone(),
            staging: Some((intent.clone(), until)),
        };
        Ok((
            Change::of_status(image.clone(), uploading).beginning([intent]),
            upload,
        ))
    }

    /// Takes up an upload whose process is gone, to abandon it; `holder` holds its intent now.
    pub fn taken_over(image: Image, intent: &Intent, holder: Holder) -> Self {
        Self {
            image,
            intent: intent.id.clone(),
            holder,
            staging: None,
        }
    }

    /// The same upload of the image as it was stored: edits may have come between what was read and
    /// the first commit. From then on, its formats stay.
    pub fn of(self, stored: Image) -> Self {
        Self {
            image: stored,
            ..self
        }
    }

    /// The image whose data is written.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Ends with the data in place: `saving` to `active`. What was staged is nobody's work from now
    /// on, and of it no more is known than its size.
    ///
    /// # Errors
    /// Never for an image that [`begin`](Self::begin) put in `saving`, or
    /// [`stage`](Self::stage) in `uploading`.
    pub fn complete(
        self,
        content: Content,
        location: Location,
        now: Timestamp,
    ) -> Result<Change, IllegalTransition> {
        if let Some((intent, until)) = self.staging {
            let mut staged = self.image.clone();
            staged.size = Some(content.size);
            staged.touch(now);
            let waiting = Intent {
                id: Intent::id_of_staged(staged.id),
                work: Work::Staged(location.url),
                holder: Holder::nobody(),
                lease_until: until,
                ..intent
            };
            let change = Change::of_status(self.image, staged).beginning([waiting]);
            return Ok(change.ending(self.intent, self.holder));
        }
        let active = self
            .image
            .after(Event::DataStored, now)?
            .with_content(content, location);
        Ok(Change::of_status(self.image, active).ending(self.intent, self.holder))
    }

    /// Ends without data: back to `queued`.
    ///
    /// # Errors
    /// The image is not in `saving`, as can be where an upload was taken over.
    pub fn abandon(self, now: Timestamp) -> Result<Change, IllegalTransition> {
        let queued = self.image.after(Event::DataFailed, now)?;
        Ok(Change::of_status(self.image, queued).ending(self.intent, self.holder))
    }
}

impl Image {
    /// Refuses data for an image of which nobody said what its data is.
    pub(crate) fn require_formats(&self) -> Result<(), CannotUpload> {
        for (attribute, missing) in [
            ("disk_format", self.disk_format.is_none()),
            ("container_format", self.container_format.is_none()),
        ] {
            if missing {
                return Err(CannotUpload::FormatMissing { attribute });
            }
        }
        Ok(())
    }
}

/// Why an image cannot be given data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CannotUpload {
    /// A format has to be known first.
    #[error("property {attribute} must be set prior to saving data")]
    FormatMissing {
        /// Which one.
        attribute: &'static str,
    },
    /// It has data, or is getting some.
    #[error(transparent)]
    Status(#[from] IllegalTransition),
}
