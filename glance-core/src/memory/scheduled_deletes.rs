//! Deletes that were delayed, in memory.

use async_trait::async_trait;

use super::MemoryCatalog;
use crate::domain::{BlobUrl, Event, Image, ImageId, Intent, Timestamp};
use crate::ports::{CatalogError, ScheduledDelete, ScheduledDeletes};

#[async_trait]
impl ScheduledDeletes for MemoryCatalog {
    async fn due(
        &self,
        before: Timestamp,
        after: Option<ImageId>,
        limit: u32,
    ) -> Result<Vec<ScheduledDelete>, CatalogError> {
        let rows = self.rows();
        let due = rows
            .scheduled
            .iter()
            .filter(|(id, scheduled)| {
                scheduled.at <= before && after.is_none_or(|after| **id > after)
            })
            .map(|(id, scheduled)| ScheduledDelete {
                image: *id,
                locations: scheduled.image.locations.clone(),
            });
        Ok(due
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .collect())
    }

    async fn claim(&self, image: ImageId, intents: &[Intent]) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        if !rows.scheduled.contains_key(&image) {
            return Err(CatalogError::Conflict);
        }
        let intents = intents.iter().cloned();
        rows.intents
            .extend(intents.map(|intent| (intent.id.to_string(), intent)));
        Ok(())
    }

    async fn scrubbed(
        &self,
        image: ImageId,
        url: &BlobUrl,
        _: Timestamp,
    ) -> Result<(), CatalogError> {
        if let Some(scheduled) = self.rows().scheduled.get_mut(&image) {
            let locations = &mut scheduled.image.locations;
            locations.retain(|location| location.url != *url);
        }
        Ok(())
    }

    async fn finish(&self, image: ImageId, _: Timestamp) -> Result<bool, CatalogError> {
        let mut rows = self.rows();
        let is_empty = rows
            .scheduled
            .get(&image)
            .is_some_and(|scheduled| scheduled.image.locations.is_empty());
        if is_empty {
            rows.scheduled.remove(&image);
        }
        Ok(is_empty)
    }

    async fn restore(&self, image: ImageId, now: Timestamp) -> Result<Image, CatalogError> {
        let mut rows = self.rows();
        let claimed = rows.intents.values().any(|intent| intent.image == image);
        let scheduled = rows.scheduled.get(&image).ok_or(CatalogError::NotFound)?;
        if claimed || scheduled.image.locations.is_empty() {
            return Err(CatalogError::Conflict);
        }
        let restored = scheduled
            .image
            .after(Event::Restored, now)
            .map_err(|_| CatalogError::Conflict)?;
        if let Some(scheduled) = rows.scheduled.remove(&image) {
            rows.members.extend(scheduled.members);
        }
        rows.images.insert(image, Some(restored.clone()));
        Ok(restored)
    }
}
