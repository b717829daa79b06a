//! Rows in memory: the meaning of the catalog, in the plainest form.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::metadefs::MetadefRows;
use crate::domain::query::ImageQuery;
use crate::domain::{
    Area, BlobUrl, Change, Claim, Creation, Holder, IMPORT_LOCK, Image, ImageId, ImageQuotas,
    Intent, IntentId, Location, MemberStatus, Membership, ProjectId, Resource, Status, Task,
    TaskId, TaskStep, Timestamp, Usage, Viewer, Work,
};
use crate::ports::{ABANDONED_AT_ONCE, Catalog, CatalogError, SeenImage, UsageLedger};

/// Rows in memory.
#[derive(Debug, Default)]
pub struct MemoryCatalog {
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Every id that was ever used; without an image once it is gone.
    pub(super) images: BTreeMap<ImageId, Option<Image>>,
    pub(super) members: Vec<Membership>,
    pub(super) intents: BTreeMap<String, Intent>,
    /// Bytes that are reserved for a project, by the intent of its upload.
    reserved: BTreeMap<String, (ProjectId, u64)>,
    /// How often intents were taken over.
    take_overs: BTreeMap<String, u64>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    pub(super) metadefs: MetadefRows,
    /// Images whose delete was delayed.
    pub(super) scheduled: BTreeMap<ImageId, Scheduled>,
}

/// A delete that was delayed.
#[derive(Debug)]
pub(super) struct Scheduled {
    /// The image with all it had.
    pub(super) image: Image,
    /// Those of its locations whose data is left.
    pub(super) left: Vec<Location>,
    pub(super) members: Vec<Membership>,
    pub(super) at: Timestamp,
}

impl MemoryCatalog {
    /// All images that are there, in order of their ids.
    pub fn images(&self) -> Vec<Image> {
        self.rows().there().cloned().collect()
    }

    /// All intents that are there.
    pub fn intents(&self) -> Vec<Intent> {
        self.rows().intents.values().cloned().collect()
    }

    pub(super) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn there(&self) -> impl Iterator<Item = &Image> {
        self.images.values().flatten()
    }

    fn image(&self, id: ImageId) -> Option<&Image> {
        self.images.get(&id)?.as_ref()
    }

    fn members_of(&self, id: ImageId) -> Vec<Membership> {
        self.members
            .iter()
            .filter(|member| member.image == id)
            .cloned()
            .collect()
    }

    /// Takes an image away with all it had, which is kept if data of it stays.
    fn delete(&mut self, id: ImageId, as_deleted: &Image) {
        let (members, others) = std::mem::take(&mut self.members)
            .into_iter()
            .partition(|member| member.image == id);
        self.members = others;
        let stored = self.images.insert(id, None).flatten();
        if let (Some(stored), Status::PendingDelete) = (stored, as_deleted.status()) {
            let mut image = as_deleted.clone();
            image.tags = stored.tags;
            image.properties = stored.properties;
            image
                .properties
                .retain(|name, _| name.as_str() != IMPORT_LOCK);
            image.locations = stored.locations;
            let scheduled = Scheduled {
                left: image.locations.clone(),
                image,
                members,
                at: as_deleted.updated_at,
            };
            self.scheduled.insert(id, scheduled);
        }
    }

    /// Notes that the data at a location of an image whose delete was delayed is gone.
    pub(super) fn scrubbed(&mut self, image: ImageId, url: &BlobUrl) {
        if let Some(scheduled) = self.scheduled.get_mut(&image) {
            scheduled.left.retain(|location| location.url != *url);
        }
    }

    /// The intents to remove data of an image, with where it is.
    pub(super) fn deletes(&self, image: ImageId) -> impl Iterator<Item = (&Intent, &BlobUrl)> {
        self.intents
            .values()
            .filter_map(move |intent| match &intent.work {
                Work::Delete(url) if intent.image == image => Some((intent, url)),
                Work::Delete(_)
                | Work::Discard(_)
                | Work::Hash(_)
                | Work::Import(_)
                | Work::Stage
                | Work::Staged(_)
                | Work::Upload
                | Work::Vacate => None,
            })
    }

    /// Records an intent to remove what nobody else removes; what is abandoned gives way.
    pub(super) fn claim(&mut self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError> {
        if self.intents.contains_key(intent.id.as_str()) {
            return Err(CatalogError::Conflict);
        }
        let same = self.deletes(intent.image);
        let (abandoned, held): (Vec<&Intent>, Vec<&Intent>) = same
            .map(|(same, _)| same)
            .filter(|same| same.work == intent.work)
            .partition(|same| same.is_abandoned(&intent.holder, now));
        if !held.is_empty() {
            return Err(CatalogError::Conflict);
        }
        let abandoned: Vec<String> = abandoned.iter().map(|same| same.id.to_string()).collect();
        self.intents.retain(|id, _| !abandoned.contains(id));
        self.intents.insert(intent.id.to_string(), intent.clone());
        Ok(())
    }

    fn end(&mut self, intent: &IntentId, holder: &Holder) {
        self.intents
            .retain(|_, held| held.id != *intent || held.holder != *holder);
    }

    /// What a project has, but for what is reserved for an intent.
    fn usage(&self, project: &ProjectId, without: Option<&IntentId>) -> Usage {
        let images = self.there();
        let mut usage = Usage::of(images.filter(|image| image.owner.as_ref() == Some(project)));
        for (id, (owner, bytes)) in &self.reserved {
            let is_counted = without.is_none_or(|without| without.as_str() != id);
            if let Some(intent) = self.intents.get(id)
                && is_counted
                && owner == project
            {
                usage = usage.with_reserved(Area::of(intent), *bytes);
            }
        }
        usage
    }

    fn keep_reserved(&mut self, intent: &IntentId, claim: &Claim) {
        if claim.byte_limit().is_some() {
            let reserved = (claim.project.clone(), claim.bytes);
            self.reserved.insert(intent.to_string(), reserved);
        }
        let intents = &self.intents;
        self.reserved.retain(|id, _| intents.contains_key(id));
    }

    /// Refuses an image whose id was used, or that is above a quota.
    fn check_new(&self, image: &Image, quotas: ImageQuotas) -> Result<(), CatalogError> {
        if self.images.contains_key(&image.id) {
            return Err(CatalogError::Conflict);
        }
        let owned = || self.there().filter(|held| held.owner == image.owner);
        let queued = owned().filter(|held| held.status() == Status::Queued);
        Resource::Images.check(owned().count() as u64 + 1, quotas.all)?;
        Resource::QueuedImages.check(queued.count() as u64 + 1, quotas.queued)?;
        Ok(())
    }

    fn position(&self, image: ImageId, project: &ProjectId) -> Option<usize> {
        self.members
            .iter()
            .position(|held| held.image == image && held.project == *project)
    }
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn insert(&self, image: &Image, quotas: Option<ImageQuotas>) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        rows.check_new(image, quotas.unwrap_or_default())?;
        rows.images.insert(image.id, Some(image.clone()));
        Ok(())
    }

    async fn create(&self, creation: &Creation) -> Result<(), CatalogError> {
        let Creation {
            image,
            quotas,
            claim,
            intent,
            task,
        } = creation;
        let mut rows = self.rows();
        rows.check_new(image, *quotas)?;
        if let Some(claim) = claim {
            claim.check(&rows.usage(&claim.project, None))?;
        }
        if rows.intents.contains_key(intent.id.as_str()) {
            return Err(CatalogError::Conflict);
        }
        let tasks = rows.tasks_after(&[TaskStep::Recorded(task.clone())])?;

        // From here on, nothing fails.
        rows.tasks.extend(tasks);
        rows.intents.insert(intent.id.to_string(), intent.clone());
        if let Some(claim) = claim {
            rows.keep_reserved(&intent.id, claim);
        }
        rows.images.insert(image.id, Some(image.clone()));
        Ok(())
    }

    async fn find(
        &self,
        id: ImageId,
        project: Option<&ProjectId>,
    ) -> Result<Option<SeenImage>, CatalogError> {
        let rows = self.rows();
        let Some(image) = rows.image(id).cloned() else {
            return Ok(None);
        };
        let membership = project
            .and_then(|project| rows.position(id, project))
            .and_then(|at| rows.members.get(at))
            .map(|member| member.status);
        Ok(Some(SeenImage { image, membership }))
    }

    async fn list(&self, query: &ImageQuery, viewer: &Viewer) -> Result<Vec<Image>, CatalogError> {
        let rows = self.rows();
        let matching = rows
            .there()
            .filter(|image| query.matches(viewer, image, &rows.members_of(image.id)))
            .cloned()
            .collect();
        Ok(query.page_of(matching))
    }

    async fn idle_queued(&self, before: Timestamp, limit: u32) -> Result<Vec<Image>, CatalogError> {
        let rows = self.rows();
        let mut idle: Vec<&Image> = rows
            .there()
            .filter(|image| image.status() == Status::Queued && !image.protected)
            .filter(|image| image.updated_at < before)
            .collect();
        idle.sort_by_key(|image| (image.updated_at, image.id));
        idle.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(idle.into_iter().cloned().collect())
    }

    async fn commit(&self, change: &Change) -> Result<Image, CatalogError> {
        let mut rows = self.rows();
        let id = change.before.id;
        let stored = rows.image(id).ok_or(CatalogError::NotFound)?;
        let image = change.applied_to(stored).ok_or(CatalogError::Conflict)?;
        if let Some(claim) = &change.claim {
            claim.check(&rows.usage(&claim.project, None))?;
        }
        if let Some((ended, holder)) = &change.ended {
            let held = rows.intents.get(ended.as_str());
            if held.is_none_or(|intent| intent.holder != *holder) {
                return Err(CatalogError::Conflict);
            }
        }
        let ended = change.ended.as_ref().map(|(ended, _)| ended);
        let is_there = |intent: &Intent| {
            ended != Some(&intent.id) && rows.intents.contains_key(intent.id.as_str())
        };
        if change.begun.iter().any(is_there) {
            return Err(CatalogError::Conflict);
        }
        let tasks = rows.tasks_after(&change.tasks)?;

        // From here on, nothing fails.
        rows.tasks.extend(tasks);
        if let Some((ended, _)) = &change.ended {
            rows.intents.remove(ended.as_str());
        }
        for intent in &change.begun {
            rows.intents.insert(intent.id.to_string(), intent.clone());
        }
        if let (Some(claim), Some(upload)) = (&change.claim, change.begun_upload()) {
            rows.keep_reserved(&upload.id, claim);
        }
        if change.deletes() {
            rows.delete(id, &image);
        } else {
            rows.images.insert(id, Some(image.clone()));
        }
        Ok(image)
    }

    async fn members(&self, image: ImageId) -> Result<Vec<Membership>, CatalogError> {
        Ok(self.rows().members_of(image))
    }

    async fn put_member(
        &self,
        member: &Membership,
        quota: Option<u64>,
    ) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        if rows.image(member.image).is_none() {
            return Err(CatalogError::NotFound);
        }
        if rows.position(member.image, &member.project).is_some() {
            return Err(CatalogError::Conflict);
        }
        Resource::Members.check(rows.members_of(member.image).len() as u64 + 1, quota)?;
        rows.members.push(member.clone());
        Ok(())
    }

    async fn set_member(
        &self,
        image: ImageId,
        project: &ProjectId,
        status: Option<MemberStatus>,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        let at = rows
            .position(image, project)
            .ok_or(CatalogError::NotFound)?;
        match (status, rows.members.get_mut(at)) {
            (Some(status), Some(member)) => {
                member.status = status;
                member.updated_at = now;
            }
            _ => {
                rows.members.remove(at);
            }
        }
        Ok(())
    }

    async fn find_intent(&self, id: &IntentId) -> Result<Option<Intent>, CatalogError> {
        Ok(self.rows().intents.get(id.as_str()).cloned())
    }

    async fn intents_of(&self, image: ImageId) -> Result<Vec<Intent>, CatalogError> {
        let rows = self.rows();
        let same = rows.intents.values().filter(|held| held.image == image);
        Ok(same.cloned().collect())
    }

    async fn abandoned_intents(
        &self,
        asking: &Holder,
        now: Timestamp,
    ) -> Result<Vec<Intent>, CatalogError> {
        let rows = self.rows();
        let abandoned = rows.intents.values();
        let mut abandoned: Vec<&Intent> = abandoned
            .filter(|intent| intent.is_abandoned(asking, now))
            .collect();
        abandoned.sort_by_key(|intent| (intent.lease_until, intent.id.as_str()));
        let mut of_store = BTreeMap::new();
        abandoned.retain(|intent| {
            let count = of_store.entry(&intent.store).or_insert(0);
            *count += 1;
            *count <= ABANDONED_AT_ONCE
        });
        Ok(abandoned.into_iter().cloned().collect())
    }

    async fn renew_intent(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        let mut rows = self.rows();
        let Some(held) = rows.intents.get_mut(intent.as_str()) else {
            return Ok(false);
        };
        if held.holder != *holder && !held.is_abandoned(holder, now) {
            return Ok(false);
        }
        held.holder = holder.clone();
        held.lease_until = until;
        Ok(true)
    }

    async fn take_over(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<u64>, CatalogError> {
        let mut rows = self.rows();
        let held = rows.intents.get_mut(intent.as_str());
        let Some(held) = held.filter(|held| held.is_abandoned(holder, now)) else {
            return Ok(None);
        };
        held.holder = holder.clone();
        held.lease_until = until;
        let Rows {
            intents,
            take_overs,
            ..
        } = &mut *rows;
        take_overs.retain(|id, _| intents.contains_key(id));
        let times = take_overs.entry(intent.to_string()).or_default();
        *times += 1;
        Ok(Some(*times))
    }

    async fn end_intent(&self, intent: &IntentId, holder: &Holder) -> Result<(), CatalogError> {
        self.rows().end(intent, holder);
        Ok(())
    }

    async fn begin_delete(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        if rows.image(intent.image).is_some() || rows.scheduled.contains_key(&intent.image) {
            return Err(CatalogError::Conflict);
        }
        rows.claim(intent, now)
    }

    async fn open_deletes(&self, image: ImageId) -> Result<Vec<BlobUrl>, CatalogError> {
        let rows = self.rows();
        Ok(rows.deletes(image).map(|(_, url)| url.clone()).collect())
    }

    async fn finish_delete(
        &self,
        intent: &Intent,
        holder: &Holder,
        _: Timestamp,
    ) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        rows.end(&intent.id, holder);
        if let Work::Delete(url) = &intent.work {
            rows.scrubbed(intent.image, url);
        }
        Ok(())
    }
}

#[async_trait]
impl UsageLedger for MemoryCatalog {
    async fn usage(&self, project: &ProjectId) -> Result<Usage, CatalogError> {
        Ok(self.rows().usage(project, None))
    }

    async fn reserve(
        &self,
        intent: &IntentId,
        holder: &Holder,
        claim: &Claim,
    ) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        let held = rows.intents.get(intent.as_str());
        if held.is_none_or(|held| held.holder != *holder) {
            return Err(CatalogError::Conflict);
        }
        claim.check(&rows.usage(&claim.project, Some(intent)))?;
        rows.keep_reserved(intent, claim);
        Ok(())
    }
}
