//! The gate in the services: no data becomes an image's without a verdict (rules R1 and R2).

use std::time::Duration;

use futures::StreamExt;
use futures::future::{Either, select};

use super::glance::Glance;
use super::transfer::Received;
use crate::domain::inspect::{Inspection, Report};
use crate::domain::{BlobUrl, ByteRange, Content, Edit, Image, LocationFault, Status};
use crate::error::Error;
use crate::ports::{BodyError, ImageStore, Operation, StoreError};

impl Glance {
    /// The one gate, for every way in: data with this report may become the image's. Gives the size
    /// of the disk in it, if that is known.
    ///
    /// # Errors
    /// The data is not what the image is said to be, or unsafe.
    pub(super) fn accept(&self, image: &Image, report: &Report) -> Result<Option<u64>, Error> {
        let accepted = image.accept(report, &self.settings().inspection)?;
        for tolerated in &accepted.tolerated {
            tracing::warn!(
                image.id = %image.id, error = tolerated as &dyn std::error::Error,
                "data was accepted that is refused by default"
            );
        }
        Ok(accepted.virtual_size)
    }

    /// The same for data that was read whole.
    pub(super) fn accepted(&self, image: &Image, received: Received) -> Result<Content, Error> {
        if image.status() == Status::Uploading {
            // What staged data has to be may be said later: whoever imports it looks.
            return Ok(received.content);
        }
        // They may have been taken away just before the upload began.
        image.require_formats()?;
        Ok(Content {
            virtual_size: self.accept(image, &received.report)?,
            ..received.content
        })
    }

    /// The same for data at the locations that edits have brought.
    pub(super) fn accept_brought(
        &self,
        before: &Image,
        mut edited: Image,
        edits: &[Edit],
    ) -> Result<Image, Error> {
        let became_active = before.status() == Status::Queued && edited.status() == Status::Active;
        let brought = edits.iter().flat_map(|edit| match edit {
            Edit::Locations(edit) => edit.brought(),
            _ => &[],
        });
        for report in brought.filter_map(|new| new.report.as_ref()) {
            // The image is active before anybody has read the data.
            if edited.signature()?.is_some() {
                return Err(LocationFault::Signed.into());
            }
            let virtual_size = self.accept(&edited, report)?;
            if became_active {
                edited.virtual_size = virtual_size;
            }
        }
        Ok(edited)
    }

    /// Looks at data that somebody else wrote: at as little of it as a verdict takes, for somebody
    /// waits for it.
    ///
    /// # Errors
    /// It cannot be read, or not in time.
    pub(super) async fn look_at(
        &self,
        store: &dyn ImageStore,
        url: &BlobUrl,
        size: u64,
    ) -> Result<Report, StoreError> {
        let look = async {
            match look_in_pieces(store, url, size).await {
                Err(StoreError::Unsupported { .. }) => look_in_order(store, url, size).await,
                report => report,
            }
        };
        let deadline = self.runtime.executor.sleep(PATIENCE);
        match select(std::pin::pin!(look), deadline).await {
            Either::Left((report, _)) => report,
            Either::Right(((), _)) => Err(StoreError::Unavailable {
                store: store.id().clone(),
                operation: Operation::Read,
                source: "the data comes too slowly".into(),
            }),
        }
    }
}

async fn look_in_pieces(
    store: &dyn ImageStore,
    url: &BlobUrl,
    size: u64,
) -> Result<Report, StoreError> {
    let mut inspection = Inspection::new();
    while let Some(wanted) = inspection.wanted(size) {
        inspection.skip(wanted.start - inspection.position());
        let range = ByteRange {
            offset: wanted.start,
            length: PIECE
                .max(wanted.end - wanted.start)
                .min(size - wanted.start),
        };
        let mut body = store.read(url, Some(range)).await?.exactly(range.length);
        while let Some(chunk) = body.next().await {
            inspection.feed(&chunk.map_err(|error| broke_off(store, error))?);
        }
    }
    Ok(finish(inspection, size))
}

/// From a store that reads nothing but whole blobs. What an inspector wants far behind the start
/// has not been seen then, which is unsafe.
async fn look_in_order(
    store: &dyn ImageStore,
    url: &BlobUrl,
    size: u64,
) -> Result<Report, StoreError> {
    let mut inspection = Inspection::new();
    let mut body = store.read(url, None).await?;
    while inspection.wanted(size).is_some() && inspection.position() < FAR {
        let Some(chunk) = body.next().await else {
            break;
        };
        inspection.feed(&chunk.map_err(|error| broke_off(store, error))?);
    }
    Ok(finish(inspection, size))
}

fn finish(mut inspection: Inspection, size: u64) -> Report {
    inspection.skip(size.saturating_sub(inspection.position()));
    inspection.finish()
}

fn broke_off(store: &dyn ImageStore, error: BodyError) -> StoreError {
    StoreError::Unavailable {
        store: store.id().clone(),
        operation: Operation::Read,
        source: error.into(),
    }
}

/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much is read at a time, at least: most formats are told by less.
const PIECE: u64 = 256 << 10;

/// How far a store without ranges is read.
const FAR: u64 = 64 << 20;
