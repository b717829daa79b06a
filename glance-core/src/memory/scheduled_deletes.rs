//! Deletes that were delayed, in memory.

use async_trait::async_trait;

use super::MemoryCatalog;
use crate::domain::{BlobUrl, Event, Image, ImageId, Intent, IntentId, Location, Timestamp};
use crate::ports::{CatalogError, Located, OddImage, ScheduledDelete, ScheduledDeletes};

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

    /// An image that is gone keeps its place: what comes meanwhile pushes others back, and none ahead.
    async fn located(&self, after: Option<u64>, limit: u32) -> Result<Vec<Located>, CatalogError> {
        let rows = self.rows();
        let mut located = Vec::new();
        for (at, (id, image)) in (1_u64..).zip(&rows.images) {
            let left = rows.scheduled.get(id).map(|scheduled| &scheduled.left);
            let there = image.as_ref().map(|image| &image.locations);
            if after.is_some_and(|after| at <= after) {
                continue;
            }
            if located.len() as u64 >= u64::from(limit) {
                break;
            }
            let locations = there.or(left).into_iter().flatten();
            located.extend(locations.map(|location| Located {
                at,
                url: location.url.clone(),
            }));
        }
        Ok(located)
    }

    async fn all_images(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Result<Image, OddImage>>, CatalogError> {
        let rows = self.rows();
        let images = rows.images.values().flatten();
        let images = images.filter(|image| after.is_none_or(|after| image.id.as_str() > after));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(images.take(limit).cloned().map(Ok).collect())
    }

    async fn left(&self, image: ImageId) -> Result<Vec<Location>, CatalogError> {
        let rows = self.rows();
        let scheduled = rows.scheduled.get(&image);
        Ok(scheduled.map_or_else(Vec::new, |scheduled| scheduled.left.clone()))
    }

    async fn claim(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        if !rows.scheduled.contains_key(&intent.image) {
            return Err(CatalogError::Conflict);
        }
        rows.claim(intent, now)
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

    async fn restore(
        &self,
        image: ImageId,
        unrelated: &[IntentId],
        now: Timestamp,
    ) -> Result<Image, CatalogError> {
        let mut rows = self.rows();
        let is_claimed = rows
            .deletes(image)
            .any(|(intent, _)| !unrelated.contains(&intent.id));
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
