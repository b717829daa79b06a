//! The objects of images in a bucket.

use std::sync::Arc;

use chrono::Utc;
use futures::{StreamExt, future};
use glance_core::ports::{BlobList, FoundBlob, Operation, StoreError};
use object_store::ObjectMeta;

use super::bridge::Shared;
use super::error;

/// The objects that are named by the ids of images, a page of the server's at a time; other names
/// are not ours. A bucket that is missing holds nothing.
pub(super) fn list(shared: Arc<Shared>) -> BlobList {
    let objects = shared.objects.list(None);
    BlobList::new(objects.filter_map(move |listed| future::ready(found(&shared, listed))))
}

fn found(
    shared: &Shared,
    listed: object_store::Result<ObjectMeta>,
) -> Option<Result<FoundBlob, StoreError>> {
    let object = match listed {
        Ok(object) => object,
        Err(error) if error::is_missing(&error) => return None,
        Err(error) => return Some(Err(shared.failed(Operation::List, None, error))),
    };
    let image = object.location.as_ref().parse().ok()?;
    let age = Utc::now().signed_duration_since(object.last_modified);
    Some(Ok(FoundBlob {
        url: shared.urls.of(image),
        size: object.size,
        // By the clock of the server, which may be ahead of ours.
        age: Some(age.to_std().unwrap_or_default()),
    }))
}
