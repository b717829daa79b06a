//! Tags, one by one.

use super::glance::Glance;
use crate::domain::{Caller, Edit, ImageId, Tag};
use crate::error::Error;

impl Glance {
    /// Puts a tag on an image; it may be there already.
    ///
    /// # Errors
    /// As [`edit`](Self::edit).
    pub async fn add_tag(&self, caller: &Caller, id: ImageId, tag: Tag) -> Result<(), Error> {
        self.edit(caller, id, &[Edit::AddTag(tag)])
            .await
            .map(|_| ())
    }

    /// Takes a tag off an image.
    ///
    /// # Errors
    /// As [`edit`](Self::edit); the image does not carry it.
    pub async fn remove_tag(&self, caller: &Caller, id: ImageId, tag: Tag) -> Result<(), Error> {
        self.edit(caller, id, &[Edit::RemoveTag(tag)])
            .await
            .map(|_| ())
    }
}
