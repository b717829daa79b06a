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
                locations: scheduled.left.clone(),
            });
        Ok(due
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .collect())
    }

    async fn claim(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        if !rows.scheduled.contains_key(&intent.image) {
            return Err(CatalogError::Conflict);
        }
        if rows.intents.contains_key(intent.id.as_str()) {
            return Err(CatalogError::Conflict);
        }
        let same = rows.deletes(intent.image);
        let (abandoned, held): (Vec<&Intent>, Vec<&Intent>) = same
            .map(|(same, _)| same)
            .filter(|same| same.work == intent.work)
            .partition(|same| same.is_abandoned(&intent.holder, now));
        if !held.is_empty() {
            return Err(CatalogError::Conflict);
        }
        let abandoned: Vec<String> = abandoned.iter().map(|same| same.id.to_string()).collect();
        rows.intents.retain(|id, _| !abandoned.contains(id));
        rows.intents.insert(intent.id.to_string(), intent.clone());
        Ok(())
    }

    async fn scrubbed(
        &self,
        image: ImageId,
        url: &BlobUrl,
        _: Timestamp,
    ) -> Result<(), CatalogError> {
        self.rows().scrubbed(image, url);
        Ok(())
    }

    async fn finish(&self, image: ImageId, _: Timestamp) -> Result<bool, CatalogError> {
        let mut rows = self.rows();
        let is_empty = rows
            .scheduled
            .get(&image)
            .is_some_and(|scheduled| scheduled.left.is_empty());
        if is_empty {
            rows.scheduled.remove(&image);
        }
        Ok(is_empty)
    }

    async fn restore(&self, image: ImageId, now: Timestamp) -> Result<Image, CatalogError> {
        let mut rows = self.rows();
        let is_claimed = rows.deletes(image).next().is_some();
        let scheduled = rows.scheduled.get(&image).ok_or(CatalogError::NotFound)?;
        let is_whole = scheduled.left == scheduled.image.locations;
        if is_claimed || !is_whole || scheduled.left.is_empty() {
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
